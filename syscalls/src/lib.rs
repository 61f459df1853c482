//! What a call means: numbers, names, arguments, classes, constants and structures, as data.
//!
//! In: an ABI and a raw number. Out: a row that says what the call is named, what its arguments
//! are, which memory stands behind them and when it is worth reading.
//! Not for: reading that memory (the tracer does) or printing it (report does). No I/O, no state.
#![forbid(unsafe_code)]

mod kind;
pub mod layout;
pub mod names;
mod nearest;
mod row;

pub use kind::{Count, Dir, Kind, Memory, Shape};
pub use nearest::nearest;
pub use row::{Abi, Arg, Classes, Returns, Syscall, Variants};

/// The row of a call, or `None` for a number that this ABI does not name.
///
/// `nr` is the number as the target gave it, all 64 bits (x32 numbers with bit 30 set).
pub fn lookup(abi: Abi, nr: u64) -> Option<&'static Syscall> {
    let _ = (abi, nr);
    None
}
