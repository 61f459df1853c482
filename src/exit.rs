//! Exit codes: one meaning each, chosen in one place.

use std::io::Write as _;

use crate::message::Problem;

/// An exit code of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u8);

impl Code {
    /// Done, same, within.
    pub const OK: Code = Code(0);
    /// Different, over; a recording of a golden was refused.
    pub const FAILED: Code = Code(1);
    /// Usage, configuration, unreadable input: nothing was judged.
    pub const USAGE: Code = Code(2);
    /// Inconclusive, or a measure that is not available here.
    pub const UNDECIDED: Code = Code(3);
    /// No golden, no events, an incomplete recording, no rule.
    pub const NOTHING_TO_JUDGE: Code = Code(4);
    /// The target of a judging command could not be started or traced.
    pub const NOT_STARTED: Code = Code(5);
    /// Could not trace, or could not write what was asked.
    pub const TRACER_FAILED: Code = Code(125);
    /// Found, but not executable.
    pub const NOT_EXECUTABLE: Code = Code(126);
    /// Not found.
    pub const NOT_FOUND: Code = Code(127);
}

/// How this process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By an exit code.
    Code(Code),
    /// By the signal that ended the target, so that the shell sees the same death.
    Signal(i32),
    /// As a program whose reader went away.
    BrokenPipe,
}

impl From<Code> for Ending {
    fn from(code: Code) -> Self {
        Ending::Code(code)
    }
}

/// What a process in front of us is to end with: a code, or a signal. Says what went wrong, because
/// nobody will hear us later.
pub fn told(outcome: &Result<Ending, Problem>) -> Result<u8, i32> {
    match outcome {
        Ok(Ending::Code(Code(code))) => Ok(*code),
        Ok(Ending::Signal(signal)) => Err(*signal),
        Ok(Ending::BrokenPipe) => Ok(141),
        Err(problem) => {
            say(problem);
            Ok(problem.code.0)
        }
    }
}

/// Says what went wrong, if something did, and ends this process.
pub fn with(outcome: Result<Ending, Problem>) -> ! {
    let ending = outcome.unwrap_or_else(|problem| {
        say(&problem);
        problem.code.into()
    });
    match ending {
        Ending::Code(Code(code)) => std::process::exit(i32::from(code)),
        Ending::Signal(signal) => tracer::exit::die_by(signal),
        Ending::BrokenPipe => std::process::exit(141),
    }
}

/// A line on standard error. That it can't be written is no reason to do anything else.
pub fn say(line: &impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
