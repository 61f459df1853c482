//! What is counted in traced runs, or in a recording.

use regex::Regex;
use syscalls::Filter;

use super::{Bench, COUNT_RUNS, Measurements, blank, decided, middle};
use crate::finding::Shown;
use crate::rule::Rule;
use crate::seen::{Kept, Seen};
use crate::verdict::{Judged, Verdict};

/// What one run says of a rule.
pub(super) struct One {
    pub value: f64,
    pub broken: bool,
    /// Why it can't be said that the rule was kept.
    pub hidden: Option<String>,
    pub found: Shown,
    pub message: String,
}

impl<B: Bench> Measurements<'_, B> {
    /// One run; when it breaks the rule, two more.
    pub(super) fn counted(
        &mut self,
        rule: &Rule,
        unit: &'static str,
        budget: f64,
        look: impl Fn(&Seen) -> One,
    ) -> Result<Judged, B::Error> {
        self.traced(1)?;
        if self.seen.first().is_some_and(|seen| look(seen).broken) {
            self.traced(COUNT_RUNS)?;
        }
        let mut runs: Vec<One> = self.seen.iter().map(look).collect();
        if runs.is_empty() {
            return Ok(blank(rule, Verdict::NotMeasured(self.not_seen.clone().unwrap_or_default())));
        }
        let verdict = match decided(runs.iter().map(|run| run.broken)) {
            // What was seen and is too much stays too much, whatever else is missing.
            Verdict::Over => Verdict::Over,
            verdict => runs.iter().find_map(|run| run.hidden.clone()).map_or(verdict, Verdict::NotMeasured),
        };
        let values: Vec<f64> = runs.iter().map(|run| run.value).collect();
        let shown = runs.swap_remove(middle(&values));
        let message = match verdict {
            Verdict::Inconclusive => {
                let broken = values.len() - runs.iter().filter(|run| !run.broken).count() - usize::from(!shown.broken);
                format!("{}; so in {broken} of {} runs", shown.message, values.len())
            }
            _ => shown.message,
        };
        let found =
            if matches!(verdict, Verdict::Over | Verdict::Inconclusive) { shown.found } else { Shown::default() };
        Ok(Judged {
            value: Some(shown.value),
            unit,
            budget: Some(budget),
            message,
            source: self.counted_in(),
            found,
            ..blank(rule, verdict)
        })
    }

    pub(super) fn span_count(&mut self, rule: &Rule, max: u64, pattern: Option<&Regex>) -> Result<Judged, B::Error> {
        self.counted(rule, "calls", max as f64, |seen| {
            names(seen, max, None, |name| pattern.is_none_or(|p| p.is_match(name)))
        })
    }

    pub(super) fn call_count(&mut self, rule: &Rule, calls: &Filter, max: u64) -> Result<Judged, B::Error> {
        self.counted(rule, "calls", max as f64, |seen| names(seen, max, Some(calls), |name| calls.takes_name(name)))
    }

    pub(super) fn time_share(&mut self, rule: &Rule, calls: &Filter, max: f64) -> Result<Judged, B::Error> {
        let judged = self.counted(rule, "percent", max, |seen| {
            let sum = |takes: &dyn Fn(&str) -> bool| -> u64 {
                let times = seen.counts.time_ns.iter().filter(|(name, _)| takes(name));
                times.fold(0, |sum, (_, ns)| sum.saturating_add(*ns))
            };
            let (all, own) = (sum(&|_| true), sum(&|name| calls.takes_name(name)));
            let share = if all == 0 { 0.0 } else { own as f64 * 100.0 / all as f64 };
            let broken = share > max;
            let relation = if broken { "exceeds maximum" } else { "<=" };
            One {
                value: share,
                broken,
                hidden: seen.counts.gap.as_ref().and_then(|gap| gap.hides(None)),
                found: Shown::of_names(of_names(seen, |name| calls.takes_name(name))),
                message: format!("Share of the time in calls {share:.2}% {relation} {max}%"),
            }
        })?;
        Ok(Judged { source: at_stops(judged.source), ..judged })
    }

    pub(super) fn allocations(&mut self, rule: &Rule, max: u64) -> Result<Judged, B::Error> {
        self.counted(rule, "bytes", max as f64, |seen| match &seen.allocations {
            Some(Ok((bytes, grew))) => {
                let needed = Filter::parse("%memory").ok();
                let broken = *bytes > max;
                One {
                    value: *bytes as f64,
                    broken,
                    hidden: seen.counts.gap.as_ref().and_then(|gap| gap.hides(needed.as_ref())),
                    found: grew.clone().into_shown(),
                    message: memory(*bytes, max),
                }
            }
            Some(Err(why)) => nothing(why.clone()),
            None => nothing("memory was not looked at".into()),
        })
    }

    /// A rule about calls, which was answered while they were seen.
    pub(super) fn answered(&mut self, at: usize, rule: &Rule) -> Result<Judged, B::Error> {
        self.traced(1)?;
        let first = self.seen.first().and_then(|seen| seen.answers.get(&at));
        let (unit, budget) = first.map_or(("", 0), |answer| (answer.unit, answer.budget));
        self.counted(rule, unit, budget as f64, |seen| {
            let Some(answer) = seen.answers.get(&at) else { return nothing("it was not looked at".into()) };
            One {
                value: answer.value as f64,
                broken: matches!(answer.kept, Kept::Broken | Kept::Lacking),
                hidden: match &answer.kept {
                    Kept::Unknown(why) => Some(why.clone()),
                    _ => None,
                },
                found: answer.found.clone(),
                message: answer.message.clone(),
            }
        })
    }
}

