//! `chic-trace baseline`: what a compiler does with workloads, captured, compared, added up.

mod capture;
mod child;
mod compare;
mod modules;

use assertions::baseline::{Metrics, Times, folded, show};

use crate::cli::General;
use crate::cli::baseline::{Baseline, Show, ShowForm};
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};
use crate::output::{self, reason};
use crate::perf;

/// Carries out one of them.
pub fn run(general: &General, ask: &Baseline) -> Result<Ending, Problem> {
    match ask {
        Baseline::Capture(ask) => capture::run(general, ask),
        Baseline::Compare(ask) => compare::run(ask),
        Baseline::Show(ask) => shown(ask),
    }
}

/// As the origin has it, what is missing or can't be read fails.
fn failed(what: impl Into<String>) -> Problem {
    Problem::new(Code::FAILED, what)
}

fn shown(ask: &Show) -> Result<Ending, Problem> {
    let cannot = |why: String| Problem::usage(format!("cannot read metrics {}: {why}", named(&ask.file)));
    let bytes = perf::bytes(&ask.file).map_err(|error| cannot(reason(&error)))?;
    let metrics = Metrics::read(&bytes).map_err(|bad| cannot(bad.to_string()))?;
    let times = if ask.compat { Times::Strings } else { Times::Numbers };
    output::print(&match ask.form {
        ShowForm::Json => metrics.write(times),
        ShowForm::Folded => {
            let stem = ask.file.file_stem().unwrap_or_default().to_string_lossy();
            folded(&metrics, stem.trim_end_matches(".metrics"))
        }
        ShowForm::Text => show(&metrics, &ask.by, ask.top).ok_or_else(|| {
            let known: Vec<&str> = assertions::baseline::COLUMNS.into_iter().chain(["stages_us"]).collect();
            Problem::usage(format!("cannot sort functions by {:?}: there is no such column", ask.by))
                .hint(format!("known are {}", known.join(", ")))
        })?,
    })
}
