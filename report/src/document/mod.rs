//! Documents that people bring, shown: what is known of their calls, and nothing else.
//!
//! In: a `recording::document::Document`. Out: strace's text, the document as we write it, its lines, CSV, an HTML
//! page, the table.
//!
//! This is a view of its own, not a stream of raw events made up from the document: an event has six words and
//! the memory behind them, and can't say that one of them is not known; the text of a structure can't be turned
//! into memory without guessing. What is a word is printed by the printers of raw calls all the same.

mod json;
mod rows;
mod table;
mod text;
mod words;

use recording::SinkError;
use recording::document::{Call, Document, Outcome, Table};

use crate::csv::{CountOptions, Csv, write_counts};
use crate::html::Html;
use crate::json::JsonOptions;
use crate::rows::RowOptions;
use crate::shown::Outcomes;
use crate::summary::SummaryOptions;
use crate::text::TextOptions;
use crate::{Destination, Shown};

/// How it is shown.
#[derive(Debug, Clone)]
pub enum Form {
    /// strace's text.
    Text(TextOptions),
    /// The document.
    Json(JsonOptions),
    /// Its lines.
    JsonLines(JsonOptions),
    /// A CSV of the calls.
    Csv(RowOptions),
    /// A CSV of their counts.
    Counts(CountOptions),
    /// An HTML page.
    Html(RowOptions),
    /// The table of counts.
    Summary(SummaryOptions),
}

/// Shows a document.
///
/// # Errors
/// [`SinkError`] when it could not be written.
pub fn show(document: &Document<'_>, form: &Form, to: Destination) -> Result<(), SinkError> {
    let mut stream = to.into_stream();
    match form {
        Form::Text(options) => text::write(&mut stream, document, options)?,
        Form::Json(options) => json::document(&mut stream, document, options)?,
        Form::JsonLines(options) => json::lines(&mut stream, document, options)?,
        Form::Csv(options) => rows::write(&mut stream, document, &Csv::of(options), options)?,
        Form::Counts(options) => {
            let rows = table::rows(document, options.table.sort, &options.shown, options.table.spread);
            write_counts(stream.buffer(), rows, options);
        }
        Form::Html(options) => rows::write(&mut stream, document, &Html::of(options), options)?,
        Form::Summary(options) => table::of_calls(stream.buffer(), document, options),
    }
    stream.flush()
}

/// Shows a table.
///
/// # Errors
/// [`SinkError`] when it could not be written.
pub fn show_table(table: &Table, to: Destination) -> Result<(), SinkError> {
    let mut stream = to.into_stream();
    table::of_table(stream.buffer(), table);
    stream.flush()
}

/// Was this call asked for?
pub(crate) fn takes(shown: &Shown, call: &Call<'_>) -> bool {
    let named = shown.calls.as_ref().is_none_or(|filter| match call.nr {
        Some(nr) => filter.takes(call.abi, nr),
        None => filter.takes_name(&call.name),
    });
    named && takes_outcome(shown.outcomes, call)
}

fn takes_outcome(outcomes: Outcomes, call: &Call<'_>) -> bool {
    match (call.outcome, call.errno()) {
        (Outcome::NotKnown, _) => outcomes.unavailable,
        (Outcome::NoReturn, _) => outcomes.unfinished || outcomes.detached,
        (Outcome::Returned(_), Some(_)) => outcomes.failed,
        (Outcome::Returned(_), None) => outcomes.successful,
    }
}
