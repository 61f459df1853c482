//! Pairs that are made while somebody looks: three looks share the level, so that stopping early is no cheating.

use super::report::{Design, Parameters, Row, Verdict};
use super::time::{log, percent};
use crate::statistics::{Interval, Null, normal, of_differences};

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

    /// Fills in what the differences of logarithms say at a look, from 0 on. Only what is inconclusive needs more pairs.
    pub(super) fn judge(self, row: &mut Row, look: usize, differences: &[f64], parameters: &Parameters) {
        row.verdict = Verdict::Inconclusive;
        let Some(level) = LEVELS.get(look).copied() else { return };
        let (margin, limit) = (log(parameters.margin_percent), log(parameters.limit_percent));
        let pairs = differences.len();
        let null = Null::paired(pairs);
        // A false alarm counts for all benchmarks together, a pass for each.
        let alarm = level / self.family as f64;
        let bounds = |level| of_differences(differences, margin, level, &null);
        let Some((Interval { estimate, lower, p, .. }, Interval { upper, .. })) = bounds(alarm).zip(bounds(level))
        else {
            row.reason = Some("no-samples: there are no pairs".to_owned());
            return;
        };
        row.delta_percent = percent(estimate);
        row.lower_percent = percent(lower).filter(|_| lower.is_finite());
        row.upper_percent = percent(upper);
        row.p_value = Some(p);
        row.holm_threshold = Some(alarm);
        row.min_detectable_percent =
            percent(margin + (upper - lower) / 2.0 * (1.0 + normal::power_ratio(pairs))).filter(|least| *least > 0.0);
        (row.verdict, row.reason) = if null.critical(alarm).is_none() {
            let fewest = (1..=64).find(|k| Null::paired(*k).critical(alarm).is_some()).unwrap_or(64);
            (Verdict::Inconclusive, Some(format!("too-few-runs: {pairs} pairs, {fewest} are needed")))
        } else if lower > margin {
            (Verdict::Regressed, None)
        } else if upper < -margin {
            (Verdict::Improved, None)
        } else if upper < limit {
            (Verdict::Pass, None)
        } else {
            (Verdict::Inconclusive, Some("interval-too-wide: more pairs would decide".to_owned()))
        };
    }

    /// The verdict alone.
    pub fn look(self, look: usize, differences: &[f64], parameters: &Parameters) -> Verdict {
        let text = String::new;
        let mut row = Row::unjudged((text(), text()), (text(), text()), Design::Paired, (0, 0), (None, None));
        self.judge(&mut row, look, differences, parameters);
        row.verdict
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
