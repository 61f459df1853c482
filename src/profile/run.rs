//! One profiled run: what the plan asks of the engine, what is gathered, which files are written, how it ends.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use recording::Sink;
use report::perf::timeline::{End, Reported, Stack};
use tracer::sampling::{self, Clock};
use tracer::{Plan, Sampling, Status, Tracepoints};

use super::artefacts::{Artefacts, remove};
use super::facts::Facts;
use super::gather::{Gather, Wanted};
use super::names::Names;
use super::settings::{Settings, Stacks};
use crate::exit::{Code, Ending};
use crate::host;
use crate::message::Problem;
use crate::session::status_words;

/// Files without symbols that are named, at most.
const PROBLEMS: usize = 5;

/// A profile in the making.
pub struct Profiling {
    settings: Settings,
    argv: Vec<OsString>,
    started_ms: u64,
    calls: bool,
    gather: Gather,
    /// What went wrong when files of an earlier run were removed.
    cleared: Rc<RefCell<Vec<Problem>>>,
}

impl Profiling {
    /// Of this command; `calls`: its system calls are recorded; `follow`: so are other tasks than its first.
    pub fn new(settings: Settings, argv: Vec<OsString>, calls: bool, follow: bool) -> Profiling {
        let cleared = Rc::new(RefCell::new(Vec::new()));
        let wanted = Wanted { samples: settings.interval.is_some(), calls, fake: settings.fake, alone: !follow };
        let (paths, removed) = (settings.paths.clone(), Rc::clone(&cleared));
        let begun = Box::new(move || removed.borrow_mut().extend(remove(&paths)));
        Profiling {
            gather: Gather::new(wanted, begun),
            started_ms: host::generated_at_unix_ms(),
            settings,
            argv,
            calls,
            cleared,
        }
    }

    /// What the engine does for it beside all else.
    pub fn ask(&self, plan: &mut Plan) {
        let settings = &self.settings;
        plan.samples = settings.interval.filter(|_| !settings.fake).map(|interval| sampling::How {
            clock: Clock::Cpu(interval),
            kernel: settings.kernel,
            stacks: match settings.stacks {
                Stacks::Auto => sampling::Stacks::Auto,
                Stacks::Tables => sampling::Stacks::Tables,
                Stacks::FramePointers | Stacks::None => sampling::Stacks::FramePointers,
            },
        });
        plan.samples_required = settings.require_samples;
        plan.tracepoints = Some(Tracepoints {
            hooks_live: true,
            count_allocations: !settings.fake,
            fake_clock: settings.fake,
            ..Tracepoints::default()
        });
    }

    /// Known before the run: what it will not tell, by key, and why.
    pub fn lacks(&mut self, missing: Vec<(String, String)>) {
        self.gather.missing.extend(missing);
    }

    /// Takes the events of the run.
    pub fn sink(&mut self) -> &mut dyn Sink {
        &mut self.gather
    }

    /// The run is over: writes the files of a program that began. What went wrong, first what matters most.
    pub fn finish(self, status: Option<Status>, sampled: Option<Sampling>) -> Vec<Problem> {
        if !self.gather.has_begun() {
            return Vec::new();
        }
        let Profiling { settings, argv, started_ms, calls, gather, cleared } = self;
        let title = settings.picture.then(|| title(&argv, &settings));
        let facts = Facts {
            settings: &settings,
            argv: &argv,
            started_ms,
            status,
            calls,
            host: Some(host::Host::here()),
            engines: vec!["ptrace".into()],
            incomplete: status.is_none().then(|| "the tracer left before the program ended".to_owned()),
        };
        let reported = reported(&facts, gather, sampled);
        let artefacts = Artefacts { reported: &reported, paths: &settings.paths, title, compat: settings.compat };
        tracer::exit::outlive_full_files();
        let mut problems = cleared.take();
        if let Some(path) = &settings.run_log {
            problems.extend(write_run_log(&reported, path, &settings.paths.document));
        }
        problems.extend(artefacts.write());
        problems
    }
}

/// Makes the documents of what was gathered.
pub(super) fn reported(facts: &Facts<'_>, mut gather: Gather, mut sampled: Option<Sampling>) -> Reported {
    let settings = facts.settings;
    let wall = if settings.fake { gather.tasks.fake_wall() } else { gather.tasks.wall() };
    let mut stacks: Vec<Stack> = vec![Arc::default(); gather.stacks.len()];
    if let Some(Sampling::Done { sampler, .. }) = &mut sampled {
        let mut names = Names::of(sampler);
        let leaves = settings.stacks == Stacks::None;
        for ((frames, complete), number) in &gather.stacks {
            let shown = if leaves { frames.get(..1).unwrap_or_default() } else { frames };
            if let Some(stack) = stacks.get_mut(*number as usize) {
                *stack = names.stack(shown, *complete || leaves);
            }
        }
        for (number, pid, site) in gather.slots.sites() {
            let function = names.function(pid, site);
            if let Some(tracepoint) = gather.timeline.tracepoint_mut(number) {
                tracepoint.code = function;
            }
        }
    }
    if let Some(Sampling::Done { sampler, .. }) = &sampled {
        let problems = sampler.problems().iter().take(PROBLEMS).cloned();
        gather.missing.extend(problems.map(|problem| ("symbols".to_owned(), problem)));
    }
    let given = facts.given(&mut gather, sampled.as_ref());
    let tasks = gather.tasks.ends(&mut gather.timeline);
    gather.timeline.report(End { wall, tasks, stacks, roots: settings.roots, weight: settings.weight, given })
}

/// As the run ended, unless something could not be written: then the first of it, with the rest as advice.
pub fn ending(
    outcome: Result<Ending, Problem>,
    status: Option<Status>,
    problems: Vec<Problem>,
) -> Result<Ending, Problem> {
    let mut problems = problems.into_iter();
    let (Ok(_), Some(mut first)) = (&outcome, problems.next()) else { return outcome };
    first.code = Code::TRACER_FAILED;
    for other in problems {
        first = first.hint(other.what);
    }
    if let Some(status) = status.filter(|status| *status != Status::Exited(0)) {
        first.hints.truncate(2);
        first = first.hint(format!("the program itself {}", status_words(status)));
    }
    Err(first)
}

/// The run log alone, unless its file is the document.
fn write_run_log(reported: &Reported, path: &Path, document: &Path) -> Option<Problem> {
    let whole = |path: &Path| {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some((dir.canonicalize().ok()?, path.file_name()?.to_owned()))
    };
    let is_same = path == document
        || whole(path).is_some_and(|path| whole(document) == Some(path))
        || path.canonicalize().is_ok_and(|path| document.canonicalize().is_ok_and(|document| path == document));
    let log = reported.document.runs.first().and_then(|run| run.run_log.as_ref()).filter(|_| !is_same)?;
    crate::perf::write(path, report::perf::run_log_json(log).as_bytes()).err()
}

/// Of the picture: the program's name and that of the profile.
fn title(argv: &[OsString], settings: &Settings) -> String {
    let program = argv.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    format!("{} · {}", program.to_string_lossy(), settings.name)
}
