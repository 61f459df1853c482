//! `chic-trace report`: a stored run, shown with the flags of a live one.

use recording::document::Brought;
use recording::file::{Read, Recording, State};
use recording::session::Header;
use recording::{Sink, SinkError, Tee};
use report::clusters::{ClusterTable, Grouped};
use report::document;
use report::summary::SortBy;

use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::Report;
use crate::clusters::Groups;
use crate::exit::{Code, Ending, say};
use crate::foreign;
use crate::message::{Problem, named, safe};
use crate::output::{Output, Where, cannot_open, is_our_closed_pipe, reason};
use crate::places::{Asked, Seen};
use crate::selection::Selection;
use crate::show::{self, Setting, USUAL_STRINGS};

/// Shows a recording, or what was brought in its place.
pub fn run(general: &General, mut ask: Report) -> Result<Ending, Problem> {
    foreign::tell(general, &ask.look);
    foreign::heed(general, &mut ask.look)?;
    match brought::open(&ask.file, &ask.reading)? {
        File::Recording => replayed(ask),
        File::Bytes(_) if ask.growing => Err(Problem::usage(format!(
            "cannot follow {}: it is no recording; only recordings are read while they grow",
            named(&ask.file)
        ))),
        File::Bytes(bytes) => shown(&ask, &bytes),
    }
}

/// Shows a document or a table.
fn shown(ask: &Report, bytes: &[u8]) -> Result<Ending, Problem> {
    let selection = Selection::of(&ask.calls)?;
    let refused =
        |flag| Err(Problem::usage(format!("cannot take {flag} for a document: it does not hold what that needs")));
    if selection.accesses().is_some() {
        return refused("-P or -e fd=");
    }
    if !ask.look.columns.is_empty() || !ask.look.overhead.is_zero() || matches!(ask.look.sort, SortBy::Other(_)) {
        return refused("-U, -O or -S by percentiles, bytes or cpu-time");
    }
    let groups = Groups::of(ask.look.clusters.as_ref())?;
    let brought = brought::read(&ask.file, bytes, &ask.reading)?;
    let to = Where::of(&ask.out, ask.look.format);
    if matches!(to, Where::PerTask(_)) {
        return Err(Problem::usage("cannot take -ff for a document: it is shown as one"));
    }
    let setting = Setting {
        follow: ask.follow_forks,
        own_file: matches!(to, Where::File(_) | Where::Pipe(_)),
        separately: false,
        on_stdout: to == Where::Stdout,
        strings: u64::MAX,
    };
    let output = Output::open_as(to, ask.look.format.is_whole(), ask.out.append)?;
    let form = show::form(&ask.look, &selection, setting, &output);
    let stderr = if ask.look.format.is_document() { Output::open(Where::Stderr, false).ok() } else { None };
    // What stands behind the form; nowhere when our standard error is closed.
    let beside = if ask.look.format.is_document() { stderr.as_ref() } else { Some(&output) };
    let to_beside = || beside.map(Output::destination).transpose().ok().flatten();
    let written = match &brought {
        Brought::Document(document) => document::show(document, &form, output.destination()?),
        Brought::Table(counts) => document::show_table(counts, output.destination()?),
    };
    let table = beside.and_then(|beside| show::table_behind(&ask.look, &selection, beside));
    let written = written.and_then(|()| match (&brought, table) {
        (Brought::Document(document), Some(table)) => {
            to_beside().map_or(Ok(()), |to| document::show(document, &table, to))
        }
        _ => Ok(()),
    });
    let written = written.and_then(|()| {
        let Some(groups) = groups else { return Ok(()) };
        let grouped = match &brought {
            Brought::Document(document) => Grouped::of_document(groups.clusters, document, &selection.shown()),
            Brought::Table(counts) => Grouped::of_table(groups.clusters, counts),
        };
        to_beside().map_or(Ok(()), |to| ClusterTable::new(grouped, to).print())
    });
    output.close(written.is_ok())?;
    match written {
        Ok(()) => {}
        Err(failure) if is_our_closed_pipe(&failure) => return Ok(Ending::BrokenPipe),
        Err(failure) => {
            let what = format!("cannot write {}: {}", failure.what, reason(&failure.source));
            return Err(Problem::new(Code::TRACER_FAILED, what));
        }
    }
    brought::tell(&ask.file, &brought, ask.look.verbose);
    Ok(Code::OK.into())
}

/// Replays the recording into the printers.
fn replayed(ask: Report) -> Result<Ending, Problem> {
    let Report { file, calls, look, out, follow_forks, growing, .. } = ask;
    let selection = Selection::of(&calls)?;
    let asked = Asked::of(&look)?;
    let opened = if growing { Recording::follow(&file) } else { Recording::open(&file) };
    let recording = opened.map_err(|error| cannot_open(&file, &error))?;
    let to = Where::of(&out, look.format);
    let setting = Setting {
        follow: follow_forks || recording.header().follow,
        own_file: matches!(to, Where::File(_) | Where::Pipe(_)),
        separately: matches!(to, Where::PerTask(_)),
        on_stdout: to == Where::Stdout,
        strings: strings_kept(recording.header()),
    };
    selection.tell(look.quiet);
    let groups = Groups::of(look.clusters.as_ref())?;
    let output = Output::open_as(to, look.format.is_whole(), out.append)?;
    let seen = Seen::default();
    let mut sinks = show::printers(&look, &selection, setting, &output, (&asked, &seen), groups.as_ref())?;
    let (read, failures) = replay(recording, &mut sinks);
    drop(sinks);
    output.close(failures.is_empty())?;
    match failures.first() {
        None => {}
        Some(failure) if is_our_closed_pipe(failure) => return Ok(Ending::BrokenPipe),
        Some(failure) => {
            let what = format!("cannot write {}: {}", failure.what, reason(&failure.source));
            return Err(Problem::new(Code::TRACER_FAILED, what)
                .hint(format!("{} events are in it; the recording is unharmed", failure.events_kept)));
        }
    }
    seen.missing(&asked).iter().for_each(|line| say(&format_args!("chic-trace: {}", safe(line))));
    if let Some(read) = read {
        tell(&named(&file), &read);
    }
    Ok(Code::OK.into())
}

fn replay(recording: Recording, sinks: &mut [Box<dyn Sink>]) -> (Option<Read>, Vec<SinkError>) {
    let mut tee = Tee::new();
    for sink in sinks {
        tee.push(&mut **sink);
    }
    match recording.replay(&mut tee) {
        Ok(read) => (Some(read), tee.into_failures()),
        Err(failure) => (None, vec![failure]),
    }
}

/// What is wrong with the recording: it is shown all the same, and never judged.
fn tell(name: &str, read: &Read) {
    let name = safe(name);
    match read.state {
        State::Complete => {}
        State::Incomplete { at_byte } => say(&format_args!(
            "chic-trace: {name} is incomplete: it ends at byte {at_byte} without saying how the run ended"
        )),
        State::Damaged => say(&format_args!("chic-trace: {name} is damaged: not all of it could be read")),
    }
    for note in &read.notes {
        say(&format_args!("chic-trace: {}", safe(note)));
    }
}

/// How much of a string the recording may hold: in golden mode streams are kept whole.
fn strings_kept(header: &Header) -> u64 {
    match &header.limits {
        Some(_) if header.golden => u64::MAX,
        Some(limits) => limits.data,
        None => USUAL_STRINGS,
    }
}
