//! What stands in a perf.json, in the order in which it is written. Keys of Chic come first and are always there,
//! `null` without a value; ours follow and are absent when not measured.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Histogram, Micros};

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

/// What a run cost as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Of the run.
    pub profile: String,
    /// Target triple.
    pub target: String,
    /// From the first instruction of the root program to the end of the last task, nanoseconds.
    pub wall_time_ns: u128,
    /// Of the whole tree, nanoseconds.
    pub cpu_user_ns: Option<u128>,
    /// Of the whole tree, nanoseconds.
    pub cpu_system_ns: Option<u128>,
    /// Of the largest process, KiB.
    pub max_rss_kb: Option<u64>,
    /// Blocks of 512 bytes.
    pub io_read_blocks: Option<u64>,
    /// Blocks of 512 bytes.
    pub io_write_blocks: Option<u64>,
    /// Allocations of the program.
    pub alloc: Option<Alloc>,
    /// Asked; `None` when no sampler ran.
    pub sampling_interval_ns: Option<u128>,
    /// No task on a CPU and no span open, nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ns: Option<u64>,
    /// Seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
    /// Seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Page faults without I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor_faults: Option<u64>,
    /// Page faults with I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major_faults: Option<u64>,
    /// Context switches by waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voluntary_switches: Option<u64>,
    /// Context switches by the scheduler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub involuntary_switches: Option<u64>,
    /// The kernel's account of I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io: Option<Io>,
    /// By the object behind the descriptor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_by_class: Option<BTreeMap<String, Class>>,
    /// All calls of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syscalls: Option<SyscallTotals>,
    /// Counters of perf_event, and unpaired probes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Vec<Counter>>,
    /// The sampler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// The tracepoints as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracepoints: Option<Tracepoints>,
    /// Key and reason of what is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<Entries>,
}

/// Texts by key, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries(pub Vec<(String, String)>);

impl Entries {
    /// Adds a pair unless the key is there.
    pub fn add(&mut self, key: &str, text: &str) {
        if !self.0.iter().any(|(known, _)| known == key) {
            self.0.push((key.to_owned(), text.to_owned()));
        }
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, text) in &self.0 {
            map.serialize_entry(key, text)?;
        }
        map.end()
    }
}

/// Allocations of a program; one count for each call of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[allow(missing_docs)] // The names say it all, and all are counts or bytes.
pub struct Alloc {
    pub alloc_calls: u64,
    pub alloc_zeroed_calls: u64,
    pub realloc_calls: u64,
    pub free_calls: u64,
    pub alloc_bytes: u64,
    pub alloc_zeroed_bytes: u64,
    pub realloc_bytes: u64,
    pub freed_bytes: u64,
}

/// Sums of `/proc/PID/io` (proc_pid_io(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[allow(missing_docs)] // As the manual page has them.
pub struct Io {
    pub rchar: u64,
    pub wchar: u64,
    pub syscr: u64,
    pub syscw: u64,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub cancelled_write_bytes: u64,
}

/// Calls on one class of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Class {
    /// Calls.
    pub calls: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
}

/// All calls of the system in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SyscallTotals {
    /// Calls.
    pub calls: u64,
    /// That failed.
    pub errors: u64,
    /// Time in them, nanoseconds.
    pub time_ns: u64,
    /// How many of each name.
    pub by_name: BTreeMap<String, u64>,
}

/// A counter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Its value, scaled.
    pub value: u64,
    /// Of the value.
    pub unit: String,
    /// `user` or `user+kernel`.
    pub scope: String,
    /// It was asked for, nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled_ns: Option<u64>,
    /// It counted, nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_ns: Option<u64>,
}

/// The sampler.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Sampling {
    /// `perf-cpu-clock`, `perf-task-clock`, `tracer`, `none`.
    pub source: String,
    /// `fp`, `dwarf`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacks: Option<String>,
    /// Samples a second that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_hz: Option<f64>,
    /// Samples for each second of on-CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_hz: Option<f64>,
    /// Taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Lost by the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Stacks without a known entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<u64>,
    /// Stacks inside a span that do not show its function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncut: Option<u64>,
    /// With frames of the kernel?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<bool>,
    /// Number of the sample from which on frame pointers were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switched_to_fp_at: Option<u64>,
}

