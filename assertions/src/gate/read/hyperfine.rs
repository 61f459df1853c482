//! hyperfine `--export-json`, 1.15 to 1.20: seconds, one process for each time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{BadResults, SECOND, json, time, times};
use crate::gate::{Bench, Values};

#[derive(Deserialize)]
struct Export {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    command: String,
    median: Option<f64>,
    mean: f64,
    #[serde(default)]
    times: Vec<f64>,
    #[serde(default)]
    exit_codes: Vec<Option<i64>>,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

/// Id: the command, and its parameters by name.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Bench>, BadResults> {
    let export: Export = json(bytes, "hyperfine")?;
    export.results.iter().enumerate().map(|(number, outcome)| bench(outcome, &format!("/results/{number}"))).collect()
}

fn bench(outcome: &Outcome, at: &str) -> Result<Bench, BadResults> {
    let mut id = outcome.command.clone();
    for (name, value) in &outcome.parameters {
        let value = value.as_str().map_or_else(|| value.to_string(), String::from);
        id.push_str(&format!(" {name}={value}"));
    }
    let values = if outcome.times.is_empty() {
        let middle = outcome.median.unwrap_or(outcome.mean);
        Values::Summary(time(middle, SECOND, || format!("{at}/median"))?)
    } else {
        Values::Runs(times(&outcome.times, SECOND, &format!("{at}/times"))?)
    };
    let failed = outcome.exit_codes.iter().find_map(|code| match code {
        Some(0) => None,
        Some(code) => Some(format!("a run ended with exit code {code}")),
        None => Some("a run was ended by a signal".to_owned()),
    });
    Ok(Bench { failed, ..Bench::time(id, values) })
}
