//! A document as a table of counts.

use std::collections::BTreeMap;

use recording::document::{Call, Document, Row, Table};

use super::takes;
use crate::Shown;
use crate::spread::Spread;
use crate::statistics::{self, join};
use crate::summary::{HEADER, RULE, SortBy, SummaryOptions, cells, line, share};

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

/// Calls by name, in an order; `spread`: with mean, deviation and percentiles.
pub(super) fn rows(document: &Document<'_>, order: SortBy, shown: &Shown, spread: bool) -> Vec<statistics::Row> {
    let mut counts: BTreeMap<&str, (Count, Vec<u64>)> = BTreeMap::new();
    for call in document.calls.iter().filter(|call| takes(shown, call)) {
        let (count, times) = counts.entry(&call.name).or_default();
        count.add(call);
        times.extend(call.duration_ns.filter(|_| spread));
    }
    let mut rows: Vec<(&str, (Count, Vec<u64>))> = counts.into_iter().collect();
    rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse((count.total_ns, count.calls)));
    match order {
        // A document has no more than counts.
        SortBy::Time | SortBy::Nothing | SortBy::Other(_) => {}
        SortBy::MinTime => rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(count.least_ns)),
        SortBy::MaxTime => rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(count.most_ns)),
        SortBy::AverageTime => {
            rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(count.total_ns / count.calls.max(1)));
        }
        SortBy::Calls => rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(count.calls)),
        SortBy::Errors => rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(count.errors)),
        SortBy::Name => rows.sort_by_key(|row| row.0),
    }
    let row = |(name, (count, times)): (&str, (Count, Vec<u64>))| statistics::Row {
        name: name.chars().filter(char::is_ascii_graphic).collect::<String>().into(),
        calls: count.calls,
        errors: count.errors,
        total_ns: count.total_ns,
        range_ns: count.least_ns.zip(count.most_ns),
        spread: Spread::of(times),
    };
    rows.into_iter().map(row).collect()
}

/// Appends the table of the calls shown.
pub(super) fn of_calls(out: &mut Vec<u8>, document: &Document<'_>, options: &SummaryOptions) {
    let rows = rows(document, options.sort, &options.shown, options.spread);
    let start = out.len();
    let sum = |of: fn(&statistics::Row) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    let (total_ns, calls, errors) = (sum(|row| row.total_ns), sum(|row| row.calls), sum(|row| row.errors));
    out.extend_from_slice(HEADER.as_bytes());
    out.extend_from_slice(RULE.as_bytes());
    for row in &rows {
        line(out, share(row.total_ns, total_ns), row.total_ns, row.calls, row.errors, &row.name);
    }
    out.extend_from_slice(RULE.as_bytes());
    line(out, if rows.is_empty() { 0 } else { 10_000 }, total_ns, calls, errors, "total");
    if options.spread {
        join(out, start, &rows, options.width);
    }
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
