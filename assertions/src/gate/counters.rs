//! Counters: what differs by nothing but the program is compared without statistics.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::report::{Design, Row, Verdict};
use super::{Bench, Run, Values};
use crate::CallCounts;
use crate::statistics::median_of;

/// `schema_version` of counters.
const SCHEMA: &str = "chic-trace.counters.v1";

/// The counter that has a rule of its own.
const INSTRUCTIONS: &str = "instructions";

/// Counters that are the same in run after run until the machine lacks memory, and takes pages from the program: never
/// exact.
const FAULTS: &str = "faults.";

/// What a traced run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// Its calls.
    pub calls: CallCounts,
    /// Bytes moved out of objects.
    pub bytes_read: u64,
    /// Bytes moved into objects.
    pub bytes_written: u64,
}

/// What the kernel accounted for a run that was not traced, from its exec on; none where it was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounts {
    /// Instructions in user mode.
    pub instructions: Option<u64>,
    /// Page faults in user mode that no disk was read for.
    pub minor_faults: Option<u64>,
    /// Page faults in user mode that a disk was read for.
    pub major_faults: Option<u64>,
}

/// What was counted in several runs of one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Always the same.
    pub schema_version: String,
    /// How many runs.
    pub runs: usize,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Digest of the host.
    pub host_digest: String,
    /// By name.
    pub counters: Vec<Counter>,
}

/// A counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    /// `calls`, `calls.NAME`, `calls.%CLASS`, `errors`, `errors.NAME`, `bytes.read`, `bytes.written`, `faults.minor`,
    /// `faults.major`, `instructions`.
    pub name: String,
    /// `count`, `bytes`.
    pub unit: String,
    /// Is it the same in all runs?
    pub class: Class,
    /// Of each run.
    pub values: Vec<u64>,
}

/// What kind of counter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The same in all runs.
    Exact,
    /// Not the same.
    Noisy,
}

impl Counter {
    fn of(name: String, values: Vec<u64>) -> Counter {
        let same = values.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        let unit = if name.starts_with("bytes.") { "bytes" } else { "count" };
        Counter { name, unit: unit.to_owned(), class: if same { Class::Exact } else { Class::Noisy }, values }
    }
}

impl Counters {
    /// Of these runs. What one traced run did not do at all is 0 there; what the kernel accounts for is a counter where
    /// every run has it.
    pub fn of(traced: &[Traced], bare: &[Accounts], argv: Vec<String>, host_digest: String) -> Counters {
        let runs: Vec<BTreeMap<String, u64>> = traced.iter().map(named).collect();
        let names: BTreeSet<&String> = runs.iter().flat_map(BTreeMap::keys).collect();
        let of_calls = names.iter().map(|name| {
            let values = runs.iter().map(|run| run.get(*name).copied().unwrap_or(0)).collect();
            Counter::of((*name).clone(), values)
        });
        let mut counters: Vec<Counter> = of_calls.collect();
        let mut account = |name: &str, value: &dyn Fn(&Accounts) -> Option<u64>| {
            let values: Option<Vec<u64>> = bare.iter().map(value).collect();
            counters.extend(values.filter(|all| !all.is_empty()).map(|values| Counter::of(name.to_owned(), values)));
        };
        account(&format!("{FAULTS}minor"), &|run| run.minor_faults);
        account(&format!("{FAULTS}major"), &|run| run.major_faults);
        account(INSTRUCTIONS, &|run| run.instructions);
        Counters { schema_version: SCHEMA.to_owned(), runs: traced.len(), argv, host_digest, counters }
    }

    /// Reads a document; an error is why it is none.
    pub fn read(bytes: &[u8]) -> Result<Counters, String> {
        let read: Counters = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match read.schema_version.as_str() {
            SCHEMA => Ok(read),
            other => Err(format!("schema_version {other:?} is not {SCHEMA}")),
        }
    }

