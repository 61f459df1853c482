//! Streams of several runs become one: a sequence, a bag, or a bag with ranges.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::content::{Varied, vary};
use super::names::Names;
use crate::content::{Content, Contents, Hash};
use crate::form::{Form, FormStream};
use crate::golden::{Number, Presence};
use crate::masks::ContentMasks;
use crate::model::{Arg, Step, Verb};
use crate::pattern::{join_enumerable, join_names};
use crate::value::Value;

/// The distinct steps of all runs, numbered; of each run, what number its own steps have.
pub(super) struct Steps {
    all: Vec<Step>,
    ids: Vec<Vec<u32>>,
}

impl Steps {
    /// Of these runs, names that are patterns written so.
    pub fn of(forms: &[Form], names: &Names) -> Steps {
        let mut index: HashMap<Step, u32> = HashMap::new();
        let mut all = Vec::new();
        let mut number = |step: Step| {
            *index.entry(step).or_insert_with_key(|step| {
                all.push(step.clone());
                all.len() as u32 - 1
            })
        };
        let ids = forms.iter().map(|form| form.steps.iter().map(|step| number(canonical(step, names))).collect());
        let ids = ids.collect();
        Steps { all, ids }
    }

    fn get(&self, id: u32) -> Option<&Step> {
        self.all.get(id as usize)
    }
}

/// The step with patterns for the names that have one.
pub(crate) fn canonical(step: &Step, names: &Names) -> Step {
    if !names.any_patterns() {
        return step.clone();
    }
    let args = step.args.iter().map(|arg| match arg {
        Arg::Word(value) => Arg::Word(names.canonical(value).clone()),
        other => other.clone(),
    });
    Step { verb: step.verb, args: args.collect(), errno: step.errno.clone() }
}

/// One stream of one run.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    /// Which run.
    pub run: usize,
    /// It.
    pub form: &'a Form,
    /// Its stream.
    pub stream: &'a FormStream,
}

/// A stream of a golden, as far as its steps go.
#[derive(Default)]
pub(super) struct Joined {
    pub bag: bool,
    pub steps: Vec<(Presence, Step)>,
    /// Per step: is less than half of its content masked?
    pub asserted: Vec<bool>,
    /// Masks by verb, and how many distinct contents there were.
    pub masks: BTreeMap<Verb, (ContentMasks, u32)>,
    /// Verbs of which a whole content is masked, likewise.
    pub wholly: BTreeMap<Verb, u32>,
}

type Line = Vec<(u32, u32)>;

/// Joins the streams of all runs (and of all processes that are alike).
pub(super) fn join(members: &[Member<'_>], steps: &Steps, kept: &mut Contents) -> Joined {
    let line = |member: &Member<'_>| -> Line {
        let ids = steps.ids.get(member.run);
        let id = |at: u32| ids.and_then(|ids| ids.get(at as usize)).copied();
        member.stream.steps.iter().filter_map(|step| Some((id(step.step)?, step.count))).collect()
    };
    let lines: Vec<Line> = members.iter().map(line).collect();
    let bag = members.iter().any(|member| member.stream.bag) || some_reordered(&lines) || !aligned(&lines, steps);
    let mut joined = if bag { join_bag(&lines, steps) } else { join_sequence(members, &lines, steps, kept) };
    joined.bag = bag;
    for (_, step) in &joined.steps {
        keep(step, members, kept);
    }
    joined
}

/// The same steps in another order somewhere: the order means nothing.
fn some_reordered(lines: &[Line]) -> bool {
    let distinct: BTreeSet<&Line> = lines.iter().collect();
    if distinct.len() < 2 {
        return false;
    }
    let sets: BTreeSet<BTreeMap<u32, u64>> = distinct.iter().map(|line| multiset(line)).collect();
    sets.len() < distinct.len()
}

