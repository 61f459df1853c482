//! How many cores it may use, by every way to ask, before, during and after bursts of calls.
//!
//! `counts_cores [CALLS]`: asked in the first thread, in a second thread, in a child, and after the
//! guest has bound itself to one core and let go again.

use crate::posix::{Ending, check, fork, getppid, must, say, wait};
use crate::words::Words;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn run(words: &Words) -> i32 {
    let calls = words.number(0, 4000);
    say!("before: {}", cores());
    burst(calls);
    say!("after a burst: {}", cores());
    let during = std::thread::spawn(move || while_busy(calls)).join();
    say!("in a second thread, during bursts: {}", during.unwrap_or_else(|_| "lost".into()));
    let child = fork(|| {
        burst(calls);
        say!("in a child: {}", cores());
        0
    });
    check(wait(child) == Ending::Exited(0), "the child must end well");
    let all = affinity();
    let first = all.iter().position(|allowed| *allowed).expect("a core");
    bind(&[first]);
    burst(calls);
    say!("bound to the first: {}", if cores_of(&affinity()) == first.to_string() { "only that" } else { "others too" });
    bind(&(0..all.len()).filter(|core| all[*core]).collect::<Vec<_>>());
    burst(calls);
    say!("let go: {}", cores());
    0
}

fn burst(calls: usize) {
    for _ in 0..calls {
        getppid();
    }
}

/// Asks again and again while another thread makes calls: all answers must be the same.
fn while_busy(calls: usize) -> String {
    static OVER: AtomicBool = AtomicBool::new(false);
    let busy = std::thread::spawn(move || {
        while !OVER.load(Ordering::Relaxed) {
            burst(calls / 10);
        }
    });
    let first = cores();
    let same = (0..20).all(|_| {
        burst(calls / 20);
        cores() == first
    });
    OVER.store(true, Ordering::Relaxed);
    check(same && busy.join().is_ok(), "the answer must not change while calls are made");
    first
}

/// Mask, std's count, libc's count, and what /proc says of us, of all our threads and of our parent.
fn cores() -> String {
    let mut all = cores_of(&affinity());
    let parallel = std::thread::available_parallelism().map_or(0, usize::from);
    write!(all, "; {parallel}; {}", unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }).expect("text");
    for whose in ["self".into(), "thread-self".into(), getppid().to_string()] {
        write!(all, "; {}", allowed(&format!("/proc/{whose}/status"))).expect("text");
    }
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let mut lists: Vec<String> = tasks
        .map(|task| allowed(&format!("{}/status", task.path().display())))
        .filter(|list| !list.is_empty())
        .collect();
    lists.dedup();
    write!(all, "; {}", lists.join(" and ")).expect("text");
    all
}

fn allowed(path: &str) -> String {
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.unwrap_or_default().trim().to_string()
}

fn affinity() -> Vec<bool> {
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    must("sched_getaffinity", unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) });
    (0..libc::CPU_SETSIZE as usize).map(|core| unsafe { libc::CPU_ISSET(core, &set) }).collect()
}

fn cores_of(mask: &[bool]) -> String {
    let allowed = mask.iter().enumerate().filter(|(_, allowed)| **allowed);
    allowed.map(|(core, _)| core.to_string()).collect::<Vec<_>>().join(",")
}

fn bind(cores: &[usize]) {
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    cores.iter().for_each(|core| unsafe { libc::CPU_SET(*core, &mut set) });
    must("sched_setaffinity", unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) });
}
