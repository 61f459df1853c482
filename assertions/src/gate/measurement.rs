//! How two programs were run in turns: what the kernel accounted for each run, and what the machine did meanwhile.

use serde::Serialize;

use super::counters::Accounts;
use super::pairs::Measured;
use crate::statistics::median_of;

/// All pairs of runs, and what they have in common.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Measurement {
    /// Why address spaces lay somewhere else in each run; none where they lay where they would without randomisation.
    pub randomised: Option<String>,
    /// Processor time that other guests of the machine took from this one, percent of all of it.
    pub steal_percent: Option<f64>,
    /// CPUs on which both ran at the same time, the baseline on the first in pairs with even numbers; none where they
    /// ran in turns.
    pub side_by_side: Option<[u32; 2]>,
    /// Why they ran in turns though they were to run at the same time.
    pub in_turns: Option<String>,
    /// What is not compared.
    pub not_measured: Vec<Missing>,
    /// How often each was started in one run.
    pub samples: usize,
    /// In the order of time. Of all starts, those with even numbers began with the baseline.
    pub pairs: Vec<Pair>,
}

/// Something that was not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// `instructions`, `max-rss`, `calls.futex`.
    pub metric: String,
    /// Why.
    pub reason: String,
}

/// One run of each program; the value of a run is the median of its samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Samples of the baseline.
    pub baseline: Vec<Used>,
    /// Samples of the candidate.
    pub candidate: Vec<Used>,
    /// Load of the last minute, when both had ended.
    pub load_1m: Option<f64>,
    /// Processor time taken by other guests, percent.
    pub steal_percent: Option<f64>,
    /// Frequency of the first processor.
    pub cpu_khz: Option<u64>,
}

/// What a program used from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// From exec to end, by the monotonic clock.
    pub wall_ns: u64,
    /// Processor time in user mode.
    pub user_ns: u64,
    /// Processor time in the kernel.
    pub system_ns: u64,
    /// Peak of the resident set.
    pub max_rss_bytes: u64,
    /// In user mode; none where they were not counted.
    pub instructions: Option<u64>,
    /// Page faults in user mode from exec on that no disk was read for; none where they were not counted.
    pub minor_faults: Option<u64>,
    /// The same that a disk was read for.
    pub major_faults: Option<u64>,
}

impl Used {
    /// How user mode and the kernel share the time is known by ticks only, their sum to the nanosecond.
    fn cpu_ns(&self) -> u64 {
        self.user_ns.saturating_add(self.system_ns)
    }
}

impl Measurement {
    /// Page faults of all runs of the baseline, and of the candidate, as they are compared: without statistics.
    pub fn faults(&self) -> [Vec<Accounts>; 2] {
        let of = |used: &Used| Accounts {
            instructions: None,
            minor_faults: used.minor_faults,
            major_faults: used.major_faults,
        };
        let all = |side: fn(&Pair) -> &[Used]| self.pairs.iter().flat_map(side).map(of).collect();
        [all(|pair| &pair.baseline), all(|pair| &pair.candidate)]
    }

    /// What all pairs know. `floor_bytes`: what a run's resident set may be of whoever started it. `no_counter`: why
    /// instructions were not counted.
    pub fn measured(&mut self, floor_bytes: u64, no_counter: &str) -> Vec<Measured> {
        self.not_measured.clear();
        let mut all = vec![
            self.of("wall", "ns", |used| Some(used.wall_ns)),
            self.of("cpu", "ns", |used| Some(used.cpu_ns())),
            self.of("instructions", "count", |used| used.instructions),
            self.of("max-rss", "bytes", |used| Some(used.max_rss_bytes).filter(|bytes| *bytes > floor_bytes)),
        ];
        let (here, missing): (Vec<Measured>, Vec<Measured>) =
            all.drain(..).partition(|measured| measured.pairs.len() == self.pairs.len());
        for missing in missing {
            let reason = match missing.metric {
                "max-rss" => format!("the kernel counts the first {floor_bytes} bytes for whoever starts a program"),
                _ => format!("counter-unavailable: {no_counter}"),
            };
            self.not_measured.push(Missing { metric: missing.metric.to_owned(), reason });
        }
        here
    }

    /// Wall times of all runs of both, ns.
    pub fn walls(&self) -> Vec<[f64; 2]> {
        let wall = self.of("wall", "ns", |used| Some(used.wall_ns));
        wall.pairs.into_iter().map(|(baseline, candidate)| [baseline, candidate]).collect()
    }

    fn of(&self, metric: &'static str, unit: &'static str, value: impl Fn(&Used) -> Option<u64>) -> Measured {
        let run = |samples: &[Used]| {
            let values: Option<Vec<f64>> = samples.iter().map(|used| Some(value(used)? as f64)).collect();
            median_of(&values?)
        };
        let pair = |pair: &Pair| Some((run(&pair.baseline)?, run(&pair.candidate)?));
        Measured { metric, unit, pairs: self.pairs.iter().filter_map(pair).collect() }
    }
}