fn multiset(line: &Line) -> BTreeMap<u32, u64> {
    let mut counts = BTreeMap::new();
    for (id, count) in line {
        *counts.entry(*id).or_insert(0) += u64::from(*count);
    }
    counts
}

/// The same verbs, errors, counts and kinds of arguments in the same places.
fn aligned(lines: &[Line], steps: &Steps) -> bool {
    let Some((first, rest)) = lines.split_first() else { return true };
    rest.iter().all(|line| {
        line == first
            || (line.len() == first.len()
                && line.iter().zip(first).all(|(a, b)| {
                    a == b || (a.1 == b.1 && steps.get(a.0).zip(steps.get(b.0)).is_some_and(|(a, b)| alike(a, b)))
                }))
    })
}

pub(super) fn alike(a: &Step, b: &Step) -> bool {
    let kind = |arg: &Arg| match arg {
        Arg::Word(_) => (0, None),
        Arg::Field(name, _) => (1, Some(name.clone())),
        Arg::Span(..) => (2, None),
        Arg::Hash(_) => (3, None),
    };
    a.verb == b.verb && a.errno == b.errno && a.args.iter().map(kind).eq(b.args.iter().map(kind))
}

fn join_sequence(members: &[Member<'_>], lines: &[Line], steps: &Steps, kept: &mut Contents) -> Joined {
    let mut joined = Joined::default();
    let Some(first) = lines.first() else { return joined };
    for (at, (id, count)) in first.iter().enumerate() {
        let here: Vec<&Step> =
            lines.iter().filter_map(|line| line.get(at)).filter_map(|(id, _)| steps.get(*id)).collect();
        let all_same = lines.iter().all(|line| line.get(at).is_some_and(|(other, _)| other == id));
        let step = if all_same { steps.get(*id).cloned() } else { Some(join_steps(&here)) };
        let Some(step) = step else { continue };
        joined.steps.push((times(u64::from(*count)), step));
        if !all_same {
            mask(&mut joined, &here, members);
        }
    }
    joined.asserted = vec![true; joined.steps.len()];
    settle(&mut joined, members, lines, steps, kept);
    joined
}

/// So many, in a golden.
pub(crate) fn times(n: u64) -> Presence {
    if n == 1 { Presence::Required } else { Presence::Times(Number::exactly(n)) }
}

/// What the contents of one place in all runs have in common.
fn mask(joined: &mut Joined, here: &[&Step], members: &[Member<'_>]) {
    let Some(verb) = here.first().map(|step| step.verb) else { return };
    let hashes: BTreeSet<Option<Hash>> = here.iter().filter_map(|step| content_hash(step)).collect();
    if hashes.len() < 2 {
        return;
    }
    let distinct = hashes.len() as u32;
    let bytes: Option<BTreeSet<&[u8]>> =
        here.iter().zip(members).map(|(step, member)| bytes_of(step, member.form)).collect();
    let bases: BTreeSet<u64> = here.iter().map(|step| base_of(step)).collect();
    let one_base = if bases.len() == 1 { bases.first() } else { None };
    match bytes.zip(one_base).map(|(bytes, base)| vary(&bytes, *base)) {
        Some(Varied::Within(masks)) => {
            let entry = joined.masks.entry(verb).or_default();
            entry.0.add(&masks);
            entry.1 = entry.1.max(distinct);
        }
        _ => {
            let entry = joined.wholly.entry(verb).or_default();
            *entry = distinct.max(*entry);
        }
    }
}

/// Hashes of what is not masked; where the runs still differ, nothing is asserted of the content.
fn settle(joined: &mut Joined, members: &[Member<'_>], lines: &[Line], steps: &Steps, kept: &mut Contents) {
    for at in 0..joined.steps.len() {
        let Some((_, step)) = joined.steps.get(at) else { continue };
        let verb = step.verb;
        let Some((masks, distinct)) = joined.masks.get(&verb).cloned() else {
            joined.asserted[at] = content_hash(step) != Some(None);
            continue;
        };
        let here = lines.iter().zip(members).filter_map(|(line, member)| {
            let step = steps.get(line.get(at)?.0)?;
            content_hash(step).map(|hash| (step, hash, member))
        });
        let mut hashes = BTreeSet::new();
        let mut half = false;
        for (step, hash, member) in here {
            let masked = bytes_of(step, member.form).map(|bytes| {
                half |= masks.masked(bytes, base_of(step)) * 2 > bytes.len();
                masks.apply(bytes, base_of(step))
            });
            hashes.insert(masked.as_ref().map(|bytes| Hash::of(bytes)).or(hash));
            if let Some(bytes) = masked {
                kept.keep(&Content::known(bytes));
            }
        }
        if hashes.is_empty() {
            continue;
        }
        let settled = if hashes.len() == 1 { hashes.first().copied().flatten() } else { None };
        joined.asserted[at] = settled.is_some() && !half;
        if settled.is_none() {
            joined.wholly.entry(verb).or_insert(distinct);
        }
        if let Some((_, step)) = joined.steps.get_mut(at) {
            set_hash(step, settled);
        }
    }
}

fn set_hash(step: &mut Step, hash: Option<Hash>) {
    let new = |arg: &Arg| if let Arg::Hash(_) = arg { Arg::Hash(hash) } else { arg.clone() };
    step.args = step.args.iter().map(new).collect();
}

/// Steps that differ in arguments only.
pub(super) fn join_steps(steps: &[&Step]) -> Step {
    let Some(first) = steps.first() else {
        return Step { verb: Verb::Close, args: Arc::new([]), errno: None };
    };
    let arg =
        |at: usize| join_args(first.verb, at, &steps.iter().filter_map(|step| step.args.get(at)).collect::<Vec<_>>());
    Step { verb: first.verb, args: (0..first.args.len()).filter_map(arg).collect(), errno: first.errno.clone() }
}

fn join_args(verb: Verb, at: usize, args: &[&Arg]) -> Option<Arg> {
    let first = *args.first()?;
    if args.iter().all(|arg| *arg == first) {
        return Some(first.clone());
    }
    let words = || args.iter().filter_map(|arg| if let Arg::Word(v) | Arg::Field(_, v) = arg { Some(v) } else { None });
    Some(match first {
        // The size that a stat shows follows the content.
        Arg::Word(_) if verb == Verb::Stat && at == 2 => Arg::Word(Value::from_syntax("*")),
        Arg::Word(_) => Arg::Word(join_words(words())),
        Arg::Field(name, _) => Arg::Field(name.clone(), join_words(words())),
        Arg::Span(..) => join_spans(args),
        Arg::Hash(_) => Arg::Hash(None),
    })
}

/// Flags and other small words are one-of; numbers and names are patterns.
pub(crate) fn join_words<'a>(words: impl Iterator<Item = &'a Value> + Clone) -> Value {
    let enumerable = |word: &Value| word.as_str().bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'|'));
    let few =
        words.clone().all(|word| enumerable(word) || word.as_str().starts_with("{") && word.as_str().contains('|'));
    if few { join_enumerable(words) } else { join_names(words) }
}

