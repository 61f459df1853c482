//! A comparison shown: lines, a page, the document `chic-trace.baseline-compare.v1`.

use std::fmt::Write as _;

use serde::Serialize;

use super::compare::{CompareOptions, Comparison, MeasureFinding, Status, WorkloadFinding};
use crate::perf::escaped;

/// What is said beside the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'a> {
    /// The summary that was compared with.
    pub baseline: &'a str,
    /// The other.
    pub candidate: &'a str,
    /// Milliseconds since 1970.
    pub generated_at_unix_ms: u64,
    /// What counted as a change.
    pub options: CompareOptions,
    /// `pass`, `fail`, `inconclusive`: the word of the exit code.
    pub overall_status: &'static str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'static str,
    generated_at_unix_ms: u64,
    baseline: &'a str,
    candidate: &'a str,
    thresholds: Thresholds,
    findings: &'a [WorkloadFinding],
    failures: &'a [String],
    overall_status: &'static str,
}

#[derive(Serialize)]
struct Thresholds {
    elapsed_percent: f64,
    compile_percent: f64,
    code_size_percent: f64,
    exact_percent: f64,
}

/// The document, with a line feed at its end.
pub fn json(comparison: &Comparison, shown: &Shown<'_>) -> String {
    let [elapsed_percent, compile_percent, code_size_percent] = shown.options.thresholds;
    let exact_percent = shown.options.exact_tolerance_percent;
    let document = Document {
        schema_version: "chic-trace.baseline-compare.v1",
        generated_at_unix_ms: shown.generated_at_unix_ms,
        baseline: shown.baseline,
        candidate: shown.candidate,
        thresholds: Thresholds { elapsed_percent, compile_percent, code_size_percent, exact_percent },
        findings: &comparison.findings,
        failures: &comparison.failures,
        overall_status: shown.overall_status,
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

/// A line for each workload, those to blame below it, and one line for all.
pub fn text(comparison: &Comparison, shown: &Shown<'_>) -> String {
    let mut out = String::new();
    for finding in &comparison.findings {
        let measures: Vec<String> = finding.measures.iter().map(measure).collect();
        let _ = writeln!(out, "{}  {}  {}", escaped(&finding.workload), finding.status.word(), measures.join(", "));
        if let Some(why) = finding.not_exact.as_ref().filter(|_| !finding.exact.is_empty()) {
            let _ = writeln!(out, "  counts have no verdict: {}", escaped(why));
        }
        for line in blamed(finding) {
            let _ = writeln!(out, "  {line}");
        }
    }
    let _ = writeln!(out, "baseline: {}", shown.overall_status);
    out
}

fn measure(found: &MeasureFinding) -> String {
    let change = found.change_percent.map_or("-".to_owned(), |change| format!("{change:+.2} %"));
    let between = found.between_percent.map(|(low, high)| format!(" [{low:+.2}, {high:+.2}]")).unwrap_or_default();
    let method = if found.method == "median-threshold" { " (no error control)" } else { "" };
    let word = if found.status == Status::Ok { String::new() } else { format!(" {}", found.status.word()) };
    format!("{} {change}{between}{word}{method}", found.measure)
}

fn blamed(finding: &WorkloadFinding) -> Vec<String> {
    let mut lines: Vec<String> = finding
        .blame
        .iter()
        .map(|blame| {
            let index = blame.func_idx.map(|index| format!(" (index {index})")).unwrap_or_default();
            let (field, of, before, after) = (blame.field, blame.of, blame.baseline, blame.candidate);
            format!("{field} of {of} {}{index}: {before} -> {after}", escaped(&blame.name))
        })
        .collect();
    for (names, word) in [(&finding.functions.appeared, "appeared"), (&finding.functions.vanished, "vanished")] {
        lines.extend(names.iter().map(|name| format!("function {} {word}", escaped(name))));
    }
    lines
}

/// A page with the same.
pub fn markdown(comparison: &Comparison, shown: &Shown<'_>) -> String {
    let cell = |text: &str| escaped(text).replace('|', "\\|").replace('`', "'");
    let mut out = format!("# Baseline comparison: {}\n\n", shown.overall_status);
    let _ = writeln!(out, "- Baseline: `{}`\n- Candidate: `{}`\n", cell(shown.baseline), cell(shown.candidate));
    out.push_str("| Workload | Status | Elapsed Δ% | Compile Δ% | Code Size Δ% |\n|---|---|---:|---:|---:|\n");
    for finding in &comparison.findings {
        let change = |name: &str| {
            let found = finding.measures.iter().find(|found| found.measure == name);
            found.and_then(|found| found.change_percent).map_or("-".to_owned(), |change| format!("{change:.2}"))
        };
        let changes = ["elapsed", "compile", "code-size"].map(change).join(" | ");
        let _ = writeln!(out, "| `{}` | {} | {changes} |", cell(&finding.workload), finding.status.word());
    }
    for (title, lines) in [
        ("Failures", comparison.failures.clone()),
        ("Blame", comparison.findings.iter().flat_map(blamed).collect::<Vec<_>>()),
    ] {
        if !lines.is_empty() {
            let _ = writeln!(out, "\n## {title}\n");
            lines.iter().for_each(|line| {
                let _ = writeln!(out, "- {}", cell(line));
            });
        }
    }
    out
}
