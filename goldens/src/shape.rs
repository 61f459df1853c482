//! Shapes: how many calls moved the bytes of an object.
//!
//! What is not written down is one call for each range. Families of one direction stand for each other: bytes
//! written by `pwrite` were not written by `write`.

use std::collections::BTreeMap;

use crate::form::{Form, FormProcess, FormStream};
use crate::golden::{Number, Presence, Stream};
use crate::model::{ObjectRef, Step, Verb};

/// Families by direction; the first of each is what a range counts as when nothing is said.
const DIRECTIONS: [(&[&str], &[Verb]); 4] = [
    (&["read", "pread", "readv", "preadv", "sendfile-from", "copy-from", "splice-from", "map"], &[Verb::Read]),
    (&["write", "pwrite", "writev", "pwritev", "mmap", "sendfile", "splice", "copy"], &[Verb::Write, Verb::Rewrite]),
    (&["recv"], &[Verb::Recv]),
    (&["send"], &[Verb::Send]),
];

/// The family that ranges of the same direction count as; the family itself when it is none of ours.
pub(crate) fn base_family(family: &str) -> &str {
    DIRECTIONS
        .iter()
        .find(|(families, _)| families.contains(&family))
        .and_then(|(all, _)| all.first())
        .unwrap_or(&family)
}

/// How many calls of each family moved the bytes of each object of a process.
pub(crate) struct Moved<'a> {
    form: &'a Form,
    process: &'a FormProcess,
    streams: BTreeMap<&'a ObjectRef, &'a FormStream>,
}

impl<'a> Moved<'a> {
    /// By this process of a run.
    pub fn by(process: &'a FormProcess, form: &'a Form) -> Moved<'a> {
        Moved { form, process, streams: process.streams.iter().map(|stream| (&stream.object, stream)).collect() }
    }

    /// Calls of this family; `None` when the process never touched the object.
    pub fn count(&self, object: &ObjectRef, family: &str) -> Option<u64> {
        let stream = self.streams.get(object)?;
        let of = |family: &str| self.process.shapes.get(&(object.clone(), family.into())).copied();
        if let Some(count) = of(family) {
            return Some(count);
        }
        let Some((families, verbs)) = DIRECTIONS.iter().find(|(families, _)| families.first() == Some(&family)) else {
            return Some(0);
        };
        if families.iter().skip(1).any(|other| of(other).is_some_and(|count| count > 0)) {
            return Some(0);
        }
        let moves = |at: u32| self.form.steps.get(at as usize).is_some_and(|step| moves(step, verbs));
        Some(stream.steps.iter().filter(|step| moves(step.step)).map(|step| u64::from(step.count)).sum())
    }
}

fn moves(step: &Step, verbs: &[Verb]) -> bool {
    verbs.contains(&step.verb) && step.errno.is_none()
}

/// What a golden says about a family that has no line: one call for each range, unless another family of the same
/// direction moved them; `None` when nothing was moved at all.
pub(crate) fn stated_or_ranges(
    stream: &Stream,
    family: &str,
    stated: &impl Fn(&str) -> Option<Number>,
) -> Option<Number> {
    let Some((families, verbs)) = DIRECTIONS.iter().find(|(families, _)| families.first() == Some(&family)) else {
        return Some(Number::exactly(0));
    };
    if families.iter().skip(1).any(|other| stated(other).is_some_and(|count| count.high > 0)) {
        return Some(Number::exactly(0));
    }
    let moved = stream.steps.iter().filter(|(_, step)| moves(step, verbs));
    let count = |presence: Presence| match presence {
        Presence::Required => Number::exactly(1),
        Presence::Optional => Number { low: 0, high: 1 },
        Presence::Times(number) => number,
    };
    let sum = |a: Number, b: Number| Number { low: a.low + b.low, high: a.high + b.high };
    Some(moved.map(|(presence, _)| count(*presence)).fold(Number::exactly(0), sum))
}
