//! The `-c` table: calls, errors and time by name. Time is wall time inside the call, entry to exit.

use std::borrow::Cow;
use std::collections::HashMap;

use recording::session::{Header, Trailer};
use recording::views::{Clock, Count, Counted, Line, Tally};
use recording::{Batch, Sink, SinkError};
use syscalls::Abi;

use crate::columns::{self, Column, More, MoreOfAll, TableLine};
use crate::output::Stream;
use crate::statistics::{Statistics, join};
use crate::{Destination, Shown};

/// Options of the table.
#[derive(Debug, Clone, Default)]
pub struct SummaryOptions {
    /// Order of the rows (`-S`).
    pub sort: SortBy,
    /// Columns (`-U`); none given are [`Column::USUAL`].
    pub columns: Vec<Column>,
    /// Taken off the time of each call (`-O`), ns.
    pub overhead_ns: u64,
    /// Mean, deviation and percentiles behind each row (`--stats-extended`).
    pub spread: bool,
    /// Columns of the terminal on which it is shown, where that is one: what does not fit stands below the table.
    pub width: Option<usize>,
    /// Which events.
    pub shown: Shown,
}

/// Order of the rows; equal ones by time, then calls, then name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// Longest first.
    #[default]
    Time,
    /// Largest of the shortest times first (`min-time`).
    MinTime,
    /// Largest of the longest times first (`max-time`).
    MaxTime,
    /// Largest mean first (`avg-time`).
    AverageTime,
    /// Most calls first.
    Calls,
    /// Most errors first.
    Errors,
    /// By name.
    Name,
    /// In the order of their numbers (`nothing`).
    Nothing,
    /// By this column, largest first: one of those that need more than sums.
    Other(Column),
}

impl SortBy {
    /// strace's key of `-S`, its aliases among them.
    pub fn by_key(key: &str) -> Option<Self> {
        if matches!(key, "none" | "nothing") {
            return Some(SortBy::Nothing);
        }
        Some(match Column::by_key(key)? {
            Column::TimePercent | Column::TotalTime => SortBy::Time,
            Column::MinTime => SortBy::MinTime,
            Column::MaxTime => SortBy::MaxTime,
            Column::AverageTime => SortBy::AverageTime,
            Column::Calls => SortBy::Calls,
            Column::Errors => SortBy::Errors,
            Column::Name => SortBy::Name,
            column @ (Column::P50 | Column::P95 | Column::P99 | Column::Bytes | Column::CpuTime) => {
                SortBy::Other(column)
            }
        })
    }
}

/// Prints the table when the session ends.
#[derive(Debug)]
pub struct Summary {
    options: SummaryOptions,
    to: Stream,
    clock: Clock,
    statistics: Statistics,
    more: Option<MoreOfAll>,
    /// Does the recording know CPU times?
    cpu_timed: bool,
}

impl Summary {
    /// A table with these options.
    pub fn new(options: SummaryOptions, to: Destination) -> Self {
        let more = options.columns.iter().any(|column| column.needs_more()) || matches!(options.sort, SortBy::Other(_));
        Summary {
            to: to.into_stream(),
            clock: Clock::new(&Header::default()),
            statistics: Statistics::new(options.spread).without(options.overhead_ns),
            more: more.then(|| MoreOfAll::without(options.overhead_ns)),
            cpu_timed: false,
            options,
        }
    }
}

impl Sink for Summary {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Clock::new(header);
        self.cpu_timed = header.limits.as_ref().is_some_and(|limits| limits.cpu_time);
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        for event in batch.events() {
            if let Some(call) = event.call()
                && !event.is_announcement()
                && self.options.shown.takes_call(&call)
            {
                let done = self.statistics.observe(&call, &self.clock).and_then(|took| match &mut self.more {
                    Some(more) => more.observe(self.statistics.tally().line_of(&call), &call, took),
                    None => Ok(()),
                });
                done.map_err(|source| self.to.failed(source))?;
            }
        }
        Ok(())
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        let start = self.to.buffer().len();
        let more = self.more.as_mut().map(MoreOfAll::settle).transpose().map_err(|source| self.to.failed(source))?;
        let more = more.unwrap_or_default();
        let counted = write_table(self.to.buffer(), self.statistics.tally(), &more, &self.options);
        if self.options.spread {
            let mut rows = self.statistics.rows_of(&counted).map_err(|source| self.to.failed(source))?;
            rows.iter_mut().zip(&counted).for_each(|(row, counted)| row.name = strace_name_of(counted));
            join(self.to.buffer(), start, &rows, self.options.width);
        }
        let options = &self.options;
        if options.columns.contains(&Column::CpuTime) || options.sort == SortBy::Other(Column::CpuTime) {
            cpu_notes(self.to.buffer(), &counted, self.statistics.tally().total(), &more, self.cpu_timed);
        }
        self.to.flush()
    }
}

/// The name of what was counted.
pub(crate) fn name_of(row: &Counted) -> Cow<'static, str> {
    let Some(nr) = row.nr else { return "(numbers without a name)".into() };
    match Abi::from_raw(row.abi).and_then(|abi| syscalls::lookup(abi, nr)) {
        Some(call) => call.name.into(),
        None => format!("syscall_{nr}").into(),
    }
}

/// The name as strace's text has it.
fn strace_name_of(row: &Counted) -> Cow<'static, str> {
    match row.nr {
        Some(nr) if Abi::from_raw(row.abi).is_none_or(|abi| syscalls::lookup(abi, nr).is_none()) => {
            format!("syscall_{nr:#x}").into()
        }
        _ => name_of(row),
    }
}

