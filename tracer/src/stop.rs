//! Stops: why a task stopped, or how it ended, read from its wait status and from nothing else.

use crate::sys::wait::WaitStatus;

/// What a wait status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Entry or exit of a call; the kernel tells which.
    Call,
    /// A filter said TRACE.
    Seccomp,
    /// A signal is about to be delivered.
    Signal(i32),
    /// The process is stopped for job control by this signal.
    GroupStop(i32),
    /// A new task's first stop, the answer to an interrupt, or the end of a group-stop.
    Pause,
    /// The task has just made another.
    Birth(Birth),
    /// The child of a vfork has let go of its parent's memory.
    VforkDone,
    /// A new image is in place.
    Exec,
    /// The task is about to end.
    Leaving,
    /// The task exited with this code.
    Exited(i32),
    /// The task was killed by this signal.
    Killed {
        /// The signal.
        signal: i32,
        /// Was a core written?
        core: bool,
    },
    /// A status that no kernel gives.
    Unknown,
}

/// By which event a task was born.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// fork, or clone that signals SIGCHLD at its end.
    Fork,
    /// vfork, or clone with CLONE_VFORK.
    Vfork,
    /// Any other clone: mostly threads.
    Clone,
}

impl Reason {
    /// Of this status.
    pub fn of(status: WaitStatus) -> Reason {
        if let Some(code) = status.exited() {
            return Reason::Exited(code);
        }
        if let Some((signal, core)) = status.killed() {
            return Reason::Killed { signal, core };
        }
        let Some(signal) = status.stopped() else { return Reason::Unknown };
        match status.event() {
            0 if signal == libc::SIGTRAP | 0x80 => Reason::Call,
            0 => Reason::Signal(signal),
            libc::PTRACE_EVENT_SECCOMP => Reason::Seccomp,
            libc::PTRACE_EVENT_STOP => match signal {
                libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Reason::GroupStop(signal),
                _ => Reason::Pause,
            },
            libc::PTRACE_EVENT_FORK => Reason::Birth(Birth::Fork),
            libc::PTRACE_EVENT_VFORK => Reason::Birth(Birth::Vfork),
            libc::PTRACE_EVENT_CLONE => Reason::Birth(Birth::Clone),
            libc::PTRACE_EVENT_VFORK_DONE => Reason::VforkDone,
            libc::PTRACE_EVENT_EXEC => Reason::Exec,
            libc::PTRACE_EVENT_EXIT => Reason::Leaving,
            _ => Reason::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(signal: i32, event: i32) -> Reason {
        Reason::of(WaitStatus(event << 16 | signal << 8 | 0x7f))
    }

    #[test]
    fn a_group_stop_is_not_a_signal() {
        assert_eq!(stop(libc::SIGSTOP, libc::PTRACE_EVENT_STOP), Reason::GroupStop(libc::SIGSTOP));
        assert_eq!(stop(libc::SIGSTOP, 0), Reason::Signal(libc::SIGSTOP));
        assert_eq!(stop(libc::SIGTRAP, libc::PTRACE_EVENT_STOP), Reason::Pause);
    }

    #[test]
    fn a_call_is_not_a_trap_of_the_target() {
        assert_eq!(stop(libc::SIGTRAP | 0x80, 0), Reason::Call);
        assert_eq!(stop(libc::SIGTRAP, 0), Reason::Signal(libc::SIGTRAP));
    }

    #[test]
    fn all_signals_and_codes_are_plain_numbers() {
        for signal in 1..=64 {
            assert_eq!(Reason::of(WaitStatus(signal)), Reason::Killed { signal, core: false });
            assert_eq!(Reason::of(WaitStatus(signal | 0x80)), Reason::Killed { signal, core: true });
            assert_eq!(stop(signal, 0), Reason::Signal(signal));
        }
        for code in 0..256 {
            assert_eq!(Reason::of(WaitStatus(code << 8)), Reason::Exited(code));
        }
    }
}
