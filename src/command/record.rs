//! `chic-trace record`: a live run, stored.

use std::io::{self, IsTerminal};

use recording::Sink;
use recording::file::{WriteOptions, Writer};

use crate::cli::ask::{Quiet, Record};
use crate::exit::Ending;
use crate::herald::Herald;
use crate::message::Problem;
use crate::output::{self, Output, Where};
use crate::selection::Selection;
use crate::{plan, session};

/// Runs, stores, and ends as the program ended.
pub fn run(ask: Record) -> Result<Ending, Problem> {
    let Record { target, calls, session, to, strings, notes, golden, stacks, cpu_time } = ask;
    let selection = Selection::of(&calls)?;
    if golden && selection.text().is_some() {
        return Err(Problem::usage("cannot take -e trace= together with --golden: a golden stands on every call"));
    }
    if golden && let Some(flags) = selection.tampered() {
        return Err(Problem::usage(format!(
            "cannot take {flags} together with --golden: a golden stands on what the program does, not on what is done to it"
        )));
    }
    selection.tell(Quiet::default());
    let to = Where::named(&to);
    let mut plan = plan::stored(target, &selection, &session, strings, notes, golden, to == Where::Stdout);
    plan.call_stacks = stacks;
    plan.limits.cpu_time = cpu_time;
    // What a golden says of the files that a program made is left to what it does by itself.
    if !golden {
        plan::take_tracepoints(&mut plan);
    }
    let mut behind = session::stand_behind(&plan)?;
    let (writer, stream) = writer(to)?;
    plan.helpers.extend(stream.as_ref().and_then(Output::helper));
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(writer)];
    if !plan.attach.is_empty() {
        sinks.push(Box::new(Herald));
    }
    let ran = session::run(&plan, &mut behind, &mut sinks)?;
    drop(sinks);
    if let Some(stream) = stream {
        ran.close(stream)?;
    }
    ran.ending_behind(behind, Quiet::default())
}

/// A file belongs to the writer alone; a stream is ours to close behind it.
fn writer(to: Where) -> Result<(Writer, Option<Output>), Problem> {
    if let Where::File(path) = &to {
        return Ok((output::recording(path)?, None));
    }
    if to == Where::Stdout && io::stdout().is_terminal() {
        return Err(Problem::usage("cannot write a recording to a terminal: it is no text")
            .hint("name a file with -o, or send the output on with > or |"));
    }
    let stream = Output::open(to, false)?;
    let writer = Writer::stream(Box::new(stream.stream()?), &stream.name, WriteOptions::default());
    Ok((writer, Some(stream)))
}
