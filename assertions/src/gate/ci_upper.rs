//! The rule of frankenjax: upper ends of two intervals against a fixed threshold. It has no error control.

use super::report::Verdict;

/// An improvement is below so many percent.
const IMPROVED: f64 = -2.0;

/// Percent of change, rounded to four decimals; 0 without a baseline.
pub fn delta_percent(baseline: f64, candidate: f64) -> f64 {
    if baseline <= 0.0 {
        return 0.0;
    }
    let rounded: f64 = format!("{:.4}", (candidate - baseline) / baseline * 100.0).parse().unwrap_or(0.0);
    // Negative zero is zero.
    rounded + 0.0
}

/// What a rounded change means.
pub fn verdict(delta_percent: f64, threshold_percent: f64) -> Verdict {
    if delta_percent > threshold_percent {
        Verdict::Regressed
    } else if delta_percent < IMPROVED {
        Verdict::Improved
    } else {
        Verdict::Pass
    }
}
