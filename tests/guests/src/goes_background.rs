//! A daemon: forks twice, leaves the session, and outlives the command that started it.
//!
//! `goes_background SECONDS`: the command ends at once with 5. The daemon writes its process id to
//! `daemon.pid` and appends `ok` lines to `daemon.log` ten times a second as long as its calls work.

use crate::posix::{check, fork, getppid, must, nap, pid, write_all};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    let seconds = words.number(0, 60);
    let middle = fork(|| {
        must("setsid", unsafe { libc::setsid() });
        fork(|| daemon(seconds));
        0
    });
    crate::posix::wait(middle);
    5
}

fn daemon(seconds: usize) -> i32 {
    let null = must("open of /dev/null", unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) }) as i32;
    for fd in 0..3 {
        must("dup2", unsafe { libc::dup2(null, fd) });
    }
    std::fs::write("daemon.pid.new", pid().to_string()).expect("the file daemon.pid");
    std::fs::rename("daemon.pid.new", "daemon.pid").expect("the file daemon.pid");
    let log = crate::posix::create(c"daemon.log");
    for _ in 0..seconds * 10 {
        check(getppid() > 0, "the calls of a daemon must work");
        write_all(log, b"ok\n");
        nap(100_000);
    }
    0
}
