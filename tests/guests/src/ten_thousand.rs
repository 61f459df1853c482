//! Very many tasks alive at once.
//!
//! `ten_thousand THREADS`: each makes three getppid and then sleeps in one read until all are there.

use crate::posix::{LONG, check, close, getppid, pipe, read, say, until};
use crate::words::Words;
use std::sync::atomic::{AtomicUsize, Ordering};

static ALIVE: AtomicUsize = AtomicUsize::new(0);

pub fn run(words: &Words) -> i32 {
    let count = words.number(0, 1000);
    let (reader, writer) = pipe();
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let small = std::thread::Builder::new().stack_size(32 * 1024);
            small.spawn(move || live(reader)).unwrap_or_else(|_| crate::posix::fail("a thread"))
        })
        .collect();
    check(until(10 * LONG, || ALIVE.load(Ordering::SeqCst) == count), "all must be alive together");
    say!("{count} alive");
    close(writer);
    let ended = threads.into_iter().filter_map(|thread| thread.join().ok()).count();
    say!("{ended} ended");
    0
}

fn live(reader: i32) {
    for _ in 0..3 {
        getppid();
    }
    ALIVE.fetch_add(1, Ordering::SeqCst);
    check(read(reader, &mut [0]) == 0, "the pipe must end");
}
