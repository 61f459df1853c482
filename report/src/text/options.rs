//! What a user may ask of the text, as plain values.

use recording::Numbers;
use syscalls::Filter;

use crate::Shown;

/// Options of the text. The default is that of `strace PROG` on a terminal.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// Which task a line belongs to.
    pub prefix: Prefix,
    /// Absolute time in front of each line (`-t`, `-tt`, `-ttt`).
    pub time: Option<Clock>,
    /// Time since the line before (`-r`).
    pub relative: Option<Precision>,
    /// Time spent in the call, behind each line (`-T`).
    pub duration: Option<Precision>,
    /// Column of the `=` (`-a`), 40.
    pub column: usize,
    /// Bytes of a string that are printed (`-s`), 32.
    pub strings: usize,
    /// Whole structures, the environment (`-v`).
    pub verbose: bool,
    /// What is decoded, and how it is written.
    pub decoding: Decoding,
    /// Strings in hex (`-x`, `-xx`).
    pub hex: HexStrings,
    /// What is told of descriptors (`-y`, `-yy`, `-e decode-fds=`).
    pub notes: Notes,
    /// What is left out (`-q`, `-e quiet=`).
    pub quiet: Quiet,
    /// The number of the call (`-n`).
    pub number: bool,
    /// The instruction pointer (`-i`).
    pub pointer: bool,
    /// Who says `Process 7 attached`: our name, where such notes belong between the lines (on
    /// standard error, without `-q`).
    pub speaker: Option<String>,
    /// Which events.
    pub shown: Shown,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions {
            prefix: Prefix::WhenSeveral,
            time: None,
            relative: None,
            duration: None,
            column: 40,
            strings: 32,
            verbose: false,
            decoding: Decoding::default(),
            hex: HexStrings::Never,
            notes: Notes::NONE,
            quiet: Quiet::default(),
            number: false,
            pointer: false,
            speaker: None,
            shown: Shown::default(),
        }
    }
}

/// What is decoded, and how it is written.
#[derive(Debug, Clone, Default)]
pub struct Decoding {
    /// What is asked of some calls only.
    pub calls: CallSets,
    /// How constants are written (`-X`).
    pub constants: Constants,
    /// The name of each argument in front of it (`-N`).
    pub argument_names: bool,
    /// The name of a task behind its number (`-Y`).
    pub task_names: bool,
    /// Descriptors whose data is dumped: what was read (`-e read=`).
    pub read_dumps: Numbers,
    /// What was written (`-e write=`).
    pub write_dumps: Numbers,
}

/// What is asked of some calls only.
#[derive(Debug, Clone, Default)]
pub struct CallSets {
    /// Calls whose words are not decoded (`-e raw=`). `None` is none.
    pub raw: Option<Filter>,
    /// Calls whose structures are decoded (`-e verbose=`). `None` is all.
    pub structures: Option<Filter>,
    /// Calls whose structures are shortened (`-e abbrev=`). `None` is what `verbose` says.
    pub short: Option<Filter>,
}

impl CallSets {
    /// Is nothing asked?
    pub(crate) fn are_usual(&self) -> bool {
        self.raw.is_none() && self.structures.is_none() && self.short.is_none()
    }
}

/// What is told of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes {
    /// Path, or what the kernel calls it; and the working directory behind `AT_FDCWD`.
    pub path: bool,
    /// Protocol and addresses of a socket.
    pub socket: bool,
    /// Numbers of a device.
    pub device: bool,
    /// The process behind a pidfd.
    pub process: bool,
    /// What an eventfd counts.
    pub eventfd: bool,
    /// The signals that a signalfd takes.
    pub signalfd: bool,
}

impl Notes {
    /// Nothing.
    pub const NONE: Notes =
        Notes { path: false, socket: false, device: false, process: false, eventfd: false, signalfd: false };
    /// Paths (`-y`).
    pub const PATHS: Notes = Notes { path: true, ..Notes::NONE };
    /// Everything (`-yy`).
    pub const ALL: Notes =
        Notes { path: true, socket: true, device: true, process: true, eventfd: true, signalfd: true };

    /// How much has to be kept for that: see [`recording::session::PayloadLimits::notes`].
    pub fn level(self) -> u8 {
        match self {
            Notes::NONE => 0,
            Notes::PATHS => 1,
            _ => 2,
        }
    }
}

/// How a line names its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefix {
    /// Never (`-ff`).
    Never,
    /// `[pid  9817] ` while more than one task is alive (no `-o`).
    #[default]
    WhenSeveral,
    /// `9817  ` on every line (`-f -o FILE`, `--always-show-pid`).
    Always,
}

/// How an absolute time is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Seconds since 1970 (`-ttt`) instead of the local time of day (`-t`, `-tt`).
    pub epoch: bool,
    /// Digits behind the second.
    pub precision: Precision,
}

/// Digits behind the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// None.
    Seconds,
    /// Three.
    Millis,
    /// Six.
    #[default]
    Micros,
    /// Nine.
    Nanos,
}

/// How constants are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Constants {
    /// `O_RDONLY` (`-X abbrev`).
    #[default]
    Names,
    /// `0` (`-X raw`).
    Numbers,
    /// `0 /* O_RDONLY */` (`-X verbose`).
    Both,
}

/// Strings in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HexStrings {
    /// Never.
    #[default]
    Never,
    /// Never, but escapes are in hex instead of octal (`--strings-in-hex=non-ascii-chars`).
    Escapes,
    /// Those with a byte that is not printable ASCII (`-x`).
    NonAscii,
    /// All (`-xx`).
    All,
}

/// Lines left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quiet {
    /// `[ Process PID=1 runs in 32 bit mode. ]` (`-q`).
    pub personality: bool,
    /// `+++ exited with 0 +++` (`-qq`).
    pub exit: bool,
    /// `+++ superseded by execve in pid 1 +++` (`-qqq`).
    pub thread_execve: bool,
}

impl Quiet {
    /// What so many `-q` leave out.
    pub fn level(level: u8) -> Self {
        Quiet { personality: level >= 1, exit: level >= 2, thread_execve: level >= 3 }
    }
}
