//! Numbers of temporary names: `{TMPk}` by what was done to them, so that no interleaving decides; each folder
//! counts for itself, so that one name more does not rename those of other folders.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use recording::resolve::ObjectKind;

use super::Maker;
use crate::golden::Golden;
use crate::model::{Arg, ProcKey, Step};
use crate::pattern::{accepts, is_rule};
use crate::rename::{Familiar, Holes, Names, parent};
use crate::run::Run;
use crate::run::raw::Key;
use crate::value::Value;

/// What a golden knows of names.
pub(super) fn familiar(golden: &Golden) -> Familiar {
    let mut known = Familiar::default();
    let streams = golden.streams.iter().map(|stream| &stream.object.name);
    let names = streams.chain(golden.ends.iter().map(|end| &end.name)).chain(arguments(golden));
    for hole in words(golden) {
        known.holes.entry(unnumbered(parent_of(hole)).into()).or_insert(0);
    }
    for name in names {
        match name.as_str().rsplit_once("/{TMP") {
            Some((folder, rest)) if !rest.contains('/') => {
                known.holes.entry(unnumbered(folder).into()).or_insert(0);
            }
            // A name of any kind stands for none.
            _ if is_rule(name) && name.as_str().contains('/') => {
                known.patterns.push(Value::from_syntax(unnumbered(name.as_str())));
            }
            _ => {
                known.literal.insert(unnumbered(name.as_str()).into());
            }
        }
    }
    known.patterns.sort();
    known.patterns.dedup();
    for (folder, holes) in &mut known.holes {
        *holes = holes_in(golden, folder);
    }
    known
}

/// Names that steps mention.
fn arguments(golden: &Golden) -> impl Iterator<Item = &Value> {
    let steps = golden.streams.iter().flat_map(|stream| &stream.steps);
    steps.flat_map(|(_, step)| step.args.iter()).filter_map(|arg| match arg {
        Arg::Word(value) if value.as_str().contains('/') => Some(value),
        _ => None,
    })
}

/// Temporary names in the arguments of commands: alone, or behind the `=` of an option.
fn words(golden: &Golden) -> impl Iterator<Item = &str> {
    let words = golden.processes.iter().flat_map(|process| &process.args).map(|word| word.as_str());
    words.filter_map(|word| {
        let at = word.find("/{TMP")?;
        let start = word.get(..at)?.rfind(['=', ',', ':']).map_or(0, |before| before + 1);
        let name = word.get(start..)?;
        name.get(at - start + 1..).is_some_and(|rest| !rest.contains('/')).then_some(name)
    })
}

fn parent_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn holes_in(golden: &Golden, folder: &str) -> usize {
    let streams = golden.streams.iter().map(|stream| stream.object.name.as_str());
    let names = streams.chain(golden.ends.iter().map(|end| end.name.as_str())).chain(words(golden));
    let there = |name: &&str| {
        let end = name.rsplit_once("/{TMP").filter(|(_, rest)| !rest.contains('/'));
        end.is_some_and(|(of, _)| unnumbered(of) == folder)
    };
    names.filter(there).collect::<BTreeSet<_>>().len()
}

/// A temporary name with what tells it from others.
struct Ranked {
    path: Vec<u8>,
    /// Its streams, temporary names unnumbered.
    first: Vec<String>,
    /// The same with the numbers of the first round.
    second: Vec<String>,
    /// Without contents: what a golden is asked for.
    bare: Vec<String>,
    /// Is it still there under this name when the run is over? Then it is not what became of it that numbers it.
    left: bool,
    /// When it was made.
    made: u64,
}

