//! Learning: as many runs as it takes, and what they have in common.

use goldens::{Learned, NotLearned, Options, Run, Runs, learn_from};

use super::record::{Header, refusal};
use crate::message::Problem;
use crate::runner::{Case, NoRun, Runner};

/// Runs that are learned from.
pub struct Learning {
    /// Makes them.
    pub runner: Runner,
    /// How they are compared.
    pub options: Options,
    /// Those that were made.
    pub runs: Vec<Run>,
}

impl Learning {
    /// Nothing yet.
    pub fn new(case: Case, options: Options) -> Learning {
        Learning { runner: Runner::new(case, &options), options, runs: Vec::new() }
    }

    /// Makes so many runs and learns from them.
    pub fn learned(
        &mut self,
        name: &str,
        wanted: Runs,
        drop_outliers: bool,
        header: &Header,
    ) -> Result<Learned, Problem> {
        let Learning { runner, options, runs } = self;
        learn_from(runner, runs, wanted, drop_outliers, options, |runner| header.facts(runner)).map_err(|why| match why
        {
            NotLearned::NoRun(why) => NoRun::into_problem(why),
            NotLearned::Refused(refused) => refusal(name, &refused),
        })
    }
}
