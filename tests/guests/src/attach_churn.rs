//! A busy process that a tracer attaches to and leaves again, many times.
//!
//! `attach_churn THREADS [PAUSE_US]`: threads count and call getppid until stdin ends. For each byte
//! read the guest checks that every thread still counts. The process id is in the file `pid`.

use crate::posix::{LONG, all_move, check, getppid, nap, pid, read, say, shared};
use crate::words::Words;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

static OVER: AtomicBool = AtomicBool::new(false);

pub fn run(words: &Words) -> i32 {
    let (threads, pause) = (words.number(0, 8), words.number(1, 1000) as u64);
    let steps = shared(threads);
    let workers: Vec<_> = steps.iter().map(|step| std::thread::spawn(move || count(step, pause))).collect();
    check(all_move(steps, LONG), "all threads must start to count");
    std::fs::write("pid", pid().to_string()).expect("the file pid");
    say!("{threads} threads count");
    let mut asked = [0];
    while read(0, &mut asked) == 1 {
        check(all_move(steps, LONG), "every thread must still count");
        say!("all still count");
    }
    OVER.store(true, Ordering::Relaxed);
    let ended = workers.into_iter().filter_map(|worker| worker.join().ok()).count();
    say!("{ended} threads ended");
    0
}

fn count(step: &AtomicU64, pause: u64) {
    while !OVER.load(Ordering::Relaxed) {
        getppid();
        step.fetch_add(1, Ordering::Relaxed);
        nap(pause);
    }
}
