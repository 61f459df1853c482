//! `chic-trace seed`: the seeds of the random streams of a run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use report::perf::{BadDocument, Event, EventKind, Read, RunLog, Stream, read, read_run_log};
use serde::Serialize;

use crate::cli::perf::Seed;
use crate::exit::{Code, Ending};
use crate::message::{Problem, named, safe};
use crate::output::{print, reason};
use crate::perf;

#[derive(Serialize)]
struct Row<'a> {
    stream: u64,
    seed: &'a str,
}

/// Reads, sorts, prints.
pub fn run(ask: &Seed) -> Result<Ending, Problem> {
    if let Some([a, b]) = &ask.compare {
        return compare((a, &log(a, ask)?), (b, &log(b, ask)?));
    }
    let log = log(&ask.file, ask)?;
    let mut streams: Vec<&Stream> = log.rng_streams.iter().collect();
    streams.sort_by_key(|stream| stream.id);
    print(&if ask.json { json(&streams) } else { text(ask, &streams) })
}

/// The run log that stands alone, or that of a run in a document.
fn log(path: &Path, ask: &Seed) -> Result<RunLog, Problem> {
    let bytes = perf::bytes(path)
        .map_err(|error| Problem::usage(format!("failed to read run log {}: {}", named(path), reason(&error))))?;
    let undecoded = |bad: &BadDocument| {
        let problem = Problem::usage(format!("failed to decode run log {}: {bad}", named(path)));
        bad.hint.map_or(problem.clone(), |hint| problem.hint(hint))
    };
    let alone = match read_run_log(&bytes) {
        Ok(Read { document, notes }) => {
            perf::say_notes(path, &notes);
            return Ok(document);
        }
        Err(bad) => bad,
    };
    let in_streams = alone.spot.as_ref().is_some_and(|spot| spot.pointer.starts_with("/rng_streams/"));
    if in_streams {
        return Err(undecoded(&alone));
    }
    let Read { document, notes } = read(&bytes).map_err(|bad| undecoded(&bad))?;
    perf::say_notes(path, &notes);
    let profile = perf::profile(path, &document, ask.profile.as_deref())
        .map_err(|problem| Problem { code: Code::USAGE, ..problem })?;
    let run = document.runs.iter().find(|run| run.profile == profile);
    run.and_then(|run| run.run_log.clone())
        .ok_or_else(|| Problem::usage(format!("profiling run {profile} does not include RNG data")))
}

/// Says what differs first: a stream, its seed or one of its events.
fn compare(a: (&Path, &RunLog), b: (&Path, &RunLog)) -> Result<Ending, Problem> {
    let ids: BTreeSet<u64> = [a.1, b.1].iter().flat_map(|log| &log.rng_streams).map(|stream| stream.id).collect();
    let difference = ids.iter().find_map(|id| {
        let of = |log: &'_ RunLog| log.rng_streams.iter().position(|stream| stream.id == *id);
        let (in_a, in_b) = (of(a.1), of(b.1));
        let stream = |(log, at): (&RunLog, Option<usize>)| at.and_then(|at| log.rng_streams.get(at)).cloned();
        let what = match (stream((a.1, in_a)), stream((b.1, in_b))) {
            (Some(left), Some(right)) => differs(&left, &right, named(a.0), named(b.0))?,
            (left, _) => format!("it is only in {}", named(if left.is_some() { a.0 } else { b.0 })),
        };
        Some(format!("stream {id:016x}: {what}"))
    });
    match difference {
        Some(what) => print(&format!("{what}\n")).map(|ending| match ending {
            Ending::Code(_) => Code::FAILED.into(),
            ending => ending,
        }),
        None => print(&format!("the same: {} streams\n", ids.len())),
    }
}

fn differs(a: &Stream, b: &Stream, in_a: String, in_b: String) -> Option<String> {
    if a.seed != b.seed {
        return Some(format!("seed {} in {in_a}, {} in {in_b}", a.seed_hex, b.seed_hex));
    }
    let words = |event: Option<&Event>| match event.map(|event| event.kind) {
        None => "nothing".to_owned(),
        Some(EventKind::Next { bits }) => format!("next {bits}"),
        Some(EventKind::Advance { by }) => format!("advance {by}"),
        Some(EventKind::Split { child }) => format!("split {child:016x}"),
    };
    let most = a.events.len().max(b.events.len());
    let (left, right) = (|at| a.events.get(at), |at| b.events.get(at));
    let at = (0..most).find(|at| left(*at).map(|event| event.kind) != right(*at).map(|event| event.kind));
    if let Some(at) = at {
        return Some(format!("event {at}: {} in {in_a}, {} in {in_b}", words(left(at)), words(right(at))));
    }
    let dropped = |stream: &Stream| stream.dropped_events.unwrap_or(0);
    (dropped(a) != dropped(b))
        .then(|| format!("{} further events were not kept in {in_a}, {} in {in_b}", dropped(a), dropped(b)))
}

fn text(ask: &Seed, streams: &[&Stream]) -> String {
    let profile = ask.profile.as_ref().map(|name| format!(" ({})", safe(name))).unwrap_or_default();
    let mut out = format!("rng seeds from {}{profile}:\n", named(&ask.file));
    if streams.is_empty() {
        out.push_str("  (no rng streams recorded)\n");
    }
    for stream in streams {
        let _ = writeln!(out, "  stream {:016x}: {}", stream.id, stream.seed_hex);
    }
    out
}

fn json(streams: &[&Stream]) -> String {
    let rows: Vec<Row<'_>> = streams.iter().map(|stream| Row { stream: stream.id, seed: &stream.seed_hex }).collect();
    // Nothing in it can fail: numbers and plain texts.
    serde_json::to_string_pretty(&rows).map(|text| text + "\n").unwrap_or_default()
}
