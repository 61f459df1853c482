//! `frankenjax.reliability-budgets.v1`: of this file only `perf_regression` is ours.

use serde::Deserialize;
use serde_json::Value;

/// What a budgets file says of regressions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// The limit.
    #[serde(default)]
    pub max_p95_regression_percent: Option<f64>,
    /// Name of the baseline.
    #[serde(default)]
    pub baseline_save_name: Option<String>,
    /// Which benchmarks.
    #[serde(default)]
    pub bench_filter: Option<String>,
    /// Do regressions fail?
    #[serde(default = "yes")]
    pub fail_on_unjustified_regression: bool,
}

fn yes() -> bool {
    true
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets {
            max_p95_regression_percent: None,
            baseline_save_name: None,
            bench_filter: None,
            fail_on_unjustified_regression: true,
        }
    }
}

impl Budgets {
    /// Reads the file; an error says where and why.
    pub fn read(bytes: &[u8]) -> Result<Budgets, String> {
        let document: Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
        match document.get("schema_version").and_then(Value::as_str) {
            Some("frankenjax.reliability-budgets.v1") => {}
            Some(other) => return Err(format!("/schema_version: {other:?} is not known")),
            None => return Err("/schema_version: it is missing".to_owned()),
        }
        let Some(block) = document.get("perf_regression") else { return Ok(Budgets::default()) };
        Budgets::deserialize(block).map_err(|error| format!("/perf_regression: {error}"))
    }
}
