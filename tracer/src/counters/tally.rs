//! The tally: counters over the whole target, from its exec to the end of the session.
//!
//! Those of perf_event make every switch between target and tracer dearer: four of them add about a
//! third to a traced call. So they are opened only where counters of tasks are asked for; otherwise
//! the tally is made of the accounts of the processes that ended.

use perf_event_open_sys::bindings as perf;
use recording::event::{Kind, Measure, Reading, Record, reading};
use recording::session::NotMeasured;

use crate::sys::perf::Counter;

/// One counter of the whole target, or a sample of a task, on its way into a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// What was counted.
    pub measure: Measure,
    /// Bits of `recording::event::reading`.
    pub status: u16,
    /// The value, scaled up when the counter did not run all the time.
    pub value: u64,
    /// ns for which it was enabled, summed over tasks.
    pub enabled_ns: u64,
    /// ns of those in which it ran.
    pub running_ns: u64,
    /// Why it was not measured; empty when it was.
    pub why: String,
}

impl Total {
    /// A plain value.
    pub(super) fn of(measure: Measure, value: u64) -> Total {
        Total { measure, status: 0, value, enabled_ns: 0, running_ns: 0, why: String::new() }
    }

    /// A value that is not there.
    pub(super) fn missing(measure: Measure, why: &str) -> Total {
        Total { status: reading::NOT_MEASURED, why: why.into(), ..Total::of(measure, 0) }
    }

    /// Makes `record` the `Counter` event of this.
    pub fn write(&self, record: &mut Record, task: u32, seq: u64, at: u64) {
        record.begin(Kind::Counter, 64, task, seq, at);
        record.put_u32(32, self.measure as u32);
        record.put_u32(36, u32::from(self.status));
        record.put_u64(40, self.value);
        record.put_u64(48, self.enabled_ns);
        record.put_u64(56, self.running_ns);
        if !self.why.is_empty() {
            record.text(0, self.why.as_bytes());
        }
    }
}

/// What is counted, under which number, and what tracing itself does to it.
const SOURCES: [(Measure, u32, u32, u16); 8] = [
    (Measure::TaskClock, perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_TASK_CLOCK, reading::DISTURBED),
    (Measure::PageFaults, perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_PAGE_FAULTS, 0),
    (Measure::ContextSwitches, perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_CONTEXT_SWITCHES, reading::DISTURBED),
    (Measure::CpuMigrations, perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_CPU_MIGRATIONS, reading::DISTURBED),
    (Measure::Instructions, perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_INSTRUCTIONS, reading::DISTURBED),
    (Measure::Cycles, perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_CPU_CYCLES, reading::DISTURBED),
    (Measure::CacheMisses, perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_CACHE_MISSES, reading::DISTURBED),
    (Measure::BranchMisses, perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_BRANCH_MISSES, reading::DISTURBED),
];

/// The counters of a session.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counters: Vec<(Measure, u16, Result<Counter, String>)>,
    totals: Vec<Total>,
    accounts: Accounts,
}

/// Sums over the processes that ended; `None` once one of them was not measured.
#[derive(Debug)]
struct Accounts {
    run_ns: Option<u64>,
    faults: Option<u64>,
    switches: Option<u64>,
}

impl Default for Accounts {
    fn default() -> Self {
        Accounts { run_ns: Some(0), faults: Some(0), switches: Some(0) }
    }
}

impl Tally {
    /// Adds the account of a process.
    pub fn add(&mut self, account: &[Reading]) {
        let sum = |measures: &[Measure]| {
            measures.iter().try_fold(0u64, |sum, &measure| {
                let found = account.iter().find(|r| r.measure == measure as u16)?;
                (found.status & reading::NOT_MEASURED == 0).then(|| sum.saturating_add(found.value))
            })
        };
        let add = |total: Option<u64>, more: Option<u64>| Some(total?.saturating_add(more?));
        self.accounts.run_ns = add(self.accounts.run_ns, sum(&[Measure::RunNs]));
        self.accounts.faults = add(self.accounts.faults, sum(&[Measure::MinorFaults, Measure::MajorFaults]));
        self.accounts.switches =
            add(self.accounts.switches, sum(&[Measure::VoluntarySwitches, Measure::InvoluntarySwitches]));
    }

