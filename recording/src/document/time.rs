//! Times as documents spell them: seconds with decimals, or RFC 3339.

const NANOS: i64 = 1_000_000_000;

/// `1234567890.123456`: seconds, as ns; digits beyond the ninth are dropped.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let (minus, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let ns = i64::try_from(digits(whole)?).ok()?.checked_mul(NANOS)?.checked_add(fraction(part)?)?;
    Some(if minus { -ns } else { ns })
}

/// `2025-11-19T10:30:45.123456Z`, or with an offset: ns since 1970 (RFC 3339).
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone)?;
    let mut clock = clock.splitn(3, ':');
    let (hour, minute, second) = (digits(clock.next()?)?, digits(clock.next()?)?, clock.next()?);
    let within = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && year < 10_000;
    if !within {
        return None;
    }
    let days = days_since_1970(i64::try_from(year).ok()?, i64::try_from(month).ok()?, i64::try_from(day).ok()?);
    let minutes = days * 1440 + i64::try_from(hour * 60 + minute).ok()? - offset(zone)?;
    minutes.checked_mul(60 * NANOS)?.checked_add(seconds(second)?)
}

/// Minutes east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'Z' | b'z' => return (zone.len() == 1).then_some(0),
        b'+' => 1,
        _ => -1,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * i64::try_from(hours * 60 + minutes).ok()?)
}

/// Days from the first of January 1970 to a day of the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The digits behind the point as ns.
fn fraction(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |ns, digit| ns * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_every_digit() {
        assert_eq!(seconds("1234567890.123456"), Some(1_234_567_890_123_456_000));
        assert_eq!(seconds("5"), Some(5_000_000_000));
        assert_eq!(seconds("-0.5"), Some(-500_000_000));
        for bad in ["", "x", "1.x", "1e9", "."] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_those_of_date_1() {
        // date -u -d '2025-11-19T10:30:45Z' +%s, and so on.
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2025-11-19T10:30:45Z", 1_763_548_245),
            ("2025-11-19T10:30:45+01:00", 1_763_544_645),
            ("2000-02-29T23:59:59-00:30", 951_870_599),
            ("1969-12-31T23:59:59Z", -1),
        ];
        for (text, expected) in cases {
            assert_eq!(rfc3339(text), Some(expected * NANOS), "{text}");
        }
        assert_eq!(rfc3339("2025-11-16T14:32:01.123Z").map(|ns| ns % NANOS), Some(123_000_000));
        for bad in ["", "2025-11-19", "2025-13-01T00:00:00Z", "2025-11-19T10:30:45", "2025-11-19T25:00:00Z"] {
            assert_eq!(rfc3339(bad), None, "{bad}");
        }
    }
}
