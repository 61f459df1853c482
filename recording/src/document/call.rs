//! Calls of a document: everything may be missing.

use std::borrow::Cow;

use syscalls::{Abi, Kind, Syscall};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'t> {
    /// Its name: `unknown` where the writer had none.
    pub name: Cow<'t, str>,
    /// Its ABI.
    pub abi: Abi,
    /// Its number, where the document says it or the name does.
    pub nr: Option<u64>,
    /// Its arguments, by position; `None`: none of them is known. Shorter than the call has: the rest is not
    /// known.
    pub args: Option<Vec<Argument<'t>>>,
    /// Arguments by names that the call's table does not have.
    pub others: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    /// How it ended.
    pub outcome: Outcome,
    /// ns inside the call.
    pub duration_ns: Option<u64>,
    /// When.
    pub stamp: Option<Stamp>,
    /// Process.
    pub pid: Option<u64>,
    /// Task.
    pub tid: Option<u64>,
    /// Dense per task, over calls and events.
    pub seq: Option<u64>,
    /// Lamport clock.
    pub lamport: Option<u64>,
    /// Where it was made.
    pub source: Option<Box<Source<'t>>>,
}

impl Call<'_> {
    /// Its row.
    pub fn row(&self) -> Option<&'static Syscall> {
        syscalls::lookup(self.abi, self.nr?)
    }

    /// The six words, 0 where they are not known.
    pub fn words(&self) -> [u64; 6] {
        std::array::from_fn(|at| self.word(at).unwrap_or(0))
    }

    /// Argument `at` as a word, where it is known as one.
    pub fn word(&self, at: usize) -> Option<u64> {
        match self.argument(at) {
            Argument::Word(word) => Some(*word),
            _ => None,
        }
    }

    /// Argument `at` as a signed 32-bit word: a descriptor.
    pub fn int(&self, at: usize) -> Option<i32> {
        self.word(at).map(|word| word as i32)
    }

    /// Argument `at`.
    pub fn argument(&self, at: usize) -> &Argument<'_> {
        self.args.as_ref().and_then(|args| args.get(at)).unwrap_or(&Argument::NotKnown)
    }

    /// Kinds of the arguments, selected by the operation where its word is known.
    pub fn kinds(&self) -> &'static [syscalls::Arg] {
        let Some(row) = self.row() else { return &[] };
        match &row.variants {
            Some(variants) if self.word(usize::from(variants.selector)).is_none() => row.args,
            _ => row.args_for(&self.words()),
        }
    }

    /// Its result when it returned without an error.
    pub fn success(&self) -> Option<i64> {
        match self.outcome {
            Outcome::Returned(result) if !(-4095..0).contains(&result) => Some(result),
            _ => None,
        }
    }

    /// Its errno when it failed.
    pub fn errno(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Returned(result) if (-4095..0).contains(&result) => Some(result.unsigned_abs() as u16),
            _ => None,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It returned this; a failed call `-errno`.
    Returned(i64),
    /// It did not return.
    NoReturn,
    /// The document does not say.
    NotKnown,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument<'t> {
    /// The document does not say.
    NotKnown,
    /// A word. Where memory stands behind it, that is not known: the word is its address.
    Word(u64),
    /// A path or buffer.
    Bytes(Content<'t>),
    /// strace's text of a structure, a list, or a word that could not be read as one.
    Text(Cow<'t, str>),
}

/// The content of a path or buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<'t> {
    /// What is known of it, from its beginning.
    pub bytes: Cow<'t, [u8]>,
    /// Bytes in all.
    pub len: u64,
}

impl Content<'_> {
    /// Is all of it here?
    pub fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.len
    }
}

/// When a call was entered or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// ns since the first event, or since 1970.
    pub ns: i64,
    /// Since 1970?
    pub unix: bool,
    /// When it was left rather than entered?
    pub exit: bool,
}

/// Where a call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source<'t> {
    /// File.
    pub file: Cow<'t, str>,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Function.
    pub function: Option<Cow<'t, str>>,
}

/// Is this the kind of a path, string or buffer: of what is written as its content?
pub(super) fn is_content(kind: &Kind) -> bool {
    matches!(kind, Kind::Path | Kind::Str | Kind::PathOut(_) | Kind::Bytes(..))
}
