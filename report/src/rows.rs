//! Calls as rows of cells: what the CSV and the HTML page have in common.

use recording::event::{Call, Event, Kind};
use recording::session::{Header, Trailer};
use recording::views::{Clock, took_ns};
use recording::{Batch, Sink, SinkError};

use crate::args::{self, Style};
use crate::csv::Csv;
use crate::html::Html;
use crate::json::{command, incomplete};
use crate::output::Stream;
use crate::shown::is_own;
use crate::spool::{Spool, pour};
use crate::statistics::{Row, Statistics};
use crate::summary::SortBy;
use crate::text::TextOptions;
use crate::text::call::Named;
use crate::{Destination, Stacks, digits};

/// Options of rows: arguments are strace's text, and look as these options of the text say.
#[derive(Debug, Clone, Default)]
pub struct RowOptions {
    /// Arguments, durations (`-T`), which calls.
    pub text: TextOptions,
    /// A column for the place in the source (`--source`).
    pub source: bool,
    /// The table of counts behind the rows (`-c`). Not for CSV, which holds one table.
    pub table: Option<TableOptions>,
    /// Write nothing before the end: for a destination that nobody may see half a page in.
    pub whole: bool,
}

/// Options of the table of counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions {
    /// Order of the rows (`-S`).
    pub sort: SortBy,
    /// Mean, deviation and percentiles of each name (`--stats-extended`).
    pub spread: bool,
}

/// A call in cells. What is not known is empty.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// The name; `syscall_` and the number, decimal, where it has none.
    pub name: Vec<u8>,
    /// strace's text of the arguments.
    pub arguments: Vec<u8>,
    /// The raw return register.
    pub result: Option<i64>,
    /// strace's text behind the `=`.
    pub outcome: Vec<u8>,
    /// Did it fail?
    pub failed: bool,
    /// Entry to exit, ns.
    pub took_ns: Option<u64>,
    /// `file:line in function`.
    pub source: Vec<u8>,
}

impl Cells {
    pub fn clear(&mut self) {
        self.name.clear();
        self.arguments.clear();
        self.outcome.clear();
        self.source.clear();
        (self.result, self.failed, self.took_ns) = (None, false, None);
    }

    /// Takes off what stands in front of an outcome in the text.
    pub fn drop_equals(&mut self) {
        self.outcome.drain(..b"= ".len().min(self.outcome.len()));
    }

    fn fill(&mut self, call: &Call<'_>, style: &Style) {
        self.clear();
        let named = Named::of(*call);
        match named.row {
            Some(row) => self.name.extend_from_slice(row.name.as_bytes()),
            None => {
                self.name.extend_from_slice(b"syscall_");
                digits::dec(&mut self.name, call.nr());
            }
        }
        if call.entered() {
            args::write_list(&mut self.arguments, style, call, named.abi);
        }
        if call.returned() {
            self.result = Some(call.result());
            self.failed = call.errno().is_some();
            named.result(&mut self.outcome, style);
            self.drop_equals();
        }
    }
}

/// How rows are laid out.
pub(crate) trait Layout: std::fmt::Debug {
    /// Appends what stands in front of the rows; `command` is empty when nothing was launched.
    fn opening(&self, out: &mut Vec<u8>, command: &[Vec<u8>]);

    /// Appends a row.
    fn row(&self, out: &mut Vec<u8>, cells: &Cells);

    /// Appends what stands behind the rows.
    fn closing(&self, out: &mut Vec<u8>, whole: &Whole);
}

/// A run, or a document, as a whole.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub calls: u64,
    pub errors: u64,
    /// Calls by name, where they are asked for.
    pub rows: Option<Vec<Row>>,
    /// Why calls may be missing.
    pub incomplete: Option<String>,
}

/// Writes rows.
#[derive(Debug)]
pub struct Rows {
    layout: Box<dyn Layout>,
    options: RowOptions,
    style: Style,
    to: Stream,
    /// The rows so far, when nothing may be written before the end.
    body: Option<Spool>,
    clock: Clock,
    stacks: Option<Stacks>,
    statistics: Statistics,
    cells: Cells,
    dropped: u64,
}

impl Rows {
    /// CSV: a header and a line a call, readable at any moment.
    pub fn csv(options: RowOptions, to: Destination) -> Self {
        Rows::new(Box::new(Csv::of(&options)), RowOptions { whole: false, table: None, ..options }, to)
    }

    /// An HTML page.
    pub fn html(options: RowOptions, to: Destination) -> Self {
        Rows::new(Box::new(Html::of(&options)), options, to)
    }

    fn new(layout: Box<dyn Layout>, options: RowOptions, to: Destination) -> Self {
        let spread = options.table.is_some_and(|table| table.spread);
        Rows {
            layout,
            style: Style::of_text(&options.text),
            body: options.whole.then(Spool::default),
            options,
            to: to.into_stream(),
            clock: Clock::new(&Header::default()),
            stacks: None,
            statistics: Statistics::new(spread),
            cells: Cells::default(),
            dropped: 0,
        }
    }

    /// Calls are shown with where they come from.
    pub fn with_stacks(mut self, stacks: Option<Stacks>) -> Self {
        self.stacks = stacks;
        self
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), SinkError> {
        let Some(call) = event.call() else {
            if event.kind() == Some(Kind::Lost) {
                self.dropped = self.dropped.saturating_add(event.u64(32));
            }
            if let Some(stacks) = &mut self.stacks {
                stacks.observe(event);
            }
            return Ok(());
        };
        if event.is_announcement() || is_own(event) {
            return Ok(());
        }
        if self.options.text.shown.takes_call(&call) {
            self.row(&call)?;
        }
        if let Some(stacks) = &mut self.stacks {
            stacks.told(event.task());
        }
        Ok(())
    }

    fn row(&mut self, call: &Call<'_>) -> Result<(), SinkError> {
        self.statistics.observe(call, &self.clock).map_err(|source| self.to.failed(source))?;
        self.cells.fill(call, &self.style);
        if self.options.text.duration.is_some() {
            self.cells.took_ns = took_ns(call, &self.clock);
        }
        if self.options.source
            && let Some(stacks) = &mut self.stacks
        {
            stacks.write_location(&mut self.cells.source, call.event.task());
        }
        match &mut self.body {
            None => {
                self.layout.row(self.to.buffer(), &self.cells);
                self.to.event_written()
            }
            Some(body) => {
                self.layout.row(body.buffer(), &self.cells);
                body.settle().map_err(|source| self.to.failed(source))
            }
        }
    }
}

impl Sink for Rows {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.clock = Clock::new(header);
        let out = match &mut self.body {
            None => self.to.buffer(),
            Some(body) => body.buffer(),
        };
        self.layout.opening(out, &command(header));
        if self.body.is_none() { self.to.flush() } else { Ok(()) }
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        for event in batch.events() {
            self.event(&event)?;
        }
        self.to.flush_when_due(batch.clock.monotonic_ns)
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.to.flush()
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        if let Some(mut body) = self.body.take() {
            pour(&mut body, &mut self.to)?;
        }
        let rows = match self.options.table {
            Some(table) => Some(self.statistics.rows(table.sort).map_err(|source| self.to.failed(source))?),
            None => None,
        };
        let total = self.statistics.tally().total();
        let incomplete = incomplete(trailer, self.dropped);
        let whole = Whole { calls: total.calls, errors: total.errors, rows, incomplete };
        self.layout.closing(self.to.buffer(), &whole);
        self.to.flush()
    }
}