/// Sorts by time, then calls, then name: the same run gives the same bytes.
pub(crate) fn by_time(rows: &mut [Counted]) {
    rows.sort_by(|a, b| {
        (b.count.total_ns, b.count.calls)
            .cmp(&(a.count.total_ns, a.count.calls))
            .then_with(|| name_of(a).cmp(&name_of(b)))
            .then_with(|| (a.abi, a.nr).cmp(&(b.abi, b.nr)))
    });
}

/// Sorts by what was counted. An order by what is not counted is by time here.
pub(crate) fn sort(rows: &mut [Counted], by: SortBy) {
    if by == SortBy::Nothing {
        return;
    }
    by_time(rows);
    let range = |row: &Counted| row.count.range_ns().unwrap_or((0, 0));
    match by {
        SortBy::Time | SortBy::Nothing | SortBy::Other(_) => {}
        SortBy::MinTime => rows.sort_by_key(|row| std::cmp::Reverse(range(row).0)),
        SortBy::MaxTime => rows.sort_by_key(|row| std::cmp::Reverse(range(row).1)),
        SortBy::AverageTime => rows.sort_by_key(|row| std::cmp::Reverse(row.count.total_ns / row.count.calls.max(1))),
        SortBy::Calls => rows.sort_by_key(|row| std::cmp::Reverse(row.count.calls)),
        SortBy::Errors => rows.sort_by_key(|row| std::cmp::Reverse(row.count.errors)),
        SortBy::Name => rows.sort_by(|a, b| name_of(a).cmp(&name_of(b))),
    }
}

/// The first line.
pub(crate) const HEADER: &str = "% time     seconds  usecs/call     calls    errors syscall\n";

/// The line above and below the rows.
pub(crate) const RULE: &str = "------ ----------- ----------- --------- --------- ----------------\n";

/// Appends the table, and gives its rows in their order.
fn write_table(
    out: &mut Vec<u8>,
    tally: &Tally,
    more: &HashMap<Option<Line>, More>,
    options: &SummaryOptions,
) -> Vec<Counted> {
    let more_of = |line: Option<Line>| more.get(&line).copied().unwrap_or_default();
    let mut rows = tally.rows();
    sort(&mut rows, options.sort);
    if let SortBy::Other(column) = options.sort {
        // What was not measured comes last.
        rows.sort_by_key(|row| std::cmp::Reverse(more_of(Some(row.line())).value(column)));
    }
    let total = tally.total();
    let names: Vec<Cow<'_, str>> = rows.iter().map(strace_name_of).collect();
    let line = |(row, name): (&Counted, _)| TableLine {
        name,
        count: row.count,
        share: share(row.count.total_ns, total.total_ns),
        more: more_of(Some(row.line())),
    };
    let whole = if rows.is_empty() { 0 } else { 10_000 };
    let last = TableLine { name: "total", count: *total, share: whole, more: more_of(None) };
    let lines: Vec<TableLine<'_>> = rows.iter().zip(names.iter().map(|name| &**name)).map(line).chain([last]).collect();
    let columns = if options.columns.is_empty() { &Column::USUAL[..] } else { &options.columns };
    columns::write(out, columns, &lines);
    rows
}

/// Says of which calls no CPU time is known; `asked`: somebody looked.
fn cpu_notes(out: &mut Vec<u8>, rows: &[Counted], total: &Count, more: &HashMap<Option<Line>, More>, asked: bool) {
    let timed = |line: Option<Line>| more.get(&line).map_or(0, More::cpu_timed);
    if total.calls > 0 && timed(None) == 0 {
        let why = if asked {
            "the kernel keeps no such account, or /proc can't be read"
        } else {
            "the recording was made without (-U cpu-time with --keep, record --cpu-time)"
        };
        out.extend_from_slice(format!("cpu-time was not measured: {why}\n").as_bytes());
        return;
    }
    // A name of which none is known says so in its line.
    for row in rows {
        let (calls, timed) = (row.count.calls, timed(Some(row.line())));
        if timed > 0 && timed < calls {
            let name = strace_name_of(row);
            let lacking = calls - timed;
            out.extend_from_slice(
                format!("{name}: cpu-time of {lacking} of {calls} calls was not measured\n").as_bytes(),
            );
        }
    }
}

/// Hundredths of a percent, rounded; none of nothing.
pub(crate) fn share(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    ((u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole)) as u64
}

/// One row, the mean from the sum.
pub(crate) fn line(out: &mut Vec<u8>, share: u64, total_ns: u64, calls: u64, errors: u64, name: &str) {
    cells(out, share, total_ns, total_ns / calls.max(1) / 1000, calls, errors, name);
}

/// One row: hundredths of a percent, ns in all, µs in each, calls, errors, name.
pub(crate) fn cells(out: &mut Vec<u8>, share: u64, total_ns: u64, each_us: u64, calls: u64, errors: u64, name: &str) {
    let micros = (u128::from(total_ns) + 500) / 1000;
    let errors = if errors == 0 { String::new() } else { errors.to_string() };
    let seconds = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let share = format!("{}.{:02}", share / 100, share % 100);
    out.extend_from_slice(format!("{share:>6} {seconds:>11} {each_us:>11} {calls:>9} {errors:>9} {name}\n").as_bytes());
}
