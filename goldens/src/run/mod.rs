//! Runs: one recording, lowered. What stands here is still raw: names, contents and keys of processes become
//! canonical when the runs that are judged together are known (see `rename` and `project`).
//!
//! In: a recording, through [`Observer`]. Out: [`Run`].

mod bytes;
mod contents;
mod intervals;
mod observer;
pub(crate) mod raw;
pub(crate) mod stream;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use recording::resolve::{DescriptionId, ObjectId, ObjectKind, ProcId, Tables};
use recording::session::Header;

pub(crate) use bytes::{Borrowed, Bytes};
pub(crate) use contents::{FileStates, State};
pub(crate) use intervals::Intervals;
pub use observer::Observer;

use crate::content::Hash;
use crate::form::Partial;
use crate::model::InputKind;
use raw::{FlowId, Key, NameId, Names, Placed, Raw, RawSteps};
use stream::{FileRange, RawStream};

/// One run, lowered.
#[derive(Debug, Default)]
pub struct Run {
    pub(crate) header: Header,
    pub(crate) tables: Tables,
    pub(crate) names: Names,
    pub(crate) steps: RawSteps,
    pub(crate) streams: Vec<RawStream>,
    pub(crate) flows: Vec<Flow>,
    pub(crate) ranges: Vec<FileRange>,
    /// What is known of the content of each of `ranges`; filled when the run is over.
    pub(crate) known: Vec<Known>,
    pub(crate) listings: Vec<Vec<Entry>>,
    /// By object.
    pub(crate) objects: Vec<ObjectFacts>,
    /// By process.
    pub(crate) processes: Vec<ProcessFacts>,
    /// Names that this run changed, with the number of the event.
    pub(crate) touched: BTreeMap<NameId, Touched>,
    pub(crate) states: FileStates,
    /// When everything was synced last.
    pub(crate) synced_all: Option<u64>,
    pub(crate) witnesses: Vec<Witness>,
    /// Waits that collected whichever child had ended: the event at which that child was started, by event.
    pub(crate) collected: BTreeMap<u64, u64>,
    /// When each thread was made by another of its process.
    pub(crate) births: BTreeMap<u32, u64>,
    /// What all processes printed, by object, and the number of the first event.
    pub(crate) printed: BTreeMap<ObjectId, (Bytes, u64)>,
    /// The same of standard output and error together, when their order was asked for.
    pub(crate) merged: Option<(Bytes, u64)>,
    /// Do calls hold names as they were, too?
    pub(crate) exact: bool,
    /// Calls of each thread, when they were asked for.
    pub(crate) threads: Vec<Vec<Placed>>,
    pub(crate) calls: Vec<RawCall>,
    pub(crate) gaps: Vec<(Option<ProcId>, String)>,
    /// Is the recording not all of the run?
    pub(crate) partial: Option<Partial>,
    /// CLOCK_REALTIME at start and end, ns.
    pub(crate) clock: (u64, u64),
    pub(crate) total_calls: u64,
    /// Node name, where a call told it.
    pub(crate) host: Option<Vec<u8>>,
    /// POSIX rule of the time zone file that was read, `CET-1CEST,M3.5.0,M10.5.0/3`.
    pub(crate) zone: Option<Vec<u8>>,
}

/// What is known of a range's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is that of the file at the end.
    Final,
    /// The calls told it.
    Told,
    /// Only its hash.
    Hash(Hash),
    /// Nothing.
    Unknown,
}

/// Bytes that went through one stream in one direction, as one process saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    pub process: ProcId,
    pub object: ObjectId,
    /// Written by the process?
    pub into: bool,
    /// Does it come from outside of the run?
    pub outside: bool,
    pub bytes: Bytes,
    /// The descriptor of its first bytes.
    pub fd: Option<i32>,
    /// Number of the first event.
    pub event: u64,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub name: Box<[u8]>,
    /// `d_type`.
    pub kind: u8,
}

/// What became of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touched {
    /// The event that changed it last.
    pub event: u64,
    /// Who did.
    pub process: ProcId,
    /// Did something of this name exist before the run?
    pub before: bool,
    /// Is there something of this name now, as far as the calls tell?
    pub there: bool,
    /// What it is.
    pub object: ObjectId,
}

