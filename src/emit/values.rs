//! Values for tools that draw them over time: Bencher's metric format, custom values of github-action-benchmark; and
//! the row that a pipeline of gates wants.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Findings, Outcome};

/// `{benchmark: {measure: {value, lower_value, upper_value}}}`.
pub fn bmf(findings: &Findings) -> String {
    let mut all: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    for case in &findings.cases {
        let Some(value) = case.value.as_ref().filter(|value| value.value.is_finite()) else { continue };
        let mut metric = Map::new();
        metric.insert("value".to_owned(), json!(value.value));
        if let Some((lower, upper)) = value.between {
            metric.insert("lower_value".to_owned(), json!(lower));
            metric.insert("upper_value".to_owned(), json!(upper));
        }
        all.entry(&value.of).or_default().insert(value.measure.clone(), Json::Object(metric));
    }
    text(&all)
}

/// `[{name, unit, value, range, extra}]`, smaller is better.
pub fn action_benchmark(findings: &Findings) -> String {
    let entry = |case: &super::Case| {
        let value = case.value.as_ref().filter(|value| value.value.is_finite())?;
        let name = if value.measure == LATENCY { value.of.clone() } else { format!("{} {}", value.of, value.measure) };
        let mut entry = json!({"name": name, "unit": value.unit, "value": value.value, "extra": case.outcome.word()});
        if let (Some((lower, upper)), Some(object)) = (value.between, entry.as_object_mut()) {
            object.insert("range".to_owned(), json!(format!("{lower} to {upper}")));
        }
        Some(entry)
    };
    text(&findings.cases.iter().filter_map(entry).collect::<Vec<_>>())
}

/// What a time is called by Bencher.
pub const LATENCY: &str = "latency";

/// The row of gate G6 of frankenjax. What is not decided is no pass.
pub fn gate_row(findings: &Findings) -> String {
    let open = |outcome: Outcome| matches!(outcome, Outcome::Failed | Outcome::Undecided | Outcome::NotMeasured);
    let failures = findings.cases.iter().filter(|case| open(case.outcome)).count();
    text(&json!({
        "gate_id": "G6",
        "name": "performance_regression",
        "status": if findings.status == "pass" { "pass" } else { "fail" },
        "duration_ms": findings.took_ms,
        "failure_count": failures,
    }))
}

fn text(document: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(document).map(|text| text + "\n").unwrap_or_default()
}
