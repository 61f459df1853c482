//! Counts: calls, errors and times per call number, without storing a single event.

use super::Clock;
use super::numbers::NumberMap;
use crate::event::{ARG_NONE, Call, Shape, flag, note};

/// Numbers below this have a place of their own.
const FLAT: usize = 512;
/// Different numbers beyond the table that are told apart.
const STRANGE: usize = 4096;

/// What is counted of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Entries, those that never returned among them.
    pub calls: u64,
    /// Results from -4095 to -1.
    pub errors: u64,
    /// Calls with a time: entered and left before our eyes.
    pub timed: u64,
    /// Sum of their times, ns.
    pub total_ns: u64,
    /// Shortest, ns; `u64::MAX` when none was timed.
    pub min_ns: u64,
    /// Longest, ns.
    pub max_ns: u64,
}

impl Default for Count {
    fn default() -> Count {
        Count { calls: 0, errors: 0, timed: 0, total_ns: 0, min_ns: u64::MAX, max_ns: 0 }
    }
}

impl Count {
    /// Shortest and longest in ns, when any call was timed.
    pub fn range_ns(&self) -> Option<(u64, u64)> {
        (self.timed > 0).then_some((self.min_ns, self.max_ns))
    }

    fn add(&mut self, failed: bool, took: Option<u64>) {
        self.calls = self.calls.saturating_add(1);
        self.errors = self.errors.saturating_add(u64::from(failed));
        if let Some(took) = took {
            self.timed += 1;
            self.total_ns = self.total_ns.saturating_add(took);
            self.min_ns = self.min_ns.min(took);
            self.max_ns = self.max_ns.max(took);
        }
    }

    fn merge(&mut self, other: &Count) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.timed = self.timed.saturating_add(other.timed);
        self.total_ns = self.total_ns.saturating_add(other.total_ns);
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }
}

/// One line of the counts.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Raw ABI byte.
    pub abi: u8,
    /// The number as the target gave it; `None` for the rest of the numbers that nobody names, when
    /// there were too many to tell apart.
    pub nr: Option<u64>,
    /// What was counted.
    pub count: Count,
}

impl Counted {
    /// Which line it is.
    pub fn line(&self) -> Line {
        Line { abi: self.abi, nr: self.nr }
    }
}

/// Which line of the counts: ABI and number as [`Counted`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    abi: u8,
    nr: Option<u64>,
}

/// Counts per ABI and number.
#[derive(Debug, Default)]
pub struct Tally {
    flat: [Vec<Count>; 5],
    strange: NumberMap<(u8, u64), Count>,
    rest: Count,
    all: Count,
    overhead_ns: u64,
}

impl Tally {
    /// Nothing counted.
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Nothing counted; so much is taken off the time of each call, down to nothing.
    pub fn without_overhead(overhead_ns: u64) -> Tally {
        Tally { overhead_ns, ..Tally::default() }
    }

    /// Counts a call. Announcements and calls of our own runtime library are passed over.
    pub fn observe(&mut self, call: &Call<'_>, clock: &Clock) {
        let event = &call.event;
        if event.is_announcement() || event.flags() & flag::INSTRUMENTATION != 0 {
            return;
        }
        let took = took_ns(call, clock).map(|took| took.saturating_sub(self.overhead_ns));
        let failed = call.errno().is_some();
        self.all.add(failed, took);
        self.slot(event.abi(), call.nr()).add(failed, took);
    }

    /// In which line a call is that was counted.
    pub fn line_of(&self, call: &Call<'_>) -> Line {
        let (abi, nr) = (call.event.abi(), call.nr());
        let flat = place(abi, nr) < FLAT && usize::from(abi) < self.flat.len();
        if flat || self.strange.contains_key(&(abi, nr)) {
            Line { abi, nr: Some(nr) }
        } else {
            Line { abi: 0, nr: None }
        }
    }

    /// All calls together.
    pub fn total(&self) -> &Count {
        &self.all
    }

    /// What was counted, by ABI and number; calls that never came are left out.
    pub fn rows(&self) -> Vec<Counted> {
        let flat = self.flat.iter().zip(0u8..).flat_map(|(counts, abi)| {
            counts.iter().zip(0u64..).map(move |(count, nr)| Counted { abi, nr: Some(number(abi, nr)), count: *count })
        });
        let strange = self.strange.iter().map(|(&(abi, nr), &count)| Counted { abi, nr: Some(nr), count });
        let rest = Counted { abi: 0, nr: None, count: self.rest };
        let mut rows: Vec<Counted> = flat.chain(strange).chain([rest]).filter(|row| row.count.calls > 0).collect();
        rows.sort_by_key(|row| (row.nr.is_none(), row.abi, row.nr));
        rows
    }

    /// Adds what another tally counted.
    pub fn merge(&mut self, other: &Tally) {
        for row in other.rows() {
            match row.nr {
                Some(nr) => self.slot(row.abi, nr).merge(&row.count),
                None => self.rest.merge(&row.count),
            }
        }
        self.all.merge(&other.all);
    }

    fn slot(&mut self, abi: u8, nr: u64) -> &mut Count {
        let place = place(abi, nr);
        if place < FLAT
            && let Some(counts) = self.flat.get_mut(usize::from(abi))
        {
            if counts.is_empty() {
                counts.resize(FLAT, Count::default());
            }
            return &mut counts[place];
        }
        if self.strange.len() >= STRANGE && !self.strange.contains_key(&(abi, nr)) {
            return &mut self.rest;
        }
        self.strange.entry((abi, nr)).or_default()
    }
}

/// How long a call took, in ns; `None` unless its entry and its exit were both seen.
pub fn took_ns(call: &Call<'_>, clock: &Clock) -> Option<u64> {
    (call.returned() && call.entered() && call.left() != 0).then(|| clock.span(call.event.at(), call.left()))
}

/// How long the task was on a CPU inside the call, ns, which is time in the kernel: between its entry and its exit a task
/// runs no code of its own. `None` where that was not measured.
pub fn ran_ns(call: &Call<'_>) -> Option<u64> {
    let at = |phase: u8| {
        let mut notes = call.payloads_of(ARG_NONE);
        let is_it = |head: &crate::event::PayloadHead| {
            head.shape == Shape::Note && head.phase == phase && head.path == note::RAN
        };
        let bytes = notes.find(|payload| is_it(&payload.head))?.bytes;
        bytes.try_into().ok().map(u64::from_le_bytes)
    };
    // Of what a damaged recording holds nothing is made.
    at(1)?.checked_sub(at(0)?)
}

const X32: u8 = syscalls::Abi::X32 as u8;
const X32_BIT: u64 = 0x4000_0000;

/// The place of a number in its flat table; x32 numbers carry bit 30.
fn place(abi: u8, nr: u64) -> usize {
    let nr = if abi == X32 { nr ^ X32_BIT } else { nr };
    usize::try_from(nr).unwrap_or(usize::MAX)
}

fn number(abi: u8, place: u64) -> u64 {
    if abi == X32 { place ^ X32_BIT } else { place }
}