/// Tracepoints as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Tracepoints {
    /// Spans.
    pub calls: u64,
    /// Without room.
    pub dropped: u64,
    /// Exits of what was not open.
    pub unmatched_exits: u64,
    /// Open at the end.
    pub unclosed: u64,
    /// Closed by the exit of an outer span.
    pub abandoned: u64,
    /// Closed by a trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwound: Option<u64>,
    /// Exits of what was opened before a fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherited_exits: Option<u64>,
    /// Ids with two labels or places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_collisions: Option<u64>,
    /// Ids with two budgets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_conflicts: Option<u64>,
    /// Labels that can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_labels: Option<u64>,
    /// What a pair costs, nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overhead_ns_per_call: Option<f64>,
}

/// Streams of random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLog {
    /// `0.1`.
    pub version: String,
    /// In the order of first use.
    pub rng_streams: Vec<Stream>,
}

impl Default for RunLog {
    fn default() -> Self {
        RunLog { version: "0.1".into(), rng_streams: Vec::new() }
    }
}

/// A stream of random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Which.
    pub id: u64,
    /// What it began with.
    pub seed: u128,
    /// The same, `0x` and 32 hex digits.
    pub seed_hex: String,
    /// What was drawn, in order.
    pub events: Vec<Event>,
    /// Events that were not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_events: Option<u64>,
}

impl Stream {
    /// An empty stream.
    pub fn new(id: u64, seed: u128) -> Self {
        Stream { id, seed, seed_hex: seed_hex(seed), events: Vec::new(), dropped_events: None }
    }
}

/// A seed as text.
pub(super) fn seed_hex(seed: u128) -> String {
    format!("0x{seed:032x}")
}

/// One use of a stream. Written in both of Chic's forms at once: as its document has it and as its code reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Dense from 0 in the stream.
    pub index: u64,
    /// What was done, flat.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The same.
    pub op: EventKind,
}

impl Event {
    /// An event.
    pub fn new(index: u64, kind: EventKind) -> Self {
        Event { index, kind, op: kind }
    }
}

/// What is done with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventKind {
    /// Bits are drawn.
    Next {
        /// How many.
        bits: u32,
    },
    /// It is moved on.
    Advance {
        /// By how many steps.
        by: u64,
    },
    /// A stream is made from it.
    Split {
        /// The id of that stream.
        child: u64,
    },
}

impl EventKind {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            EventKind::Next { .. } => "next",
            EventKind::Advance { .. } => "advance",
            EventKind::Split { .. } => "split",
        }
    }
}

/// How a run was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Program and arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// RFC 3339, UTC, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Where it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// `chic-trace` or `runtime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorder: Option<String>,
    /// `ptrace`, `fast`, `perf`, `bpf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engines: Option<Vec<String>>,
    /// `tsc`, `monotonic`, `fake`.
    pub clock: String,
    /// What [`Metric::cpu_us`] is.
    pub cpu_source: CpuSource,
    /// Of parts of one process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u64>,
    /// Merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u64>,
    /// Why the recording has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What is approximate, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approximate: Option<String>,
}

/// What a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuSource {
    /// Time on a CPU.
    OnCpu,
    /// Time that went by.
    Wall,
    /// Of the deterministic clock.
    Fake,
}

impl CpuSource {
    /// By its word.
    pub(super) fn of(word: &str) -> Option<Self> {
        [CpuSource::OnCpu, CpuSource::Wall, CpuSource::Fake].into_iter().find(|source| source.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            CpuSource::OnCpu => "on-cpu",
            CpuSource::Wall => "wall",
            CpuSource::Fake => "fake",
        }
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Exit {
    /// By itself.
    Code {
        /// 0 to 255.
        code: u8,
    },
    /// By a signal.
    Signal {
        /// 1 to 64.
        signal: u8,
        /// With a core dump?
        #[serde(skip_serializing_if = "Option::is_none")]
        core: Option<bool>,
    },
    /// Not yet: a snapshot.
    Running {
        /// True.
        running: bool,
    },
}

/// A machine, without its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[allow(missing_docs)] // Texts, shown and never judged.
pub struct Host {
    pub system: String,
    pub machine: String,
    pub cpu_model: String,
    pub kernel: String,
    pub n_cpus: u64,
    pub digest: String,
}
