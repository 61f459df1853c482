//! The first thread ends and the others go on: the process is a zombie with living threads.
//!
//! `leader_leaves [MILLIS]`: three workers make 50 getppid each, the last one ends the process with 7.

use crate::posix::{LONG, check, getppid, nap, pid, say, state, until};
use crate::words::Words;
use std::sync::atomic::{AtomicUsize, Ordering};

static DONE: AtomicUsize = AtomicUsize::new(0);

pub fn run(words: &Words) -> i32 {
    let pause = words.number(0, 100) as u64 * 1000 / 50;
    for _ in 0..3 {
        std::thread::spawn(move || work(pause));
    }
    // The leader alone: exit_group would end them all.
    unsafe { libc::syscall(libc::SYS_exit, 3) };
    1
}

fn work(pause: u64) {
    check(until(LONG, || state(pid()) == Some('Z')), "the leader must have become a zombie");
    for _ in 0..50 {
        getppid();
        nap(pause);
    }
    if DONE.fetch_add(1, Ordering::SeqCst) == 2 {
        say!("3 workers outlived their leader");
        unsafe { libc::exit(7) };
    }
}
