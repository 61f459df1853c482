//! The system room: raw calls behind safe functions. Nothing above this module says `unsafe`.

pub(crate) mod links;
pub(crate) mod memory;
pub(crate) mod perf;
pub(crate) mod process;
