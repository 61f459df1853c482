//! Annotations: lines by which GitHub Actions marks files (workflow commands `error` and `warning`).

use std::fmt::Write as _;

use super::{Findings, Found, Outcome};
use crate::message::safe;

/// Annotations that are written; GitHub shows ten of a step, and the last one says how many more there are.
const MOST: usize = 9;

/// A line for each finding, as far as GitHub shows them.
pub fn annotations(findings: &Findings) -> String {
    let told = |found: &&Found| found.outcome != Outcome::Passed;
    let all = findings.cases.iter().flat_map(|case| case.found.iter().filter(told).map(move |found| (case, found)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, found)| level(found.outcome));
    let mut out = String::new();
    for (case, found) in all.iter().take(MOST) {
        let place = found.place.as_ref().map(|place| format!("file={},line={},", property(&place.file), place.line));
        let title = property(&format!("{}: {}", case.name, found.rule));
        let mut text = found.message.clone();
        if let Some(accept) = &case.accept {
            let _ = write!(text, "\naccept with: {accept}");
        }
        let word = if level(found.outcome) == Level::Error { "error" } else { "warning" };
        let _ = writeln!(out, "::{word} {}title={title}::{}", place.unwrap_or_default(), data(&text));
    }
    if all.len() > MOST {
        let more = all.len() - MOST;
        let word = if all.get(MOST).is_some_and(|(_, found)| level(found.outcome) == Level::Error) {
            "error"
        } else {
            "warning"
        };
        let _ = writeln!(out, "::{word} title=chic-trace {}::and {more} more", findings.command);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
}

fn level(outcome: Outcome) -> Level {
    if outcome == Outcome::Failed { Level::Error } else { Level::Warning }
}

/// The text of a command.
fn data(text: &str) -> String {
    safe(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
