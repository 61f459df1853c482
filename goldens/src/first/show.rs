//! Reports of a check: text for people, JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::check::{Check, Verdict};
use super::finding::Finding;

/// Findings that the text shows.
const SHOWN: usize = 10;

/// One line when all is the same; otherwise what is different.
pub fn text(check: &Check) -> String {
    let (asserted, all) = check.asserts;
    let share = asserted.saturating_mul(100).checked_div(all).unwrap_or(0);
    let asserts = format!("asserts {asserted} of {all} calls ({share} %)");
    let head = match &check.verdict {
        Verdict::Same => format!("{}: same (calls), {asserts}\n", check.name),
        Verdict::NotMeasured(why) => format!("{}: not-measured: {why}\n", check.name),
        verdict => {
            let runs = format!("{}/{}", check.differing, check.runs);
            let how = if *verdict == Verdict::Different { "confirmed" } else { "differs in" };
            format!("{}: {} (calls, {how} {runs}), {asserts}\n", check.name, verdict.word())
        }
    };
    let mut out = head;
    for finding in check.findings.iter().take(SHOWN) {
        let Finding { code, place, sentence, before, after, event } = finding;
        let _ = write!(out, "\n{:10}  {}\n            {}\n", code.word(), printable(place), printable(sentence));
        if let Some(event) = event {
            let _ = writeln!(out, "            before  {}", printable(&before.join("; ")));
            let _ = writeln!(out, "            after   {}", printable(&after.join("; ")));
            let _ = writeln!(out, "            from call {}", event + 1);
        }
    }
    if check.findings.len() > SHOWN {
        let _ = writeln!(out, "\nand {} more", check.findings.len() - SHOWN);
    }
    out
}

/// Names of programs are the target's bytes: no control, no bidi control reaches a terminal.
fn printable(text: &str) -> String {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    results: [Row<'a>; 1],
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    level: &'static str,
    verdict: &'static str,
    reason: Option<&'a str>,
    runs: usize,
    asserts: [u64; 2],
    findings: Vec<Entry<'a>>,
    flaky: Vec<Entry<'a>>,
    notes: [&'a str; 0],
    pending: Option<&'a str>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    severity: &'static str,
    level: &'static str,
    process: &'a str,
    sentence: &'a str,
    before: &'a [String],
    after: &'a [String],
    event: Option<usize>,
    count: u32,
    confirmed: Confirmed,
}

#[derive(Serialize)]
struct Confirmed {
    seen: usize,
    runs: usize,
}

/// The document `chic-trace.golden-check`, version 1.
pub fn json(check: &Check) -> String {
    let entries = |wanted: bool| -> Vec<Entry<'_>> {
        check.findings.iter().filter(|_| wanted).map(|finding| entry(check, finding)).collect()
    };
    let row = Row {
        name: &check.name,
        level: "calls",
        verdict: check.verdict.word(),
        reason: match &check.verdict {
            Verdict::NotMeasured(why) => Some(why),
            _ => None,
        },
        runs: check.runs,
        asserts: [check.asserts.0, check.asserts.1],
        findings: entries(check.verdict == Verdict::Different),
        flaky: entries(check.verdict == Verdict::Flaky),
        notes: [],
        pending: None,
    };
    let document = Document { format: "chic-trace.golden-check", version: 1, results: [row] };
    // Nothing in it can fail: all keys are strings, no number is a float.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

fn entry<'a>(check: &Check, finding: &'a Finding) -> Entry<'a> {
    Entry {
        code: finding.code.word(),
        severity: "error",
        level: "calls",
        process: &finding.place,
        sentence: &finding.sentence,
        before: &finding.before,
        after: &finding.after,
        event: finding.event,
        count: 1,
        confirmed: Confirmed { seen: check.differing, runs: check.runs },
    }
}
