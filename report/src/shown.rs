//! Shown: which events of the stream the user asked to see. The same rule for every printer, so
//! that text, documents and tables of one run count the same calls.

/// A selection of events. The default shows everything but what the tracer keeps for itself.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Signals shown (`-e signal=`): bit N-1 is signal N. `None` is all.
    pub signals: Option<u64>,
    /// Outcomes shown (`-e status=`, `-z`, `-Z`).
    pub outcomes: Outcomes,
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
}
