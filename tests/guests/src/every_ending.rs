//! Every way to end.
//!
//! `every_ending exit CODE` and `every_ending signal NUMBER` end so; `every_ending all` lets children
//! end in all of them (256 codes, every signal that kills by default) and prints what it saw.

use crate::posix::{check, fork, say, wait};
use crate::words::Words;

/// These stop, continue or do nothing by default.
const HARMLESS: [i32; 8] = [
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGURG,
    libc::SIGWINCH,
];

pub fn run(words: &Words) -> i32 {
    let number = words.number(1, 0) as i32;
    match words.text(0) {
        "exit" => number,
        "signal" => die(number),
        _ => {
            all();
            0
        }
    }
}

fn die(signal: i32) -> i32 {
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &no_core) };
    if ![libc::SIGKILL, libc::SIGSTOP].contains(&signal) {
        crate::posix::dispose(signal, libc::SIG_DFL);
    }
    crate::posix::kill(crate::posix::pid(), signal);
    check(false, "the signal must kill");
    1
}

fn all() {
    for code in 0..256 {
        check(wait(fork(|| code)) == crate::posix::Ending::Exited(code), "the code must arrive");
    }
    say!("256 codes");
    for signal in (1..=64).filter(|signal| !HARMLESS.contains(signal)) {
        say!("signal {signal}: {}", wait(fork(|| die(signal))));
    }
}
