//! Amounts with units, from the text of a literal.

/// Accepted forms of a time.
pub const TIMES: &str = "42, 42us, 42_us, 42µs, 42_µs";
/// Accepted forms of a size.
pub const SIZES: &str = "4096, 4096b, \"64 KiB\", \"1 MB\"";

/// Digits with underscores between them, and what stands behind.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((digits.replace('_', "").parse().ok()?, rest))
}

/// Microseconds of a literal.
pub fn micros(literal: &str) -> Option<u64> {
    match split(literal)? {
        // The micro sign, and the Greek letter that looks the same.
        (amount, "" | "us" | "\u{b5}s" | "\u{3bc}s") => Some(amount),
        _ => None,
    }
}

/// Bytes of a literal, with or without quotes.
pub fn bytes(literal: &str) -> Option<u64> {
    let Some(quoted) = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return match split(literal)? {
            (amount, "" | "b") => Some(amount),
            _ => None,
        };
    };
    let (amount, unit) = split(quoted.trim())?;
    let factor = match unit.trim() {
        "" | "b" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    amount.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_micros_in_five_spellings() {
        for text in ["42", "42us", "42_us", "42µs", "42_µs", "42_\u{3bc}s", "4_2"] {
            assert_eq!(micros(text), Some(42), "{text}");
        }
        for text in ["42ms", "42s", "4.2", "-1", "us", "\"42us\"", "42 us", "99999999999999999999"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_with_units_of_both_kinds() {
        for (text, expected) in [
            ("1_048_576", 1_048_576),
            ("4096b", 4096),
            ("4096_b", 4096),
            ("\"64 KiB\"", 65_536),
            ("\"64KiB\"", 65_536),
            ("\"1 MB\"", 1_000_000),
            ("\"512\"", 512),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["64KiB", "\"64 kib\"", "\"x\"", "\"1.5 MB\"", "4k", "\"\"", "\"99999999999 GiB\""] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
