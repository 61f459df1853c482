//! The herald: says on standard error which tasks come under the tracer and which are let go, where the
//! calls themselves are shown elsewhere.
//!
//! In: the events of a session that attaches. Out: the lines that text on standard error has between its
//! calls (`report::text::TextOptions::speaker`), as strace has them beside `-o`.

use recording::event::{BornHow, Event, Kind};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::exit::say;

/// See the module.
pub struct Herald;

impl Sink for Herald {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }

    /// Nobody is told of a standard error that can't be written.
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        for event in batch.events() {
            if let Some(became) = news(&event) {
                say(&format_args!("chic-trace: Process {} {became}", event.task()));
            }
        }
        Ok(())
    }

    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What became of the event's task; the program that we start ourselves needs no announcement.
fn news(event: &Event<'_>) -> Option<&'static str> {
    match event.kind()? {
        Kind::Born if event.u8(36) != BornHow::First as u8 => Some("attached"),
        Kind::Detached => Some("detached"),
        _ => None,
    }
}
