//! What was seen: raw events, the sink they are pushed into, the recording file.
//!
//! In: records of fixed layout from an engine. Out: the same records, live or from a file, through
//! one trait, [`Sink`]; whatever shows, compares or judges is a sink or is fed by one, and so can't
//! tell a live run from a stored one.
//! Not for: what a call means (see `syscalls`), or how a line looks (see `report`).
#![forbid(unsafe_code)]

mod accesses;
pub mod chic_metadata;
pub mod decode;
pub mod document;
pub mod event;
pub mod file;
mod interpreter;
pub mod json;
mod plan;
pub mod resolve;
mod runtime;
pub mod session;
mod sink;
pub mod tracepoint;
pub mod views;

pub use accesses::{Accesses, Numbers};
pub use interpreter::{Interpreter, Program, interpreter, is_interpreter_file};
pub use runtime::runtime_class;
pub use sink::{Batch, Sink, SinkError, Tee};
