//! Exact intervals for the ratio of two sets of runs (Hodges–Lehmann over Mann–Whitney and signed ranks), families of them
//! (Holm), and what a single run is good for.

mod bootstrap;
pub(crate) mod normal;
mod null;
pub(crate) mod student;

pub(crate) use bootstrap::{SplitMix64, error_of_median};
pub(crate) use null::Null;

/// Level of one comparison, each side.
pub(crate) const ALPHA: f64 = 0.01;

/// Level of all comparisons of a report together.
pub(crate) const FAMILY: f64 = 0.05;

/// The last runs of a side that are looked at: there is a difference for each pair.
const MOST: usize = 1000;

/// The runs of a side that are looked at.
pub(crate) fn last(values: &[f64]) -> &[f64] {
    values.get(values.len().saturating_sub(MOST)..).unwrap_or(values)
}

/// What the runs say of a ratio, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// Median of all differences.
    pub estimate: f64,
    /// Lower bound; minus infinity without one.
    pub lower: f64,
    /// Upper bound; infinity without one.
    pub upper: f64,
    /// That the ratio is not above the limit.
    pub p: f64,
}

/// What the runs of two sides say; `None` where a time is 0. `limit`: the logarithm of the ratio that is too much.
pub(crate) fn interval(current: &[f64], baseline: &[f64], limit: f64, alpha: f64, null: &Null) -> Option<Interval> {
    let (current, baseline) = (logs(current)?, logs(baseline)?);
    let differences: Vec<f64> = current.iter().flat_map(|b| baseline.iter().map(move |a| b - a)).collect();
    bounds(differences, limit, alpha, null)
}

/// The same of runs in pairs, from the averages of all pairs of differences (Walsh).
pub(crate) fn paired(current: &[f64], baseline: &[f64], limit: f64, alpha: f64, null: &Null) -> Option<Interval> {
    let differences: Vec<f64> = logs(current)?.iter().zip(logs(baseline)?).map(|(b, a)| b - a).collect();
    of_differences(&differences, limit, alpha, null)
}

/// The same of the differences of logarithms.
pub(crate) fn of_differences(differences: &[f64], limit: f64, alpha: f64, null: &Null) -> Option<Interval> {
    let walsh = differences
        .iter()
        .enumerate()
        .flat_map(|(at, a)| differences.iter().skip(at).map(move |b| a / 2.0 + b / 2.0))
        .collect();
    bounds(walsh, limit, alpha, null)
}

/// Logarithms; `None` where a value has none.
pub(crate) fn logs(values: &[f64]) -> Option<Vec<f64>> {
    values.iter().map(|value| (*value > 0.0).then(|| value.ln())).collect()
}

fn bounds(mut differences: Vec<f64>, limit: f64, alpha: f64, null: &Null) -> Option<Interval> {
    differences.sort_by(f64::total_cmp);
    // Strictly above: ties count against a change.
    let above = differences.iter().filter(|difference| **difference > limit).count();
    let critical = null.critical(alpha);
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
pub(crate) fn rejected(ps: &[f64], alpha: f64, family: f64) -> Vec<bool> {
    holm(ps, family).into_iter().zip(ps).map(|(step, p)| step.all && *p <= alpha).collect()
}

/// Where a comparison stands in its family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// What its p must not exceed.
    pub threshold: f64,
    /// That neither its own p nor a smaller one exceeds its threshold.
    pub all: bool,
}

/// The thresholds of a family, in the order of the values.
pub(crate) fn holm(ps: &[f64], family: f64) -> Vec<Step> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    let p_of = |at: usize| ps.get(at).copied().unwrap_or(1.0);
    order.sort_by(|a, b| p_of(*a).total_cmp(&p_of(*b)));
    let mut steps = vec![Step { threshold: family, all: false }; ps.len()];
    let mut all = true;
    for (done, at) in order.into_iter().enumerate() {
        let threshold = family / (ps.len() - done) as f64;
        all &= p_of(at) <= threshold;
        if let Some(step) = steps.get_mut(at) {
            *step = Step { threshold, all };
        }
    }
    steps
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
pub(crate) fn median_of(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median(&sorted)
}

