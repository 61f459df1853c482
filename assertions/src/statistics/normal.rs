//! The normal distribution, and ratios of quantiles of Student's.

use std::f64::consts::{PI, SQRT_2};

/// P(Z ≤ z).
pub(crate) fn below(z: f64) -> f64 {
    if z < 0.0 { upper(-z) } else { 1.0 - upper(z) }
}

/// P(Z > z), z ≥ 0: a series near to 0, a continued fraction far away, where the series would cancel out.
fn upper(z: f64) -> f64 {
    let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
    if z < 3.0 {
        let (mut term, mut sum, mut n) = (z, z, 1.0);
        while term > sum * 1e-17 {
            n += 2.0;
            term *= z * z / n;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let tail = (1..=200).rev().fold(z, |tail, n| z + f64::from(n) / tail);
    density / tail
}

/// The z with P(Z > z) = level.
pub(crate) fn quantile(level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0 * SQRT_2);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if upper(middle) > level { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// t_{.90,k−1}/t_{.99,k−1} by the number of runs k.
const RATIOS: &[(f64, f64)] = &[
    (5.0, 0.4092),
    (6.0, 0.4386),
    (7.0, 0.4581),
    (8.0, 0.4720),
    (9.0, 0.4822),
    (10.0, 0.4902),
    (12.0, 0.5016),
    (13.0, 0.5059),
    (15.0, 0.5125),
    (20.0, 0.5228),
    (25.0, 0.5288),
    (30.0, 0.5327),
    (40.0, 0.5374),
];

/// The same without end.
const RATIO_OF_MANY: f64 = 0.5509;

/// The ratio of quantiles for so many runs, interpolated; for more than 40 along 1/k.
pub(crate) fn power_ratio(k: usize) -> f64 {
    let k = k as f64;
    let between = RATIOS.windows(2).find_map(|pair| match pair {
        [(k0, r0), (k1, r1)] if *k0 <= k && k <= *k1 => Some(r0 + (r1 - r0) * (k - k0) / (k1 - k0)),
        _ => None,
    });
    let (first, last) = (RATIOS.first().map_or(0.0, |r| r.1), RATIOS.last().copied().unwrap_or((1.0, 0.0)));
    between.unwrap_or(if k > last.0 { RATIO_OF_MANY + (last.1 - RATIO_OF_MANY) * last.0 / k } else { first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_probabilities_are_those_of_tables() {
        assert!((quantile(0.01) - 2.326_347_874_040_840_8).abs() < 1e-9);
        assert!((quantile(0.05) - 1.644_853_626_951_472_2).abs() < 1e-9);
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-1.96, 0.024_997_895_148_220_43)] {
            assert!((below(z) - p).abs() < 1e-12, "{z}");
        }
        assert!((upper(4.0) / 3.167_124_183_311_992e-5 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn ratios_are_interpolated() {
        assert_eq!(power_ratio(10), 0.4902);
        assert!((power_ratio(11) - 0.4959).abs() < 1e-9);
        assert!(power_ratio(80) > 0.5374 && power_ratio(80) < 0.5509);
    }
}
