//! What the run took as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::walk::Walk;
use super::weights::Cuts;
use super::{OnCpu, Task, Timeline};
use crate::perf::model::{Class, Sampling, Summary, SyscallTotals, Tracepoints};

/// The summary: what was given, and what the timeline says.
pub(super) fn summary(timeline: &Timeline, walks: &[Walk], idle: Option<u64>, cuts: Cuts) -> Summary {
    let (begin, end) = timeline.wall;
    let processes: BTreeSet<u32> = timeline.tasks.iter().map(|task| task.pid).collect();
    let mut summary = Summary {
        profile: timeline.given.profile.clone(),
        target: timeline.given.target.clone(),
        wall_time_ns: end.saturating_sub(begin).into(),
        idle_ns: idle,
        processes: Some(processes.len() as u64),
        threads: Some(timeline.tasks.len() as u64),
        ..timeline.given.summary.clone()
    };
    if timeline.has_calls {
        let (totals, classes) = calls(&timeline.tasks);
        summary.syscalls = Some(totals);
        summary.io_by_class = Some(classes);
    }
    summary.sampling = summary.sampling.map(|given| sampling(given, &timeline.tasks, walks, cuts));
    summary.tracepoints = Some(tracepoints(summary.tracepoints.unwrap_or_default(), walks));
    if idle.is_none() {
        let missing = summary.not_measured.get_or_insert_default();
        missing.add("idle", "no switch records, and more than one task");
    }
    summary
}

fn calls(tasks: &[Task]) -> (SyscallTotals, BTreeMap<String, Class>) {
    let mut totals = SyscallTotals::default();
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for call in tasks.iter().flat_map(|task| &task.calls) {
        totals.calls += 1;
        totals.errors += u64::from(call.failed);
        totals.time_ns = totals.time_ns.saturating_add(call.left.saturating_sub(call.entered));
        *totals.by_name.entry(call.name.clone()).or_default() += 1;
        let Some(class) = &call.class else { continue };
        let class = classes.entry(class.clone()).or_default();
        class.calls += 1;
        class.read_bytes = class.read_bytes.saturating_add(call.read_bytes);
        class.written_bytes = class.written_bytes.saturating_add(call.written_bytes);
    }
    (totals, classes)
}

fn sampling(given: Sampling, tasks: &[Task], walks: &[Walk], cuts: Cuts) -> Sampling {
    let samples: u64 = tasks.iter().map(|task| task.samples.len() as u64).sum();
    let ran = |(task, walk): (&Task, &Walk)| match &task.on_cpu {
        OnCpu::Total(total) => *total,
        _ => walk.ran.slices().map(|(from, to)| to - from).sum(),
    };
    let on_cpu: u64 = tasks.iter().zip(walks).map(ran).sum();
    // One decimal: more would say nothing.
    let hz = || (samples as f64 * 1e10 / on_cpu as f64).round() / 10.0;
    Sampling {
        achieved_hz: (on_cpu > 0).then(hz),
        samples: Some(samples),
        truncated: Some(cuts.truncated),
        uncut: Some(cuts.uncut),
        ..given
    }
}

fn tracepoints(given: Tracepoints, walks: &[Walk]) -> Tracepoints {
    let sum = |of: fn(&Walk) -> u64| walks.iter().map(of).sum();
    Tracepoints {
        calls: sum(|walk| walk.calls),
        unmatched_exits: sum(|walk| walk.unmatched_exits),
        unclosed: sum(|walk| walk.unclosed),
        abandoned: sum(|walk| walk.abandoned),
        ..given
    }
}
