//! Microseconds, as the family writes times.

use serde::Serialize;

/// Microseconds, finite and not negative. What we write is a whole number of nanoseconds divided by 1000: at most three
/// decimals, and comes back exactly below 2^51 ns (26 days).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
#[serde(transparent)]
pub struct Micros(f64);

impl Micros {
    /// From a number that was read; `None` when it is no time.
    pub fn new(micros: f64) -> Option<Self> {
        // Adding 0 makes a negative zero a plain one.
        (micros.is_finite() && micros >= 0.0).then_some(Micros(micros + 0.0))
    }

    /// From nanoseconds.
    pub fn of_nanos(nanos: u128) -> Self {
        Micros(nanos as f64 / 1000.0)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whole nanoseconds, the nearest; more than 64 bits (584 years) are none.
    pub fn nanos(self) -> u128 {
        u128::from((self.0 * 1000.0).round() as u64)
    }
}

/// `sum / count`, half to even; 0 of nothing.
pub(super) fn mean(sum: u128, count: u128) -> u128 {
    let (Some(quotient), Some(rest)) = (sum.checked_div(count), sum.checked_rem(count)) else { return 0 };
    let up = match (rest * 2).cmp(&count) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_half_to_even() {
        let rows = [(5, 2, 2), (7, 2, 4), (10, 3, 3), (11, 3, 4), (0, 0, 0), (16000, 3, 5333)];
        for (sum, count, expected) in rows {
            assert_eq!(mean(sum, count), expected, "{sum}/{count}");
        }
    }

    #[test]
    fn nanoseconds_come_back() {
        for nanos in [0, 1, 999, 12_400, 10_500_127, 2_251_799_813_685_247] {
            assert_eq!(Micros::of_nanos(nanos).nanos(), nanos);
        }
        assert_eq!(Micros::new(-0.5), None);
        assert_eq!(Micros::new(f64::NAN), None);
        assert_eq!(serde_json::to_string(&Micros::of_nanos(41_000)).ok().as_deref(), Some("41.0"));
    }
}
