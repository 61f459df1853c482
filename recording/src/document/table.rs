//! Tables: what `-c` of strace or renacer prints, read as a document of counts.

use std::collections::HashSet;

use super::error::{BadDocument, Fault, plural, quoted};
use super::time;

/// Calls of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Name of the call.
    pub name: String,
    /// How many.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// ns in all of them.
    pub total_ns: u64,
    /// µs in each, as the table has it; not from its rounded seconds.
    pub each_us: Option<u64>,
    /// Share of the time, hundredths of a percent.
    pub share: u64,
}

/// A table of counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Rows in the order of the table.
    pub rows: Vec<Row>,
    /// What its last line says.
    pub total: Row,
    /// What had to be assumed, each a sentence without a full stop.
    pub warnings: Vec<String>,
}

/// Columns of `--stats-extended`.
const SPREAD: usize = 9;

/// Difference of the percentages from their sum that is rounding: 0.1 %.
const ROUNDING: u64 = 10;

/// Reads the table in a text; `None` when there is no rule line in it.
pub(super) fn find(text: &[u8]) -> Option<Result<Table, BadDocument>> {
    let mut lines = Lines { text, at: 0 };
    let mut before = Line { at: 0, text: "" };
    let mut above: u64 = 0;
    let rule = lines.find(|line| {
        let found = is_rule(line.text);
        if !found {
            before = *line;
            above += 1;
        }
        found
    })?;
    let has_header = before.text.trim_start().starts_with("% time");
    let mut table = Table::default();
    let outside = above - u64::from(has_header);
    if outside > 0 {
        table.warnings.push(format!("{} before the table are no part of it", plural(outside, "line")));
    }
    if !has_header {
        table.warnings.push("its header line is missing".to_owned());
    }
    Some(body(text, lines, rule.at, table))
}

fn body(text: &[u8], mut lines: Lines<'_>, rule: usize, mut table: Table) -> Result<Table, BadDocument> {
    let mut names = HashSet::new();
    let bad = |at: usize, what: String| BadDocument::at(text, at, "", Fault::BadTable(what));
    loop {
        let Some(line) = lines.next() else {
            return Err(bad(rule, "the table has no rule line and total behind its rows".to_owned()));
        };
        if is_rule(line.text) {
            break;
        }
        let row = row(line.text).ok_or_else(|| {
            bad(line.at, format!("{} is no row: % seconds usecs calls [errors] name", quoted(line.text.as_bytes())))
        })?;
        if !names.insert(row.name.clone()) {
            return Err(bad(line.at, format!("a second row of {}", quoted(row.name.as_bytes()))));
        }
        table.rows.push(row);
    }
    let errors = sum(&table.rows, |row| row.errors);
    let last = lines.next();
    let at = last.map_or(text.len(), |line| line.at);
    table.total = last
        .and_then(|line| total(line.text, errors > 0))
        .ok_or_else(|| bad(at, "the line of the total is missing".to_owned()))?;
    if let Some(what) = disagreement(&table, errors) {
        return Err(bad(at, what));
    }
    let behind = lines.filter(|line| !line.text.trim().is_empty()).count() as u64;
    if behind > 0 {
        table.warnings.push(format!("{} behind the table are no part of it", plural(behind, "line")));
    }
    Ok(table)
}

/// What the rows and the total say differently.
fn disagreement(table: &Table, errors: u64) -> Option<String> {
    let calls = sum(&table.rows, |row| row.calls);
    if calls != table.total.calls {
        return Some(format!("rows add up to {}, total says {}", plural(calls, "call"), table.total.calls));
    }
    if errors != table.total.errors {
        return Some(format!("rows add up to {}, total says {}", plural(errors, "error"), table.total.errors));
    }
    let share = sum(&table.rows, |row| row.share);
    // A table of no time has no shares.
    let off = share.abs_diff(table.total.share);
    (off > ROUNDING && sum(&table.rows, |row| row.total_ns) > 0).then(|| {
        let percent = |share: u64| format!("{}.{:02} %", share / 100, share % 100);
        format!("rows add up to {}, total says {}", percent(share), percent(table.total.share))
    })
}

fn sum(rows: &[Row], of: impl Fn(&Row) -> u64) -> u64 {
    rows.iter().map(of).fold(0, u64::saturating_add)
}

/// `------ ----------- …`
fn is_rule(line: &str) -> bool {
    let groups = line.split_whitespace();
    groups.clone().count() >= 5 && groups.clone().all(|group| group.len() >= 4 && group.bytes().all(|b| b == b'-'))
}

fn row(line: &str) -> Option<Row> {
    let mut fields: Vec<&str> = line.split_whitespace().collect();
    // Behind the name `--stats-extended` has its columns, where a call of this name returned.
    if fields.len() >= 5 + SPREAD {
        fields.truncate(fields.len() - SPREAD);
    }
    match *fields {
        [share, seconds, usecs, calls, name] => cells(share, seconds, Some(usecs), calls, None, name),
        [share, seconds, usecs, calls, errors, name] => cells(share, seconds, Some(usecs), calls, Some(errors), name),
        _ => None,
    }
}

/// The last line; strace before 5.5 leaves its third column empty.
fn total(line: &str, has_errors: bool) -> Option<Row> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    match *fields {
        [share, seconds, calls, name @ "total"] => cells(share, seconds, None, calls, None, name),
        [share, seconds, calls, errors, name @ "total"] if has_errors => {
            cells(share, seconds, None, calls, Some(errors), name)
        }
        [.., "total"] => row(line),
        _ => None,
    }
}

fn cells(
    share: &str,
    seconds: &str,
    usecs: Option<&str>,
    calls: &str,
    errors: Option<&str>,
    name: &str,
) -> Option<Row> {
    let each_us = match usecs {
        Some(usecs) => Some(usecs.parse().ok()?),
        None => None,
    };
    Some(Row {
        each_us,
        name: name.to_owned(),
        calls: calls.parse().ok()?,
        errors: errors.map_or(Some(0), |errors| errors.parse().ok())?,
        total_ns: u64::try_from(time::seconds(seconds)?).ok()?,
        // Hundredths: seconds with two decimals fewer.
        share: u64::try_from(time::seconds(share)? / 10_000_000).ok()?,
    })
}

/// A line with the offset at which it begins.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    at: usize,
    text: &'t str,
}

/// Lines of a text; what is no UTF-8 in them reads as nothing.
#[derive(Debug, Clone)]
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let text = std::str::from_utf8(rest.get(..length)?).unwrap_or_default().trim_end_matches('\r');
        let line = Line { at: self.at, text };
        self.at += length + 1;
        Some(line)
    }
}
