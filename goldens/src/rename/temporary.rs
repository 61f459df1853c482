//! Temporary names: made so that they could not exist before, and different in each run.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use recording::resolve::{Object, ObjectKind};

use super::substitute::Substitutions;
use crate::pattern::accepts;
use crate::run::Run;
use crate::value::Value;

/// A name that may be temporary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// Of the folder, canonical.
    folder: Value,
    /// Last component.
    name: Vec<u8>,
    /// Absolute.
    path: Vec<u8>,
    /// Is the folder there in every run?
    shared: bool,
}

/// What a golden knows already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Familiar {
    /// Canonical names without holes at their end; those within are not numbered.
    pub literal: HashSet<Box<str>>,
    /// Patterns that stand for names.
    pub patterns: Vec<Value>,
    /// How many temporary names a folder has.
    pub holes: BTreeMap<Box<str>, usize>,
}

impl Familiar {
    /// Has the golden this name in this folder, or one that stands for it? A name by chance in a folder of temporary
    /// names is one of those first.
    fn has(&self, candidate: &Candidate, folder: &str, chance: bool) -> bool {
        let name = format!("{folder}/{}", Value::literal(&candidate.name));
        if self.literal.contains(&*name) {
            return true;
        }
        let name = Value::from_syntax(name);
        !(chance && self.holes.contains_key(folder)) && self.patterns.iter().any(|pattern| accepts(pattern, &name))
    }
}

/// The folder of a candidate with a hole for each part that is a temporary name.
fn within(candidate: &Candidate, temporary: &HashSet<Vec<u8>>) -> String {
    let mut parts: Vec<&str> = candidate.folder.as_str().split('/').collect();
    let mut path = parent(&candidate.path);
    for part in parts.iter_mut().rev() {
        if temporary.contains(path) {
            *part = "{TMP}";
        }
        path = parent(path);
    }
    parts.join("/")
}

/// Up to the last slash.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// Shorter names are no chance names: the folders of an object store, for one.
const SHORTEST: usize = 4;

/// The temporary names of each run, by absolute path.
pub(crate) fn find(runs: &[(&Run, &Substitutions)], familiar: Option<&Familiar>) -> Vec<HashSet<Vec<u8>>> {
    let mut candidates: Vec<Vec<Candidate>> = runs.iter().map(|(run, names)| candidates(run, names)).collect();
    let folders: Vec<BTreeSet<Value>> = runs.iter().map(|(run, names)| made_folders(run, names)).collect();
    let by_all = |folder: &Value| folders.iter().all(|made| made.contains(folder));
    for (own, made) in candidates.iter_mut().zip(&folders) {
        // Runs that made one folder by chance have not put their names into one place.
        own.iter_mut().for_each(|one| one.shared = by_all(&one.folder) || !made.contains(&one.folder));
    }
    let mut found = Vec::with_capacity(runs.len());
    for (at, (run, _)) in runs.iter().enumerate() {
        let own = candidates.get(at).map_or(&[][..], Vec::as_slice);
        let others: Vec<&[Candidate]> =
            candidates.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, other)| other.as_slice()).collect();
        found.push(of_run(run, own, &others, familiar));
    }
    found
}

fn of_run(run: &Run, own: &[Candidate], others: &[&[Candidate]], familiar: Option<&Familiar>) -> HashSet<Vec<u8>> {
    let pids: HashSet<u64> = super::pids(run);
    let mut temporary = HashSet::new();
    let mut in_folder: BTreeMap<String, usize> = BTreeMap::new();
    let mut doubtful: Vec<&Candidate> = Vec::new();
    for candidate in own {
        let chance = by_chance(&candidate.name, &pids);
        if familiar.is_some_and(|known| known.has(candidate, &within(candidate, &temporary), chance)) {
            continue;
        }
        let alone = others.is_empty() || familiar.is_some();
        if differs(candidate, own, others) || (alone && chance) {
            temporary.insert(candidate.path.clone());
            *in_folder.entry(within(candidate, &temporary)).or_default() += 1;
        } else {
            doubtful.push(candidate);
        }
    }
    // In a folder that no other run has nothing takes the place of a name, but others are made up like it.
    let made_up: BTreeSet<(Value, usize)> =
        own.iter().filter(|one| temporary.contains(&one.path)).filter_map(|one| made_like(&one.name)).collect();
    let (more, doubtful): (Vec<&Candidate>, Vec<&Candidate>) =
        doubtful.into_iter().partition(|one| made_like(&one.name).is_some_and(|way| made_up.contains(&way)));
    for candidate in more {
        temporary.insert(candidate.path.clone());
        *in_folder.entry(within(candidate, &temporary)).or_default() += 1;
    }
    // A name that does not look like chance takes the place of one that the golden has there.
    for candidate in doubtful {
        let folder = within(candidate, &temporary);
        let known = familiar.and_then(|known| known.holes.get(&*folder)).copied().unwrap_or(0);
        let used = in_folder.entry(folder).or_default();
        if *used < known {
            *used += 1;
            temporary.insert(candidate.path.clone());
        }
    }
    temporary
}

fn candidates(run: &Run, substitutions: &Substitutions) -> Vec<Candidate> {
    let mut all = BTreeSet::new();
    for (object, facts) in run.tables.objects.iter().zip(run.objects.iter().map(Some).chain(std::iter::repeat(None))) {
        let made = object.exclusive && object.made_by.is_some();
        if !made && !facts.is_some_and(|facts| facts.proposed) {
            continue;
        }
        let local = object.local.as_ref().map(|(local, _)| local).filter(|local| local.first() == Some(&b'/'));
        let path = local.unwrap_or_else(|| made_as(object));
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if name.len() < SHORTEST || path.first() != Some(&b'/') {
            continue;
        }
        let folder = folder(parent(path), substitutions);
        all.insert(Candidate { folder, name: name.to_vec(), path: path.clone(), shared: true });
    }
    all.into_iter().collect()
}

