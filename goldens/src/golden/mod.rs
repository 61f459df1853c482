//! Goldens: accepted runs, one fact a line. Here is what a golden holds; text and parser stand beside.

mod asserts;
mod body;
mod example;
mod fold;
mod folder;
mod head;
mod json;
mod lines;
mod parse;
mod print;
mod project;
mod syntax;
#[cfg(test)]
mod tests;
mod words;

use std::fmt::Display;

pub use asserts::Asserted;
pub(crate) use fold::{Block, blocks};
pub use folder::{BadContent, is_content_file};
pub use parse::{BadGolden, Limits};

use crate::content::Hash;
use crate::form::{Call, MachineClass};
use crate::model::{Durability, Exit, Input, Level, ObjectKind, ObjectRef, Platform, ProcKey, Step, Verb};
use crate::value::Value;

/// An accepted run, learned from several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// What stands above the facts.
    pub header: Header,
    /// Processes.
    pub processes: Vec<ProcLine>,
    /// What each process did to each object (level `protocol` and stronger).
    pub streams: Vec<Stream>,
    /// What each thread called (levels `calls`, `exact`).
    pub threads: Vec<ThreadStream>,
    /// What is left at the end.
    pub ends: Vec<End>,
    /// What was found.
    pub inputs: Vec<(Presence, Input)>,
    /// How files were made durable: process, object name.
    pub durability: Vec<(ProcKey, Value, DurabilityRule)>,
    /// Facts that are not at their default.
    pub facts: Vec<(ProcKey, Box<str>, FactRule)>,
    /// How many calls moved what.
    pub shapes: Vec<ShapeLine>,
    /// What happens before what.
    pub order: Vec<OrderEdge>,
    /// What is not asserted of contents.
    pub masks: Vec<Mask>,
    /// What a person allowed.
    pub allows: Vec<Allow>,
}

impl Golden {
    /// Puts the lines of every section in the order of the file: by process, kind and name, those alike by
    /// their text. Folds what is repeated.
    pub fn sort(&mut self) {
        self.fold();
        let text = |a: &dyn Display, b: &dyn Display| a.to_string().cmp(&b.to_string());
        self.processes.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| text(a, b)));
        self.streams.sort_by(|a, b| (&a.process, &a.object).cmp(&(&b.process, &b.object)).then_with(|| text(a, b)));
        self.threads.sort_by(|a, b| (&a.process, &a.thread).cmp(&(&b.process, &b.thread)).then_with(|| text(a, b)));
        self.ends.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)).then_with(|| text(a, b)));
        let found =
            |(presence, input): &(Presence, Input)| format!("{}{}", print::Before(*presence), input.kind.word());
        self.inputs.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| found(a).cmp(&found(b))));
        self.durability.sort_by(|a, b| {
            (&a.0, &a.1).cmp(&(&b.0, &b.1)).then_with(|| a.2.words().concat().cmp(&b.2.words().concat()))
        });
        self.facts.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)).then_with(|| text(&a.2, &b.2)));
        let shape = |line: &ShapeLine| (line.process.clone(), line.object.clone(), line.family.clone());
        self.shapes.sort_by(|a, b| shape(a).cmp(&shape(b)).then_with(|| text(&a.count, &b.count)));
        self.order.sort();
        let mask = |mask: &Mask| (mask.process.clone(), mask.object.clone(), mask.verb.clone(), mask.place.clone());
        self.masks.sort_by(|a, b| mask(a).cmp(&mask(b)).then_with(|| text(a, b)));
        let allow = |allow: &Allow| (allow.process.clone(), allow.code.clone(), allow.object.clone());
        self.allows.sort_by(|a, b| allow(a).cmp(&allow(b)).then_with(|| text(a, b)));
    }
}

