//! Calls until it is killed, for recordings that are cut.
//!
//! `cut_short CALLS`: 0 goes on for ever. Its process id is in the file `pid`.

use crate::posix::{getppid, pid, say};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let calls = words.number(0, 0);
    std::fs::write("pid", pid().to_string()).expect("the file pid");
    let mut made = 0;
    while calls == 0 || made < calls {
        getppid();
        made += 1;
    }
    say!("{made} calls");
    0
}
