//! The sink: events are pushed one way, in batches, and the engine never learns what becomes of them.

use crate::event::Events;
use crate::session::{ClockTriple, Header, Trailer};

/// Records back to back, with the clock readings at the end of the batch.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The clock when the batch was closed: at or after every time in it.
    pub clock: ClockTriple,
    /// Whole records of [`crate::event`], each a multiple of 8 bytes.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The events of the batch in order. Stops at the first malformed record; see [`Events::rest`].
    pub fn events(&self) -> Events<'a> {
        Events::new(self.bytes)
    }
}

/// Where events go. Called with exactly one `begin`, any number of `events`, at most one `end`.
///
/// An error makes the caller stop calling: the target goes on, the sink has seen its last event.
pub trait Sink {
    /// The session as it is before the first event.
    fn begin(&mut self, header: &Header) -> Result<(), SinkError>;

    /// The next events, in the order in which they happened as far as the engine knows it.
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError>;

    /// Does this sink want a call announced (the record with [`crate::event::State::Open`] and
    /// its input payloads) when an event of another task comes between its entry and its exit?
    fn wants_entered(&self) -> bool {
        false
    }

    /// The engine is about to sleep: hand on what a watcher would like to see now.
    fn idle(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// All that happened before `until` (CLOCK_MONOTONIC, ns) has been handed on, what comes late included. Of a live run
    /// only, and of it only where something comes late.
    fn told(&mut self, until: u64) -> Result<(), SinkError> {
        let _ = until;
        Ok(())
    }

    /// The session is over. Not called when the tracer dies.
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError>;
}

/// Why a sink takes no more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {what}: {source}")]
pub struct SinkError {
    /// The file or stream, as the user named it.
    pub what: String,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
    /// Events that are safely in it.
    pub events_kept: u64,
}

/// Several sinks fed with the same events. One that fails gets no more; the others go on, and the
/// first failure is kept.
#[derive(Default)]
pub struct Tee<'a> {
    sinks: Vec<Option<&'a mut dyn Sink>>,
    failures: Vec<SinkError>,
}

impl<'a> Tee<'a> {
    /// No sinks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub fn push(&mut self, sink: &'a mut dyn Sink) {
        self.sinks.push(Some(sink));
    }

    /// What failed, in the order in which it did.
    pub fn into_failures(self) -> Vec<SinkError> {
        self.failures
    }

    fn each(&mut self, mut give: impl FnMut(&mut dyn Sink) -> Result<(), SinkError>) -> Result<(), SinkError> {
        for slot in &mut self.sinks {
            if let Some(sink) = slot
                && let Err(error) = give(&mut **sink)
            {
                self.failures.push(error);
                *slot = None;
            }
        }
        Ok(())
    }
}

impl Sink for Tee<'_> {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.each(|sink| sink.begin(header))
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.each(|sink| sink.events(batch))
    }
    fn wants_entered(&self) -> bool {
        self.sinks.iter().flatten().any(|sink| sink.wants_entered())
    }
    fn idle(&mut self) -> Result<(), SinkError> {
        self.each(|sink| sink.idle())
    }
    fn told(&mut self, until: u64) -> Result<(), SinkError> {
        self.each(|sink| sink.told(until))
    }
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.each(|sink| sink.end(trailer))
    }
}
