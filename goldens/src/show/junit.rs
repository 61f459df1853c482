//! The JUnit form of a check: one case for each golden.

use std::fmt::Write as _;

use super::{Report, text};
use crate::verdict::Verdict;

/// Different and flaky are failures, not measured is skipped with its reason.
pub fn junit(reports: &[Report<'_>]) -> String {
    let failed = |report: &&Report<'_>| matches!(report.comparison.verdict, Verdict::Different | Verdict::Flaky);
    let skipped = |report: &&Report<'_>| matches!(report.comparison.verdict, Verdict::NotMeasured(_));
    let (failures, skips) = (reports.iter().filter(failed).count(), reports.iter().filter(skipped).count());
    let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", reports.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"chic-trace golden check\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"goldens\" {counts} skipped=\"{skips}\">");
    reports.iter().for_each(|report| case(&mut out, report));
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, report: &Report<'_>) {
    let (comparison, name) = (report.comparison, escaped(report.name));
    let _ = write!(out, "    <testcase classname=\"golden.{}\" name=\"{name}\"", comparison.level.word());
    match &comparison.verdict {
        Verdict::Same | Verdict::SameWithWarnings => out.push_str("/>\n"),
        Verdict::NotMeasured(why) => {
            let _ = write!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escaped(why));
        }
        verdict => {
            let first = comparison.findings.iter().chain(&comparison.flaky).next();
            let message = escaped(first.map_or("", |finding| &finding.sentence));
            let body = escaped(&text(report, false));
            let _ = write!(
                out,
                ">\n      <failure type=\"{}\" message=\"{message}\">{body}</failure>\n    </testcase>\n",
                verdict.word()
            );
        }
    }
}

/// XML text; characters that XML can't hold at all are shown as `?`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
