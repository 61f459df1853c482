//! Judging: measurements are made when the first rule needs them, and repeated when they decide
//! against the program.

mod counted;
mod custom;
mod patterns;
mod resident;
mod timed;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::file::Configuration;
use crate::rule::{Check, Rule};
use crate::seen::{Seen, Watch};
use crate::verdict::{Judged, Report, Verdict};

/// Traced runs that must all be above a budget of calls.
const COUNT_RUNS: usize = 3;

/// A measurement, or why there is none.
pub type Measured<T> = Result<T, String>;

/// The longest execution of each label of a tracepoint, microseconds.
pub type Labels = BTreeMap<String, u64>;

/// One run without tracing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Untraced {
    /// From exec to the end of the root.
    pub wall: Duration,
    /// In user mode, all processes that were waited for.
    pub user: Duration,
    /// In the kernel, likewise.
    pub system: Duration,
    /// Tracepoints of the runtime library, where they were asked for.
    pub labels: Labels,
}

/// The largest process of a run in which only births, execs and exits were stopped at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peak {
    /// Basename of its executable.
    pub program: String,
    /// Its peak resident set (`VmHWM`), bytes.
    pub bytes: u64,
    /// What the peak may be at most, bytes, and why it is not known better: of a process that was killed only
    /// `ru_maxrss` is known, which keeps the peak of the image before its exec.
    pub at_most: Option<(u64, String)>,
}

/// Makes measurements. The caller implements it with the tracer or with a recording; its error is
/// for what ends judging altogether: the program does not start.
pub trait Bench {
    /// What ends judging.
    type Error;

    /// One traced run of all tasks.
    ///
    /// # Errors
    /// When judging can't go on.
    fn traced(&mut self, watch: &Watch) -> Result<Measured<Seen>, Self::Error>;

    /// Would another traced run tell anything new? Not so for a recording.
    fn can_repeat(&self) -> bool;

    /// Untraced runs, the run to warm up left out; with the labels of tracepoints if they are asked for.
    ///
    /// # Errors
    /// When judging can't go on.
    fn untraced(&mut self, labels: bool) -> Result<Measured<Vec<Untraced>>, Self::Error>;

    /// Peaks of runs in which no call is stopped at.
    ///
    /// # Errors
    /// When judging can't go on.
    fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, Self::Error>;

    /// Where counts are from, in words: `traced run`, `recording`.
    fn source(&self) -> &'static str;
}

/// Judges every rule for the run of this name.
///
/// # Errors
/// The bench's.
pub fn judge<B: Bench>(configuration: &Configuration, run: &str, bench: &mut B) -> Result<Report, B::Error> {
    let judged_here = |rule: &&Rule| rule.enabled && rule.applies(run);
    let by_label = |rule: &Rule| match &rule.check {
        Check::CriticalPath { pattern: Some(pattern), .. } => !pattern.is_match(run),
        _ => false,
    };
    let mut measurements = Measurements {
        bench,
        watch: Watch::of(configuration, run),
        labels: configuration.rules.iter().filter(judged_here).any(by_label),
        seen: Vec::new(),
        not_seen: None,
        untraced: None,
        peaks: None,
    };
    let fail_fast = configuration.get("ci.fail_fast") == Some("true");
    let mut results: Vec<Judged> = Vec::new();
    for (at, rule) in configuration.rules.iter().enumerate() {
        let failed = |judged: &Judged| judged.fails && judged.verdict == Verdict::Over;
        let judged = if !rule.enabled {
            blank(rule, Verdict::Disabled)
        } else if let Some(failed) = results.iter().find(|judged| fail_fast && failed(judged)) {
            blank(rule, Verdict::NotRun(format!("{} failed, and fail_fast is set", failed.name)))
        } else if !rule.applies(run) {
            blank(rule, Verdict::NotRun(format!("it is not about the run {run}")))
        } else {
            measurements.judged(at, rule, run)?
        };
        results.push(judged);
    }
    Ok(Report { run: run.to_owned(), results })
}

struct Measurements<'b, B: Bench> {
    bench: &'b mut B,
    watch: Watch,
    labels: bool,
    seen: Vec<Seen>,
    not_seen: Option<String>,
    untraced: Option<Measured<Vec<Untraced>>>,
    peaks: Option<Measured<Vec<Peak>>>,
}

impl<B: Bench> Measurements<'_, B> {
    fn judged(&mut self, at: usize, rule: &Rule, run: &str) -> Result<Judged, B::Error> {
        match &rule.check {
            Check::SpanCount { max, pattern } => self.span_count(rule, *max, pattern.as_ref()),
            Check::CallCount { calls, max } => self.call_count(rule, calls, *max),
            Check::TimeShare { calls, max_percent } => self.time_share(rule, calls, *max_percent),
            Check::Allocations { max } => self.allocations(rule, *max),
            Check::Resident { max } => self.resident(rule, *max),
            Check::AntiPattern { pattern, threshold, processes } => {
                self.anti_pattern(rule, *pattern, *threshold, processes.as_ref())
            }
            Check::Asked(_) => self.answered(at, rule),
            Check::Custom(expression) => self.custom(at, rule, expression),
            Check::CriticalPath { max_ms, pattern } => self.critical_path(rule, run, *max_ms, pattern.as_ref()),
            Check::TotalTime { max_ms } => self.total_time(rule, *max_ms),
            Check::MinTime { min_ms } => self.min_time(rule, *min_ms),
            Check::Budget { max_ms, max_calls, .. } => self.budget(rule, *max_ms, *max_calls),
            Check::Refused => Ok(blank(rule, Verdict::NotMeasured("it was read with an error".into()))),
        }
    }

    /// Makes sure that there are so many traced runs, as far as there can be.
    fn traced(&mut self, runs: usize) -> Result<(), B::Error> {
        while self.seen.len() < runs && self.not_seen.is_none() {
            if !self.seen.is_empty() && !self.bench.can_repeat() {
                break;
            }
            match self.bench.traced(&self.watch)? {
                Ok(seen) => self.seen.push(seen),
                Err(reason) => self.not_seen = Some(reason),
            }
        }
        Ok(())
    }

    /// Untraced runs, made once for all rules.
    fn untraced(&mut self) -> Result<Measured<&[Untraced]>, B::Error> {
        if self.untraced.is_none() {
            self.untraced = Some(self.bench.untraced(self.labels)?);
        }
        Ok(match &self.untraced {
            Some(Ok(runs)) if !runs.is_empty() => Ok(runs),
            Some(Err(reason)) => Err(reason.clone()),
            _ => Err("no untraced run was made".into()),
        })
    }

    /// Where counts are from.
    fn counted_in(&self) -> String {
        plural(self.seen.len(), self.bench.source())
    }
}

/// The verdict of several runs, by which of them broke the rule.
fn decided(broken: impl IntoIterator<Item = bool>) -> Verdict {
    let (mut all, mut any) = (true, false);
    for is in broken {
        all &= is;
        any |= is;
    }
    match (any, all) {
        (false, _) => Verdict::Within,
        (true, true) => Verdict::Over,
        (true, false) => Verdict::Inconclusive,
    }
}

/// The place of the upper median: a value that was measured.
fn middle(values: &[f64]) -> usize {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    places.get(places.len() / 2).copied().unwrap_or(0)
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn blank(rule: &Rule, verdict: Verdict) -> Judged {
    Judged {
        name: rule.name.clone(),
        kind: rule.kind.clone(),
        line: rule.line,
        verdict,
        fails: rule.fails,
        value: None,
        unit: "",
        budget: None,
        message: String::new(),
        source: String::new(),
        found: Default::default(),
    }
}
