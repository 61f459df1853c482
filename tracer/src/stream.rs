//! The stream: finished records on their way to the sink, in batches.

use recording::event::{Kind, Record};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::sys::{Tid, clock};

/// A batch is handed on when it is larger than this, and no task waits for us.
const BATCH: usize = 64 << 10;
/// And when it is larger than this, whoever waits.
const MOST_HELD: usize = 1 << 20;
/// A watcher waits at most so long for an event, ns; see `Session::arm_timer` for the other half.
const PATIENCE: u64 = 20_000_000;

/// Collects records and hands them on.
pub struct Stream<'s> {
    /// `None` once nobody listens.
    sink: Option<&'s mut dyn Sink>,
    batch: Vec<u8>,
    /// Does the sink take more?
    open: bool,
    error: Option<SinkError>,
    wants_entered: bool,
    /// Has the sink seen events since it was last told of idleness?
    fresh: bool,
    /// How long a watcher waits for an event at most, ns.
    patience: u64,
    /// When a watcher last saw everything, ns.
    handed_on: u64,
    /// The newest open call that has not been announced.
    pub unannounced: Option<Tid>,
    totals: [u64; 32],
    vias: [u64; 8],
    events: u64,
    bytes: u64,
    max_events: u64,
    max_bytes: u64,
    max_calls: u64,
}

impl<'s> Stream<'s> {
    /// To this sink, until a limit is reached.
    pub fn new(sink: &'s mut dyn Sink, max_events: Option<u64>, max_bytes: Option<u64>) -> Self {
        let wants_entered = sink.wants_entered();
        Stream {
            sink: Some(sink),
            // What nobody writes to takes no memory.
            batch: Vec::with_capacity(MOST_HELD + MOST_HELD / 2),
            open: true,
            wants_entered,
            max_events: max_events.unwrap_or(u64::MAX),
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            ..Stream::closed()
        }
    }

    /// The same, until so many calls have come.
    pub fn of_calls(self, most: Option<u64>) -> Self {
        Stream { max_calls: most.unwrap_or(u64::MAX), ..self }
    }

    /// The same; `read_along`: a watcher sees an event before the task that it is of can do more.
    pub fn for_reader(self, read_along: bool) -> Self {
        Stream { patience: if read_along { 0 } else { self.patience }, ..self }
    }

    /// Takes events and keeps none.
    pub fn closed() -> Self {
        Stream {
            sink: None,
            batch: Vec::new(),
            open: false,
            error: None,
            wants_entered: false,
            fresh: false,
            patience: PATIENCE,
            handed_on: 0,
            unannounced: None,
            totals: [0; 32],
            vias: [0; 8],
            events: 0,
            bytes: 0,
            max_events: u64::MAX,
            max_bytes: u64::MAX,
            max_calls: u64::MAX,
        }
    }

    /// Tells the sink how the session begins.
    pub fn begin(&mut self, header: &Header) {
        self.give(|sink| sink.begin(header));
    }

    /// Does the sink still take events?
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Are open calls to be announced?
    pub fn announces(&self) -> bool {
        self.wants_entered
    }

    /// Has one of the limits been reached? The value that was exceeded, and its number in a `Limit` event.
    pub fn over_limit(&self) -> Option<(u32, u64)> {
        if self.events >= self.max_events {
            Some((1, self.max_events))
        } else if self.bytes >= self.max_bytes {
            Some((2, self.max_bytes))
        } else if self.totals[Kind::Call as usize] >= self.max_calls {
            Some((3, self.max_calls))
        } else {
            None
        }
    }

    /// Adds a record.
    pub fn push(&mut self, record: &Record) {
        if !self.open {
            return;
        }
        let bytes = record.bytes();
        let view = record.view();
        if view.state() != Some(recording::event::State::Open) {
            self.events += 1;
            let kind = view.kind().map_or(0, |k| k as usize);
            self.totals[kind & 31] += 1;
            if kind == Kind::Call as usize {
                self.vias[view.via().map_or(7, |v| v as usize) & 7] += 1;
            }
        }
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.batch.extend_from_slice(bytes);
        if self.batch.len() > MOST_HELD {
            self.hand_on();
        }
    }

    /// The task whose stop was served runs on: what the sink does with a full batch costs it nothing.
    pub fn served(&mut self) {
        if self.batch.len() > BATCH {
            self.hand_on();
        }
    }

    /// We are about to sleep at `now`: a watcher sees what there is, unless it has just seen something.
    /// Who stops every few microseconds is not worth a batch each time, unless somebody reads along.
    pub fn idle(&mut self, now: u64) {
        if now.saturating_sub(self.handed_on) < self.patience || !self.open {
            return;
        }
        self.hand_on();
        if std::mem::take(&mut self.fresh) {
            self.give(|sink| sink.idle());
        }
        self.handed_on = now;
    }

    /// Are there events that the sink has not seen?
    pub fn holds_back(&self) -> bool {
        self.open && !self.batch.is_empty()
    }

    /// Nothing has happened for a while: the sink sees what there is, and hears of the time.
    pub fn tick(&mut self) {
        self.hand_on();
        self.fresh = false;
        if self.open {
            self.give(|sink| sink.idle());
        }
    }

    /// All that happened before `until` has been pushed.
    pub fn told(&mut self, until: u64) {
        self.hand_on();
        if self.open {
            self.give(|sink| sink.told(until));
        }
    }

    /// Ends the recording here: later events are not pushed.
    pub fn close(&mut self, trailer: &mut Trailer) {
        self.hand_on();
        trailer.totals = counts(&self.totals);
        trailer.by_engine = counts(&self.vias);
        trailer.end = clock::triple();
        self.give(|sink| sink.end(trailer));
        self.open = false;
    }

    /// Why the sink takes no more.
    pub fn into_error(self) -> Option<SinkError> {
        self.error
    }

    fn hand_on(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        self.give(|sink| sink.events(&Batch { clock: clock::triple(), bytes: &batch }));
        self.fresh = true;
        self.batch = batch;
        self.batch.clear();
    }

    fn give(&mut self, what: impl FnOnce(&mut dyn Sink) -> Result<(), SinkError>) {
        if let Some(sink) = &mut self.sink
            && self.open
            && let Err(error) = what(*sink)
        {
            self.open = false;
            self.error.get_or_insert(error);
        }
    }
}

fn counts(all: &[u64]) -> std::collections::BTreeMap<u8, u64> {
    all.iter().enumerate().filter(|(_, n)| **n > 0).map(|(kind, n)| (kind as u8, *n)).collect()
}
