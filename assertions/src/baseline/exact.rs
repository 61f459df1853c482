//! What carries no noise, compared exactly; and whose it is when it grew.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::compare::Status;
use super::metrics::{COLUMNS, EGRAPH, Function, Metrics};
use super::totals::{Totals, totals};

/// Entries of a blame list for each field.
const MOST: usize = 10;

/// A field of both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExactField {
    /// Its name.
    pub field: &'static str,
    /// Sum over the module.
    pub baseline: u64,
    /// Sum over the module.
    pub candidate: u64,
    /// What that means; none where the two can't be compared exactly.
    pub status: Option<Status>,
}

/// Somebody who has more of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blame {
    /// Of what.
    pub field: &'static str,
    /// `function` or `pass`.
    pub of: &'static str,
    /// Its name.
    pub name: String,
    /// Index of a function.
    pub func_idx: Option<u64>,
    /// Before.
    pub baseline: u64,
    /// After.
    pub candidate: u64,
}

/// Functions of one side only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OneSided {
    /// Of the candidate.
    pub appeared: Vec<String>,
    /// Of the baseline.
    pub vanished: Vec<String>,
}

/// Fields that are counted, not timed.
fn is_exact(column: &str) -> bool {
    !column.ends_with("_us")
}

/// Why two documents can't be compared exactly; none where they can.
pub fn obstacle(before: &Metrics, after: &Metrics) -> Option<String> {
    let part = |metrics: &Metrics, key: &str| metrics.extra("producer").and_then(|producer| producer.get(key)).cloned();
    ["name", "version", "target", "isa_flags_blake3"]
        .into_iter()
        .find(|key| part(before, key) != part(after, key))
        .map(|key| format!("they are of different producers: {key}"))
}

/// All exact fields; with verdicts where `judged`. Growth by so many percent is none.
pub fn fields(before: &Metrics, after: &Metrics, judged: bool, tolerance_percent: f64) -> Vec<ExactField> {
    let (a, b) = (totals(before), totals(after));
    let columns = COLUMNS.into_iter().filter(|column| is_exact(column));
    let pairs = std::iter::once(("expected_functions", before.expected_functions, after.expected_functions))
        .chain(columns.map(|column| (column, a.value(column), b.value(column))))
        .chain(EGRAPH.into_iter().enumerate().map(|(at, key)| (key, egraph(&a, at), egraph(&b, at))));
    let field = |(field, baseline, candidate): (&'static str, u64, u64)| {
        let most = baseline as f64 * (1.0 + tolerance_percent / 100.0);
        let status = if candidate > baseline && candidate as f64 > most {
            Status::Regressed
        } else if candidate < baseline {
            Status::Improved
        } else {
            Status::Ok
        };
        ExactField { field, baseline, candidate, status: judged.then_some(status) }
    };
    pairs.map(field).collect()
}

fn egraph(totals: &Totals, at: usize) -> u64 {
    totals.egraph.get(at).copied().unwrap_or(0)
}

/// Functions by name; where a name is there twice, by name and index.
fn by_name(metrics: &Metrics, twice: &BTreeSet<&str>) -> BTreeMap<(String, u64), Function> {
    let key = |function: &Function| {
        let index = if twice.contains(function.func_name.as_str()) { function.func_idx } else { 0 };
        (function.func_name.clone(), index)
    };
    metrics.functions.iter().map(|function| (key(function), function.clone())).collect()
}

fn twice(metrics: &Metrics) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    metrics.functions.iter().map(|f| f.func_name.as_str()).filter(|name| !seen.insert(*name)).collect()
}

/// Who has most more of these fields, most first; `compile_us` is the time of functions and passes.
pub fn blame(before: &Metrics, after: &Metrics, grown: &[&'static str]) -> (Vec<Blame>, OneSided) {
    let twice: BTreeSet<&str> = twice(before).into_iter().chain(twice(after)).collect();
    let (a, b) = (by_name(before, &twice), by_name(after, &twice));
    let mut all = Vec::new();
    for field in grown.iter().copied() {
        let value = |function: &Function| match field {
            "compile_us" => Some(function.stages_us()),
            field => function.value(field),
        };
        let of_function = |((name, _), now): (&(String, u64), &Function)| {
            let known = a.iter().find(|((known, _), old)| {
                known == name && (!twice.contains(name.as_str()) || old.func_idx == now.func_idx)
            });
            let baseline = known.map_or(Some(0), |(_, old)| value(old))?;
            let (func_idx, candidate) = (Some(now.func_idx), value(now)?);
            Some(Blame { field, of: "function", name: name.clone(), func_idx, baseline, candidate })
        };
        all.extend(largest(b.iter().filter_map(of_function)));
        all.extend(largest(passes(before, after, field).into_iter()));
    }
    let only = |of: &BTreeMap<(String, u64), Function>, other: &BTreeMap<(String, u64), Function>| {
        of.keys().filter(|key| !other.contains_key(key)).map(|(name, _)| name.clone()).collect()
    };
    (all, OneSided { appeared: only(&b, &a), vanished: only(&a, &b) })
}

fn largest(all: impl Iterator<Item = Blame>) -> Vec<Blame> {
    let mut grown: Vec<Blame> = all.filter(|blame| blame.candidate > blame.baseline).collect();
    grown
        .sort_by_key(|blame| (std::cmp::Reverse(blame.candidate - blame.baseline), blame.name.clone(), blame.func_idx));
    grown.truncate(MOST);
    grown
}

/// Passes of both sides by what they have of a field that passes have.
fn passes(before: &Metrics, after: &Metrics, field: &'static str) -> Vec<Blame> {
    let sums = |metrics: &Metrics| {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for pass in metrics.functions.iter().flat_map(|function| &function.ir_passes) {
            let value = match EGRAPH.iter().position(|key| *key == field) {
                Some(at) => pass.egraph.get(at).copied().flatten(),
                None if field == "compile_us" => Some(pass.duration_us),
                None => None,
            };
            if let Some(value) = value {
                let sum = sums.entry(pass.name.clone()).or_insert(0);
                *sum = sum.saturating_add(value);
            }
        }
        sums
    };
    let old = sums(before);
    let blame = |(name, candidate): (String, u64)| {
        let baseline = old.get(&name).copied().unwrap_or(0);
        Blame { field, of: "pass", name, func_idx: None, baseline, candidate }
    };
    sums(after).into_iter().map(blame).collect()
}