/// The head of a golden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How closely it compares.
    pub level: Level,
    /// Runs it was learned from.
    pub runs: u32,
    /// Where it holds; `None`: on any.
    pub platform: Option<Platform>,
    /// argv of the root.
    pub argv: Vec<Value>,
    /// Environment that is part of the command: name, value (`None`: passed on, written `*`).
    pub env: Vec<(Box<str>, Option<Value>)>,
    /// Standard input.
    pub stdin: Stdin,
    /// Hash of the fixture.
    pub fixture: Option<Hash>,
    /// Options of the comparison that are not at their default, sorted.
    pub options: Vec<(Box<str>, Box<str>)>,
    /// Substitutions.
    pub substs: Vec<(Box<str>, Option<Value>)>,
    /// Machine classes it was learned on.
    pub seen: Vec<MachineClass>,
    /// Notes.
    pub notes: Vec<Vec<Value>>,
    /// Steps asserted, steps in all.
    pub asserts: (u64, u64),
}

/// Standard input of the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// A terminal.
    Tty,
    /// A file of this content.
    File(Hash, u64),
    /// A pipe with this content.
    Pipe(Hash, u64),
}

/// How often something must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// Once.
    Required,
    /// Or not (`?`).
    Optional,
    /// So many times (`x3`, `x[2..4]`).
    Times(Number),
}

/// A number or an inclusive range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number {
    /// Least seen.
    pub low: u64,
    /// Greatest seen.
    pub high: u64,
}

/// One process, or several that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcLine {
    /// How many.
    pub presence: Presence,
    /// Its key.
    pub key: ProcKey,
    /// How it must end.
    pub exit: ExitRule,
    /// Its executable.
    pub exe: Value,
    /// `argv[1..]`.
    pub args: Vec<Value>,
}

/// How a process must end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitRule {
    /// So.
    Is(Exit),
    /// With one of these statuses.
    OneOf(Vec<u8>),
    /// Anyhow (only with an allowance).
    Any,
}

/// A stream of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The object; its name may hold classes: then it stands for several.
    pub object: ObjectRef,
    /// How many such objects.
    pub presence: Presence,
    /// Whose.
    pub process: ProcKey,
    /// In any order?
    pub bag: bool,
    /// The steps.
    pub steps: Vec<(Presence, Step)>,
    /// Which of them are written once for many.
    pub(crate) blocks: Vec<Block>,
}

/// A stream of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadStream {
    /// How many such threads.
    pub presence: Presence,
    /// Whose.
    pub process: ProcKey,
    /// `t0.1`.
    pub thread: Box<str>,
    /// In any order?
    pub bag: bool,
    /// The calls.
    pub calls: Vec<CallLine>,
    /// Which of them are written once for many.
    pub(crate) blocks: Vec<Block>,
}

/// A call with its presence.
pub type CallLine = (Presence, Call);

/// Kinds of what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndKind {
    /// A device.
    Dev,
    /// A directory.
    Dir,
    /// A FIFO.
    Fifo,
    /// A regular file.
    File,
    /// Removed.
    Gone,
    /// Bytes sent to an endpoint.
    Sent,
    /// A UNIX socket.
    Socket,
    /// Bytes written to standard output or error.
    Std,
    /// A symbolic link.
    Symlink,
}

/// Name of the end that holds standard output and error together, in the order in which they were written
/// (option `interleave=merged`).
pub(crate) const MERGED: &str = "merged";

/// What is left of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How often.
    pub presence: Presence,
    /// What it is.
    pub kind: EndKind,
    /// Its name.
    pub name: Value,
    /// Permission bits.
    pub mode: Option<u16>,
    /// Size; the inner `None`: any (`*`).
    pub size: Option<Option<Number>>,
    /// Content; the inner `None`: any (`b3:*`).
    pub hash: Option<Option<Hash>>,
    /// Target of a link.
    pub to: Option<Value>,
}

/// Durability with what varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurabilityRule {
    /// Each field one word, or `{a|b}`; `*` where more than three were seen.
    pub fields: Durability,
}

impl DurabilityRule {
    fn words(&self) -> [&str; 4] {
        let Durability { replace, content_before_name, name_durable, sync } = &self.fields;
        [replace, content_before_name, name_durable, sync]
    }
}

