//! Pairs that are made while somebody looks: three looks share the level, so that stopping early is no cheating.

use super::{Parameters, Verdict};
use crate::statistics::{Interval, Null, of_differences};

/// Level of the first look, each side.
const FIRST_LEVEL: f64 = 0.004;

/// Level of each look, each side.
const LEVELS: [f64; 3] = [FIRST_LEVEL, 0.003, 0.003];

/// Pairs at the first look, at least.
const FEWEST: usize = 10;

/// When is looked, and how many benchmarks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    first: usize,
    family: usize,
}

impl Looks {
    /// For so many benchmarks.
    pub fn of(family: usize) -> Looks {
        let family = family.max(1);
        let possible = (family as f64 / FIRST_LEVEL).log2().ceil() as usize;
        Looks { first: possible.max(FEWEST), family }
    }

    /// With so many pairs at the first look.
    pub fn from(first: usize, family: usize) -> Looks {
        Looks { first, family: family.max(1) }
    }

    /// Pairs at each look.
    pub fn pairs(self) -> [usize; 3] {
        [self.first, (3 * self.first).div_ceil(2), 2 * self.first]
    }

    /// What the differences of logarithms say at a look, from 0 on. Only what is inconclusive needs more pairs.
    pub fn look(self, look: usize, differences: &[f64], parameters: &Parameters) -> Verdict {
        let Some(level) = LEVELS.get(look).copied() else { return Verdict::Inconclusive };
        let log = |percent: f64| (percent / 100.0).ln_1p();
        let (margin, limit) = (log(parameters.margin_percent), log(parameters.limit_percent));
        let null = Null::paired(differences.len());
        let bounds = |level| of_differences(differences, margin, level, &null);
        let (Some(Interval { lower, .. }), Some(Interval { upper, .. })) =
            (bounds(level / self.family as f64), bounds(level))
        else {
            return Verdict::Inconclusive;
        };
        if lower > margin {
            Verdict::Regressed
        } else if upper < -margin {
            Verdict::Improved
        } else if upper < limit {
            Verdict::Pass
        } else {
            Verdict::Inconclusive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_as_far_apart_as_the_family_needs() {
        assert_eq!(Looks::of(1).pairs(), [10, 15, 20]);
        assert_eq!(Looks::of(4).pairs(), [10, 15, 20]);
        assert_eq!(Looks::of(30).pairs(), [13, 20, 26]);
    }

    #[test]
    fn few_pairs_decide_nothing() {
        let parameters = Parameters::default();
        assert_eq!(Looks::from(7, 1).look(0, &[0.0; 7], &parameters), Verdict::Inconclusive);
        assert_eq!(Looks::of(1).look(0, &[0.0; 10], &parameters), Verdict::Pass);
        assert_eq!(Looks::of(1).look(0, &[0.1; 10], &parameters), Verdict::Regressed);
        assert_eq!(Looks::of(1).look(3, &[0.1; 10], &parameters), Verdict::Inconclusive);
    }
}
