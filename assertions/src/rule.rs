//! Rules: what `renacer.toml` asks of a run.

use regex::{Regex, RegexBuilder};
use syscalls::Filter;

use crate::expression::Expression;
use crate::glob::Glob;

/// Bytes of a compiled pattern.
const PATTERN_LIMIT: usize = 1 << 20;

/// One rule of the file.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the file.
    pub name: String,
    /// Its type as the file says it.
    pub kind: String,
    /// Does it fail the run (`fail_on_violation`)?
    pub fails: bool,
    /// Is it judged (`enabled`)?
    pub enabled: bool,
    /// Its line in the file.
    pub line: usize,
    /// The runs that it is about; empty: all.
    pub applies_to: Vec<Glob>,
    /// What it asks.
    pub check: Check,
}

/// What a rule asks.
#[derive(Debug, Clone)]
pub enum Check {
    /// At most so many calls whose name matches.
    SpanCount {
        /// The budget.
        max: u64,
        /// Unanchored, over names of calls; all calls when absent.
        pattern: Option<Regex>,
    },
    /// Wall time from exec to end of the root, in runs without tracing.
    CriticalPath {
        /// The budget in ms.
        max_ms: u64,
        /// Unanchored, over the name of the run and labels of tracepoints.
        pattern: Option<Regex>,
    },
    /// Peak of private anonymous memory with access rights, summed over live processes.
    Allocations {
        /// The budget in bytes.
        max: u64,
    },
    /// Peak resident set of the largest process.
    Resident {
        /// The budget in bytes.
        max: u64,
    },
    /// A shape of a run that is known to be bad.
    AntiPattern {
        /// Which.
        pattern: Pattern,
        /// The share of calls above which it is one, 0 to 1.
        threshold: f64,
        /// Processes that are looked at, by the basename of their executable.
        processes: Option<Regex>,
    },
    /// A condition over measures.
    Custom(Expression),
    /// A rule about what calls do.
    Asked(Question),
    /// At most so many calls of these.
    CallCount {
        /// Which calls.
        calls: Filter,
        /// The budget.
        max: u64,
    },
    /// These calls take at most this share of the time in all calls.
    TimeShare {
        /// Which calls.
        calls: Filter,
        /// The budget, percent.
        max_percent: f64,
    },
    /// Wall time, at most.
    TotalTime {
        /// The budget in ms.
        max_ms: f64,
    },
    /// Wall time, at least.
    MinTime {
        /// The least in ms.
        min_ms: f64,
    },
    /// A row of `[performance.budgets]`.
    Budget {
        /// Name of the run that it is about.
        run: String,
        /// Wall time in ms.
        max_ms: Option<f64>,
        /// Number of calls.
        max_calls: Option<u64>,
    },
    /// Read with an error: never judged, because the file is refused.
    Refused,
}

/// Anti-patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// One of several processes makes most calls.
    GodProcess,
    /// A short block of calls repeats and moves little.
    TightLoop,
    /// Transfers to a GPU, of which system calls tell only that there was one.
    PcieBottleneck,
}

/// What is asked about the calls themselves.
#[derive(Debug, Clone)]
pub struct Question {
    /// What.
    pub asks: Asks,
    /// Processes that are looked at, by the basename of their executable.
    pub processes: Option<Regex>,
}

/// The questions.
#[derive(Debug, Clone)]
pub enum Asks {
    /// At least so many of these calls succeeded.
    MustCall {
        /// Which calls.
        calls: Filter,
        /// How many.
        min: u64,
        /// On objects of these paths.
        path: Option<Glob>,
    },
    /// None of these calls was tried.
    MustNotCall {
        /// Which calls.
        calls: Filter,
        /// On objects of these paths.
        path: Option<Glob>,
    },
    /// No address but of these families was used.
    NoNetwork(Allowed),
    /// Nothing else was read, listed or executed.
    ReadsOnly {
        /// What may be.
        paths: Vec<Glob>,
        /// And the loader's libraries and runtime files?
        runtime: bool,
    },
    /// Nothing else was created, changed or removed.
    WritesOnly {
        /// What may be.
        paths: Vec<Glob>,
    },
    /// Names got new content by a rename of a synced file only.
    DurableReplace {
        /// Which names.
        path: Glob,
        /// Must the directory be synced, too?
        directory: bool,
    },
    /// At most so many calls.
    CountBudget {
        /// Which calls.
        calls: Filter,
        /// The budget.
        max: u64,
        /// Only those that failed.
        errors_only: bool,
    },
    /// At most so many bytes moved.
    ByteBudget {
        /// Which calls.
        calls: Filter,
        /// The budget.
        max: u64,
        /// Which way.
        direction: Direction,
        /// From or to objects of these paths.
        path: Option<Glob>,
    },
}

/// Addresses that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// `AF_UNIX`.
    pub unix: bool,
    /// `AF_NETLINK`.
    pub netlink: bool,
    /// 127.0.0.0/8 and ::1.
    pub loopback: bool,
}

/// Which way bytes move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Either.
    #[default]
    Both,
    /// Out of an object.
    Read,
    /// Into an object.
    Written,
}

impl Asks {
    /// Does the answer depend on what calls are about?
    pub(crate) fn needs_objects(&self) -> bool {
        match self {
            Asks::MustCall { path, .. } | Asks::MustNotCall { path, .. } | Asks::ByteBudget { path, .. } => {
                path.is_some()
            }
            Asks::ReadsOnly { .. } | Asks::WritesOnly { .. } | Asks::DurableReplace { .. } => true,
            Asks::NoNetwork(_) | Asks::CountBudget { .. } => false,
        }
    }
}

/// Compiles a pattern within the limits of untrusted files.
pub fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_LIMIT).build().map_err(|error| {
        // The library draws its own picture over several lines; its last one says what is wrong.
        let text = error.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").trim().to_owned()
    })
}

impl Rule {
    /// Is it about the run of this name?
    pub fn applies(&self, run: &str) -> bool {
        let named = self.applies_to.is_empty() || self.applies_to.iter().any(|glob| glob.takes_name(run));
        let of_this_run = match &self.check {
            Check::Budget { run: of, .. } => of == run,
            _ => true,
        };
        named && of_this_run
    }
}
