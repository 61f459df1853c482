//! Views: what follows from the stream, kept up event by event and never stored.
//!
//! Each is fed by a sink with every event it gets, in order, and answers questions at once. None of
//! them grows with the length of the run, only with what is alive (and one line per process).

mod clock;
mod counts;
mod descriptors;
mod lamport;
mod numbers;
mod processes;
mod shared;
mod tasks;

pub use clock::Clock;
pub use counts::{Count, Counted, Line, Tally, ran_ns, took_ns};
pub use descriptors::Descriptors;
pub use lamport::Lamport;
pub(crate) use numbers::NumberMap;
pub use processes::{Counter, Ending, Process, Processes};
pub(crate) use shared::Shared;
pub use tasks::{Command, Task, Tasks};
