//! Why a set can't be read: the word, and the nearest that could have been meant.

use super::MAX_PATTERNS;
use crate::numbers::NUMBERS;

/// Why a filter can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No word at all.
    #[error("an empty set of calls; `none` takes none, `all` takes all")]
    Empty,
    /// A word is missing between two commas, or behind `!` or `?`.
    #[error("a word is missing in `{text}`")]
    MissingWord {
        /// The whole set.
        text: String,
    },
    /// No such call.
    #[error("there is no call `{word}`{}", meant(nearest))]
    UnknownCall {
        /// The word as it was written.
        word: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// No such class.
    #[error("there is no class `{word}`{}", meant(nearest))]
    UnknownClass {
        /// The word as it was written.
        word: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// The call exists, but not in this ABI.
    #[error("there is no call `{word}` in this ABI")]
    NotInAbi {
        /// The word as it was written.
        word: String,
    },
    /// No such ABI.
    #[error("there is no ABI `{abi}` (in `{word}`); it is 64, 32 or x32")]
    UnknownAbi {
        /// What stands behind `@`.
        abi: String,
        /// The word as it was written.
        word: String,
    },
    /// Not a number of a call.
    #[error("`{word}` is no number of a call; these go from 0 to {}", NUMBERS - 1)]
    Number {
        /// The word as it was written.
        word: String,
    },
    /// A pattern that is none.
    #[error("`{word}` is not a pattern: {why}")]
    Pattern {
        /// The word as it was written.
        word: String,
        /// What the pattern compiler says, on one line.
        why: String,
    },
    /// A pattern that no name matches.
    #[error("no call's name matches `{word}`")]
    NoMatch {
        /// The word as it was written.
        word: String,
    },
    /// More patterns than anybody needs.
    #[error("more than {MAX_PATTERNS} patterns")]
    TooManyPatterns,
    /// No such signal.
    #[error("there is no signal `{word}`{}", meant(nearest))]
    UnknownSignal {
        /// The word as it was written.
        word: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
}

impl FilterError {
    /// Is it only that this kernel or this table has no such thing, which `?` allows?
    pub(super) fn is_absence(&self) -> bool {
        use FilterError::{NoMatch, NotInAbi, Number, UnknownCall, UnknownClass};
        matches!(self, UnknownCall { .. } | UnknownClass { .. } | NotInAbi { .. } | Number { .. } | NoMatch { .. })
    }
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|word| format!("; the nearest is `{word}`")).unwrap_or_default()
}
