//! Show: a check as text for people, as JSON for programs, as JUnit for CI.
//!
//! In: names of goldens and what became of their comparisons. Out: text that is safe to print whatever the
//! target was called or wrote.

use crate::verdict::Comparison;

mod json;
mod junit;
mod text;

pub use json::json;
pub use junit::{escaped as xml_text, junit};
pub use text::text;

/// One golden and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Its name.
    pub name: &'a str,
    /// The comparison.
    pub comparison: &'a Comparison,
    /// The golden that would make it pass, when one was written.
    pub pending: Option<&'a str>,
    /// How to accept it, a command.
    pub accept: Option<&'a str>,
}