    /// The document, with a line feed at its end.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// The same as results of benchmarks.
    pub fn as_runs(&self, id: &str) -> Vec<Run> {
        let run = |at: usize| {
            let value = |counter: &Counter| {
                let value = Values::Exact(*counter.values.get(at)? as f64);
                Some(Bench::of(id, &counter.name, &counter.unit, value))
            };
            Run { benches: self.counters.iter().filter_map(value).collect(), ..Run::default() }
        };
        (0..self.runs).map(run).collect()
    }

    fn get(&self, name: &str) -> Option<&Counter> {
        self.counters.iter().find(|counter| counter.name == name)
    }

    /// What was never called was called 0 times; of anything else nothing is known.
    fn values(&self, name: &str) -> Option<Vec<f64>> {
        match self.get(name) {
            Some(known) => Some(known.values.iter().map(|value| *value as f64).collect()),
            None => ["calls.", "errors."].iter().any(|of| name.starts_with(of)).then(|| vec![0.0; self.runs]),
        }
    }
}

/// The counters of a traced run by name.
fn named(run: &Traced) -> BTreeMap<String, u64> {
    let counts = &run.calls;
    let errors = counts.errors.values().fold(0u64, |sum, n| sum.saturating_add(*n));
    let all = [
        ("calls".to_owned(), counts.total()),
        ("errors".to_owned(), errors),
        ("bytes.read".to_owned(), run.bytes_read),
        ("bytes.written".to_owned(), run.bytes_written),
    ];
    let by_name = counts.by_name.iter().map(|(name, n)| (format!("calls.{name}"), *n));
    let by_class = counts.by_class.iter().map(|(class, n)| (format!("calls.%{class}"), *n));
    let failed = counts.errors.iter().map(|(name, n)| (format!("errors.{name}"), *n));
    all.into_iter().chain(by_name).chain(by_class).chain(failed).collect()
}

/// A row for each counter of two programs. `allowed_percent`: what all calls together may grow by.
pub fn compare(id: &str, baseline: &Counters, candidate: &Counters, allowed_percent: f64) -> Vec<Row> {
    names(baseline, candidate).into_iter().map(|name| row(id, name, baseline, candidate, allowed_percent)).collect()
}

/// The same of two programs that were both just run: what differs from run to run, and is neither above nor below all
/// runs of the other, has no row, but its name is told.
pub fn compare_fresh(id: &str, old: &Counters, new: &Counters, allowed_percent: f64) -> (Vec<Row>, Vec<String>) {
    let steady = |name: &str| {
        let noisy = |side: &Counters| side.get(name).is_some_and(|counter| counter.class == Class::Noisy);
        !noisy(old) && !noisy(new)
    };
    let mut rows = Vec::new();
    let mut unsteady = Vec::new();
    for name in names(old, new) {
        let mut row = row(id, name, old, new, allowed_percent);
        if !steady(name)
            && name != INSTRUCTIONS
            && let Some((before, after)) = old.values(name).zip(new.values(name))
        {
            (row.design, row.verdict, row.reason) = (Design::CounterNoisy, noisy(&before, &after), None);
        }
        match row.verdict {
            Verdict::Inconclusive => unsteady.push(name.clone()),
            _ => rows.push(row),
        }
    }
    (rows, unsteady)
}

fn names<'a>(a: &'a Counters, b: &'a Counters) -> BTreeSet<&'a String> {
    a.counters.iter().chain(&b.counters).map(|counter| &counter.name).collect()
}

fn row(id: &str, name: &str, baseline: &Counters, candidate: &Counters, allowed_percent: f64) -> Row {
    let (before, after) = (baseline.values(name), candidate.values(name));
    let unit = baseline.get(name).or_else(|| candidate.get(name)).map_or("count", |counter| &counter.unit);
    let count = |values: &Option<Vec<f64>>| values.as_ref().map_or(0, Vec::len);
    let value = |values: &Option<Vec<f64>>| values.as_ref().and_then(|values| median_of(values));
    let mut row = Row::unjudged(
        (id.to_owned(), id.to_owned()),
        (name.to_owned(), unit.to_owned()),
        Design::CounterExact,
        (count(&before), count(&after)),
        (value(&before), value(&after)),
    );
    match (before, after) {
        (Some(before), Some(after)) if name == INSTRUCTIONS => {
            (row.design, row.verdict) = (Design::CounterMin, minima(&before, &after));
        }
        (Some(before), Some(after)) if name.starts_with(FAULTS) => by_all_runs(&mut row, &before, &after),
        (Some(before), Some(after)) => {
            judge(&mut row, &before, &after, if name == "calls" { allowed_percent } else { 0.0 });
        }
        (None, _) => row.verdict = Verdict::New,
        (_, None) => row.reason = Some("counter-unavailable: it was counted for the baseline, here it is not".into()),
    }
    row
}

