//! A document as rows: CSV and the HTML page.

use recording::SinkError;
use recording::document::{Call, Document, Outcome};

use super::text::arguments;
use super::words::{Printed, printable};
use super::{table, takes};
use crate::args::Style;
use crate::digits;
use crate::output::Stream;
use crate::rows::{Cells, Layout, RowOptions, Whole};
use crate::stacks::harmless;

/// Writes the rows.
pub(super) fn write(
    to: &mut Stream,
    document: &Document<'_>,
    layout: &dyn Layout,
    options: &RowOptions,
) -> Result<(), SinkError> {
    let command: Vec<Vec<u8>> = document.command.iter().flatten().map(|word| word.as_bytes().to_vec()).collect();
    layout.opening(to.buffer(), &command);
    let style = Style::of_text(&options.text);
    let (mut cells, mut whole) = (Cells::default(), Whole::default());
    for call in document.calls.iter().filter(|call| takes(&options.text.shown, call)) {
        fill(&mut cells, document, call, options, &style);
        whole.calls += 1;
        whole.errors += u64::from(cells.failed);
        layout.row(to.buffer(), &cells);
        to.event_written()?;
    }
    whole.rows = options.table.map(|by_name| table::rows(document, by_name.sort, &options.text.shown, by_name.spread));
    whole.incomplete = (!document.is_complete()).then(|| document.incomplete.join("; "));
    layout.closing(to.buffer(), &whole);
    Ok(())
}

fn fill(cells: &mut Cells, document: &Document<'_>, call: &Call<'_>, options: &RowOptions, style: &Style) {
    cells.clear();
    let printed = Printed::of(document, call);
    printable(&mut cells.name, &call.name);
    arguments(&mut cells.arguments, &printed, &options.text, style);
    if let Outcome::Returned(result) = call.outcome {
        cells.result = Some(result);
        cells.failed = call.errno().is_some();
        printed.result(&mut cells.outcome, style);
        cells.drop_equals();
    }
    cells.took_ns = call.duration_ns.filter(|_| options.text.duration.is_some());
    if let Some(source) = call.source.as_ref().filter(|_| options.source) {
        harmless(&mut cells.source, &source.file);
        if let Some(line) = source.line {
            cells.source.push(b':');
            digits::dec(&mut cells.source, line);
        }
        if let Some(function) = &source.function {
            cells.source.extend_from_slice(b" in ");
            harmless(&mut cells.source, function);
        }
    }
}
