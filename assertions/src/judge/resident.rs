//! Peak resident set: in runs that stop at births, execs and exits only.

use super::counted::memory;
use super::{Bench, Measured, Measurements, Peak, blank, decided, middle, plural};
use crate::rule::Rule;
use crate::seen::Seen;
use crate::verdict::{Judged, Verdict};

impl<B: Bench> Measurements<'_, B> {
    /// Peaks of several runs, or that of a recording: tracing does not move it.
    pub(super) fn peaks(&mut self) -> Result<Measured<Vec<Peak>>, B::Error> {
        if self.peaks.is_none() {
            self.peaks = Some(if self.bench.can_repeat() {
                self.bench.peaks()?
            } else {
                self.traced(1)?;
                let none = || Err(self.not_seen.clone().unwrap_or_default());
                self.seen.first().map_or_else(none, Seen::peak).map(|peak| vec![peak])
            });
        }
        Ok(self.peaks.clone().unwrap_or_else(|| Err("no run was made".into())))
    }

    pub(super) fn resident(&mut self, rule: &Rule, max: u64) -> Result<Judged, B::Error> {
        let peaks = match self.peaks()? {
            Ok(peaks) if !peaks.is_empty() => peaks,
            Ok(_) => return Ok(blank(rule, Verdict::NotMeasured("no run was made".into()))),
            Err(why) => return Ok(blank(rule, Verdict::NotMeasured(why))),
        };
        let doubt = peaks.iter().find_map(|peak| peak.at_most.clone().filter(|(bytes, _)| *bytes > max));
        let verdict = match (decided(peaks.iter().map(|peak| peak.bytes > max)), doubt) {
            (Verdict::Within | Verdict::Inconclusive, Some((_, why))) => Verdict::NotMeasured(why),
            (verdict, _) => verdict,
        };
        let values: Vec<f64> = peaks.iter().map(|peak| peak.bytes as f64).collect();
        let Some(shown) = peaks.get(middle(&values)) else { return Ok(blank(rule, verdict)) };
        let broken = peaks.iter().filter(|peak| peak.bytes > max).count();
        let message = match verdict {
            Verdict::Inconclusive => {
                format!("Memory usage is above {max} bytes in {broken} of {} runs", peaks.len())
            }
            _ => memory(shown.bytes, max),
        };
        let source = if self.bench.can_repeat() {
            format!("{}, stopped at exits only", plural(peaks.len(), "run"))
        } else {
            self.counted_in()
        };
        Ok(Judged {
            value: Some(shown.bytes as f64),
            unit: "bytes",
            budget: Some(max as f64),
            message: format!("{message}: the largest process is {}", shown.program),
            source,
            ..blank(rule, verdict)
        })
    }
}
