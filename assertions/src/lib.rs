//! Within budget: `renacer.toml`, and what its rules say of a run.
//!
//! In: the text of a `renacer.toml`, and measurements that the caller makes or replays from a
//! recording. Out: a [`Verdict`] a rule, never a score. The file is read here for all commands.
//! [`perf`] holds times of tracepoints against their budgets and a baseline, [`gate`] results of benchmarks.
//! Not for: running anything (the caller hands in a [`Bench`]), or saying whether two runs do the same.
#![forbid(unsafe_code)]

pub mod baseline;
mod complaint;
mod count;
mod expression;
mod file;
mod finding;
pub mod gate;
mod glob;
mod judge;
mod keys;
pub mod perf;
mod rule;
mod seen;
mod show;
mod statistics;
mod verdict;

pub use complaint::{BadFile, Complaint};
pub use count::{CallCounts, CountCalls, Gap};
pub use file::clusters::{Cluster, Clusters, UNCLASSIFIED};
pub use file::{Configuration, Setting, Trace};
pub use finding::{Finding, Shown};
pub use glob::{Glob, PathGlob, Places};
pub use judge::{Bench, Labels, Measured, Peak, Untraced, judge};
pub use rule::{Check, Rule};
pub use seen::{Seen, Watch, Watcher, of_document};
pub use show::{json, text};
pub use verdict::{Judged, Report, Summary, Verdict};
