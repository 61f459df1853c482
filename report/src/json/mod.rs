//! The document `renacer-json-v1`: one JSON object for a whole run.

mod escape;

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::{Destination, Shown};

/// Options of the document and of its lines.
#[derive(Debug, Clone, Default)]
pub struct JsonOptions {
    /// Only the keys that renacer has (`--compact`). Not for lines.
    pub compact: bool,
    /// Durations (`-T`).
    pub durations: bool,
    /// `summary.by_syscall` (`-c`).
    pub by_syscall: bool,
    /// `recording.start_unix_ns` (`-t` and more).
    pub start_time: bool,
    /// Write nothing before the end: for a destination that nobody may see half a document in.
    pub whole: bool,
    /// Bytes of data moved that are shown (`-s`); `None` is all that was kept.
    pub strings: Option<usize>,
    /// Whole structures, the environment (`-v`).
    pub verbose: bool,
    /// Version of the program, without its name.
    pub version: String,
    /// Which events.
    pub shown: Shown,
}

/// Writes the document.
#[derive(Debug)]
pub struct Json {
    options: JsonOptions,
    to: Destination,
}

impl Json {
    /// A writer with these options.
    pub fn new(options: JsonOptions, to: Destination) -> Self {
        Json { options, to }
    }
}

impl Sink for Json {
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
