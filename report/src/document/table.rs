//! A document as a table of counts.

use std::collections::BTreeMap;

use recording::document::{Call, Document, Row, Table};

use super::takes;
use crate::Shown;
use crate::summary::{HEADER, RULE, SortBy, cells, line, share};

/// Calls of one name.
#[derive(Debug, Clone, Default)]
struct Count {
    calls: u64,
    errors: u64,
    total_ns: u64,
    least_ns: Option<u64>,
    most_ns: Option<u64>,
}

impl Count {
    fn add(&mut self, call: &Call<'_>) {
        self.calls += 1;
        self.errors += u64::from(call.errno().is_some());
        if let Some(took) = call.duration_ns {
            self.total_ns = self.total_ns.saturating_add(took);
            self.least_ns = Some(self.least_ns.map_or(took, |least| least.min(took)));
            self.most_ns = self.most_ns.max(Some(took));
        }
    }
}

/// Appends the table of the calls shown.
pub(super) fn of_calls(out: &mut Vec<u8>, document: &Document<'_>, sort: SortBy, shown: &Shown) {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut total = Count::default();
    for call in document.calls.iter().filter(|call| takes(shown, call)) {
        counts.entry(&call.name).or_default().add(call);
        total.add(call);
    }
    let mut rows: Vec<(&str, Count)> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse((count.total_ns, count.calls)));
    match sort {
        // A document has no more than sums.
        SortBy::Time | SortBy::Nothing | SortBy::Other(_) => {}
        SortBy::MinTime => rows.sort_by_key(|row| std::cmp::Reverse(row.1.least_ns)),
        SortBy::MaxTime => rows.sort_by_key(|row| std::cmp::Reverse(row.1.most_ns)),
        SortBy::AverageTime => rows.sort_by_key(|row| std::cmp::Reverse(row.1.total_ns / row.1.calls.max(1))),
        SortBy::Calls => rows.sort_by_key(|row| std::cmp::Reverse(row.1.calls)),
        SortBy::Errors => rows.sort_by_key(|row| std::cmp::Reverse(row.1.errors)),
        SortBy::Name => rows.sort_by_key(|row| row.0),
    }
    out.extend_from_slice(HEADER.as_bytes());
    out.extend_from_slice(RULE.as_bytes());
    for (name, count) in &rows {
        let name: String = name.chars().filter(|c| c.is_ascii_graphic()).collect();
        line(out, share(count.total_ns, total.total_ns), count.total_ns, count.calls, count.errors, &name);
    }
    out.extend_from_slice(RULE.as_bytes());
    let whole = if rows.is_empty() { 0 } else { 10_000 };
    line(out, whole, total.total_ns, total.calls, total.errors, "total");
}

/// Appends a table that was brought.
pub(super) fn of_table(out: &mut Vec<u8>, table: &Table) {
    let one = |out: &mut Vec<u8>, row: &Row| {
        let name: String = row.name.chars().filter(|c| c.is_ascii_graphic()).collect();
        let each = row.each_us.unwrap_or(row.total_ns / row.calls.max(1) / 1000);
        cells(out, row.share, row.total_ns, each, row.calls, row.errors, &name);
    };
    out.extend_from_slice(HEADER.as_bytes());
    out.extend_from_slice(RULE.as_bytes());
    table.rows.iter().for_each(|row| one(out, row));
    out.extend_from_slice(RULE.as_bytes());
    one(out, &table.total);
}
