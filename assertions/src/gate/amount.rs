//! Amounts as people read them.

/// `2.956 µs`: times as criterion shows them, four digits of what is no whole number. Counts have no unit.
pub fn amount(value: f64, unit: &str) -> String {
    const TIMES: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    let scale = TIMES.iter().find(|(scale, _)| unit == "ns" && value.abs() >= *scale);
    let (value, unit) = scale.map_or((value, unit), |(scale, unit)| (value / scale, unit));
    let places = if value.fract() == 0.0 { 0 } else { 3 - value.abs().log10().floor().clamp(0.0, 3.0) as usize };
    match unit {
        "count" => format!("{value:.places$}"),
        unit => format!("{value:.places$} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_are_read_at_a_glance() {
        let shown = |value| amount(value, "ns");
        assert_eq!([2_955.694, 662.37, 1e9, 12_345_678.9].map(shown), ["2.956 µs", "662.4 ns", "1 s", "12.35 ms"]);
        assert_eq!([amount(1024.0, "bytes"), amount(0.125, "ns")], ["1024 bytes", "0.125 ns"]);
        assert_eq!([amount(87.0, "count"), amount(f64::NAN, "ns")], ["87", "NaN ns"]);
    }
}
