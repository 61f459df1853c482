//! The selection: which calls, signals and outcomes were asked for, checked once for all users.

use report::Shown;
use report::shown::Outcomes;
use tracer::Wanted;

use crate::cli::ask::Calls;
use crate::message::Problem;

/// What is recorded and shown.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    outcomes: Outcomes,
    text: Option<String>,
}

impl Selection {
    /// Reads the sets that were written.
    pub fn of(calls: &Calls) -> Result<Selection, Problem> {
        if calls.trace.is_some() || calls.signals.is_some() {
            return Err(Problem::usage("cannot take -e trace= or -e signal=: not built in this version"));
        }
        Ok(Selection { outcomes: calls.outcomes, text: calls.trace.clone() })
    }

    /// What the engine records: `None` is everything.
    pub fn wanted(&self) -> Option<Wanted> {
        None
    }

    /// What the printers show.
    pub fn shown(&self) -> Shown {
        Shown { outcomes: self.outcomes, ..Shown::default() }
    }

    /// The filter as it was written, for the header.
    pub fn text(&self) -> Option<String> {
        self.text.clone()
    }
}
