//! Learning: as many runs as it takes, and what they have in common.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goldens::{Golden, Learned, Mask, Options, Refused, Run, Why, forms, learn};

use super::observe;
use super::record::{Header, refusal};
use super::settings::Runs;
use crate::message::Problem;
use crate::runner::{Case, NoRun, Runner};

/// An order is asserted when it is chance at most so probably, where further runs can tell.
const CHANCE: f64 = 1e-4;

/// Runs that are learned from.
pub struct Learning {
    /// Makes them.
    pub runner: Runner,
    /// How they are compared.
    pub options: Options,
    /// Those that were made.
    pub runs: Vec<Run>,
    seconds: Seconds,
}

/// The seconds of the clock in which runs began.
///
/// What a program makes of the time in seconds (a hash, an archive) has as many values as there were seconds, and of
/// few values too much seems fixed.
#[derive(Debug, Default)]
struct Seconds {
    begun: BTreeSet<u64>,
}

impl Seconds {
    /// So many values show what varies.
    const ENOUGH: usize = 5;

    /// A run begins now; `fresh`: or in the next second, when another has begun in this one.
    fn begin(&mut self, fresh: bool) {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut time = now();
        if fresh && self.begun.contains(&time.as_secs()) {
            std::thread::sleep(Duration::from_nanos(1_000_000_000 - u64::from(time.subsec_nanos())));
            time = now();
        }
        self.begun.insert(time.as_secs());
    }

    /// Does something have one value for each second, of which there were few?
    fn decide_values(&self, golden: &Golden) -> bool {
        let seconds = self.begun.len();
        let one_each = |mask: &Mask| matches!(mask.why, Why::Varied(values, _) if values as usize == seconds);
        (2..Seconds::ENOUGH).contains(&seconds) && golden.masks.iter().any(one_each)
    }
}

impl Learning {
    /// Nothing yet.
    pub fn new(case: Case, options: Options) -> Learning {
        Learning { runner: Runner::new(case), options, runs: Vec::new(), seconds: Seconds::default() }
    }

    /// Makes a run; `fresh`: in a second in which none has begun.
    pub fn run(&mut self, fresh: bool) -> Result<(), NoRun> {
        self.seconds.begin(fresh);
        self.runs.push(observe(&mut self.runner, &self.options)?);
        Ok(())
    }

    /// Makes so many runs and learns from them; more where they may tell what is chance and what the clock's.
    pub fn learned(
        &mut self,
        name: &str,
        runs: Runs,
        drop_outliers: bool,
        header: &Header,
    ) -> Result<Learned, Problem> {
        let Runs { mut count, most } = runs;
        let mut replaced = 0;
        loop {
            while self.runs.len() < count as usize {
                // The last of the first ones at least sees another second than these, and each further one.
                let last = count > 1 && self.runs.len() + 1 == count as usize;
                let further = count > runs.count;
                self.run(further || (last && self.seconds.begun.len() < 2)).map_err(NoRun::into_problem)?;
            }
            let forms = forms(&self.runs.iter().collect::<Vec<_>>(), None, &self.options);
            match learn(&forms, &self.options, header.facts(&self.runner)) {
                Ok(learned)
                    if count < most && (learned.chance > CHANCE || self.seconds.decide_values(&learned.golden)) =>
                {
                    count += 1;
                }
                Ok(learned) => return Ok(learned),
                Err(Refused::Outliers { outliers, quorum: true }) if drop_outliers && replaced < count => {
                    replaced += outliers.len() as u32;
                    for outlier in outliers.iter().rev() {
                        if outlier.run >= 1 && outlier.run <= self.runs.len() {
                            self.runs.remove(outlier.run - 1);
                        }
                    }
                }
                Err(refused) => return Err(refusal(name, &refused)),
            }
        }
    }
}
