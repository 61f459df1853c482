//! A run in JSON: what is kept while it lasts, and its calls and events as single objects. The
//! document and the lines are two layouts of what this writes.

use recording::event::{Event, Kind, flag};
use recording::session::{Header, Trailer};
use recording::views::{Clock, Lamport, Processes, Tasks};
use recording::{Batch, views};

use super::{JsonOptions, blocks, call, escape, event};
use crate::Stacks;
use crate::args::Style;
use crate::shown::is_own;
use crate::spool::Spool;
use crate::statistics::Statistics;
use crate::summary::SortBy;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is not shown.
    Nothing,
    /// The object of a call was appended.
    Call,
    /// The object of an event was appended.
    Event,
}

/// Everything that is kept of a run.
#[derive(Debug)]
pub(crate) struct Run {
    options: JsonOptions,
    stacks: Option<Stacks>,
    lamport: Option<Lamport>,
    pub(super) style: Style,
    pub(super) header: Header,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) processes: Processes,
    pub(super) statistics: Statistics,
    /// Times that could not be put aside.
    failed: Option<std::io::Error>,
    pub(super) sums: Sums,
    /// Arguments are put together here before they are escaped.
    scratch: Vec<u8>,
    last_process: (u32, u32),
}

/// Sums over what is shown, and what concerns the recording as a whole.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// ns since the start of the session at which the first event happened: time zero of the document.
    pub zero: Option<u64>,
    /// The same instant, ns since 1970.
    pub zero_unix_ns: u64,
    /// The latest time seen, ns since the start of the session.
    pub latest: u64,
    pub calls: u64,
    pub duration_us: u64,
    pub signals: u64,
    pub dropped: u64,
    /// Calls by bit of their flags.
    pub flags: [u64; flag::NAMES.len()],
    pub lost: Spool,
    pub unseen: Spool,
    pub engine_changes: Spool,
}

impl Run {
    pub(crate) fn new(options: JsonOptions) -> Self {
        let header = Header::default();
        Run {
            style: Style::new(options.strings, options.verbose),
            statistics: Statistics::new(options.spread),
            failed: None,
            lamport: options.lamport.then(Lamport::new),
            options,
            stacks: None,
            clock: Clock::new(&header),
            header,
            tasks: Tasks::new(),
            processes: Processes::new(),
            sums: Sums::default(),
            scratch: Vec::new(),
            last_process: (0, 0),
        }
    }

    pub(crate) fn set_stacks(&mut self, stacks: Option<Stacks>) {
        self.stacks = stacks;
    }

    pub(crate) fn options(&self) -> &JsonOptions {
        &self.options
    }

    /// A call's number on its task's clock has to be known before other tasks count on.
    pub(crate) fn wants_entered(&self) -> bool {
        self.lamport.is_some()
    }

    pub(crate) fn begin(&mut self, header: &Header) {
        self.clock = Clock::new(header);
        self.header = header.clone();
    }

    pub(crate) fn batch(&mut self, batch: &Batch<'_>) {
        self.clock.batch(batch.clock);
    }

    /// The first keys, each behind `before` and followed by `after`.
    pub(crate) fn opening(&self, out: &mut Vec<u8>, before: &[u8], after: &[u8]) {
        let mut pair = |name: &str, value: &dyn Fn(&mut Vec<u8>)| {
            out.extend_from_slice(before);
            key(out, name);
            value(out);
            out.extend_from_slice(after);
        };
        let version = self.options.version.as_bytes();
        pair("version", &|out| {
            escape::string(out, version);
        });
        pair("format", &|out| out.extend_from_slice(b"\"renacer-json-v1\""));
        if self.options.compact {
            return;
        }
        pair("schema", &|out| out.push(b'1'));
        pair("generator", &|out| {
            out.extend_from_slice(b"\"chic-trace ");
            escape::inside(out, version);
            out.push(b'"');
        });
        let command = blocks::command(&self.header);
        if !command.is_empty() {
            pair("command", &|out| blocks::strings(out, &command));
        }
    }

