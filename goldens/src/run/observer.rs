//! The observer: a session, live or stored, becomes a run.

use recording::file::{NotWhole, Recording};
use recording::resolve::{ObjectId, Resolver};
use recording::session::{EndedBy, Header, Trailer};
use recording::{Batch, Sink, SinkError};

use super::{Run, contents};
use crate::form::Partial;
use crate::lower::Lowering;
use crate::options::Options;

/// A sink that makes a [`Run`].
pub struct Observer {
    resolver: Resolver<Lowering>,
    header: Header,
    end: u64,
    partial: Option<Partial>,
}

impl Observer {
    /// Nothing observed. With level `calls` or `exact` each call of each thread is kept too.
    pub fn new(options: &Options) -> Observer {
        Observer { resolver: Resolver::new(Lowering::new(options)), header: Header::default(), end: 0, partial: None }
    }

    /// The run, when its session has ended.
    pub fn into_run(self) -> Run {
        let (lowering, tables) = self.resolver.finish();
        let mut run = lowering.finish(tables);
        run.clock = (self.header.start.realtime_ns, self.end.max(self.header.start.realtime_ns));
        run.header = self.header;
        run.partial = self.partial;
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

    /// As much of a stored run as is there: of one that is incomplete or damaged, what was read before that.
    /// [`Form::partial`](crate::Form::partial) says so; differences that what is missing may explain are none.
    ///
    /// # Errors
    /// [`NotWhole`]: it holds no calls, or could not be read at all.
    pub fn as_far_as_recorded(recording: Recording, options: &Options) -> Result<Run, NotWhole> {
        let mut observer = Observer::new(options);
        match recording.replay_whole(&mut observer) {
            Ok(()) => Ok(observer.into_run()),
            Err(why @ (NotWhole::Incomplete { .. } | NotWhole::Damaged)) => {
                Some(observer.into_run()).filter(|run| run.total_calls > 0).ok_or(why)
            }
            Err(why) => Err(why),
        }
    }
}

fn partial(trailer: &Trailer) -> Option<Partial> {
    match trailer.ended {
        EndedBy::Damaged => Some(Partial::Lossy),
        _ if !trailer.lost.is_empty() => Some(Partial::Lossy),
        EndedBy::RootEnded | EndedBy::Limit | EndedBy::Detached | EndedBy::Incomplete => Some(Partial::Cut),
        EndedBy::Complete | EndedBy::NotStarted => None,
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
        self.partial = partial(trailer);
        self.resolver.end(trailer)
    }
}
