//! `chic-trace perf`: tracepoint times judged, merged and drawn.

mod merge;
mod report;
mod svg;

use crate::cli::General;
use crate::cli::perf::Perf;
use crate::exit::Ending;
use crate::message::Problem;

/// Carries out one of them.
pub fn run(general: &General, ask: Perf) -> Result<Ending, Problem> {
    match ask {
        Perf::Report(ask) => report::run(general, &ask),
        Perf::Merge(ask) => merge::run(&ask),
        Perf::Svg(ask) => svg::run(&ask),
    }
}