    /// The last keys, each behind `before`, `between` them. The error is that of a file in which times waited.
    pub(crate) fn closing(
        &mut self,
        out: &mut Vec<u8>,
        trailer: &Trailer,
        before: &[u8],
        between: &[u8],
    ) -> std::io::Result<()> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let by_name = self.options.by_syscall.then(|| self.statistics.rows(SortBy::Time)).transpose()?;
        if !self.options.compact {
            out.extend_from_slice(before);
            key(out, "processes");
            blocks::processes(out, self);
            out.extend_from_slice(between);
            out.extend_from_slice(before);
            key(out, "recording");
            blocks::recording(out, self, trailer);
            out.extend_from_slice(between);
        }
        out.extend_from_slice(before);
        key(out, "summary");
        blocks::summary(out, self, trailer, by_name.as_deref());
        Ok(())
    }

    /// Takes an event and appends its object, when it is shown.
    pub(crate) fn line(&mut self, out: &mut Vec<u8>, event: &Event<'_>) -> Line {
        self.see_time(event.at());
        let lamport = self.lamport.as_mut().map(|clocks| clocks.observe(event));
        match event.call() {
            Some(call) => {
                if event.is_announcement() || is_own(event) {
                    return Line::Nothing;
                }
                self.see_time(call.left());
                if !self.options.shown.takes_call(&call) {
                    return Line::Nothing;
                }
                self.count(&call);
                let process = self.process_of(event.task());
                let took = match self.options.durations {
                    true => views::took_ns(&call, &self.clock),
                    false => None,
                };
                self.sums.duration_us = self.sums.duration_us.saturating_add(took.unwrap_or(0) / 1000);
                let facts = call::Facts {
                    process,
                    ts_ns: self.ts_of(event.at()),
                    took,
                    compact: self.options.compact,
                    mixed: self.header.engines.len() > 1,
                    raw: self.options.raw.as_ref().is_some_and(|raw| call::is_of(&call, raw)),
                    lamport,
                };
                call::write(out, &mut self.scratch, &self.style, &facts, &call, self.stacks.as_mut());
                if let Some(stacks) = &mut self.stacks {
                    stacks.told(event.task());
                }
                Line::Call
            }
            None => self.event(out, event, lamport),
        }
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>, lamport: Option<u64>) -> Line {
        if let Some(stacks) = &mut self.stacks {
            stacks.observe(event);
        }
        self.tasks.observe(event);
        self.processes.observe(event, &self.tasks, &self.clock);
        if matches!(event.kind(), Some(Kind::Born | Kind::Exec | Kind::Died)) {
            self.last_process = (0, 0);
        }
        if event.kind() == Some(Kind::Lost) {
            self.sums.dropped = self.sums.dropped.saturating_add(event.u64(32));
        }
        if !self.options.shown.takes_event(event) {
            return Line::Nothing;
        }
        self.sums.signals += u64::from(event.kind() == Some(Kind::Signal));
        if self.options.compact {
            return Line::Nothing;
        }
        let process = self.tasks.process_of(event.task());
        let facts = event::Facts { process, ts_ns: self.ts_of(event.at()), lamport };
        if let Some(aside) = event::aside(&mut self.sums, event) {
            if !aside.is_empty() {
                aside.buffer().extend_from_slice(b", ");
            }
            event::about_the_recording(aside.buffer(), event);
            // A spool that can't grow keeps what it has in memory.
            let _ = aside.settle();
            return Line::Nothing;
        }
        if event::write(out, &facts, event) { Line::Event } else { Line::Nothing }
    }

    fn count(&mut self, call: &recording::event::Call<'_>) {
        self.sums.calls += 1;
        if let Err(error) = self.statistics.observe(call, &self.clock) {
            self.failed.get_or_insert(error);
        }
        let mut flags = call.event.flags();
        while flags != 0 {
            if let Some(count) = self.sums.flags.get_mut(flags.trailing_zeros() as usize) {
                *count += 1;
            }
            flags &= flags - 1;
        }
    }

    fn see_time(&mut self, ticks: u64) {
        if ticks == 0 {
            return;
        }
        let now = self.clock.since_start(ticks);
        if self.sums.zero.is_none() {
            self.sums.zero = Some(now);
            self.sums.zero_unix_ns = self.clock.realtime(ticks);
        }
        self.sums.latest = self.sums.latest.max(now);
    }

    pub(super) fn ts_of(&self, ticks: u64) -> u64 {
        self.since_first(self.clock.since_start(ticks))
    }

    /// Time of the session as time of the document.
    pub(super) fn since_first(&self, since_start: u64) -> u64 {
        since_start.saturating_sub(self.sums.zero.unwrap_or(0))
    }

    fn process_of(&mut self, task: u32) -> u32 {
        if self.last_process.0 != task {
            self.last_process = (task, self.tasks.process_of(task));
        }
        self.last_process.1
    }
}

/// A key, which is one of ours and needs no escapes.
pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\": ");
}
