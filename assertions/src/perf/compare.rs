//! Comparing: budgets of each tracepoint, then its baseline.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::{Drift, Entry, Finding, Limits, Measure, Method, PerfReport, Side};
use crate::statistics::{self, ALPHA, FAMILY, Interval, Null};

/// Percent that floats may be off, so that a change of exactly the tolerance is none.
const SLACK_PCT: f64 = 1e-9;

/// Holds a document against its budgets, and against a baseline.
pub fn compare(current: &Side, baseline: Option<&Side>, limits: Limits) -> PerfReport {
    let mut entries: Vec<Entry> = current.measures.iter().map(budgets).collect();
    if let Some(baseline) = baseline {
        against(&mut entries, current, baseline, limits);
    }
    for entry in &mut entries {
        entry.findings.sort_unstable();
    }
    entries.sort_by(order);
    PerfReport {
        profile: current.profile.clone(),
        target: current.target.clone(),
        cpu_source: current.cpu_source.clone(),
        limits,
        method: baseline.map(|baseline| Method::of(current.runs, baseline.runs)),
        entries,
    }
}

/// By drift from the budget, then by time, then by id. A budget of 0 is exceeded without measure and comes first.
fn order(a: &Entry, b: &Entry) -> Ordering {
    let drift = |entry: &Entry| entry.over.map(|over| over.pct.unwrap_or(f64::INFINITY));
    let descending = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    descending(drift(a), drift(b))
        .then_with(|| descending(a.cpu_us, b.cpu_us))
        .then_with(|| descending(a.baseline_cpu_us, b.baseline_cpu_us))
        .then_with(|| a.id.cmp(&b.id))
}

fn budgets(measure: &Measure) -> Entry {
    let cpu_us = statistics::median_of(&measure.cpu_us);
    let over = cpu_us.zip(measure.budget_cpu_us).map(|(cpu_us, budget)| Drift::of(cpu_us, budget as f64));
    let mut entry = Entry {
        id: measure.id,
        label: measure.label.clone(),
        cpu_us,
        budget_cpu_us: measure.budget_cpu_us,
        over,
        calls: measure.calls,
        mem_bytes: measure.mem_bytes,
        budget_mem_bytes: measure.budget_mem_bytes,
        io_bytes: measure.io_bytes,
        budget_io_bytes: measure.budget_io_bytes,
        ..Entry::default()
    };
    if over.is_some_and(|over| over.us > 0.0) {
        entry.findings.push(Finding::OverBudgetCpu);
    }
    let mut missing = Vec::new();
    for (budget, value, finding, words) in [
        (measure.budget_mem_bytes, measure.mem_bytes, Finding::OverBudgetMem, "budget_mem_bytes declared, memory"),
        (measure.budget_gpu_us, None, Finding::NotMeasured, "budget_gpu_us declared, GPU time"),
        (measure.budget_io_bytes, measure.io_bytes, Finding::OverBudgetIo, "budget_io_bytes declared, I/O"),
    ] {
        match (budget, value) {
            (Some(budget), Some(value)) if value > budget => entry.findings.push(finding),
            (Some(_), None) => missing.push(format!("{words} not measured")),
            _ => {}
        }
    }
    if !missing.is_empty() {
        entry.findings.push(Finding::NotMeasured);
        entry.reason = Some(missing.join("; "));
    }
    entry
}

fn against(entries: &mut Vec<Entry>, current: &Side, baseline: &Side, limits: Limits) {
    let known: HashMap<u64, &Measure> = baseline.measures.iter().map(|measure| (measure.id, measure)).collect();
    let comparable = comparable(current, baseline);
    let intervals = Intervals::of(current, &known, limits);
    for (entry, measure) in entries.iter_mut().zip(&current.measures) {
        let Some(base) = known.get(&entry.id) else {
            entry.findings.push(Finding::Added);
            continue;
        };
        let (Some(value), Some(before)) = (entry.cpu_us, statistics::median_of(&base.cpu_us)) else { continue };
        let change = Drift::of(value, before);
        entry.baseline_cpu_us = Some(before);
        entry.baseline_calls = base.calls;
        entry.change = Some(change);
        if let Err(why) = &comparable {
            entry.undecided(why);
            continue;
        }
        match intervals.by_id.get(&entry.id) {
            Some((interval, rejected)) => {
                entry.method = Some(Method::RunsUnpaired);
                entry.by_interval(*interval, *rejected, change, limits);
            }
            None => {
                entry.method = Some(by_medians(measure.cpu_us.len(), base.cpu_us.len()));
                entry.findings.extend(by_threshold(change, limits));
            }
        }
    }
    let here: HashMap<u64, ()> = current.measures.iter().map(|measure| (measure.id, ())).collect();
    entries.extend(baseline.measures.iter().filter(|measure| !here.contains_key(&measure.id)).map(|measure| Entry {
        id: measure.id,
        label: measure.label.clone(),
        baseline_cpu_us: statistics::median_of(&measure.cpu_us),
        baseline_calls: measure.calls,
        findings: vec![Finding::Removed],
        ..Entry::default()
    }));
}

