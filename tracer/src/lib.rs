//! Seeing: runs a program, or attaches to one, and records what it asks of the kernel.
//!
//! In: a [`Plan`]. Out: raw events pushed into a `recording::Sink`, and an [`Ended`] that says how
//! the target ended and what became of those it left behind.
//! Not for: meaning, printing or judging; this crate reads no configuration and prints nothing.
//! The only crate that touches another process, and the only one with `unsafe`, in `sys/`.
#![deny(unsafe_code)]

mod attach;
mod births;
mod c_library;
mod call_stacks;
mod calls;
pub mod capture;
pub mod counters;
mod deaths;
pub mod exit;
mod filestate;
mod filter;
pub mod front;
mod golden;
mod handshake;
mod header;
pub mod inject;
pub mod interpreters;
pub mod interrupts;
mod late;
mod launch;
mod leave;
mod look;
mod placement;
mod plan;
mod privilege;
pub mod probes;
mod procfs;
mod profile;
mod remote;
mod rings;
mod run;
pub mod sampling;
mod search;
mod session;
mod signals;
mod sockets;
mod stop;
mod stream;
pub mod symbols;
mod sys;
mod task;
mod unseen;
mod untraced;

pub use plan::{
    Counters, Ended, EnvChange, Error, Interruptible, Launch, Left, Mute, Placement, Plan, Sampling, StartFailure,
    Status, Stdio, StepAside, Tracepoints, Usage, Wanted,
};

pub use sys::links::give_name;
pub use sys::process::own_times;
pub use sys::startup::was_closed;
pub use sys::terminal::{columns, terminal};

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
    run::run(plan, None, sink)
}

/// As [`run`], in a process that [`front`] has put behind another. A target that waits there is the one
/// that is run.
///
/// # Errors
/// As [`run`].
pub fn run_behind(plan: &Plan, behind: &mut front::Behind, sink: &mut dyn Sink) -> Result<Ended, Error> {
    run::run(plan, behind.take_target(), sink)
}

/// Could [`Launch::no_aslr`] be granted here? If not, why.
pub fn without_aslr() -> Result<(), String> {
    sys::process::can_disable_aslr().map_err(|errno| format!("personality: {}", errno.text()))
}

/// Sends a signal to a process group; 0 and 1 are none that anybody started.
pub fn signal_group(group: u32, signal: i32) {
    if group > 1 {
        let _ = sys::process::kill_group(sys::Tid(group), signal);
    }
}

/// Runs without ptrace: wall time, resource usage and status of the bare program.
///
/// # Errors
/// As [`run`].
pub fn run_untraced(launch: &Launch) -> Result<Usage, Error> {
    let mut all = untraced::run(&[launch], None)?;
    all.pop().ok_or_else(|| launch::refused("start", "a program", "no name was given", None))
}

/// As [`run_untraced`], of several programs at the same time, each at the head of a process group of its own
/// ([`Launch::own_group`]). A group whose time is over, or any when we are told to end, gets SIGTERM, and SIGKILL
/// 2 s later; the signal to us is kept for [`interrupts::taken`].
///
/// # Errors
/// As [`run`].
pub fn run_side_by_side(launches: &[&Launch], timeout: Option<std::time::Duration>) -> Result<Vec<Usage>, Error> {
    untraced::run(launches, timeout)
}

/// The CPUs that we may use, ascending (sched_getaffinity(2)).
pub fn own_cpus() -> Vec<u32> {
    sys::affinity::get(sys::Tid(0)).map(|cpus| cpus.list()).unwrap_or_default()
}
