//! Columns of the `-c` table: which there are, and how a table of them is laid out.
//!
//! In: what was counted of each name. Out: header, rule, rows, rule, total, as strace has them.

use std::collections::HashMap;
use std::io;

use recording::event::Call;
use recording::views::{Count, Line, ran_ns};
use syscalls::{Abi, Memory, Shape};

use crate::spread::{PERCENTILES, Spread, Times};

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
    /// CPU time in the kernel, seconds.
    CpuTime,
}

impl Column {
    /// What `-c` shows.
    pub const USUAL: [Column; 6] =
        [Column::TimePercent, Column::TotalTime, Column::AverageTime, Column::Calls, Column::Errors, Column::Name];

    /// All of them, with the word that names them first.
    pub const KEYS: [(&'static str, Column); 13] = [
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
        ("cpu-time", Column::CpuTime),
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
            Column::CpuTime => ("cpu seconds", NOT_MEASURED.len()),
        }
    }

    /// Does it need more than sums?
    pub fn needs_more(self) -> bool {
        matches!(self, Column::P50 | Column::P95 | Column::P99 | Column::Bytes | Column::CpuTime)
    }
}

/// In place of a value that nobody knows.
const NOT_MEASURED: &str = "not measured";

/// One line of the table.
pub(crate) struct TableLine<'a> {
    pub name: &'a str,
    pub count: Count,
    /// Hundredths of a percent.
    pub share: u64,
    pub more: More,
}

impl TableLine<'_> {
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
            Column::P50 | Column::P95 | Column::P99 => seconds(self.more.value(column).unwrap_or(0)),
            Column::CpuTime => self.more.value(column).map_or_else(|| NOT_MEASURED.to_owned(), seconds),
            Column::Bytes => self.more.bytes.to_string(),
        }
    }
}

/// Appends a table of these lines, the last of them the total.
pub(crate) fn write(out: &mut Vec<u8>, columns: &[Column], lines: &[TableLine<'_>]) {
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

/// What counts don't say of the calls of one name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct More {
    spread: Option<Spread>,
    bytes: u64,
    /// ns on a CPU inside the calls of which that is known, and how many those are.
    ran: (u64, u64),
}

impl More {
    /// Calls whose CPU time is known.
    pub(crate) fn cpu_timed(&self) -> u64 {
        self.ran.1
    }

    /// The value of a column that needs more: ns or bytes; `None` where nothing was measured.
    pub(crate) fn value(&self, column: Column) -> Option<u64> {
        let percentile = |percent: u64| {
            let at = PERCENTILES.iter().position(|known| *known == percent);
            at.zip(self.spread).and_then(|(at, spread)| spread.percentiles.get(at).copied())
        };
        match column {
            Column::P50 => percentile(50),
            Column::P95 => percentile(95),
            Column::P99 => percentile(99),
            Column::CpuTime => (self.ran.1 > 0).then_some(self.ran.0),
            _ => Some(self.bytes),
        }
    }
}

/// What counts don't say, by line of the table, and of all calls under none.
#[derive(Debug, Default)]
pub(crate) struct MoreOfAll {
    times: Times<Option<Line>>,
    sums: HashMap<Option<Line>, Sums>,
    overhead_ns: u64,
}

/// What is added up.
#[derive(Debug, Default)]
struct Sums {
    bytes: u64,
    /// As in [`More`].
    ran: (u64, u64),
}

impl MoreOfAll {
    /// Nothing seen; so much is taken off the CPU time of each call, down to nothing, ns.
    pub(crate) fn without(overhead_ns: u64) -> Self {
        MoreOfAll { overhead_ns, ..MoreOfAll::default() }
    }

    /// A call of this line. The error is that of the file in which times wait.
    pub(crate) fn observe(&mut self, line: Line, call: &Call<'_>, took: Option<u64>) -> io::Result<()> {
        let (bytes, ran) = (bytes_moved(call), ran_ns(call));
        for line in [Some(line), None] {
            let sums = self.sums.entry(line).or_default();
            sums.bytes = sums.bytes.saturating_add(bytes);
            if let Some(ran) = ran {
                let (ns, calls) = &mut sums.ran;
                *ns = ns.saturating_add(ran.saturating_sub(self.overhead_ns));
                *calls += 1;
            }
            if let Some(took) = took {
                self.times.add(line, took)?;
            }
        }
        Ok(())
    }

    /// All of it, when every call has come.
    pub(crate) fn settle(&mut self) -> io::Result<HashMap<Option<Line>, More>> {
        let spreads = self.times.spreads()?;
        let sums = std::mem::take(&mut self.sums).into_iter();
        let more = |(line, Sums { bytes, ran })| (line, More { spread: spreads.get(&line).copied(), bytes, ran });
        Ok(sums.map(more).collect())
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
    fn percentiles_are_those_of_the_times() {
        let more = More { spread: Spread::of(vec![10, 20, 30, 40]), bytes: 7, ran: (0, 1) };
        let columns = [Column::P50, Column::P95, Column::Bytes, Column::CpuTime];
        assert_eq!(columns.map(|column| more.value(column)), [Some(25), Some(39), Some(7), Some(0)]);
        assert_eq!([Column::P50, Column::CpuTime].map(|column| More::default().value(column)), [None, None]);
    }

    #[test]
    fn a_name_in_front_is_padded_and_at_the_end_is_not() {
        let count = Count { calls: 3, errors: 0, timed: 1, total_ns: 2_500, min_ns: 2_500, max_ns: 2_500 };
        let line = |name| TableLine { name, count, share: 10_000, more: More::default() };
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
