//! Threads that start programs all the time: each parent sleeps in the kernel until its child execs.
//!
//! `spawn_storm THREADS ROUNDS`: THREADS x ROUNDS programs by posix_spawn (which uses CLONE_VFORK and
//! CLONE_VM). ROUNDS 0 goes on until it is killed.

use crate::posix::{Ending, Pid, check, must, say, wait};
use crate::words::Words;
use std::ffi::CString;

pub fn run(words: &Words) -> i32 {
    let (threads, rounds) = (words.number(0, 8), words.number(1, 10));
    let argv = words.call("nothing", &[]);
    let storm: Vec<_> = (0..threads)
        .map(|_| {
            let argv = argv.clone();
            std::thread::spawn(move || one_after_another(&argv, rounds))
        })
        .collect();
    let started: usize = storm.into_iter().map(|thread| thread.join().unwrap_or(0)).sum();
    check(started == threads * rounds, "every program must have run");
    say!("{started} programs");
    0
}

fn one_after_another(argv: &[CString], rounds: usize) -> usize {
    let endless = rounds == 0;
    let mut started = 0;
    while endless || started < rounds {
        check(wait(spawn(argv)) == Ending::Exited(0), "a spawned program must end well");
        started += 1;
    }
    started
}

fn spawn(argv: &[CString]) -> Pid {
    let mut words: Vec<*mut libc::c_char> = argv.iter().map(|word| word.as_ptr().cast_mut()).collect();
    words.push(std::ptr::null_mut());
    let mut pid = 0;
    let env = [std::ptr::null_mut()];
    let error = unsafe {
        libc::posix_spawn(
            &mut pid,
            c"/proc/self/exe".as_ptr(),
            std::ptr::null(),
            std::ptr::null(),
            words.as_ptr(),
            env.as_ptr(),
        )
    };
    must("posix_spawn", if error == 0 { 0 } else { -1 });
    pid
}
