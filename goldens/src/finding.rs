//! Findings: what is different, in a sentence.

use crate::model::{Level, ProcKey};
use crate::value::Value;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Makes the verdict `different`.
    Error,
    /// Makes it `same with warnings`.
    Warning,
    /// Shown with `-v`.
    Info,
}

macro_rules! codes {
    ($($name:ident $word:literal $level:ident $severity:ident),* $(,)?) => {
        /// What kind of difference. The order is the rank: the first of a severity is told first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("`", $word, "`.")] $name),* }

        impl Code {
            /// All of them, by rank.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The word in reports.
            pub const fn word(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }

            /// The weakest level at which it is visible.
            pub const fn level(self) -> Level {
                match self { $(Code::$name => Level::$level),* }
            }

            /// Its severity unless configured otherwise (`dur.fsync` is a warning for `fdatasync`).
            pub const fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity),* }
            }
        }
    };
}

codes! {
    Exit "exit" Outcome Error,
    MemWx "mem.wx" Protocol Error,
    Cred "cred" Protocol Error,
    ProcArgs "proc.args" Outcome Error,
    ProcNew "proc.new" Outcome Error,
    ProcGone "proc.gone" Outcome Error,
    ProcExit "proc.exit" Outcome Error,
    FileMode "file.mode" Outcome Error,
    FileType "file.type" Outcome Error,
    NetNew "net.new" Outcome Error,
    NetGone "net.gone" Outcome Error,
    NetBytes "net.bytes" Outcome Error,
    FileInplace "file.inplace" Protocol Error,
    FileBytes "file.bytes" Outcome Error,
    FileNew "file.new" Outcome Error,
    FileGone "file.gone" Outcome Error,
    OutBytes "out.bytes" Outcome Error,
    OutOrder "out.order" Outcome Error,
    DurFsync "dur.fsync" Protocol Error,
    DurOrder "dur.order" Protocol Error,
    DurDirsync "dur.dirsync" Protocol Error,
    LockLost "lock.lost" Protocol Error,
    LockScope "lock.scope" Protocol Error,
    ErrIgnored "err.ignored" Protocol Error,
    ErrNew "err.new" Protocol Error,
    ErrGone "err.gone" Protocol Error,
    Toctou "toctou" Protocol Error,
    FdCloexec "fd.cloexec" Protocol Error,
    FdLeak "fd.leak" Protocol Error,
    FdBadclose "fd.badclose" Protocol Error,
    WaitLost "wait.lost" Protocol Error,
    SigDisp "sig.disp" Protocol Error,
    SigGot "sig.got" Protocol Warning,
    InNew "in.new" Hermetic Error,
    InGone "in.gone" Hermetic Error,
    InAbsent "in.absent" Hermetic Error,
    InBytes "in.bytes" Protocol Error,
    Order "order" Protocol Error,
    FileTransient "file.transient" Protocol Error,
    Hazard "hazard" Protocol Error,
    ThreadCount "thread.count" Protocol Error,
    Limit "limit" Protocol Error,
    IoRepeat "io.repeat" Protocol Warning,
    IoShape "io.shape" Protocol Warning,
    Sleep "sleep" Protocol Warning,
    Poll "poll" Protocol Warning,
    StepNew "step.new" Protocol Error,
    StepGone "step.gone" Protocol Error,
    StepArgs "step.args" Protocol Error,
    CallNew "call.new" Calls Error,
    CallGone "call.gone" Calls Error,
    CallArgs "call.args" Calls Error,
    CallOrder "call.order" Calls Error,
}

/// One difference, or several of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// How grave here.
    pub severity: Severity,
    /// The weakest level at which it is visible.
    pub level: Level,
    /// Where.
    pub process: ProcKey,
    /// The object in golden syntax (`$CWD/final`); empty when it is the process itself.
    pub object: Option<Value>,
    /// What of it (`mode`, `content`, a verb): with code, process and object the key by which re-runs confirm.
    pub attribute: Box<str>,
    /// In words, without addresses, pids, descriptors, inodes.
    pub sentence: String,
    /// The golden's side.
    pub before: Vec<String>,
    /// This run's side.
    pub after: Vec<String>,
    /// First event of the run that diverges.
    pub event: Option<u64>,
    /// How many differences of the same kind it stands for.
    pub count: u32,
    /// In how many runs it was seen.
    pub confirmed: Confirmed,
    /// Index of the finding that it follows from.
    pub follows_from: Option<usize>,
    /// What it took along, by name.
    pub with_it: Vec<String>,
    /// `file:line` of the event, where that was recorded: a document may hold it.
    pub source: Option<String>,
}

/// Seen in so many of so many runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Runs that showed it.
    pub seen: u32,
    /// Runs made.
    pub runs: u32,
}

impl Severity {
    /// The word in reports and in renacer.toml.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }

    /// The severity of a word.
    pub fn from_word(word: &str) -> Option<Severity> {
        [Severity::Error, Severity::Warning, Severity::Info].into_iter().find(|severity| severity.word() == word)
    }
}
