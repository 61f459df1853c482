//! Widen: further runs are joined into a golden.