/// The numbers of the temporary names of a run; `names` are those without numbers.
pub(super) fn number(
    run: &Run,
    names: &Names,
    holes: &Holes,
    keys: &[ProcKey],
    known: Option<&Golden>,
) -> HashMap<Vec<u8>, Option<u32>> {
    if holes.temporaries.len() < 2 && known.is_none() {
        return holes.temporaries.keys().map(|path| (path.clone(), Some(1))).collect();
    }
    let mut first = Maker::new(run, names.with_holes(run, holes), holes, keys);
    let texts = texts(&mut first, false);
    let bare = self::texts(&mut first, true);
    let mut distinct: Vec<&Vec<String>> = texts.values().collect();
    distinct.sort();
    distinct.dedup();
    let rank = |path: &Vec<u8>| texts.get(path).and_then(|text| distinct.binary_search(&text).ok());
    let again = Holes {
        temporaries: holes
            .temporaries
            .keys()
            .map(|path| (path.clone(), rank(path).map(|rank| rank as u32 + 1)))
            .collect(),
        ports: holes.ports.clone(),
    };
    let numbered = names.with_holes(run, &again);
    let refined = self::texts(&mut Maker::new(run, numbered, &again, keys), false);
    let mut folders: BTreeMap<&[u8], Vec<Ranked>> = BTreeMap::new();
    for path in holes.temporaries.keys() {
        folders.entry(parent(path)).or_default().push(Ranked {
            path: path.clone(),
            first: texts.get(path).cloned().unwrap_or_default(),
            second: refined.get(path).cloned().unwrap_or_default(),
            bare: bare.get(path).cloned().unwrap_or_default(),
            left: left(run, path),
            made: made(run, path),
        });
    }
    let mut wanted = known.map(known_streams).unwrap_or_default();
    let mut numbers = HashMap::new();
    let known = |folder: &&[u8]| wanted.contains_key(first.names.path(folder).as_str());
    // A folder that the golden names goes before one that a pattern stands for.
    let (named, others): (Vec<&[u8]>, Vec<&[u8]>) = folders.keys().copied().partition(known);
    for folder in named.into_iter().chain(others) {
        let mut ranked = folders.remove(folder).unwrap_or_default();
        ranked.sort_by(|a, b| {
            (a.left, &a.first, &a.second, a.made, &a.path).cmp(&(b.left, &b.first, &b.second, b.made, &b.path))
        });
        numbers.extend(assign(ranked, taken(&mut wanted, &first.names.path(folder))));
    }
    numbers
}

/// What the golden has in this folder, or in the one of a pattern that accepts it.
fn taken(wanted: &mut BTreeMap<String, Vec<Wanted>>, folder: &Value) -> Vec<Wanted> {
    if let Some(there) = wanted.remove(folder.as_str()) {
        return there;
    }
    let accepted = wanted.keys().find(|name| accepts(&Value::from_syntax(name.as_str()), folder)).cloned();
    accepted.and_then(|name| wanted.remove(&name)).unwrap_or_default()
}

/// Is something of this name left?
fn left(run: &Run, path: &[u8]) -> bool {
    let mut named = run.tables.objects.iter().filter(|object| object.name == path);
    named.any(|object| !object.removed && object.current_name() == path)
}

fn made(run: &Run, path: &[u8]) -> u64 {
    let of_name = run.tables.objects.iter().flat_map(|object| &object.names).filter(|(_, name)| name == path);
    of_name.map(|(event, _)| *event).min().unwrap_or(u64::MAX)
}

/// In order; with a golden, those that do what one of its temporary names does get its number: with the same
/// contents first, then with any.
fn assign(ranked: Vec<Ranked>, mut wanted: Vec<Wanted>) -> HashMap<Vec<u8>, Option<u32>> {
    let mut numbers = HashMap::new();
    let mut left = ranked;
    let same: [fn(&Wanted, &Ranked) -> bool; 2] =
        [|wanted, one| wanted.exact == one.first, |wanted, one| wanted.bare == one.bare];
    for same in same {
        let mut rest = Vec::new();
        for one in left {
            match wanted.iter().position(|wanted| same(wanted, &one)) {
                Some(at) => {
                    numbers.insert(one.path, Some(wanted.remove(at).number));
                }
                None => rest.push(one),
            }
        }
        left = rest;
    }
    let highest = numbers.values().flatten().max().copied().unwrap_or(0);
    let highest = wanted.iter().map(|wanted| wanted.number).max().unwrap_or(0).max(highest);
    let free = wanted.into_iter().map(|wanted| wanted.number).chain(highest.saturating_add(1)..);
    numbers.extend(left.into_iter().zip(free).map(|(one, number)| (one.path, Some(number))));
    numbers
}

/// A temporary name of a golden.
#[derive(Default)]
struct Wanted {
    number: u32,
    /// What is done to it, as in [`Ranked::first`].
    exact: Vec<String>,
    /// As in [`Ranked::bare`].
    bare: Vec<String>,
}

