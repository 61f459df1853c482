//! What the run took as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::sweep::Sweep;
use super::weights::Cuts;
use super::{Call, End, Timeline};
use crate::perf::model::{Class, Sampling, Summary, SyscallTotals, Tracepoints};

/// All calls of the system.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: u64,
    errors: u64,
    time_ns: u64,
    names: BTreeMap<Arc<str>, u64>,
    classes: BTreeMap<&'static str, Class>,
}

impl Calls {
    /// Counts one.
    pub(super) fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.errors += u64::from(call.failed);
        self.time_ns = self.time_ns.saturating_add(call.left.saturating_sub(call.entered));
        match self.names.get_mut(&call.name) {
            Some(count) => *count += 1,
            None => drop(self.names.insert(Arc::clone(&call.name), 1)),
        }
        let (read, written) = (call.read_bytes, call.written_bytes);
        match call.into {
            Some(into) => {
                self.touch(call.class, read, 0);
                self.touch(Some(into), 0, written);
            }
            None => self.touch(call.class, read, written),
        }
    }

    fn touch(&mut self, class: Option<&'static str>, read: u64, written: u64) {
        let Some(class) = class else { return };
        let class = self.classes.entry(class).or_default();
        class.calls += 1;
        class.read_bytes = class.read_bytes.saturating_add(read);
        class.written_bytes = class.written_bytes.saturating_add(written);
    }
}

/// The summary: what was given, and what the timeline says.
pub(super) fn summary(timeline: &Timeline, end: &End, idle: Option<u64>, cuts: Cuts) -> Summary {
    let (began, ended) = end.wall;
    let tasks = &timeline.tasks;
    let processes: BTreeSet<u32> = tasks.iter().map(|task| task.born.pid).collect();
    let mut summary = Summary {
        profile: end.given.profile.clone(),
        target: end.given.target.clone(),
        wall_time_ns: ended.saturating_sub(began).into(),
        idle_ns: idle,
        processes: Some(processes.len() as u64),
        threads: Some(tasks.len() as u64),
        ..end.given.summary.clone()
    };
    if let Some(calls) = &timeline.calls {
        summary.syscalls = Some(SyscallTotals {
            calls: calls.calls,
            errors: calls.errors,
            time_ns: calls.time_ns,
            by_name: calls.names.iter().map(|(name, count)| (name.to_string(), *count)).collect(),
        });
        let classes = calls.classes.iter().map(|(name, class)| ((*name).to_owned(), *class));
        summary.io_by_class = Some(classes.collect());
    }
    summary.sampling = summary.sampling.map(|given| sampling(given, timeline, end, cuts));
    summary.tracepoints = Some(tracepoints(summary.tracepoints.unwrap_or_default(), tasks));
    if idle.is_none() {
        let missing = summary.not_measured.get_or_insert_default();
        missing.add("idle", "no switch records, and more than one task");
    }
    summary
}

fn sampling(given: Sampling, timeline: &Timeline, end: &End, cuts: Cuts) -> Sampling {
    let Timeline { tasks, switches, .. } = timeline;
    let samples: u64 = tasks.iter().flat_map(|task| task.taken.values()).sum();
    let on_cpu = tasks.iter().enumerate().map(|(number, task)| match end.tasks.get(number).and_then(|task| task.ran) {
        _ if *switches => task.ran,
        ran => ran.unwrap_or(0),
    });
    let on_cpu: u64 = on_cpu.sum();
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

fn tracepoints(given: Tracepoints, tasks: &[Sweep]) -> Tracepoints {
    let sum = |of: fn(&Sweep) -> u64| tasks.iter().map(of).sum();
    Tracepoints {
        calls: sum(|task| task.calls),
        unmatched_exits: sum(|task| task.unmatched_exits),
        unclosed: sum(|task| task.unclosed),
        abandoned: sum(|task| task.abandoned),
        ..given
    }
}
