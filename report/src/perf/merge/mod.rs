//! Several documents as one: runs beside each other, or the parts of one run joined.

mod metrics;
mod runs;
mod totals;
mod unknown;

pub(super) use metrics::{elements, percentiles};
pub use runs::{MergeError, one_run, side_by_side};
pub use unknown::unknown_keys;

/// The sum of what is there; `None` where neither is.
fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}
