//! Runner: whoever makes runs of a program, live or from a store; learning and judging by as many as it takes.
//!
//! In: a [`Runner`]. Out: a golden, or a comparison that further runs have confirmed. How a run is made, and how
//! one is made different from the next, is the runner's own affair.

use std::collections::BTreeSet;

use crate::content::Contents;
use crate::golden::{Golden, Mask, Why};
use crate::learn::{HeaderFacts, Learned, Refused, learn, percent};
use crate::options::Options;
use crate::project::forms;
use crate::run::Run;
use crate::verdict::{Comparison, compare};

/// Makes the runs of one program.
pub trait Runner {
    /// Why there is no run.
    type Error;

    /// The next run, observed with these options; one that may have several CPUs is held to one where they say so.
    ///
    /// # Errors
    /// The program can't be run any more, or nothing can be judged by what it did.
    fn run(&mut self, options: &Options) -> Result<Run, Self::Error>;

    /// Waits until the next run begins in another second of the clock than those before. A store has nothing to
    /// wait for.
    fn next_second(&mut self) {}
}

/// How many runs are learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// At first.
    pub count: u32,
    /// In all, where further ones may tell what is chance and what the clock's.
    pub most: u32,
}

impl Runs {
    /// No more than that.
    pub fn exactly(count: u32) -> Runs {
        Runs { count, most: count }
    }

    /// As many as show what varies.
    pub fn enough(self) -> Runs {
        Runs { count: self.count.max(3), most: self.most.max(3) }
    }
}

/// An order is asserted when it is chance at most so probably, where further runs can tell.
const CHANCE: f64 = 1e-4;
/// Of something that has one value for each second so many show what varies.
const SECONDS: usize = 5;

/// Why nothing was learned.
#[derive(Debug)]
pub enum NotLearned<E> {
    /// A run is missing.
    NoRun(E),
    /// There are enough, but they say too little.
    Refused(Refused),
}

/// What a golden asserts, in hundredths of its steps, is enough from here on.
const ENOUGH: u64 = 90;

/// Makes the runs that are wanted, those in `runs` counted, and learns from them. With `drop_outliers` a run that
/// went another way than two thirds of the others is replaced, as often as there are runs at most. `header` is asked
/// when all runs are made.
///
/// The first runs see two seconds of the clock at least, for what a program makes of the time in seconds (a hash, an
/// archive) has as many values as there were seconds.
///
/// A program may do other things on one CPU than on several. Where runs on both have little in common, and those on
/// one CPU agree, a golden that holds on one CPU says more, and every machine has one: then all runs are made so.
///
/// # Errors
/// [`NotLearned`]; the runs that were made stay in `runs`.
pub fn learn_from<R: Runner>(
    runner: &mut R,
    runs: &mut Vec<Run>,
    wanted: Runs,
    drop_outliers: bool,
    options: &Options,
    header: impl Fn(&R) -> HeaderFacts,
) -> Result<Learned, NotLearned<R::Error>> {
    let learned = learn_freely(runner, runs, wanted, drop_outliers, options, &header);
    if options.one_cpu || !may_follow_cpus(runs, &learned) {
        return learned;
    }
    let options = &Options { one_cpu: true, ..options.clone() };
    let (mut alone, others): (Vec<Run>, Vec<Run>) = std::mem::take(runs).into_iter().partition(on_one_cpu);
    if asserts_enough(&alone, options) {
        let on_one = learn_freely(runner, &mut alone, wanted, drop_outliers, options, &header);
        if asserted(&on_one) >= ENOUGH {
            *runs = alone;
            return on_one;
        }
    }
    *runs = alone;
    runs.extend(others);
    learned
}

/// Hundredths that a golden asserts; of none: 0.
fn asserted<E>(learned: &Result<Learned, NotLearned<E>>) -> u64 {
    let asserts = learned.as_ref().map(|learned| learned.golden.header.asserts);
    asserts.map_or(0, |(asserted, total)| percent(asserted, total))
}

