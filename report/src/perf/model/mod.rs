//! What stands in a perf.json, in the order in which it is written. Keys of Chic come first and are always there,
//! `null` without a value; ours follow and are absent when not measured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Histogram, Micros};

mod meta;
mod run_log;
mod summary;

pub use meta::{CpuSource, Exit, Host, Meta, date};
pub(super) use run_log::seed_hex;
pub use run_log::{Event, EventKind, RunLog, Stream};
pub use summary::{Alloc, Class, Counter, Entries, Io, Sampling, Summary, SyscallTotals, Tracepoints};

/// A perf.json.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// `0.1.0` from us; `0.1`, `0.1.N` and `1` are read, too.
    pub version: String,
    /// Target triple.
    pub target: String,
    /// The runs.
    pub runs: Vec<Run>,
    /// Of the run; `None` when there are several.
    pub summary: Option<Box<Summary>>,
    /// [`super::SCHEMA_VERSION`], or absent in documents of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<String>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub producer: Option<Producer>,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Producer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// `debug`, `release`, `default`, …
    pub profile: String,
    /// One of each id, in the order of their first enter.
    pub metrics: Vec<Metric>,
    /// `None` in documents of Chic.
    pub run_log: Option<RunLog>,
    /// Only in documents with several runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Box<Summary>>,
    /// How it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<Meta>>,
}

/// All spans of one tracepoint in one run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Metric {
    /// The id.
    pub trace_id: u64,
    /// The label; empty in documents of Chic's runtime.
    pub mir_id: String,
    /// The label.
    pub label: String,
    /// Mean of a call: on-CPU time, or wall time where the run's [`Meta::cpu_source`] is not on-CPU.
    pub cpu_us: Micros,
    /// Budget of a call, microseconds.
    pub budget_cpu_us: Option<u64>,
    /// Budget of a call, microseconds of GPU time.
    pub budget_gpu_us: Option<u64>,
    /// Budget of a call, bytes.
    pub budget_mem_bytes: Option<u64>,
    /// The id in 16 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id_hex: Option<String>,
    /// Bytes of a label that is not UTF-8, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_hex: Option<String>,
    /// Where its spans come from; absent: the runtime library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Spans, however they ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Open at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unclosed: Option<u64>,
    /// Closed by the exit of an outer span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<u64>,
    /// Closed by a trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwound: Option<u64>,
    /// Deepest recursion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u64>,
    /// Tasks that entered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// On-CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Box<Stats>>,
    /// Wall time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<Box<Stats>>,
    /// Budget of a call, bytes read and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_io_bytes: Option<u64>,
    /// Calls of the system made inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syscalls: Option<Box<SpanCalls>>,
    /// Most bytes read and written by one span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_bytes: Option<u64>,
    /// Largest growth of live heap in one span, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_bytes: Option<u64>,
    /// Allocations inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alloc: Option<Allocations>,
    /// Spans above the budget of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_cpu_calls: Option<u64>,
    /// Spans above the budget of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_mem_calls: Option<u64>,
    /// Spans above the budget of I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_io_calls: Option<u64>,
    /// Fuel of WASM, own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel_self: Option<u64>,
    /// Fuel of WASM, with callees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel_inclusive: Option<u64>,
    /// Smallest and largest time of elements that a document repeats, and that hold no more of it.
    #[serde(skip)]
    pub range: Option<(Micros, Micros)>,
}

/// Durations of the spans of a metric.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Stats {
    /// Of outermost activations.
    pub total_us: Micros,
    /// Without inner spans.
    pub self_us: Micros,
    /// Shortest call.
    pub min_us: Micros,
    /// Longest call.
    pub max_us: Micros,
    /// With n - 1; absent below two calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stddev_us: Option<Micros>,
    /// Median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_us: Option<Micros>,
    /// 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_us: Option<Micros>,
    /// 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_us: Option<Micros>,
    /// Of all calls, nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hist: Option<Histogram>,
}

/// Calls of the system inside the spans of a metric.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SpanCalls {
    /// While a span was open in the task.
    pub calls: u64,
    /// While it was the innermost.
    pub self_calls: u64,
    /// That failed.
    pub errors: u64,
    /// Time in them.
    pub time_us: Micros,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// How many of each name.
    pub by_name: BTreeMap<String, u64>,
}

/// Allocations inside outermost spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Allocations {
    /// Calls.
    pub calls: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes given back.
    pub freed_bytes: u64,
}
