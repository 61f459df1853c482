//! `chic-trace perf merge`: several documents, or recordings of runs, as one document.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use report::perf::merge::{MergeError, one_run, side_by_side};
use report::perf::timeline::Reported;
use report::perf::{Document, Folded, Paths, json, summary_json};

use crate::cli::perf::PerfMerge;
use crate::exit::{Code, Ending, say};
use crate::message::{Problem, named, safe};
use crate::output::reason;
use crate::perf;
use crate::profile::of_recording;

/// Documents that belong together: one, or the parts of one run.
struct Group {
    parts: Vec<(Vec<u8>, Document)>,
    folded: Vec<Folded>,
    /// Are its parts joined?
    joined: bool,
}

/// Reads, merges, writes; the document last.
pub fn run(ask: &PerfMerge) -> Result<Ending, Problem> {
    let to = Paths::of(&ask.to)
        .map_err(|bad| Problem::usage(format!("cannot write {}: {bad}", named(&ask.to))).hint("name a perf.json"))?;
    let mut groups = ask.inputs.iter().map(|path| group(path)).collect::<Result<Vec<Group>, Problem>>()?;
    if ask.one_run {
        groups = vec![all_parts(groups)];
    }
    let failed = |error: MergeError| Problem::usage(format!("cannot merge them: {error}"));
    let folded = stacks(&groups);
    let (text, summary) = merged(groups).map_err(failed)?;
    if let Some(folded) = folded {
        perf::write(&to.folded, folded.to_string().as_bytes())?;
    }
    if let Some(summary) = summary {
        perf::write(&to.summary, summary.as_bytes())?;
    }
    perf::write(&to.document, text.as_bytes())?;
    Ok(Code::OK.into())
}

fn all_parts(groups: Vec<Group>) -> Group {
    let mut all = Group { parts: Vec::new(), folded: Vec::new(), joined: true };
    for group in groups {
        all.parts.extend(group.parts);
        all.folded.extend(group.folded);
    }
    all
}

/// The text of the document and of its summary, where it is of one run.
fn merged(groups: Vec<Group>) -> Result<(String, Option<String>), MergeError> {
    let several = groups.len() > 1;
    let mut documents = Vec::new();
    for group in groups {
        if !group.joined {
            documents.extend(group.parts);
            continue;
        }
        let whole = one_run(parts(group))?;
        if !several {
            return Ok((json(&whole), whole.summary.as_deref().map(summary_json)));
        }
        documents.push((json(&whole).into_bytes(), whole));
    }
    let borrowed: Vec<(&[u8], Document)> =
        documents.iter().map(|(bytes, document)| (bytes.as_slice(), document.clone())).collect();
    let summary = match borrowed.as_slice() {
        [(_, only)] if only.runs.len() == 1 => only.summary.as_deref().map(summary_json),
        _ => None,
    };
    Ok((side_by_side(&borrowed)?, summary))
}

/// The documents of parts. Keys that we do not know can't be joined: they are named and left out.
fn parts(group: Group) -> Vec<Document> {
    let mut unknown: Vec<String> = Vec::new();
    for (bytes, document) in &group.parts {
        for key in report::perf::merge::unknown_keys(bytes, document) {
            if !unknown.contains(&key) {
                unknown.push(key);
            }
        }
    }
    if !unknown.is_empty() {
        say(&format_args!("chic-trace: unknown keys are left out: {}", safe(&unknown.join(", "))));
    }
    group.parts.into_iter().map(|(_, document)| document).collect()
}

/// The stacks of all; parts of one run have no common time line, and so no idle time.
fn stacks(groups: &[Group]) -> Option<Folded> {
    let mut sum = Folded::default();
    let mut any = false;
    for group in groups {
        let mut of_group = Folded::default();
        for folded in &group.folded {
            any = true;
            of_group.add(folded, !group.joined);
        }
        sum.add(&of_group, true);
    }
    any.then_some(sum)
}

fn group(path: &Path) -> Result<Group, Problem> {
    let (files, joined) = if path.is_dir() { (parts_in(path)?, true) } else { (vec![path.to_owned()], false) };
    let mut group = Group { parts: Vec::new(), folded: Vec::new(), joined };
    for file in files {
        if is_recording(&file) {
            let Reported { document, folded, .. } = of_recording(&file)?;
            group.parts.push((json(&document).into_bytes(), document));
            group.folded.push(folded);
            continue;
        }
        group.parts.push(input(&file)?);
        let stacks = Paths::beside(file).folded;
        if stacks.exists() {
            let unread = |why: String| Problem::usage(format!("cannot read {}: {why}", named(&stacks)));
            let bytes = perf::bytes(&stacks).map_err(|error| unread(reason(&error)))?;
            group.folded.push(Folded::read(&bytes).map_err(|bad| unread(bad.to_string()))?);
        }
    }
    Ok(group)
}

fn is_recording(path: &Path) -> bool {
    let mut begin = [0; 8];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && recording::file::is_recording(&begin)
}

fn input(path: &Path) -> Result<(Vec<u8>, Document), Problem> {
    let bytes = perf::taken(path)?;
    let document = perf::parsed(path, &bytes)?;
    Ok((bytes, document))
}

/// `perf.json` and `perf.PID.json`, in the order of the numbers.
fn parts_in(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unread = |error: std::io::Error| Problem::usage(format!("cannot read {}: {}", named(dir), reason(&error)));
    let mut found: Vec<(Option<u64>, PathBuf)> = Vec::new();
    for entry in fs::read_dir(dir).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pid = name.strip_prefix("perf.").and_then(|rest| rest.strip_suffix(".json")).map(str::parse::<u64>);
        match pid {
            _ if name == "perf.json" => found.push((None, path)),
            Some(Ok(pid)) => found.push((Some(pid), path)),
            _ => {}
        }
    }
    if found.is_empty() {
        return Err(Problem::usage(format!(
            "cannot merge {}: there is neither perf.json nor perf.PID.json in it",
            named(dir)
        )));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