/// Do these runs have little in common, and may the CPUs be why? Runs that went another way are those on one CPU
/// then, or all others: one bad run is not that.
fn may_follow_cpus<E>(runs: &[Run], learned: &Result<Learned, NotLearned<E>>) -> bool {
    match learned {
        Ok(_) => asserted(learned) < ENOUGH,
        Err(NotLearned::Refused(Refused::TooLoose { .. })) => true,
        Err(NotLearned::Refused(Refused::Outliers { outliers, .. })) => {
            let other: BTreeSet<usize> = outliers.iter().map(|outlier| outlier.run).collect();
            let number =
                |on_one: bool| (1..).zip(runs).filter(move |(_, run)| on_one_cpu(run) == on_one).map(|(n, _)| n);
            other == number(true).collect() || other == number(false).collect()
        }
        Err(_) => false,
    }
}

fn on_one_cpu(run: &Run) -> bool {
    run.header.cpus.len() == 1
}

/// Would a golden of these runs alone assert enough? One run agrees with itself.
fn asserts_enough(runs: &[Run], options: &Options) -> bool {
    let lenient = Options { single: true, ..options.clone() };
    let learned = learn(&forms(&runs.iter().collect::<Vec<_>>(), None, &lenient), &lenient, HeaderFacts::default());
    runs.len() >= 2 && asserted(&learned.map_err(NotLearned::<()>::Refused)) >= ENOUGH
}

/// As the runs come, on whatever CPUs.
fn learn_freely<R: Runner>(
    runner: &mut R,
    runs: &mut Vec<Run>,
    wanted: Runs,
    drop_outliers: bool,
    options: &Options,
    header: &impl Fn(&R) -> HeaderFacts,
) -> Result<Learned, NotLearned<R::Error>> {
    let Runs { mut count, most } = wanted;
    let mut replaced = 0;
    loop {
        while runs.len() < count as usize {
            let last = count > 1 && runs.len() + 1 == count as usize;
            if count > wanted.count || (last && seconds(runs) < 2) {
                runner.next_second();
            }
            runs.push(runner.run(options).map_err(NotLearned::NoRun)?);
        }
        let forms = forms(&runs.iter().collect::<Vec<_>>(), None, options);
        match learn(&forms, options, header(runner)) {
            Ok(learned)
                if count < most && (learned.chance > CHANCE || has_few_values(&learned.golden, seconds(runs))) =>
            {
                count += 1;
            }
            Ok(learned) => return Ok(learned),
            Err(Refused::Outliers { outliers, quorum: true }) if drop_outliers && replaced < count => {
                replaced += outliers.len() as u32;
                for outlier in outliers.iter().rev() {
                    if outlier.run >= 1 && outlier.run <= runs.len() {
                        runs.remove(outlier.run - 1);
                    }
                }
            }
            Err(refused) => return Err(NotLearned::Refused(refused)),
        }
    }
}

/// In how many seconds of the clock did these begin?
fn seconds(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.clock.0 / 1_000_000_000).collect::<BTreeSet<u64>>().len()
}

/// Has something one value for each second, of which there were few? Then it seems more fixed than it is.
fn has_few_values(golden: &Golden, seconds: usize) -> bool {
    let one_each = |mask: &Mask| matches!(mask.why, Why::Varied(values, _) if values as usize == seconds);
    (2..SECONDS).contains(&seconds) && golden.masks.iter().any(one_each)
}

/// Compares runs with a golden, at a weaker level than it holds where the options say so. What their names stand
/// for is told by the whole golden all the same: a weaker level has fewer names to tell it by.
pub fn hold_against(golden: &Golden, contents: &Contents, runs: &[Run], options: &Options) -> Comparison {
    let forms = forms(&runs.iter().collect::<Vec<_>>(), Some(golden), options);
    match golden.project(options.level) {
        Some(weaker) => compare(&weaker, contents, &forms, options),
        None => compare(golden, contents, &forms, options),
    }
}

/// Compares a run with a golden, and further ones while all of them differ: `confirm` at most. What they were is
/// left in `runs`, so that a golden can be learned from them.
///
/// # Errors
/// The runner's.
pub fn check<R: Runner>(
    runner: &mut R,
    runs: &mut Vec<Run>,
    (golden, contents): (&Golden, &Contents),
    options: &Options,
    confirm: u32,
) -> Result<Comparison, R::Error> {
    loop {
        if !runs.is_empty() {
            // What depends on the second must not confirm itself.
            runner.next_second();
        }
        runs.push(runner.run(options)?);
        let comparison = hold_against(golden, contents, runs, options);
        if !comparison.wants_another(confirm) {
            return Ok(comparison);
        }
    }
}
