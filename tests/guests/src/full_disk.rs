//! A plain writer whose own work must go on when the tracer's output has no room left.
//!
//! `full_disk CALLS [wait]`: with `wait` it starts once stdin gives a byte or ends. Makes CALLS
//! getppid, prints ten lines, ends with 3.

use crate::posix::{getppid, pid, read, say};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let calls = words.number(0, 2000);
    if words.text(1) == "wait" {
        std::fs::write("pid", pid().to_string()).expect("the file pid");
        read(0, &mut [0]);
    }
    for tenth in 1..=10 {
        (0..calls / 10).for_each(|_| {
            getppid();
        });
        say!("{} calls made", calls / 10 * tenth);
    }
    3
}
