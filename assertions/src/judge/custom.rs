//! Conditions over measures: each value from the runs that are good for it.

use super::counted::at_stops;
use super::{Bench, COUNT_RUNS, Measured, Measurements, Peak, Untraced, blank, plural};
use crate::expression::{Decided, Expression, Function, Metric};
use crate::finding::Shown;
use crate::rule::Rule;
use crate::seen::Seen;
use crate::verdict::{Judged, Verdict};

/// The runs that a condition needs.
#[derive(Debug, Clone, Copy)]
struct Needs {
    traced: bool,
    untraced: bool,
    peaks: bool,
}

impl Needs {
    fn of(expression: &Expression) -> Needs {
        let mut needs = Needs { traced: !expression.metered.is_empty(), untraced: false, peaks: false };
        for metric in expression.metrics() {
            match metric {
                Metric::WallMs | Metric::UserMs | Metric::SysMs | Metric::CpuMs => needs.untraced = true,
                Metric::MaxRssBytes => needs.peaks = true,
                _ => needs.traced = true,
            }
        }
        needs
    }
}

/// Samples of each kind of run, or why there are none.
struct Samples<'s> {
    rule: usize,
    expression: &'s Expression,
    seen: Measured<&'s [Seen]>,
    untraced: Measured<Vec<Untraced>>,
    peaks: Measured<Vec<Peak>>,
}

impl<B: Bench> Measurements<'_, B> {
    pub(super) fn custom(&mut self, at: usize, rule: &Rule, expression: &Expression) -> Result<Judged, B::Error> {
        let needs = Needs::of(expression);
        if needs.traced {
            self.traced(1)?;
        }
        let untraced = if needs.untraced { self.untraced()?.map(<[Untraced]>::to_vec) } else { Ok(vec![]) };
        let peaks = if needs.peaks { self.peaks()? } else { Ok(vec![]) };
        let mut samples = self.samples(at, expression, untraced, peaks);
        if needs.traced && samples.decisions().contains(&Decided::Is(false)) {
            let (untraced, peaks) = (samples.untraced, samples.peaks);
            self.traced(COUNT_RUNS)?;
            samples = self.samples(at, expression, untraced, peaks);
        }
        let decisions = samples.decisions();
        let missing = decisions.iter().find_map(|decision| match decision {
            Decided::Missing(why) => Some(why.clone()),
            Decided::Is(_) => None,
        });
        let broken = decisions.iter().filter(|decision| **decision == Decided::Is(false)).count();
        let verdict = match missing {
            Some(why) => Verdict::NotMeasured(why),
            None => super::decided(decisions.iter().map(|decision| *decision == Decided::Is(false))),
        };
        let holds = match broken {
            0 => "Condition holds".to_owned(),
            n if n == decisions.len() => "Condition fails".to_owned(),
            n => format!("Condition fails in {n} of {} runs", decisions.len()),
        };
        let example = decisions.iter().position(|decision| *decision == Decided::Is(false)).unwrap_or(0);
        let message = format!("{holds}: {}", samples.values(example).join(", "));
        let found = if broken > 0 { samples.found(example) } else { Shown::default() };
        let mut sources = vec![];
        if needs.traced {
            sources.push(self.counted_in());
        }
        if needs.untraced {
            sources.push(plural(samples.untraced.as_ref().map_or(0, Vec::len), "untraced run"));
        }
        if needs.peaks {
            sources.push(plural(samples.peaks.as_ref().map_or(0, Vec::len), "run") + " stopped at exits only");
        }
        let source = sources.join(", ");
        let timed = expression.metered.iter().any(|metered| metered.function.is_time());
        let source = if timed { at_stops(source) } else { source };
        Ok(Judged { message, source, found, ..blank(rule, verdict) })
    }

    fn samples<'s>(
        &'s self,
        rule: usize,
        expression: &'s Expression,
        untraced: Measured<Vec<Untraced>>,
        peaks: Measured<Vec<Peak>>,
    ) -> Samples<'s> {
        let none = || self.not_seen.clone().unwrap_or_else(|| "no traced run was made".into());
        let seen = if self.seen.is_empty() { Err(none()) } else { Ok(self.seen.as_slice()) };
        Samples { rule, expression, seen, untraced, peaks }
    }
}

/// The sample of this number; where there are fewer, from the beginning again.
fn nth<T>(samples: &[T], at: usize) -> Result<&T, String> {
    samples.get(at.checked_rem(samples.len()).unwrap_or(0)).ok_or_else(|| "no run was made".to_owned())
}

