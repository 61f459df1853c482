//! Waiting: `wait4(-1, …, __WALL)` and what a status says.
//!
//! `__WNOTHREAD` restricts the wait to what this thread forked or attached: a caller with other
//! threads, such as a test runner, keeps its own children, and two sessions don't take each other's
//! stops.
#![allow(unsafe_code)]

use super::{Errno, Tid};

/// A raw wait status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitStatus(pub i32);

impl WaitStatus {
    /// The exit code, when the task exited.
    pub fn exited(self) -> Option<i32> {
        (self.0 & 0x7f == 0).then_some((self.0 >> 8) & 0xff)
    }

    /// The signal that killed, and whether a core was written.
    pub fn killed(self) -> Option<(i32, bool)> {
        let signal = self.0 & 0x7f;
        (signal != 0 && signal != 0x7f).then_some((signal, self.0 & 0x80 != 0))
    }

    /// The stop signal, all eight bits (with 0x80 for a syscall-stop).
    pub fn stopped(self) -> Option<i32> {
        (self.0 & 0xff == 0x7f).then_some((self.0 >> 8) & 0xff)
    }

    /// The PTRACE_EVENT number of a stop; 0 is none.
    pub fn event(self) -> i32 {
        self.0 >> 16
    }
}

/// What a wait found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A task changed state.
    Task(Tid, WaitStatus),
    /// Nothing yet (only when not blocking).
    Nothing,
    /// A signal of ours came first.
    Interrupted,
    /// No child and no traced task is left.
    NoChildren,
}

/// wait4(2) for any task of this thread.
pub fn any(block: bool) -> Found {
    one(-1, block, None)
}

/// wait4(2) for any task of this thread, with what its process used so far.
pub fn any_with_usage(block: bool, usage: &mut libc::rusage) -> Found {
    one(-1, block, Some(usage))
}

/// wait4(2) for one process.
pub fn process(pid: Tid, usage: &mut libc::rusage) -> Found {
    one(pid.raw(), true, Some(usage))
}

/// wait4(2) for one process, without waiting.
pub fn poll(pid: Tid) -> Found {
    one(pid.raw(), false, None)
}

fn one(pid: libc::pid_t, block: bool, usage: Option<&mut libc::rusage>) -> Found {
    let mut status = 0;
    let options = libc::__WALL | libc::__WNOTHREAD | if block { 0 } else { libc::WNOHANG };
    let usage = usage.map_or(std::ptr::null_mut(), |u| u as *mut libc::rusage);
    // SAFETY: `status` is ours; `usage` is null or a rusage borrowed for the call.
    match unsafe { libc::wait4(pid, &mut status, options, usage) } {
        0 => Found::Nothing,
        -1 if Errno::last() == Errno(libc::EINTR) => Found::Interrupted,
        -1 => Found::NoChildren,
        tid => Found::Task(Tid(tid as u32), WaitStatus(status)),
    }
}

/// A rusage of zeros.
pub fn no_usage() -> libc::rusage {
    // SAFETY: all bits zero is a valid rusage.
    unsafe { std::mem::zeroed() }
}
