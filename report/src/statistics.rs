//! Statistics: calls, errors and times by name, with their spread where that is asked for (`--stats-extended`).

use std::borrow::Cow;
use std::io;

use recording::event::Call;
use recording::views::{Clock, Counted, Line, Tally, took_ns};

use crate::digits;
use crate::spread::{NAMES, PERCENTILES, Spread, Times};
use crate::summary::{SortBy, name_of, sort};

/// Columns of a cell that stands behind a line of the table.
const WIDTH: usize = 11;

/// Counts of a run, and its times as far as they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    tally: Tally,
    times: Option<Times<Line>>,
    overhead_ns: u64,
}

/// What is told of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub name: Cow<'static, str>,
    pub calls: u64,
    pub errors: u64,
    /// ns in all that returned.
    pub total_ns: u64,
    /// Shortest and longest, ns.
    pub range_ns: Option<(u64, u64)>,
    pub spread: Option<Spread>,
}

impl Row {
    /// Values of [`NAMES`], where any call has a time.
    pub fn spread_values(&self) -> Option<[u64; 9]> {
        Some(self.spread?.values(self.range_ns?))
    }
}

impl Statistics {
    /// Nothing counted; `spread`: times are kept for their percentiles.
    pub fn new(spread: bool) -> Statistics {
        Statistics { tally: Tally::new(), times: spread.then(Times::default), overhead_ns: 0 }
    }

    /// The same; so much is taken off the time of each call.
    pub fn without(self, overhead_ns: u64) -> Statistics {
        Statistics { tally: Tally::without_overhead(overhead_ns), overhead_ns, ..self }
    }

    /// Counts a call, and says how long it took. The error is that of the file in which times wait.
    pub fn observe(&mut self, call: &Call<'_>, clock: &Clock) -> io::Result<Option<u64>> {
        self.tally.observe(call, clock);
        let took = took_ns(call, clock).map(|took| took.saturating_sub(self.overhead_ns));
        if let (Some(times), Some(took)) = (&mut self.times, took) {
            times.add(self.tally.line_of(call), took)?;
        }
        Ok(took)
    }

    /// The counts.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// All rows in an order.
    pub fn rows(&mut self, order: SortBy) -> io::Result<Vec<Row>> {
        let mut counted = self.tally.rows();
        sort(&mut counted, order);
        self.rows_of(&counted)
    }

    /// Rows of what was counted, in this order.
    pub fn rows_of(&mut self, counted: &[Counted]) -> io::Result<Vec<Row>> {
        let spreads = self.times.as_mut().map(Times::spreads).transpose()?;
        let rows = counted.iter().map(|row| Row {
            name: name_of(row),
            calls: row.count.calls,
            errors: row.count.errors,
            total_ns: row.count.total_ns,
            range_ns: row.count.range_ns(),
            spread: spreads.as_ref().and_then(|spreads| spreads.get(&row.line()).copied()),
        });
        Ok(rows.collect())
    }
}

/// Puts the spread of each row behind its line of a table that begins at `start`: a header, a rule, the rows, a
/// rule, the total. On a terminal that is not so many columns wide (`width`) it stands below the table.
pub(crate) fn join(out: &mut Vec<u8>, start: usize, rows: &[Row], width: Option<usize>) {
    let table = out.get(start..).unwrap_or_default();
    let widest = table.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    match width {
        Some(width) if widest + NAMES.len() * (WIDTH + 1) > width => below(out, rows, width),
        _ => beside(out, start, rows, widest),
    }
}

/// Appends the spread in tables with a name at the end of each line, none wider than `width` unless one value and a
/// name are: no value is shortened.
fn below(out: &mut Vec<u8>, rows: &[Row], width: usize) {
    const HEAD: &str = "syscall";
    let values: Vec<Option<[u64; NAMES.len()]>> = rows.iter().map(Row::spread_values).collect();
    let name = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(HEAD.len());
    let widths = NAMES.map(str::len).into_iter().enumerate().map(|(column, head)| {
        let all = values.iter().flatten().filter_map(|values| values.get(column));
        all.map(|value| digits::places(*value)).fold(head, usize::max)
    });
    let columns: Vec<(usize, (&str, usize))> = NAMES.into_iter().zip(widths).enumerate().collect();
    // Moments and extremes, then percentiles.
    let (first, second) = columns.split_at(NAMES.len() - PERCENTILES.len());
    for half in [first, second] {
        let mut rest = half;
        while !rest.is_empty() {
            let mut used = name;
            let fitting = rest.iter().take_while(|(_, (_, column))| {
                used += column + 1;
                used <= width
            });
            let (shown, behind) = rest.split_at(fitting.count().max(1).min(rest.len()));
            rest = behind;
            out.push(b'\n');
            let mut line = |text: &str, cell: &dyn Fn(&mut Vec<u8>, usize, usize)| {
                for (at, (_, column)) in shown {
                    cell(out, *at, *column);
                    out.push(b' ');
                }
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            };
            line(HEAD, &|out, at, column| {
                let head = NAMES.get(at).copied().unwrap_or_default();
                digits::spaces(out, column.saturating_sub(head.len()));
                out.extend_from_slice(head.as_bytes());
            });
            line(&"-".repeat(name), &|out, _, column| out.resize(out.len() + column, b'-'));
            for (row, values) in rows.iter().zip(&values) {
                line(&row.name, &|out, at, column| match values.as_ref().and_then(|values| values.get(at)) {
                    Some(value) => digits::dec_right(out, *value, column),
                    // None of these calls returned.
                    None => digits::spaces(out, column),
                });
            }
        }
    }
}

/// Appends the spread behind the lines of a table whose longest line has `widest` columns.
fn beside(out: &mut Vec<u8>, start: usize, rows: &[Row], widest: usize) {
    let table = out.split_off(start);
    let lines: Vec<&[u8]> = table.split_inclusive(|byte| *byte == b'\n').collect();
    for (at, line) in lines.iter().enumerate() {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line);
        let mut cells = |cell: &dyn Fn(&mut Vec<u8>, usize)| {
            digits::spaces(out, widest - line.len());
            for column in 0..NAMES.len() {
                out.push(b' ');
                cell(out, column);
            }
        };
        let values = at.checked_sub(2).and_then(|row| rows.get(row)).map(Row::spread_values);
        match (at, values) {
            (0, _) => cells(&|out, column| {
                let name = NAMES.get(column).copied().unwrap_or_default();
                digits::spaces(out, WIDTH.saturating_sub(name.len()));
                out.extend_from_slice(name.as_bytes());
            }),
            (1, _) => cells(&|out, _| out.resize(out.len() + WIDTH, b'-')),
            (_, Some(Some(values))) => cells(&|out, column| {
                digits::dec_right(out, values.get(column).copied().unwrap_or(0), WIDTH);
            }),
            (_, None) if line.starts_with(b"-") => cells(&|out, _| out.resize(out.len() + WIDTH, b'-')),
            _ => {}
        }
        out.push(b'\n');
    }
}