impl Samples<'_> {
    /// The condition, for each sample of the kind of which there are most.
    fn decisions(&self) -> Vec<Decided> {
        let needs = Needs::of(self.expression);
        let count = |is: bool, len: usize| if is { len } else { 0 };
        let most = [
            count(needs.traced, self.seen.as_ref().map_or(0, |seen| seen.len())),
            count(needs.untraced, self.untraced.as_ref().map_or(0, Vec::len)),
            count(needs.peaks, self.peaks.as_ref().map_or(0, Vec::len)),
            1,
        ];
        (0..most.into_iter().max().unwrap_or(1)).map(|at| self.decide(at)).collect()
    }

    fn decide(&self, at: usize) -> Decided {
        self.expression.decide(&mut |metric| self.metric(metric, at), &mut |function| self.function(function, at))
    }

    fn seen(&self, at: usize) -> Result<&Seen, String> {
        self.seen.clone().and_then(|seen| nth(seen, at))
    }

    fn metric(&self, metric: Metric, at: usize) -> Result<f64, String> {
        let untraced = || self.untraced.as_ref().map_err(Clone::clone).and_then(|runs| nth(runs, at));
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        match metric {
            Metric::WallMs => return Ok(ms(untraced()?.wall)),
            Metric::UserMs => return Ok(ms(untraced()?.user)),
            Metric::SysMs => return Ok(ms(untraced()?.system)),
            Metric::CpuMs => return untraced().map(|run| ms(run.user + run.system)),
            Metric::MaxRssBytes => {
                let peaks = self.peaks.as_ref().map_err(Clone::clone)?;
                let peak = nth(peaks, at)?;
                return match &peak.at_most {
                    Some((bytes, why)) if *bytes > peak.bytes => Err(why.clone()),
                    _ => Ok(peak.bytes as f64),
                };
            }
            _ => {}
        }
        let seen = self.seen(at)?;
        let bounds = &seen.bounds;
        if metric == Metric::ExitCode {
            return bounds.exit_code.map(f64::from).ok_or_else(|| "how the program ended was not seen".into());
        }
        if let Some(why) = seen.counts.gap.as_ref().and_then(|gap| gap.hides(None)) {
            return Err(why);
        }
        if matches!(metric, Metric::Processes | Metric::Tasks | Metric::Signals)
            && let Some(why) = &bounds.untold
        {
            return Err(why.clone());
        }
        Ok(match metric {
            Metric::Calls => seen.counts.total() as f64,
            Metric::Errors => seen.counts.errors.values().fold(0u64, |sum, n| sum.saturating_add(*n)) as f64,
            Metric::AllocBytes => match &seen.allocations {
                Some(Ok((bytes, _))) => *bytes as f64,
                Some(Err(why)) => return Err(why.clone()),
                None => return Err("memory was not looked at".into()),
            },
            Metric::BytesRead => bounds.bytes_read as f64,
            Metric::BytesWritten => bounds.bytes_written as f64,
            Metric::Processes => bounds.processes as f64,
            Metric::Tasks => bounds.tasks as f64,
            _ => bounds.signals as f64,
        })
    }

    fn function(&self, function: usize, at: usize) -> Result<f64, String> {
        let seen = self.seen(at)?;
        let filter = self.expression.metered.get(function).map(|metered| &metered.filter);
        if let Some(why) = seen.counts.gap.as_ref().and_then(|gap| gap.hides(filter)) {
            return Err(why);
        }
        let meters = seen.meters.get(&self.rule);
        meters.and_then(|meters| meters.get(function)).cloned().unwrap_or_else(|| Err("it was not looked at".into()))
    }

    /// Every value in the expression, in words.
    fn values(&self, at: usize) -> Vec<String> {
        let shown = |value: Result<f64, String>| match value {
            Ok(value) if value.fract() == 0.0 => format!("{value}"),
            Ok(value) => format!("{value:.3}"),
            Err(_) => "not measured".to_owned(),
        };
        let metrics = self.expression.metrics().into_iter();
        let metrics = metrics.map(|metric| format!("{} = {}", metric.word(), shown(self.metric(metric, at))));
        let functions = self.expression.metered.iter().enumerate().map(|(number, metered)| {
            format!("{}({:?}) = {}", metered.function.word(), metered.text, shown(self.function(number, at)))
        });
        functions.chain(metrics).collect()
    }

    /// The calls that the functions took.
    fn found(&self, at: usize) -> Shown {
        let Ok(seen) = self.seen(at) else { return Shown::default() };
        let takes = |name: &str, function: Function| {
            let mut metered = self.expression.metered.iter().filter(|metered| metered.function == function);
            metered.any(|metered| metered.filter.takes_name(name))
        };
        let errors = seen.counts.errors.iter().filter(|(name, _)| takes(name, Function::Errors));
        let calls = seen.counts.by_name.iter().filter(|(name, _)| {
            self.expression.metered.iter().any(|m| m.function != Function::Errors && m.filter.takes_name(name))
        });
        Shown::of_names(errors.chain(calls).map(|(name, count)| (name.as_str(), *count)))
    }
}
