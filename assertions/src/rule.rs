//! Rules: what `renacer.toml` asks of a run.

use regex::{Regex, RegexBuilder};

/// Bytes of a compiled pattern.
const PATTERN_LIMIT: usize = 1 << 20;

/// One rule of the file.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the file.
    pub name: String,
    /// Its type as the file says it.
    pub kind: String,
    /// Does it fail the run (`fail_on_violation`)?
    pub fails: bool,
    /// Is it judged (`enabled`)?
    pub enabled: bool,
    /// Its line in the file.
    pub line: usize,
    /// What it asks.
    pub check: Check,
}

/// What a rule asks.
#[derive(Debug, Clone)]
pub enum Check {
    /// At most so many calls whose name matches.
    SpanCount {
        /// The budget.
        max: u64,
        /// Unanchored, over names of calls; all calls when absent.
        pattern: Option<Regex>,
    },
    /// Wall time from exec to end of the root, in runs without tracing.
    CriticalPath {
        /// The budget in ms.
        max_ms: u64,
        /// Unanchored, over the name of the run.
        pattern: Option<Regex>,
    },
    /// Known, read and checked, but not judged by this version.
    NotJudged,
}

/// Compiles a pattern within the limits of untrusted files.
pub fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_LIMIT).build().map_err(|error| {
        // The library draws its own picture over several lines; its last one says what is wrong.
        let text = error.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").trim().to_owned()
    })
}
