//! The commands: each carries out one ask and says how we end.

mod assert;
mod baseline;
pub mod compare;
mod config;
mod describe;
mod gate;
mod golden;
mod perf;
mod profile;
mod record;
mod report;
mod seed;
mod trace;

use crate::cli::{Ask, General};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::{output, tips};

/// Carries out what was asked.
pub fn run((general, ask): (General, Ask)) -> Result<Ending, Problem> {
    // A wish for an engine that does not exist is refused before anything runs.
    if !matches!(ask, Ask::Print(_)) {
        crate::config::engine()?;
    }
    match ask {
        Ask::Trace(ask) => trace::run(&general, *ask),
        Ask::Record(ask) => record::run(ask),
        Ask::Profile(ask) => profile::run(&general, *ask),
        Ask::Report(ask) => report::run(&general, *ask),
        Ask::Compare(ask) => compare::run(&general, &ask),
        Ask::Golden(ask) => golden::run(&general, *ask),
        Ask::Assert(ask) => assert::run(&general, ask),
        Ask::Baseline(ask) => baseline::run(&general, &ask),
        Ask::Gate(ask) => gate::run(&general, &ask),
        Ask::Perf(ask) => perf::run(&general, ask),
        Ask::Seed(ask) => seed::run(&ask),
        Ask::Config { show_origin } => config::run(&general, show_origin),
        Ask::Schema(name) => describe::schema(&name),
        Ask::Completions(shell) => describe::completions(shell),
        Ask::Man(dir) => describe::man(dir.as_deref()),
        Ask::Tip(tip) => {
            tips::say(tip);
            Ok(Code::OK.into())
        }
        Ask::Print(text) => output::print(&text),
    }
}
