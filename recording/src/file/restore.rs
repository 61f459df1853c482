//! Restoring: an events block as the records that went into it.
//!
//! Most blocks are handed on as they stand in the file. Only from the first record that needs a change
//! (an interned payload, a kind of a later version) is the rest copied.

use super::layout::{EVENTS_HEAD, EventsHead};
use super::loss;
use super::strings::Strings;
use super::totals::Totals;
use super::unfinished::Unfinished;
use crate::event::{Event, Kind, MAX_RECORD, Malformed, Payload, PayloadHead, Record, State, flag, status};
use crate::session::ClockTriple;
use crate::views::NumberMap;
use crate::{Batch, Sink, SinkError};

/// Bytes after which restored records are handed on, so that a block of many large strings needs no
/// more memory than others.
const ENOUGH: usize = 4 << 20;
/// Tasks whose order is watched at once.
const TASKS: usize = 1 << 20;

/// What was odd, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Oddities {
    /// Interned payloads without a definition.
    pub missing_strings: u64,
    /// Records of unknown kinds, passed over.
    pub unknown_kinds: u64,
    /// Calls in states that no finished block holds.
    pub odd_states: u64,
    /// Records whose time is before that of an earlier one of their task.
    pub backwards: u64,
}

/// What a record needs.
enum Needs {
    Nothing,
    Change,
    Dropping,
}

/// Where the records of a block end before they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Offset in the body.
    pub at: usize,
    /// What is there instead.
    pub why: Malformed,
}

/// The records of a block on their way.
struct Run<'a> {
    records: &'a [u8],
    /// Offset of the first that was not given.
    from: usize,
    /// Offset of the next one to look at.
    at: usize,
    /// Are those in between in `scratch`?
    copied: bool,
}

/// Turns blocks into batches.
pub struct Restorer {
    /// Strings defined so far.
    pub strings: Strings,
    /// What was given to the sink.
    pub totals: Totals,
    /// What was odd.
    pub odd: Oddities,
    /// Announced calls that did not come again yet.
    pub unfinished: Unfinished,
    /// Latest `seq` of each task and its time.
    order: NumberMap<u32, (u64, u64)>,
    scratch: Vec<u8>,
    record: Record,
    clock: ClockTriple,
}

impl Restorer {
    /// Nothing seen.
    pub fn new(start: ClockTriple) -> Restorer {
        Restorer {
            strings: Strings::default(),
            totals: Totals::new(),
            odd: Oddities::default(),
            unfinished: Unfinished::default(),
            order: NumberMap::default(),
            scratch: vec![],
            record: Record::default(),
            clock: start,
        }
    }

    /// The clock at the end of what was given.
    pub fn clock(&self) -> ClockTriple {
        self.clock
    }

    /// Gives the records of an events block to the sink; [`Broken`] says from where on the rest of it is
    /// no record.
    pub fn block(&mut self, body: &[u8], sink: &mut dyn Sink) -> Result<Result<(), Broken>, SinkError> {
        let Some(head) = EventsHead::decode(body) else {
            return Ok(Err(Broken { at: 0, why: Malformed::Short }));
        };
        self.odd.backwards += u64::from(head.clock.monotonic_ns < self.clock.monotonic_ns);
        self.clock = head.clock;
        let mut run = Run { records: &body[EVENTS_HEAD..], from: 0, at: 0, copied: false };
        let mut count = 0;
        let ended = loop {
            match self.step(&mut run) {
                Ok(true) => count += 1,
                Ok(false) if count == head.count => break Ok(()),
                Ok(false) => break Err(Malformed::Short),
                Err(why) => break Err(why),
            }
            if run.copied && self.scratch.len() >= ENOUGH {
                self.give_run(&mut run, sink)?;
            }
        };
        self.give_run(&mut run, sink)?;
        Ok(ended.map_err(|why| Broken { at: EVENTS_HEAD + run.at, why }))
    }

    /// Gives a `Lost` event.
    pub fn lost(&mut self, why: &str, sink: &mut dyn Sink) -> Result<(), SinkError> {
        loss::lost(&mut self.record, self.clock.ticks, why);
        self.totals.count(&self.record.view());
        give(sink, self.clock, self.record.bytes())
    }

    /// Gives the calls that were announced and never came, as an engine does at its end.
    pub fn give_unfinished(&mut self, sink: &mut dyn Sink) -> Result<(), SinkError> {
        self.scratch.clear();
        self.unfinished.drain_into(&mut self.scratch);
        for event in (Batch { clock: self.clock, bytes: &self.scratch }).events() {
            self.totals.count(&event);
        }
        self.give_scratch(sink)
    }

    /// Takes the next record; false at the end.
    fn step(&mut self, run: &mut Run<'_>) -> Result<bool, Malformed> {
        let rest = &run.records[run.at..];
        if rest.is_empty() {
            return Ok(false);
        }
        let (event, _) = Event::split(rest)?;
        match self.needs(&event) {
            Needs::Nothing => {
                if run.copied {
                    self.scratch.extend_from_slice(event.bytes());
                }
                self.watch(&event);
            }
            Needs::Change => {
                self.copy(run);
                self.change(&event)?;
            }
            Needs::Dropping => self.copy(run),
        }
        run.at += event.bytes().len();
        Ok(true)
    }

