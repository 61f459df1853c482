//! Rows: one per call and, where an operation argument selects the rest, one list per operation.

use crate::{Classes, Kind};

/// The calling convention a number belongs to. The values are those of the raw event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Abi {
    /// 64-bit x86 (`syscall` instruction).
    X86_64 = 0,
    /// 32-bit x86 (`int 0x80`, or a 32-bit task).
    I386 = 1,
    /// x86-64 numbers with bit 30 set.
    X32 = 2,
    /// 64-bit Arm.
    Aarch64 = 3,
    /// 32-bit Arm.
    Arm = 4,
}

impl Abi {
    /// The ABI behind the byte of a raw event; `None` for a value nobody defined.
    pub const fn from_raw(raw: u8) -> Option<Abi> {
        Some(match raw {
            0 => Abi::X86_64,
            1 => Abi::I386,
            2 => Abi::X32,
            3 => Abi::Aarch64,
            4 => Abi::Arm,
            _ => return None,
        })
    }

    /// Bytes of a pointer and of `long` in this ABI.
    pub const fn word_size(self) -> usize {
        match self {
            Abi::I386 | Abi::X32 | Abi::Arm => 4,
            Abi::X86_64 | Abi::Aarch64 => 8,
        }
    }
}

/// One argument of a call.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Name in the kernel's declaration, as `strace -N` prints it.
    pub name: &'static str,
    /// What the word means.
    pub kind: Kind,
}

/// One call.
#[derive(Debug)]
pub struct Syscall {
    /// Name in the kernel's table.
    pub name: &'static str,
    /// Arguments, zero to six, when no variant applies.
    pub args: &'static [Arg],
    /// How the result reads.
    pub returns: Returns,
    /// The classes of `-e trace=%…` that hold this call.
    pub classes: Classes,
    /// Arguments that depend on an operation word (`fcntl`, `ioctl`, `prctl`, `futex`, …).
    pub variants: Option<&'static Variants>,
}

impl Syscall {
    /// The arguments of this call for these words: those of the operation where one is known.
    pub fn args_for(&self, words: &[u64; 6]) -> &'static [Arg] {
        match self.variants {
            Some(variants) => variants.select(words).map_or(self.args, |(args, _)| args),
            None => self.args,
        }
    }

    /// How the result reads for these words.
    pub fn returns_for(&self, words: &[u64; 6]) -> Returns {
        match self.variants {
            Some(variants) => variants.select(words).map_or(self.returns, |(_, returns)| returns),
            None => self.returns,
        }
    }
}

/// Argument lists selected by one word of the call.
#[derive(Debug)]
pub struct Variants {
    /// Position of the selecting argument.
    pub selector: u8,
    /// Bits of it that select (futex flags, for one, do not).
    pub mask: u64,
    /// Operation, whole argument list, result; sorted by operation.
    pub rows: &'static [(u64, &'static [Arg], Returns)],
}

impl Variants {
    fn select(&self, words: &[u64; 6]) -> Option<(&'static [Arg], Returns)> {
        let op = words.get(usize::from(self.selector))? & self.mask;
        let at = self.rows.binary_search_by_key(&op, |row| row.0).ok()?;
        self.rows.get(at).map(|row| (row.1, row.2))
    }
}

/// How a result reads when the call did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// A signed number.
    Int,
    /// An address or another word that strace prints in hex.
    Hex,
    /// An octal mode (`umask`).
    Octal,
    /// A descriptor.
    Fd,
    /// A process or task id.
    Pid,
    /// The id of a process that was waited for.
    PidWaited,
    /// An id of a group, of a session, or another that strace prints as a number alone.
    PidNumber,
    /// Open flags (`fcntl(F_GETFL)`): hex, names behind.
    OpenFlags,
    /// Descriptor flags (`fcntl(F_GETFD)`): hex, names behind.
    FdFlags,
    /// Ready descriptors; 0 means that the time ran out (`poll`, `select`, `epoll_wait`).
    Ready,
    /// Never returns when it succeeds (`exit`, `exit_group`).
    Never,
}
