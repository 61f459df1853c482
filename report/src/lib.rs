//! Showing: what a session saw, as people and other programs read it.
//!
//! In: raw events, live or from a file, through `recording::Sink`. Out: strace's text, the
//! renacer-json-v1 document and its lines, CSV, an HTML page, the `-c` table. Every printer is a sink and keeps only
//! what it has to remember of the tasks, so that its memory does not grow with the run, and so that
//! a live run and its recording print the same bytes. [`perf`] is apart: documents of tracepoints and their times.
//! Not for: deciding what to trace or where the output goes (see `src`), comparing or judging.
#![forbid(unsafe_code)]

pub mod accessed;
mod args;
pub mod clusters;
pub mod columns;
pub mod csv;
pub mod destination;
mod digits;
pub mod document;
mod errno;
pub mod function_time;
mod html;
pub mod json;
pub mod jsonl;
mod output;
mod per_task;
pub mod perf;
pub mod rows;
pub mod schema;
pub mod shown;
mod signal;
mod spool;
mod spread;
pub mod stacks;
mod statistics;
pub mod summary;
pub mod text;
pub mod transpiler_map;

pub use destination::Destination;
pub use schema::schema;
pub use shown::Shown;
pub use stacks::Stacks;
