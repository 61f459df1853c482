//! `--clusters FILE`: groups of calls, read once, counted behind `-c` or for both sides of `compare`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use recording::document::{self, Brought};
use recording::file::Recording;
use report::Shown;
use report::clusters::{Cluster, Count, Grouped, IsMeant};

use crate::brought::{self, File};
use crate::cli::ask::Compare;
use crate::exit::say;
use crate::message::{Problem, named, safe};
use crate::output::{cannot_open, reason};

/// Groups of calls, and how much more of each is nothing to look at.
#[derive(Debug, Clone)]
pub struct Groups {
    /// In the order of the file.
    pub clusters: Rc<[Cluster]>,
    /// Share of what was, and how bad more is.
    limits: Vec<(f64, &'static str)>,
}

impl Groups {
    /// Reads a file, where one was named, and says what of it has no effect.
    pub fn of(file: Option<&PathBuf>) -> Result<Option<Groups>, Problem> {
        let Some(file) = file else { return Ok(None) };
        let name = named(file);
        let bytes =
            std::fs::read(file).map_err(|error| Problem::usage(format!("cannot read {name}: {}", reason(&error))))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            Problem::usage(format!("cannot read {name}: byte {} is no UTF-8", error.utf8_error().valid_up_to()))
        })?;
        let read = assertions::Clusters::read(&name, &text).map_err(|bad| Problem::usage(bad.to_string()))?;
        for warning in &read.warnings {
            say(&format_args!("chic-trace: {}: {}", safe(&name), safe(warning)));
        }
        let limits = read.clusters.iter().map(|cluster| (cluster.threshold, cluster.severity)).collect();
        let clusters = read.clusters.into_iter().map(|cluster| Cluster {
            name: cluster.name,
            calls: cluster.calls,
            descriptor: cluster.fd_path.map(|glob| Rc::new(move |path: &[u8]| glob.takes(path)) as IsMeant),
            holds: cluster.arg_contains.map(String::into_bytes),
            expected: cluster.expected,
        });
        Ok(Some(Groups { clusters: clusters.collect(), limits }))
    }

    /// Is anything asked of what stands behind descriptors?
    pub fn ask_for_descriptors(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.descriptor.is_some())
    }
}

/// What both sides of a comparison have of each cluster, as lines; information, never the verdict.
pub fn changes(groups: &Groups, ask: &Compare) -> Result<String, Problem> {
    let [a, b] = &ask.files;
    let (before, after) = match (counted(groups, a, &ask.reading)?, counted(groups, b, &ask.reading)?) {
        (Some(before), Some(after)) => (before, after),
        (before, _) => {
            let golden = if before.is_none() { a } else { b };
            return Ok(format!("clusters: {} is a golden and holds no counts\n", safe(&named(golden))));
        }
    };
    let mut out = String::from("clusters:\n");
    let _ = writeln!(out, "{:>11} {:>11} {:>12}  cluster", "calls in A", "calls in B", "change");
    let limits = groups.limits.iter().map(Some).chain([None]);
    for (((name, before), (_, after)), limit) in before.counts().zip(after.counts()).zip(limits) {
        let marked = limit.filter(|(threshold, _)| is_much_more(before, after, *threshold));
        let mark = marked.map(|(_, severity)| format!("  {severity}")).unwrap_or_default();
        let change = change(before.calls, after.calls);
        let _ = writeln!(out, "{:>11} {:>11} {change:>12}  {}{mark}", before.calls, after.calls, safe(name));
    }
    Ok(out)
}

/// Is a cluster new, or more than its threshold larger?
fn is_much_more(before: &Count, after: &Count, threshold: f64) -> bool {
    let more = after.calls.saturating_sub(before.calls);
    match before.calls {
        0 => more > 0,
        was => more as f64 > was as f64 * threshold,
    }
}

fn change(before: u64, after: u64) -> String {
    match (before, after) {
        (0, 0) => "-".into(),
        (0, _) => "new".into(),
        (before, after) => format!("{:+.1} %", (after as f64 - before as f64) / before as f64 * 100.0),
    }
}

/// One side; a golden has no counts.
fn counted(groups: &Groups, path: &Path, reading: &document::Options) -> Result<Option<Grouped>, Problem> {
    let golden = path.extension().is_some_and(|ending| ending == "golden" || ending == "new");
    if golden || !path.exists() {
        return Ok(None);
    }
    let clusters = groups.clusters.clone();
    Ok(Some(match brought::open(path, reading)? {
        File::Bytes(bytes) => match brought::read(path, &bytes, reading)? {
            Brought::Document(document) => Grouped::of_document(clusters, &document, &Shown::default()),
            Brought::Table(table) => Grouped::of_table(clusters, &table),
        },
        File::Recording => {
            let mut grouped = Grouped::new(clusters, Shown::default());
            let recording = Recording::open(path).map_err(|error| cannot_open(path, &error))?;
            recording.replay(&mut grouped).map_err(|error| Problem::usage(error.to_string()))?;
            grouped
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increases_are_marked_above_their_threshold() {
        let of = |calls| Count { calls, ..Count::default() };
        for (before, after, threshold, much) in [
            (10, 13, 0.3, false),
            (10, 14, 0.3, true),
            (0, 1, 1.0, true),
            (0, 0, 0.0, false),
            (5, 4, 0.0, false),
            (5, 6, 0.0, true),
            (5, 10, 1.0, false),
        ] {
            assert_eq!(is_much_more(&of(before), &of(after), threshold), much, "{before} {after} {threshold}");
        }
        assert_eq!([change(0, 0), change(0, 3), change(10, 13), change(4, 3)], ["-", "new", "+30.0 %", "-25.0 %"]);
    }
}
