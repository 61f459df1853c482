//! Times, and the dates behind them.

use jiff::Timestamp;
use syscalls::layout;

use super::kept::{signed, word};
use super::printer::Printer;
use crate::digits;
use crate::text::Constants;

const NOW: u64 = 0x3fff_ffff;
const OMIT: u64 = 0x3fff_fffe;

impl Printer<'_, '_> {
    /// `{tv_sec=1, tv_nsec=5}`; times of a file have a date behind, or are `UTIME_NOW`.
    pub(super) fn timespec(&mut self, bytes: &[u8]) {
        let (seconds, part) = (signed(bytes, 0, 8), word(bytes, 8, 8));
        let of_file = self.row.name.starts_with("utimensat");
        let special: Option<&[u8]> = match part {
            NOW if of_file => Some(b"UTIME_NOW"),
            OMIT if of_file => Some(b"UTIME_OMIT"),
            _ => None,
        };
        if let Some(name) = special.filter(|_| self.style.constants == Constants::Names) {
            return self.text(name);
        }
        self.text(b"{tv_sec=");
        self.signed(seconds);
        self.text(b", tv_nsec=");
        self.decimal(part);
        self.text(b"}");
        if let Some(name) = special {
            if self.style.constants == Constants::Both {
                self.text(b" /* ");
                self.text(name);
                self.text(b" */");
            }
            return;
        }
        if of_file {
            self.date(seconds, part, 9);
        }
    }

    /// `{tv_sec=1, tv_usec=5}`.
    pub(super) fn timeval(&mut self, bytes: &[u8]) {
        let (seconds, part) = (signed(bytes, 0, 8), word(bytes, 8, 8));
        self.text(b"{tv_sec=");
        self.signed(seconds);
        self.text(b", tv_usec=");
        self.decimal(part);
        self.text(b"}");
        if matches!(self.row.name, "utimes" | "futimesat") {
            self.date(seconds, part, 6);
        }
    }

    /// `{actime=1000000000 /* 2001-09-09T01:46:40+0000 */, modtime=…}` (utime(2)).
    pub(super) fn file_times(&mut self, bytes: &[u8]) {
        for (label, at) in [(&b"{actime="[..], 0), (b", modtime=", 8)] {
            let seconds = signed(bytes, at, 8);
            self.text(label);
            self.signed(seconds);
            self.date(seconds, 0, 9);
        }
        self.text(b"}");
    }

    /// `{tms_utime=12 /* 0.12 s */, …}` (times(2)): a hundred ticks are a second.
    pub(super) fn process_times(&mut self, bytes: &[u8]) {
        self.text(b"{");
        for (i, field) in layout::TMS.fields.iter().enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.named(field, bytes);
            let ticks = word(bytes, field.at as usize, 8);
            if ticks > 0 {
                self.text(b" /* ");
                self.decimal(ticks / 100);
                self.text(b".");
                digits::dec_zeros(self.out, ticks % 100, 2);
                self.text(b" s */");
            }
        }
        self.text(b"}");
    }

    /// ` /* 2023-11-14T22:13:20.000000005+0000 */`: local time; a part of zero is left out.
    pub(super) fn date(&mut self, seconds: i64, part: u64, digits: usize) {
        let from = self.out.len();
        self.text(b" /* ");
        if self.bare_date(seconds, part, digits) {
            self.text(b" */");
        } else {
            self.out.truncate(from);
        }
    }

    /// The date alone; `false` when there is none for this number.
    pub(super) fn bare_date(&mut self, seconds: i64, part: u64, digits: usize) -> bool {
        let limit = if digits == 9 { 1_000_000_000 } else { 1_000_000 };
        let Ok(instant) = Timestamp::from_second(seconds) else { return false };
        if (seconds == 0 && part == 0) || part >= limit {
            return false;
        }
        let offset = self.style.zone.to_offset(instant);
        let at = offset.to_datetime(instant);
        let out = &mut *self.out;
        digits::dec_zeros(out, u64::from(at.year().unsigned_abs()), 4);
        for (before, value) in
            [(b'-', at.month()), (b'-', at.day()), (b'T', at.hour()), (b':', at.minute()), (b':', at.second())]
        {
            out.push(before);
            digits::dec_zeros(out, u64::from(value.unsigned_abs()), 2);
        }
        if part != 0 {
            out.push(b'.');
            digits::dec_zeros(out, part, digits);
        }
        let east = offset.seconds();
        out.push(if east < 0 { b'-' } else { b'+' });
        let minutes = u64::from(east.unsigned_abs()) / 60;
        digits::dec_zeros(out, minutes / 60, 2);
        digits::dec_zeros(out, minutes % 60, 2);
        true
    }
}