/// What the run did to an object as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectFacts {
    /// What this run wrote.
    pub written: Intervals,
    /// Size, as far as calls tell.
    pub size: Option<u64>,
    /// Permission bits, as far as calls tell.
    pub mode: Option<u16>,
    /// Extensions by `truncate` that later writes may cover: step, from, to.
    pub extended: Vec<(Key, u32, u64, u64)>,
    /// `LOCK_EX` or `LOCK_SH` held by flock: by whom, through which description.
    pub lock: Option<(ProcId, DescriptionId)>,
    /// Was a name for it chosen with `O_EXCL`, in a folder that was not there?
    pub proposed: bool,
    /// Did `accept` make it?
    pub accepted: bool,
    /// Flags of its `socket` call.
    pub cloexec: bool,
    pub nonblock: bool,
    /// Where it stands in `runtime` files; looked up once.
    pub class: Option<Option<&'static str>>,
    pub durable: crate::facet::Durable,
}

/// What is known of a process beside its streams.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProcessFacts {
    /// Judged counts.
    pub counts: BTreeMap<&'static str, u64>,
    /// Judged words, each seen.
    pub words: BTreeMap<&'static str, BTreeSet<Box<str>>>,
    /// Info counts.
    pub info: BTreeMap<Cow<'static, str>, u64>,
    /// Dispositions ever installed, by signal: bits of [`crate::facet::disposition`].
    pub dispositions: BTreeMap<u32, u8>,
    /// Signals received.
    pub received: BTreeMap<u32, u64>,
    /// Signals blocked at an exec or at the end.
    pub blocked: u64,
    /// What it found.
    pub inputs: BTreeSet<(InputKind, InputName)>,
    /// What it executed, by the names that it used.
    pub executed: Vec<NameId>,
    /// Libraries that it loaded.
    pub libraries: BTreeSet<NameId>,
}

/// The name of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InputName {
    /// A path.
    Path(NameId),
    /// A soname or the like.
    Plain(NameId),
    /// A class of runtime files.
    Class(&'static str),
    /// An endpoint.
    Object(ObjectId),
}

/// One thing happened before another, and the run shows why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Witness {
    /// Whatever this thread did up to this event …
    pub before: (u32, u64),
    /// … precedes whatever that thread did from that event on.
    pub after: (u32, u64),
}

/// One call before renaming.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RawCall {
    pub name: Cow<'static, str>,
    pub args: Box<[Raw]>,
    pub result: Raw,
}

impl ProcessFacts {
    /// One more of a judged count.
    pub fn count(&mut self, what: &'static str, by: u64) {
        let sum = self.counts.entry(what).or_default();
        *sum = sum.saturating_add(by);
    }

    /// One more of an info count.
    pub fn note(&mut self, what: impl Into<Cow<'static, str>>, by: u64) {
        let sum = self.info.entry(what.into()).or_default();
        *sum = sum.saturating_add(by);
    }
}

impl Run {
    /// Facts of an object.
    pub(crate) fn object(&mut self, id: ObjectId) -> &mut ObjectFacts {
        let at = id.0 as usize;
        if at >= self.objects.len() {
            self.objects.resize_with(at.saturating_add(1), ObjectFacts::default);
        }
        &mut self.objects[at]
    }

    /// Facts of a process.
    pub(crate) fn process(&mut self, id: ProcId) -> &mut ProcessFacts {
        let at = id.0 as usize;
        if at >= self.processes.len() {
            self.processes.resize_with(at.saturating_add(1), ProcessFacts::default);
        }
        &mut self.processes[at]
    }

    /// What flowed through each pipe and each pair of sockets.
    pub(crate) fn channels(&self) -> BTreeMap<ObjectId, Vec<FlowId>> {
        let mut channels: BTreeMap<ObjectId, Vec<FlowId>> = BTreeMap::new();
        for (at, flow) in self.flows.iter().enumerate() {
            let kind = self.tables.object(flow.object).map(|object| object.kind);
            if matches!(kind, Some(ObjectKind::Pipe | ObjectKind::Socketpair)) {
                channels.entry(flow.object).or_default().push(FlowId(at as u32));
            }
        }
        channels
    }

    /// Calls seen, attempts not counted.
    pub fn total_calls(&self) -> u64 {
        self.total_calls
    }
}
