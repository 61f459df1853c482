//! Tasks whose tracer is killed: they must go on as if nothing had been there.
//!
//! `orphaned_by_tracer TASKS`: children of two busy threads each until stdin ends; then the parent
//! looks whether all of them still count, and tells them to end.

use crate::posix::{Ending, LONG, all_move, check, fork, getppid, nap, pid, read, say, shared, wait};
use crate::words::Words;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn run(words: &Words) -> i32 {
    let tasks = words.number(0, 4);
    let steps = shared(2 * tasks + 1);
    let (over, steps) = steps.split_last().expect("at least one counter");
    let children: Vec<_> = steps.chunks(2).map(|pair| fork(|| child(pair, over))).collect();
    check(all_move(steps, LONG), "all must start to count");
    std::fs::write("pid", pid().to_string()).expect("the file pid");
    say!("{} tasks count", steps.len());
    while read(0, &mut [0]) == 1 {}
    check(all_move(steps, LONG), "all must still count");
    over.store(1, Ordering::Relaxed);
    let well = children.iter().filter(|child| wait(**child) == Ending::Exited(0)).count();
    say!("{well} children counted to the end");
    0
}

fn child(steps: &'static [AtomicU64], over: &'static AtomicU64) -> i32 {
    let count = move |step: &AtomicU64| {
        while over.load(Ordering::Relaxed) == 0 {
            getppid();
            step.fetch_add(1, Ordering::Relaxed);
            nap(500);
        }
    };
    let other = std::thread::spawn(move || count(&steps[1]));
    count(&steps[0]);
    other.join().map_or(1, |()| 0)
}
