//! Judging: measurements are made when the first rule needs them, and repeated when they decide
//! against the program.

use std::time::Duration;

use crate::count::{CallCounts, Gap};
use crate::file::Configuration;
use crate::rule::{Check, Rule};
use crate::verdict::{Judged, Report, Verdict};

/// Traced runs that must all be above a budget of calls.
const COUNT_RUNS: usize = 3;
/// Calls shown with a broken rule.
const CALLS_SHOWN: usize = 10;

/// A measurement, or why there is none.
pub type Measured<T> = Result<T, String>;

/// Makes measurements. The caller implements it with the tracer or with a recording; its error is
/// for what ends judging altogether: the program does not start.
pub trait Bench {
    /// What ends judging.
    type Error;

    /// Calls of one traced run of all tasks.
    ///
    /// # Errors
    /// When judging can't go on.
    fn counts(&mut self) -> Result<Measured<CallCounts>, Self::Error>;

    /// Would another traced run tell anything new? Not so for a recording.
    fn can_repeat(&self) -> bool;

    /// Wall times of untraced runs, the run to warm up left out.
    ///
    /// # Errors
    /// When judging can't go on.
    fn times(&mut self) -> Result<Measured<Vec<Duration>>, Self::Error>;

    /// Where counts are from, in words: `traced run`, `recording`.
    fn source(&self) -> &'static str;
}

/// Judges every rule for the run of this name.
///
/// # Errors
/// The bench's.
pub fn judge<B: Bench>(configuration: &Configuration, run: &str, bench: &mut B) -> Result<Report, B::Error> {
    let mut measurements = Measurements { bench, counts: Vec::new(), no_counts: None, times: None };
    let mut results = Vec::new();
    for rule in &configuration.rules {
        results.push(measurements.judged(rule, run)?);
    }
    Ok(Report { run: run.to_owned(), results })
}

struct Measurements<'b, B: Bench> {
    bench: &'b mut B,
    counts: Vec<CallCounts>,
    no_counts: Option<String>,
    times: Option<Measured<Vec<Duration>>>,
}

impl<B: Bench> Measurements<'_, B> {
    fn judged(&mut self, rule: &Rule, run: &str) -> Result<Judged, B::Error> {
        if !rule.enabled {
            return Ok(blank(rule, Verdict::Disabled));
        }
        match &rule.check {
            Check::SpanCount { max, pattern } => self.span_count(rule, *max, pattern.as_ref()),
            Check::CriticalPath { max_ms, pattern } => match pattern {
                Some(pattern) if !pattern.is_match(run) => Ok(blank(
                    rule,
                    Verdict::NotMeasured(format!("{} matches neither the run {run} nor a label", pattern.as_str())),
                )),
                _ => self.critical_path(rule, *max_ms),
            },
            Check::NotJudged => Ok(blank(rule, Verdict::NotMeasured("not judged by this version".into()))),
        }
    }

    /// Makes sure that there are so many traced runs, as far as there can be.
    fn traced(&mut self, runs: usize) -> Result<(), B::Error> {
        while self.counts.len() < runs && self.no_counts.is_none() {
            if !self.counts.is_empty() && !self.bench.can_repeat() {
                break;
            }
            match self.bench.counts()? {
                Ok(counts) => self.counts.push(counts),
                Err(reason) => self.no_counts = Some(reason),
            }
        }
        Ok(())
    }

    fn span_count(&mut self, rule: &Rule, max: u64, pattern: Option<&regex::Regex>) -> Result<Judged, B::Error> {
        self.traced(1)?;
        let Some(first) = self.counts.first() else {
            let reason = self.no_counts.clone().unwrap_or_default();
            return Ok(blank(rule, Verdict::NotMeasured(reason)));
        };
        if matching(first, pattern).0 > max {
            self.traced(COUNT_RUNS)?;
        }
        let values: Vec<u64> = self.counts.iter().map(|counts| matching(counts, pattern).0).collect();
        let gap = self.counts.iter().find_map(|counts| counts.gap.clone());
        let value = median(&values);
        let (verdict, broken) = span_verdict(&values, max, gap);
        let message = if broken {
            let origin = if value - max <= 2 { "; execve and exit_group are counted too" } else { "" };
            format!("Span count {value} exceeds maximum {max}{origin}")
        } else {
            format!("Span count {value} <= {max}")
        };
        let calls =
            if broken { self.counts.first().map(|c| matching(c, pattern).1).unwrap_or_default() } else { vec![] };
        Ok(Judged {
            value: Some(value as f64),
            unit: "calls",
            budget: Some(max as f64),
            message,
            source: plural(values.len(), self.bench.source()),
            calls,
            ..blank(rule, verdict)
        })
    }

    fn critical_path(&mut self, rule: &Rule, max_ms: u64) -> Result<Judged, B::Error> {
        if self.times.is_none() {
            self.times = Some(self.bench.times()?);
        }
        let times = match &self.times {
            Some(Ok(times)) if !times.is_empty() => times,
            Some(Err(reason)) => return Ok(blank(rule, Verdict::NotMeasured(reason.clone()))),
            _ => return Ok(blank(rule, Verdict::NotMeasured("no untraced run was made".into()))),
        };
        let micros: Vec<u64> = times.iter().map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)).collect();
        let limit = max_ms.saturating_mul(1000);
        let above = micros.iter().filter(|t| **t > limit).count();
        let verdict = match above {
            0 => Verdict::Within,
            n if n == micros.len() => Verdict::Over,
            _ => Verdict::Inconclusive,
        };
        let value = median(&micros);
        let message = match verdict {
            Verdict::Within => format!("Critical path duration {} <= {max_ms}ms", ms(value)),
            Verdict::Over => format!("Critical path duration {} exceeds maximum {max_ms}ms", ms(value)),
            _ => format!("Critical path duration is above {max_ms}ms in {above} of {} runs", micros.len()),
        };
        let (least, most) = (micros.iter().min().copied(), micros.iter().max().copied());
        let spread = format!("{} to {}", ms(least.unwrap_or_default()), ms(most.unwrap_or_default()));
        Ok(Judged {
            value: Some(value as f64 / 1000.0),
            unit: "ms",
            budget: Some(max_ms as f64),
            message,
            source: format!("{}, {spread}", plural(micros.len(), "untraced run")),
            ..blank(rule, verdict)
        })
    }
}

