//! Anti-patterns: one process that does all, blocks of calls that repeat, transfers to a GPU.

use regex::Regex;

use super::counted::One;
use super::{Bench, Measurements, blank};
use crate::finding::{Finding, Shown};
use crate::rule::{Pattern, Rule};
use crate::seen::Seen;
use crate::verdict::{Judged, Verdict};

impl<B: Bench> Measurements<'_, B> {
    pub(super) fn anti_pattern(
        &mut self,
        rule: &Rule,
        pattern: Pattern,
        threshold: f64,
        processes: Option<&Regex>,
    ) -> Result<Judged, B::Error> {
        match pattern {
            Pattern::GodProcess => self.counted(rule, "share", threshold, |seen| god(seen, threshold, processes)),
            Pattern::TightLoop => self.counted(rule, "share", threshold, |seen| tight(seen, threshold, processes)),
            Pattern::PcieBottleneck => self.gpu(rule, threshold),
        }
    }

    fn gpu(&mut self, rule: &Rule, threshold: f64) -> Result<Judged, B::Error> {
        let judged = self.counted(rule, "share", threshold, |seen| One {
            value: 0.0,
            broken: false,
            hidden: seen
                .gpu
                .as_ref()
                .map(|(path, count)| {
                    let times = if *count == 1 { String::new() } else { format!(" {count} times") };
                    format!("{path} was opened{times}: transfer and kernel times are not visible in system calls")
                })
                .or_else(|| hidden(seen)),
            found: Shown::default(),
            message: "no GPU device was opened".into(),
        })?;
        Ok(match judged.verdict {
            Verdict::NotMeasured(_) => Judged { source: judged.source, ..blank(rule, judged.verdict) },
            _ => judged,
        })
    }
}

fn hidden(seen: &Seen) -> Option<String> {
    seen.counts.gap.as_ref().and_then(|gap| gap.hides(None))
}

fn is_of(processes: Option<&Regex>, exe: &str) -> bool {
    processes.is_none_or(|pattern| pattern.is_match(exe))
}

fn god(seen: &Seen, threshold: f64, processes: Option<&Regex>) -> One {
    let all = seen.members.iter().fold(0u64, |sum, member| sum.saturating_add(member.calls));
    let largest = seen.members.iter().find(|member| is_of(processes, &member.exe));
    let crowd = seen.members.len();
    let (Some(largest), true) = (largest, crowd > 1) else {
        let message = if crowd > 1 { "no process matches" } else { "only one process made calls" };
        return One {
            value: 0.0,
            broken: false,
            hidden: hidden(seen),
            found: Shown::default(),
            message: message.into(),
        };
    };
    let share = largest.calls as f64 / all.max(1) as f64;
    let broken = share > threshold;
    let relation = if broken { "exceeds maximum" } else { "<=" };
    let made = format!("{} made {} of {all} calls of {crowd} processes", largest.exe, largest.calls);
    let process = Some(largest.exe.clone()).filter(|exe| !exe.is_empty());
    let row = Finding { process, call: "all".into(), path: None, count: largest.calls };
    One {
        value: share,
        broken,
        hidden: hidden(seen),
        found: Shown { rows: vec![row], more: 0 },
        message: format!("{made}: share {share:.3} {relation} {threshold}"),
    }
}

fn tight(seen: &Seen, threshold: f64, processes: Option<&Regex>) -> One {
    let Some(largest) = seen.loops.iter().find(|found| is_of(processes, &found.exe)) else {
        let message = "no block of calls repeats 1000 times".into();
        let hidden = hidden(seen).or_else(|| seen.loops_unknown.clone());
        return One { value: 0.0, broken: false, hidden, found: Shown::default(), message };
    };
    let share = largest.share();
    let broken = share > threshold;
    let relation = if broken { "exceeds maximum" } else { "<=" };
    let period = largest.block.len().max(1) as u64;
    let process = || Some(largest.exe.clone()).filter(|exe| !exe.is_empty());
    let rows = largest.block.iter();
    let rows =
        rows.map(|name| Finding { process: process(), call: name.clone(), path: None, count: largest.calls / period });
    One {
        value: share,
        broken,
        hidden: hidden(seen),
        found: Shown { rows: rows.collect(), more: 0 },
        message: format!(
            "{} repeats {} {} times, {} of its {} calls: share {share:.3} {relation} {threshold}",
            largest.exe,
            largest.block.join("+"),
            largest.calls / period,
            largest.calls,
            largest.of
        ),
    }
}
