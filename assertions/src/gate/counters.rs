//! Counters: what differs by nothing but the program is compared without statistics.

use super::report::Verdict;

/// Runs that show whether a counter is exact.
pub const RUNS: usize = 5;

/// What the smallest of several counts of instructions may grow by.
const MINIMA: f64 = 1.005;

/// Were all values the same?
pub fn is_exact(values: &[f64]) -> bool {
    values.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

/// A counter that was the same in all runs of the baseline. `allowed_percent`: what it may grow by.
pub fn exact(baseline: f64, candidate: &[f64], allowed_percent: f64) -> Verdict {
    let most = baseline * (1.0 + allowed_percent / 100.0);
    if candidate.iter().any(|value| *value > most) {
        Verdict::Regressed
    } else if candidate.iter().all(|value| *value < baseline) {
        Verdict::Improved
    } else {
        Verdict::Pass
    }
}

/// A counter that differed from run to run: only a candidate that is outside in all its runs says something.
pub fn noisy(baseline: &[f64], candidate: &[f64]) -> Verdict {
    let least = baseline.iter().copied().fold(f64::INFINITY, f64::min);
    let most = baseline.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all = |is: &dyn Fn(f64) -> bool| !candidate.is_empty() && candidate.iter().all(|value| is(*value));
    if all(&|value| value >= least && value <= most) {
        Verdict::Pass
    } else if all(&|value| value > most) {
        Verdict::Regressed
    } else if all(&|value| value < least) {
        Verdict::Improved
    } else {
        Verdict::Inconclusive
    }
}

/// Instructions: the smallest counts of both sides, whose spread from run to run is at most 0.2 %.
pub fn minima(baseline: &[f64], candidate: &[f64]) -> Verdict {
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (before, after) = (least(baseline), least(candidate));
    if !(before.is_finite() && after.is_finite() && before > 0.0) {
        Verdict::NotMeasured
    } else if after / before > MINIMA {
        Verdict::Regressed
    } else if after / before < 1.0 / MINIMA {
        Verdict::Improved
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_counters_need_no_statistics() {
        assert!(is_exact(&[3.0; 5]) && !is_exact(&[3.0, 4.0]));
        assert_eq!(exact(100.0, &[100.0; 5], 0.0), Verdict::Pass);
        assert_eq!(exact(100.0, &[100.0, 101.0], 0.0), Verdict::Regressed);
        assert_eq!(exact(100.0, &[99.0], 0.0), Verdict::Improved);
        assert_eq!(exact(100.0, &[104.0], 5.0), Verdict::Pass);
        assert_eq!(exact(0.0, &[1.0], 5.0), Verdict::Regressed);
    }

    #[test]
    fn noisy_counters_are_judged_by_all_runs() {
        let baseline = [10.0, 12.0, 11.0, 10.0, 13.0];
        for (candidate, expected) in [
            ([10.0, 13.0, 11.0, 12.0, 10.0], Verdict::Pass),
            ([14.0, 15.0, 14.0, 16.0, 14.0], Verdict::Regressed),
            ([9.0, 8.0, 9.0, 7.0, 9.0], Verdict::Improved),
            ([14.0, 15.0, 14.0, 16.0, 13.0], Verdict::Inconclusive),
        ] {
            assert_eq!(noisy(&baseline, &candidate), expected, "{candidate:?}");
        }
        assert_eq!(noisy(&baseline, &[]), Verdict::Inconclusive);
    }

    #[test]
    fn instructions_are_judged_by_their_minima() {
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1005.0]), Verdict::Pass);
        assert_eq!(minima(&[1000.0, 1003.0], &[1009.0, 1006.0]), Verdict::Regressed);
        assert_eq!(minima(&[1000.0], &[990.0]), Verdict::Improved);
        assert_eq!(minima(&[], &[990.0]), Verdict::NotMeasured);
    }
}
