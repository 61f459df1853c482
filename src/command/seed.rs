//! `chic-trace seed`: the seeds of the random streams of a run.

use std::fmt::Write as _;

use report::perf::{BadDocument, Read, RunLog, Stream, read, read_run_log};
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
    let log = log(ask)?;
    let mut streams: Vec<&Stream> = log.rng_streams.iter().collect();
    streams.sort_by_key(|stream| stream.id);
    print(&if ask.json { json(&streams) } else { text(ask, &streams) })
}

/// The run log that stands alone, or that of a run in a document.
fn log(ask: &Seed) -> Result<RunLog, Problem> {
    let path = &ask.file;
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