/// A percentile by linear interpolation at p/100·(n−1); `None` of no values.
pub(crate) fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = percent / 100.0 * (sorted.len().checked_sub(1)?) as f64;
    let lower = *sorted.get(place.floor() as usize)?;
    let upper = sorted.get(place.ceil() as usize).copied().unwrap_or(lower);
    Some(lower + (upper - lower) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: [f64; 10] = [1000.0, 1012.0, 994.0, 1003.0, 1021.0, 1008.0, 997.0, 1015.0, 1005.0, 999.0];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    fn limit() -> f64 {
        1.02f64.ln()
    }

    #[test]
    fn intervals_are_those_of_the_vectors() {
        let null = Null::unpaired(5, 5);
        let of = |values: &[f64]| interval(values, BASE.get(..5).expect("five"), limit(), ALPHA, &null);
        let slower = of(&[1061.0, 1058.0, 1049.0, 1052.0, 1083.0]).expect("an interval");
        near(slower.p, 1.0 / 252.0);
        near((slower.lower * 1e9).round() / 1e9, 0.029_910_575);
        near((slower.upper * 1e9).round() / 1e9, 0.079_734_968);
        let unclear = of(&[1031.0, 1033.0, 1030.0, 1036.0, 1029.0]).expect("an interval");
        near((unclear.p * 1e9).round() / 1e9, 0.210_317_460);
        assert_eq!(of(&[0.0]), None);
    }

    #[test]
    fn intervals_of_pairs_are_those_of_the_vectors() {
        let null = Null::paired(10);
        let rows = [
            (
                [1061.0, 1058.0, 1049.0, 1052.0, 1083.0, 1049.0, 1060.0, 1055.0, 1071.0, 1043.0],
                [0.051_128_702, 0.000_976_562, 0.041_551_959, 0.060_242_638],
            ),
            (
                [1008.0, 1009.0, 1001.0, 1011.0, 1017.0, 1020.0, 990.0, 1019.0, 1012.0, 1004.0],
                [0.004_432_814, 1.0, -0.002_968_829, 0.008_413_490],
            ),
            (
                [1052.0, 1010.0, 1041.0, 1003.0, 1088.0, 1012.0, 1062.0, 1018.0, 1071.0, 1001.0],
                [0.030_813_505, 0.116_210_938, 0.000_991_081, 0.063_158_432],
            ),
            (
                [943.0, 955.0, 938.0, 946.0, 963.0, 951.0, 941.0, 958.0, 948.0, 942.0],
                [-0.058_247_738, 1.0, -0.058_598_608, -0.057_891_686],
            ),
        ];
        for (candidate, expected) in rows {
            let found = paired(&candidate, &BASE, limit(), ALPHA, &null).expect("an interval");
            for (found, expected) in [found.estimate, found.p, found.lower, found.upper].iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn equal_differences_and_ties() {
        let seven = of_differences(&[0.03; 7], limit(), ALPHA, &Null::paired(7)).expect("an interval");
        assert_eq!((seven.p, seven.lower, seven.upper), (0.007_812_5, 0.03, 0.03));
        let six = of_differences(&[0.03; 6], limit(), ALPHA, &Null::paired(6)).expect("an interval");
        assert_eq!((six.lower, six.upper), (f64::NEG_INFINITY, f64::INFINITY));
        let tied = of_differences(&[limit(); 10], limit(), ALPHA, &Null::paired(10)).expect("an interval");
        assert_eq!(tied.p, 1.0);
    }

    #[test]
    fn a_family_is_judged_together() {
        let rejected = |ps: &[f64]| rejected(ps, ALPHA, FAMILY);
        assert_eq!(rejected(&[0.009, 0.0001, 0.5]), [true, true, false]);
        assert_eq!(rejected(&[0.009; 10]), [false; 10]);
        assert_eq!(rejected(&[]), Vec::<bool>::new());
    }

    #[test]
    fn percentiles_are_interpolated() {
        assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 50.0), Some(2.5));
        assert_eq!(percentile(&[1.0], 95.0), Some(1.0));
        assert_eq!(percentile(&[], 95.0), None);
    }
}