/// Are the times of both of one kind?
fn comparable(current: &Side, baseline: &Side) -> Result<(), String> {
    let kind = |source: &str| match source {
        "on-cpu" => "on-CPU time".to_owned(),
        other => format!("{other} time"),
    };
    match (&current.cpu_source, &baseline.cpu_source) {
        (Some(a), Some(b)) if a != b => Err(format!("it is {}, the baseline {}", kind(a), kind(b))),
        _ => Ok(()),
    }
}

/// A time of 0 has no ratio: then medians decide, however many runs there are.
fn by_medians(current: usize, baseline: usize) -> Method {
    match Method::of(current, baseline) {
        Method::RunsUnpaired => Method::MedianThreshold,
        method => method,
    }
}

fn by_threshold(change: Drift, limits: Limits) -> Option<Finding> {
    let enough = change.us.abs() >= limits.min_us - SLACK_PCT && change.us != 0.0;
    let beyond = change.pct.is_none_or(|pct| pct.abs() > limits.tolerance_pct + SLACK_PCT);
    match (enough && beyond, change.us > 0.0) {
        (false, _) => None,
        (true, true) => Some(Finding::Regressed),
        (true, false) => Some(Finding::Improved),
    }
}

/// The intervals of all tracepoints with enough runs on both sides, and which of them are slower with all in view.
struct Intervals {
    by_id: HashMap<u64, (Interval, bool)>,
}

impl Intervals {
    fn of(current: &Side, baseline: &HashMap<u64, &Measure>, limits: Limits) -> Self {
        let limit = limit(limits);
        let mut nulls: HashMap<(usize, usize), Null> = HashMap::new();
        let mut found: Vec<(u64, Interval)> = Vec::new();
        for measure in &current.measures {
            let Some(base) = baseline.get(&measure.id) else { continue };
            let (before, after) = (statistics::last(&base.cpu_us), statistics::last(&measure.cpu_us));
            let (a, b) = (before.len(), after.len());
            if Method::of(b, a) != Method::RunsUnpaired {
                continue;
            }
            let null = nulls.entry((a, b)).or_insert_with(|| Null::unpaired(a, b));
            if let Some(interval) = statistics::interval(after, before, limit, ALPHA, null) {
                found.push((measure.id, interval));
            }
        }
        let ps: Vec<f64> = found.iter().map(|(_, interval)| interval.p).collect();
        let rejected = statistics::rejected(&ps, ALPHA, FAMILY);
        Intervals { by_id: found.into_iter().zip(rejected).map(|((id, interval), is)| (id, (interval, is))).collect() }
    }
}

/// The tolerance as the logarithm of a ratio.
fn limit(limits: Limits) -> f64 {
    (limits.tolerance_pct / 100.0).ln_1p()
}

impl Entry {
    fn by_interval(&mut self, interval: Interval, rejected: bool, change: Drift, limits: Limits) {
        let limit = limit(limits);
        let enough = change.us.abs() >= limits.min_us;
        let percent = |log: f64| log.exp_m1() * 100.0;
        if interval.lower > limit && rejected {
            self.findings.extend(enough.then_some(Finding::Regressed));
        } else if interval.upper < -limit {
            self.findings.extend(enough.then_some(Finding::Improved));
        } else if interval.upper > limit && enough {
            let (lower, upper) = (percent(interval.lower), percent(interval.upper));
            self.undecided(&format!("the change is between {lower:+.1}% and {upper:+.1}%: more runs would decide"));
        }
    }

    fn undecided(&mut self, why: &str) {
        self.findings.push(Finding::Inconclusive);
        self.reason = Some(match self.reason.take() {
            Some(reason) => format!("{reason}; {why}"),
            None => why.to_owned(),
        });
    }
}
