//! Objects: which stream of a process is which line of the golden.
//!
//! By name, then patterns, then what is left over by the same steps (it was renamed), then by what they share.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::Numbers;
use super::streams::{Diff, bag, sequence};
use super::{Comparing, Difference, Places, Side, facts, right};
use crate::form::{FormProcess, FormStream, NodeRef};
use crate::golden::{Presence, Stream};
use crate::model::{ObjectKind, ProcKey};

impl<'a> Comparing<'a, '_> {
    pub(super) fn objects(
        &mut self,
        key: &'a ProcKey,
        at: usize,
        process: &'a FormProcess,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        let golden = self.golden;
        let lines: Vec<(usize, &'a Stream)> =
            numbers.of_process(key).iter().filter_map(|at| Some((*at, golden.streams.get(*at)?))).collect();
        let known: BTreeMap<(ObjectKind, &str), &'a str> = lines
            .iter()
            .map(|(_, line)| ((line.object.kind, line.object.name.as_str()), line.object.name.as_str()))
            .collect();
        let mut by_name: BTreeMap<(ObjectKind, &str), Vec<usize>> = BTreeMap::new();
        for (nth, stream) in process.streams.iter().enumerate() {
            let name = self.names.canonical(&stream.object.name).as_str();
            let name = known.get(&(stream.object.kind, name)).copied().unwrap_or(stream.object.name.as_str());
            by_name.entry((stream.object.kind, name)).or_default().push(nth);
        }
        let mut gone: Vec<(usize, &'a Stream)> = Vec::new();
        for (line, stream) in lines {
            let found = by_name.remove(&(stream.object.kind, stream.object.name.as_str())).unwrap_or_default();
            if !right(stream.presence, found.len() as u64) {
                match found.len() {
                    0 => gone.push((line, stream)),
                    count => self.out.list.push(Difference::StreamCount { stream, count: count as u64 }),
                }
            }
            for nth in found {
                let Some(after) = process.streams.get(nth) else { continue };
                let node = NodeRef { process: at as u32, stream: nth as u32, step: 0 };
                self.pair(key, (line, stream), after, node, numbers, places);
            }
        }
        let new: Vec<usize> = by_name.into_values().flatten().collect();
        self.leftovers(key, at, process, gone, new, numbers, places);
    }

    fn pair(
        &mut self,
        key: &'a ProcKey,
        (line, before): (usize, &'a Stream),
        after: &'a FormStream,
        node: NodeRef,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        let diff = self.diff((line, before), after, numbers);
        if !diff.is_empty() {
            self.stream(key, Some(before), Some(after), diff.clone());
        }
        places.streams.insert(line, (node, diff));
    }

    fn diff(&mut self, (line, before): (usize, &Stream), after: &FormStream, numbers: &Numbers<'_>) -> Diff {
        let ids = numbers.golden.get(line).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<(Presence, u32)> = before.steps.iter().map(|(p, _)| *p).zip(ids.iter().copied()).collect();
        let matched = numbers.matched(line, before, Side { form: self.form, stream: after });
        let steps: Vec<(u32, u64)> =
            matched.into_iter().zip(after.steps.iter().map(|step| u64::from(step.count))).collect();
        let accepts = numbers.accepts(before, Side { form: self.form, stream: after });
        let accepts = accepts.as_ref().map(|accepts| accepts as super::streams::Accepts<'_>);
        if before.bag || after.bag {
            return bag(&lines, &steps, accepts);
        }
        sequence(&lines, &steps, accepts, &mut self.out.work)
    }

    #[expect(clippy::too_many_arguments, reason = "the two sides and what pairing them needs")]
    fn leftovers(
        &mut self,
        key: &'a ProcKey,
        at: usize,
        process: &'a FormProcess,
        mut gone: Vec<(usize, &'a Stream)>,
        mut new: Vec<usize>,
        numbers: &Numbers<'a>,
        places: &mut Places,
    ) {
        for least in [NAMED, SAME, HALF] {
            let mut rest = Vec::new();
            for (line, before) in gone {
                let alike = |nth: &usize| {
                    let after = process.streams.get(*nth)?;
                    let alike = match after.object.kind == before.object.kind {
                        true => shared(line, before, after, numbers),
                        // A name that nobody looked at is of no kind yet: a directory is taken for a file.
                        false if after.object.name == before.object.name => NAMED,
                        false => 0,
                    };
                    Some(alike).filter(|alike| *alike >= least)
                };
                let best = new.iter().enumerate().filter_map(|(place, nth)| Some((alike(nth)?, place)));
                let best = best.max_by_key(|(alike, place)| (*alike, std::cmp::Reverse(*place)));
                match best.map(|(_, place)| new.remove(place)) {
                    Some(nth) => {
                        let Some(after) = process.streams.get(nth) else { continue };
                        let node = NodeRef { process: at as u32, stream: nth as u32, step: 0 };
                        let diff = self.diff((line, before), after, numbers);
                        self.stream(key, Some(before), Some(after), diff.clone());
                        places.streams.insert(line, (node, diff));
                    }
                    None => rest.push((line, before)),
                }
            }
            gone = rest;
        }
        for (_, before) in gone.into_iter().filter(|(_, before)| facts::required(before.presence)) {
            self.stream(key, Some(before), None, Diff::default());
        }
        for after in new.into_iter().filter_map(|nth| process.streams.get(nth)) {
            self.stream(key, None, Some(after), Diff::default());
        }
    }
}

/// In thousandths: the same name, of another kind.
const NAMED: u64 = 1002;
/// All steps the same.
const SAME: u64 = 1001;
/// Half of the steps.
const HALF: u64 = 500;

/// How much two streams have in common: more than all of it when they are equal.
fn shared(line: usize, before: &Stream, after: &FormStream, numbers: &Numbers<'_>) -> u64 {
    let ids = numbers.golden.get(line).map(Vec::as_slice).unwrap_or_default();
    let form = |step: &crate::form::FormStep| numbers.form.get(step.step as usize).copied().unwrap_or(u32::MAX);
    let steps: Vec<u32> = after.steps.iter().map(form).collect();
    let counts = before.steps.iter().zip(&after.steps).all(|((p, _), step)| right(*p, u64::from(step.count)));
    if ids == steps && counts {
        return SAME;
    }
    let (a, b): (BTreeSet<u32>, BTreeSet<u32>) = (ids.iter().copied().collect(), steps.into_iter().collect());
    let all = a.union(&b).count() as u64;
    (a.intersection(&b).count() as u64 * 1000).checked_div(all).unwrap_or(1000)
}
