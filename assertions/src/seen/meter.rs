//! Meters: what the functions of an expression ask of the calls of a filter.

use super::made::Made;
use crate::expression::{Function, Metered};

/// Times that are kept for percentiles.
const MOST: usize = 1 << 22;

/// What was counted for one function.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    of: Metered,
    calls: u64,
    errors: u64,
    bytes: u64,
    total_ns: u64,
    most_ns: u64,
    /// One for each call, where percentiles are asked for.
    times: Vec<u64>,
    too_many: bool,
}

impl Meter {
    pub fn new(of: &Metered) -> Meter {
        Meter { of: of.clone(), calls: 0, errors: 0, bytes: 0, total_ns: 0, most_ns: 0, times: vec![], too_many: false }
    }

    pub fn call(&mut self, made: &Made<'_>) {
        if !made.is_in(&self.of.filter) {
            return;
        }
        self.calls += 1;
        self.errors += u64::from(made.call.errno().is_some());
        self.bytes = self.bytes.saturating_add(made.moved().bytes);
        let Some(took) = made.took else { return };
        self.total_ns = self.total_ns.saturating_add(took);
        self.most_ns = self.most_ns.max(took);
        if matches!(self.of.function, Function::P50Us | Function::P99Us) {
            if self.times.len() < MOST {
                self.times.push(took);
            } else {
                self.too_many = true;
            }
        }
    }

    /// The value of the function.
    pub fn value(&self) -> Result<f64, String> {
        Ok(match self.of.function {
            Function::Calls => self.calls as f64,
            Function::Errors => self.errors as f64,
            Function::Bytes => self.bytes as f64,
            Function::TimeMs => self.total_ns as f64 / 1e6,
            Function::MaxUs => self.most_ns as f64 / 1e3,
            Function::P50Us => self.percentile(50)?,
            Function::P99Us => self.percentile(99)?,
        })
    }

    /// The smallest time that so many of 100 calls do not exceed, microseconds; 0 of no calls.
    fn percentile(&self, percent: usize) -> Result<f64, String> {
        if self.too_many {
            return Err(format!("more than {MOST} calls of {} have a time", self.of.text));
        }
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
        Ok(times.get(rank).copied().unwrap_or(0) as f64 / 1e3)
    }
}
