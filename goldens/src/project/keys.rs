//! Keys: what a process is called, by its place in the tree and what it executes.
//!
//! Siblings that run the same program are told apart by a hash of their arguments. Arguments that are made up anew in
//! each run (a build id, the name of a scratch target) would make another process of it each time, so where the
//! arguments as they are bring no process of the runs, or of the golden, together, only what looks chosen counts.

use std::collections::{BTreeMap, BTreeSet};

use recording::resolve::ProcId;

use crate::content::Hash;
use crate::golden::Golden;
use crate::model::ProcKey;
use crate::rename::Names;
use crate::run::Run;
use crate::value::Value;

/// The processes of a run, as far as their keys depend on them. A parent stands before its children.
pub(super) struct Described(Vec<Row>);

struct Row {
    parent: Option<usize>,
    depth: usize,
    segment: String,
    /// Arguments of all that it executed, temporary names unnumbered.
    line: String,
    /// The same with a star for each that looks made up.
    loose: String,
    /// Has it siblings of the same segment with other arguments?
    apart: bool,
}

impl Described {
    /// Of this run.
    pub fn of(run: &Run, names: &Names) -> Described {
        let rows = &run.tables.processes;
        let mut out: Vec<Row> = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let parent = row.parent.map(|parent| parent.0 as usize).filter(|parent| *parent < at);
            let args = arguments(run, names, ProcId(at as u32));
            let loosely: Vec<&str> = args.iter().map(|arg| if is_made_up(arg) { "*" } else { arg }).collect();
            out.push(Row {
                parent,
                depth: parent.and_then(|parent| out.get(parent)).map_or(0, |parent| parent.depth + 1),
                segment: segment(run, names, ProcId(at as u32)),
                loose: loosely.join(" "),
                line: args.join(" "),
                apart: false,
            });
        }
        let mut siblings: BTreeMap<(Option<usize>, &str), BTreeSet<&str>> = BTreeMap::new();
        for row in &out {
            siblings.entry((row.parent, &row.segment)).or_default().insert(&row.line);
        }
        let apart: Vec<bool> = out
            .iter()
            .map(|row| siblings.get(&(row.parent, row.segment.as_str())).is_some_and(|lines| lines.len() > 1))
            .collect();
        out.iter_mut().zip(apart).for_each(|(row, apart)| row.apart = apart);
        Described(out)
    }

    /// The key of a process below `keys`; `loosely`: by what looks chosen of its arguments.
    fn key(&self, at: usize, keys: &[ProcKey], loosely: bool) -> ProcKey {
        let Some(row) = self.0.get(at) else { return ProcKey("P".into()) };
        let parent = match row.parent.and_then(|parent| keys.get(parent)) {
            None if at == 0 => return ProcKey("P".into()),
            None => return ProcKey(format!("P/{}", row.segment).into()),
            Some(parent) => parent,
        };
        let mut key = format!("{}/{}", parent.0, row.segment);
        if row.apart {
            let hash = Hash::of(if loosely { &row.loose } else { &row.line }.as_bytes()).to_string();
            key.push('~');
            key.push_str(hash.get(..6).unwrap_or(""));
        }
        ProcKey(key.into())
    }
}

/// The keys of the processes of each run.
pub(super) fn of(runs: &[Described], known: Option<&Golden>) -> Vec<Vec<ProcKey>> {
    let known: Option<BTreeSet<&ProcKey>> =
        known.map(|golden| golden.processes.iter().map(|process| &process.key).collect());
    let root = || ProcKey("P".into());
    let mut keys: Vec<Vec<ProcKey>> = runs.iter().map(|run| run.0.iter().map(|_| root()).collect()).collect();
    let deepest = runs.iter().flat_map(|run| &run.0).map(|row| row.depth).max().unwrap_or(0);
    for depth in 0..=deepest {
        let both: Vec<Vec<(usize, ProcKey, ProcKey)>> = runs
            .iter()
            .zip(&keys)
            .map(|(run, keys)| {
                let here = (0..run.0.len()).filter(|at| run.0.get(*at).is_some_and(|row| row.depth == depth));
                here.map(|at| (at, run.key(at, keys, false), run.key(at, keys, true))).collect()
            })
            .collect();
        let seen = |pick: fn(&(usize, ProcKey, ProcKey)) -> &ProcKey| {
            let mut seen: BTreeMap<ProcKey, usize> = BTreeMap::new();
            for run in &both {
                for key in run.iter().map(pick).collect::<BTreeSet<_>>() {
                    *seen.entry(key.clone()).or_default() += 1;
                }
            }
            seen
        };
        let (strictly, loosely) = (seen(|(_, strict, _)| strict), seen(|(_, _, loose)| loose));
        let is_loose = |strict: &ProcKey, loose: &ProcKey| match &known {
            Some(known) => !known.contains(strict) && known.contains(loose),
            None => strictly.get(strict) < loosely.get(loose),
        };
        for (keys, both) in keys.iter_mut().zip(&both) {
            for (at, strict, loose) in both {
                if let Some(key) = keys.get_mut(*at) {
                    *key = if is_loose(strict, loose) { loose } else { strict }.clone();
                }
            }
        }
    }
    keys
}

/// Does this argument look made up, not chosen: is there a digit in it, or capitals beside small letters?
fn is_made_up(arg: &str) -> bool {
    let any = |class: fn(&u8) -> bool| arg.as_bytes().iter().any(class);
    any(u8::is_ascii_digit) || (any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase))
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

/// The arguments of all that it executed, temporary names unnumbered.
fn arguments(run: &Run, names: &Names, id: ProcId) -> Vec<String> {
    let images = run.tables.processes.get(id.0 as usize).map_or(&[][..], |row| &row.images);
    let args = images.iter().flat_map(|image| image.argv.iter().skip(1));
    args.map(|arg| names.text(arg).as_str().to_owned()).collect()
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
