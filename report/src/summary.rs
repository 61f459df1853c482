//! The `-c` table: calls, errors and time by name.

use recording::session::{Header, Trailer};
use recording::{Batch, Sink, SinkError};

use crate::{Destination, Shown};

/// Options of the table.
#[derive(Debug, Clone, Default)]
pub struct SummaryOptions {
    /// Order of the rows (`-S`).
    pub sort: SortBy,
    /// Which events.
    pub shown: Shown,
}

/// Order of the rows; equal ones by time, then calls, then name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// Longest first.
    #[default]
    Time,
    /// Smallest time a call first (`min-time`).
    MinTime,
    /// Largest time a call first (`max-time`).
    MaxTime,
    /// Largest mean first (`avg-time`).
    AverageTime,
    /// Most calls first.
    Calls,
    /// Most errors first.
    Errors,
    /// By name.
    Name,
    /// In the order of their numbers (`nothing`).
    Nothing,
}

impl SortBy {
    /// strace's key of `-S`, its aliases among them.
    pub fn by_key(key: &str) -> Option<Self> {
        Some(match key {
            "time" | "time-percent" | "time-total" | "total-time" => SortBy::Time,
            "min-time" | "shortest" | "time-min" => SortBy::MinTime,
            "max-time" | "longest" | "time-max" => SortBy::MaxTime,
            "avg-time" | "time-avg" => SortBy::AverageTime,
            "calls" | "count" => SortBy::Calls,
            "errors" | "error" => SortBy::Errors,
            "name" | "syscall" | "syscall-name" => SortBy::Name,
            "none" | "nothing" => SortBy::Nothing,
            _ => return None,
        })
    }
}

/// Prints the table when the session ends.
#[derive(Debug)]
pub struct Summary {
    options: SummaryOptions,
    to: Destination,
}

impl Summary {
    /// A table with these options.
    pub fn new(options: SummaryOptions, to: Destination) -> Self {
        Summary { options, to }
    }
}

impl Sink for Summary {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        let _ = (header, &self.options, &self.to);
        Ok(())
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let _ = batch;
        Ok(())
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let _ = trailer;
        Ok(())
    }
}