    /// The values without perf_event.
    fn read_accounts(&mut self) -> &[Total] {
        self.totals.clear();
        for &(measure, _, _, disturbed) in &SOURCES {
            let sum = match measure {
                Measure::TaskClock => self.accounts.run_ns,
                Measure::PageFaults => self.accounts.faults,
                Measure::ContextSwitches => self.accounts.switches,
                _ => None,
            };
            self.totals.push(match sum {
                Some(value) => Total { status: disturbed, ..Total::of(measure, value) },
                None => Total {
                    status: reading::NOT_MEASURED,
                    why: match measure {
                        Measure::TaskClock | Measure::PageFaults | Measure::ContextSwitches => {
                            "the account of some process lacks it".into()
                        }
                        _ => "counted with --counters=task only: perf_event makes every stop slower".into(),
                    },
                    ..Total::of(measure, 0)
                },
            });
        }
        &self.totals
    }

    /// Opens all counters on a task that stands before its exec. What can't be opened says why.
    pub fn open(&mut self, pid: u32) {
        self.counters = SOURCES
            .iter()
            .map(|&(measure, kind, config, disturbed)| {
                let counter = Counter::open(kind, u64::from(config), pid);
                (measure, disturbed, counter.map_err(|error| reason(kind, &error)))
            })
            .collect();
    }

    /// Those that could not be opened, by group and reason.
    pub fn refused(&self) -> Vec<NotMeasured> {
        let mut refused: Vec<NotMeasured> = Vec::new();
        for (measure, _, counter) in &self.counters {
            if let Err(reason) = counter {
                let group = if *measure < Measure::Instructions { "software" } else { "hardware" };
                let what = format!("counters.{group}");
                if !refused.iter().any(|entry| entry.what == what && entry.reason == *reason) {
                    refused.push(NotMeasured { what, reason: reason.clone() });
                }
            }
        }
        refused
    }

    /// The values so far.
    pub fn read(&mut self) -> &[Total] {
        if self.counters.is_empty() {
            return self.read_accounts();
        }
        self.totals.clear();
        for (measure, disturbed, counter) in &self.counters {
            let read = counter.as_ref().map_err(String::clone);
            let read =
                read.and_then(|c| c.read().map(|count| (c, count)).map_err(|e| format!("reading it failed: {e}")));
            self.totals.push(match read {
                // Never scheduled: there is nothing to scale.
                Ok((_, count)) if count.running_ns == 0 && count.enabled_ns > 0 => Total {
                    status: reading::NOT_MEASURED,
                    enabled_ns: count.enabled_ns,
                    why: "the counter never ran: others held the hardware".into(),
                    ..Total::of(*measure, 0)
                },
                Ok((counter, count)) => Total {
                    status: if counter.user_only { reading::USER_ONLY } else { *disturbed },
                    enabled_ns: count.enabled_ns,
                    running_ns: count.running_ns,
                    ..Total::of(*measure, scaled(count.value, count.enabled_ns, count.running_ns))
                },
                Err(why) => Total { status: reading::NOT_MEASURED, why, ..Total::of(*measure, 0) },
            });
        }
        &self.totals
    }
}

/// What the counter would have shown had it run all the time.
fn scaled(value: u64, enabled: u64, running: u64) -> u64 {
    if running == 0 || running >= enabled {
        return value;
    }
    u64::try_from(u128::from(value) * u128::from(enabled) / u128::from(running)).unwrap_or(u64::MAX)
}

/// perf_event_open(2), ERRORS, in words that say what to do.
fn reason(kind: u32, error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP) if kind == perf::PERF_TYPE_HARDWARE => {
            "no hardware counters here (no PMU, or the virtual machine hides it)".into()
        }
        Some(libc::ENOSYS) => "this kernel has no perf_event_open".into(),
        Some(libc::EACCES | libc::EPERM) => match paranoid() {
            Some(level) => {
                format!("perf_event_open: {error}; perf_event_paranoid is {level}, counters need 2 or lower")
            }
            None => format!("perf_event_open: {error}; perf_event_paranoid can't be read"),
        },
        _ => format!("perf_event_open: {error}"),
    }
}

fn paranoid() -> Option<i64> {
    std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_neither_overflows_nor_divides_by_zero() {
        assert_eq!(scaled(100, 10, 10), 100);
        assert_eq!(scaled(100, 10, 5), 200);
        assert_eq!(scaled(100, 10, 0), 100);
        assert_eq!(scaled(u64::MAX, u64::MAX, 1), u64::MAX);
        assert_eq!(scaled(7, 0, 0), 7);
    }

    #[test]
    fn a_refusal_names_the_level() {
        let text = reason(perf::PERF_TYPE_SOFTWARE, &std::io::Error::from_raw_os_error(libc::EACCES));
        assert!(text.contains("perf_event_paranoid"), "{text}");
        let text = reason(perf::PERF_TYPE_HARDWARE, &std::io::Error::from_raw_os_error(libc::ENOENT));
        assert!(text.contains("no PMU"), "{text}");
    }
}
