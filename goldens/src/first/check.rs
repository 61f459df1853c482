//! Checking: a run against a golden, again when it differs, and the verdict.

use std::collections::BTreeSet;

use recording::Sink;

use super::finding::{Finding, compare};
use super::golden::Golden;
use super::observe::{Observer, Run};

/// Runs that must differ before a difference counts.
const CONFIRMED_BY: usize = 3;

/// Makes runs. The caller implements it with the tracer, or with a recording.
pub trait Runner {
    /// Why there is no run.
    type Error;

    /// One run of all tasks, pushed into the sink.
    ///
    /// # Errors
    /// When the program can't be started or traced.
    fn run(&mut self, sink: &mut dyn Sink) -> Result<(), Self::Error>;

    /// Would another run tell anything new? Not so for a recording.
    fn can_repeat(&self) -> bool {
        true
    }
}

/// Observes one run.
pub(crate) fn observe<R: Runner + ?Sized>(runner: &mut R) -> Result<Run, R::Error> {
    let mut observer = Observer::new();
    runner.run(&mut observer)?;
    Ok(observer.into_run())
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that is asserted is different.
    Same,
    /// Every run differs.
    Different,
    /// Some runs differ and some do not.
    Flaky,
    /// Nothing could be said, and why.
    NotMeasured(String),
}

impl Verdict {
    /// The word in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Different => "different",
            Verdict::Flaky => "flaky",
            Verdict::NotMeasured(_) => "not-measured",
        }
    }
}

/// A check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Name of the golden.
    pub name: String,
    /// What it says.
    pub verdict: Verdict,
    /// Runs made.
    pub runs: usize,
    /// Calls asserted, and calls in an accepted run.
    pub asserts: (u64, u64),
    /// What is different in every run; for a flaky program what was different in the first that was.
    pub findings: Vec<Finding>,
    /// How many runs differed.
    pub differing: usize,
}

/// Checks a program against its golden.
///
/// # Errors
/// The runner's.
pub fn check<R: Runner + ?Sized>(name: &str, golden: &Golden, runner: &mut R) -> Result<Check, R::Error> {
    let result = |verdict, runs, findings, differing| Check {
        name: name.to_owned(),
        verdict,
        runs,
        asserts: golden.asserts,
        findings,
        differing,
    };
    let here = std::env::consts::ARCH;
    if golden.platform != here {
        let why = format!("recorded on {}, this is {here}", golden.platform);
        return Ok(result(Verdict::NotMeasured(why), 0, vec![], 0));
    }
    let wanted = if runner.can_repeat() { CONFIRMED_BY } else { 1 };
    let mut differing: Vec<Vec<Finding>> = Vec::new();
    let mut runs = 0;
    while runs < wanted {
        let run = observe(runner)?;
        runs += 1;
        if let Some(why) = unusable(&run) {
            return Ok(result(Verdict::NotMeasured(why), runs, vec![], differing.len()));
        }
        let findings = compare(golden, &run);
        if findings.is_empty() {
            break;
        }
        differing.push(findings);
    }
    let count = differing.len();
    let Some(first) = differing.first().cloned() else { return Ok(result(Verdict::Same, runs, vec![], 0)) };
    if count < runs {
        return Ok(result(Verdict::Flaky, runs, first, count));
    }
    let common: Vec<Finding> = first.iter().filter(|finding| in_all(finding, &differing)).cloned().collect();
    // Every run differs, each in its own way: then each way is worth knowing.
    let findings = if common.is_empty() { first } else { common };
    Ok(result(Verdict::Different, runs, findings, count))
}

fn in_all(finding: &Finding, runs: &[Vec<Finding>]) -> bool {
    let key = |finding: &Finding| (finding.code, finding.place.clone(), finding.sentence.clone());
    let wanted = key(finding);
    runs.iter().all(|findings| findings.iter().map(key).collect::<BTreeSet<_>>().contains(&wanted))
}

/// An empty or incomplete run never passes.
fn unusable(run: &Run) -> Option<String> {
    match run.gaps.first() {
        _ if run.calls() == 0 => Some("the run has no calls".into()),
        Some(gap) => Some(format!("not all of the run could be seen: {}", gap.0)),
        None => None,
    }
}
