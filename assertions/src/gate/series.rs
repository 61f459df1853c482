//! What both sides know of each benchmark, run by run.

use std::collections::BTreeMap;

use super::{Parameters, Side, TIME, Values};

/// A benchmark and what was measured of it.
pub(super) type Key = (String, String);

/// The values of one benchmark on one side.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Series {
    pub group: String,
    pub unit: String,
    pub values: Vec<Value>,
    /// Of the last run.
    pub samples: Option<Vec<f64>>,
    /// Of the last run.
    pub upper: Option<f64>,
    pub exact: bool,
    pub old: Option<f64>,
    pub failed: Option<String>,
}

/// The value of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    pub value: f64,
    pub pair: Option<u64>,
    pub started: Option<u64>,
}

impl Series {
    pub(super) fn plain(&self) -> Vec<f64> {
        self.values.iter().map(|value| value.value).collect()
    }

    /// The old value that these results themselves hold, as a side.
    pub(super) fn before(&self) -> Option<Series> {
        let value = Value { value: self.old?, pair: None, started: None };
        Some(Series {
            group: self.group.clone(),
            unit: self.unit.clone(),
            values: vec![value],
            exact: self.exact,
            ..Series::default()
        })
    }
}

/// All benchmarks of a side, by id and metric.
pub(super) fn of_side(side: &Side, parameters: &Parameters) -> BTreeMap<Key, Series> {
    let mut all: BTreeMap<Key, Series> = BTreeMap::new();
    for run in &side.runs {
        for bench in &run.benches {
            let metric = parameters.of(&bench.id).metric;
            let what = if bench.what == TIME { metric.word().to_owned() } else { bench.what.clone() };
            let series = all.entry((bench.id.clone(), what)).or_default();
            series.group.clone_from(&bench.group);
            series.unit.clone_from(&bench.unit);
            let values = bench.run_values(metric);
            // Several values of one set of results are runs in turns with nobody: a pair or a start belongs to one.
            let alone = values.len() == 1;
            series.values.extend(values.into_iter().map(|value| Value {
                value,
                pair: run.pair.filter(|_| alone),
                started: run.started_at_unix_ms.filter(|_| alone),
            }));
            series.samples = match &bench.values {
                Values::Samples(samples) if samples.len() > 1 => Some(samples.clone()),
                _ => None,
            };
            series.upper = bench.upper;
            series.exact = matches!(bench.values, Values::Exact(_));
            series.old = bench.old;
            series.failed = series.failed.take().or_else(|| bench.failed.clone());
        }
    }
    all
}
