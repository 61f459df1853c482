//! Totals: what a stream held, counted the same way by writer and reader.

use std::collections::BTreeMap;

use crate::event::{Event, Kind, text};
use crate::session::Trailer;

/// Different reasons told apart; what comes beyond is counted as "other reasons".
const REASONS: usize = 64;

/// Counts over the events of a stream. Announcements are not counted: their calls come again.
#[derive(Debug, Clone)]
pub struct Totals {
    kinds: [u64; 256],
    engines: [u64; 256],
    events: u64,
    lost: BTreeMap<String, u64>,
    engine_changes: BTreeMap<String, u64>,
}

impl Totals {
    /// Nothing counted.
    pub fn new() -> Totals {
        Totals { kinds: [0; 256], engines: [0; 256], events: 0, lost: BTreeMap::new(), engine_changes: BTreeMap::new() }
    }

    /// Counts one event.
    pub fn count(&mut self, event: &Event<'_>) {
        if event.is_announcement() {
            return;
        }
        let raw = event.u8(4);
        self.events += 1;
        self.kinds[usize::from(raw)] += 1;
        match event.kind() {
            Some(Kind::Call) => self.engines[usize::from(event.u8(6))] += 1,
            // A loss of unknown size is one loss.
            Some(Kind::Lost) => add(&mut self.lost, event, event.u64(32).max(1)),
            Some(Kind::Engine) => add(&mut self.engine_changes, event, 1),
            _ => {}
        }
    }

    /// Events in all.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Events of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds[usize::from(kind as u8)]
    }

    /// Events by kind number, without those that never came.
    pub fn by_kind(&self) -> BTreeMap<u8, u64> {
        sparse(&self.kinds)
    }

    /// Puts the counts into a trailer. Tables that the engine filled in itself stay where the stream
    /// has nothing to say.
    pub fn put_into(&self, trailer: &mut Trailer) {
        trailer.totals = self.by_kind();
        trailer.by_engine = sparse(&self.engines);
        for (table, counted) in [(&mut trailer.lost, &self.lost), (&mut trailer.engine_changes, &self.engine_changes)] {
            if !counted.is_empty() {
                *table = counted.iter().map(|(reason, count)| (reason.clone(), *count)).collect();
            }
        }
    }
}

fn sparse(counts: &[u64; 256]) -> BTreeMap<u8, u64> {
    (0u8..=255).zip(counts).filter(|(_, count)| **count > 0).map(|(raw, count)| (raw, *count)).collect()
}

fn add(table: &mut BTreeMap<String, u64>, event: &Event<'_>, count: u64) {
    let reason = String::from_utf8_lossy(event.text(text::MAIN).unwrap_or(b"no reason given"));
    let room = table.len() < REASONS || table.contains_key(reason.as_ref());
    let reason = if room { reason.into_owned() } else { "other reasons".to_owned() };
    let sum = table.entry(reason).or_default();
    *sum = sum.saturating_add(count);
}
