//! The bench: measurements for verdicts, made by running the program or read from a recording.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use assertions::{Bench, Labels, Measured, Peak, Places, Seen, Untraced, Watch, Watcher, of_document};
use recording::Sink;
use recording::document::Document;
use recording::file::{NotWhole, Recording};
use recording::session::PayloadLimits;
use tracer::{Counters, EnvChange, Launch, Plan, StartFailure, Status, Stdio, Wanted};

use crate::cli::ask::{Session, Target};
use crate::exit::Code;
use crate::message::{Problem, named};
use crate::output::cannot_open;
use crate::output::reason;
use crate::selection::Selection;
use crate::{perf, plan, start_failure};

/// Runs the program as often as it is asked to.
pub struct LiveBench {
    argv: Vec<OsString>,
    runs: u32,
    follow: bool,
}

impl LiveBench {
    /// A bench for this program; so many untraced runs for time.
    pub fn new(argv: Vec<OsString>, runs: u32) -> Self {
        LiveBench { argv, runs, follow: true }
    }

    /// The same, with or without the tasks that the program makes.
    pub fn following(self, follow: bool) -> Self {
        LiveBench { follow, ..self }
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

impl LiveBench {
    /// Runs the program under this plan; an error when it does not start.
    fn run(&self, plan: &Plan, sink: &mut dyn Sink) -> Result<(), Problem> {
        let ended = tracer::run(plan, sink).map_err(|error| not_started(&error))?;
        match &ended.not_started {
            Some(failure) => Err(self.no_start(failure)),
            None => Ok(()),
        }
    }

    fn no_start(&self, failure: &StartFailure) -> Problem {
        Problem { code: Code::NOT_STARTED, ..start_failure::explain(&self.program(), failure) }
    }

    /// One untraced run; where labels are asked for, its runtime library writes its tracepoints to `perf`.
    fn bare(&self, perf: Option<&Path>) -> Result<Measured<Untraced>, Problem> {
        let mut launch = judged_launch(self.argv.clone())?;
        if let Some(perf) = perf {
            launch.env.push(EnvChange::Set("CHIC_TRACE_OUTPUT".into(), perf.into()));
        }
        let usage = tracer::run_untraced(&launch).map_err(|error| not_started(&error))?;
        if let Some(failure) = &usage.not_started {
            return Err(self.no_start(failure));
        }
        if let Some(Status::Killed { signal, .. }) = usage.status
            && [2, 15].contains(&signal)
        {
            return Ok(Err(format!("a run was ended by signal {signal}")));
        }
        let labels = perf.map(labels).transpose();
        Ok(labels.map(|labels| Untraced {
            wall: usage.wall,
            user: usage.user,
            system: usage.system,
            labels: labels.unwrap_or_default(),
        }))
    }
}

/// The longest execution of each label in the document that a run wrote; none when it wrote none.
fn labels(path: &Path) -> Measured<Labels> {
    let bytes = match perf::bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Labels::new()),
        Err(error) => return Err(format!("the tracepoints of a run can't be read: {}", reason(&error))),
    };
    let read = report::perf::read(&bytes).map_err(|bad| format!("the tracepoints of a run can't be read: {bad}"))?;
    let mut labels = Labels::new();
    for metric in read.document.runs.iter().flat_map(|run| &run.metrics) {
        let longest =
            metric.wall.as_ref().map_or(0, |wall| u64::try_from(wall.max_us.nanos() / 1000).unwrap_or(u64::MAX));
        let known = labels.entry(metric.label.clone()).or_insert(0);
        *known = longest.max(*known);
    }
    Ok(labels)
}

/// A run that stops at births, execs and exits only: the accounts of its processes are those of the bare program.
fn exits_only(argv: Vec<OsString>) -> Result<Plan, Problem> {
    let none = Wanted { native: [0; 8], i386: [0; 8], unknown: false };
    let plan = traced_plan(argv)?;
    Ok(Plan { wanted: Some(none), counters: Counters::Process, ..plan })
}

impl Bench for LiveBench {
    type Error = Problem;

