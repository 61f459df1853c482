//! Writing: two spaces a level, keys in the order of the model, one line feed at the end.

use serde::Serialize;

use super::model::{Document, RunLog, Summary};

/// The text of a perf.json.
pub fn json(document: &Document) -> String {
    pretty(document)
}

/// The text of a perf.summary.json: the summary as it stands in the document.
pub fn summary_json(summary: &Summary) -> String {
    pretty(summary)
}

/// The text of a run log that stands alone.
pub fn run_log_json(log: &RunLog) -> String {
    pretty(log)
}

fn pretty(value: &impl Serialize) -> String {
    let mut text = bare(value);
    text.push('\n');
    text
}

/// Without the line feed. Nothing in the models can fail: keys are strings, numbers finite.
pub(super) fn bare(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
