//! CSV (RFC 4180, LF line ends): a line a call, or with `-c` a line a name.

use recording::session::{Header, Trailer};
use recording::views::Clock;
use recording::{Batch, Sink, SinkError};

use crate::output::Stream;
use crate::rows::{Cells, Layout, RowOptions, TableOptions, Whole};
use crate::spread::NAMES;
use crate::statistics::{Row, Statistics};
use crate::summary::SortBy;
use crate::{Destination, Shown, digits};

/// Calls, one a line.
#[derive(Debug)]
pub(crate) struct Csv {
    durations: bool,
    source: bool,
}

impl Csv {
    pub fn of(options: &RowOptions) -> Self {
        Csv { durations: options.text.duration.is_some(), source: options.source }
    }
}

impl Layout for Csv {
    fn opening(&self, out: &mut Vec<u8>, _command: &[Vec<u8>]) {
        out.extend_from_slice(b"syscall,arguments,result");
        if self.durations {
            out.extend_from_slice(b",duration");
        }
        if self.source {
            out.extend_from_slice(b",source_location");
        }
        out.push(b'\n');
    }

    fn row(&self, out: &mut Vec<u8>, cells: &Cells) {
        field(out, &cells.name);
        out.push(b',');
        field(out, &cells.arguments);
        out.push(b',');
        if let Some(result) = cells.result {
            digits::signed(out, result);
        }
        if self.durations {
            out.push(b',');
            if let Some(took) = cells.took_ns {
                micros(out, took);
            }
        }
        if self.source {
            out.push(b',');
            field(out, &cells.source);
        }
        out.push(b'\n');
    }

    fn closing(&self, _out: &mut Vec<u8>, _whole: &Whole) {}
}

/// Options of the counts.
#[derive(Debug, Clone, Default)]
pub struct CountOptions {
    /// Order of the lines, and is there a spread.
    pub table: TableOptions,
    /// A column for the time in all calls of a name (`-T`).
    pub durations: bool,
    /// Which events.
    pub shown: Shown,
}

/// Counts by name, written when the session ends.
#[derive(Debug)]
pub struct Counts {
    options: CountOptions,
    to: Stream,
    clock: Clock,
    statistics: Statistics,
}

impl Counts {
    /// Counts with these options.
    pub fn new(options: CountOptions, to: Destination) -> Self {
        let statistics = Statistics::new(options.table.spread);
        Counts { options, to: to.into_stream(), clock: Clock::new(&Header::default()), statistics }
    }
}

impl Sink for Counts {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Clock::new(header);
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        for call in batch.events().filter_map(|event| event.call()) {
            if !call.event.is_announcement() && self.options.shown.takes_call(&call) {
                self.statistics.observe(&call, &self.clock).map_err(|source| self.to.failed(source))?;
            }
        }
        Ok(())
    }

    fn end(&mut self, _trailer: &Trailer) -> Result<(), SinkError> {
        let rows = self.statistics.rows(self.options.table.sort).map_err(|source| self.to.failed(source))?;
        write_counts(self.to.buffer(), rows, &self.options);
        self.to.flush()
    }
}

/// Appends header and rows. Without a column of times runs that do the same give the same lines: they come by calls
/// and name then, unless another order was asked for.
pub(crate) fn write_counts(out: &mut Vec<u8>, mut rows: Vec<Row>, options: &CountOptions) {
    if options.table.sort == SortBy::Time && !options.durations {
        rows.sort_by(|a, b| (b.calls, &a.name).cmp(&(a.calls, &b.name)));
    }
    out.extend_from_slice(b"syscall,calls,errors");
    if options.durations {
        out.extend_from_slice(b",total_time");
    }
    for name in NAMES.iter().filter(|_| options.table.spread) {
        out.push(b',');
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
    for row in &rows {
        field(out, row.name.as_bytes());
        out.push(b',');
        digits::dec(out, row.calls);
        out.push(b',');
        digits::dec(out, row.errors);
        if options.durations {
            out.push(b',');
            micros(out, row.total_ns);
        }
        if options.table.spread {
            let values = row.spread_values();
            for column in 0..NAMES.len() {
                out.push(b',');
                if let Some(value) = values.and_then(|values| values.get(column).copied()) {
                    digits::dec(out, value);
                }
            }
        }
        out.push(b'\n');
    }
}

/// Appends a time as whole microseconds, the rest cut off.
fn micros(out: &mut Vec<u8>, ns: u64) {
    digits::dec(out, ns / 1000);
    out.extend_from_slice(b"us");
}

/// Appends a field, in quotes where it needs them. No field holds a line end: rows are lines.
fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\"\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        field(&mut out, text.as_bytes());
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn fields_are_quoted_where_a_reader_needs_it() {
        for (text, field) in [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\r\nlines", "\"two\\r\\nlines\""),
        ] {
            assert_eq!(quoted(text), field);
        }
    }
}
