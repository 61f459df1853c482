//! Shown: which events of the stream the user asked to see. The same rule for every printer, so
//! that text, documents and tables of one run count the same calls.

use recording::event::{Call, Event, Kind, flag};
use syscalls::{Abi, Filter};

/// A selection of events. The default shows everything but what the tracer keeps for itself.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Calls shown (`-e trace=`). `None` is all.
    pub calls: Option<Filter>,
    /// The words of `calls`, for documents; `None` is those of the recording.
    pub calls_text: Option<String>,
    /// Signals shown (`-e signal=`): bit N-1 is signal N. `None` is all.
    pub signals: Option<u64>,
    /// Outcomes shown (`-e status=`, `-z`, `-Z`).
    pub outcomes: Outcomes,
}

impl Shown {
    /// Is this call shown? Not to be asked of announcements, which have no outcome yet.
    pub fn takes_call(&self, call: &Call<'_>) -> bool {
        self.names_call(call) && self.outcomes.take(call)
    }

    /// Is this call shown, whatever becomes of it?
    pub fn names_call(&self, call: &Call<'_>) -> bool {
        let named = |filter: &Filter| match Abi::from_raw(call.event.abi()) {
            Some(abi) => filter.takes(abi, call.nr()),
            None => filter.unknown(),
        };
        !is_own(&call.event) && self.calls.as_ref().is_none_or(named)
    }

    /// Is this event, which is no call, shown?
    pub fn takes_event(&self, event: &Event<'_>) -> bool {
        match event.kind() {
            Some(Kind::Signal) => event.u8(36) == 0 && self.takes_signal(event.u32(32)),
            Some(Kind::Stopped | Kind::Continued) => self.takes_signal(event.u32(32)),
            _ => true,
        }
    }

    /// Is this signal shown?
    pub fn takes_signal(&self, signo: u32) -> bool {
        match (self.signals, signo) {
            (None, _) => true,
            (Some(set), 1..=64) => set >> (signo - 1) & 1 == 1,
            (Some(_), _) => false,
        }
    }
}

/// Was this made by our runtime library for itself?
pub(crate) fn is_own(event: &Event<'_>) -> bool {
    event.flags() & flag::INSTRUMENTATION != 0
}

/// A set of outcomes of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcomes {
    /// Returned without an error.
    pub successful: bool,
    /// Returned with an error.
    pub failed: bool,
    /// Did not return: the task ended inside (`exit_group` among them).
    pub unfinished: bool,
    /// Returned, but the result could not be read.
    pub unavailable: bool,
    /// Let go inside.
    pub detached: bool,
}

impl Default for Outcomes {
    fn default() -> Self {
        Outcomes::ALL
    }
}

impl Outcomes {
    /// Every outcome.
    pub const ALL: Outcomes =
        Outcomes { successful: true, failed: true, unfinished: true, unavailable: true, detached: true };
    /// No outcome.
    pub const NONE: Outcomes =
        Outcomes { successful: false, failed: false, unfinished: false, unavailable: false, detached: false };
    /// Only calls that succeeded (`-z`).
    pub const SUCCESSFUL: Outcomes = Outcomes { successful: true, ..Outcomes::NONE };
    /// Only calls that failed (`-Z`).
    pub const FAILED: Outcomes = Outcomes { failed: true, ..Outcomes::NONE };

    /// Is the outcome of this call in the set?
    pub fn take(&self, call: &Call<'_>) -> bool {
        if *self == Outcomes::ALL {
            return true;
        }
        match (call.returned(), call.errno()) {
            (true, None) => self.successful,
            (true, Some(_)) => self.failed,
            (false, _) if call.event.flags() & flag::DETACHED != 0 => self.detached,
            (false, _) => self.unfinished,
        }
    }
}
