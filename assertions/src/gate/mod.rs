//! The regression gate: did a change make benchmarks worse?
//!
//! In: results of benchmarks as their tools write them, of a baseline and of a candidate. Out: a verdict for each
//! benchmark, and reports whose status is the value that chooses the exit code.
//! Not for: finding files or starting programs; times of tracepoints are compared by [`crate::perf`].

mod amount;
mod budgets;
mod changes;
pub mod ci_upper;
pub mod counters;
mod first;
pub mod history;
mod judge;
mod looks;
mod measurement;
pub mod notes;
mod overrides;
mod pairs;
pub mod read;
mod report;
mod results;
mod series;
mod show;
mod time;

pub use amount::amount;
pub use budgets::Budgets;
pub use first::{NoReport, first, verify};
pub use judge::{Judged, judge};
pub use looks::Looks;
pub use measurement::{Measurement, Missing, Pair, Used};
pub use overrides::Override;
pub use pairs::{Measured, Pairs};
pub use report::{Design, GateReport, Inconclusive, Overall, Parameters, Row, Rule, Verdict};
pub use results::{Bench, Metric, Run, Side, TIME, Values, content_blake3};
pub use show::{json, text};
