//! Answers: what the calls of a run say of a rule, before anybody asks what was not seen.

use crate::finding::{Findings, Shown};

/// What was seen of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Was it kept?
    pub kept: Kept,
    /// What was counted.
    pub value: u64,
    /// What it is held against.
    pub budget: u64,
    /// Unit of both.
    pub unit: &'static str,
    /// The calls that made it.
    pub found: Shown,
    /// In words.
    pub message: String,
}

/// Was a rule kept, as far as can be seen?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing that was seen speaks against it; what was not seen could.
    Yes,
    /// Whatever else was done, it was kept.
    Surely,
    /// What was seen violates it.
    Broken,
    /// Something that had to be there was not seen.
    Lacking,
    /// What was seen can't be judged, and why.
    Unknown(String),
}

impl Answer {
    /// Of a rule that allows at most so much.
    pub fn at_most(value: u64, budget: u64, unit: &'static str, what: &str, found: Findings) -> Answer {
        let broken = value > budget;
        let message = if broken {
            format!("{what}: {value} exceeds maximum {budget}")
        } else {
            format!("{what}: {value} <= {budget}")
        };
        let found = if broken { found.into_shown() } else { Shown::default() };
        Answer { kept: if broken { Kept::Broken } else { Kept::Yes }, value, budget, unit, found, message }
    }

    /// The same, when something was not seen that it needs: what was seen and violates stays.
    pub fn with_gap(self, gap: Option<String>) -> Answer {
        match (gap, &self.kept) {
            (Some(why), Kept::Yes | Kept::Lacking | Kept::Unknown(_)) => Answer { kept: Kept::Unknown(why), ..self },
            _ => self,
        }
    }

    /// Of a rule that allows none of what was found.
    pub fn none_of(found: Findings, what: &str) -> Answer {
        let total = found.total;
        let message = if total == 0 { format!("no {what}") } else { format!("{what}: {total}") };
        let kept = if total == 0 { Kept::Yes } else { Kept::Broken };
        Answer { kept, value: total, budget: 0, unit: "calls", found: found.into_shown(), message }
    }
}
