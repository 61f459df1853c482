//! Tracepoints in a program: counts, times and budgets of spans, by itself or under chic-trace.
//!
//! In: calls at the borders of spans, from Rust, C or a compiler. Out: perf.json, perf.summary.json and
//! perf.folded when the program ends, or records for a recorder that watches it.
//! Not for: system calls, samples, verdicts. Depends on nothing of ours: it lives in other people's programs.
//!
//! An event is counted where it happens: `here` finds the thread's tables, `task` writes them, `registry` knows the
//! tracepoints. Everything else runs at the ends of threads and of the process: `totals` adds up, `document` tells,
//! `files` writes.
//!
//! ```no_run
//! use chic_trace_rt::{cost, span, trace};
//!
//! #[trace]
//! #[cost(cpu = 42_us, mem = "64 KiB")]
//! fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
//!     let _span = span!("digits");
//!     text.trim().parse()
//! }
//! # assert_eq!(parse(" 7"), Ok(7));
//! ```

#[cfg(not(feature = "off"))]
mod abi;
#[cfg(not(feature = "off"))]
mod allocations;
#[cfg(not(feature = "off"))]
mod cell;
#[cfg(not(feature = "off"))]
mod clock;
#[cfg(not(feature = "off"))]
mod document;
#[cfg(not(feature = "off"))]
mod files;
#[cfg(not(feature = "off"))]
mod folded;
#[cfg(not(feature = "off"))]
mod here;
#[cfg(not(feature = "off"))]
mod histogram;
#[cfg(not(feature = "off"))]
mod hooks;
#[cfg(not(feature = "off"))]
mod id;
#[cfg(not(feature = "off"))]
mod json;
#[cfg(not(feature = "off"))]
mod live;
#[cfg(not(feature = "off"))]
mod lock;
#[cfg(not(feature = "off"))]
mod memory;
#[cfg(not(feature = "off"))]
mod process;
#[cfg(not(feature = "off"))]
mod recorder;
#[cfg(not(feature = "off"))]
mod registry;
#[cfg(not(feature = "off"))]
mod ring;
#[cfg(not(feature = "off"))]
mod run_log;
#[cfg(not(feature = "off"))]
mod task;
#[cfg(not(feature = "off"))]
mod totals;
#[cfg(not(feature = "off"))]
mod tracepoint;
#[cfg(all(test, not(feature = "off")))]
mod vectors;

#[cfg(feature = "off")]
mod off;

pub use chic_trace_rt_macros::{cost, trace};

#[cfg(not(feature = "off"))]
pub use allocations::{AllocStats, ChicAlloc};
#[cfg(not(feature = "off"))]
pub use tracepoint::{Guard, Polled, Tracepoint, flush, polled};

#[cfg(feature = "off")]
pub use off::{ChicAlloc, Guard, flush};

/// What the shared library needs to count calls of `malloc` and its like.
#[cfg(not(feature = "off"))]
#[doc(hidden)]
pub mod counting {
    pub use crate::allocations::{Call, note};
}

/// Opens a span that ends with the scope: `let _span = span!("label", cpu = 10, mem = 4096);`. Budgets are per call,
/// µs for `cpu` and `gpu`, bytes for `mem` and `io`.
#[cfg(not(feature = "off"))]
#[macro_export]
macro_rules! span {
    ($label:literal $(, $budget:ident = $value:expr)* $(,)?) => {{
        static TRACEPOINT: $crate::Tracepoint = $crate::Tracepoint::new(
            ::core::module_path!(),
            ::core::concat!(::core::module_path!(), "::", $label),
            ::core::file!(),
            ::core::line!(),
        )$(.$budget($value))*;
        TRACEPOINT.enter()
    }};
}

/// Nothing: the library was built with the feature `off`.
#[cfg(feature = "off")]
#[macro_export]
macro_rules! span {
    ($label:literal $(, $budget:ident = $value:expr)* $(,)?) => {
        $crate::Guard
    };
}
