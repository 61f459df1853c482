//! Clock tokens: dates and times that say when the run was made.
//!
//! A date that denotes an instant inside of the run, at its own resolution and in UTC or the time zone of the
//! run, is a token; any other date is text like any text, so that a wrong one is found.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::content::Cut;

/// Seconds around the run that count as inside.
const SLACK: i64 = 2;
const DAY: i64 = 86_400;

/// When a run was made.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// First and last second, slack included; `None` when it is not known.
    window: Option<(i64, i64)>,
    /// Offsets from UTC in seconds that its time zone knows; 0 among them.
    offsets: Vec<i64>,
    /// Dates of those days that stand in what the run found.
    found: HashSet<Vec<u8>>,
    /// What every date inside of the run has in it, one of these: most texts have none, and need no other look.
    /// `None` when there are too many.
    sign: Option<Regex>,
}

/// No date is longer, so that one with a sign in it lies within so many bytes around that.
const AROUND: usize = 64;
/// Literals that are looked for at once.
const MOST_SIGNS: usize = 64;

/// Whatever may be a date, the longest spelling first.
static DATES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    let month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    let time = r"\d\d:\d\d:\d\d";
    let all = [
        format!(r"{day}, \d\d {month} \d{{4}} {time} (?:GMT|UTC|[+-]\d{{4}})"),
        format!(r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), \d\d-{month}-\d\d {time} GMT"),
        format!(r"{day} {month} [ \d]\d {time} (?:[A-Z]{{3,5}} )?\d{{4}}"),
        format!(r"\d{{4}}-\d\d-\d\d[T ]{time}(?:[.,]\d{{1,9}})?(?: ?(?:Z|[+-]\d\d:?\d\d))?"),
        r"\d{4}-\d\d-\d\d".to_owned(),
        format!(r"{month} [ \d]\d \d\d:\d\d"),
        time.to_owned(),
        r"\d{10}\.\d{1,9}".to_owned(),
        r"\d{8,19}".to_owned(),
    ];
    Regex::new(&format!("(?-u:{})", all.join("|"))).ok()
});

impl Clock {
    /// Of a run between these instants (ns since 1970) with these offsets from UTC.
    pub fn new(run: (u64, u64), mut offsets: Vec<i64>) -> Clock {
        let seconds = |nanos: u64| (nanos / 1_000_000_000) as i64;
        let window = (run.0 != 0).then(|| (seconds(run.0) - SLACK, seconds(run.1.max(run.0)) + SLACK));
        offsets.push(0);
        offsets.sort_unstable();
        offsets.dedup();
        let sign = window.and_then(|window| sign(window, &offsets));
        Clock { window, offsets, found: HashSet::new(), sign }
    }

