//! Calls of threads, for levels `calls` and `exact`.

use super::Lowering;
use super::scene::Scene;

impl Lowering {
    pub(super) fn keep(&mut self, _scene: &Scene<'_>) {}
}
