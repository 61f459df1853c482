//! What a user may ask of the text, as plain values.

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
    /// Calls whose words are not decoded (`-e raw=`). `None` is none.
    pub raw: Option<Filter>,
    /// Calls whose structures are decoded (`-e verbose=`). `None` is all.
    pub structures: Option<Filter>,
    /// Calls whose structures are shortened (`-e abbrev=`). `None` is what `verbose` says.
    pub short: Option<Filter>,
    /// How constants are written (`-X`).
    pub constants: Constants,
    /// The name of each argument in front of it (`-N`).
    pub argument_names: bool,
    /// The name of a task behind its number (`-Y`).
    pub task_names: bool,
    /// Descriptors whose data is dumped: what was read (`-e read=`).
    pub read_dumps: Descriptors,
    /// What was written (`-e write=`).
    pub write_dumps: Descriptors,
    /// Strings in hex (`-x`, `-xx`).
    pub hex: HexStrings,
    /// Notes of descriptors: 0 none, 1 paths (`-y`), 2 and protocol addresses (`-yy`).
    pub notes: u8,
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
            raw: None,
            structures: None,
            short: None,
            constants: Constants::Names,
            argument_names: false,
            task_names: false,
            read_dumps: Descriptors::default(),
            write_dumps: Descriptors::default(),
            hex: HexStrings::Never,
            notes: 0,
            quiet: Quiet::default(),
            number: false,
            pointer: false,
            speaker: None,
            shown: Shown::default(),
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

/// A set of descriptors. The default is the empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Descriptors {
    listed: Vec<i32>,
    negated: bool,
}

impl Descriptors {
    /// These, or with `negated` all but these.
    pub fn new(listed: Vec<i32>, negated: bool) -> Self {
        Descriptors { listed, negated }
    }

    /// Is this one in the set?
    pub fn takes(&self, fd: i32) -> bool {
        self.listed.contains(&fd) != self.negated
    }

    /// Is none in the set?
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && !self.negated
    }
}

/// Strings in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HexStrings {
    /// Never.
    #[default]
    Never,
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
