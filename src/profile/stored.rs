//! Stored: the documents of a run that was recorded. Recordings hold tracepoints, calls and accounts, but no samples: times
//! of spans are wall times, and stacks are the paths of spans.

use std::ffi::OsString;
use std::path::Path;

use recording::file::{Recording, State};
use report::perf::timeline::Reported;

use super::facts::Facts;
use super::gather::{Gather, Wanted};
use super::run::reported;
use super::settings::Settings;
use crate::message::{Problem, named, safe};
use crate::output::{cannot_open, reason};

/// Reads a recording to its end.
///
/// # Errors
/// It can't be read, or holds no program from its beginning on.
pub fn of_recording(path: &Path) -> Result<Reported, Problem> {
    let recording = Recording::open(path).map_err(|error| cannot_open(path, &error))?;
    let header = recording.header().clone();
    let settings = Settings::of_recording(&header.machine)?;
    let calls = header.filter.is_none();
    let wanted = Wanted { calls, alone: !header.follow, ..Wanted::default() };
    let mut gather = Gather::new(wanted, Box::new(|| ()));
    let read = recording
        .replay(&mut gather)
        .map_err(|failure| Problem::usage(format!("cannot read {}: {}", named(path), reason(&failure.source))))?;
    if !gather.has_begun() {
        return Err(Problem::usage(format!("cannot make a profile of {}: no program begins in it", named(path)))
            .hint("a recording of a process that was attached to has no time at which the run began"));
    }
    gather.missing.extend(read.notes.iter().map(|note| ("events".to_owned(), safe(note))));
    let argv: Vec<OsString> = header.argv.iter().map(OsString::from).collect();
    let root_status = read.trailer.as_ref().and_then(|trailer| trailer.root_status);
    let facts = Facts {
        settings: &settings,
        argv: &argv,
        started_ms: header.start.realtime_ns / 1_000_000,
        status: root_status.and_then(tracer::Status::of_wait),
        calls,
        host: None,
        engines: header.engines.clone(),
        incomplete: match read.state {
            State::Complete => None,
            State::Incomplete { .. } => Some("the recording has no trailer".to_owned()),
            State::Damaged => Some("not all of the recording can be read".to_owned()),
        },
    };
    Ok(reported(&facts, gather, None))
}
