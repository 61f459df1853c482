//! A debugger of its own: ptrace between parent and child, and against whoever traces us.
//!
//! A task has one tracer, so under a tracer these fail as the kernel says (EPERM); nothing may hang.
//! `traces_itself attach` attaches to our tracer with a stop (`PTRACE_ATTACH`), the cruel variant.

use crate::posix::{Ending, Pid, fork, must, nap, outcome, say, wait, wait_for};
use crate::words::Words;

pub fn run(words: &Words) -> i32 {
    if words.text(0) == "attach" {
        turn_on_tracer(libc::PTRACE_ATTACH, "attach");
        return 0;
    }
    child_asks();
    parent_seizes();
    turn_on_tracer(libc::PTRACE_SEIZE, "seize");
    0
}

fn ptrace(request: u32, pid: Pid) -> i64 {
    unsafe { libc::ptrace(request, pid, 0, 0) }
}

fn child_asks() {
    let child = fork(|| match ptrace(libc::PTRACE_TRACEME, 0) {
        0 => {
            unsafe { libc::raise(libc::SIGSTOP) };
            3
        }
        _ => {
            say!("traceme: {}", outcome(-1));
            4
        }
    });
    let mut ending = wait_for(child, libc::WUNTRACED);
    if let Ending::Stopped(signal) = ending {
        say!("traceme: 0, stopped by signal {signal}");
        must("PTRACE_CONT", ptrace(libc::PTRACE_CONT, child));
        ending = wait(child);
    }
    say!("the child {ending}");
}

fn parent_seizes() {
    let child = fork(|| {
        loop {
            nap(1000);
        }
    });
    say!("seize of the child: {}", outcome(ptrace(libc::PTRACE_SEIZE, child)));
    crate::posix::kill(child, libc::SIGKILL);
    say!("the child {}", wait(child));
}

fn turn_on_tracer(request: u32, name: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:")?.trim().parse().ok()).unwrap_or(0);
    if tracer == 0 {
        say!("{name} of our tracer: there is none");
        return;
    }
    let result = ptrace(request, tracer);
    say!("{name} of our tracer: {}", outcome(result));
    if result == 0 {
        nap(100_000);
        ptrace(libc::PTRACE_DETACH, tracer);
    }
}
