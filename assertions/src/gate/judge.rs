//! A verdict for each benchmark: which rule its data are good for, and what that rule says.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Design, Parameters, Row, Rule, Verdict};
use super::series::{Key, Series, of_side};
use super::time::{self, Comparison};
use super::{Side, ci_upper, counters};
use crate::statistics::{holm, median_of};

/// What is said of all benchmarks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judged {
    /// By id and metric.
    pub rows: Vec<Row>,
    /// Statistical comparisons.
    pub family_size: usize,
    /// Benchmarks that failed themselves, a line each.
    pub failures: Vec<String>,
}

/// Compares two sides.
pub fn judge(baseline: &Side, candidate: &Side, parameters: &Parameters) -> Judged {
    let mut before = of_side(baseline, parameters);
    let after = of_side(candidate, parameters);
    for (key, series) in &after {
        if let (false, Some(old)) = (before.contains_key(key), series.before()) {
            before.insert(key.clone(), old);
        }
    }
    let hosts_differ = match (&baseline.host_digest, &candidate.host_digest) {
        (Some(a), Some(b)) => a != b && !parameters.allow_mixed_hosts,
        _ => false,
    };
    let mut judged = Judged { rows: Vec::new(), family_size: 0, failures: Vec::new() };
    let mut family: Vec<(usize, Comparison)> = Vec::new();
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (row, comparison) = one(key, &before, &after, &parameters.of(&key.0));
        if let Some(reason) = row.reason.as_ref().filter(|reason| reason.starts_with(RUN_FAILED)) {
            judged.failures.push(format!("{}: {reason}", row.bench_id));
        }
        family.extend(comparison.map(|comparison| (judged.rows.len(), comparison)));
        judged.rows.push(row);
    }
    judged.family_size = family.len();
    let ps: Vec<f64> = family.iter().map(|(_, comparison)| comparison.p()).collect();
    let steps = holm(&ps, parameters.family_alpha);
    for ((at, comparison), step) in family.iter().zip(steps) {
        if let Some(row) = judged.rows.get_mut(*at) {
            let own = parameters.of(&row.bench_id);
            comparison.judge(row, step, family.len(), &own);
            if hosts_differ {
                row.verdict = Verdict::NotMeasured;
                row.reason = Some("host-mismatch: the baseline is of another machine".to_owned());
            }
        }
    }
    judged
}

/// Why a benchmark that failed itself has no verdict.
const RUN_FAILED: &str = "run-failed";

fn one(
    key: &Key,
    before: &BTreeMap<Key, Series>,
    after: &BTreeMap<Key, Series>,
    parameters: &Parameters,
) -> (Row, Option<Comparison>) {
    let (a, b) = (before.get(key), after.get(key));
    let mut row = row(key, a, b, parameters);
    let (Some(a), Some(b)) = (a, b) else {
        row.verdict = if a.is_some() { Verdict::Vanished } else { Verdict::New };
        return (row, None);
    };
    if let Some(why) = b.failed.as_ref().or(a.failed.as_ref()) {
        row.reason = Some(format!("{RUN_FAILED}: {why}"));
        return (row, None);
    }
    if b.exact {
        counters::judge(&mut row, &a.plain(), &b.plain(), 0.0);
        return (row, None);
    }
    if row.design == Design::CiUpper {
        by_upper(&mut row, parameters);
        return (row, None);
    }
    match time::compare(&key.0, row.design, a, b, parameters) {
        Ok(comparison) => (row, Some(comparison)),
        Err(reason) => {
            (row.verdict, row.reason) = (Verdict::Inconclusive, Some(reason));
            (row, None)
        }
    }
}

fn row(key: &Key, a: Option<&Series>, b: Option<&Series>, parameters: &Parameters) -> Row {
    let any = b.or(a);
    let count = |series: Option<&Series>| series.map_or(0, |series| series.values.len());
    let design = design(a, b, parameters.rule);
    let value = |series: Option<&Series>| match design {
        // As the origin has it: without an interval it is 0.
        Design::CiUpper => series.map(|series| series.upper.unwrap_or(0.0)),
        _ => series.and_then(|series| median_of(&series.plain())),
    };
    let metric = if design == Design::CiUpper { "ci-upper".to_owned() } else { key.1.clone() };
    Row::unjudged(
        (key.0.clone(), any.map(|series| series.group.clone()).unwrap_or_default()),
        (metric, any.map(|series| series.unit.clone()).unwrap_or_default()),
        design,
        (count(a), count(b)),
        (value(a), value(b)),
    )
}

fn design(a: Option<&Series>, b: Option<&Series>, rule: Rule) -> Design {
    let is = |of: &dyn Fn(&Series) -> bool| a.into_iter().chain(b).all(of);
    let alone = is(&|series| series.values.len() == 1);
    match rule {
        _ if b.or(a).is_some_and(|series| series.exact) => Design::CounterExact,
        Rule::CiUpper => Design::CiUpper,
        Rule::Auto if alone && is(&|series| series.samples.is_none() && series.upper.is_some()) => Design::CiUpper,
        Rule::Auto if alone => Design::Single,
        Rule::Single => Design::Single,
        _ => match (a, b) {
            (Some(a), Some(b)) => time::design_of_runs(a, b),
            _ => Design::Sequential,
        },
    }
}

fn by_upper(row: &mut Row, parameters: &Parameters) {
    let delta = ci_upper::delta_percent(row.baseline_value.unwrap_or(0.0), row.candidate_value.unwrap_or(0.0));
    row.delta_percent = Some(delta);
    row.verdict = ci_upper::verdict(delta, parameters.limit_percent);
    row.reason = Some("no error control: single runs, fixed threshold".to_owned());
}
