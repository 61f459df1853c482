//! `chic-trace profile`: runs a program and writes where its time went.

use std::ffi::OsString;

use report::perf::timeline::Timeline;
use tracer::sampling::{self, Clock, Sampled};
use tracer::{Launch, Status};

use crate::cli::General;
use crate::cli::profile::{Profile, is_wasm};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::profile::{Artefacts, Facts, Gather, Names, Settings, Stacks, remove};
use crate::{config, host, session, start_failure};

/// Runs, writes, and ends as the program ended.
pub fn run(general: &General, ask: Profile) -> Result<Ending, Problem> {
    let Profile { target, how, backend, .. } = ask;
    let configuration = config::read(general)?;
    let settings = Settings::of(&how, configuration.as_ref())?;
    if backend.as_deref() == Some("wasm") || backend.is_none() && target.argv.first().is_some_and(is_wasm) {
        return Err(Problem::usage("cannot profile a WASM program: WASM support is not built"));
    }
    let argv = target.argv.clone();
    let started_ms = host::generated_at_unix_ms();
    let launch = Launch { argv: target.argv, env: target.env, user: target.user, ..Launch::default() };
    let mut gather = Gather::default();
    let mut cleared = Vec::new();
    let mut has_begun = false;
    let sampled = sampling::run(&launch, how_sampled(&settings), &mut |seen| {
        gather.see(seen);
        if !has_begun && gather.has_begun() {
            has_begun = true;
            cleared = remove(&settings.paths);
        }
    })
    .map_err(|error| Problem::of_tracer(Code::TRACER_FAILED, &error))?;
    let Sampled { status, not_started, report, sampler } = sampled;
    if let (Some(failure), Some(program)) = (&not_started, argv.first()) {
        return Err(start_failure::explain(program, failure));
    }
    let Some(mut sampler) = sampler else {
        return Err(Problem::new(Code::TRACER_FAILED, "cannot profile: nothing was seen of the program"));
    };
    let wall = gather.wall();
    let tasks = gather.tasks(&mut Names::of(&mut sampler), settings.stacks == Stacks::None);
    let facts =
        Facts { settings: &settings, argv: &argv, started_ms, status, sampled: Some(report), missing: Vec::new() };
    let timeline = Timeline {
        wall,
        tracepoints: Vec::new(),
        tasks,
        has_calls: false,
        roots: settings.roots,
        weight: settings.weight,
        given: facts.given(),
    };
    let reported = timeline.report();
    let title = settings.picture.then(|| title(&argv, &settings));
    let artefacts = Artefacts { reported: &reported, paths: &settings.paths, title, compat: settings.compat };
    let mut problems = cleared;
    problems.extend(artefacts.write());
    ending(status, problems)
}

/// As the program ended, unless something could not be written: then the first of it, with all the rest as advice.
fn ending(status: Option<Status>, problems: Vec<Problem>) -> Result<Ending, Problem> {
    let mut problems = problems.into_iter();
    let Some(mut first) = problems.next() else {
        return Ok(status.map_or(Code::TRACER_FAILED.into(), session::of_status));
    };
    for other in problems {
        first = first.hint(other.what);
    }
    if let Some(status) = status.filter(|status| *status != Status::Exited(0)) {
        first = first.hint(format!("the program itself {}", session::status_words(status)));
    }
    Err(first)
}

fn how_sampled(settings: &Settings) -> sampling::How {
    sampling::How {
        clock: Clock::Cpu(settings.interval.unwrap_or(1_000_000)),
        stacks: match settings.stacks {
            Stacks::Auto => sampling::Stacks::Auto,
            Stacks::Tables => sampling::Stacks::Tables,
            Stacks::FramePointers | Stacks::None => sampling::Stacks::FramePointers,
        },
    }
}

/// Of the picture: the program's name and that of the profile.
fn title(argv: &[OsString], settings: &Settings) -> String {
    let program = argv.first().map(std::path::Path::new).and_then(std::path::Path::file_name).unwrap_or_default();
    format!("{} · {}", program.to_string_lossy(), settings.name)
}
