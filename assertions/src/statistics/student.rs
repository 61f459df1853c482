//! Student's distribution: do two sets of values have the same mean?

use std::f64::consts::PI;

/// The two-sided p of Student's test of two sets with one variance. Sets that do not vary differ surely or not at all;
/// of fewer than two values a side nothing can be said.
pub(crate) fn p_of_difference(a: &[f64], b: &[f64]) -> f64 {
    if a.len() < 2 || b.len() < 2 {
        return 1.0;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let squares = |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let freedom = (a.len() + b.len() - 2) as f64;
    let variance = (squares(a, mean_a) + squares(b, mean_b)) / freedom;
    let error = (variance * (1.0 / a.len() as f64 + 1.0 / b.len() as f64)).sqrt();
    let difference = (mean_a - mean_b).abs();
    if difference == 0.0 {
        return 1.0;
    }
    if error == 0.0 {
        return 0.0;
    }
    beyond(difference / error, freedom)
}

/// P(|T| > t) with so many degrees of freedom.
fn beyond(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on one side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let away = |value: f64| if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * fraction
}

/// ln Γ(x), x > 0: Stirling's series, from where it is exact.
fn log_gamma(x: f64) -> f64 {
    const EXACT: f64 = 12.0;
    let (mut x, mut below) = (x, 0.0);
    while x < EXACT {
        below += x.ln();
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_tables() {
        // Two-sided levels of .05, .01 and .001.
        for (t, freedom, p) in [
            (12.706_204_736, 1.0, 0.05),
            (2.228_138_852, 10.0, 0.05),
            (2.845_339_71, 20.0, 0.01),
            (3.551_807, 27.0, 0.001_429),
        ] {
            let found = beyond(t, freedom);
            assert!((found / p - 1.0).abs() < 2e-3, "t {t} with {freedom}: {found} is not {p}");
        }
        assert!((beyond(3.849_516, 20.0) / 0.001 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn values_that_do_not_vary_differ_surely_or_not_at_all() {
        assert_eq!(p_of_difference(&[1.0, 1.0], &[2.0, 2.0]), 0.0);
        assert_eq!(p_of_difference(&[1.0, 1.0], &[1.0, 1.0, 1.0]), 1.0);
        assert_eq!(p_of_difference(&[1.0], &[2.0, 2.0]), 1.0);
        assert!(p_of_difference(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]) > 0.2);
    }
}
