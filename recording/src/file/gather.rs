//! Gathering: records packed into an events block, repeated payloads replaced by their ids.

use super::intern::{Interned, Interner, LENGTHS};
use super::layout::{BLOCK_HEADER, Block, EVENTS_HEAD, EventsHead};
use crate::event::{Event, Kind, PAYLOAD_HEAD, Payload, status};
use crate::session::ClockTriple;
use crate::views::NumberMap;

/// Bytes of a body at which a block is full.
pub const FULL: usize = 256 << 10;
/// A block takes no further record that would bring it beyond this.
pub const CAP: usize = 4 << 20;

/// An events block under construction, with the strings block that goes before it.
#[derive(Debug)]
pub struct Gather {
    /// The events block.
    pub events: Block,
    /// Strings first used in it.
    pub strings: Block,
    /// First `seq` of each task in it.
    pub tasks: NumberMap<u32, u64>,
    interner: Interner,
    last_task: Option<u32>,
    first: u64,
    last: u64,
    /// Records in it, announcements included.
    count: u32,
    /// Records that are no announcements.
    counted: u64,
}

impl Gather {
    /// An empty block and an empty table.
    pub fn new() -> Gather {
        let mut gather = Gather {
            events: Block::with_capacity(FULL + (64 << 10)),
            strings: Block::with_capacity(64 << 10),
            tasks: NumberMap::default(),
            interner: Interner::new(),
            last_task: None,
            first: u64::MAX,
            last: 0,
            count: 0,
            counted: 0,
        };
        gather.restart();
        gather
    }

    /// Begins the next block.
    pub fn restart(&mut self) {
        self.events.clear();
        self.events.bytes_mut().resize(BLOCK_HEADER + EVENTS_HEAD, 0);
        self.strings.clear();
        self.tasks.clear();
        self.last_task = None;
        (self.first, self.last, self.count, self.counted) = (u64::MAX, 0, 0, 0);
    }

    /// Is no record in it?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is it time to write it?
    pub fn is_full(&self) -> bool {
        self.events.len() >= FULL
    }

    /// Is there room for so many bytes more?
    pub fn has_room(&self, bytes: usize) -> bool {
        self.is_empty() || self.events.len() + bytes <= CAP
    }

    /// Events in it, announcements not counted.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Appends a record.
    pub fn add(&mut self, event: &Event<'_>) {
        self.note(event);
        let fixed = event.fixed_len();
        if event.bytes().len() < fixed + PAYLOAD_HEAD + LENGTHS.start() {
            self.events.bytes_mut().extend_from_slice(event.bytes());
            return;
        }
        let at = self.events.bytes_mut().len();
        self.events.bytes_mut().extend_from_slice(&event.bytes()[..fixed]);
        for payload in event.payloads() {
            self.add_payload(&payload, event.is_announcement());
        }
        let out = self.events.bytes_mut();
        let size = out.len() - at;
        out[at..at + 4].copy_from_slice(&(size as u32).to_le_bytes());
        if event.kind() == Some(Kind::Call) {
            out[at + 120..at + 124].copy_from_slice(&((size - fixed) as u32).to_le_bytes());
        }
    }

    /// Fills in what stands before the records.
    pub fn close(&mut self, clock: ClockTriple) -> EventsHead {
        let head = EventsHead { clock, first: self.first, last: self.last, count: self.count };
        self.events.bytes_mut()[BLOCK_HEADER..BLOCK_HEADER + EVENTS_HEAD].copy_from_slice(&head.encode());
        head
    }

    fn note(&mut self, event: &Event<'_>) {
        self.count += 1;
        self.counted += u64::from(!event.is_announcement());
        self.first = self.first.min(event.at());
        self.last = self.last.max(event.at());
        if self.last_task != Some(event.task()) {
            self.last_task = Some(event.task());
            self.tasks.entry(event.task()).or_insert(event.seq());
        }
    }

    fn add_payload(&mut self, payload: &Payload<'_>, fleeting: bool) {
        let interned = match payload.head.status & status::INTERNED {
            0 => self.interner.intern(payload.bytes, fleeting),
            _ => Interned::Literal,
        };
        let id = match interned {
            Interned::Literal => None,
            Interned::Known(id) => Some(id),
            Interned::New(id) => {
                add_string(&mut self.strings, id, payload.bytes);
                Some(id)
            }
        };
        let out = self.events.bytes_mut();
        match id {
            Some(id) => {
                payload.head.write(out, status::INTERNED, &id.to_le_bytes());
            }
            None => payload.head.write(out, 0, payload.bytes),
        }
    }
}

fn add_string(strings: &mut Block, id: u32, bytes: &[u8]) {
    let out = strings.bytes_mut();
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(8), 0);
}
