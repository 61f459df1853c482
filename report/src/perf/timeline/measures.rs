//! What all spans of a tracepoint took together; whole numbers only, so that the order of tasks can't matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Call;
use crate::perf::merge::percentiles;
use crate::perf::micros::mean;
use crate::perf::model::{SpanCalls, Stats};
use crate::perf::{Histogram, Micros};

/// Durations in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    /// Of outermost spans.
    pub total: u128,
    /// Without inner spans.
    pub own: u128,
    /// Each rounded up to whole microseconds, and at least one.
    pub micros: u64,
    /// Of all calls.
    pub sum: u128,
    count: u64,
    squares: u128,
    min: u64,
    max: u64,
    hist: Histogram,
}

impl Times {
    /// Counts a call.
    pub(super) fn add(&mut self, nanos: u64) {
        self.min = if self.count == 0 { nanos } else { self.min.min(nanos) };
        self.max = self.max.max(nanos);
        self.count += 1;
        self.sum += u128::from(nanos);
        self.micros = self.micros.saturating_add(nanos.div_ceil(1000).max(1));
        self.squares = self.squares.saturating_add(u128::from(nanos).pow(2));
        self.hist.add(nanos);
    }

    /// Mean of a call, half to even.
    pub(super) fn mean(&self) -> u128 {
        mean(self.sum, self.count.into())
    }

    pub(super) fn stats(self) -> Stats {
        let mut stats = Stats {
            total_us: Micros::of_nanos(self.total),
            self_us: Micros::of_nanos(self.own),
            min_us: Micros::of_nanos(self.min.into()),
            max_us: Micros::of_nanos(self.max.into()),
            stddev_us: self.stddev(),
            ..Stats::default()
        };
        percentiles(&mut stats, self.hist);
        stats
    }

    fn stddev(&self) -> Option<Micros> {
        if self.count < 2 {
            return None;
        }
        let count = u128::from(self.count);
        let spread = count.saturating_mul(self.squares).saturating_sub(self.sum.saturating_mul(self.sum));
        let nanos = (spread as f64 / (count * (count - 1)) as f64).sqrt().round();
        Some(Micros::of_nanos(nanos as u128))
    }
}

/// All that is known of the spans of a tracepoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Measures {
    pub calls: u64,
    pub unclosed: u64,
    pub abandoned: u64,
    /// When the first was entered.
    pub first: u64,
    pub max_depth: u64,
    /// Tasks that entered it.
    pub threads: u64,
    pub cpu: Times,
    pub wall: Times,
    /// Most bytes of one span.
    pub io_bytes: u64,
    /// Largest growth of one span.
    pub peak_bytes: Option<u64>,
    pub over_cpu: u64,
    pub over_wall: u64,
    pub over_mem: u64,
    pub over_io: u64,
    inside: SpanCalls,
    /// Time of the calls inside, nanoseconds.
    inside_time: u128,
    names: BTreeMap<Arc<str>, u64>,
}

impl Measures {
    /// Counts a call of the system; `innermost`: no inner span was open.
    pub(super) fn call(&mut self, call: &Call, innermost: bool) {
        self.inside.calls += 1;
        self.inside.self_calls += u64::from(innermost);
        self.inside.errors += u64::from(call.failed);
        self.inside.read_bytes = self.inside.read_bytes.saturating_add(call.read_bytes);
        self.inside.written_bytes = self.inside.written_bytes.saturating_add(call.written_bytes);
        self.inside_time += u128::from(call.left.saturating_sub(call.entered));
        match self.names.get_mut(&call.name) {
            Some(count) => *count += 1,
            None => {
                self.names.insert(Arc::clone(&call.name), 1);
            }
        }
    }

    /// The calls inside, taken out.
    pub(super) fn span_calls(&mut self) -> SpanCalls {
        let time_us = Micros::of_nanos(self.inside_time);
        let by_name =
            std::mem::take(&mut self.names).into_iter().map(|(name, count)| (name.to_string(), count)).collect();
        SpanCalls { time_us, by_name, ..std::mem::take(&mut self.inside) }
    }
}