/// What a fact must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactRule {
    /// A number, or in a range (slack applies at the check).
    Number(Number),
    /// A word.
    Word(Value),
}

/// I/O shape of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeLine {
    /// Whose.
    pub process: ProcKey,
    /// Of what.
    pub object: ObjectRef,
    /// `read`, `pwrite`, `mmap`, …
    pub family: Box<str>,
    /// How many calls.
    pub count: Number,
}

/// A step by its verb: the k-th of that verb in the stream, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepRef {
    /// The verb.
    pub verb: Verb,
    /// Which one.
    pub nth: u32,
    /// The stream.
    pub object: ObjectRef,
}

/// One edge of the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderEdge {
    /// Whose step is first.
    pub process: ProcKey,
    /// It.
    pub before: StepRef,
    /// Whose step is second, when it is another process.
    pub other: Option<ProcKey>,
    /// It.
    pub after: StepRef,
}

/// What is not asserted of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Whose.
    pub process: ProcKey,
    /// Of what.
    pub object: ObjectRef,
    /// In which steps: a verb of the stream, or the kind of an `end` line (`end`, `sent`, `std`).
    pub verb: Box<str>,
    /// Where.
    pub place: MaskWhere,
    /// What stands there instead.
    pub class: Option<MaskAs>,
    /// Why.
    pub why: Why,
}

/// Where a mask lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaskWhere {
    /// The whole content.
    All,
    /// These bytes, half-open.
    Bytes(u64, u64),
    /// A line, from 1.
    Line(u64),
    /// Token of a line, both from 1.
    Token(u64, u64),
    /// The order of the lines.
    SortedLines,
}

/// What stands in a masked place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MaskAs {
    /// `digits`, `hex`, `HEX`, `alnum`, `alpha`, `uuid`, `base64`, `text`.
    pub class: Class,
    /// Lengths seen.
    pub len: Option<Number>,
}

/// Character classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// `0-9`.
    Digits,
    /// `0-9a-f`.
    Hex,
    /// `0-9A-F`.
    UpperHex,
    /// Letters and digits.
    Alnum,
    /// Letters.
    Alpha,
    /// 8-4-4-4-12 hex digits.
    Uuid,
    /// RFC 4648, both alphabets.
    Base64,
    /// Anything.
    Text,
}

/// Why a mask exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// So many distinct values in so many runs.
    Varied(u32, u32),
    /// A person wrote it.
    User,
}

/// What a person allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// Code of the finding.
    pub code: Box<str>,
    /// Process; `None`: any.
    pub process: Option<ProcKey>,
    /// Object.
    pub object: Value,
    /// Why.
    pub reason: Vec<Value>,
}

impl ObjectKind {
    /// All of them.
    pub const ALL: &[ObjectKind] = &[
        ObjectKind::Anon,
        ObjectKind::Child,
        ObjectKind::Dev,
        ObjectKind::Dir,
        ObjectKind::File,
        ObjectKind::Lib,
        ObjectKind::Pipe,
        ObjectKind::Own,
        ObjectKind::Socketpair,
        ObjectKind::Std,
        ObjectKind::Symlink,
        ObjectKind::Tcp,
        ObjectKind::Tty,
        ObjectKind::Udp,
        ObjectKind::Unix,
    ];

    /// The word in the golden.
    pub const fn word(self) -> &'static str {
        match self {
            ObjectKind::Anon => "anon",
            ObjectKind::Child => "child",
            ObjectKind::Dev => "dev",
            ObjectKind::Dir => "dir",
            ObjectKind::File => "file",
            ObjectKind::Lib => "lib",
            ObjectKind::Pipe => "pipe",
            ObjectKind::Own => "self",
            ObjectKind::Socketpair => "socketpair",
            ObjectKind::Std => "std",
            ObjectKind::Symlink => "symlink",
            ObjectKind::Tcp => "tcp",
            ObjectKind::Tty => "tty",
            ObjectKind::Udp => "udp",
            ObjectKind::Unix => "unix",
        }
    }
}
