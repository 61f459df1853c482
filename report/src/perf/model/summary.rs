//! What a run cost as a whole.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

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
