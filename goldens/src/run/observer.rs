//! The observer: a session, live or stored, becomes a run.

use recording::file::{NotWhole, Recording};
use recording::resolve::{ObjectId, Resolver};
use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use super::{Run, contents};
use crate::lower::Lowering;
use crate::options::Options;

/// A sink that makes a [`Run`].
pub struct Observer {
    resolver: Resolver<Lowering>,
    header: Header,
    end: u64,
}

impl Observer {
    /// Nothing observed. With level `calls` or `exact` each call of each thread is kept too.
    pub fn new(options: &Options) -> Observer {
        Observer { resolver: Resolver::new(Lowering::new(options)), header: Header::default(), end: 0 }
    }

    /// The run, when its session has ended.
    pub fn into_run(self) -> Run {
        let (lowering, tables) = self.resolver.finish();
        let mut run = lowering.finish(tables);
        run.clock = (self.header.start.realtime_ns, self.end.max(self.header.start.realtime_ns));
        run.header = self.header;
        run.known = contents::known(&run);
        settle(&mut run);
        run
    }
}

impl Run {
    /// A stored run. With level `calls` or `exact` each call of each thread is kept too.
    ///
    /// # Errors
    /// [`NotWhole`]: nothing may be judged by this recording.
    pub fn of(recording: Recording, options: &Options) -> Result<Run, NotWhole> {
        let mut observer = Observer::new(options);
        recording.replay_whole(&mut observer)?;
        Ok(observer.into_run())
    }
}

/// Fetches what streams borrowed from files.
fn settle(run: &mut Run) {
    let written = |id: ObjectId| run.objects.get(id.0 as usize).and_then(|facts| facts.durable.written).map(|at| at.0);
    let flows = run.flows.iter_mut().map(|flow| &mut flow.bytes);
    flows
        .chain(run.printed.values_mut().chain(&mut run.merged).map(|printed| &mut printed.0))
        .for_each(|bytes| bytes.settle(&run.states, written));
}

impl Sink for Observer {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        self.header = header.clone();
        self.resolver.begin(header)
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.end = self.end.max(batch.clock.realtime_ns);
        self.resolver.events(batch)
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        self.end = self.end.max(trailer.end.realtime_ns);
        self.resolver.end(trailer)
    }
}
