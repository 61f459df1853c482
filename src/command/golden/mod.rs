//! `chic-trace golden …`: accept what a program does, check that it still does it, review what changed.

mod check;
mod diff;
mod explain;
mod ignored;
mod import;
mod more;
mod pending;
mod place;
mod record;
mod settings;

use goldens::{Observer, Options, Run};

use crate::cli::General;
use crate::cli::ask::{Compare, Golden, GoldenDiff};
use crate::command::compare::is_document;
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::runner::{NoRun, Runner};

/// Carries out one of the commands.
pub fn run(general: &General, ask: Golden) -> Result<Ending, Problem> {
    match ask {
        Golden::Record(ask) => record::run(general, &ask),
        Golden::Check(ask) => check::run(general, &ask),
        Golden::Diff(ask) => diff(general, &ask),
        Golden::More(ask) => more::run(general, &ask),
        Golden::Accept(ask) => pending::accept(general, &ask),
        Golden::Reject(ask) => pending::reject(general, &ask),
        Golden::Import(ask) => import::run(general, &ask),
        Golden::Review(ask) => pending::review(general, &ask),
        Golden::Explain { what, place, json } => explain::run(general, &what, &place, json),
    }
}

/// Two recordings or goldens; two documents are compared by what they tell.
pub fn diff(general: &General, ask: &GoldenDiff) -> Result<Ending, Problem> {
    let compare = Compare {
        files: [ask.before.clone(), ask.after.clone()],
        level: ask.compare.level.clone(),
        root: ask.compare.root.clone(),
        processes: ask.compare.processes.clone(),
        stderr: ask.compare.stderr.clone(),
        as_recorded: false,
        reading: recording::document::Options::default(),
    };
    if is_document(&ask.before, &compare)? || is_document(&ask.after, &compare)? {
        return crate::command::compare::run(general, &compare);
    }
    diff::run(general, ask)
}

/// One run, observed. A run without calls says nothing.
fn observe(runner: &mut Runner, options: &Options) -> Result<Run, NoRun> {
    let mut observer = Observer::new(options);
    runner.run(&mut observer)?;
    let run = observer.into_run();
    if run.total_calls() == 0 {
        return Err(NoRun::Refused(Problem::new(
            Code::NOTHING_TO_JUDGE,
            "cannot judge anything: the run has no calls",
        )));
    }
    Ok(run)
}
