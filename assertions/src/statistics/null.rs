//! Null distributions: how often chance alone puts so many differences above the truth.

/// Above so many runs a null distribution is taken as normal.
const EXACT: usize = 100;

/// Probabilities of at least so many differences above the truth, by number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Null {
    tail: Vec<f64>,
}

impl Null {
    /// For runs of two sides that are not paired (Mann–Whitney).
    pub(crate) fn unpaired(a: usize, b: usize) -> Self {
        Null::of(&if a.max(b) <= EXACT {
            mann_whitney(a, b)
        } else {
            normal(a * b, (a * b * (a + b + 1)) as f64 / 12.0)
        })
    }

    /// For pairs of runs (Wilcoxon's signed ranks).
    pub(crate) fn paired(k: usize) -> Self {
        let most = k * (k + 1) / 2;
        let variance = (most * (2 * k + 1)) as f64 / 12.0;
        Null::of(&if k <= EXACT { signed_ranks(k) } else { normal(most, variance) })
    }

    fn of(counts: &[f64]) -> Self {
        let total: f64 = counts.iter().sum();
        let mut above = 0.0;
        let mut tail: Vec<f64> = counts
            .iter()
            .rev()
            .map(|count| {
                above += count;
                above / total
            })
            .collect();
        tail.reverse();
        Null { tail }
    }

    /// P(number or more).
    pub(crate) fn at_least(&self, number: usize) -> f64 {
        self.tail.get(number).copied().unwrap_or(0.0)
    }

    /// The smallest number that is as rare as the level.
    pub(crate) fn critical(&self, level: f64) -> Option<usize> {
        self.tail.iter().position(|p| *p <= level)
    }
}

/// How many ways lead to each number of differences above 0: sums of ranks, added up rank by rank. Only additions: the
/// counts are exact below 2^53 and good to the last digits above.
fn mann_whitney(a: usize, b: usize) -> Vec<f64> {
    let width = a * b + 1;
    // Ways to take so many of side B from the lowest ranks, by the number of A below them.
    let mut ways = vec![vec![0.0; width]; b + 1];
    if let Some(none) = ways.first_mut().and_then(|row| row.first_mut()) {
        *none = 1.0;
    }
    for rank in 1..=a + b {
        for taken in (1..=b.min(rank)).rev() {
            let below = rank - taken;
            if below > a {
                continue;
            }
            let (before, now) = ways.split_at_mut(taken);
            let (Some(before), Some(now)) = (before.last(), now.first_mut()) else { continue };
            for (to, from) in now.iter_mut().skip(below).zip(before) {
                *to += from;
            }
        }
    }
    ways.pop().unwrap_or_default()
}

/// Subsets of {1..k} by their sum.
fn signed_ranks(k: usize) -> Vec<f64> {
    let mut ways = vec![0.0; k * (k + 1) / 2 + 1];
    if let Some(none) = ways.first_mut() {
        *none = 1.0;
    }
    for rank in 1..=k {
        let before = ways.clone();
        for (to, from) in ways.iter_mut().skip(rank).zip(before) {
            *to += from;
        }
    }
    ways
}

/// Around the middle of 0 to `most`.
fn normal(most: usize, variance: f64) -> Vec<f64> {
    let mean = most as f64 / 2.0;
    (0..=most).map(|u| (-(u as f64 - mean).powi(2) / (2.0 * variance)).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables() {
        let rows =
            [(4, 0.05, Some(15)), (4, 0.01, None), (5, 0.05, Some(21)), (5, 0.01, Some(24)), (6, 0.01, Some(33))];
        let more = [(7, 0.05, Some(38)), (7, 0.01, Some(43)), (8, 0.01, Some(55)), (8, 0.0001, Some(64))];
        let family = [(5, 0.05 / 30.0, None), (6, 0.05 / 30.0, Some(36)), (7, 0.05 / 30.0, Some(47))];
        for (runs, level, expected) in rows.into_iter().chain(more).chain(family) {
            assert_eq!(Null::unpaired(runs, runs).critical(level), expected, "{runs} runs at {level}");
        }
    }

    #[test]
    fn critical_values_of_pairs_are_those_of_the_table() {
        let levels = [0.05, 0.01, 0.004, 0.003, 0.05 / 30.0, 0.01 / 30.0];
        let rows: [(usize, [usize; 6]); 10] = [
            (5, [15, 0, 0, 0, 0, 0]),
            (7, [25, 28, 0, 0, 0, 0]),
            (8, [31, 35, 36, 0, 0, 0]),
            (10, [45, 50, 53, 53, 55, 0]),
            (12, [61, 69, 72, 73, 75, 78]),
            (13, [70, 79, 83, 84, 86, 90]),
            (15, [90, 101, 106, 107, 110, 115]),
            (20, [150, 167, 175, 177, 181, 191]),
            (26, [241, 267, 278, 282, 288, 303]),
            (30, [314, 345, 360, 364, 372, 391]),
        ];
        for (pairs, expected) in rows {
            for (level, expected) in levels.iter().zip(expected) {
                let found = Null::paired(pairs).critical(*level);
                assert_eq!(found, (expected > 0).then_some(expected), "{pairs} pairs at {level}");
            }
        }
    }

    #[test]
    fn counts_are_those_of_enumeration() {
        let five = [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0];
        assert_eq!(signed_ranks(5), five);
        for k in 0..=8usize {
            let mut counts = vec![0.0; k * (k + 1) / 2 + 1];
            for subset in 0..1u32 << k {
                counts[(0..k).filter(|at| subset >> at & 1 == 1).map(|at| at + 1).sum::<usize>()] += 1.0;
            }
            assert_eq!(signed_ranks(k), counts, "{k} pairs");
        }
        for (a, b) in (1..=6usize).flat_map(|a| (1..=6usize).map(move |b| (a, b))) {
            let mut counts = vec![0.0; a * b + 1];
            for subset in (0..1u32 << (a + b)).filter(|subset| subset.count_ones() as usize == b) {
                let of_b = (0..a + b).filter(|at| subset >> at & 1 == 1);
                counts[of_b.map(|at| (0..at).filter(|below| subset >> below & 1 == 0).count()).sum::<usize>()] += 1.0;
            }
            assert_eq!(mann_whitney(a, b), counts, "{a} and {b} runs");
        }
    }

    #[test]
    fn many_runs_are_near_to_exact() {
        let level = |null: &Null, most: f64| null.critical(0.01).map_or(0.0, |c| c as f64 / most);
        let (exact, normal) = (Null::unpaired(100, 100), Null::unpaired(101, 101));
        assert!((level(&exact, 100.0 * 100.0) - level(&normal, 101.0 * 101.0)).abs() < 0.002);
        let (exact, normal) = (Null::paired(100), Null::paired(101));
        assert!((level(&exact, 5050.0) - level(&normal, 5151.0)).abs() < 0.002);
    }
}