    fn traced(&mut self, watch: &Watch) -> Result<Measured<Seen>, Problem> {
        let plan = Plan { follow: self.follow, ..traced_plan(self.argv.clone())? };
        // Who a name stands for, and what stood there before, only the kernel can say.
        let plan = if watch.needs_objects() {
            let limits = PayloadLimits { data: 0, environment: false, ..PayloadLimits::golden(0) };
            Plan { golden: true, limits, ..plan }
        } else {
            plan
        };
        let mut watcher = Watcher::new(watch, places());
        self.run(&plan, &mut watcher)?;
        let seen = watcher.into_seen();
        if seen.counts.total() == 0 {
            return Err(Problem::new(Code::NOTHING_TO_JUDGE, "cannot judge anything: the run has no calls"));
        }
        Ok(Ok(seen))
    }

    fn can_repeat(&self) -> bool {
        true
    }

    fn untraced(&mut self, labels: bool) -> Result<Measured<Vec<Untraced>>, Problem> {
        let dir = if labels { Some(tempfile::tempdir().map_err(|error| no_folder(&error))?) } else { None };
        let mut runs = Vec::new();
        // The first run warms caches up and is not judged.
        for number in 0..=self.runs {
            let perf = dir.as_ref().map(|dir| dir.path().join(format!("perf-{number}.json")));
            match self.bare(perf.as_deref())? {
                Ok(run) if number > 0 => runs.push(run),
                Ok(_) => {}
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(runs))
    }

    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Problem> {
        let mut peaks = Vec::new();
        for _ in 0..self.runs.max(1) {
            let mut watcher = Watcher::new(&Watch::counts(), Places::default());
            self.run(&Plan { follow: self.follow, ..exits_only(self.argv.clone())? }, &mut watcher)?;
            match watcher.into_seen().peak() {
                Ok(peak) => peaks.push(peak),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(peaks))
    }

    fn source(&self) -> &'static str {
        "traced run"
    }
}

fn no_folder(error: &io::Error) -> Problem {
    Problem::new(Code::NOT_STARTED, format!("cannot make a folder for tracepoints: {}", reason(error)))
}

/// What globs stand for in a run of ours, which has our environment and our working directory.
fn places() -> Places {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(OsStringExt::into_vec);
    Places { cwd: Vec::new(), home: variable("HOME"), tmpdir: variable("TMPDIR") }
}

/// A recording; time is not to be had from it.
pub struct StoredBench {
    path: PathBuf,
}

impl StoredBench {
    /// A bench for this recording.
    pub fn new(path: &Path) -> Self {
        StoredBench { path: path.to_owned() }
    }
}

/// Replays a recording that is whole and not empty; of any other nothing is judged.
pub fn replay_whole(path: &Path, sink: &mut dyn Sink) -> Result<(), Problem> {
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
        NotWhole::Tampered { .. } => problem.hint("record it again without -e inject= and -e fault="),
        NotWhole::Incomplete { .. } | NotWhole::Damaged => {
            problem.hint(format!("chic-trace report {name} shows what is there"))
        }
    }
}

impl Bench for StoredBench {
    type Error = Problem;

    fn traced(&mut self, watch: &Watch) -> Result<Measured<Seen>, Problem> {
        let mut watcher = Watcher::new(watch, places());
        replay_whole(&self.path, &mut watcher)?;
        Ok(Ok(watcher.into_seen()))
    }

    fn can_repeat(&self) -> bool {
        false
    }

    fn untraced(&mut self, _labels: bool) -> Result<Measured<Vec<Untraced>>, Problem> {
        Ok(Err("time from a recording includes the cost of tracing".into()))
    }

    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Problem> {
        Ok(Err("a recording is not run again".into()))
    }

    fn source(&self) -> &'static str {
        "recording"
    }
}

/// A document that somebody brought; it tells of calls only.
pub struct BroughtBench<'d, 't> {
    document: &'d Document<'t>,
}

impl<'d, 't> BroughtBench<'d, 't> {
    /// A bench for this document.
    pub fn new(document: &'d Document<'t>) -> Self {
        BroughtBench { document }
    }
}

impl Bench for BroughtBench<'_, '_> {
    type Error = Problem;

    fn traced(&mut self, watch: &Watch) -> Result<Measured<Seen>, Problem> {
        Ok(Ok(of_document(self.document, watch)))
    }

    fn can_repeat(&self) -> bool {
        false
    }

    fn untraced(&mut self, _labels: bool) -> Result<Measured<Vec<Untraced>>, Problem> {
        Ok(Err("time from a document includes the cost of tracing".into()))
    }

    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Problem> {
        Ok(Err("a document is not run again".into()))
    }

    fn source(&self) -> &'static str {
        "document"
    }
}
