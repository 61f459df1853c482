//! Very many threads in calls, and one of them ends the process.
//!
//! `all_leave_at_once THREADS ROUNDS`: ROUNDS processes of THREADS + 1 tasks, each ended with 9.

use crate::posix::{Ending, LONG, check, fork, getppid, pipe, read, say, until, wait};
use crate::words::Words;
use std::sync::atomic::{AtomicUsize, Ordering};

static ALIVE: AtomicUsize = AtomicUsize::new(0);

pub fn run(words: &Words) -> i32 {
    let (threads, rounds) = (words.number(0, 50), words.number(1, 5));
    for _ in 0..rounds {
        let ending = wait(fork(|| crowd(threads)));
        check(ending == Ending::Exited(9), "the process must end with the code of the one that ended it");
    }
    say!("{rounds} times {threads} threads left at once with 9");
    0
}

fn crowd(threads: usize) -> i32 {
    let (reader, _writer) = pipe();
    for index in 0..threads {
        std::thread::spawn(move || {
            ALIVE.fetch_add(1, Ordering::SeqCst);
            if index == threads - 1 {
                check(until(LONG, || ALIVE.load(Ordering::SeqCst) == threads), "all must be there");
                unsafe { libc::syscall(libc::SYS_exit_group, 9) };
            }
            if index % 2 == 0 {
                read(reader, &mut [0]);
            }
            loop {
                getppid();
                std::thread::yield_now();
            }
        });
    }
    loop {
        unsafe { libc::pause() };
    }
}
