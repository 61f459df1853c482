//! The first comparison: names and outcomes of calls, per process and task. It stands until the pipeline does.

mod check;
mod finding;
mod golden;
mod learn;
mod observe;
mod show;

pub use check::{Check, Runner, Verdict, check};
pub use finding::{Code, Finding, compare};
pub use golden::{BadGolden, Exit, Golden, LeftOut, Process, Shape, Task};
pub use learn::{Refused, learn};
pub use observe::{Gap, Observer, Run, RunProcess, RunTask, Step};
pub use show::{json, text};
