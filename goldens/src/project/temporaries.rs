//! Numbers of temporary names: `{TMPk}` by what was done to them, so that no interleaving decides.

use std::collections::{BTreeMap, HashMap};

use recording::resolve::ObjectKind;

use super::Maker;
use crate::golden::Golden;
use crate::model::{Arg, Step};
use crate::rename::{Familiar, Holes, Substitutions};
use crate::run::Run;
use crate::run::raw::Key;
use crate::value::Value;

/// What a golden knows of names.
pub(super) fn familiar(golden: &Golden) -> Familiar {
    let mut known = Familiar::default();
    let streams = golden.streams.iter().map(|stream| &stream.object.name);
    let names = streams.chain(golden.ends.iter().map(|end| &end.name)).chain(arguments(golden));
    for name in names {
        match name.as_str().rsplit_once("/{TMP") {
            Some((folder, rest)) if !rest.contains('/') => {
                known.holes.entry(folder.into()).or_insert(0);
            }
            _ => {
                known.literal.insert(name.as_str().into());
            }
        }
    }
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

fn holes_in(golden: &Golden, folder: &str) -> usize {
    let prefix = format!("{folder}/{{TMP");
    let mut names: Vec<&str> = golden.streams.iter().map(|stream| stream.object.name.as_str()).collect();
    names.extend(golden.ends.iter().map(|end| end.name.as_str()));
    names.retain(|name| name.strip_prefix(&*prefix).is_some_and(|rest| !rest.contains('/')));
    names.sort_unstable();
    names.dedup();
    names.len()
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

/// The numbers of the temporary names of a run.
pub(super) fn number(
    run: &Run,
    substitutions: &Substitutions,
    holes: &Holes,
    known: Option<&Golden>,
) -> HashMap<Vec<u8>, Option<u32>> {
    if holes.temporaries.len() < 2 && known.is_none() {
        return holes.temporaries.keys().map(|path| (path.clone(), Some(1))).collect();
    }
    let mut first = Maker::new(run, substitutions.clone(), holes);
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
    let refined = self::texts(&mut Maker::new(run, substitutions.clone(), &again), false);
    let mut ranked: Vec<Ranked> = holes
        .temporaries
        .keys()
        .map(|path| Ranked {
            path: path.clone(),
            first: texts.get(path).cloned().unwrap_or_default(),
            second: refined.get(path).cloned().unwrap_or_default(),
            bare: bare.get(path).cloned().unwrap_or_default(),
            left: left(run, path),
            made: made(run, path),
        })
        .collect();
    ranked.sort_by(|a, b| {
        (a.left, &a.first, &a.second, a.made, &a.path).cmp(&(b.left, &b.first, &b.second, b.made, &b.path))
    });
    assign(ranked, known)
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
fn assign(ranked: Vec<Ranked>, known: Option<&Golden>) -> HashMap<Vec<u8>, Option<u32>> {
    let mut wanted = known.map(known_streams).unwrap_or_default();
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

/// The temporary names of a golden by number.
fn known_streams(golden: &Golden) -> Vec<Wanted> {
    let mut all: BTreeMap<u32, Wanted> = BTreeMap::new();
    for stream in &golden.streams {
        let Some(number) = number_of(stream.object.name.as_str()) else { continue };
        let wanted = all.entry(number).or_insert_with(|| Wanted { number, ..Wanted::default() });
        let head = || std::iter::once(stream.process.0.to_string());
        let lines = |bare| stream.steps.iter().map(move |(_, step)| line(step, bare));
        wanted.exact.extend(head().chain(lines(false).map(|line| unnumbered(&line))));
        wanted.bare.extend(head().chain(lines(true)));
    }
    all.into_values().collect()
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

fn unnumbered(text: &str) -> String {
    match text.find("{TMP") {
        None => text.to_owned(),
        Some(at) => {
            let (head, tail) = text.split_at(at);
            let rest = tail.split_once('}').map_or("", |(_, rest)| rest);
            format!("{head}{{TMP}}{rest}")
        }
    }
}