fn join_spans(args: &[&Arg]) -> Arg {
    let spans: Vec<(u64, Option<u64>)> =
        args.iter().filter_map(|arg| if let Arg::Span(from, to) = arg { Some((*from, *to)) } else { None }).collect();
    let from: BTreeSet<u64> = spans.iter().map(|(from, _)| *from).collect();
    if from.len() == 1 { Arg::Span(spans.first().map_or(0, |(from, _)| *from), None) } else { Arg::Span(0, None) }
}

/// The steps by how often they came, in each run.
fn join_bag(lines: &[Line], steps: &Steps) -> Joined {
    let counts: Vec<BTreeMap<u32, u64>> = lines.iter().map(multiset).collect();
    let ids: BTreeSet<u32> = counts.iter().flat_map(|counts| counts.keys().copied()).collect();
    let mut groups: BTreeMap<Step, BTreeSet<u32>> = BTreeMap::new();
    for id in ids {
        if let Some(step) = steps.get(id) {
            groups.entry(without_content(step)).or_default().insert(id);
        }
    }
    let mut joined = Joined::default();
    for (open, ids) in groups {
        join_group(&mut joined, open, &ids, &counts, steps);
    }
    let mut order: Vec<usize> = (0..joined.steps.len()).collect();
    order.sort_by(|a, b| joined.steps.get(*a).map(|s| (&s.1, s.0)).cmp(&joined.steps.get(*b).map(|s| (&s.1, s.0))));
    joined.asserted = order.iter().filter_map(|at| joined.asserted.get(*at).copied()).collect();
    joined.steps = order.iter().filter_map(|at| joined.steps.get(*at).cloned()).collect();
    joined
}

