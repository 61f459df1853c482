//! Same? Is this run the same as the accepted ones?
//!
//! In: sessions, live or stored, through `recording::Sink`. Out: a [`Golden`] that a person can review,
//! and a [`Check`] that says `same`, or what is different, in a sentence each.
//! Level `calls`: per process and task the sequence of call names and their outcomes. Arguments,
//! content, times, addresses and pids are not compared; see `assertions` for budgets.
#![forbid(unsafe_code)]

mod check;
mod finding;
mod golden;
mod learn;
mod name;
mod observe;
mod show;

pub use check::{Check, Runner, Verdict, check};
pub use finding::{Code, Finding, compare};
pub use golden::{BadGolden, Exit, Golden, LeftOut, Process, Shape, Task};
pub use learn::{Refused, learn};
pub use name::valid_name;
pub use observe::{Gap, Observer, Run, RunProcess, RunTask, Step};
pub use show::{json, text};
