//! The room over libc: every raw request to the kernel, each behind a function that says what it
//! needs. Nothing here knows of sessions, events or plans.

pub mod affinity;
pub mod clock;
pub mod diag;
pub mod links;
pub mod memory;
pub mod perf;
pub mod perf_ring;
pub mod process;
pub mod ptrace;
pub mod rings;
pub mod seccomp;
pub mod signals;
pub mod startup;
pub mod terminal;
pub mod tracefs;
pub mod wait;

use std::fmt;

/// A kernel task as numbered in our PID namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tid(pub u32);

impl Tid {
    /// As libc wants it.
    pub fn raw(self) -> libc::pid_t {
        self.0 as libc::pid_t
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The system's error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// That of the last call of this thread.
    pub fn last() -> Errno {
        Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    /// "No such file or directory" without a number behind it.
    pub fn text(self) -> String {
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        match text.find(" (os error") {
            Some(at) => text[..at].to_string(),
            None => text,
        }
    }
}

/// 0 or more is success, as with most calls.
pub(crate) fn check(result: libc::c_long) -> Result<libc::c_long, Errno> {
    if result < 0 { Err(Errno::last()) } else { Ok(result) }
}
