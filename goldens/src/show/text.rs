//! The text form of a check.

use std::fmt::Write as _;

use super::Report;
use crate::explain::words::{object_text, plain, safe};
use crate::finding::{Finding, Severity};
use crate::learn::percent;
use crate::model::Level;
use crate::verdict::{Comparison, Verdict};

/// Findings shown.
const SHOWN: usize = 10;

/// One line when it is the same, else what differs; with `verbose` what is only to be known, too.
pub fn text(report: &Report<'_>, verbose: bool) -> String {
    let comparison = report.comparison;
    let mut out = format!("{}: {}\n", safe(report.name), head(comparison));
    let wanted = |finding: &&Finding| finding.severity <= if verbose { Severity::Info } else { Severity::Warning };
    let leaders: Vec<&Finding> =
        comparison.findings.iter().filter(|finding| finding.follows_from.is_none()).filter(wanted).collect();
    leaders.iter().take(SHOWN).for_each(|finding| push(&mut out, finding));
    if leaders.len() > SHOWN {
        let _ = writeln!(out, "\nand {} more", leaders.len() - SHOWN);
    }
    let flaky: Vec<&Finding> = comparison.flaky.iter().filter(wanted).collect();
    if !flaky.is_empty() && !leaders.is_empty() {
        out.push_str("\nnot in every run:\n");
    }
    flaky.iter().take(SHOWN).for_each(|finding| push(&mut out, finding));
    if flaky.len() > SHOWN {
        let _ = writeln!(out, "\nand {} more", flaky.len() - SHOWN);
    }
    if comparison.verdict != Verdict::Same {
        for note in &comparison.notes {
            let _ = writeln!(out, "\n{}", safe(note));
        }
    }
    if let Some(accept) = report.accept.filter(|_| comparison.verdict == Verdict::Different) {
        let _ = writeln!(out, "\naccept with: {}", safe(accept));
    }
    out
}

fn head(comparison: &Comparison) -> String {
    let level = comparison.level.word();
    let what = match &comparison.verdict {
        Verdict::NotMeasured(why) => return format!("not measured: {}", safe(why)),
        Verdict::Same => format!("same ({level})"),
        Verdict::Flaky => {
            let seen = comparison.flaky.iter().map(|finding| finding.confirmed.seen).max().unwrap_or(0);
            format!("flaky ({level}, seen {seen} of {})", comparison.runs)
        }
        verdict => {
            let alone = if comparison.runs == 1 { ", no re-run" } else { "" };
            format!("{} ({level}, confirmed {}{alone})", verdict.word(), comparison.confirmed())
        }
    };
    let (asserted, total) = comparison.asserts;
    let things = if comparison.level >= Level::Protocol { "steps" } else { "lines" };
    let masked = total.saturating_sub(asserted);
    let masked = if masked > 0 { format!(", {masked} masked") } else { String::new() };
    format!("{what}, asserts {asserted} of {total} {things} ({} %){masked}", percent(asserted, total))
}

fn push(out: &mut String, finding: &Finding) {
    let severity = finding.severity.word();
    let indent = " ".repeat(severity.len());
    let object = finding.object.as_ref().map(|object| format!("  {}", object_text(object))).unwrap_or_default();
    let count = if finding.count > 1 { format!("  x{}", finding.count) } else { String::new() };
    let process = plain(&finding.process.0);
    let _ = writeln!(out, "\n{severity}  {}  {process}{object}{count}", finding.code.word());
    let mut line = |text: String| {
        let _ = writeln!(out, "{indent}  {}", safe(&text));
    };
    line(finding.sentence.clone());
    if &*finding.attribute == "content" {
        finding.before.iter().for_each(|was| line(format!("- {was}")));
        finding.after.iter().for_each(|is| line(format!("+ {is}")));
    } else if !finding.before.is_empty() || !finding.after.is_empty() {
        line(format!("before  {}", side(&finding.before)));
        line(format!("after   {}", side(&finding.after)));
    }
    if !finding.with_it.is_empty() {
        line(format!("with it: {}", finding.with_it.join("; ")));
    }
    if finding.confirmed.seen < finding.confirmed.runs {
        line(format!("seen {} of {}", finding.confirmed.seen, finding.confirmed.runs));
    }
    if let Some(event) = finding.event {
        let source = finding.source.as_ref().map(|source| format!(", {}", safe(source))).unwrap_or_default();
        line(format!("first event {event}{source}"));
    }
}

fn side(steps: &[String]) -> String {
    if steps.is_empty() { "-".into() } else { steps.join("; ") }
}
