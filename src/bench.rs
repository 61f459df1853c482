//! The bench: measurements for verdicts, made by running the program or read from a recording.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use assertions::{Bench, CallCounts, CountCalls, Measured};
use recording::file::{NotWhole, Recording};

use recording::session::PayloadLimits;
use tracer::{Counters, Launch, Plan, Status, Stdio};

use crate::cli::ask::{Session, Target};
use crate::exit::Code;
use crate::message::{Problem, named};
use crate::output::cannot_open;
use crate::output::reason;
use crate::selection::Selection;
use crate::{plan, start_failure};

/// Runs the program as often as it is asked to.
pub struct LiveBench {
    argv: Vec<OsString>,
    runs: u32,
}

impl LiveBench {
    /// A bench for this program; so many untraced runs for time.
    pub fn new(argv: Vec<OsString>, runs: u32) -> Self {
        LiveBench { argv, runs }
    }

    fn program(&self) -> OsString {
        self.argv.first().cloned().unwrap_or_default()
    }
}

/// The descriptors of a judged run: nothing to read, and what it prints goes to files that nobody
/// else sees. A program may look at what its output is, so that it is the same in every run.
pub fn judged_stdio() -> Result<[Stdio; 3], Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(Code::NOT_STARTED, format!("cannot make a file for the program's output: {}", reason(&error)))
    };
    let null = File::open("/dev/null").map_err(failed)?;
    let (out, err) = (tempfile::tempfile().map_err(failed)?, tempfile::tempfile().map_err(failed)?);
    Ok([Stdio::From(null.into()), Stdio::From(out.into()), Stdio::From(err.into())])
}

/// The launch of a judged run.
fn judged_launch(argv: Vec<OsString>) -> Result<Launch, Problem> {
    Ok(Launch { argv, stdio: judged_stdio()?, ..Launch::default() })
}

/// A traced run of all tasks for judging: only what counts and outcomes need is copied.
pub fn traced_plan(argv: Vec<OsString>) -> Result<Plan, Problem> {
    let launch = Some(judged_launch(argv.clone())?);
    let target = Target { argv, ..Target::default() };
    let session = Session { counters: Counters::None, ..Session::default() };
    let plan = plan::stored(target, &Selection::default(), &session, Some(0), 0, false, false);
    Ok(Plan { launch, limits: PayloadLimits { data: 0, ..plan.limits }, ..plan })
}

/// What a judged command says of an engine that can't run its program: nothing was judged.
pub fn not_started(error: &tracer::Error) -> Problem {
    Problem::of_tracer(Code::NOT_STARTED, error)
}

impl Bench for LiveBench {
    type Error = Problem;

    fn counts(&mut self) -> Result<Measured<CallCounts>, Problem> {
        let plan = traced_plan(self.argv.clone())?;
        let mut counter = CountCalls::new();
        let ended = tracer::run(&plan, &mut counter).map_err(|error| not_started(&error))?;
        if let Some(failure) = &ended.not_started {
            let explained = start_failure::explain(&self.program(), failure);
            return Err(Problem { code: Code::NOT_STARTED, ..explained });
        }
        let counts = counter.into_counts();
        if counts.total() == 0 {
            return Err(Problem::new(Code::NOTHING_TO_JUDGE, "cannot judge anything: the run has no calls"));
        }
        Ok(Ok(counts))
    }

    fn can_repeat(&self) -> bool {
        true
    }

    fn times(&mut self) -> Result<Measured<Vec<Duration>>, Problem> {
        let mut times = Vec::new();
        // The first run warms caches up and is not judged.
        for run in 0..=self.runs {
            let launch = judged_launch(self.argv.clone())?;
            let usage = tracer::run_untraced(&launch).map_err(|error| not_started(&error))?;
            if let Some(failure) = &usage.not_started {
                let explained = start_failure::explain(&self.program(), failure);
                return Err(Problem { code: Code::NOT_STARTED, ..explained });
            }
            if let Some(Status::Killed { signal, .. }) = usage.status
                && [2, 15].contains(&signal)
            {
                return Ok(Err(format!("a run was ended by signal {signal}")));
            }
            if run > 0 {
                times.push(usage.wall);
            }
        }
        Ok(Ok(times))
    }

    fn source(&self) -> &'static str {
        "traced run"
    }
}

/// Counts from a recording; time is not to be had from it.
pub struct StoredBench {
    counts: Option<CallCounts>,
}

impl StoredBench {
    /// Reads the recording. One that is incomplete, damaged or empty is never judged.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let mut counter = CountCalls::new();
        replay_whole(path, &mut counter)?;
        Ok(StoredBench { counts: Some(counter.into_counts()) })
    }
}

/// Replays a recording that is whole and not empty; of any other nothing is judged.
pub fn replay_whole(path: &Path, sink: &mut dyn recording::Sink) -> Result<(), Problem> {
    let recording = Recording::open(path).map_err(|error| cannot_open(path, &error))?;
    recording.replay_whole(sink).map_err(|why| not_judged(path, &why))
}

/// Why nothing is judged by this file.
pub fn not_judged(path: &Path, why: &NotWhole) -> Problem {
    let name = named(path);
    let problem = Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot judge {name}: {why}"));
    match why {
        NotWhole::Sink(error) => Problem::usage(error.to_string()),
        NotWhole::NeverRan | NotWhole::NoCalls => problem,
        NotWhole::Incomplete { .. } | NotWhole::Damaged => {
            problem.hint(format!("chic-trace report {name} shows what is there"))
        }
    }
}

impl Bench for StoredBench {
    type Error = Infallible;

    fn counts(&mut self) -> Result<Measured<CallCounts>, Infallible> {
        Ok(self.counts.take().ok_or_else(|| "the recording was counted already".into()))
    }

    fn can_repeat(&self) -> bool {
        false
    }

    fn times(&mut self) -> Result<Measured<Vec<Duration>>, Infallible> {
        Ok(Err("time from a recording includes the cost of tracing".into()))
    }

    fn source(&self) -> &'static str {
        "recording"
    }
}
