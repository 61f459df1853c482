//! The clock: ticks of the recording as nanoseconds since its start, and as the time of day.

use crate::session::{ClockKind, ClockTriple, Header};

/// A clock step larger than this is followed; smaller differences are noise of reading two clocks.
const STEP_NS: u64 = 10_000_000;

/// Converts ticks.
///
/// Times of day are the start plus what has passed, so that a run shows the same digits live and
/// stored, however its events were cut into batches; a step of the system's clock moves them along.
#[derive(Debug, Clone)]
pub struct Clock {
    kind: ClockKind,
    start: ClockTriple,
    /// The last reading: with the one before it the rate of a TSC.
    last: ClockTriple,
    /// CLOCK_REALTIME at time zero, as believed now.
    real_zero: u64,
}

impl Clock {
    /// A clock that starts where the session does.
    pub fn new(header: &Header) -> Clock {
        let start = header.start;
        Clock { kind: header.clock, start, last: start, real_zero: start.realtime_ns }
    }

    /// Takes the reading of a batch; call it before asking about its events.
    pub fn batch(&mut self, now: ClockTriple) {
        let since = now.monotonic_ns.saturating_sub(self.start.monotonic_ns);
        let zero = now.realtime_ns.saturating_sub(since);
        if zero.abs_diff(self.real_zero) > STEP_NS {
            self.real_zero = zero;
        }
        self.last = now;
    }

    /// Nanoseconds from the start of the session to this tick; 0 before it.
    pub fn since_start(&self, ticks: u64) -> u64 {
        self.span(self.start.ticks, ticks)
    }

    /// Nanoseconds between two ticks; 0 when they run backwards.
    pub fn span(&self, from: u64, to: u64) -> u64 {
        let ticks = to.saturating_sub(from);
        match self.kind {
            ClockKind::Monotonic => ticks,
            ClockKind::Tsc => self.scaled(ticks),
        }
    }

    /// CLOCK_REALTIME of this tick, ns since 1970.
    pub fn realtime(&self, ticks: u64) -> u64 {
        self.real_zero.saturating_add(self.since_start(ticks))
    }

    /// Cycles as ns, by the rate from the start to the last reading.
    fn scaled(&self, cycles: u64) -> u64 {
        let over = self.last.ticks.saturating_sub(self.start.ticks);
        let ns = self.last.monotonic_ns.saturating_sub(self.start.monotonic_ns);
        if over == 0 {
            return 0;
        }
        u64::try_from(u128::from(cycles) * u128::from(ns) / u128::from(over)).unwrap_or(u64::MAX)
    }
}
