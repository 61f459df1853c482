//! What a call means: numbers, names, arguments, classes, constants and structures, as data.
//!
//! In: an ABI and a raw number. Out: a row that says what the call is named, what its arguments
//! are, which memory stands behind them and when it is worth reading.
//! Not for: reading that memory (the tracer does) or printing it (report does). No I/O, no state.
#![forbid(unsafe_code)]

mod calls;
mod class;
pub mod errno;
mod filter;
pub mod ioctl;
mod kind;
pub mod layout;
pub mod names;
mod nearest;
mod numbers;
mod row;
mod set;
pub mod signal;

pub use class::Classes;
pub use filter::{Filter, FilterError, signal_set};
pub use kind::{Count, Dir, Kind, Memory, Shape};
pub use nearest::nearest;
pub use numbers::{lookup, table};
pub use row::{Abi, Arg, Returns, Syscall, Variants};