    /// What was not given yet moves to `scratch`, where it can be added to.
    fn copy(&mut self, run: &mut Run<'_>) {
        if !std::mem::replace(&mut run.copied, true) {
            self.scratch.clear();
            self.scratch.extend_from_slice(&run.records[run.from..run.at]);
        }
    }

    fn give_run(&mut self, run: &mut Run<'_>, sink: &mut dyn Sink) -> Result<(), SinkError> {
        let bytes = if run.copied { &self.scratch } else { &run.records[run.from..run.at] };
        give(sink, self.clock, bytes)?;
        (run.from, run.copied) = (run.at, false);
        Ok(())
    }

    fn give_scratch(&mut self, sink: &mut dyn Sink) -> Result<(), SinkError> {
        give(sink, self.clock, &self.scratch)
    }

    fn needs(&mut self, event: &Event<'_>) -> Needs {
        let Some(kind) = event.kind() else {
            self.odd.unknown_kinds += 1;
            return Needs::Dropping;
        };
        if kind == Kind::Call {
            match event.state() {
                Some(State::Free) => {
                    self.odd.odd_states += 1;
                    return Needs::Change;
                }
                Some(State::Void) | None => {
                    self.odd.odd_states += 1;
                    return Needs::Dropping;
                }
                Some(_) => {}
            }
        }
        match event.payloads().any(|payload| payload.head.status & status::INTERNED != 0) {
            true => Needs::Change,
            false => Needs::Nothing,
        }
    }

    /// Appends the record to `scratch` with its strings and a state that exists; refused when it would
    /// become larger than any record.
    fn change(&mut self, event: &Event<'_>) -> Result<(), Malformed> {
        let start = self.scratch.len();
        let fixed = event.fixed_len();
        self.scratch.extend_from_slice(&event.bytes()[..fixed]);
        let mut missing = 0;
        for payload in event.payloads() {
            missing += u64::from(!self.restore(&payload));
            let size = self.scratch.len() - start;
            if size > MAX_RECORD {
                self.scratch.truncate(start);
                return Err(Malformed::Size(size));
            }
        }
        self.odd.missing_strings += missing;
        seal(&mut self.scratch[start..], fixed, event, missing > 0);
        let scratch = std::mem::take(&mut self.scratch);
        if let Ok((changed, _)) = Event::split(&scratch[start..]) {
            self.watch(&changed);
        }
        self.scratch = scratch;
        Ok(())
    }

    /// Appends a payload with its own bytes; false when they are missing.
    fn restore(&mut self, payload: &Payload<'_>) -> bool {
        let head = PayloadHead { status: payload.head.status & !status::INTERNED, ..payload.head };
        if payload.head.status & status::INTERNED == 0 {
            head.write(&mut self.scratch, 0, payload.bytes);
            return true;
        }
        let id = payload.bytes.try_into().map_or(u32::MAX, u32::from_le_bytes);
        let known = self.strings.get(id);
        match known {
            Some(bytes) => head.write(&mut self.scratch, 0, bytes),
            None => head.write(&mut self.scratch, status::FAULTED, format!("<string {id} missing>").as_bytes()),
        }
        known.is_some()
    }

    /// Counts a record that is handed on, and keeps what later ones are compared with.
    fn watch(&mut self, event: &Event<'_>) {
        self.totals.count(event);
        self.unfinished.observe(event);
        if event.comes_late() {
            return;
        }
        if event.kind() == Some(Kind::Born) || self.order.len() >= TASKS {
            self.order.remove(&event.task());
        }
        if self.order.len() >= TASKS {
            return;
        }
        let latest = self.order.entry(event.task()).or_insert((event.seq(), event.at()));
        let (seq, at) = *latest;
        let backwards = if event.seq() >= seq { event.at() < at } else { event.at() > at };
        self.odd.backwards += u64::from(backwards);
        if event.seq() >= seq {
            *latest = (event.seq(), event.at());
        }
    }
}

/// Puts size, payload length, state and flags of a changed record right.
fn seal(record: &mut [u8], fixed: usize, event: &Event<'_>, missing: bool) {
    let size = record.len() as u32;
    record[..4].copy_from_slice(&size.to_le_bytes());
    if event.kind() != Some(Kind::Call) {
        return;
    }
    record[120..124].copy_from_slice(&(size - fixed as u32).to_le_bytes());
    if event.state() == Some(State::Free) {
        record[5] = State::Open as u8;
    }
    if missing {
        record[12..16].copy_from_slice(&(event.flags() | flag::FAULTED).to_le_bytes());
    }
}

fn give(sink: &mut dyn Sink, clock: ClockTriple, bytes: &[u8]) -> Result<(), SinkError> {
    if bytes.is_empty() { Ok(()) } else { sink.events(&Batch { clock, bytes }) }
}
