//! pytest-benchmark 5 `--benchmark-json`: seconds, rounds are samples of one run.

use serde::Deserialize;

use super::{BadResults, SECOND, json, time, times};
use crate::gate::{Bench, Values};

#[derive(Deserialize)]
struct Document {
    benchmarks: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    fullname: String,
    #[serde(default)]
    group: Option<String>,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    median: f64,
    mean: f64,
    #[serde(default)]
    data: Vec<f64>,
}

/// Id: `fullname`. Without `data` there are only medians.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Bench>, BadResults> {
    let document: Document = json(bytes, "pytest-benchmark")?;
    let bench = |(number, row): (usize, Row)| {
        let at = format!("/benchmarks/{number}/stats");
        let values = if row.stats.data.is_empty() {
            Values::Summary(time(row.stats.median, SECOND, || format!("{at}/median"))?)
        } else {
            Values::Samples(times(&row.stats.data, SECOND, &format!("{at}/data"))?)
        };
        let mean = Some(time(row.stats.mean, SECOND, || format!("{at}/mean"))?);
        let bench = Bench { mean, ..Bench::time(row.fullname, values) };
        Ok(Bench { group: row.group.filter(|group| !group.is_empty()).unwrap_or(bench.group), ..bench })
    };
    document.benchmarks.into_iter().enumerate().map(bench).collect()
}
