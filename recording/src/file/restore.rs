//! Restoring: an events block as the records that went into it.
//!
//! Most blocks are handed on as they stand in the file. Only from the first record that needs a change
//! (an interned payload, a kind of a later version) is the rest copied.

use super::layout::{EVENTS_HEAD, EventsHead};
use super::loss;
use super::strings::Strings;
use super::totals::Totals;
use super::unfinished::Unfinished;
use crate::event::{Event, Kind, MAX_RECORD, Malformed, PayloadHead, Record, State, flag, status};
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

    /// Gives the records of an events block to the sink; `Err` inside says where and why the rest of it
    /// is no record.
    pub fn block(&mut self, body: &[u8], sink: &mut dyn Sink) -> Result<Result<(), (usize, Malformed)>, SinkError> {
        let Some(head) = EventsHead::decode(body) else {
            return Ok(Err((0, Malformed::Short)));
        };
        if head.clock.monotonic_ns < self.clock.monotonic_ns {
            self.odd.backwards += 1;
        }
        self.clock = head.clock;
        let records = &body[EVENTS_HEAD..];
        let (mut at, mut count) = (0, 0);
        // Records from here on that were not given yet: as they stand up to `at`, or in `scratch`.
        let (mut from, mut copied) = (0, false);
        let broken = loop {
            let (event, rest) = match Event::split(&records[at..]) {
                Ok(split) => split,
                Err(_) if at == records.len() => break None,
                Err(why) => break Some(why),
            };
            let needs = self.needs(&event);
            if !copied && !matches!(needs, Needs::Nothing) {
                self.scratch.clear();
                self.scratch.extend_from_slice(&records[from..at]);
                copied = true;
            }
            match needs {
                Needs::Nothing if copied => self.scratch.extend_from_slice(event.bytes()),
                Needs::Nothing | Needs::Dropping => {}
                Needs::Change if !self.change(&event) => break Some(Malformed::Size(MAX_RECORD)),
                Needs::Change => {}
            }
            if matches!(needs, Needs::Nothing) {
                self.watch(&event);
            }
            at = records.len() - rest.len();
            count += 1;
            if copied && self.scratch.len() >= ENOUGH {
                self.give_scratch(sink)?;
                (from, copied) = (at, false);
            }
        };
        match copied {
            true => self.give_scratch(sink)?,
            false => give(sink, self.clock, &records[from..at])?,
        }
        Ok(match broken {
            Some(why) => Err((EVENTS_HEAD + at, why)),
            None if count != head.count => Err((body.len(), Malformed::Short)),
            None => Ok(()),
        })
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

    /// Appends the record to `scratch` with its strings and a state that exists. False when it would
    /// become larger than any record.
    fn change(&mut self, event: &Event<'_>) -> bool {
        let start = self.scratch.len();
        let fixed = event.fixed_len();
        self.scratch.extend_from_slice(&event.bytes()[..fixed]);
        let mut missing = 0;
        for payload in event.payloads() {
            let head = PayloadHead { status: payload.head.status & !status::INTERNED, ..payload.head };
            if payload.head.status & status::INTERNED == 0 {
                head.write(&mut self.scratch, 0, payload.bytes);
            } else {
                let id = payload.bytes.try_into().map_or(u32::MAX, u32::from_le_bytes);
                match self.strings.get(id) {
                    Some(bytes) => head.write(&mut self.scratch, 0, bytes),
                    None => {
                        missing += 1;
                        let text = format!("<string {id} missing>");
                        head.write(&mut self.scratch, status::FAULTED, text.as_bytes());
                    }
                }
            }
            if self.scratch.len() - start > MAX_RECORD {
                self.scratch.truncate(start);
                return false;
            }
        }
        self.odd.missing_strings += missing;
        seal(&mut self.scratch[start..], fixed, event, missing > 0);
        let scratch = std::mem::take(&mut self.scratch);
        if let Ok((changed, _)) = Event::split(&scratch[start..]) {
            self.watch(&changed);
        }
        self.scratch = scratch;
        true
    }

    /// Counts a record that is handed on, and keeps what later ones are compared with.
    fn watch(&mut self, event: &Event<'_>) {
        self.totals.count(event);
        self.unfinished.observe(event);
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
