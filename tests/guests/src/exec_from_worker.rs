//! A thread that is not the leader replaces the program: its task id becomes the process id.
//!
//! `exec_from_worker THREADS ROUNDS`: in each round a fresh image starts THREADS threads, and the one
//! whose turn it is execs the next. ROUNDS execs by workers.

use crate::posix::{check, exec, getppid, pid, say, tid};
use crate::words::Words;
use std::sync::{Arc, Barrier};

pub fn run(words: &Words) -> i32 {
    let (threads, rounds) = (words.number(0, 8), words.number(1, 10));
    let (round, first_pid) = (words.number(2, 0), words.number(3, pid() as usize));
    check(pid() as usize == first_pid, "the process id must stay");
    check(tid() == pid(), "the one that called exec must be the leader now");
    if round == rounds {
        say!("{rounds} rounds, the process id stayed");
        return 0;
    }
    let next = [threads, rounds, round + 1, first_pid].map(|number| number.to_string());
    let argv = words.call("exec_from_worker", &next.each_ref().map(String::as_str));
    let together = Arc::new(Barrier::new(threads));
    for thread in 0..threads {
        let (argv, together) = (argv.clone(), together.clone());
        std::thread::spawn(move || {
            together.wait();
            if thread == round % threads {
                exec(&argv);
            }
            loop {
                getppid();
                crate::posix::nap(200);
            }
        });
    }
    loop {
        unsafe { libc::pause() };
    }
}
