//! Times as strace takes them: a number and a unit, microseconds when there is none.

use std::time::Duration;

/// What can be written.
pub const FORMS: &str = "a number with s, ms, us or ns behind it; without a unit it is microseconds";

/// Reads a time.
pub fn read(text: &str) -> Option<Duration> {
    // `ms` ends in `s`, too: the longer units come first.
    let units = [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1.0)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(unit, seconds)| text.strip_suffix(unit).map(|number| (number, seconds)))
        .unwrap_or((text, 1e-6));
    let number: f64 = number.parse().ok().filter(|_| number.starts_with(|c: char| c.is_ascii_digit() || c == '.'))?;
    Duration::try_from_secs_f64(number * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for (text, nanos) in
            [("10", 10_000), ("1.5ms", 1_500_000), ("2s", 2_000_000_000), ("7ns", 7), ("1e3us", 1_000_000)]
        {
            assert_eq!(read(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "x", "1x", "-1", "1 ms", "inf", "nan", "1e30s"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