    /// A date of today in a file that the run found and left alone says when that file was made: such a date is
    /// text in contents, for tomorrow it stands there still.
    pub fn found<'a>(mut self, files: impl Iterator<Item = &'a [u8]>) -> Clock {
        let Some((first, last)) = self.window else { return self };
        let east = |offset: Option<&i64>| offset.copied().unwrap_or(0);
        let days =
            (first + east(self.offsets.first())).div_euclid(DAY)..=(last + east(self.offsets.last())).div_euclid(DAY);
        let texts = days.take(4).flat_map(|day| {
            let (year, month, day) = civil(day);
            [format!("{year:04}-{month:02}-{day:02}"), format!("{year:04}{month:02}{day:02}")]
        });
        let texts: Vec<String> = texts.collect();
        let Ok(any) = Regex::new(&format!("(?-u:{})", texts.join("|"))) else { return self };
        for file in files {
            self.found.extend(any.find_iter(file).map(|date| date.as_bytes().to_vec()));
        }
        self
    }

    /// Tokens within a name: from, to, format.
    pub fn in_name(&self, name: &[u8]) -> Vec<(usize, usize, &'static str)> {
        self.dates(name).collect()
    }

    /// Tokens within a content; in binary content (with a NUL) words too.
    pub fn within(&self, text: &[u8]) -> Vec<Cut> {
        let cut = |(start, end, format)| Cut { start, end, token: format!("{{clock:{format}}}").into() };
        let is_text = |(start, end, format): &(usize, usize, &str)| {
            matches!(*format, "date" | "ymd") && text.get(*start..*end).is_some_and(|date| self.found.contains(date))
        };
        let mut cuts: Vec<Cut> = self.dates(text).filter(|date| !is_text(date)).map(cut).collect();
        if text.contains(&0) {
            cuts.extend(self.words(text).map(cut));
        }
        cuts
    }

    fn dates<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize, &'static str)> + 'a {
        self.places(text).into_iter().flat_map(move |place| dates_in(text, place)).filter_map(move |(start, end)| {
            let alone = stands_alone(text, start, end);
            let format = alone.then(|| self.format(text.get(start..end)?)).flatten()?;
            Some((start, end, format))
        })
    }

    /// Where dates may stand: around the signs, as long as these are few, or anywhere.
    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        if self.window.is_none() {
            return Vec::new();
        }
        let everywhere = || std::iter::once(0..text.len()).collect();
        let few = text.len() / (4 * AROUND);
        let mut places: Vec<Range<usize>> = Vec::new();
        for sign in self.sign.iter().flat_map(|sign| sign.find_iter(text)) {
            let place = sign.start().saturating_sub(AROUND)..text.len().min(sign.end() + AROUND);
            if let Some(last) = places.last_mut().filter(|last| place.start <= last.end) {
                last.end = place.end;
            } else if places.len() < few {
                places.push(place);
            } else {
                return everywhere();
            }
        }
        if self.sign.is_some() { places } else { everywhere() }
    }

    /// Seconds since 1970 as words of four or eight bytes at a four-byte boundary.
    fn words<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize, &'static str)> + 'a {
        let mut next = 0;
        let (low, high) = self.window.unwrap_or((1, 0));
        let near = move |word: u32| (low..=high).contains(&i64::from(word));
        // The upper half of a big-endian word of eight bytes is 0 until 2106.
        let may_be = move |word: u32| word == 0 || near(word) || near(word.swap_bytes());
        text.chunks_exact(4).enumerate().filter_map(move |(number, quad)| {
            let at = number * 4;
            if at < next || !quad.try_into().is_ok_and(|quad| may_be(u32::from_le_bytes(quad))) {
                return None;
            }
            let (len, format) = self.word(text.get(at..)?)?;
            next = at + len;
            Some((at, next, format))
        })
    }

    fn word(&self, rest: &[u8]) -> Option<(usize, &'static str)> {
        let half: [u8; 4] = rest.get(..4)?.try_into().ok()?;
        let whole: Option<[u8; 8]> = rest.get(..8).and_then(|whole| whole.try_into().ok());
        let now = |seconds: u64| i64::try_from(seconds).is_ok_and(|seconds| self.meets(seconds, seconds));
        match whole {
            Some(whole) if now(u64::from_le_bytes(whole)) => Some((8, "u64le")),
            Some(whole) if now(u64::from_be_bytes(whole)) => Some((8, "u64be")),
            _ if now(u64::from(u32::from_le_bytes(half))) => Some((4, "u32le")),
            _ if now(u64::from(u32::from_be_bytes(half))) => Some((4, "u32be")),
            _ => None,
        }
    }

    /// Does `first..=last` (seconds since 1970, UTC) meet the run?
    fn meets(&self, first: i64, last: i64) -> bool {
        self.window.is_some_and(|(low, high)| first <= high && last >= low)
    }

    /// Likewise of local time, in any offset that the run may have meant.
    fn meets_local(&self, first: i64, last: i64) -> bool {
        self.offsets.iter().any(|offset| self.meets(first - offset, last - offset))
    }

    fn format(&self, text: &[u8]) -> Option<&'static str> {
        let text = std::str::from_utf8(text).ok()?;
        let first = text.as_bytes().first()?;
        if first.is_ascii_alphabetic() { self.worded(text) } else { self.numeric(text) }
    }

    /// Formats that begin with the name of a day or month.
    fn worded(&self, text: &str) -> Option<&'static str> {
        let (head, rest) = text.split_once(' ')?;
        if head.len() == 4 && head.ends_with(',') {
            let [day, month, year, time, zone] = fields(rest)?;
            let at = date(number(year)?, month_number(month)?, number(day)?)? + seconds(time)?;
            let fits = zone_offset(zone).is_some_and(|offset| self.meets(at - offset, at - offset));
            return fits.then_some("rfc1123");
        }
        if head.ends_with(',') {
            let (day, time) = rest.split_once(' ')?;
            let [day, month, year] = day.splitn(3, '-').collect::<Vec<_>>().try_into().ok()?;
            let year = number(year)?;
            let year = if year < 70 { year + 2000 } else { year + 1900 };
            let at = date(year, month_number(month)?, number(day)?)? + seconds(time.split(' ').next()?)?;
            return self.meets(at, at).then_some("rfc850");
        }
        match month_number(head) {
            Some(month) => self.listed(month, rest),
            None => self.asctime(rest),
        }
    }

    /// `Nov 29 04:16`, as `ls -l` shows what is newer than half a year.
    fn listed(&self, month: i64, rest: &str) -> Option<&'static str> {
        let (day, time) = rest.trim_start().split_once(' ')?;
        let (hour, minute) = time.split_once(':')?;
        let (low, high) = self.window?;
        let years = year_of(low)..=year_of(high);
        let minutes = number(hour)? * 3600 + number(minute)? * 60;
        let day = number(day)?;
        years
            .filter_map(|year| date(year, month, day))
            .any(|at| self.meets_local(at + minutes, at + minutes + 59))
            .then_some("ls")
    }

    /// `Nov 29 04:16:00 2026` behind the day, with or without a zone.
    fn asctime(&self, rest: &str) -> Option<&'static str> {
        let mut parts = rest.split_ascii_whitespace();
        let (month, day, time) = (parts.next()?, parts.next()?, parts.next()?);
        let year = parts.next_back()?;
        let at = date(number(year)?, month_number(month)?, number(day)?)? + seconds(time)?;
        self.meets_local(at, at).then_some("asctime")
    }

    /// Formats that begin with a digit.
    fn numeric(&self, text: &str) -> Option<&'static str> {
        let bytes = text.as_bytes();
        if bytes.get(2) == Some(&b':') {
            return self.time_of_day(seconds(text)?).then_some("time");
        }
        if bytes.get(4) == Some(&b'-') {
            return self.dated(text);
        }
        if let Some((whole, _)) = text.split_once('.') {
            let at = number(whole)?;
            return self.meets(at, at).then_some("s");
        }
        if text.len() == 8 {
            let at = date(number(text.get(..4)?)?, number(text.get(4..6)?)?, number(text.get(6..)?)?)?;
            return self.meets_local(at, at + DAY - 1).then_some("ymd");
        }
        let (per_second, format) = match text.len() {
            10 => (1, "s"),
            13 => (1_000, "ms"),
            16 => (1_000_000, "us"),
            19 => (1_000_000_000, "ns"),
            _ => return None,
        };
        let at = number(text)? / per_second;
        self.meets(at, at).then_some(format)
    }

    /// `2026-11-29`, alone or with a time behind it.
    fn dated(&self, text: &str) -> Option<&'static str> {
        let at = date(number(text.get(..4)?)?, number(text.get(5..7)?)?, number(text.get(8..10)?)?)?;
        let Some(time) = text.get(11..19) else {
            return self.meets_local(at, at + DAY - 1).then_some("date");
        };
        let at = at + seconds(time)?;
        let rest = text.get(19..)?.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
        let fits = match rest.trim_start() {
            "" => self.meets_local(at, at),
            zone => zone_offset(zone).is_some_and(|offset| self.meets(at - offset, at - offset)),
        };
        fits.then_some("rfc3339")
    }

    fn time_of_day(&self, seconds: i64) -> bool {
        let Some((low, high)) = self.window else { return false };
        self.offsets
            .iter()
            .any(|offset| (low + offset..=high + offset).take(DAY as usize).any(|at| at.rem_euclid(DAY) == seconds))
    }
}

