//! `chic-trace golden …`: accept what a program does, check that it still does it, review what changed.

mod check;
mod diff;
mod explain;
mod ignored;
mod import;
mod learning;
mod more;
mod pending;
mod place;
mod record;
mod references;
mod reports;
mod settings;
mod traces;

use goldens::{Observer, Options, Run};

use crate::cli::General;
use crate::cli::ask::Golden;
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::runner::{NoRun, Runner};

pub use check::worst;
pub use diff::{Judging, run as diff};
pub use reports::{Telling, code_of, tell};

/// Carries out one of the commands.
pub fn run(general: &General, ask: Golden) -> Result<Ending, Problem> {
    match ask {
        Golden::Record(ask) => record::run(general, &ask),
        Golden::Check(ask) => check::run(general, &ask),
        Golden::Diff(ask) => crate::command::compare::run(general, &ask),
        Golden::More(ask) => more::run(general, &ask),
        Golden::Accept(ask) => pending::accept(general, &ask),
        Golden::Reject(ask) => pending::reject(general, &ask),
        Golden::Import(ask) => import::run(general, &ask),
        Golden::Review(ask) => pending::review(general, &ask),
        Golden::Explain { what, place, json } => explain::run(general, &what, &place, json),
    }
}

impl goldens::Runner for Runner {
    type Error = NoRun;

    /// A run without calls says nothing.
    fn run(&mut self, options: &Options) -> Result<Run, NoRun> {
        let mut observer = Observer::new(options);
        self.record(options.one_cpu, &mut observer)?;
        let run = observer.into_run();
        if run.total_calls() == 0 {
            return Err(NoRun::Refused(Problem::new(
                Code::NOTHING_TO_JUDGE,
                "cannot judge anything: the run has no calls",
            )));
        }
        Ok(run)
    }

    fn next_second(&mut self) {
        self.await_second();
    }
}
