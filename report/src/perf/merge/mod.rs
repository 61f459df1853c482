//! Several documents as one: runs beside each other, or the parts of one run joined.

mod metrics;
mod runs;
mod totals;
mod unknown;

pub(super) use metrics::{elements, percentiles};
pub use runs::{MergeError, one_run, side_by_side};
pub use unknown::unknown_keys;