/// Whatever may be a date within a part of a text.
fn dates_in(text: &[u8], place: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let part = text.get(place.clone()).unwrap_or_default();
    let found = DATES.iter().flat_map(move |dates| dates.find_iter(part));
    found.map(move |date| (place.start + date.start(), place.start + date.end()))
}

/// The year, the minute in a zone of the run, or all but the last digit of the second since 1970.
fn sign((first, last): (i64, i64), offsets: &[i64]) -> Option<Regex> {
    let years = year_of(first - DAY)..=year_of(last + DAY);
    let seconds = (first / 10..=last / 10).take(MOST_SIGNS);
    let minutes = offsets.iter().flat_map(|offset| {
        let minutes = (first + offset).div_euclid(60)..=(last + offset).div_euclid(60);
        minutes.take(MOST_SIGNS).map(|minute| minute.rem_euclid(DAY / 60))
    });
    let minutes = minutes.map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60));
    let signs: Vec<String> =
        years.map(|year| year.to_string()).chain(seconds.map(|at| at.to_string())).chain(minutes).collect();
    let few = signs.len() < MOST_SIGNS;
    few.then(|| Regex::new(&format!("(?-u:{})", signs.join("|"))).ok()).flatten()
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !word(start.checked_sub(1).and_then(|at| text.get(at))) && !word(text.get(end))
}

