//! Columns of the `-c` table: which there are, and how a table of them is laid out.
//!
//! In: what was counted of each name. Out: header, rule, rows, rule, total, as strace has them.

use std::collections::HashMap;

use recording::event::Call;
use recording::views::{Clock, Count, took_ns};
use syscalls::{Abi, Memory, Shape};

/// A column of the table (`-U`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Share of the time of all.
    TimePercent,
    /// Time in all, seconds.
    TotalTime,
    /// Shortest, seconds.
    MinTime,
    /// Longest, seconds.
    MaxTime,
    /// Mean, microseconds.
    AverageTime,
    /// Calls.
    Calls,
    /// Calls that failed; blank when there were none.
    Errors,
    /// Name.
    Name,
    /// Median, seconds.
    P50,
    /// 95 of 100 calls took no longer, seconds.
    P95,
    /// 99 of 100 calls took no longer, seconds.
    P99,
    /// Bytes that were moved.
    Bytes,
}

impl Column {
    /// What `-c` shows.
    pub const USUAL: [Column; 6] =
        [Column::TimePercent, Column::TotalTime, Column::AverageTime, Column::Calls, Column::Errors, Column::Name];

    /// All of them, with the word that names them first.
    pub const KEYS: [(&'static str, Column); 12] = [
        ("time-percent", Column::TimePercent),
        ("total-time", Column::TotalTime),
        ("min-time", Column::MinTime),
        ("max-time", Column::MaxTime),
        ("avg-time", Column::AverageTime),
        ("calls", Column::Calls),
        ("errors", Column::Errors),
        ("name", Column::Name),
        ("p50", Column::P50),
        ("p95", Column::P95),
        ("p99", Column::P99),
        ("bytes", Column::Bytes),
    ];

    /// By strace's key of `-U` or ours, aliases among them.
    pub fn by_key(key: &str) -> Option<Column> {
        let key = match key {
            "time" => "time-percent",
            "time-total" => "total-time",
            "shortest" | "time-min" => "min-time",
            "longest" | "time-max" | "max" => "max-time",
            "time-avg" => "avg-time",
            "count" => "calls",
            "error" => "errors",
            "syscall" | "syscall-name" => "name",
            key => key,
        };
        Column::KEYS.iter().find(|(known, _)| *known == key).map(|(_, column)| *column)
    }

    /// What stands above it, and how wide it is at least.
    fn head(self) -> (&'static str, usize) {
        match self {
            Column::TimePercent => ("% time", 6),
            Column::TotalTime => ("seconds", 11),
            Column::MinTime => ("shortest", 8),
            Column::MaxTime => ("longest", 8),
            Column::AverageTime => ("usecs/call", 11),
            Column::Calls => ("calls", 9),
            Column::Errors => ("errors", 9),
            Column::Name => ("syscall", 16),
            Column::P50 => ("p50", 8),
            Column::P95 => ("p95", 8),
            Column::P99 => ("p99", 8),
            Column::Bytes => ("bytes", 11),
        }
    }

    /// Does it need more than sums?
    pub fn needs_more(self) -> bool {
        matches!(self, Column::P50 | Column::P95 | Column::P99 | Column::Bytes)
    }
}

/// One line of the table.
pub(crate) struct Line<'a> {
    pub name: &'a str,
    pub count: Count,
    /// Hundredths of a percent.
    pub share: u64,
    pub more: &'a More,
}

impl Line<'_> {
    fn cell(&self, column: Column) -> String {
        let seconds = |ns: u64| {
            let micros = (u128::from(ns) + 500) / 1000;
            format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
        };
        let count = &self.count;
        let (least, most) = count.range_ns().unwrap_or((0, 0));
        match column {
            Column::TimePercent => format!("{}.{:02}", self.share / 100, self.share % 100),
            Column::TotalTime => seconds(count.total_ns),
            Column::MinTime => seconds(least),
            Column::MaxTime => seconds(most),
            Column::AverageTime => (count.total_ns / count.calls.max(1) / 1000).to_string(),
            Column::Calls => count.calls.to_string(),
            Column::Errors if count.errors == 0 => String::new(),
            Column::Errors => count.errors.to_string(),
            Column::Name => self.name.to_owned(),
            Column::P50 => seconds(self.more.percentile(50)),
            Column::P95 => seconds(self.more.percentile(95)),
            Column::P99 => seconds(self.more.percentile(99)),
            Column::Bytes => self.more.bytes.to_string(),
        }
    }
}

