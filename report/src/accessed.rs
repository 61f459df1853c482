//! Accessed: only calls that touch the files or descriptors that were asked for (`-P`, `-e fd=`), in front of any
//! printer.
//!
//! In: all events. Out: the same without the calls that touch none of them. What a descriptor stands for is what the
//! kernel said of it when the call was seen; where a recording does not hold that, what its own calls opened.

use std::collections::HashMap;

use recording::session::{Header, Trailer};
use recording::views::Descriptors;
use recording::{Accesses, Batch, Sink, SinkError};

/// See the module.
pub struct Accessed {
    only: Accesses,
    to: Box<dyn Sink>,
    descriptors: Descriptors,
    /// Announced calls by their task, and what was decided of them.
    announced: HashMap<u32, bool>,
    kept: Vec<u8>,
}

impl Accessed {
    /// Hands on what touches one of these.
    pub fn new(only: Accesses, to: Box<dyn Sink>) -> Self {
        let descriptors = Descriptors::new(&Header::default());
        Accessed { only, to, descriptors, announced: HashMap::new(), kept: Vec::new() }
    }
}

impl Sink for Accessed {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.descriptors = Descriptors::new(header);
        self.to.begin(header)
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.kept.clear();
        for event in batch.events() {
            let task = event.task();
            let is_shown = match event.call() {
                None => true,
                Some(call) if event.is_announcement() => {
                    let is_shown = self.only.has(&call, |fd| self.descriptors.link(task, fd));
                    self.announced.insert(task, is_shown);
                    is_shown
                }
                Some(call) => {
                    let announced = self.announced.remove(&task);
                    announced.unwrap_or_else(|| self.only.has(&call, |fd| self.descriptors.link(task, fd)))
                }
            };
            // A call that closes a descriptor is one that touches it.
            self.descriptors.observe(&event);
            if is_shown {
                self.kept.extend_from_slice(event.bytes());
            }
        }
        self.to.events(&Batch { clock: batch.clock, bytes: &self.kept })
    }

    fn wants_entered(&self) -> bool {
        self.to.wants_entered()
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.to.idle()
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.to.end(trailer)
    }
}
