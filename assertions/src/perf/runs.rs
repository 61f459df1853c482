//! Exact intervals for the ratio of two sets of runs (Hodges–Lehmann, Mann–Whitney).

/// Runs on each side that an interval needs.
pub(super) const FEWEST: usize = 7;

/// Level of one comparison, each side.
const ALPHA: f64 = 0.01;

/// Level of all comparisons of a report together.
const FAMILY: f64 = 0.05;

/// Above so many runs the null distribution is taken as normal.
const EXACT: usize = 100;

/// The last runs of a side that are looked at: there is a difference for each pair.
const MOST: usize = 1000;

/// The runs of a side that are looked at.
pub(super) fn last(values: &[f64]) -> &[f64] {
    values.get(values.len().saturating_sub(MOST)..).unwrap_or(values)
}

/// What the runs say of a ratio, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    /// Median of all differences.
    pub estimate: f64,
    /// Lower bound; minus infinity without one.
    pub lower: f64,
    /// Upper bound; infinity without one.
    pub upper: f64,
    /// That the ratio is not above the limit.
    pub p: f64,
}

/// Probabilities of at least so many differences above the truth, by number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Null {
    tail: Vec<f64>,
}

impl Null {
    /// For runs of two sides.
    pub(super) fn of(a: usize, b: usize) -> Self {
        let counts = if a.max(b) <= EXACT { exact(a, b) } else { normal(a, b) };
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

    /// P(U ≥ number).
    fn at_least(&self, number: usize) -> f64 {
        self.tail.get(number).copied().unwrap_or(0.0)
    }

    /// The smallest number that is as rare as the level.
    fn critical(&self, level: f64) -> Option<usize> {
        self.tail.iter().position(|p| *p <= level)
    }
}

/// How many ways lead to each number of differences above 0: sums of ranks, added up rank by rank. Only additions: the
/// counts are exact below 2^53 and good to the last digits above.
fn exact(a: usize, b: usize) -> Vec<f64> {
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

fn normal(a: usize, b: usize) -> Vec<f64> {
    let (a, b) = (a as f64, b as f64);
    let (mean, variance) = (a * b / 2.0, a * b * (a + b + 1.0) / 12.0);
    (0..=(a * b) as usize).map(|u| (-(u as f64 - mean).powi(2) / (2.0 * variance)).exp()).collect()
}

/// What the runs of two sides say; `None` where a time is 0. `limit`: the logarithm of the ratio that is too much.
pub(super) fn interval(current: &[f64], baseline: &[f64], limit: f64, null: &Null) -> Option<Interval> {
    let logs = |values: &[f64]| -> Option<Vec<f64>> {
        values.iter().map(|value| (*value > 0.0).then(|| value.ln())).collect()
    };
    let (current, baseline) = (logs(current)?, logs(baseline)?);
    let mut differences: Vec<f64> = current.iter().flat_map(|b| baseline.iter().map(move |a| b - a)).collect();
    differences.sort_by(f64::total_cmp);
    let above = differences.iter().filter(|difference| **difference > limit).count();
    let critical = null.critical(ALPHA);
    let nth = |number: usize| number.checked_sub(1).and_then(|at| differences.get(at)).copied();
    let lower = critical.and_then(|c| nth((differences.len() + 1).checked_sub(c)?));
    Some(Interval {
        estimate: median(&differences)?,
        lower: lower.unwrap_or(f64::NEG_INFINITY),
        upper: critical.and_then(nth).unwrap_or(f64::INFINITY),
        p: null.at_least(above),
    })
}

/// Which of these are rejected with all of them in view (Holm).
pub(super) fn rejected(ps: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    let p_of = |at: &usize| ps.get(*at).copied().unwrap_or(1.0);
    order.sort_by(|a, b| p_of(a).total_cmp(&p_of(b)));
    let mut rejected = vec![false; ps.len()];
    for (done, at) in order.iter().enumerate() {
        let p = p_of(at);
        if p > ALPHA || p > FAMILY / (ps.len() - done) as f64 {
            break;
        }
        if let Some(is) = rejected.get_mut(*at) {
            *is = true;
        }
    }
    rejected
}

/// Of sorted values.
fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(lower + (upper - lower) / 2.0)
}

/// Of any values; `None` of none.
pub(super) fn median_of(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median(&sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: [f64; 5] = [1000.0, 1012.0, 994.0, 1003.0, 1021.0];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn critical_values_are_those_of_the_tables() {
        let rows =
            [(4, 0.05, Some(15)), (4, 0.01, None), (5, 0.05, Some(21)), (5, 0.01, Some(24)), (6, 0.01, Some(33))];
        let more = [(7, 0.05, Some(38)), (7, 0.01, Some(43)), (8, 0.01, Some(55)), (8, 0.0001, Some(64))];
        for (runs, level, expected) in rows.into_iter().chain(more) {
            assert_eq!(Null::of(runs, runs).critical(level), expected, "{runs} runs at {level}");
        }
    }

    #[test]
    fn intervals_are_those_of_the_vectors() {
        let null = Null::of(5, 5);
        let limit = 1.02f64.ln();
        let slower = interval(&[1061.0, 1058.0, 1049.0, 1052.0, 1083.0], &BASE, limit, &null).expect("an interval");
        near(slower.p, 1.0 / 252.0);
        near((slower.lower * 1e9).round() / 1e9, 0.029_910_575);
        near((slower.upper * 1e9).round() / 1e9, 0.079_734_968);
        let unclear = interval(&[1031.0, 1033.0, 1030.0, 1036.0, 1029.0], &BASE, limit, &null).expect("an interval");
        near((unclear.p * 1e9).round() / 1e9, 0.210_317_460);
        assert_eq!(interval(&[0.0], &BASE, limit, &null), None);
    }

    #[test]
    fn many_runs_are_near_to_exact() {
        let (exact, normal) = (Null::of(100, 100), Null { tail: Null::of(101, 101).tail });
        let level = |null: &Null, runs: f64| null.critical(ALPHA).map_or(0.0, |c| c as f64 / (runs * runs));
        assert!((level(&exact, 100.0) - level(&normal, 101.0)).abs() < 0.002);
    }

    #[test]
    fn a_family_is_judged_together() {
        assert_eq!(rejected(&[0.009, 0.0001, 0.5]), [true, true, false]);
        assert_eq!(rejected(&[0.009; 10]), [false; 10]);
        assert_eq!(rejected(&[]), Vec::<bool>::new());
    }
}
