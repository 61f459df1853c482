//! The canonical form of one run, at all levels at once: a weaker level looks at fewer of its parts.
//!
//! In: what `project` made of a run. Out: what `learn` joins and `compare` compares. Everything is exact here;
//! ranges, masks and presences come with learning ([`crate::golden`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::content::{Content, Contents};
use crate::golden::EndKind;
use crate::model::{Durability, Exit, Fact, Gap, Input, ObjectRef, Platform, ProcKey, Step};
use crate::value::Value;

/// One run.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it ran.
    pub platform: Platform,
    /// The class of its machine; never compared.
    pub class: MachineClass,
    /// argv of the root, canonical.
    pub argv: Vec<Value>,
    /// Names of the variables that the root was given; `None`: they were not recorded. Which of them a program
    /// uses, no call tells.
    pub environment: Option<BTreeSet<Value>>,
    /// Names of the substitutions in force, sorted, with the value of those that a user gave.
    pub substs: Vec<(Box<str>, Option<Value>)>,
    /// What a reader should know (`not varied: ASLR`).
    pub notes: Vec<String>,
    /// The steps of all streams, each distinct one once.
    pub steps: Vec<Step>,
    /// The calls of all threads, each distinct one once. Empty unless level `calls` was asked for.
    pub calls: Vec<Call>,
    /// What temporary names looked like: `$CWD/{TMP2}` to `tmp.*`, the part that varied as a star.
    pub temporaries: BTreeMap<Value, Value>,
    /// The bytes behind the hashes in steps and ends.
    pub contents: Contents,
    /// Processes, sorted by key; siblings that are alike share a key and stand one after the other.
    pub processes: Vec<FormProcess>,
    /// What is left at the end, sorted by kind and name.
    pub ends: Vec<FormEnd>,
    /// Happens-before between actions (and reads of channels), by witness only; covering edges: the
    /// closure of these is the whole relation. Steps of one ordered stream are not repeated here.
    pub order: Vec<(NodeRef, NodeRef)>,
    /// What can't be vouched for.
    pub gaps: Vec<Gap>,
    /// Is it not all of a run?
    pub partial: Option<Partial>,
    /// Steps of the run that no stream holds because they are no part of any level but `calls`.
    pub total_calls: u64,
}

/// How a recording is not all of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// It ends before the run, or not all tasks were followed to their end.
    Cut,
    /// Events in its middle are missing.
    Lossy,
}

/// What the machine was like.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MachineClass {
    /// `6.18`.
    pub kernel: String,
    /// `glibc-2.36`.
    pub libc: String,
    /// CPUs allowed.
    pub cpus: u32,
    /// `root` or `user`.
    pub user: String,
    /// `LANG`, `LC_ALL` before it.
    pub lang: String,
}

/// One process.
#[derive(Debug, Clone)]
pub struct FormProcess {
    /// Its key.
    pub key: ProcKey,
    /// Canonical executable.
    pub exe: Value,
    /// Canonical `argv[1..]`.
    pub args: Vec<Value>,
    /// How it ended.
    pub exit: Exit,
    /// Streams, sorted by kind and name.
    pub streams: Vec<FormStream>,
    /// Threads by key (`t0`, `t0.1`); empty unless level `calls` was asked for.
    pub threads: Vec<FormThread>,
    /// What it found.
    pub inputs: BTreeSet<Input>,
    /// What it made durable.
    pub durability: BTreeMap<Value, Durability>,
    /// Facts that are not at their default.
    pub facts: BTreeMap<Box<str>, Fact>,
    /// Info facts: shown with `-v`, never stored, never judged.
    pub info: BTreeMap<Box<str>, u64>,
    /// Calls that moved bytes: object, family, how many; those at their default (one per range) left out.
    pub shapes: BTreeMap<(ObjectRef, Box<str>), u64>,
}

/// What one process did to one object.
#[derive(Debug, Clone)]
pub struct FormStream {
    /// The object.
    pub object: ObjectRef,
    /// Several threads took part and nothing orders them: only how often counts.
    pub bag: bool,
    /// The steps in order.
    pub steps: Vec<FormStep>,
}

/// A step in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormStep {
    /// Into [`Form::steps`] (of a thread: into [`Form::calls`]).
    pub step: u32,
    /// How often in a row.
    pub count: u32,
    /// Number of the event that began it.
    pub event: u64,
}

/// The calls of one thread (levels `calls` and `exact`).
#[derive(Debug, Clone)]
pub struct FormThread {
    /// `t0.1`.
    pub key: Box<str>,
    /// In order.
    pub calls: Vec<FormStep>,
}

/// One call as level `calls` sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// Name of the call.
    pub name: Box<str>,
    /// In the order of the call.
    pub args: Box<[crate::model::Arg]>,
    /// `ok`, a number, an object, `!ENOENT`, in golden syntax.
    pub result: Value,
}

/// What is left of a path or stream at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormEnd {
    /// What it is.
    pub kind: EndKind,
    /// Its canonical name.
    pub name: Value,
    /// Permission bits of files, directories, FIFOs, sockets and devices.
    pub mode: Option<u16>,
    /// Content of files, of `std` streams and of what was sent.
    pub content: Option<Content>,
    /// Target of a symbolic link.
    pub to: Option<Value>,
    /// Number of the event that made it so, where known.
    pub event: u64,
}

/// A step by its place: process, stream, step, each an index into its vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeRef {
    /// Into [`Form::processes`].
    pub process: u32,
    /// Into [`FormProcess::streams`].
    pub stream: u32,
    /// Into [`FormStream::steps`].
    pub step: u32,
}