fn fields(text: &str) -> Option<[&str; 5]> {
    text.split(' ').collect::<Vec<_>>().try_into().ok()
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn month_number(name: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.iter().position(|month| *month == name).map(|at| at as i64 + 1)
}

/// `04:16:00` in seconds.
fn seconds(time: &str) -> Option<i64> {
    let mut parts = time.splitn(3, ':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    (hour < 24 && minute < 60 && second < 61).then_some(hour * 3600 + minute * 60 + second)
}

/// `Z`, `GMT`, `+0100`, `+01:00` in seconds.
fn zone_offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "GMT" | "UTC") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = (zone.get(1..3)?, zone.get(zone.len().checked_sub(2)?..)?);
    Some(sign * (number(hours)? * 3600 + number(minutes)? * 60))
}

/// Seconds since 1970 of a day's begin in the Gregorian calendar; `None` for what is no date.
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the day of a leap year is their last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * DAY)
}

/// Year, month and day of a day since 1970 in the Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    let year = year_of(day * DAY);
    let month = (1..=12).rev().find(|month| date(year, *month, 1).is_some_and(|first| first <= day * DAY)).unwrap_or(1);
    let first = date(year, month, 1).unwrap_or_default() / DAY;
    (year, month, day - first + 1)
}

/// The year of a second since 1970.
fn year_of(second: i64) -> i64 {
    let estimate = 1970 + second.div_euclid(31_556_952);
    match date(estimate + 1, 1, 1) {
        Some(next) if next <= second => estimate + 1,
        _ if date(estimate, 1, 1).is_some_and(|this| this > second) => estimate - 1,
        _ => estimate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29 04:16:00 UTC, a Sunday, for two seconds.
    const AT: i64 = 1_795_925_760;

    fn clock(offsets: &[i64]) -> Clock {
        let nanos = |seconds: i64| seconds as u64 * 1_000_000_000;
        Clock::new((nanos(AT), nanos(AT + 2)), offsets.to_vec())
    }

    fn tokens(text: &str) -> Vec<String> {
        clock(&[]).within(text.as_bytes()).into_iter().map(|cut| cut.token.into_string()).collect()
    }

    #[test]
    fn the_calendar_is_right() {
        assert_eq!(date(1970, 1, 1), Some(0));
        assert_eq!(date(2000, 2, 29), Some(951_782_400));
        assert_eq!(date(2026, 11, 29).map(|day| day + 4 * 3600 + 16 * 60), Some(AT));
        assert_eq!((year_of(0), year_of(-1), year_of(AT)), (1970, 1969, 2026));
        assert_eq!(civil(AT.div_euclid(DAY)), (2026, 11, 29));
        assert_eq!((civil(0), civil(11_016), civil(-1)), ((1970, 1, 1), (2000, 2, 29), (1969, 12, 31)));
    }

    #[test]
    fn each_format_of_now_is_a_token() {
        for (text, format) in [
            ("Sun, 29 Nov 2026 04:16:01 GMT", "rfc1123"),
            ("Sunday, 29-Nov-26 04:16:01 GMT", "rfc850"),
            ("Sun Nov 29 04:16:01 2026", "asctime"),
            ("Sun Nov 29 04:16:01 UTC 2026", "asctime"),
            ("2026-11-29T04:16:01Z", "rfc3339"),
            ("2026-11-29T05:16:01.25+01:00", "rfc3339"),
            ("2026-11-29 04:16:01.123456789 +0000", "rfc3339"),
            ("2026-11-29", "date"),
            ("20261129", "ymd"),
            ("04:16:01", "time"),
            ("Nov 29 04:16", "ls"),
            ("1795925761", "s"),
            ("1795925761.25", "s"),
            ("1795925761001", "ms"),
            ("1795925761000001", "us"),
            ("1795925761000000001", "ns"),
        ] {
            assert_eq!(tokens(text), [format!("{{clock:{format}}}")], "{text}");
            assert_eq!(tokens(&format!("<{text}>")), [format!("{{clock:{format}}}")], "<{text}>");
        }
    }

    #[test]
    fn another_moment_stays() {
        for text in [
            "Sun, 29 Nov 2026 04:16:11 GMT",
            "2026-11-30",
            "2025-11-29T04:16:01Z",
            "04:17:01",
            "Nov 28 04:16",
            "1795925800",
            "20261128",
            "x04:16:01",
            "17959257611",
            "99:99:99",
            "2026-13-41",
        ] {
            assert_eq!(tokens(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn dates_are_found_wherever_they_stand_in_a_large_text() {
        let clock = clock(&[]);
        let date = b"Sunday, 29-Nov-26 04:16:01 GMT";
        for (before, between) in [(0, 1), (1, 63), (63, 64), (64, 65), (5000, 9000), (100_000, 7)] {
            let (before, between) = (vec![b'.'; before], vec![b'.'; between]);
            let text = [&before, &date[..], &between, b"1795925761", &vec![b'.'; 70_000]].concat();
            let second = before.len() + date.len() + between.len();
            let found: Vec<(usize, usize)> = clock.within(&text).iter().map(|cut| (cut.start, cut.end)).collect();
            assert_eq!(found, [(before.len(), before.len() + date.len()), (second, second + 10)]);
        }
    }

    #[test]
    fn a_long_run_is_searched_without_signs() {
        let nanos = |seconds: i64| seconds as u64 * 1_000_000_000;
        let long = Clock::new((nanos(AT), nanos(AT + 7200)), vec![]);
        assert!(long.sign.is_none() && clock(&[3600]).sign.is_some());
        assert_eq!(long.within(b"05:16:01").len(), 1);
    }

    #[test]
    fn a_date_of_today_that_was_found_is_text() {
        let found = clock(&[]).found([&b"released 2026-11-29 at 04:16:01"[..]].into_iter());
        assert!(found.within(b"2026-11-29").is_empty());
        assert_eq!(found.within(b"20261129").len(), 1);
        assert_eq!(found.within(b"04:16:01").len(), 1);
        assert_eq!(found.in_name(b"log-2026-11-29").len(), 1);
    }

    #[test]
    fn local_time_counts_where_the_zone_is_known() {
        let there = clock(&[3600]);
        assert_eq!(there.within(b"05:16:01").len(), 1);
        assert_eq!(clock(&[]).within(b"05:16:01").len(), 0);
    }

    #[test]
    fn words_of_binary_content_are_found_at_their_boundaries() {
        let mut bytes = vec![0x1f, 0x8b, 8, 0];
        bytes.extend_from_slice(&(AT as u32).to_le_bytes());
        bytes.extend_from_slice(&[0, 3]);
        let cuts = clock(&[]).within(&bytes);
        assert_eq!(cuts.len(), 1);
        assert_eq!((cuts[0].start, cuts[0].end, &*cuts[0].token), (4, 8, "{clock:u32le}"));
    }
}
