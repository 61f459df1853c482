//! Two perf.json documents: which tracepoints are above their budgets, which became slower.
//!
//! In: the measures of one or two documents, as plain values. Out: a [`PerfReport`], an entry for each tracepoint.
//! Reading the documents is not done here, see `report`.

mod compare;
mod show;

pub use compare::compare;
pub(crate) use show::escaped;
pub use show::{json, text};

/// Runs on each side that an interval needs.
const FEWEST: usize = 7;

/// What is compared of a document: the runs of one profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Name of the profile.
    pub profile: String,
    /// Target triple.
    pub target: String,
    /// What the times are (`on-cpu`, `wall`, `fake`), where the document says so.
    pub cpu_source: Option<String>,
    /// Runs of the profile.
    pub runs: usize,
    /// One for each id.
    pub measures: Vec<Measure>,
}

/// A tracepoint in all runs of a profile.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measure {
    /// Its id.
    pub id: u64,
    /// Its label.
    pub label: String,
    /// Mean of a call in each run that has it, microseconds.
    pub cpu_us: Vec<f64>,
    /// Calls, where they were counted.
    pub calls: Option<u64>,
    /// Budget of a call, microseconds.
    pub budget_cpu_us: Option<u64>,
    /// Budget of a call, microseconds of GPU time.
    pub budget_gpu_us: Option<u64>,
    /// Budget of a call, bytes.
    pub budget_mem_bytes: Option<u64>,
    /// Largest growth of live heap in a call, bytes.
    pub mem_bytes: Option<u64>,
    /// Budget of a call, bytes.
    pub budget_io_bytes: Option<u64>,
    /// Most bytes read and written by a call.
    pub io_bytes: Option<u64>,
}

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// A change must be above so many percent of the baseline.
    pub tolerance_pct: f64,
    /// And at least so many microseconds.
    pub min_us: f64,
    /// May a tracepoint go away?
    pub allow_removed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { tolerance_pct: 5.0, min_us: 1.0, allow_removed: false }
    }
}

/// What is said of a tracepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Above the budget of time.
    OverBudgetCpu,
    /// Above the budget of memory.
    OverBudgetMem,
    /// Above the budget of I/O.
    OverBudgetIo,
    /// A budget without a measure.
    NotMeasured,
    /// Slower than the baseline.
    Regressed,
    /// Faster than the baseline.
    Improved,
    /// Not in the baseline.
    Added,
    /// Only in the baseline.
    Removed,
    /// The two can't be told apart.
    Inconclusive,
}

impl Finding {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Finding::OverBudgetCpu => "over-budget-cpu",
            Finding::OverBudgetMem => "over-budget-mem",
            Finding::OverBudgetIo => "over-budget-io",
            Finding::NotMeasured => "not-measured",
            Finding::Regressed => "regressed",
            Finding::Improved => "improved",
            Finding::Added => "added",
            Finding::Removed => "removed",
            Finding::Inconclusive => "inconclusive",
        }
    }

    fn is_over_budget(self) -> bool {
        matches!(self, Finding::OverBudgetCpu | Finding::OverBudgetMem | Finding::OverBudgetIo)
    }
}

/// How a tracepoint was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One run each, against a fixed limit.
    Threshold,
    /// Medians of a few runs, against a fixed limit.
    MedianThreshold,
    /// Exact intervals of seven runs or more on each side.
    RunsUnpaired,
}

impl Method {
    fn of(current: usize, baseline: usize) -> Self {
        match (current, baseline) {
            (..=1, ..=1) => Method::Threshold,
            (FEWEST.., FEWEST..) => Method::RunsUnpaired,
            _ => Method::MedianThreshold,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Method::Threshold => "threshold",
            Method::MedianThreshold => "median-threshold",
            Method::RunsUnpaired => "runs-unpaired",
        }
    }
}

/// A difference, and what part of the base it is: nothing where the base is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Microseconds.
    pub us: f64,
    /// Percent.
    pub pct: Option<f64>,
}

impl Drift {
    fn of(value: f64, base: f64) -> Self {
        let us = value - base;
        Drift { us, pct: (base > 0.0).then(|| us / base * 100.0) }
    }
}

/// What is known of a tracepoint on both sides.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// Its id.
    pub id: u64,
    /// Its label.
    pub label: String,
    /// Median of the runs, microseconds; `None`: it is only in the baseline.
    pub cpu_us: Option<f64>,
    /// Its budget.
    pub budget_cpu_us: Option<u64>,
    /// Against the budget.
    pub over: Option<Drift>,
    /// Median of the runs of the baseline.
    pub baseline_cpu_us: Option<f64>,
    /// Against the baseline.
    pub change: Option<Drift>,
    /// In the order of [`Finding`].
    pub findings: Vec<Finding>,
    /// How it was compared.
    pub method: Option<Method>,
    /// Calls.
    pub calls: Option<u64>,
    /// Calls in the baseline.
    pub baseline_calls: Option<u64>,
    /// Growth of live heap.
    pub mem_bytes: Option<u64>,
    /// Its budget.
    pub budget_mem_bytes: Option<u64>,
    /// Bytes read and written.
    pub io_bytes: Option<u64>,
    /// Its budget.
    pub budget_io_bytes: Option<u64>,
    /// Why something was not measured or is not decided.
    pub reason: Option<String>,
}

/// One document, held against its budgets and a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct PerfReport {
    /// Name of the profile.
    pub profile: String,
    /// Target triple.
    pub target: String,
    /// What the times are.
    pub cpu_source: Option<String>,
    /// What counted as a change.
    pub limits: Limits,
    /// How most was compared; `None` without a baseline.
    pub method: Option<Method>,
    /// Those farthest above their budgets first, those only in the baseline last.
    pub entries: Vec<Entry>,
}

/// What a report says as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing fails.
    Pass,
    /// Something fails.
    Fail,
    /// Nothing fails, but something is not known.
    Inconclusive,
}

impl Status {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Inconclusive => "inconclusive",
        }
    }
}

impl PerfReport {
    /// As a whole.
    pub fn status(&self) -> Status {
        let fails = |finding: Finding| match finding {
            Finding::Removed => !self.limits.allow_removed,
            Finding::Regressed => true,
            finding => finding.is_over_budget(),
        };
        let open = |finding: Finding| matches!(finding, Finding::Inconclusive | Finding::NotMeasured);
        if self.findings().any(fails) {
            Status::Fail
        } else if self.findings().any(open) {
            Status::Inconclusive
        } else {
            Status::Pass
        }
    }

    /// Tracepoints of the document itself.
    pub fn total(&self) -> usize {
        self.entries.iter().filter(|entry| entry.cpu_us.is_some()).count()
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.entries.iter().flat_map(|entry| entry.findings.iter().copied())
    }

    /// Tracepoints with this finding.
    fn count(&self, finding: Finding) -> usize {
        self.findings().filter(|found| *found == finding).count()
    }

    fn over_budget(&self) -> usize {
        self.entries.iter().filter(|entry| entry.findings.iter().any(|finding| finding.is_over_budget())).count()
    }
}
