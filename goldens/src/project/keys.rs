//! Keys: what a process is called, by its place in the tree and what it executes.

use std::collections::BTreeMap;

use recording::resolve::ProcId;

use crate::content::Hash;
use crate::model::ProcKey;
use crate::rename::Names;
use crate::run::Run;
use crate::value::Value;

/// The key of each process.
pub(super) fn of(run: &Run, names: &Names) -> Vec<ProcKey> {
    let rows = &run.tables.processes;
    let segments: Vec<String> = (0..rows.len()).map(|at| segment(run, names, ProcId(at as u32))).collect();
    let commands: Vec<String> = (0..rows.len()).map(|at| line(run, names, ProcId(at as u32))).collect();
    let mut siblings: BTreeMap<(Option<u32>, &str), Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let segment = segments.get(at).map_or("", String::as_str);
        siblings.entry((row.parent.map(|parent| parent.0), segment)).or_default().push(at);
    }
    let told_apart = |at: usize, row: &recording::resolve::Process| {
        let segment = segments.get(at).map_or("", String::as_str);
        let same = siblings.get(&(row.parent.map(|parent| parent.0), segment));
        same.is_some_and(|same| same.iter().any(|other| commands.get(*other) != commands.get(at)))
    };
    let mut keys: Vec<ProcKey> = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        // A parent always stands before its child.
        let Some(parent) = row.parent.and_then(|parent| keys.get(parent.0 as usize)) else {
            keys.push(ProcKey(if at == 0 {
                "P".into()
            } else {
                format!("P/{}", segments.get(at).map_or("", String::as_str)).into()
            }));
            continue;
        };
        let mut key = format!("{}/{}", parent.0, segments.get(at).map_or("", String::as_str));
        if told_apart(at, row) {
            let hash = Hash::of(commands.get(at).map_or("", String::as_str).as_bytes()).to_string();
            key.push('~');
            key.push_str(hash.get(..6).unwrap_or(""));
        }
        keys.push(ProcKey(key.into()));
    }
    keys
}

/// Basenames of what it executed, `fork` for one that never did.
fn segment(run: &Run, names: &Names, id: ProcId) -> String {
    let executed = executed(run, names, id);
    if executed.is_empty() {
        return "fork".to_owned();
    }
    let base = |path: &Value| match path.as_str().rsplit('/').next() {
        None | Some("" | "\"\"") => "unknown".to_owned(),
        Some(name) => name.replace(['{', '}'], ""),
    };
    executed.iter().map(base).collect::<Vec<_>>().join(">")
}

/// Executables in order, by the names that the process used.
fn executed(run: &Run, names: &Names, id: ProcId) -> Vec<Value> {
    let at = id.0 as usize;
    let used = run.processes.get(at).map(|facts| &facts.executed).filter(|used| !used.is_empty());
    match used {
        Some(used) => used.iter().map(|name| names.path(run.names.get(*name))).collect(),
        None => {
            let images = run.tables.processes.get(at).map_or(&[][..], |row| &row.images);
            images.iter().map(|image| names.path(&image.exe)).collect()
        }
    }
}

fn line(run: &Run, names: &Names, id: ProcId) -> String {
    let images = run.tables.processes.get(id.0 as usize).map_or(&[][..], |row| &row.images);
    let args = images.iter().flat_map(|image| image.argv.iter().skip(1));
    args.map(|arg| names.text(arg).as_str().to_owned()).collect::<Vec<_>>().join(" ")
}

/// What a process runs at its end: executable and `argv[1..]`; of one that never executed, what its parent runs.
pub(super) fn command(run: &Run, names: &Names, id: ProcId) -> (Value, Vec<Value>) {
    let mut at = id;
    for _ in 0..run.tables.processes.len() {
        let Some(row) = run.tables.process(at) else { break };
        if let Some(image) = row.images.last() {
            let exe = executed(run, names, at).pop().unwrap_or_else(|| names.path(&image.exe));
            return (exe, image.argv.iter().skip(1).map(|arg| names.text(arg)).collect());
        }
        let Some(parent) = row.parent else { break };
        at = parent;
    }
    (Value::literal(b""), Vec::new())
}
