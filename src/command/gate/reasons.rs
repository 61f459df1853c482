//! Reasons: a line on standard error for whatever is not a pass.

use std::path::Path;

use assertions::gate::notes::{Noted, Status};
use assertions::gate::{GateReport, Verdict};

use crate::exit;
use crate::message::{named, safe};

/// Says why the whole is no pass, and where what became worse can be accepted; of notes that may be unused, which are.
pub fn say(report: &GateReport, unused_allowed: bool, notes: &Path) {
    report.failures.iter().for_each(|failure| line(failure));
    for row in &report.rows {
        let why = match row.verdict {
            Verdict::Regressed if report.regressions_fail => "regressed",
            Verdict::Regressed => "regressed, which the budgets let pass",
            Verdict::Vanished => "vanished: it is in the baseline only",
            Verdict::Inconclusive | Verdict::NotMeasured => row.verdict.word(),
            _ => continue,
        };
        let change = row.delta_percent.map(|delta| format!(" ({delta:+.2} %)")).unwrap_or_default();
        let reason = row.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        // One benchmark may have several counters or measures.
        let several = row.unit == "count" || report.measurement.is_some();
        let metric = if several { format!(" {}", row.metric) } else { String::new() };
        line(&format!("{}{metric} {why}{change}{reason}", row.bench_id));
    }
    if report.regressions_fail && report.rows.iter().any(|row| row.verdict == Verdict::Regressed) {
        let what = format!("a note in {} accepts what became worse", named(notes));
        line(&format!("{what}; chic-trace schema risk-note says what it holds"));
    }
    if unused_allowed {
        report.notes.iter().filter(|noted| noted.status == Status::Unused).for_each(|noted| line(&told(noted)));
    }
}

/// What a note is, and why.
pub fn told(noted: &Noted) -> String {
    let why = noted.message.as_deref().unwrap_or("it accepts nothing");
    format!("risk note {} is {}: {why}", noted.path, noted.status.word())
}

/// One line, whatever is in it: a CI job takes lines that begin with `::` for commands.
pub fn line(text: &str) {
    exit::say(&format_args!("chic-trace: {}", safe(text).replace('\n', "\\n")));
}
