//! Raw steps: what a run did, before its names are made canonical.
//!
//! In: what `lower` makes of calls. Out: what `rename` turns into [`crate::model::Step`]s. Names, contents and
//! processes are numbers here, because their canonical form needs the whole run, or several runs together.

use std::collections::HashMap;

use recording::resolve::{ObjectId, ProcId, ThreadId};

use crate::model::Verb;

/// A text of the run: a row of [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NameId(u32);

/// Bytes that went through one stream in one direction: a row of [`super::Run::flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowId(pub u32);

/// The texts of a run, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    rows: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, NameId>,
}

impl Names {
    /// The number of this text.
    pub fn id(&mut self, text: &[u8]) -> NameId {
        if let Some(id) = self.numbers.get(text) {
            return *id;
        }
        let id = NameId(self.rows.len() as u32);
        self.rows.push(text.into());
        self.numbers.insert(text.into(), id);
        id
    }

    /// The number of this text, if it has one.
    pub fn known(&self, text: &[u8]) -> Option<NameId> {
        self.numbers.get(text).copied()
    }

    /// The text of this number.
    pub fn get(&self, id: NameId) -> &[u8] {
        self.rows.get(id.0 as usize).map_or(&[], |text| text)
    }
}

/// One argument of a raw step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Raw {
    /// A word of the syntax.
    Word(&'static str),
    /// A word that is made of others (`O_RDONLY+O_CLOEXEC`).
    Made(Box<str>),
    /// A signed number.
    Number(i64),
    /// An octal mode.
    Octal(u32),
    /// Text of the target, anything but a path.
    Text(NameId),
    /// An absolute path.
    Path(NameId),
    /// `name=value`.
    Field(&'static str, Box<Raw>),
    /// Range of a stream, and its content.
    Flow(FlowId, u64, u64),
    /// Range of a file, and its content: a row of [`super::Run::ranges`].
    File(u32),
    /// Range alone, of a file.
    Span(ObjectId, u64, u64),
    /// So many bytes that are not compared.
    Opaque(u64),
    /// Any number of bytes that are not compared.
    Anything,
    /// Content alone.
    Blob(NameId),
    /// Size of a file.
    Size(ObjectId, u64),
    /// Names in a directory: a row of [`super::Run::listings`].
    Listing(u32),
    /// `fork` when this process never executes anything.
    Spawned(ProcId),
    /// `exit=N` or `killed=SIG`.
    Ending(ProcId),
    /// The key of a process.
    Process(ProcId),
    /// A thread, by the key of its process and its own.
    Thread(ThreadId),
    /// An errno.
    Failed(u16),
    /// An object by kind and name.
    Object(ObjectId),
    /// `own` when it is the runner's user id, else the number.
    Uid(u32),
    /// Likewise for a group id.
    Gid(u32),
}

/// How a raw step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ended {
    /// It worked.
    Well,
    /// It failed with this errno.
    Failed(u16),
    /// No exit was seen.
    Unfinished,
}

/// One step before renaming.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RawStep {
    pub verb: Verb,
    pub args: Box<[Raw]>,
    pub ended: Ended,
}

/// The raw steps of a run, each distinct one once (those with a content stand alone).
#[derive(Debug, Default)]
pub(crate) struct RawSteps {
    rows: Vec<RawStep>,
    numbers: HashMap<RawStep, u32>,
}

impl RawSteps {
    /// The number of this step.
    pub fn id(&mut self, step: RawStep) -> u32 {
        let next = self.rows.len() as u32;
        // A range of a file is a row of its own: no other step is equal to it.
        if step.args.iter().any(|arg| matches!(arg, Raw::File(_))) {
            self.rows.push(step);
            return next;
        }
        if let Some(number) = self.numbers.get(&step) {
            return *number;
        }
        self.numbers.insert(step.clone(), next);
        self.rows.push(step);
        next
    }

    /// All of them, by number.
    pub fn rows(&self) -> &[RawStep] {
        &self.rows
    }
}

/// What a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// An object.
    Object(ObjectId),
    /// A file that may turn out to be a library that is being loaded.
    Candidate(ObjectId),
    /// An object that children inherit.
    Inherited(ObjectId),
    /// A library by its soname.
    Library(NameId),
    /// A name that was searched for in vain.
    Searched(NameId),
    /// A child process.
    Child(ProcId),
    /// The process itself.
    Own,
}

/// `thread` of what several threads did together.
pub(crate) const MIXED: u32 = u32::MAX;

/// A step in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    /// Into [`RawSteps`].
    pub step: u32,
    /// How often in a row.
    pub count: u32,
    /// Whose: a `ThreadId`, or [`MIXED`].
    pub thread: u32,
    /// Number of the event that began it.
    pub first: u64,
    /// Number of the event that ended it.
    pub last: u64,
}
