//! Decoding: the bytes of a payload as values with names.
//!
//! In: what a recording kept of a structure, an address, a directory. Out: numbers by field, endpoints as
//! text, names. Bytes come from a target or from a file: whatever they hold, there is an answer or `None`.
//! Not for: how a value is printed (see `report`).

mod address;
mod dirents;
mod fields;
mod rights;
mod waits;

pub use address::{Endpoint, Family};
pub use dirents::{Dirent, Dirents};
pub use fields::{Value, field, fields, number};
pub use rights::passed_descriptors;
pub use waits::{WaitStatus, reaped};

/// A little-endian word of up to 8 bytes at an offset; `None` beyond the bytes.
pub(crate) fn word(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    (width <= 8).then(|| part.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
