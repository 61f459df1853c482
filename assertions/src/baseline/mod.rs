//! Baselines of a compiler: what it said of the modules it compiled, summaries of its runs, and two of those compared.
//!
//! In: metrics documents and summaries as plain bytes. Out: totals, summaries in the layouts of Wasmoon, findings.
//! Not for: finding files or starting programs.

mod metrics;
mod totals;

pub use metrics::{BadMetrics, COLUMNS, EGRAPH, Function, Metrics, Pass, STAGES, Times};
pub use totals::{PassTotal, Totals, folded, show, top, totals};
