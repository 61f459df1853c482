//! Reports: the verdicts as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::verdict::{Judged, Report, Verdict};

/// One line a rule, and one for all.
pub fn text(report: &Report) -> String {
    let width = report.results.iter().map(|judged| judged.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for judged in &report.results {
        let reason = match &judged.verdict {
            Verdict::NotMeasured(reason) => reason.as_str(),
            _ => judged.message.as_str(),
        };
        let source = if judged.source.is_empty() { String::new() } else { format!(" ({})", judged.source) };
        let warning = if !judged.fails && judged.verdict == Verdict::Over { " (a warning)" } else { "" };
        let line =
            format!("{:width$}  {:12}  {reason}{source}{warning}", printable(&judged.name), judged.verdict.word());
        let _ = writeln!(out, "{}", line.trim_end());
        if !judged.calls.is_empty() {
            let calls: Vec<String> = judged.calls.iter().map(|(name, n)| format!("{name} {n}")).collect();
            let _ = writeln!(out, "{:width$}  {:12}  by {}", "", "", calls.join(", "));
        }
    }
    let _ = writeln!(out, "{}: {}", printable(&report.run), report.summary().word());
    out
}

/// Names come from a file that a stranger may have written.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c) { '\u{fffd}' } else { c })
        .collect()
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    run: &'a str,
    verdict: &'static str,
    results: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    r#type: &'a str,
    verdict: &'static str,
    fails: bool,
    value: Option<serde_json::Number>,
    unit: Option<&'a str>,
    budget: Option<serde_json::Number>,
    source: Option<&'a str>,
    reason: Option<&'a str>,
    calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    name: &'a str,
    calls: u64,
}

/// The document `chic-trace.assert`, version 1.
pub fn json(report: &Report) -> String {
    let document = Document {
        format: "chic-trace.assert",
        version: 1,
        run: &report.run,
        verdict: report.summary().word(),
        results: report.results.iter().map(row).collect(),
    };
    // Nothing in it can fail: all keys are strings, all numbers finite.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn row(judged: &Judged) -> Row<'_> {
    Row {
        name: &judged.name,
        r#type: &judged.kind,
        verdict: judged.verdict.word(),
        fails: judged.fails,
        value: judged.value.and_then(number),
        unit: some(judged.unit),
        budget: judged.budget.and_then(number),
        source: some(&judged.source),
        reason: match &judged.verdict {
            Verdict::NotMeasured(reason) => Some(reason),
            _ => some(&judged.message),
        },
        calls: judged.calls.iter().map(|(name, calls)| Call { name, calls: *calls }).collect(),
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Whole numbers are written without a point.
fn number(value: f64) -> Option<serde_json::Number> {
    if value.fract() == 0.0 && (0.0..9e15).contains(&value) {
        Some((value as u64).into())
    } else {
        serde_json::Number::from_f64(value)
    }
}
