//! `chic-trace perf report`: times against budgets and a baseline.

mod found;

use std::path::PathBuf;

use assertions::perf::{Limits, PerfReport, Status, compare, json, text};

use crate::cli::General;
use crate::cli::perf::PerfReport as Ask;
use crate::emit::{self, Case, Lines, Own};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::{config, output, perf};

/// A change of so many percent, or below so many microseconds, is none.
pub const TOLERANCE: f64 = 5.0;
/// See [`TOLERANCE`].
pub const MIN_US: f64 = 1.0;

/// Reads, compares, prints, and chooses the code by what was printed.
pub fn run(general: &General, ask: &Ask) -> Result<Ending, Problem> {
    let wanted = emit::wanted(&ask.emit, emit::MEASURES)?;
    let configuration = config::read(general)?;
    let of_file = |key: &str| configuration.as_ref().and_then(|file| file.get(key));
    let side = |path: &std::path::Path| {
        let document = perf::document(path)?;
        perf::side(path, &document, ask.profile.as_deref())
    };
    let current = side(&ask.file)?;
    let baseline = match ask.baseline.clone().or_else(|| of_file("perf.baseline").map(PathBuf::from)) {
        Some(path) => {
            let document = perf::document(&path)?;
            Some(perf::side(&path, &document, Some(&current.profile))?)
        }
        None => None,
    };
    let limits = Limits {
        tolerance_pct: number(ask.tolerance, of_file("perf.tolerance_percent"), TOLERANCE),
        min_us: number(ask.min_us, of_file("perf.min_us"), MIN_US),
        allow_removed: ask.allow_removed,
    };
    let report = compare(&current, baseline.as_ref(), limits);
    let own = Own { json: &|| json(&report), text: &|| text(&report, ask.top as usize), junit: None };
    let lines = Lines::of(&ask.file);
    let place = |case: &Case| Some(lines.as_ref()?.place(case.name.split_once(' ')?.1));
    emit::write(&wanted, own, &found::findings(&report).located(&place))?;
    let shown = if ask.json { json(&report) } else { text(&report, ask.top as usize) };
    match output::print(&shown)? {
        Ending::Code(_) if ask.fail_on_regressions => judged(&report),
        ending => Ok(ending),
    }
}

/// A flag, a number of the file, which was checked when it was read, or the usual one.
fn number(flag: Option<f64>, file: Option<&str>, usual: f64) -> f64 {
    flag.or_else(|| file?.parse().ok()).unwrap_or(usual)
}

fn judged(report: &PerfReport) -> Result<Ending, Problem> {
    match report.status() {
        Status::Fail => Err(Problem::new(Code::FAILED, "perf regressions detected; rerun with --json for details")),
        Status::Inconclusive => Ok(Code::UNDECIDED.into()),
        Status::Pass if report.total() == 0 => Ok(Code::NOTHING_TO_JUDGE.into()),
        Status::Pass => Ok(Code::OK.into()),
    }
}
