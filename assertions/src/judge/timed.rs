//! Time: in runs without tracing. All within is within, all above is over.

use regex::Regex;

use super::{Bench, Measurements, Untraced, blank, decided, middle, plural};
use crate::rule::Rule;
use crate::seen::Link;
use crate::verdict::{Judged, Verdict};

/// Links of the chain that are shown.
const LINKS_SHOWN: usize = 9;

impl<B: Bench> Measurements<'_, B> {
    pub(super) fn critical_path(
        &mut self,
        rule: &Rule,
        run: &str,
        max_ms: u64,
        pattern: Option<&Regex>,
    ) -> Result<Judged, B::Error> {
        let (max, what) = (max_ms as f64, "Critical path duration");
        if let Some(pattern) = pattern.filter(|pattern| !pattern.is_match(run)) {
            let runs = match self.untraced()? {
                Ok(runs) => runs,
                Err(why) => return Ok(blank(rule, Verdict::NotMeasured(why))),
            };
            let longest = |run: &Untraced| {
                let matching = run.labels.iter().filter(|(label, _)| pattern.is_match(label));
                matching.map(|(_, micros)| *micros as f64 / 1000.0).reduce(f64::max)
            };
            let Some(values) = runs.iter().map(longest).collect::<Option<Vec<f64>>>() else {
                let why = format!("{} matches neither the run {run} nor a label of a tracepoint", pattern.as_str());
                return Ok(blank(rule, Verdict::NotMeasured(why)));
            };
            return Ok(judged(rule, &values, max, what, |value| value > max));
        }
        let mut judged = self.at_most(rule, max, what)?;
        if judged.value.is_some() {
            if judged.verdict != Verdict::Within {
                self.traced(1)?;
            }
            if let Some(chain) = self.seen.first().and_then(|seen| chain(&seen.chain)) {
                judged.source = format!("{}; {chain}", judged.source);
            }
        }
        Ok(judged)
    }

    pub(super) fn total_time(&mut self, rule: &Rule, max_ms: f64) -> Result<Judged, B::Error> {
        self.at_most(rule, max_ms, "Total time")
    }

    pub(super) fn min_time(&mut self, rule: &Rule, min_ms: f64) -> Result<Judged, B::Error> {
        Ok(match self.walls()? {
            Ok(values) => {
                let judged = judged(rule, &values, min_ms, "Total time", |value| value < min_ms);
                let value = judged.value.map(ms).unwrap_or_default();
                let message = match judged.verdict {
                    Verdict::Within => format!("Total time {value} >= {min_ms}ms"),
                    Verdict::Over => format!("Total time {value} is below the minimum {min_ms}ms"),
                    _ => judged.message.replace("above", "below"),
                };
                Judged { message, ..judged }
            }
            Err(why) => blank(rule, Verdict::NotMeasured(why)),
        })
    }

    /// A row of budgets: the limit that is kept worst decides.
    pub(super) fn budget(
        &mut self,
        rule: &Rule,
        max_ms: Option<f64>,
        max_calls: Option<u64>,
    ) -> Result<Judged, B::Error> {
        let time = max_ms.map(|max| self.at_most(rule, max, "Total time")).transpose()?;
        let calls = max_calls.map(|max| self.span_count(rule, max, None)).transpose()?;
        let parts: Vec<Judged> = time.into_iter().chain(calls).collect();
        let messages: Vec<String> = parts.iter().map(|part| part.message.clone()).filter(|m| !m.is_empty()).collect();
        let sources: Vec<String> = parts.iter().map(|part| part.source.clone()).filter(|s| !s.is_empty()).collect();
        let worst = parts.into_iter().min_by_key(|part| part.verdict.rank());
        Ok(match worst {
            Some(worst) => Judged { message: messages.join("; "), source: sources.join("; "), ..worst },
            None => blank(rule, Verdict::NotMeasured("it has no limit".into())),
        })
    }

    fn walls(&mut self) -> Result<Result<Vec<f64>, String>, B::Error> {
        Ok(self.untraced()?.map(|runs| runs.iter().map(|run| run.wall.as_secs_f64() * 1000.0).collect()))
    }

    fn at_most(&mut self, rule: &Rule, max: f64, what: &str) -> Result<Judged, B::Error> {
        Ok(match self.walls()? {
            Ok(values) => judged(rule, &values, max, what, |value| value > max),
            Err(why) => blank(rule, Verdict::NotMeasured(why)),
        })
    }
}

/// Times in ms against a limit.
fn judged(rule: &Rule, values: &[f64], limit: f64, what: &str, breaks: impl Fn(f64) -> bool) -> Judged {
    let verdict = decided(values.iter().map(|value| breaks(*value)));
    let value = values.get(middle(values)).copied().unwrap_or_default();
    let broken = values.iter().filter(|value| breaks(**value)).count();
    let message = match verdict {
        Verdict::Within => format!("{what} {} <= {limit}ms", ms(value)),
        Verdict::Over => format!("{what} {} exceeds maximum {limit}ms", ms(value)),
        _ => format!("{what} is above {limit}ms in {broken} of {} runs", values.len()),
    };
    let least = values.iter().copied().reduce(f64::min).unwrap_or_default();
    let most = values.iter().copied().reduce(f64::max).unwrap_or_default();
    Judged {
        // Microseconds are what the measurement is good for.
        value: Some((value * 1000.0).round() / 1000.0),
        unit: "ms",
        budget: Some(limit),
        message,
        source: format!("{}, {} to {}", plural(values.len(), "untraced run"), ms(least), ms(most)),
        ..blank(rule, verdict)
    }
}

/// `1004ms`, with decimals where whole milliseconds say too little.
pub(super) fn ms(value: f64) -> String {
    let micros = (value * 1000.0).round() as u64;
    if micros >= 100_000 && micros.is_multiple_of(1000) {
        format!("{}ms", micros / 1000)
    } else {
        format!("{}.{:03}ms", micros / 1000, micros % 1000)
    }
}

/// The tasks that determined the end, where there was more than one.
fn chain(links: &[Link]) -> Option<String> {
    if links.len() < 2 {
        return None;
    }
    let shown = links.iter().take(LINKS_SHOWN).map(|link| format!("{} {}", link.exe, ms(link.ns as f64 / 1e6)));
    let more = links.len().saturating_sub(LINKS_SHOWN);
    let more = if more > 0 { format!(" > {more} more") } else { String::new() };
    Some(format!("chain while traced: {}{more}", shown.collect::<Vec<_>>().join(" > ")))
}
