//! What a check says of benchmarks as plain findings.

use assertions::gate::{GateReport, Inconclusive, Row, Verdict, amount};

use crate::emit::{Case, Findings, Found, LATENCY, Outcome, Value};

/// A case for each benchmark and measure; what fails the whole is a case of its own.
pub fn findings(report: &GateReport) -> Findings {
    let whole = report.failures.iter().map(|failure| Case {
        name: "gate".to_owned(),
        outcome: Outcome::Failed,
        found: vec![found("gate", Outcome::Failed, failure.clone())],
        ..Case::default()
    });
    let rows = report.rows.iter().map(|row| case(report, row));
    Findings {
        command: "gate check",
        status: report.overall().word().to_owned(),
        cases: whole.chain(rows).collect(),
        took_ms: 0,
    }
}

fn found(rule: &str, outcome: Outcome, message: String) -> Found {
    Found { rule: rule.to_owned(), outcome, message, ..Found::default() }
}

fn case(report: &GateReport, row: &Row) -> Case {
    let undecided = match report.parameters.inconclusive {
        Inconclusive::Code => Outcome::Undecided,
        Inconclusive::Pass => Outcome::Warned,
        Inconclusive::Fail => Outcome::Failed,
    };
    let outcome = match row.verdict {
        Verdict::Pass | Verdict::Improved | Verdict::New => Outcome::Passed,
        Verdict::Regressed if !report.regressions_fail => Outcome::Warned,
        Verdict::RiskNoted => Outcome::Warned,
        Verdict::Regressed | Verdict::Vanished => Outcome::Failed,
        Verdict::Inconclusive => undecided,
        Verdict::NotMeasured if undecided == Outcome::Undecided => Outcome::NotMeasured,
        Verdict::NotMeasured => undecided,
    };
    let name = name(report, row);
    let told = outcome != Outcome::Passed;
    Case {
        found: if told { vec![found(row.verdict.word(), outcome, message(row))] } else { Vec::new() },
        value: row.candidate_value.map(|value| self::value(row, value)),
        name,
        outcome,
        accept: None,
    }
}

/// What a benchmark and measure is called.
pub fn name(report: &GateReport, row: &Row) -> String {
    let usual = row.metric == report.parameters.metric.word();
    if usual { row.bench_id.clone() } else { format!("{} {}", row.bench_id, row.metric) }
}

fn message(row: &Row) -> String {
    let mut parts = vec![row.verdict.word().to_owned()];
    if let (Some(before), Some(after)) = (row.baseline_value, row.candidate_value) {
        parts.push(format!("{} against {}", amount(after, &row.unit), amount(before, &row.unit)));
    }
    parts.extend(row.delta_percent.map(|delta| match (row.lower_percent, row.upper_percent) {
        (Some(lower), Some(upper)) => format!("{delta:+.2} % [{lower:+.2}, {upper:+.2}]"),
        _ => format!("{delta:+.2} %"),
    }));
    parts.extend(row.reason.clone());
    parts.extend(row.risk_note_ref.as_ref().map(|note| format!("accepted by {note}")));
    parts.join(", ")
}

/// What the candidate took. Where the change has an interval, so has the value: as far as it holds the value itself.
fn value(row: &Row, value: f64) -> Value {
    let bound = |percent: Option<f64>| Some(row.baseline_value? * (1.0 + percent? / 100.0));
    let between = bound(row.lower_percent).zip(bound(row.upper_percent));
    let time = row.unit == "ns" && row.metric != "cpu";
    Value {
        of: row.bench_id.clone(),
        measure: if time { LATENCY.to_owned() } else { row.metric.clone() },
        unit: row.unit.clone(),
        value,
        between: between.filter(|(lower, upper)| *lower <= value && value <= *upper),
    }
}