/// The temporary names of a golden by folder and number.
fn known_streams(golden: &Golden) -> BTreeMap<String, Vec<Wanted>> {
    let mut all: BTreeMap<(String, u32), Wanted> = BTreeMap::new();
    for stream in &golden.streams {
        let name = stream.object.name.as_str();
        let Some((number, (folder, _))) = number_of(name).zip(name.rsplit_once('/')) else { continue };
        let wanted = all.entry((unnumbered(folder), number)).or_insert_with(|| Wanted { number, ..Wanted::default() });
        let head = || std::iter::once(stream.process.0.to_string());
        let lines = |bare| stream.steps.iter().map(move |(_, step)| line(step, bare));
        wanted.exact.extend(head().chain(lines(false).map(|line| unnumbered(&line))));
        wanted.bare.extend(head().chain(lines(true)));
    }
    let mut folders: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
    for ((folder, _), wanted) in all {
        folders.entry(folder).or_default().push(wanted);
    }
    folders
}

/// `k` of a name that ends in `{TMPk}`.
fn number_of(name: &str) -> Option<u32> {
    name.rsplit_once("{TMP")?.1.strip_suffix('}')?.parse().ok()
}

/// What was done to each temporary name, stream by stream.
fn texts(maker: &mut Maker<'_>, bare: bool) -> HashMap<Vec<u8>, Vec<String>> {
    let run = maker.run;
    let mut texts: BTreeMap<Vec<u8>, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for stream in run.streams.iter().filter(|stream| !stream.placed.is_empty()) {
        let Key::Object(id) = stream.key else { continue };
        let Some(object) = run.tables.object(id) else { continue };
        let path = if object.kind == ObjectKind::Unix {
            object.local.as_ref().map_or(&object.name, |local| &local.0)
        } else {
            &object.name
        };
        if !maker.holes.temporaries.contains_key(path) {
            continue;
        }
        let mut lines = Vec::with_capacity(stream.placed.len());
        for placed in &stream.placed {
            if let Some(raw) = run.steps.rows().get(placed.step as usize) {
                let step = maker.step(raw);
                lines.extend(std::iter::repeat_n(line(&step, bare), (placed.count as usize).min(8)));
            }
        }
        let key = maker.keys.get(stream.process.0 as usize).map_or_else(String::new, |key| key.0.to_string());
        texts.entry(path.clone()).or_default().push((key, lines));
    }
    texts
        .into_iter()
        .map(|(path, mut streams)| {
            streams.sort();
            let lines = streams.into_iter().flat_map(|(key, lines)| std::iter::once(key).chain(lines));
            (path, lines.collect())
        })
        .collect()
}

/// A step as text; `bare`: without contents and without numbers of temporary names.
fn line(step: &Step, bare: bool) -> String {
    use std::fmt::Write;
    let mut out = step.verb.word().to_owned();
    for arg in step.args.iter() {
        let _ = match arg {
            Arg::Word(value) if bare => write!(out, " {}", unnumbered(value.as_str())),
            Arg::Word(value) => write!(out, " {value}"),
            Arg::Field(name, value) => write!(out, " {name}={value}"),
            Arg::Span(..) | Arg::Hash(_) if bare => Ok(()),
            Arg::Span(from, to) => write!(out, " {from}..{to:?}"),
            Arg::Hash(hash) => write!(out, " {hash:?}"),
        };
    }
    if let Some(errno) = &step.errno {
        let _ = write!(out, " !{errno}");
    }
    out
}

/// With `{TMP}` for each `{TMPk}`.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("{TMP");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("{TMP}");
        out.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_tell_what_is_temporary_where_nothing_else_does() {
        let text = "golden 1 level=outcome model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 1 1\n\
                    proc P exit=0 /bin/as -o $TMPDIR/{TMP2} --map=$TMPDIR/{TMP1} $TMPDIR/{TMP2} $TMPDIR/d{TMP1}/in /x/{TMP1}\n";
        let golden = Golden::read(text.as_bytes(), &crate::Limits::default()).expect("a golden");
        let holes = familiar(&golden).holes;
        let holes: Vec<(&str, usize)> = holes.iter().map(|(folder, count)| (&**folder, *count)).collect();
        assert_eq!(holes, [("$TMPDIR", 2), ("/x", 1)]);
    }
}
