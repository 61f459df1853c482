//! `chic-trace gate`: baselines of benchmarks saved, checked against, shown over time.

mod check;
mod counted;
mod cpus;
mod disk;
mod found;
mod history;
mod pairs;
mod reasons;
mod runs;
mod save;
mod settings;
mod store;

use crate::cli::General;
use crate::cli::gate::Gate;
use crate::exit::{Code, Ending};
use crate::message::Problem;

/// Carries out one of them.
pub fn run(general: &General, ask: &Gate) -> Result<Ending, Problem> {
    match ask {
        Gate::Save(ask) => save::run(general, ask),
        Gate::Check(ask) => check::run(general, ask),
        Gate::History(ask) => history::run(general, ask),
    }
}

/// Results that are missing or invalid: as the origins of the gate have it, that fails.
fn failed(what: impl Into<String>) -> Problem {
    Problem::new(Code::FAILED, what)
}

/// A file that could not be written fails, too: nobody may take it for a pass.
fn written(result: Result<(), Problem>) -> Result<(), Problem> {
    result.map_err(|problem| Problem { code: Code::FAILED, ..problem })
}