/// The verdict, and whether the first run was above the budget.
fn span_verdict(values: &[u64], max: u64, gap: Option<Gap>) -> (Verdict, bool) {
    let above = values.iter().filter(|value| **value > max).count();
    let all = above == values.len();
    // What was seen and is too much stays too much, whatever else is missing.
    let verdict = match (above, gap) {
        (_, None) if all => Verdict::Over,
        (_, Some(Gap::Missing(_) | Gap::Filtered(_))) if all => Verdict::Over,
        (0, None) => Verdict::Within,
        (_, None) => Verdict::Inconclusive,
        (_, Some(Gap::Missing(why))) => Verdict::NotMeasured(why),
        (_, Some(Gap::Filtered(filter))) => Verdict::NotMeasured(format!("the filter {filter} left calls out")),
        (_, Some(Gap::Incomplete(why))) => Verdict::NotMeasured(format!("the recording is incomplete: {why}")),
    };
    (verdict, above > 0 && median(values) > max)
}

/// Calls that a pattern takes, and the names that made most of them.
fn matching(counts: &CallCounts, pattern: Option<&regex::Regex>) -> (u64, Vec<(String, u64)>) {
    let takes = |name: &str| pattern.is_none_or(|pattern| pattern.is_match(name));
    let mut taken: Vec<(String, u64)> =
        counts.by_name.iter().filter(|(name, _)| takes(name)).map(|(name, n)| (name.clone(), *n)).collect();
    let total = taken.iter().fold(0u64, |sum, (_, n)| sum.saturating_add(*n));
    taken.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    taken.truncate(CALLS_SHOWN);
    (total, taken)
}

/// The upper median: a value that was measured.
fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Microseconds as `1004ms`, with decimals where whole milliseconds say too little.
fn ms(micros: u64) -> String {
    if micros >= 100_000 && micros.is_multiple_of(1000) {
        format!("{}ms", micros / 1000)
    } else {
        format!("{}.{:03}ms", micros / 1000, micros % 1000)
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn blank(rule: &Rule, verdict: Verdict) -> Judged {
    Judged {
        name: rule.name.clone(),
        kind: rule.kind.clone(),
        verdict,
        fails: rule.fails,
        value: None,
        unit: "",
        budget: None,
        message: String::new(),
        source: String::new(),
        calls: Vec::new(),
    }
}
