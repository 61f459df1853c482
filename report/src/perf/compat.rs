//! The family as Chic's own types write it: their keys and no others, the form of events that its code reads.

use std::collections::BTreeMap;

use serde::Serialize;

use super::folded::{Folded, IDLE};
use super::model::{Alloc, Document, Event, EventKind, Metric, RunLog, Stream, Summary};
use super::{Micros, frame, write};

#[derive(Serialize)]
struct CompatDocument<'a> {
    version: &'a str,
    target: &'a str,
    runs: Vec<CompatRun<'a>>,
    summary: Option<CompatSummary<'a>>,
}

#[derive(Serialize)]
struct CompatRun<'a> {
    profile: &'a str,
    metrics: Vec<CompatMetric<'a>>,
    run_log: Option<CompatLog<'a>>,
}

#[derive(Serialize)]
struct CompatMetric<'a> {
    trace_id: u64,
    mir_id: &'a str,
    label: &'a str,
    cpu_us: Micros,
    budget_cpu_us: Option<u64>,
    budget_gpu_us: Option<u64>,
    budget_mem_bytes: Option<u64>,
}

#[derive(Serialize)]
struct CompatLog<'a> {
    version: &'a str,
    rng_streams: Vec<CompatStream>,
}

#[derive(Serialize)]
struct CompatStream {
    id: u64,
    seed: u128,
    events: Vec<CompatEvent>,
}

#[derive(Serialize)]
struct CompatEvent {
    index: u64,
    op: EventKind,
}

#[derive(Serialize)]
struct CompatSummary<'a> {
    profile: &'a str,
    target: &'a str,
    wall_time_ns: u128,
    cpu_user_ns: Option<u128>,
    cpu_system_ns: Option<u128>,
    max_rss_kb: Option<u64>,
    io_read_blocks: Option<u64>,
    io_write_blocks: Option<u64>,
    alloc: Option<Alloc>,
    sampling_interval_ns: Option<u128>,
}

/// The text of a perf.json, byte for byte what Chic's serialiser gives for the same values.
pub fn compat(document: &Document) -> String {
    write::bare(&CompatDocument {
        version: &document.version,
        target: &document.target,
        runs: document
            .runs
            .iter()
            .map(|run| CompatRun {
                profile: &run.profile,
                metrics: run.metrics.iter().map(metric).collect(),
                run_log: run.run_log.as_ref().map(log),
            })
            .collect(),
        summary: document.summary.as_deref().map(summary),
    })
}

/// The text of a perf.summary.json, likewise.
pub fn compat_summary(of_run: &Summary) -> String {
    write::bare(&summary(of_run))
}

fn metric(metric: &Metric) -> CompatMetric<'_> {
    CompatMetric {
        trace_id: metric.trace_id,
        mir_id: &metric.mir_id,
        label: &metric.label,
        cpu_us: metric.cpu_us,
        budget_cpu_us: metric.budget_cpu_us,
        budget_gpu_us: metric.budget_gpu_us,
        budget_mem_bytes: metric.budget_mem_bytes,
    }
}

fn log(log: &RunLog) -> CompatLog<'_> {
    let event = |event: &Event| CompatEvent { index: event.index, op: event.op };
    let stream = |stream: &Stream| CompatStream {
        id: stream.id,
        seed: stream.seed,
        events: stream.events.iter().map(event).collect(),
    };
    CompatLog { version: &log.version, rng_streams: log.rng_streams.iter().map(stream).collect() }
}

fn summary(summary: &Summary) -> CompatSummary<'_> {
    CompatSummary {
        profile: &summary.profile,
        target: &summary.target,
        wall_time_ns: summary.wall_time_ns,
        cpu_user_ns: summary.cpu_user_ns,
        cpu_system_ns: summary.cpu_system_ns,
        max_rss_kb: summary.max_rss_kb,
        io_read_blocks: summary.io_read_blocks,
        io_write_blocks: summary.io_write_blocks,
        alloc: summary.alloc,
        sampling_interval_ns: summary.sampling_interval_ns,
    }
}

/// Stacks by Chic's flat rule: a line for each label, every call rounded up to whole microseconds and at least one;
/// what the wall time has more is idle.
pub fn compat_folded<'a>(calls: impl IntoIterator<Item = (&'a str, Micros)>, wall_ns: u128) -> Folded {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut busy = 0.0;
    for (label, took) in calls {
        let line = lines.entry(frame(label.as_bytes())).or_default();
        *line = line.saturating_add((took.get().ceil() as u64).max(1));
        busy += took.get();
    }
    with_idle(lines, (wall_ns.div_ceil(1000) as f64 - busy).ceil() as u64)
}

/// The same of spans that are counted already: label, whole microseconds as above, and what they took in all.
pub(super) fn flat<'a>(spans: impl IntoIterator<Item = (&'a [u8], u64, u128)>, wall_ns: u128) -> Folded {
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut busy_ns: u128 = 0;
    for (label, micros, nanos) in spans {
        let line = lines.entry(frame(label)).or_default();
        *line = line.saturating_add(micros);
        busy_ns = busy_ns.saturating_add(nanos);
    }
    let idle = (wall_ns.div_ceil(1000) * 1000).saturating_sub(busy_ns).div_ceil(1000);
    with_idle(lines, u64::try_from(idle).unwrap_or(u64::MAX))
}

fn with_idle(mut lines: BTreeMap<String, u64>, idle: u64) -> Folded {
    if idle > 0 {
        lines.insert(IDLE.to_owned(), idle);
    } else if lines.is_empty() {
        lines.insert(IDLE.to_owned(), 1);
    }
    Folded::of_lines(lines)
}
