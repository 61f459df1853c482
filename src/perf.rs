//! The perf.json family: files that are read and written, and what of a document is judged.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use assertions::perf::{Measure, Side};
use recording::document::LARGEST;
use report::perf::{BadDocument, Document, Metric, Read, Run, read};

use crate::exit::{Code, say};
use crate::message::{Problem, named, safe};
use crate::output::{Output, Where, cannot_write, reason};

/// All bytes of a file.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("more than {LARGEST} bytes, which are not read")));
    }
    Ok(bytes)
}

/// The same, with a complaint.
pub fn taken(path: &Path) -> Result<Vec<u8>, Problem> {
    bytes(path).map_err(|error| unread(path, &reason(&error), None))
}

/// Reads a document; what was repaired is said.
pub fn document(path: &Path) -> Result<Document, Problem> {
    parsed(path, &taken(path)?)
}

/// The document of these bytes of a file; what was repaired is said.
pub fn parsed(path: &Path, bytes: &[u8]) -> Result<Document, Problem> {
    let Read { document, notes } = read(bytes).map_err(|bad| unread(path, &bad.to_string(), Some(&bad)))?;
    say_notes(path, &notes);
    Ok(document)
}

/// What a file could not be read for.
fn unread(path: &Path, why: &str, bad: Option<&BadDocument>) -> Problem {
    let problem = Problem::usage(format!("cannot read {}: {why}", named(path)));
    match bad.and_then(|bad| bad.hint) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// Says what was repaired in a document.
pub fn say_notes(path: &Path, notes: &[String]) {
    for note in notes {
        say(&format_args!("chic-trace: {}: {}", named(path), safe(note)));
    }
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let output = Output::open(Where::File(path.to_owned()), true)?;
    let written = output.stream()?.write_all(bytes);
    output.close(written.is_ok())?;
    written.map_err(|error| cannot_write(path, &error))
}

/// The name of the profile that is meant: the one asked for, or that of the first run.
pub fn profile<'a>(path: &Path, document: &'a Document, asked: Option<&'a str>) -> Result<&'a str, Problem> {
    let Some(first) = document.runs.first() else {
        let what = format!("perf snapshot for target {} is missing run data", document.target);
        return Err(Problem::new(Code::NOTHING_TO_JUDGE, what));
    };
    let Some(asked) = asked else { return Ok(&first.profile) };
    if document.runs.iter().any(|run| run.profile == asked) {
        return Ok(asked);
    }
    let mut known: Vec<&str> = Vec::new();
    document.runs.iter().map(|run| run.profile.as_str()).for_each(|name| {
        if !known.contains(&name) {
            known.push(name);
        }
    });
    Err(Problem::usage(format!("cannot take profile {asked:?} of {}: it holds none of this name", named(path)))
        .hint(format!("it holds {}", known.join(", "))))
}

/// What is compared of a document.
pub fn side(path: &Path, document: &Document, asked: Option<&str>) -> Result<Side, Problem> {
    let profile = profile(path, document, asked)?;
    let runs: Vec<&Run> = document.runs.iter().filter(|run| run.profile == profile).collect();
    let source = |run: &&Run| run.meta.as_ref().map(|meta| meta.cpu_source.word());
    let mut sources = runs.iter().filter_map(source);
    let first = sources.next();
    if let Some(other) = sources.find(|other| Some(*other) != first) {
        let what =
            format!("cannot judge {}: times of its runs are {}, and {other}", named(path), first.unwrap_or(other));
        return Err(Problem::usage(what).hint("they can't be compared: keep them in documents of their own"));
    }
    let mut measures: Vec<Measure> = Vec::new();
    let mut numbers = std::collections::HashMap::new();
    for metric in runs.iter().flat_map(|run| &run.metrics) {
        let number = *numbers.entry(metric.trace_id).or_insert(measures.len());
        match measures.get_mut(number) {
            Some(measure) => add(measure, metric),
            None => measures.push(measure(metric)),
        }
    }
    Ok(Side {
        profile: profile.to_owned(),
        target: document.target.clone(),
        cpu_source: first.map(String::from),
        runs: runs.len(),
        measures,
    })
}

fn measure(metric: &Metric) -> Measure {
    Measure {
        id: metric.trace_id,
        label: metric.label.clone(),
        cpu_us: vec![metric.cpu_us.get()],
        calls: metric.calls,
        budget_cpu_us: metric.budget_cpu_us,
        budget_gpu_us: metric.budget_gpu_us,
        budget_mem_bytes: metric.budget_mem_bytes,
        mem_bytes: metric.mem_bytes,
        budget_io_bytes: metric.budget_io_bytes,
        io_bytes: metric.io_bytes,
    }
}

/// Adds a further run: the worst of memory and I/O and the strictest budgets hold.
fn add(measure: &mut Measure, metric: &Metric) {
    let strictest = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
    measure.cpu_us.push(metric.cpu_us.get());
    measure.calls = measure.calls.zip(metric.calls).map(|(a, b)| a.saturating_add(b));
    measure.mem_bytes = measure.mem_bytes.max(metric.mem_bytes);
    measure.io_bytes = measure.io_bytes.max(metric.io_bytes);
    measure.budget_cpu_us = strictest(measure.budget_cpu_us, metric.budget_cpu_us);
    measure.budget_gpu_us = strictest(measure.budget_gpu_us, metric.budget_gpu_us);
    measure.budget_mem_bytes = strictest(measure.budget_mem_bytes, metric.budget_mem_bytes);
    measure.budget_io_bytes = strictest(measure.budget_io_bytes, metric.budget_io_bytes);
}
