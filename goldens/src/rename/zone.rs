//! Time zones: by how much local time of a run may differ from UTC.

use super::substitute::environment;
use crate::run::Run;

/// Offsets from UTC in seconds, standard and daylight saving time.
pub(super) fn offsets(run: &Run) -> Vec<i64> {
    let named = run.header.tz.as_deref().map(str::as_bytes).or_else(|| environment(run, "TZ"));
    let rule = named.map(|zone| zone.strip_prefix(b":").unwrap_or(zone));
    let told = rule.map(of_rule).unwrap_or_default();
    if told.is_empty() { run.zone.as_deref().map(of_rule).unwrap_or_default() } else { told }
}

/// A POSIX rule (tzset(3)): `EST5EDT`, `<+03>-3`, `CET-1CEST,M3.5.0,M10.5.0/3`. Nothing for a name like
/// `Europe/Berlin`, whose rule stands in the file that it names.
fn of_rule(rule: &[u8]) -> Vec<i64> {
    let Some((standard, rest)) = name_then_offset(rule) else { return Vec::new() };
    let head = rest.split(|byte| *byte == b',').next().unwrap_or_default();
    if head.is_empty() {
        return vec![standard];
    }
    let daylight = name_then_offset(head).map_or(standard + 3600, |(offset, _)| offset);
    vec![standard, daylight]
}

/// A name of letters or in `<…>`, then hours west of UTC.
fn name_then_offset(text: &[u8]) -> Option<(i64, &[u8])> {
    let len = match text.first()? {
        b'<' => text.iter().position(|byte| *byte == b'>')? + 1,
        _ => text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count(),
    };
    let rest = text.get(len..).filter(|_| len >= 3)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b':')).count();
    let offset = std::str::from_utf8(rest.get(..digits)?).ok()?;
    let (sign, offset) = match offset.strip_prefix('-') {
        Some(east) => (1, east),
        None => (-1, offset.trim_start_matches('+')),
    };
    let mut parts = offset.split(':').map(|part| part.parse::<i64>().ok());
    let hours = parts.next()??;
    let minutes = parts.next().flatten().unwrap_or(0);
    (hours <= 24 && minutes < 60)
        .then(|| (sign * (hours * 3600 + minutes * 60), rest.get(digits..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::of_rule;

    #[test]
    fn rules_of_posix_are_read() {
        for (rule, want) in [
            ("UTC0", vec![0]),
            ("EST5EDT", vec![-18_000, -14_400]),
            ("CET-1CEST,M3.5.0,M10.5.0/3", vec![3600, 7200]),
            ("<+0330>-3:30", vec![12_600]),
            ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", vec![-10_800, -7_200]),
            ("Europe/Berlin", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(of_rule(rule.as_bytes()), want, "{rule}");
        }
    }
}
