//! Import: a golden of level `outcome` from one document.

use recording::document::Document;

use super::told;
use crate::learn::{HeaderFacts, Learned, Refused, learn, percent};
use crate::model::{Level, ProcKey};
use crate::options::Options;
use crate::value::Value;

/// Least percentage of the calls that a golden asserts unless it is said otherwise.
const LEAST_ASSERTED: u64 = 60;

/// A golden that was made from a document.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The golden and its contents.
    pub learned: Learned,
    /// Facts that it asserts.
    pub asserted: u64,
    /// Calls of the document.
    pub calls: u64,
    /// `renacer 0.6.2`.
    pub from: String,
}

impl Imported {
    /// `asserts 3 of 69 steps (4 %), imported from renacer 0.6.2`.
    pub fn summary(&self) -> String {
        let (asserted, calls) = (self.asserted, self.calls);
        format!("asserts {asserted} of {calls} steps ({} %), imported from {}", percent(asserted, calls), self.from)
    }
}

/// Why no golden was made.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// It is never judged.
    #[error("it is incomplete: {0}")]
    Incomplete(String),
    /// There is nothing in it.
    #[error("it holds no calls")]
    Empty,
    /// Too little would be asserted.
    #[error("a golden of it asserts {asserted} of {calls} steps ({} %), less than 60 %", percent(*asserted, *calls))]
    TooLoose {
        /// Facts.
        asserted: u64,
        /// Calls.
        calls: u64,
    },
    /// Learning refused.
    #[error("{0}")]
    Refused(Refused),
}

/// A golden of level `outcome` from one document. What it does not say stands in notes and is not asserted.
///
/// # Errors
/// [`NotImported`].
pub fn import(document: &Document<'_>, options: &Options) -> Result<Imported, NotImported> {
    if !document.is_complete() {
        return Err(NotImported::Incomplete(document.incomplete.join("; ")));
    }
    if document.calls.is_empty() {
        return Err(NotImported::Empty);
    }
    let options = Options { level: Level::Outcome, single: true, ..options.clone() };
    let mut told = told(document, &options);
    let unknown = told.form.gaps.drain(..).map(|gap| format!("not known: {}", gap.why));
    told.form.notes.extend(unknown);
    if !told.knows.argv {
        any_program(&mut told.form.processes);
        told.form.argv = vec![Value::from_syntax("*")];
    }
    let loose = Options { accept_loose: true, ..options.clone() };
    let mut learned = learn(&[told.form], &loose, HeaderFacts::default()).map_err(NotImported::Refused)?;
    // A document does not tell the machine that it was made on.
    learned.golden.header.seen.clear();
    let (asserted, calls) = (learned.golden.header.asserts.0.min(told.calls), told.calls);
    if percent(asserted, calls) < LEAST_ASSERTED && !options.accept_loose {
        return Err(NotImported::TooLoose { asserted, calls });
    }
    Ok(Imported { learned, asserted, calls, from: document.writer() })
}

/// The root runs anything with any arguments.
fn any_program(processes: &mut [crate::form::FormProcess]) {
    let root = ProcKey("P".into());
    for process in processes.iter_mut().filter(|process| process.key == root) {
        process.exe = Value::from_syntax("*");
        process.args = vec![Value::from_syntax("*")];
    }
}
