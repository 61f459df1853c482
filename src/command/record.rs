//! `chic-trace record`: a live run, stored.

use recording::Sink;
use recording::file::{WriteOptions, Writer};

use crate::cli::ask::{Quiet, Record};
use crate::exit::{Code, Ending};
use crate::message::Problem;
use crate::selection::Selection;
use crate::{plan, session};

/// Runs, stores, and ends as the program ended.
pub fn run(ask: Record) -> Result<Ending, Problem> {
    let Record { target, calls, session, to, strings, notes, golden } = ask;
    let selection = Selection::of(&calls)?;
    if golden && selection.text().is_some() {
        return Err(Problem::usage("cannot take -e trace= together with --golden: a golden stands on every call"));
    }
    let plan = plan::stored(target, &selection, &session, strings, notes, golden);
    let behind = session::stand_behind(&plan)?;
    let writer = Writer::create(&to, WriteOptions::default())
        .map_err(|error| Problem::new(Code::TRACER_FAILED, error.to_string()))?;
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(writer)];
    let ran = session::run(&plan, &mut sinks)?;
    drop(sinks);
    ran.ending_behind(behind, Quiet::default())
}
