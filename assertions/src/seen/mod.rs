//! What is seen of one traced run, or of a recording: only what the rules of a file ask for is looked at.
//!
//! In: the rules, and the events through [`recording::Sink`]. Out: [`Seen`]. Not for: verdicts, which need
//! several runs and budgets (see `judge`).

mod answer;
mod bounds;
mod brought;
mod calls;
mod chain;
mod crowd;
mod durable;
mod loops;
mod made;
mod memory;
mod meter;
mod objects;
mod paths;
mod ranges;
mod reads;
mod watcher;
mod writes;

use std::collections::BTreeMap;

pub(crate) use answer::{Answer, Kept};
pub(crate) use bounds::Bounds;
pub use brought::of_document;
pub(crate) use chain::Link;
pub(crate) use crowd::Member;
pub(crate) use loops::Loop;
pub use watcher::Watcher;

use crate::count::CallCounts;
use crate::expression::Metered;
use crate::file::Configuration;
use crate::finding::Findings;
use crate::judge::Peak;
use crate::rule::{Check, Pattern, Question};

/// What has to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Rules about calls, by their number in the file.
    questions: Vec<(usize, Question)>,
    /// Functions in expressions, by the number of the rule.
    metered: Vec<(usize, Vec<Metered>)>,
    memory: bool,
    loops: bool,
    chain: bool,
}

impl Watch {
    /// What the rules that are judged for the run of this name look at.
    pub fn of(configuration: &Configuration, run: &str) -> Watch {
        let mut watch = Watch::default();
        for (at, rule) in configuration.rules.iter().enumerate() {
            if !rule.enabled || !rule.applies(run) {
                continue;
            }
            match &rule.check {
                Check::Asked(question) => watch.questions.push((at, question.clone())),
                Check::Custom(expression) => {
                    watch.memory |= expression.metrics().contains(&crate::expression::Metric::AllocBytes);
                    watch.metered.push((at, expression.metered.clone()));
                }
                Check::Allocations { .. } => watch.memory = true,
                Check::AntiPattern { pattern: Pattern::TightLoop, .. } => watch.loops = true,
                Check::CriticalPath { .. } => watch.chain = true,
                _ => {}
            }
        }
        watch
    }

    /// Counts only.
    pub fn counts() -> Watch {
        Watch::default()
    }

    /// Is it asked what calls are about? Then a run is best recorded in golden mode, in which the kernel is asked
    /// for names and for what stood under them.
    pub fn needs_objects(&self) -> bool {
        self.questions.iter().any(|(_, question)| question.asks.needs_objects())
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Calls by name, and what is missing.
    pub counts: CallCounts,
    /// Answers to rules about calls, by the number of the rule.
    pub(crate) answers: BTreeMap<usize, Answer>,
    /// Values of the functions of an expression, by the number of its rule.
    pub(crate) meters: BTreeMap<usize, Vec<Result<f64, String>>>,
    /// Peak of private anonymous memory and the calls that made it grow, where it was asked for.
    pub(crate) allocations: Option<Result<(u64, Findings), String>>,
    /// Tight loops.
    pub(crate) loops: Vec<Loop>,
    /// Why there may be others.
    pub(crate) loops_unknown: Option<String>,
    /// Processes with their calls.
    pub(crate) members: Vec<Member>,
    /// Opens of GPU devices: the first path, and how many.
    pub(crate) gpu: Option<(String, u64)>,
    /// The chain of tasks that determined the end of the root.
    pub(crate) chain: Vec<Link>,
    /// What the kernel and the events say of the whole run.
    pub(crate) bounds: Bounds,
}

impl Seen {
    /// Bytes that moved out of objects, and into them.
    pub fn bytes(&self) -> (u64, u64) {
        (self.bounds.bytes_read, self.bounds.bytes_written)
    }

    /// How the root ended: its status, 128 + n when signal n ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.bounds.exit_code
    }

    /// The largest process by its peak resident set.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn peak(&self) -> Result<Peak, String> {
        self.bounds.resident.clone().ok_or_else(|| "the memory of no process was seen".into())
    }
}
