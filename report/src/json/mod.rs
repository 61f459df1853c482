//! The document `renacer-json-v1`: one JSON object for a whole run.
//!
//! Calls are written as they complete. Events stand behind them in the document, so they wait in a
//! spool, and what only the end knows follows last: memory stays flat however long the run is.

mod blocks;
mod call;
mod escape;
mod event;
mod run;

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};
use syscalls::Filter;

pub(crate) use blocks::{by_syscall, command, incomplete};
pub(crate) use escape::{base64, string};
pub(crate) use run::{Line, Run};

use crate::output::Stream;
use crate::spool::{Spool, pour};
use crate::{Destination, Shown, Stacks};

/// Options of the document and of its lines.
#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    /// Only the keys that renacer has (`--compact`). Not for lines.
    pub compact: bool,
    /// Durations (`-T`).
    pub durations: bool,
    /// `summary.by_syscall` (`-c`).
    pub by_syscall: bool,
    /// Mean, deviation and percentiles in it (`--stats-extended`).
    pub spread: bool,
    /// `lamport_clock` (`--lamport`).
    pub lamport: bool,
    /// `recording.start_unix_ns` (`-t` and more).
    pub start_time: bool,
    /// Write nothing before the end: for a destination that nobody may see half a document in.
    pub whole: bool,
    /// Bytes of data moved that are shown (`-s`); `None` is all that was kept.
    pub strings: Option<usize>,
    /// Whole structures, the environment (`-v`).
    pub verbose: bool,
    /// Calls whose arguments are their words (`-e raw=`). `None` is none.
    pub raw: Option<Filter>,
    /// Version of the program, without its name.
    pub version: String,
    /// Which events.
    pub shown: Shown,
}

/// Writes the document.
#[derive(Debug)]
pub struct Json {
    run: Run,
    to: Stream,
    /// The document so far, when nothing may be written before the end.
    body: Option<Spool>,
    events: Spool,
    any_call: bool,
}

impl Json {
    /// A writer with these options. A document is one stream: of [`Destination::PerTask`] it takes the
    /// base as a file's name.
    pub fn new(options: JsonOptions, to: Destination) -> Self {
        let body = options.whole.then(Spool::default);
        Json { run: Run::new(options), to: to.into_stream(), body, events: Spool::default(), any_call: false }
    }

    /// Moves on what is in the buffer of the document.
    fn settle(&mut self) -> Result<(), SinkError> {
        match &mut self.body {
            None => self.to.flush_when_full(),
            Some(body) => body.settle().map_err(|source| self.to.failed(source)),
        }
    }

    fn document(&mut self) -> &mut Vec<u8> {
        match &mut self.body {
            None => self.to.buffer(),
            Some(body) => body.buffer(),
        }
    }

    fn call_written(&mut self) -> Result<(), SinkError> {
        match self.body {
            None => self.to.event_written(),
            Some(_) => self.settle(),
        }
    }

    /// Calls are shown with where they come from.
    pub fn with_stacks(mut self, stacks: Option<Stacks>) -> Self {
        self.run.set_stacks(stacks);
        self
    }
}

impl Sink for Json {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.run.begin(header);
        let mut line = Vec::new();
        line.extend_from_slice(b"{\n");
        self.run.opening(&mut line, b"  ", b",\n");
        line.extend_from_slice(b"  \"syscalls\": [");
        self.document().append(&mut line);
        self.settle()
    }

    fn wants_entered(&self) -> bool {
        self.run.wants_entered()
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.run.batch(batch);
        for event in batch.events() {
            let document = match &mut self.body {
                None => self.to.buffer(),
                Some(body) => body.buffer(),
            };
            let start = document.len();
            // The line goes where a call would; an event is then moved to its spool.
            document.extend_from_slice(if self.any_call { b",\n    " } else { b"\n    " });
            let inside = document.len();
            match self.run.line(document, &event) {
                Line::Call => {
                    self.any_call = true;
                    self.call_written()?;
                }
                Line::Event => {
                    let any = !self.events.is_empty();
                    let waiting = self.events.buffer();
                    waiting.extend_from_slice(if any { b",\n    " } else { b"\n    " });
                    waiting.extend_from_slice(&document[inside..]);
                    document.truncate(start);
                    self.events.settle().map_err(|source| self.to.failed(source))?;
                }
                Line::Nothing => document.truncate(start),
            }
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        match self.body {
            None => self.to.flush(),
            Some(_) => Ok(()),
        }
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let any_call = self.any_call;
        self.document().extend_from_slice(if any_call { b"\n  ],\n" } else { b"],\n" });
        if let Some(mut body) = self.body.take() {
            pour(&mut body, &mut self.to)?;
        }
        if !self.run.options().compact {
            let any = !self.events.is_empty();
            self.to.buffer().extend_from_slice(b"  \"events\": [");
            pour(&mut self.events, &mut self.to)?;
            self.to.buffer().extend_from_slice(if any { b"\n  ],\n" } else { b"],\n" });
        }
        let closed = self.run.closing(self.to.buffer(), trailer, b"  ", b",\n");
        closed.map_err(|source| self.to.failed(source))?;
        self.to.buffer().extend_from_slice(b"\n}\n");
        self.to.flush()
    }
}
