//! JSON lines: the document's calls and events, one object a line, in the order in which they happened.

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::json::{JsonOptions, Line, Run};
use crate::output::Stream;
use crate::{Destination, Stacks};

/// Writes the lines.
#[derive(Debug)]
pub struct JsonLines {
    run: Run,
    to: Stream,
}

impl JsonLines {
    /// A writer with these options; `compact` and `whole` are of no effect here.
    pub fn new(options: JsonOptions, to: Destination) -> Self {
        let options = JsonOptions { compact: false, whole: false, ..options };
        JsonLines { run: Run::new(options), to: to.into_stream() }
    }

    /// Calls are shown with where they come from.
    pub fn with_stacks(mut self, stacks: Option<Stacks>) -> Self {
        self.run.set_stacks(stacks);
        self
    }
}

impl Sink for JsonLines {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.run.begin(header);
        let out = self.to.buffer();
        out.push(b'{');
        self.run.opening(out, b"", b", ");
        out.extend_from_slice(b"\"stream\": \"begin\"}\n");
        self.to.flush()
    }

    fn wants_entered(&self) -> bool {
        self.run.wants_entered()
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.run.batch(batch);
        for event in batch.events() {
            if self.run.line(self.to.buffer(), &event) != Line::Nothing {
                self.to.buffer().push(b'\n');
                self.to.event_written()?;
            }
        }
        self.to.flush_when_due(batch.clock.monotonic_ns)
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        self.to.flush()
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let out = self.to.buffer();
        out.extend_from_slice(b"{\"stream\": \"end\", ");
        let closed = self.run.closing(out, trailer, b"", b", ");
        closed.map_err(|source| self.to.failed(source))?;
        let out = self.to.buffer();
        out.extend_from_slice(b"}\n");
        self.to.flush()
    }
}
