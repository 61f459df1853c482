//! Steps as numbers: a step of the run has the number of the golden's line that accepts it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Side;
use crate::content::Hash;
use crate::form::Form;
use crate::golden::{Golden, Stream};
use crate::learn::{Names, base_of, canonical, content_hash, without_content};
use crate::masks::ContentMasks;
use crate::model::{Arg, ObjectRef, ProcKey, Step, Verb};
use crate::pattern::{accepts, is_rule};

/// Numbers of all steps of both sides.
pub(super) struct Numbers<'a> {
    known: HashMap<&'a Step, u32>,
    /// Per stream of the golden, the number of each line.
    pub golden: Vec<Vec<u32>>,
    /// Of the steps of the run, where no rule is concerned.
    pub form: Vec<u32>,
    processes: BTreeMap<&'a ProcKey, Vec<usize>>,
    masks: BTreeMap<(ProcKey, ObjectRef), BTreeMap<Verb, ContentMasks>>,
}

impl<'a> Numbers<'a> {
    /// Of a golden and a run.
    pub fn of(golden: &'a Golden, form: &Form, names: &Names) -> Numbers<'a> {
        let mut known: HashMap<&Step, u32> = HashMap::new();
        let mut number = |step: &'a Step| {
            let next = known.len() as u32;
            *known.entry(step).or_insert(next)
        };
        let ids = golden.streams.iter().map(|s| s.steps.iter().map(|(_, step)| number(step)).collect()).collect();
        let mut fresh: HashMap<Step, u32> = HashMap::new();
        let first = known.len() as u32;
        let mut form_number = |step: &Step| {
            let step = canonical(step, names);
            known.get(&step).copied().unwrap_or_else(|| {
                let next = first + fresh.len() as u32;
                *fresh.entry(step).or_insert(next)
            })
        };
        let form = form.steps.iter().map(&mut form_number).collect();
        let mut processes: BTreeMap<&ProcKey, Vec<usize>> = BTreeMap::new();
        for (at, stream) in golden.streams.iter().enumerate() {
            processes.entry(&stream.process).or_default().push(at);
        }
        Numbers { known, golden: ids, form, processes, masks: masks(golden) }
    }

    /// The streams of a process, as places in the golden.
    pub fn of_process(&self, key: &ProcKey) -> &[usize] {
        self.processes.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The masks of a stream.
    pub fn masks(&self, process: &ProcKey, object: &ObjectRef) -> Option<&BTreeMap<Verb, ContentMasks>> {
        if self.masks.is_empty() { None } else { self.masks.get(&(process.clone(), object.clone())) }
    }

    /// Asks the lines of a stream one by one; `None` when numbers say it all.
    pub fn accepts<'s>(&'s self, stream: &'s Stream, side: Side<'s>) -> Option<impl Fn(usize, usize) -> bool + 's> {
        stream.steps.iter().any(|(_, step)| is_wild(step)).then_some(())?;
        let masks = self.masks(&stream.process, &stream.object);
        Some(move |line: usize, at: usize| {
            let rule = stream.steps.get(line).map(|(_, rule)| rule);
            let step = side.stream.steps.get(at).and_then(|step| side.form.steps.get(step.step as usize));
            let Some((rule, step)) = rule.zip(step) else { return false };
            let bytes = || side.form.contents.get(content_hash(step)??);
            let masked = masks.and_then(|masks| Some(Hash::of(&masks.get(&step.verb)?.apply(bytes()?, base_of(step)))));
            step_accepts(rule, step, masked)
        })
    }

    /// The steps of a stream of the run under the numbers of a stream of the golden.
    pub fn matched(&self, at: usize, stream: &Stream, side: Side<'_>) -> Vec<u32> {
        let rules = Rules::of(self, at, stream);
        let mut seen: HashMap<u32, u32> = HashMap::new();
        let number = |step: &crate::form::FormStep| {
            let plain = self.form.get(step.step as usize).copied().unwrap_or(u32::MAX);
            if rules.simple || rules.lines.contains(&plain) {
                return plain;
            }
            *seen.entry(step.step).or_insert_with(|| rules.number(step.step, side.form).unwrap_or(plain))
        };
        side.stream.steps.iter().map(number).collect()
    }
}

fn masks(golden: &Golden) -> BTreeMap<(ProcKey, ObjectRef), BTreeMap<Verb, ContentMasks>> {
    let mut all: BTreeMap<(ProcKey, ObjectRef), BTreeMap<Verb, Vec<&crate::golden::Mask>>> = BTreeMap::new();
    for mask in &golden.masks {
        if let Some(verb) = Verb::ALL.iter().find(|verb| verb.word() == &*mask.verb) {
            all.entry((mask.process.clone(), mask.object.clone())).or_default().entry(*verb).or_default().push(mask);
        }
    }
    let merged = |by_verb: BTreeMap<Verb, Vec<&crate::golden::Mask>>| {
        by_verb.into_iter().map(|(verb, masks)| (verb, ContentMasks::of(masks))).collect()
    };
    all.into_iter().map(|(key, by_verb)| (key, merged(by_verb))).collect()
}

