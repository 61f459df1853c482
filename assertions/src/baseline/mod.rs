//! Baselines of a compiler: what it said of the modules it compiled, summaries of its runs, and two of those compared.
//!
//! In: metrics documents and summaries as plain bytes. Out: totals, summaries in the layouts of Wasmoon, findings.
//! Not for: finding files or starting programs.

mod capture;
mod compare;
mod exact;
mod metrics;
mod names;
mod show;
mod summaries;
mod totals;

pub use capture::{
    Capture, CaptureHost, CapturedRun, CapturedWorkload, Compared, CompatFinding, Provenance, RunStatus,
};
pub use compare::{CompareOptions, Comparison, MeasureFinding, MetricsOf, Status, WorkloadFinding, compare};
pub use exact::{Blame, ExactField, OneSided};
pub use metrics::{BadMetrics, COLUMNS, EGRAPH, Function, Metrics, Pass, STAGES, Times};
pub use names::{names, original_names};
pub use show::{Shown, json, markdown, text};
pub use summaries::{Series, SeriesRun, Summary};
pub use totals::{PassTotal, Totals, folded, show, top, totals};

/// Hash of a file, as `b3sum` prints it.
pub fn blake3(bytes: &[u8]) -> String {
    ::blake3::hash(bytes).to_hex().to_string()
}
