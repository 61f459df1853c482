//! google-benchmark JSON: rows of one repetition each, which are samples of one run.

use serde::Deserialize;

use super::{BadResults, SECOND, json, time};
use crate::gate::{Bench, Values};

#[derive(Deserialize)]
struct Document {
    benchmarks: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    #[serde(default)]
    run_name: Option<String>,
    #[serde(default)]
    run_type: Option<String>,
    #[serde(default)]
    repetition_index: u64,
    #[serde(default)]
    real_time: Option<f64>,
    #[serde(default)]
    time_unit: Option<String>,
    #[serde(default)]
    error_occurred: bool,
    #[serde(default)]
    error_message: Option<String>,
}

/// Real times; aggregates are passed over.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Bench>, BadResults> {
    let document: Document = json(bytes, "google-benchmark")?;
    let mut benches: Vec<(Bench, Vec<(u64, f64)>)> = Vec::new();
    for (number, row) in document.benchmarks.into_iter().enumerate() {
        if row.run_type.as_deref().is_some_and(|kind| kind != "iteration") {
            continue;
        }
        let at = |key: &str| format!("/benchmarks/{number}/{key}");
        let id = row.run_name.unwrap_or(row.name);
        let failed = row.error_occurred.then(|| row.error_message.unwrap_or_else(|| "it says no more".to_owned()));
        let value = match (row.real_time, &failed) {
            (Some(value), None) => Some(time(value, factor(row.time_unit.as_deref(), &at)?, || at("real_time"))?),
            (None, None) => return Err(BadResults::at(at("real_time"), "there is no time")),
            _ => None,
        };
        let place = benches.iter().position(|(bench, _)| bench.id == id).unwrap_or(benches.len());
        if place == benches.len() {
            benches.push((Bench::time(id, Values::Samples(Vec::new())), Vec::new()));
        }
        if let Some((bench, samples)) = benches.get_mut(place) {
            samples.extend(value.map(|value| (row.repetition_index, value)));
            bench.failed = bench.failed.take().or(failed);
        }
    }
    let in_order = |(bench, mut samples): (Bench, Vec<(u64, f64)>)| {
        samples.sort_by_key(|(index, _)| *index);
        Bench { values: Values::Samples(samples.into_iter().map(|(_, value)| value).collect()), ..bench }
    };
    Ok(benches.into_iter().map(in_order).collect())
}

fn factor(unit: Option<&str>, at: &dyn Fn(&str) -> String) -> Result<f64, BadResults> {
    match unit.unwrap_or("ns") {
        "ns" => Ok(1.0),
        "us" => Ok(1e3),
        "ms" => Ok(1e6),
        "s" => Ok(SECOND),
        other => Err(BadResults::at(at("time_unit"), format!("{other:?} is none of ns, us, ms, s"))),
    }
}
