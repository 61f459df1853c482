//! Accounts: readings of one task or process on their way into a record.

use recording::event::{Measure, Reading, Record, reading};

/// The readings of a task or process that ended.
#[derive(Debug)]
pub struct Account<'a> {
    /// Of the whole process?
    pub process: bool,
    /// The values.
    pub readings: &'a [Reading],
    /// Why some were not measured; empty when all were.
    pub why: &'a str,
}

impl Account<'_> {
    /// Makes `record` the `Account` event of this: of task `task`, its `seq`, at `at` ticks.
    pub fn write(&self, record: &mut Record, task: u32, seq: u64, at: u64) {
        record.begin_account(task, seq, at, self.process, self.readings);
        if !self.why.is_empty() {
            record.text(0, self.why.as_bytes());
        }
    }
}

/// A value that was measured.
pub(super) fn push(out: &mut Vec<Reading>, measure: Measure, status: u16, value: u64) {
    out.push(Reading { measure: measure as u16, status, value });
}

/// Values that were not.
pub(super) fn push_missing(out: &mut Vec<Reading>, measures: &[Measure]) {
    for &measure in measures {
        push(out, measure, reading::NOT_MEASURED, 0);
    }
}