/// Appends a table of these lines, the last of them the total.
pub(crate) fn write(out: &mut Vec<u8>, columns: &[Column], lines: &[Line<'_>]) {
    let width = |column: &Column| match column {
        Column::Name if columns.last() != Some(&Column::Name) => {
            lines.iter().map(|line| line.name.len()).max().unwrap_or(0).max(column.head().1)
        }
        column => column.head().1,
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let mut put = |cell: &dyn Fn(Column) -> String| {
        let cells = columns.iter().zip(&widths).map(|(column, width)| match column {
            Column::Name => format!("{:<width$}", cell(*column)),
            _ => format!("{:>width$}", cell(*column)),
        });
        let text = cells.collect::<Vec<_>>().join(" ");
        // A name at the end needs no column.
        let text = if columns.last() == Some(&Column::Name) { text.trim_end() } else { &text };
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    };
    let rule = |column: Column| "-".repeat(width(&column));
    put(&|column| column.head().0.to_owned());
    put(&rule);
    let (total, rows) = lines.split_last().map_or((None, lines), |(total, rows)| (Some(total), rows));
    rows.iter().for_each(|row| put(&|column| row.cell(column)));
    put(&rule);
    if let Some(total) = total {
        put(&|column| total.cell(column));
    }
}

/// What sums don't say of the calls of one name.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Time of each, ns.
    took: Vec<u64>,
    /// Bytes that they moved.
    pub bytes: u64,
}

impl More {
    fn add(&mut self, took: Option<u64>, bytes: u64) {
        self.took.extend(took);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// By linear interpolation between the two nearest, ns; 0 of none. The times must be in order.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let Some(last) = self.took.len().checked_sub(1) else { return 0 };
        let place = percent as u128 * last as u128;
        let (at, part) = ((place / 100) as usize, place % 100);
        let low = self.took.get(at).copied().unwrap_or(0);
        let high = self.took.get(at + 1).copied().unwrap_or(low);
        low + (u128::from(high - low) * part / 100) as u64
    }
}

/// What sums don't say, by ABI and number. It grows with the run, so it is kept only where it is asked for.
#[derive(Debug, Default)]
pub(crate) struct MoreOfAll {
    rows: HashMap<(u8, Option<u64>), More>,
    all: More,
}

impl MoreOfAll {
    pub(crate) fn observe(&mut self, call: &Call<'_>, clock: &Clock, overhead_ns: u64) {
        let took = took_ns(call, clock).map(|took| took.saturating_sub(overhead_ns));
        let bytes = bytes_moved(call);
        self.rows.entry((call.event.abi(), Some(call.nr()))).or_default().add(took, bytes);
        self.all.add(took, bytes);
    }

    /// Puts the times in order, so that percentiles can be told.
    pub(crate) fn settle(&mut self) {
        self.rows.values_mut().chain([&mut self.all]).for_each(|more| more.took.sort_unstable());
    }

    pub(crate) fn of(&self, abi: u8, nr: Option<u64>) -> Option<&More> {
        self.rows.get(&(abi, nr))
    }

    pub(crate) fn all(&self) -> &More {
        &self.all
    }
}

/// Bytes that a call moved between the target and the kernel, or from one descriptor to another: its result, where
/// that says so.
fn bytes_moved(call: &Call<'_>) -> u64 {
    let Some(row) = Abi::from_raw(call.event.abi()).and_then(|abi| syscalls::lookup(abi, call.nr())) else { return 0 };
    let moves = |memory: Memory| matches!(memory.shape, Shape::Data(_) | Shape::Iovec(_) | Shape::Msghdr);
    let descriptors = ["sendfile", "sendfile64", "copy_file_range", "splice", "tee", "vmsplice"].contains(&row.name);
    let args = row.args_for(&call.args());
    if call.returned() && (descriptors || args.iter().any(|arg| arg.kind.memory().is_some_and(moves))) {
        u64::try_from(call.result()).unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_so_are_the_aliases() {
        for (key, column) in Column::KEYS {
            assert_eq!(Column::by_key(key), Some(column));
        }
        for (alias, column) in [("time", Column::TimePercent), ("longest", Column::MaxTime), ("syscall", Column::Name)]
        {
            assert_eq!(Column::by_key(alias), Some(column));
        }
        assert_eq!(Column::by_key("min"), None);
    }

    #[test]
    fn percentiles_lie_between_the_nearest_two() {
        let more = More { took: vec![10, 20, 30, 40], bytes: 0 };
        assert_eq!([0, 50, 95, 100].map(|p| more.percentile(p)), [10, 25, 38, 40]);
        assert_eq!(More::default().percentile(50), 0);
    }

    #[test]
    fn a_name_in_front_is_padded_and_at_the_end_is_not() {
        let more = More::default();
        let count = Count { calls: 3, errors: 0, timed: 1, total_ns: 2_500, min_ns: 2_500, max_ns: 2_500 };
        let line = |name| Line { name, count, share: 10_000, more: &more };
        let table = |columns: &[Column]| {
            let mut out = vec![];
            write(&mut out, columns, &[line("a_name_of_twenty_two_"), line("total")]);
            String::from_utf8(out).expect("text")
        };
        let text = table(&[Column::Name, Column::Calls]);
        assert_eq!(text.lines().nth(2), Some("a_name_of_twenty_two_         3"));
        assert_eq!(text.lines().next(), Some("syscall                   calls"));
        let text = table(&[Column::MinTime, Column::Errors, Column::Name]);
        assert_eq!(text.lines().nth(2), Some("0.000003           a_name_of_twenty_two_"));
        assert_eq!(text.lines().nth(1), Some("-------- --------- ----------------"));
    }
}
