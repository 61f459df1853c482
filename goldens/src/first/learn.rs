//! Learning: what all runs have in common is asserted, what varied is left out by name.

use std::collections::{BTreeMap, BTreeSet};

use super::golden::{Golden, LeftOut, Process, Shape, Task};
use super::observe::{Run, RunTask, Step};

/// Below this share of asserted calls a golden says too little, in percent.
const LEAST_ASSERTED: u64 = 60;

/// Why nothing was learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A run has no calls.
    #[error("a run has no calls")]
    Empty,
    /// A run was not seen whole.
    #[error("not all of a run could be seen: {0}")]
    Gap(String),
    /// The runs have too little in common.
    #[error("the runs differ too much: only {asserted} of {all} calls are the same in all {runs} runs")]
    TooVaried {
        /// Calls in common.
        asserted: u64,
        /// Calls of the first run.
        all: u64,
        /// Runs.
        runs: usize,
    },
}

/// Learns a golden from runs of one program.
///
/// # Errors
/// [`Refused`] when there is nothing to learn from.
pub fn learn(runs: &[Run]) -> Result<Golden, Refused> {
    let Some(first) = runs.first() else { return Err(Refused::Empty) };
    if runs.iter().any(|run| run.calls() == 0) {
        return Err(Refused::Empty);
    }
    if let Some(gap) = runs.iter().find_map(|run| run.gaps.first()) {
        return Err(Refused::Gap(gap.0.clone()));
    }
    let mut golden = Golden {
        runs: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        platform: std::env::consts::ARCH.to_owned(),
        argv: first.argv.clone(),
        asserts: (0, first.calls() as u64),
        processes: BTreeMap::new(),
        left_out: Vec::new(),
    };
    let keys: BTreeSet<&String> = runs.iter().flat_map(|run| run.processes.keys()).collect();
    for key in keys {
        learn_process(&mut golden, key, runs);
    }
    golden.left_out.sort();
    let (asserted, all) = golden.asserts;
    if asserted.saturating_mul(100) < all.saturating_mul(LEAST_ASSERTED) {
        return Err(Refused::TooVaried { asserted, all, runs: runs.len() });
    }
    Ok(golden)
}

fn learn_process(golden: &mut Golden, key: &str, runs: &[Run]) {
    let seen: Vec<_> = runs.iter().filter_map(|run| run.processes.get(key)).collect();
    let calls = |run: &Run| {
        run.processes.get(key).map_or(0, |process| process.tasks.values().map(|t| t.steps.len() as u64).sum())
    };
    if seen.len() < runs.len() {
        let counts = runs.iter().map(calls).collect();
        let (process, task, call) = (key.to_owned(), "*".to_owned(), "*".to_owned());
        golden.left_out.push(LeftOut { process, task, call, counts });
        return;
    }
    let exit = seen.first().map(|process| process.exit.clone());
    let exit = exit.filter(|exit| seen.iter().all(|process| process.exit == *exit));
    let mut process = Process { exit, tasks: BTreeMap::new() };
    let tasks: BTreeSet<&String> = seen.iter().flat_map(|process| process.tasks.keys()).collect();
    for task_key in tasks {
        let tasks: Vec<&RunTask> = seen.iter().filter_map(|process| process.tasks.get(task_key)).collect();
        let place = (key, task_key.as_str());
        if tasks.len() < runs.len() {
            let count = |at: &&crate::RunProcess| at.tasks.get(task_key).map_or(0, |t| t.steps.len() as u64);
            golden.left_out.push(left_out(place, "*", seen.iter().map(count).collect()));
            continue;
        }
        let (task, varied) = learn_task(&tasks);
        golden.asserts.0 += task.steps.iter().map(|(count, _)| count).sum::<u64>();
        golden.left_out.extend(varied.into_iter().map(|(call, counts)| left_out(place, &call, counts)));
        process.tasks.insert(task_key.clone(), task);
    }
    golden.processes.insert(key.to_owned(), process);
}

fn left_out((process, task): (&str, &str), call: &str, counts: Vec<u64>) -> LeftOut {
    LeftOut { process: process.into(), task: task.into(), call: call.into(), counts }
}

/// What the runs of a task have in common, and the calls whose number varied.
fn learn_task(runs: &[&RunTask]) -> (Task, Vec<(String, Vec<u64>)>) {
    let counted: Vec<BTreeMap<&Step, u64>> = runs.iter().map(|task| counts(task.steps.iter())).collect();
    let steps: BTreeSet<&Step> = counted.iter().flat_map(|counts| counts.keys().copied()).collect();
    let of = |counts: &BTreeMap<&Step, u64>, step: &Step| counts.get(step).copied().unwrap_or(0);
    let varies = |step: &&Step| {
        counted.iter().any(|counts| Some(of(counts, step)) != counted.first().map(|first| of(first, step)))
    };
    let varied: BTreeSet<&str> = steps.iter().filter(|step| varies(step)).map(|step| step.name.as_str()).collect();
    let kept = |task: &RunTask| -> Vec<Step> {
        task.steps.iter().filter(|step| !varied.contains(step.name.as_str())).cloned().collect()
    };
    let sequences: Vec<Vec<Step>> = runs.iter().map(|task| kept(task)).collect();
    let first = sequences.first().cloned().unwrap_or_default();
    let task = if sequences.iter().all(|sequence| *sequence == first) {
        Task { shape: Shape::Sequence, steps: first.into_iter().map(|step| (1, step)).collect() }
    } else {
        let bag = counts(first.iter());
        Task { shape: Shape::Bag, steps: bag.into_iter().map(|(step, count)| (count, step.clone())).collect() }
    };
    let by_run = |name: &str| {
        runs.iter().map(|task| task.steps.iter().filter(|step| step.name == name).count() as u64).collect()
    };
    (task, varied.iter().map(|name| ((*name).to_owned(), by_run(name))).collect())
}

/// How often each step occurs.
pub(crate) fn counts<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeMap<&'a Step, u64> {
    let mut counts = BTreeMap::new();
    for step in steps {
        *counts.entry(step).or_default() += 1;
    }
    counts
}
