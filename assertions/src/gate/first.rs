//! The report of frankenjax, `frankenjax.perf-delta.v1`: written, and read to see whether it contradicts itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::report::{GateReport, Inconclusive, Overall, Row, Verdict};
use super::{Side, ci_upper};

/// Its `schema_version`.
const SCHEMA: &str = "frankenjax.perf-delta.v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    schema_version: String,
    generated_at_unix_ms: u64,
    baseline_id: String,
    candidate_id: String,
    regression_threshold_percent: f64,
    benchmarks: Vec<Benchmark>,
    regressions: Vec<Regression>,
    overall_status: Status,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Benchmark {
    bench_id: String,
    group: String,
    baseline_p95_ns: f64,
    candidate_p95_ns: f64,
    delta_percent: f64,
    status: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk_note_ref: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Regression {
    bench_id: String,
    delta_percent: f64,
    justified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    risk_note_ref: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Pass,
    Regressed,
    Improved,
    RiskNoted,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Pass,
    Fail,
}

/// The document; `None` without a benchmark of time, because its schema demands one.
pub fn first(report: &GateReport) -> Option<String> {
    let benchmarks: Vec<Benchmark> =
        report.rows.iter().filter(|row| row.unit == "ns").map(|row| benchmark(row, report)).collect();
    if benchmarks.is_empty() {
        return None;
    }
    let worse = |benchmark: &&Benchmark| matches!(benchmark.status, Word::Regressed | Word::RiskNoted);
    let regressions = benchmarks
        .iter()
        .filter(worse)
        .map(|benchmark| Regression {
            bench_id: benchmark.bench_id.clone(),
            delta_percent: benchmark.delta_percent,
            justified: benchmark.status == Word::RiskNoted,
            risk_note_ref: benchmark.risk_note_ref.clone(),
        })
        .collect();
    let sha = |side: &Side| side.git_sha.as_deref().map_or("unknown".to_owned(), |sha| sha.chars().take(8).collect());
    let document = Report {
        schema_version: SCHEMA.to_owned(),
        generated_at_unix_ms: report.generated_at_unix_ms,
        baseline_id: format!("{}@{}", report.baseline.name, sha(&report.baseline)),
        candidate_id: sha(&report.candidate),
        regression_threshold_percent: report.parameters.limit_percent,
        benchmarks,
        regressions,
        overall_status: match report.overall() {
            Overall::Pass => Status::Pass,
            Overall::Fail | Overall::Inconclusive => Status::Fail,
        },
    };
    serde_json::to_string_pretty(&document).ok().map(|text| text + "\n")
}

fn benchmark(row: &Row, report: &GateReport) -> Benchmark {
    let status = match row.verdict {
        Verdict::Pass | Verdict::New => Word::Pass,
        Verdict::Improved => Word::Improved,
        Verdict::RiskNoted => Word::RiskNoted,
        Verdict::Regressed | Verdict::Vanished => Word::Regressed,
        Verdict::Inconclusive | Verdict::NotMeasured => match report.parameters.inconclusive {
            Inconclusive::Pass => Word::Pass,
            Inconclusive::Code | Inconclusive::Fail => Word::Regressed,
        },
    };
    let (before, after) = (row.baseline_value.unwrap_or(0.0), row.candidate_value.unwrap_or(0.0));
    Benchmark {
        // What a run of a program took is several times: each needs an id of its own here.
        bench_id: match &report.measurement {
            Some(_) => format!("{}/{}", row.bench_id, row.metric),
            None => row.bench_id.clone(),
        },
        group: row.group.clone(),
        baseline_p95_ns: before,
        candidate_p95_ns: after,
        delta_percent: row.delta_percent.unwrap_or_else(|| ci_upper::delta_percent(before, after)),
        status,
        risk_note_ref: row.risk_note_ref.clone(),
    }
}

/// Why a document is no report of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReport(String);

/// Reads a report, and says what in it contradicts the rest.
pub fn verify(bytes: &[u8]) -> Result<Vec<String>, NoReport> {
    let document: Value = serde_json::from_slice(bytes).map_err(|error| NoReport(format!("no JSON: {error}")))?;
    if document.get("packet_id").is_some() {
        return Err(NoReport("not a perf-delta report: has `packet_id`".to_owned()));
    }
    let report =
        Report::deserialize(&document).map_err(|error| NoReport(format!("not a perf-delta report: {error}")))?;
    valid(&report).map_err(|why| NoReport(format!("not a perf-delta report: {why}")))?;
    Ok(contradictions(&report))
}

fn valid(report: &Report) -> Result<(), String> {
    let threshold = report.regression_threshold_percent;
    if report.schema_version != SCHEMA {
        return Err(format!("/schema_version: {:?} is not {SCHEMA}", report.schema_version));
    }
    if report.baseline_id.is_empty() || report.candidate_id.is_empty() {
        return Err("an id of a side is empty".to_owned());
    }
    if !(0.0..100.0).contains(&threshold) {
        return Err(format!("/regression_threshold_percent: {threshold} is not from 0 to 100"));
    }
    if report.benchmarks.is_empty() {
        return Err("/benchmarks: there is none".to_owned());
    }
    for (number, benchmark) in report.benchmarks.iter().enumerate() {
        let Benchmark { bench_id, group, baseline_p95_ns, candidate_p95_ns, risk_note_ref, .. } = benchmark;
        if bench_id.is_empty() || group.is_empty() || risk_note_ref.as_ref().is_some_and(String::is_empty) {
            return Err(format!("/benchmarks/{number}: a text is empty"));
        }
        if *baseline_p95_ns < 0.0 || *candidate_p95_ns < 0.0 {
            return Err(format!("/benchmarks/{number}: a time is below 0"));
        }
    }
    match report.regressions.iter().position(|regression| regression.bench_id.is_empty()) {
        Some(number) => Err(format!("/regressions/{number}: a text is empty")),
        None => Ok(()),
    }
}

fn contradictions(report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    let listed = |id: &str| report.regressions.iter().find(|regression| regression.bench_id == id);
    for benchmark in &report.benchmarks {
        let id = &benchmark.bench_id;
        match (benchmark.status, listed(id)) {
            (Word::Regressed, None) => found.push(format!("{id} is regressed, and not among the regressions")),
            (Word::RiskNoted, None) => found.push(format!("{id} is risk_noted, and not among the regressions")),
            (Word::Regressed, Some(listed)) if listed.justified => {
                found.push(format!("{id} is regressed, and its regression justified"));
            }
            (Word::RiskNoted, Some(listed)) if !listed.justified => {
                found.push(format!("{id} is risk_noted, and its regression not justified"));
            }
            (Word::Pass | Word::Improved, Some(_)) => {
                found.push(format!("{id} is among the regressions, and not regressed"));
            }
            _ => {}
        }
    }
    let known = |id: &str| report.benchmarks.iter().any(|benchmark| benchmark.bench_id == id);
    let unknown = report.regressions.iter().filter(|regression| !known(&regression.bench_id));
    found.extend(unknown.map(|regression| format!("{} is a regression of no benchmark", regression.bench_id)));
    let open = report.regressions.iter().filter(|regression| !regression.justified).count()
        + report.benchmarks.iter().filter(|b| b.status == Word::Regressed && listed(&b.bench_id).is_none()).count();
    if open > 0 && report.overall_status == Status::Pass {
        found.push(format!("overall_status is pass with {open} unjustified regressions"));
    }
    found
}
