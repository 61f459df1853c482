//! A shell's view of its jobs: stopped by each stop signal, continued, killed while stopped.
//!
//! `job_control [ROUNDS] [THREADS]`: a parent stops and continues a child of several busy threads and
//! looks whether it really stands and really goes on. Makes 8 x ROUNDS + 2 calls of kill.

use crate::posix::{all_move, check, fork, getppid, kill, nap, say, shared, wait, wait_change};
use crate::words::Words;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const STOPS: [(i32, &str); 4] =
    [(libc::SIGSTOP, "SIGSTOP"), (libc::SIGTSTP, "SIGTSTP"), (libc::SIGTTIN, "SIGTTIN"), (libc::SIGTTOU, "SIGTTOU")];

pub fn run(words: &Words) -> i32 {
    let (rounds, threads) = (words.number(0, 1), words.number(1, 4));
    let steps = shared(threads);
    let job = fork(|| busy(steps));
    // Both sides do it, as shells do: whoever comes first.
    unsafe { libc::setpgid(job, job) };
    check(all_move(steps, crate::posix::LONG), "the job must run");
    for round in 1..=rounds {
        for (signal, name) in STOPS {
            kill(job, signal);
            let (code, status) = wait_change(job, libc::WSTOPPED);
            check((code, status) == (libc::CLD_STOPPED, signal), "the parent must see the stop");
            check(stands(steps), "a stopped job must stand");
            kill(job, libc::SIGCONT);
            let (code, status) = wait_change(job, libc::WCONTINUED);
            check((code, status) == (libc::CLD_CONTINUED, libc::SIGCONT), "the parent must see it continue");
            check(all_move(steps, crate::posix::LONG), "a continued job must go on");
            say!("round {round}: stopped by {name}, continued");
        }
    }
    kill(job, libc::SIGSTOP);
    wait_change(job, libc::WSTOPPED);
    kill(job, libc::SIGKILL);
    say!("{}", wait(job));
    0
}

fn busy(steps: &'static [AtomicU64]) -> i32 {
    unsafe { libc::setpgid(0, 0) };
    for step in &steps[1..] {
        std::thread::spawn(move || work(step));
    }
    work(&steps[0]);
    0
}

fn work(step: &AtomicU64) {
    loop {
        getppid();
        step.fetch_add(1, Ordering::Relaxed);
        nap(1000);
    }
}

/// The stop is told when the last thread has stopped: from then on nothing may move.
fn stands(steps: &[AtomicU64]) -> bool {
    !all_move_one(steps, Duration::from_millis(20))
}

fn all_move_one(steps: &[AtomicU64], limit: Duration) -> bool {
    let sum = || steps.iter().map(|step| step.load(Ordering::Relaxed)).sum::<u64>();
    let before = sum();
    crate::posix::until(limit, || sum() != before)
}
