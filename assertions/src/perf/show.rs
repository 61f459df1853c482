//! Reports: for people, and as the document `chic-trace.perf-report.v1`.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Drift, Entry, Finding, Method, PerfReport};

/// Findings that have a list of their own, in its order.
const LISTS: [Finding; 8] = [
    Finding::OverBudgetMem,
    Finding::OverBudgetIo,
    Finding::Regressed,
    Finding::Improved,
    Finding::Added,
    Finding::Removed,
    Finding::Inconclusive,
    Finding::NotMeasured,
];

/// The lines of Chic, and then ours. `top`: how many drifts are listed.
pub fn text(report: &PerfReport, top: usize) -> String {
    let mut out = String::new();
    let count = |finding| report.count(finding);
    let _ = writeln!(
        out,
        "perf report for profile '{}' on target {}\n  metrics: {} | over budget: {} | regressions vs baseline: {}",
        escaped(&report.profile),
        escaped(&report.target),
        report.total(),
        report.over_budget(),
        count(Finding::Regressed)
    );
    let _ = writeln!(
        out,
        "  added: {} | removed: {} | improved: {} | inconclusive: {} | not measured: {}",
        count(Finding::Added),
        count(Finding::Removed),
        count(Finding::Improved),
        count(Finding::Inconclusive),
        count(Finding::NotMeasured)
    );
    if let Some(method) = report.method {
        let control = match method {
            Method::Threshold => "; single runs, no error control",
            Method::MedianThreshold => "; fewer than 7 runs a side, no error control",
            Method::RunsUnpaired => "",
        };
        let (word, limits) = (method.word(), report.limits);
        let _ =
            writeln!(out, "  method: {word} {:.1}%, at least {:.2}us{control}", limits.tolerance_pct, limits.min_us);
    }
    if report.total() == 0 {
        out.push_str("  no trace metrics recorded\n");
    } else {
        out.push_str("  top drift:\n");
    }
    for entry in report.entries.iter().filter(|entry| entry.cpu_us.is_some()).take(top) {
        row(&mut out, entry, &drifts(entry));
    }
    for finding in LISTS {
        let mut found = report.entries.iter().filter(|entry| entry.findings.contains(&finding)).peekable();
        if found.peek().is_some() {
            let _ = writeln!(out, "  {}:", finding.word());
        }
        for entry in found {
            row(&mut out, entry, &note(entry, finding));
        }
    }
    out
}

fn row(out: &mut String, entry: &Entry, note: &str) {
    let cpu_us = entry.cpu_us.or(entry.baseline_cpu_us).unwrap_or(0.0);
    let _ = writeln!(out, "    {:016x} {:<32} {cpu_us:>8.2}us  {note}", entry.id, escaped(&entry.label));
}

fn drifts(entry: &Entry) -> String {
    let budget = entry.budget_cpu_us.zip(entry.over).map(|(budget, over)| {
        let percent = over.pct.map(|pct| format!(" ({pct:+.1}%)")).unwrap_or_default();
        format!("budget {budget}us drift {:+.2}us{percent}", over.us)
    });
    let notes: Vec<String> = budget.into_iter().chain(entry.change.map(baseline)).collect();
    if notes.is_empty() { "no budget/baseline data".to_owned() } else { notes.join(" | ") }
}

fn baseline(change: Drift) -> String {
    match change.pct {
        Some(pct) => format!("baseline {:+.2}us ({pct:+.1}%)", change.us),
        None => format!("baseline {:+.2}us (from 0)", change.us),
    }
}

/// What is said of an entry in the list of a finding.
fn note(entry: &Entry, finding: Finding) -> String {
    let above = |key: &str, value: Option<u64>, budget: Option<u64>| {
        format!("{key} {} above its budget {}", value.unwrap_or(0), budget.unwrap_or(0))
    };
    match finding {
        Finding::OverBudgetMem => above("mem_bytes", entry.mem_bytes, entry.budget_mem_bytes),
        Finding::OverBudgetIo => above("io_bytes", entry.io_bytes, entry.budget_io_bytes),
        Finding::Added => "not in the baseline".to_owned(),
        Finding::Removed => "only in the baseline".to_owned(),
        Finding::Regressed | Finding::Improved => entry.change.map(baseline).unwrap_or_default(),
        _ => entry.reason.clone().unwrap_or_default(),
    }
}

/// Text of a target, as a terminal may see it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[derive(Serialize)]
struct Document<'a> {
    summary: Summary<'a>,
    entries: Vec<Row<'a>>,
    schema_version: &'static str,
}

#[derive(Serialize)]
struct Summary<'a> {
    profile: &'a str,
    target: &'a str,
    total: usize,
    over_budget: usize,
    regressions: usize,
    added: usize,
    removed: usize,
    improved: usize,
    inconclusive: usize,
    not_measured: usize,
    tolerance_pct: f64,
    min_us: f64,
    cpu_source: &'a str,
    overall_status: &'static str,
}

#[derive(Serialize)]
struct Row<'a> {
    trace_id: u64,
    label: &'a str,
    cpu_us: Option<f64>,
    budget_cpu_us: Option<u64>,
    budget_over_us: Option<f64>,
    budget_over_pct: Option<f64>,
    baseline_cpu_us: Option<f64>,
    baseline_delta_us: Option<f64>,
    baseline_delta_pct: Option<f64>,
    trace_id_hex: String,
    findings: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mem_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_mem_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    io_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_io_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The document; keys of Chic come first.
pub fn json(report: &PerfReport) -> String {
    let document = Document {
        summary: Summary {
            profile: &report.profile,
            target: &report.target,
            total: report.total(),
            over_budget: report.over_budget(),
            regressions: report.count(Finding::Regressed),
            added: report.count(Finding::Added),
            removed: report.count(Finding::Removed),
            improved: report.count(Finding::Improved),
            inconclusive: report.count(Finding::Inconclusive),
            not_measured: report.count(Finding::NotMeasured),
            tolerance_pct: report.limits.tolerance_pct,
            min_us: report.limits.min_us,
            cpu_source: report.cpu_source.as_deref().unwrap_or("unknown"),
            overall_status: report.status().word(),
        },
        entries: report.entries.iter().map(entry).collect(),
        schema_version: "chic-trace.perf-report.v1",
    };
    // Nothing in it can fail: all keys are strings, all numbers finite.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn entry(entry: &Entry) -> Row<'_> {
    Row {
        trace_id: entry.id,
        label: &entry.label,
        cpu_us: entry.cpu_us,
        budget_cpu_us: entry.budget_cpu_us,
        budget_over_us: entry.over.map(|over| over.us),
        budget_over_pct: entry.over.and_then(|over| over.pct),
        baseline_cpu_us: entry.baseline_cpu_us,
        baseline_delta_us: entry.change.map(|change| change.us),
        baseline_delta_pct: entry.change.and_then(|change| change.pct),
        trace_id_hex: format!("{:016x}", entry.id),
        findings: entry.findings.iter().map(|finding| finding.word()).collect(),
        method: entry.method.map(Method::word),
        calls: entry.calls,
        baseline_calls: entry.baseline_calls,
        mem_bytes: entry.mem_bytes,
        budget_mem_bytes: entry.budget_mem_bytes,
        io_bytes: entry.io_bytes,
        budget_io_bytes: entry.budget_io_bytes,
        reason: entry.reason.as_deref(),
    }
}
