//! Threads: the calls of each, for levels `calls` and `exact`.

use super::{BuiltProcess, Maker};
use crate::form::Call;

/// Fills the threads of the processes; the calls of all, each once.
pub(super) fn attach(_maker: &mut Maker<'_>, _processes: &mut [BuiltProcess]) -> Vec<Call> {
    Vec::new()
}
