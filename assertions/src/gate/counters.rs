//! Counters: what differs by nothing but the program is compared without statistics.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::report::{Design, Row, Verdict};
use crate::CallCounts;
use crate::statistics::median_of;

/// `schema_version` of counters.
const SCHEMA: &str = "chic-trace.counters.v1";

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
    /// `calls`, `calls.NAME`, `calls.%CLASS`, `errors`, `errors.NAME`.
    pub name: String,
    /// `count`.
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

impl Counters {
    /// Of the calls of these runs. What one run did not do at all is 0 there.
    pub fn of(runs: &[CallCounts], argv: Vec<String>, host_digest: String) -> Counters {
        let runs: Vec<BTreeMap<String, u64>> = runs.iter().map(named).collect();
        let names: BTreeSet<&String> = runs.iter().flat_map(BTreeMap::keys).collect();
        let counter = |name: &&String| {
            let values: Vec<u64> = runs.iter().map(|run| run.get(*name).copied().unwrap_or(0)).collect();
            let same = values.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
            let class = if same { Class::Exact } else { Class::Noisy };
            Counter { name: (*name).clone(), unit: "count".to_owned(), class, values }
        };
        let counters = names.iter().map(counter).collect();
        Counters { schema_version: SCHEMA.to_owned(), runs: runs.len(), argv, host_digest, counters }
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

    fn values(&self, name: &str) -> Vec<f64> {
        let known = self.counters.iter().find(|counter| counter.name == name);
        // What was never counted was never done.
        known.map_or_else(|| vec![0.0; self.runs], |known| known.values.iter().map(|value| *value as f64).collect())
    }
}

/// The counters of a run by name.
fn named(counts: &CallCounts) -> BTreeMap<String, u64> {
    let errors = counts.errors.values().fold(0u64, |sum, n| sum.saturating_add(*n));
    let all = [("calls".to_owned(), counts.total()), ("errors".to_owned(), errors)];
    let by_name = counts.by_name.iter().map(|(name, n)| (format!("calls.{name}"), *n));
    let by_class = counts.by_class.iter().map(|(class, n)| (format!("calls.%{class}"), *n));
    let failed = counts.errors.iter().map(|(name, n)| (format!("errors.{name}"), *n));
    all.into_iter().chain(by_name).chain(by_class).chain(failed).collect()
}

/// A row for each counter of two programs. `allowed_percent`: what all calls together may grow by.
pub fn compare(id: &str, baseline: &Counters, candidate: &Counters, allowed_percent: f64) -> Vec<Row> {
    let both = baseline.counters.iter().chain(&candidate.counters);
    let names: BTreeSet<&String> = both.map(|counter| &counter.name).collect();
    let row = |name: &&String| {
        let (before, after) = (baseline.values(name), candidate.values(name));
        let mut row = Row::unjudged(
            (id.to_owned(), id.to_owned()),
            ((*name).clone(), "count".to_owned()),
            Design::CounterExact,
            (before.len(), after.len()),
            (median_of(&before), median_of(&after)),
        );
        judge(&mut row, &before, &after, if *name == "calls" { allowed_percent } else { 0.0 });
        row
    };
    names.iter().map(row).collect()
}

/// Fills in the verdict on a counter.
pub(super) fn judge(row: &mut Row, before: &[f64], after: &[f64], allowed_percent: f64) {
    if before.len() > 1 && !is_exact(before) {
        row.design = Design::CounterNoisy;
        row.verdict = noisy(before, after);
        if row.verdict == Verdict::Inconclusive {
            row.reason = Some("interval-too-wide: some runs are within the baseline, some are not".to_owned());
        }
        return;
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

    #[test]
    fn instructions_are_judged_by_their_minima() {
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1005.0]), Verdict::Pass);
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1006.0]), Verdict::Regressed);
        assert_eq!(minima(&[1000.0], &[990.0]), Verdict::Improved);
        assert_eq!(minima(&[], &[990.0]), Verdict::NotMeasured);
    }
}
