//! Accounts: what the kernel says of all processes together. Each process tells its own part only, without that of the
//! children it waited for, so that nothing is counted twice.

use recording::event::{Event, Measure, Reading, reading, text};
use report::perf::{Counter, Io, Summary};

/// Sums over the processes that ended.
#[derive(Debug, Default)]
pub struct Accounts {
    sums: Vec<(u16, u64)>,
    largest_rss: Option<u64>,
    /// Measures that at least one process does not tell, with its reason.
    missing: Vec<(u16, String)>,
    processes: u64,
    /// Processes whose largest memory may be that of the program before an exec.
    before_exec: bool,
    /// Of the whole target, by perf_event_open(2).
    counters: Vec<Counter>,
    /// Those that could not be had, and why.
    uncounted: Vec<(&'static str, String)>,
}

/// What is counted over the whole target.
const COUNTED: [Measure; 8] = [
    Measure::TaskClock,
    Measure::PageFaults,
    Measure::ContextSwitches,
    Measure::CpuMigrations,
    Measure::Instructions,
    Measure::Cycles,
    Measure::CacheMisses,
    Measure::BranchMisses,
];

/// Keys of the summary, and what has to be measured for them.
const KEYS: &[(&str, &[Measure])] = &[
    ("cpu", &[Measure::UserUs, Measure::SysUs]),
    ("max_rss_kb", &[Measure::MaxRssBytes]),
    ("faults", &[Measure::MinorFaults, Measure::MajorFaults]),
    ("switches", &[Measure::VoluntarySwitches, Measure::InvoluntarySwitches]),
    ("blocks", &[Measure::BlocksIn, Measure::BlocksOut]),
    ("io", &Measure::IO),
];

impl Accounts {
    /// The account of a whole process.
    pub fn process(&mut self, event: &Event<'_>) {
        self.processes += 1;
        let why = || event.text(text::MAIN).map(|why| String::from_utf8_lossy(why).into_owned()).unwrap_or_default();
        for Reading { measure, status, value } in event.readings() {
            if status & reading::NOT_MEASURED != 0 {
                if !self.missing.iter().any(|(known, _)| *known == measure) {
                    self.missing.push((measure, why()));
                }
            } else if measure == Measure::MaxRssBytes as u16 {
                self.before_exec |= status & reading::BEFORE_EXEC != 0;
                self.largest_rss = self.largest_rss.max(Some(value));
            } else {
                match self.sums.iter_mut().find(|(known, _)| *known == measure) {
                    Some((_, sum)) => *sum = sum.saturating_add(value),
                    None => self.sums.push((measure, value)),
                }
            }
        }
    }

    /// A counter of the whole target; the last word counts.
    pub fn counter(&mut self, event: &Event<'_>) {
        let Some(measure) = COUNTED.into_iter().find(|measure| *measure as u32 == event.u32(32)) else { return };
        let (status, name) = (event.u32(36) as u16, measure.name());
        self.counters.retain(|known| known.name != name);
        if status & reading::NOT_MEASURED != 0 {
            let why = event.text(text::MAIN).map(|why| String::from_utf8_lossy(why).into_owned()).unwrap_or_default();
            if !self.uncounted.iter().any(|(known, _)| *known == name) {
                self.uncounted.push((name, why));
            }
            return;
        }
        let some = |ns: u64| (ns > 0).then_some(ns);
        self.counters.push(Counter {
            name: name.to_owned(),
            value: event.u64(40),
            unit: measure.unit().to_owned(),
            scope: if status & reading::USER_ONLY != 0 { "user" } else { "user+kernel" }.to_owned(),
            enabled_ns: some(event.u64(48)),
            running_ns: some(event.u64(56)),
        });
    }

    /// Counters of the whole target, in the order in which they were told. What could not be had is named.
    pub fn counters(&self, missing: &mut Vec<(String, String)>) -> Vec<Counter> {
        missing.extend(self.uncounted.iter().map(|(name, why)| (format!("counters.{name}"), why.clone())));
        self.counters.clone()
    }

    /// Puts the sums into a summary of so many processes; what is missing is named.
    pub fn fill(&self, summary: &mut Summary, processes: u64, missing: &mut Vec<(String, String)>) {
        let unended = processes.saturating_sub(self.processes);
        for (key, measures) in KEYS {
            let untold = measures.iter().find_map(|measure| {
                let why = self.missing.iter().find(|(known, _)| *known == *measure as u16);
                why.map(|(_, why)| why.clone())
            });
            let why = match untold {
                Some(why) if why.is_empty() => "the kernel did not tell it of every process".to_owned(),
                Some(why) => why,
                None if unended > 0 => format!("{unended} of {processes} processes were not seen to end"),
                None => continue,
            };
            missing.push(((*key).to_owned(), why));
        }
        let is_missing = |key: &str| missing.iter().any(|(known, _)| known == key);
        let sum = |key: &str, measure: Measure| {
            let sum = self.sums.iter().find(|(known, _)| *known == measure as u16).map(|(_, sum)| *sum);
            sum.filter(|_| !is_missing(key))
        };
        let nanos = |measure| sum("cpu", measure).map(|micros| u128::from(micros) * 1000);
        summary.cpu_user_ns = nanos(Measure::UserUs);
        summary.cpu_system_ns = nanos(Measure::SysUs);
        // The largest of those that told is still the largest known.
        summary.max_rss_kb = self.largest_rss.filter(|_| !is_missing("max_rss_kb")).map(|bytes| bytes / 1024);
        summary.minor_faults = sum("faults", Measure::MinorFaults);
        summary.major_faults = sum("faults", Measure::MajorFaults);
        summary.voluntary_switches = sum("switches", Measure::VoluntarySwitches);
        summary.involuntary_switches = sum("switches", Measure::InvoluntarySwitches);
        summary.io_read_blocks = sum("blocks", Measure::BlocksIn);
        summary.io_write_blocks = sum("blocks", Measure::BlocksOut);
        let io = Measure::IO.map(|measure| sum("io", measure));
        if let [
            Some(rchar),
            Some(wchar),
            Some(syscr),
            Some(syscw),
            Some(read_bytes),
            Some(write_bytes),
            Some(cancelled_write_bytes),
        ] = io
        {
            summary.io = Some(Io { rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes });
        }
    }
}
