//! The perf.json family: tracepoints of a run, its summary, where its time went.
//!
//! In: a [`Timeline`] (what a recording holds of tasks, as plain values), or the bytes of a perf.json or perf.folded.
//! Out: a [`Document`] and its text, folded stacks, a picture. Written is what the family's schemas allow; read is
//! what they allow, what Chic writes, and what other tools make of both, each with a note.
//! Not for: comparing two documents, see `assertions`.

mod compat;
pub mod folded;
mod frame;
mod histogram;
mod id;
pub mod merge;
mod micros;
mod model;
mod paths;
mod read;
pub mod svg;
pub mod timeline;
mod write;

pub use compat::{compat, compat_folded, compat_summary};
pub use folded::Folded;
pub use frame::frame;
pub use histogram::Histogram;
pub use id::trace_id;
pub use micros::Micros;
pub use model::{
    Alloc, Allocations, Class, Counter, CpuSource, Document, Entries, Event, EventKind, Exit, Host, Io, Meta, Metric,
    Producer, Run, RunLog, Sampling, SpanCalls, Stats, Stream, Summary, SyscallTotals, Tracepoints, date,
};
pub use paths::{BadPath, Paths};
pub use read::{BadDocument, Read, read, read_run_log};
pub use timeline::Timeline;
pub use write::{json, run_log_json, summary_json};

/// `schema_version` of a document.
pub const SCHEMA_VERSION: &str = "chic-trace.perf.v1";

/// `version` of the documents that we write.
pub const VERSION: &str = "0.1.0";
