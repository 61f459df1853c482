//! Runner: whoever makes runs of a program, live or from a store; learning and judging by as many as it takes.
//!
//! In: a [`Runner`]. Out: a golden, or a comparison that further runs have confirmed. How a run is made, and how
//! one is made different from the next, is the runner's own affair.

use crate::content::Contents;
use crate::golden::Golden;
use crate::learn::{HeaderFacts, Learned, Refused, learn};
use crate::options::Options;
use crate::project::forms;
use crate::run::Run;
use crate::verdict::{Comparison, compare};

/// Makes the runs of one program.
pub trait Runner {
    /// Why there is no run.
    type Error;

    /// The next run, observed with these options.
    ///
    /// # Errors
    /// The program can't be run any more, or nothing can be judged by what it did.
    fn run(&mut self, options: &Options) -> Result<Run, Self::Error>;
}

/// Why nothing was learned.
#[derive(Debug)]
pub enum NotLearned<E> {
    /// A run is missing.
    NoRun(E),
    /// There are enough, but they say too little.
    Refused(Refused),
}

/// Makes runs until there are `count` in `runs`, and learns from them. With `drop_outliers` a run that went another
/// way than two thirds of the others is replaced, `count` times at most. `header` is asked when all runs are made.
///
/// # Errors
/// [`NotLearned`]; the runs that were made stay in `runs`.
pub fn learn_from<R: Runner>(
    runner: &mut R,
    runs: &mut Vec<Run>,
    (count, drop_outliers): (u32, bool),
    options: &Options,
    header: impl Fn(&R) -> HeaderFacts,
) -> Result<Learned, NotLearned<R::Error>> {
    let mut replaced = 0;
    loop {
        while runs.len() < count as usize {
            runs.push(runner.run(options).map_err(NotLearned::NoRun)?);
        }
        let forms = forms(&runs.iter().collect::<Vec<_>>(), None, options);
        match learn(&forms, options, header(runner)) {
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
        runs.push(runner.run(options)?);
        let forms = forms(&runs.iter().collect::<Vec<_>>(), Some(golden), options);
        let comparison = compare(golden, contents, &forms, options);
        if !comparison.wants_another(confirm) {
            return Ok(comparison);
        }
    }
}
