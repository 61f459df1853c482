//! A page for people: the summary of a step, or a comment on a change.

use std::fmt::Write as _;

use super::{Case, Findings, Found, Outcome};

/// GitHub takes 1 MiB of a step and shows less.
const MOST: usize = 200_000;

/// What every page ends with, if it had to be cut.
const CUT: &str = "\n_cut: the reports hold the rest_\n";

/// A heading, a table of what did not pass, the commands that accept it, and how many passed.
pub fn markdown(findings: &Findings) -> String {
    let mut out = format!("## chic-trace {}: {}\n\n", findings.command, escaped(&findings.status));
    let rest: Vec<&Case> = findings.cases.iter().filter(|case| case.outcome != Outcome::Passed).collect();
    if !rest.is_empty() {
        out.push_str("| Case | Result | Rule | What | Where |\n|---|---|---|---|---|\n");
    }
    for (number, case) in rest.iter().enumerate() {
        let rows = rows(case);
        if out.len() + rows.len() > MOST - 2 * CUT.len() {
            let _ = write!(out, "\n{} more\n{CUT}", rest.len() - number);
            return out;
        }
        out.push_str(&rows);
    }
    let accepts: Vec<&String> = rest.iter().filter_map(|case| case.accept.as_ref()).collect();
    for accept in &accepts {
        let line = format!("\nAccept with {}\n", code(accept));
        if out.len() + line.len() > MOST - 2 * CUT.len() {
            out.push_str(CUT);
            return out;
        }
        out.push_str(&line);
    }
    let gap = if rest.is_empty() { "" } else { "\n" };
    let warned = match rest.iter().filter(|case| case.outcome == Outcome::Warned).count() {
        0 => String::new(),
        1 => ", 1 with a warning".to_owned(),
        many => format!(", {many} with warnings"),
    };
    let good = |case: &&Case| matches!(case.outcome, Outcome::Passed | Outcome::Warned);
    let passed = findings.cases.iter().filter(good).count();
    let _ = writeln!(out, "{gap}{passed} of {} passed{warned}.", findings.cases.len());
    out
}

fn rows(case: &Case) -> String {
    let nothing = [Found::default()];
    let found: &[Found] = if case.found.is_empty() { &nothing } else { &case.found };
    let row = |found: &Found| {
        let place = found.place.as_ref().map(|place| format!("{}:{}", place.file, place.line)).unwrap_or_default();
        let cells = [&case.name, &found.rule, &found.message, &place].map(|cell| escaped(cell));
        let [name, rule, message, place] = cells;
        format!("| {name} | {} | {rule} | {message} | {place} |\n", case.outcome.word())
    };
    found.iter().map(row).collect()
}

/// Text that stays text: no markup, no cell that ends early, nobody who is called by `@`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::message::safe(text).chars() {
        match c {
            '\n' => out.push_str("<br>"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A command to copy: a span of code, delimited by more backticks than it holds in a row.
fn code(text: &str) -> String {
    let text = crate::message::safe(text).replace('\n', " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}