/// What a stream of the golden accepts beside its lines as they stand.
struct Rules<'n, 'a> {
    numbers: &'n Numbers<'a>,
    masks: Option<&'n BTreeMap<Verb, ContentMasks>>,
    lines: HashSet<u32>,
    wild: Vec<(u32, &'n Step)>,
    all: Vec<(u32, &'n Step)>,
    /// Nothing is masked, nothing is wild.
    simple: bool,
}

impl<'n, 'a> Rules<'n, 'a> {
    fn of(numbers: &'n Numbers<'a>, at: usize, stream: &'n Stream) -> Rules<'n, 'a> {
        let ids = numbers.golden.get(at).map(Vec::as_slice).unwrap_or_default();
        let masks = numbers.masks(&stream.process, &stream.object).filter(|m| m.values().any(|m| !m.is_empty()));
        let lines: HashSet<u32> = ids.iter().copied().collect();
        let mut told = HashSet::new();
        let distinct = ids.iter().copied().zip(stream.steps.iter().map(|(_, step)| step));
        let all: Vec<(u32, &Step)> = distinct.filter(|(id, _)| told.insert(*id)).collect();
        let wild: Vec<(u32, &Step)> = all.iter().copied().filter(|(_, step)| is_wild(step)).collect();
        let contents = all.iter().any(|(_, step)| content_hash(step).is_some());
        let simple = masks.is_none() && wild.is_empty() && !contents;
        Rules { numbers, masks, lines, wild, all, simple }
    }

    /// The line that accepts this step of the run.
    fn number(&self, at: u32, form: &Form) -> Option<u32> {
        let step = form.steps.get(at as usize)?;
        let masked = self.masked_hash(step, form);
        if let Some(hash) = masked {
            let masked = with_hash(step, hash);
            if let Some(id) = self.numbers.known.get(&masked).filter(|id| self.lines.contains(id)) {
                return Some(*id);
            }
        }
        let wild = self.wild.iter().find(|(_, rule)| step_accepts(rule, step, masked));
        let unknown = || {
            // Content that was not kept can't differ; its length can.
            let same = |rule: &&Step| with_any_hash(rule) == *step;
            (content_hash(step) == Some(None)).then(|| self.all.iter().find(|(_, rule)| same(rule))).flatten()
        };
        wild.or_else(unknown).map(|(id, _)| *id)
    }

    fn masked_hash(&self, step: &Step, form: &Form) -> Option<Hash> {
        let masks = self.masks?.get(&step.verb)?;
        let bytes = form.contents.get(content_hash(step)??)?;
        Some(Hash::of(&masks.apply(bytes, base_of(step))))
    }
}

fn with_hash(step: &Step, hash: Hash) -> Step {
    let args = step.args.iter().map(|arg| if let Arg::Hash(_) = arg { Arg::Hash(Some(hash)) } else { arg.clone() });
    Step { verb: step.verb, args: args.collect(), errno: step.errno.clone() }
}

fn with_any_hash(step: &Step) -> Step {
    let args = step.args.iter().map(|arg| if let Arg::Hash(_) = arg { Arg::Hash(None) } else { arg.clone() });
    Step { verb: step.verb, args: args.collect(), errno: step.errno.clone() }
}

pub(crate) fn is_wild(step: &Step) -> bool {
    step.args.iter().any(|arg| match arg {
        Arg::Word(word) | Arg::Field(_, word) => is_rule(word),
        Arg::Span(_, to) => to.is_none(),
        Arg::Hash(hash) => hash.is_none(),
    })
}

fn step_accepts(rule: &Step, step: &Step, masked: Option<Hash>) -> bool {
    rule.verb == step.verb
        && rule.errno == step.errno
        && rule.args.len() == step.args.len()
        && rule.args.iter().zip(step.args.iter()).all(|(rule, arg)| arg_accepts(rule, arg, masked))
}

/// Does this argument of a golden accept that of a run?
pub(crate) fn arg_accepts(rule: &Arg, arg: &Arg, masked: Option<Hash>) -> bool {
    match (rule, arg) {
        (Arg::Word(rule), Arg::Word(word)) => accepts(rule, word),
        (Arg::Field(name, rule), Arg::Field(other, word)) => name == other && accepts(rule, word),
        (Arg::Span(0, None), Arg::Span(..)) | (Arg::Hash(None), Arg::Hash(_)) => true,
        (Arg::Span(from, None), Arg::Span(start, _)) => from == start,
        (Arg::Span(..), Arg::Span(..)) => rule == arg,
        (Arg::Hash(Some(hash)), Arg::Hash(other)) => other.is_none() || Some(*hash) == *other || Some(*hash) == masked,
        _ => false,
    }
}

/// Is it the same but for its content?
pub(crate) fn same_but_content(a: &Step, b: &Step) -> bool {
    without_content(a) == without_content(b)
}
