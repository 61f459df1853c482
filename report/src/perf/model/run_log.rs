//! Streams of random numbers.

use serde::Serialize;

/// Streams of random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLog {
    /// `0.1`.
    pub version: String,
    /// In the order of first use.
    pub rng_streams: Vec<Stream>,
}

impl Default for RunLog {
    fn default() -> Self {
        RunLog { version: "0.1".into(), rng_streams: Vec::new() }
    }
}

/// A stream of random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Which.
    pub id: u64,
    /// What it began with.
    pub seed: u128,
    /// The same, `0x` and 32 hex digits.
    pub seed_hex: String,
    /// What was drawn, in order.
    pub events: Vec<Event>,
    /// Events that were not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_events: Option<u64>,
}

impl Stream {
    /// An empty stream.
    pub fn new(id: u64, seed: u128) -> Self {
        Stream { id, seed, seed_hex: seed_hex(seed), events: Vec::new(), dropped_events: None }
    }
}

/// A seed as text.
pub(in crate::perf) fn seed_hex(seed: u128) -> String {
    format!("0x{seed:032x}")
}

/// One use of a stream. Written in both of Chic's forms at once: as its document has it and as its code reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Dense from 0 in the stream.
    pub index: u64,
    /// What was done, flat.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The same.
    pub op: EventKind,
}

impl Event {
    /// An event.
    pub fn new(index: u64, kind: EventKind) -> Self {
        Event { index, kind, op: kind }
    }
}

/// What is done with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventKind {
    /// Bits are drawn.
    Next {
        /// How many.
        bits: u32,
    },
    /// It is moved on.
    Advance {
        /// By how many steps.
        by: u64,
    },
    /// A stream is made from it.
    Split {
        /// The id of that stream.
        child: u64,
    },
}

impl EventKind {
    /// The word for it.
    pub(in crate::perf) fn word(self) -> &'static str {
        match self {
            EventKind::Next { .. } => "next",
            EventKind::Advance { .. } => "advance",
            EventKind::Split { .. } => "split",
        }
    }
}
