//! The JSON form of a check: all findings, those that follow from another marked.

use serde::Serialize;

use super::Report;
use crate::explain::words::safe;
use crate::finding::Finding;
use crate::verdict::Verdict;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    results: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    level: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    runs: u32,
    asserts: (u64, u64),
    findings: Vec<One<'a>>,
    flaky: Vec<One<'a>>,
    notes: &'a [String],
    pending: Option<&'a str>,
}

#[derive(Serialize)]
struct One<'a> {
    code: &'static str,
    severity: &'static str,
    level: &'static str,
    process: &'a str,
    object: Option<&'a str>,
    sentence: String,
    before: &'a [String],
    after: &'a [String],
    event: Option<u64>,
    source: Option<&'a str>,
    count: u32,
    confirmed: Seen,
    follows_from: Option<usize>,
}

#[derive(Serialize)]
struct Seen {
    seen: u32,
    runs: u32,
}

/// One document for all goldens checked, ending in a line feed.
pub fn json(reports: &[Report<'_>]) -> String {
    let document =
        Document { format: "chic-trace.golden-check", version: 1, results: reports.iter().map(row).collect() };
    // Strings and numbers only: this can't fail.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn row<'a>(report: &Report<'a>) -> Row<'a> {
    let comparison = report.comparison;
    let reason = if let Verdict::NotMeasured(why) = &comparison.verdict { Some(why.as_str()) } else { None };
    Row {
        name: report.name,
        level: comparison.level.word(),
        verdict: comparison.verdict.word(),
        reason,
        runs: comparison.runs,
        asserts: comparison.asserts,
        findings: comparison.findings.iter().map(one).collect(),
        flaky: comparison.flaky.iter().map(one).collect(),
        notes: &comparison.notes,
        pending: report.pending,
    }
}

fn one(finding: &Finding) -> One<'_> {
    One {
        code: finding.code.word(),
        severity: finding.severity.word(),
        level: finding.level.word(),
        process: &finding.process.0,
        object: finding.object.as_ref().map(|object| object.as_str()),
        sentence: safe(&finding.sentence),
        before: &finding.before,
        after: &finding.after,
        event: finding.event,
        source: finding.source.as_deref(),
        count: finding.count,
        confirmed: Seen { seen: finding.confirmed.seen, runs: finding.confirmed.runs },
        follows_from: finding.follows_from,
    }
}
