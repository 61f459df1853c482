//! Seeing: runs a program, or attaches to one, and records what it asks of the kernel.
//!
//! In: a [`Plan`]. Out: raw events pushed into a `recording::Sink`, and an [`Ended`] that says how
//! the target ended and what became of those it left behind.
//! Not for: meaning, printing or judging; this crate reads no configuration and prints nothing.
//! The only crate that touches another process, and the only one with `unsafe`, in `sys/`.
#![deny(unsafe_code)]

pub mod capture;
pub mod counters;
pub mod exit;
mod plan;
mod procfs;
mod sockets;
mod sys;

pub use plan::{
    Counters, Ended, EnvChange, Error, Launch, Left, Mute, Placement, Plan, StartFailure, Status, Stdio, Usage, Wanted,
};

use recording::Sink;

/// Runs or attaches as planned and pushes events until the session ends.
///
/// Must be called from a process that has no children the caller wants to wait for (but for those in
/// [`Plan::helpers`]): the wait loop takes every child's status.
///
/// # Errors
/// [`Error`] when nothing could be traced at all. A target that could not be executed is no error
/// but [`Ended::not_started`]; a sink that failed is [`Ended::sink_error`], the target ran on.
pub fn run(plan: &Plan, sink: &mut dyn Sink) -> Result<Ended, Error> {
    let _ = (plan, sink);
    Err(Error {
        doing: "trace".into(),
        what: "anything".into(),
        why: "not built yet".into(),
        hints: vec![],
        errno: None,
    })
}

/// Runs without ptrace: wall time, resource usage and status of the bare program.
///
/// # Errors
/// As [`run`].
pub fn run_untraced(launch: &Launch) -> Result<Usage, Error> {
    let _ = launch;
    Err(Error { doing: "run".into(), what: "anything".into(), why: "not built yet".into(), hints: vec![], errno: None })
}