/// A run that says nothing.
fn nothing(why: String) -> One {
    One { value: 0.0, broken: false, hidden: Some(why), found: Shown::default(), message: String::new() }
}

/// Memory in renacer's words.
pub(super) fn memory(bytes: u64, max: u64) -> String {
    if bytes > max {
        format!("Memory usage {bytes} bytes exceeds maximum {max}")
    } else {
        format!("Memory usage {bytes} bytes <= {max}")
    }
}

/// Times of single calls were taken where their task was stopped.
pub(super) fn at_stops(source: String) -> String {
    if source.is_empty() { source } else { source + ", times at stops" }
}

/// The calls whose name is taken; `needs` where that is a filter.
fn names(seen: &Seen, max: u64, needs: Option<&Filter>, takes: impl Fn(&str) -> bool) -> One {
    let value = of_names(seen, &takes).fold(0u64, |sum, (_, n)| sum.saturating_add(n));
    let broken = value > max;
    let message = if broken {
        let own = if value - max <= 2 { own_calls(seen, &takes) } else { "" };
        format!("Span count {value} exceeds maximum {max}{own}")
    } else {
        format!("Span count {value} <= {max}")
    };
    let hidden = seen.counts.gap.as_ref().and_then(|gap| match needs {
        Some(needs) => gap.hides(Some(needs)),
        None => gap.hides(pattern_as_filter(seen, &takes).as_ref()),
    });
    One { value: value as f64, broken, hidden, found: Shown::of_names(of_names(seen, takes)), message }
}

fn of_names(seen: &Seen, takes: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, u64)> {
    let taken = seen.counts.by_name.iter().filter(move |(name, _)| takes(name));
    taken.map(|(name, count)| (name.as_str(), *count))
}

/// renacer, by whose counts a budget may have been set, does not see the first and the last call.
fn own_calls(seen: &Seen, takes: &impl Fn(&str) -> bool) -> &'static str {
    let has = |name: &str| takes(name) && seen.counts.by_name.contains_key(name);
    match (has("execve"), has("exit_group")) {
        (true, true) => "; execve and exit_group are counted too",
        (true, false) => "; execve is counted too",
        (false, true) => "; exit_group is counted too",
        (false, false) => "",
    }
}

/// The calls that a pattern over names takes, as a filter; `None` where it takes those without a name.
fn pattern_as_filter(seen: &Seen, takes: &impl Fn(&str) -> bool) -> Option<Filter> {
    seen.counts.gap.as_ref()?;
    if takes("syscall_1000") {
        return None;
    }
    let known = (0..512).filter_map(|nr| syscalls::lookup(syscalls::Abi::X86_64, nr)).map(|row| row.name);
    let names: Vec<&str> = known.filter(|name| takes(name)).collect();
    Filter::parse(&names.join(",")).ok()
}
