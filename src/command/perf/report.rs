//! `chic-trace perf report`: times against budgets and a baseline.

mod found;

use assertions::perf::{Limits, PerfReport, Status, compare, json, text};

use crate::cli::perf::PerfReport as Ask;
use crate::emit::{self, Own};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::{output, perf};

/// Reads, compares, prints, and chooses the code by what was printed.
pub fn run(ask: &Ask) -> Result<Ending, Problem> {
    let wanted = emit::wanted(&ask.emit, emit::MEASURES)?;
    let side = |path: &std::path::Path| {
        let document = perf::document(path)?;
        perf::side(path, &document, ask.profile.as_deref())
    };
    let current = side(&ask.file)?;
    let baseline = match &ask.baseline {
        Some(path) => {
            let document = perf::document(path)?;
            Some(perf::side(path, &document, Some(&current.profile))?)
        }
        None => None,
    };
    let limits = Limits { tolerance_pct: ask.tolerance, min_us: ask.min_us, allow_removed: ask.allow_removed };
    let report = compare(&current, baseline.as_ref(), limits);
    let own = Own { json: &|| json(&report), text: &|| text(&report, ask.top as usize), junit: None };
    emit::write(&wanted, own, &found::findings(&report))?;
    let shown = if ask.json { json(&report) } else { text(&report, ask.top as usize) };
    match output::print(&shown)? {
        Ending::Code(_) if ask.fail_on_regressions => judged(&report),
        ending => Ok(ending),
    }
}

fn judged(report: &PerfReport) -> Result<Ending, Problem> {
    match report.status() {
        Status::Fail => Err(Problem::new(Code::FAILED, "perf regressions detected; rerun with --json for details")),
        Status::Inconclusive => Ok(Code::UNDECIDED.into()),
        Status::Pass if report.total() == 0 => Ok(Code::NOTHING_TO_JUDGE.into()),
        Status::Pass => Ok(Code::OK.into()),
    }
}
