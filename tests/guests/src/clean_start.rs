//! Everything a program inherits and can see of how it was started.

use crate::posix::{outcome, say};
use crate::words::Words;
use std::ffi::CStr;

/// Lines of `/proc/self/status` that a starter decides.
const STATUS: [&str; 18] = [
    "Umask",
    "Uid",
    "Gid",
    "Groups",
    "Threads",
    "SigPnd",
    "ShdPnd",
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "NoNewPrivs",
    "Cpus_allowed_list",
    "Mems_allowed_list",
];

pub fn run(words: &Words) -> i32 {
    status();
    limits();
    relations();
    kernel_settings();
    for word in words.rest() {
        say!("word {}", word.escape_ascii());
    }
    say!("cwd {}", std::env::current_dir().map_or_else(|error| error.to_string(), |cwd| cwd.display().to_string()));
    environment();
    0
}

fn status() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines() {
        if line.split_once(':').is_some_and(|(key, _)| STATUS.contains(&key)) {
            say!("{line}");
        }
    }
}

fn limits() {
    for line in std::fs::read_to_string("/proc/self/limits").unwrap_or_default().lines().skip(1) {
        say!("limit {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

/// Session, group and family, in words that do not name process ids.
fn relations() {
    let (pid, parent) = unsafe { (libc::getpid(), libc::getppid()) };
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    say!("session of its parent: {}", yes(unsafe { libc::getsid(0) == libc::getsid(parent) }));
    say!("group of its parent: {}", yes(unsafe { libc::getpgrp() == libc::getpgid(parent) }));
    say!("leads its session: {}", yes(unsafe { libc::getsid(0) } == pid));
    say!("leads its group: {}", yes(unsafe { libc::getpgrp() } == pid));
    say!("children: {}", outcome(unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) }));
}

fn kernel_settings() {
    let prctl = |option: i32| outcome(unsafe { libc::prctl(option, 0, 0, 0, 0) });
    say!("nice {}", unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) });
    say!("scheduling policy {}", outcome(unsafe { libc::sched_getscheduler(0) }));
    say!("io priority {}", outcome(unsafe { libc::syscall(libc::SYS_ioprio_get, 1, 0) }));
    say!("personality {:#x}", unsafe { libc::personality(0xffff_ffff) });
    say!("dumpable {}, timer slack {}", prctl(libc::PR_GET_DUMPABLE), prctl(libc::PR_GET_TIMERSLACK));
    say!("securebits {}, keeps capabilities {}", prctl(libc::PR_GET_SECUREBITS), prctl(libc::PR_GET_KEEPCAPS));
    say!("seccomp {}, no huge pages {}", prctl(libc::PR_GET_SECCOMP), prctl(libc::PR_GET_THP_DISABLE));
    let mut number = -1;
    unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &mut number) };
    say!("signal at the parent's death {number}");
    unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &mut number) };
    say!("reaps orphans {number}");
    let mut timer: libc::itimerval = unsafe { std::mem::zeroed() };
    unsafe { libc::getitimer(libc::ITIMER_REAL, &mut timer) };
    say!("timer {}", timer.it_value.tv_sec);
    let mut stack: libc::stack_t = unsafe { std::mem::zeroed() };
    unsafe { libc::sigaltstack(std::ptr::null(), &mut stack) };
    say!("other stack {:#x}", stack.ss_flags);
    for file in ["oom_score_adj", "coredump_filter", "cgroup", "loginuid"] {
        let text = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_else(|error| error.to_string());
        say!("{file} {}", text.trim());
    }
    say!(
        "root {}",
        std::fs::read_link("/proc/self/root").map_or_else(|e| e.to_string(), |root| root.display().to_string())
    );
    say!("descriptors {}", std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count));
}

fn environment() {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    let mut at = unsafe { environ };
    while !at.is_null() && !unsafe { *at }.is_null() {
        say!("environment {}", unsafe { CStr::from_ptr(*at) }.to_bytes().escape_ascii());
        at = unsafe { at.add(1) };
    }
    say!(
        "program {}",
        unsafe { CStr::from_ptr(libc::getauxval(libc::AT_EXECFN) as *const _) }.to_bytes().escape_ascii()
    );
}
