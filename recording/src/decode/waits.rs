//! Waiting: what became of a child, as wait4(2) and waitid(2) say it.

use super::word;

/// A wait status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitStatus {
    /// It ended with this code.
    Exited(u8),
    /// A signal killed it.
    Killed {
        /// The signal, 1 to 64.
        signal: u8,
        /// Was a core dumped?
        core: bool,
    },
    /// It stopped by this signal.
    Stopped(u8),
    /// It goes on.
    Continued,
}

impl WaitStatus {
    /// From the word behind the second argument of `wait4`.
    pub fn from_word(status: u32) -> WaitStatus {
        match status {
            0xffff => WaitStatus::Continued,
            _ => match (status & 0x7f) as u8 {
                0 => WaitStatus::Exited((status >> 8) as u8),
                0x7f => WaitStatus::Stopped((status >> 8) as u8),
                signal => WaitStatus::Killed { signal, core: status & 0x80 != 0 },
            },
        }
    }
}

/// The child and its state in the `siginfo_t` that `waitid` filled in (or that came with SIGCHLD);
/// `None` when it found none.
pub fn reaped(siginfo: &[u8]) -> Option<(u32, WaitStatus)> {
    let (code, pid, status) = (word(siginfo, 8, 4)?, word(siginfo, 16, 4)? as u32, word(siginfo, 24, 4)? as u8);
    let state = match code {
        1 => WaitStatus::Exited(status),
        2 => WaitStatus::Killed { signal: status, core: false },
        3 => WaitStatus::Killed { signal: status, core: true },
        4 | 5 => WaitStatus::Stopped(status),
        6 => WaitStatus::Continued,
        _ => return None,
    };
    (pid != 0).then_some((pid, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_wait4() {
        let cases = [
            (0, WaitStatus::Exited(0)),
            (3 << 8, WaitStatus::Exited(3)),
            (13, WaitStatus::Killed { signal: 13, core: false }),
            (0x86, WaitStatus::Killed { signal: 6, core: true }),
            (0x137f, WaitStatus::Stopped(19)),
            (0xffff, WaitStatus::Continued),
        ];
        for (word, expected) in cases {
            assert_eq!(WaitStatus::from_word(word), expected, "{word:#x}");
        }
    }

    #[test]
    fn infos_of_waitid() {
        let mut info = [0; 128];
        (info[0], info[8], info[16], info[24]) = (17, 1, 42, 7);
        assert_eq!(reaped(&info), Some((42, WaitStatus::Exited(7))));
        assert_eq!(reaped(&[0; 128]), None, "WNOHANG and nobody there");
        assert_eq!(reaped(&info[..20]), None);
    }
}