/// Fills in the verdict on a counter.
pub(super) fn judge(row: &mut Row, before: &[f64], after: &[f64], allowed_percent: f64) {
    if before.len() > 1 && !is_exact(before) {
        return by_all_runs(row, before, after);
    }
    let Some(baseline) = before.first() else {
        row.reason = Some("no-samples: there are no runs".to_owned());
        return;
    };
    row.verdict = exact(*baseline, after, allowed_percent);
    if before.len() < RUNS {
        row.reason = Some(format!("taken as exact: {} of {RUNS} runs to tell", before.len()));
    }
}

fn by_all_runs(row: &mut Row, before: &[f64], after: &[f64]) {
    row.design = Design::CounterNoisy;
    row.verdict = noisy(before, after);
    if row.verdict == Verdict::Inconclusive {
        row.reason = Some("interval-too-wide: some runs are within the baseline, some are not".to_owned());
    }
}

/// Runs that show whether a counter is exact.
pub const RUNS: usize = 5;

/// What the smallest of several counts of instructions may grow by.
const MINIMA: f64 = 1.005;

/// Were all values the same?
pub fn is_exact(values: &[f64]) -> bool {
    values.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

/// A counter that was the same in all runs of the baseline. `allowed_percent`: what it may grow by.
pub fn exact(baseline: f64, candidate: &[f64], allowed_percent: f64) -> Verdict {
    let most = baseline * (1.0 + allowed_percent / 100.0);
    if candidate.iter().any(|value| *value > most) {
        Verdict::Regressed
    } else if candidate.iter().all(|value| *value < baseline) {
        Verdict::Improved
    } else {
        Verdict::Pass
    }
}

/// A counter that differed from run to run: only a candidate that is outside in all its runs says something.
pub fn noisy(baseline: &[f64], candidate: &[f64]) -> Verdict {
    let least = baseline.iter().copied().fold(f64::INFINITY, f64::min);
    let most = baseline.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all = |is: &dyn Fn(f64) -> bool| !candidate.is_empty() && candidate.iter().all(|value| is(*value));
    if all(&|value| value >= least && value <= most) {
        Verdict::Pass
    } else if all(&|value| value > most) {
        Verdict::Regressed
    } else if all(&|value| value < least) {
        Verdict::Improved
    } else {
        Verdict::Inconclusive
    }
}

/// Instructions: the smallest counts of both sides, whose spread from run to run is at most 0.2 %.
pub fn minima(baseline: &[f64], candidate: &[f64]) -> Verdict {
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (before, after) = (least(baseline), least(candidate));
    if !(before.is_finite() && after.is_finite() && before > 0.0) {
        Verdict::NotMeasured
    } else if after / before > MINIMA {
        Verdict::Regressed
    } else if after / before < 1.0 / MINIMA {
        Verdict::Improved
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_counters_need_no_statistics() {
        assert!(is_exact(&[3.0; 5]) && !is_exact(&[3.0, 4.0]));
        assert_eq!(exact(100.0, &[100.0; 5], 0.0), Verdict::Pass);
        assert_eq!(exact(100.0, &[100.0, 101.0], 0.0), Verdict::Regressed);
        assert_eq!(exact(100.0, &[99.0], 0.0), Verdict::Improved);
        assert_eq!(exact(100.0, &[104.0], 5.0), Verdict::Pass);
        assert_eq!(exact(0.0, &[1.0], 5.0), Verdict::Regressed);
    }

    #[test]
    fn noisy_counters_are_judged_by_all_runs() {
        let baseline = [10.0, 12.0, 11.0, 10.0, 13.0];
        for (candidate, expected) in [
            ([10.0, 13.0, 11.0, 12.0, 10.0], Verdict::Pass),
            ([14.0, 15.0, 14.0, 16.0, 14.0], Verdict::Regressed),
            ([9.0, 8.0, 9.0, 7.0, 9.0], Verdict::Improved),
            ([14.0, 15.0, 14.0, 16.0, 13.0], Verdict::Inconclusive),
        ] {
            assert_eq!(noisy(&baseline, &candidate), expected, "{candidate:?}");
        }
        assert_eq!(noisy(&baseline, &[]), Verdict::Inconclusive);
    }

    fn counters(counters: &[(&str, [u64; 5])]) -> Counters {
        let all = counters.iter().map(|(name, values)| Counter::of((*name).to_owned(), values.to_vec()));
        Counters {
            schema_version: SCHEMA.to_owned(),
            runs: 5,
            argv: vec!["x".to_owned()],
            host_digest: "here".to_owned(),
            counters: all.collect(),
        }
    }

    fn verdicts(rows: &[Row]) -> Vec<(&str, Verdict)> {
        rows.iter().map(|row| (row.metric.as_str(), row.verdict)).collect()
    }

    #[test]
    fn what_one_side_does_not_know_is_no_zero() {
        let old = counters(&[("calls", [3; 5]), ("calls.stat", [1; 5]), ("instructions", [9; 5])]);
        let new = counters(&[("bytes.read", [5; 5]), ("calls", [3; 5]), ("calls.open", [1; 5])]);
        assert_eq!(
            verdicts(&compare("x", &old, &new, 0.0)),
            [
                ("bytes.read", Verdict::New),
                ("calls", Verdict::Pass),
                ("calls.open", Verdict::Regressed),
                ("calls.stat", Verdict::Improved),
                ("instructions", Verdict::NotMeasured),
            ]
        );
    }

    #[test]
    fn what_differs_from_run_to_run_of_either_program_is_judged_by_all_runs() {
        let old = counters(&[("calls", [3; 5]), ("calls.a", [1; 5]), ("calls.b", [1; 5]), ("instructions", [1000; 5])]);
        let new = counters(&[
            ("calls", [3; 5]),
            ("calls.a", [1, 1, 1, 1, 2]),
            ("calls.b", [2, 2, 2, 2, 3]),
            ("instructions", [1001, 1002, 1001, 1009, 1001]),
        ]);
        let (rows, unsteady) = compare_fresh("x", &old, &new, 0.0);
        assert_eq!(
            verdicts(&rows),
            [("calls", Verdict::Pass), ("calls.b", Verdict::Regressed), ("instructions", Verdict::Pass)]
        );
        assert_eq!(unsteady, ["calls.a"]);
    }

    #[test]
    fn a_fault_that_others_may_have_caused_fails_nothing() {
        let side = |major: [u64; 5]| counters(&[("faults.major", major)]);
        let verdict = |after: [u64; 5]| compare("x", &side([0; 5]), &side(after), 0.0).pop().map(|row| row.verdict);
        assert_eq!(verdict([0; 5]), Some(Verdict::Pass));
        assert_eq!(verdict([0, 0, 1, 0, 0]), Some(Verdict::Inconclusive));
        assert_eq!(verdict([2, 1, 1, 3, 1]), Some(Verdict::Regressed));
        assert_eq!(compare_fresh("x", &side([0; 5]), &side([0, 1, 0, 0, 0]), 0.0).1, ["faults.major"]);
    }

    #[test]
    fn instructions_are_judged_by_their_minima() {
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1005.0]), Verdict::Pass);
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1006.0]), Verdict::Regressed);
        assert_eq!(minima(&[1000.0], &[990.0]), Verdict::Improved);
        assert_eq!(minima(&[], &[990.0]), Verdict::NotMeasured);
    }
}