/// Steps that differ in content only: as they are when every run had the same, else one line for all of them.
fn join_group(joined: &mut Joined, open: Step, ids: &BTreeSet<u32>, counts: &[BTreeMap<u32, u64>], steps: &Steps) {
    let of = |counts: &BTreeMap<u32, u64>, id: &u32| counts.get(id).copied().unwrap_or(0);
    let same = |id: &u32| counts.iter().map(|counts| of(counts, id)).collect::<BTreeSet<_>>().len() == 1;
    if content_hash(&open).is_none() || ids.len() == 1 || ids.iter().all(same) {
        for id in ids {
            let (Some(range), Some(step)) = (Number::of(counts.iter().map(|counts| of(counts, id))), steps.get(*id))
            else {
                continue;
            };
            joined.steps.push((presence(range), step.clone()));
            joined.asserted.push(range.low == range.high && content_hash(step) != Some(None));
        }
        return;
    }
    let totals = counts.iter().map(|counts| ids.iter().map(|id| of(counts, id)).sum());
    let Some(range) = Number::of(totals) else { return };
    joined.wholly.insert(open.verb, ids.len() as u32);
    joined.steps.push((presence(range), open));
    joined.asserted.push(false);
}

/// A count in a golden.
pub(crate) fn presence(range: Number) -> Presence {
    match (range.low, range.high) {
        (1, 1) => Presence::Required,
        _ => Presence::Times(range),
    }
}

/// The step with any content.
pub(crate) fn without_content(step: &Step) -> Step {
    let args = step.args.iter().map(|arg| match arg {
        Arg::Span(..) if content_hash(step).is_some() => Arg::Span(0, None),
        Arg::Hash(_) => Arg::Hash(None),
        other => other.clone(),
    });
    Step { verb: step.verb, args: args.collect(), errno: step.errno.clone() }
}

/// The hash of its content, when it has one; the inner `None`: it is not known.
pub(crate) fn content_hash(step: &Step) -> Option<Option<Hash>> {
    step.args.iter().rev().find_map(|arg| if let Arg::Hash(hash) = arg { Some(*hash) } else { None })
}

/// Where its content begins.
pub(crate) fn base_of(step: &Step) -> u64 {
    step.args.iter().find_map(|arg| if let Arg::Span(from, _) = arg { Some(*from) } else { None }).unwrap_or(0)
}

/// The bytes of its content, as far as they were kept.
pub(crate) fn bytes_of<'a>(step: &Step, form: &'a Form) -> Option<&'a [u8]> {
    form.contents.get(content_hash(step)??).map(|bytes| &**bytes)
}

fn keep(step: &Step, members: &[Member<'_>], kept: &mut Contents) {
    let Some(Some(hash)) = content_hash(step) else { return };
    let bytes = members.iter().find_map(|member| member.form.contents.get(hash));
    if let (None, Some(bytes)) = (kept.get(hash), bytes) {
        kept.keep(&Content { len: bytes.len() as u64, hash: Some(hash), bytes: Some(bytes.clone()) });
    }
}
