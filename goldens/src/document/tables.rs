//! Tables: calls and errors per name, compared as they are.

use std::collections::BTreeMap;

use recording::document::{Document, Row, Table};

use super::finding;
use crate::finding::{Code, Finding};

/// The counts of a document.
pub(super) fn of(document: &Document<'_>) -> Table {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut total = Row { name: "total".to_owned(), ..Row::default() };
    for call in &document.calls {
        let row = rows.entry(&call.name).or_default();
        for row in [row, &mut total] {
            row.calls += 1;
            row.errors += u64::from(call.errno().is_some());
            row.total_ns = row.total_ns.saturating_add(call.duration_ns.unwrap_or(0));
        }
    }
    let rows = rows.into_iter().map(|(name, row)| Row { name: name.to_owned(), ..row }).collect();
    Table { rows, total, warnings: Vec::new() }
}

/// One finding for each name whose counts differ.
pub(super) fn findings(before: &Table, after: &Table) -> Vec<Finding> {
    let mut names: BTreeMap<&str, (Option<&Row>, Option<&Row>)> = BTreeMap::new();
    for row in &before.rows {
        names.entry(&row.name).or_default().0 = Some(row);
    }
    for row in &after.rows {
        names.entry(&row.name).or_default().1 = Some(row);
    }
    names.into_iter().filter_map(|(name, (before, after))| difference(name, before, after)).collect()
}

fn difference(name: &str, before: Option<&Row>, after: Option<&Row>) -> Option<Finding> {
    let counts = |row: Option<&Row>| row.map_or((0, 0), |row| (row.calls, row.errors));
    let ((was, failed), (is, fails)) = (counts(before), counts(after));
    let side = |calls: u64, errors: u64| vec![format!("{name}: {calls} calls, {errors} errors")];
    let (code, sentence) = match () {
        () if (was, failed) == (is, fails) => return None,
        () if was == 0 => (Code::CallNew, format!("now calls {name} {}", times(is))),
        () if is == 0 => (Code::CallGone, format!("no longer calls {name}, was {}", times(was))),
        () if was != is => (Code::CallArgs, format!("calls {name} {}, was {was}", times(is))),
        () => (Code::CallArgs, format!("{name} fails {}, was {failed}", times(fails))),
    };
    Some(finding(code, sentence, side(was, failed), side(is, fails), name))
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