/// Folders that a run made, canonical.
fn made_folders(run: &Run, substitutions: &Substitutions) -> BTreeSet<Value> {
    let made = |object: &&Object| object.kind == ObjectKind::Dir && object.exclusive && object.made_by.is_some();
    run.tables.objects.iter().filter(made).map(|object| folder(&object.name, substitutions)).collect()
}

/// The name under which it was made. A file that began without one (`O_TMPFILE`) got its first by a link.
fn made_as(object: &Object) -> &Vec<u8> {
    let given = object.names.first().map(|(_, name)| name);
    given.filter(|_| object.began_unnamed()).unwrap_or(&object.name)
}

/// A folder with its substitution; temporary folders are told apart later, by what is in them.
fn folder(path: &[u8], substitutions: &Substitutions) -> Value {
    match substitutions.prefix(path) {
        Some((name, len)) => {
            let mut out = name.to_owned();
            crate::value::push_literal(&mut out, path.get(len..).unwrap_or_default());
            Value::from_syntax(out)
        }
        None => Value::literal(path),
    }
}

/// No other run made this name, and one of them made another like it in its place.
fn differs(candidate: &Candidate, own: &[Candidate], others: &[&[Candidate]]) -> bool {
    let same = |other: &&Candidate| other.folder == candidate.folder && other.name == candidate.name;
    if !candidate.shared || others.iter().any(|other| other.iter().any(|one| same(&one))) {
        return false;
    }
    others.iter().flat_map(|other| other.iter()).any(|other| {
        other.folder == candidate.folder
            && alike(&other.name, &candidate.name)
            && !own.iter().any(|mine| mine.folder == other.folder && mine.name == other.name)
    })
}

/// With a common begin or end, or of one length and both by chance.
fn alike(a: &[u8], b: &[u8]) -> bool {
    let begin = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let chance = |name| by_chance(name, &HashSet::new());
    begin >= 2 || end >= 4 || (a.len() == b.len() && chance(a) && chance(b))
}

/// A part of six and more letters and digits that mixes classes, or of three and more digits that are a pid.
fn by_chance(name: &[u8], pids: &HashSet<u64>) -> bool {
    name.split(|byte| matches!(byte, b'.' | b'-' | b'_')).any(|part| mixed(part) || holds_pid(part, pids))
}

fn mixed(part: &[u8]) -> bool {
    let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    part.len() >= 6
        && part.iter().all(u8::is_ascii_alphanumeric)
        && classes.iter().filter(|class| part.iter().any(class)).count() >= 2
}

fn holds_pid(part: &[u8], pids: &HashSet<u64>) -> bool {
    let runs = part.split(|byte| !byte.is_ascii_digit()).filter(|digits| digits.len() >= 3);
    runs.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).any(|number| pids.contains(&number))
}

/// How a temporary name was made up, as far as it shows: what stays of it, and its length.
fn made_like(name: &[u8]) -> Option<(Value, usize)> {
    Some((pattern(name), name.len())).filter(|(way, _)| way.as_str() != "*" && way.as_str().contains('*'))
}

/// How a temporary name is shown: `tmp.*` for `tmp.aB3dE9`.
pub(crate) fn pattern(name: &[u8]) -> Value {
    let mut out = String::new();
    let mut parts = name.split_inclusive(|byte| matches!(byte, b'.' | b'-' | b'_')).peekable();
    while let Some(part) = parts.next() {
        let word = part.strip_suffix(b".").or(part.strip_suffix(b"-")).or(part.strip_suffix(b"_")).unwrap_or(part);
        if mixed(word) || (parts.peek().is_none() && !out.is_empty()) {
            out.push('*');
            crate::value::push_literal(&mut out, part.get(word.len()..).unwrap_or_default());
        } else {
            crate::value::push_literal(&mut out, part);
        }
    }
    Value::from_syntax(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_told_from_choice() {
        let pids = HashSet::from([9915]);
        for (name, want) in [
            ("tmp.aB3dE9", true),
            ("sortXy12Zk", true),
            (".app_pid9915", true),
            ("index.lock", false),
            ("result", false),
            ("tmp.ab12", false),
            ("file-991", false),
        ] {
            assert_eq!(by_chance(name.as_bytes(), &pids), want, "{name}");
        }
    }

    #[test]
    fn what_varies_is_shown_as_a_star() {
        assert_eq!(pattern(b"tmp.aB3dE9").as_str(), "tmp.*");
        assert_eq!(pattern(b"tmp_obj_aB3dE9").as_str(), "tmp_obj_*");
        assert_eq!(pattern(b"sortXy12Zk").as_str(), "*");
    }

    fn candidate(name: &str) -> Candidate {
        let path = format!("/x/{name}").into_bytes();
        Candidate { folder: Value::literal(b"/x"), name: name.into(), path, shared: true }
    }

    #[test]
    fn a_name_is_temporary_when_another_run_has_another_in_its_place() {
        let (mine, theirs) = ([candidate("tmp.abcdef"), candidate("index.lock")], [candidate("tmp.ghijkl")]);
        assert!(differs(&mine[0], &mine, &[&theirs]));
        assert!(!differs(&mine[1], &mine, &[&theirs]), "made in one run only, but nothing takes its place");
        assert!(!differs(&mine[0], &mine, &[&mine]));
        let by_chance = Candidate { shared: false, ..mine[0].clone() };
        assert!(!differs(&by_chance, &mine, &[&theirs]), "two runs made one folder of a store");
    }
}
