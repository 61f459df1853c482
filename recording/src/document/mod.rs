//! Documents: what people bring that is no recording.
//!
//! In: the bytes of a file: a `renacer-json-v1` document in any spelling that is in public use, with or without
//! program output around it; JSON lines; a `-c` table; or a baseline directory of renacer. Out: a [`Document`]
//! of calls in which what the file does not say is *not known*, never guessed, or a [`Table`] of counts; or one
//! error that says what the file is instead, and where.
//! Not for: printing (see `report`) or judging (see `goldens`).
//!
//! Stages, one file each: `find` (where in the file it is) → `shape` (spellings of keys) → `notation` (what the
//! arguments mean) → `stdout` (program output found again).

mod baseline;
mod call;
mod cstring;
mod end;
mod error;
mod find;
mod flags;
mod instead;
mod lengths;
mod names;
mod notation;
mod payloads;
mod shape;
mod stdout;
mod table;
mod time;
mod top;

use std::borrow::Cow;

use crate::json;

pub use baseline::{BadBaseline, baseline};
pub use call::{Argument, Call, Content, Outcome, Source, Stamp};
pub use error::{BadDocument, Fault, Spot};
pub use table::{Row, Table};

/// Largest document that is read unless the caller allows more: 256 MiB.
pub const LARGEST: u64 = 256 << 20;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Read the whole calls of a document that is cut off; it is incomplete.
    pub partial: bool,
    /// Which of several documents in one file, from 1; without it there must be one.
    pub number: Option<u32>,
    /// Bytes that are read at most.
    pub largest: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { partial: false, number: None, largest: LARGEST }
    }
}

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Brought<'t> {
    /// Calls.
    Document(Box<Document<'t>>),
    /// Counts of calls.
    Table(Table),
}

/// What the arguments mean, settled once for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notation {
    /// Written by chic-trace: paths and buffers are their content, anything else is strace's text.
    Ours,
    /// What renacer writes: three words of registers, and the path of `openat`.
    Registers,
    /// What renacer documents, in several spellings: words, flag names, quoted and plain strings.
    Documented,
}

impl Notation {
    /// The word in outputs.
    pub const fn word(self) -> &'static str {
        match self {
            Notation::Ours => "ours",
            Notation::Registers => "registers",
            Notation::Documented => "documented",
        }
    }
}

/// How the run ended, as far as the document says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct End {
    /// `summary.exit_code`: of a killed program 128 and the signal.
    pub exit_code: i64,
    /// The signal that killed it, where the document tells a kill from a status.
    pub signal: Option<u32>,
    /// Is the code known to be a status, or known to be a signal? Not in documents of renacer.
    pub certain: bool,
}

/// Bytes of the file around the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Around<'t> {
    /// Before it: the preamble.
    pub before: &'t [u8],
    /// Behind it: the postamble.
    pub after: &'t [u8],
}

/// What a run took, as far as its document sums it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Wall time of the run, µs.
    pub wall_us: Option<u64>,
    /// Time in all calls, µs.
    pub calls_us: Option<u64>,
    /// Peak of the resident set of the largest process, bytes.
    pub max_rss_bytes: Option<u64>,
}

/// An event that is no call, of a document of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening<'t> {
    /// `signal`, `stopped`, `continued`, `born`, `exec`, `exit`, `detached`, `limit`.
    pub kind: Cow<'t, str>,
    /// The task.
    pub tid: Option<u64>,
    /// Dense per task, over calls and events.
    pub seq: Option<u64>,
    /// ns since the first event.
    pub ts_ns: Option<u64>,
    /// Name of the signal, where it is about one.
    pub signal: Option<Cow<'t, str>>,
    /// `si_code` by name.
    pub code: Option<Cow<'t, str>>,
    /// Exit status.
    pub status: Option<u64>,
    /// Was a core dumped?
    pub core: bool,
    /// Calls of the document that completed before it, as far as its times say.
    pub after_calls: usize,
    /// The object as it stands in the document.
    pub text: &'t str,
}

/// A process, as a document of ours lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed<'t> {
    /// Its id.
    pub pid: u64,
    /// Its parent's.
    pub ppid: Option<u64>,
    /// Its executable.
    pub exe: Option<Cow<'t, str>>,
    /// Its arguments.
    pub argv: Vec<Cow<'t, str>>,
    /// Its exit code: 128 and the signal when it was killed. `None`: not seen.
    pub exit_code: Option<i64>,
    /// Name of the signal that killed it.
    pub signal: Option<Cow<'t, str>>,
}

/// A document as it was read.
#[derive(Debug, Clone)]
pub struct Document<'t> {
    /// `version`: of the program that wrote it.
    pub version: Option<Cow<'t, str>>,
    /// `generator`, of documents of ours.
    pub generator: Option<Cow<'t, str>>,
    /// argv of the root.
    pub command: Option<Vec<Cow<'t, str>>>,
    /// What the arguments mean.
    pub notation: Notation,
    /// Calls in the order of the document: of completion.
    pub calls: Vec<Call<'t>>,
    /// What is no call (documents of ours).
    pub happenings: Vec<Happening<'t>>,
    /// Processes (documents of ours).
    pub processes: Vec<Listed<'t>>,
    /// How the run ended, where the document says so.
    pub end: Option<End>,
    /// Calls that the document says it holds.
    pub counted: Option<u64>,
    /// What the run took.
    pub spent: Spent,
    /// Why it is incomplete, each a short phrase; empty: it is complete.
    pub incomplete: Vec<String>,
    /// What had to be assumed, each a sentence without a full stop.
    pub warnings: Vec<String>,
    /// Keys that nobody knows, each once, by pointer.
    pub unknown_keys: Vec<String>,
    /// What stands around it in the file.
    pub around: Around<'t>,
    /// The preamble, when it is the program's standard output.
    pub stdout: Option<&'t [u8]>,
}

impl Document<'_> {
    /// May it be judged?
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// `renacer 0.6.2`, `chic-trace 0.1.0`, or what else is known of its writer.
    pub fn writer(&self) -> String {
        match (&self.generator, &self.version) {
            (Some(generator), _) => generator.clone().into_owned(),
            (None, Some(version)) => format!("renacer {version}"),
            (None, None) => "an unknown program".to_owned(),
        }
    }
}

/// The word that strace's text of an argument stands for, as a document is read: numbers, names of constants,
/// flags. `None` for a structure, and for names of operations that are not read back.
pub fn word(kind: &syscalls::Kind, text: &str) -> Option<u64> {
    flags::word(Some(kind), text).map(|word| notation::narrowed(kind, word))
}

/// Reads what a file holds.
///
/// # Errors
/// [`BadDocument`]: what is wrong, and where; or what the file is instead.
pub fn read<'t>(bytes: &'t [u8], options: &Options) -> Result<Brought<'t>, BadDocument> {
    if bytes.len() as u64 > options.largest {
        return Err(BadDocument::whole(Fault::TooLarge { bytes: bytes.len() as u64, largest: options.largest }));
    }
    find::find(bytes, options)
}
