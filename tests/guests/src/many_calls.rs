//! A known number of calls from several threads of several processes.
//!
//! `many_calls PROCESSES THREADS CALLS`: PROCESSES x THREADS x CALLS getppid, by nobody but the threads.

use crate::posix::{Ending, check, fork, getppid, say, wait};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let (processes, threads, calls) = (words.number(0, 3), words.number(1, 8), words.number(2, 1000));
    let children: Vec<_> = (0..processes).map(|_| fork(|| child(threads, calls))).collect();
    let well = children.iter().filter(|child| wait(**child) == Ending::Exited(0)).count();
    check(well == processes, "every process must end well");
    say!("{} calls", processes * threads * calls);
    0
}

fn child(threads: usize, calls: usize) -> i32 {
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            std::thread::spawn(move || {
                (0..calls).for_each(|_| {
                    getppid();
                })
            })
        })
        .collect();
    i32::from(threads.into_iter().any(|thread| thread.join().is_err()))
}
