//! Stamps: the times in front of a line.

use jiff::tz::TimeZone;
use recording::session::Header;
use recording::views::Clock as Ticks;

use super::options::{Clock, Precision};
use crate::digits;

const SECOND: u64 = 1_000_000_000;

/// Writes the times a user asked for, and remembers the line before.
#[derive(Debug)]
pub(super) struct Stamps {
    absolute: Option<Clock>,
    relative: Option<Precision>,
    zone: TimeZone,
    /// The second whose time of day is known, and that time.
    known: Option<(u64, [u8; 8])>,
    /// The line before, in ticks.
    before: Option<u64>,
}

impl Stamps {
    pub(super) fn new(absolute: Option<Clock>, relative: Option<Precision>) -> Self {
        Stamps { absolute, relative, zone: TimeZone::UTC, known: None, before: None }
    }

    /// Local time is that of the place where the run was recorded, as far as its `TZ` says.
    pub(super) fn begin(&mut self, header: &Header) {
        if self.absolute.is_some_and(|clock| !clock.epoch) {
            let named = header.tz.as_deref().and_then(|name| TimeZone::get(name.trim_start_matches(':')).ok());
            self.zone = named.unwrap_or_else(TimeZone::system);
        }
    }

    /// Appends the stamps of a line that begins at this tick.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, ticks: &Ticks, at: u64) {
        if let Some(clock) = self.absolute {
            self.absolute(out, clock, ticks.realtime(at));
            out.push(b' ');
        }
        if let Some(precision) = self.relative {
            let since = self.before.map_or(0, |before| ticks.span(before, at));
            self.before = Some(at);
            let (open, close) = if self.absolute.is_some() { ("(+", ") ") } else { ("", " ") };
            out.extend_from_slice(open.as_bytes());
            digits::dec_right(out, since / SECOND, 6);
            fraction(out, since % SECOND, precision);
            out.extend_from_slice(close.as_bytes());
        }
    }

    fn absolute(&mut self, out: &mut Vec<u8>, clock: Clock, unix_ns: u64) {
        let second = unix_ns / SECOND;
        if clock.epoch {
            digits::dec(out, second);
        } else {
            let time_of_day = match self.known {
                Some((known, text)) if known == second => text,
                _ => {
                    let text = time_of_day(&self.zone, second);
                    self.known = Some((second, text));
                    text
                }
            };
            out.extend_from_slice(&time_of_day);
        }
        fraction(out, unix_ns % SECOND, clock.precision);
    }
}

/// Appends `.` and the digits of a fraction of a second, cut, not rounded.
fn fraction(out: &mut Vec<u8>, ns: u64, precision: Precision) {
    let (digits, unit) = match precision {
        Precision::Seconds => return,
        Precision::Millis => (3, 1_000_000),
        Precision::Micros => (6, 1000),
        Precision::Nanos => (9, 1),
    };
    out.push(b'.');
    digits::dec_zeros(out, ns / unit, digits);
}

/// Appends a span as seconds: `0.000123`.
pub(crate) fn span(out: &mut Vec<u8>, ns: u64, precision: Precision) {
    digits::dec(out, ns / SECOND);
    fraction(out, ns % SECOND, precision);
}

fn time_of_day(zone: &TimeZone, second: u64) -> [u8; 8] {
    let local = i64::try_from(second)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .map(|timestamp| zone.to_datetime(timestamp));
    let Some(local) = local else { return *b"??:??:??" };
    let mut text = *b"00:00:00";
    for (at, value) in [(0, local.hour()), (3, local.minute()), (6, local.second())] {
        text[at] += (value / 10) as u8;
        text[at + 1] += (value % 10) as u8;
    }
    text
}
