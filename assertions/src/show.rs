//! Reports: the verdicts as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::finding::{Finding, Shown};
use crate::verdict::{Judged, Report, Verdict};

/// One line a rule, and one for all.
pub fn text(report: &Report) -> String {
    let width = report.results.iter().map(|judged| judged.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for judged in &report.results {
        let reason = printable(judged.verdict.reason().unwrap_or(&judged.message));
        let source = if judged.source.is_empty() { String::new() } else { format!(" ({})", printable(&judged.source)) };
        let warning = if !judged.fails && judged.verdict == Verdict::Over { " (a warning)" } else { "" };
        let line =
            format!("{:width$}  {:12}  {reason}{source}{warning}", printable(&judged.name), judged.verdict.word());
        let _ = writeln!(out, "{}", line.trim_end());
        let Shown { rows, more } = &judged.found;
        if !rows.is_empty() {
            let calls: Vec<String> = rows.iter().map(|row| printable(&row.to_string())).collect();
            let more = if *more > 0 { format!(", and {more} more") } else { String::new() };
            let _ = writeln!(out, "{:width$}  {:12}  by {}{more}", "", "", calls.join(", "));
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
    #[serde(skip_serializing_if = "is_zero")]
    more_calls: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct Call<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
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
        reason: judged.verdict.reason().or_else(|| some(&judged.message)),
        calls: judged.found.rows.iter().map(call).collect(),
        more_calls: judged.found.more,
    }
}

fn call(found: &Finding) -> Call<'_> {
    Call { name: &found.call, process: found.process.as_deref(), path: found.path.as_deref(), calls: found.count }
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
