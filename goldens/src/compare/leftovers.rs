//! Leftovers: streams of one process that have no namesake on the other side.
//!
//! First those of one name but another kind, then those with the same steps (the object was renamed), then those
//! that share half of their steps at least. Each line takes the first stream that is as good as any.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::right;
use super::steps::Numbers;
use crate::form::FormStream;
use crate::golden::Stream;
use crate::model::{ObjectKind, ObjectRef};
use crate::value::Value;

/// Thousandths of all their steps that two streams share at least when they are taken for one.
const HALF: u64 = 500;
/// Numbers that are looked at to find out what streams share. Where there are more, the rest stays alone.
const LOOKED_AT: usize = 1 << 26;

/// A stream without a namesake.
pub(super) struct Left<'a, S> {
    /// Its place: in the golden, or in the process.
    pub at: usize,
    pub stream: &'a S,
    object: &'a ObjectRef,
    /// Its steps, numbered.
    ids: Vec<u32>,
    /// The same, each once and sorted.
    distinct: Vec<u32>,
}

impl<'a, S> Left<'a, S> {
    fn new(at: usize, stream: &'a S, object: &'a ObjectRef, ids: Vec<u32>) -> Left<'a, S> {
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        Left { at, stream, object, ids, distinct }
    }
}

impl<'a> Left<'a, Stream> {
    /// A line of the golden.
    pub fn of_golden(at: usize, stream: &'a Stream, numbers: &Numbers<'_>) -> Self {
        Left::new(at, stream, &stream.object, numbers.golden.get(at).cloned().unwrap_or_default())
    }
}

impl<'a> Left<'a, FormStream> {
    /// A stream of the run.
    pub fn of_run(at: usize, stream: &'a FormStream, numbers: &Numbers<'_>) -> Self {
        let number = |step: u32| numbers.form.get(step as usize).copied().unwrap_or(u32::MAX);
        Left::new(at, stream, &stream.object, stream.steps.iter().map(|step| number(step.step)).collect())
    }
}

/// Which leftovers are one, and which stay alone; as places in the lists that were given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub pairs: Vec<(usize, usize)>,
    pub gone: Vec<usize>,
    pub new: Vec<usize>,
}

/// Pairs of lines and streams.
pub(super) fn pairs(gone: &[Left<'_, Stream>], new: &[Left<'_, FormStream>]) -> Found {
    let mut partners = Partners::of(new);
    let mut found = Found { gone: (0..gone.len()).collect(), ..Found::default() };
    for partner in [Partners::named, Partners::same, Partners::alike] {
        found.gone.retain(|line| match gone.get(*line).and_then(|before| partner(&mut partners, before)) {
            Some(nth) => {
                partners.free[nth] = false;
                found.pairs.push((*line, nth));
                false
            }
            None => true,
        });
    }
    found.new = (0..new.len()).filter(|nth| partners.free[*nth]).collect();
    found
}

/// The streams of the run that are still to be had.
struct Partners<'n> {
    new: &'n [Left<'n, FormStream>],
    free: Vec<bool>,
    names: HashMap<&'n Value, Vec<usize>>,
    sequences: HashMap<(ObjectKind, &'n [u32]), Vec<usize>>,
    looked_at: usize,
}

impl<'n> Partners<'n> {
    fn of(new: &'n [Left<'n, FormStream>]) -> Partners<'n> {
        let mut names: HashMap<&Value, Vec<usize>> = HashMap::new();
        let mut sequences: HashMap<(ObjectKind, &[u32]), Vec<usize>> = HashMap::new();
        for (nth, left) in new.iter().enumerate() {
            names.entry(&left.object.name).or_default().push(nth);
            sequences.entry((left.object.kind, &left.ids)).or_default().push(nth);
        }
        Partners { new, free: vec![true; new.len()], names, sequences, looked_at: 0 }
    }

    /// A name that nobody looked at is of no kind yet: a directory is taken for a file.
    fn named(&mut self, before: &Left<'_, Stream>) -> Option<usize> {
        let named = self.names.get(&before.object.name)?;
        named.iter().copied().find(|nth| self.free[*nth] && self.new[*nth].object.kind != before.object.kind)
    }

    fn same(&mut self, before: &Left<'_, Stream>) -> Option<usize> {
        let same = self.sequences.get(&(before.object.kind, before.ids.as_slice()))?;
        let counts = |after: &FormStream| {
            before.stream.steps.iter().zip(&after.steps).all(|((p, _), step)| right(*p, u64::from(step.count)))
        };
        same.iter().copied().find(|nth| self.free[*nth] && counts(self.new[*nth].stream))
    }

    fn alike(&mut self, before: &Left<'_, Stream>) -> Option<usize> {
        let mut best = None;
        for (nth, after) in self.new.iter().enumerate() {
            if !self.free[nth] || after.object.kind != before.object.kind || self.looked_at >= LOOKED_AT {
                continue;
            }
            self.looked_at += before.distinct.len() + after.distinct.len();
            let alike = shared(&before.distinct, &after.distinct);
            best = best.max(Some((alike, Reverse(nth))).filter(|_| alike >= HALF));
        }
        best.map(|(_, Reverse(nth))| nth)
    }
}

/// How much of all their numbers two sorted lists have in common, in thousandths.
fn shared(a: &[u32], b: &[u32]) -> u64 {
    let (mut x, mut y, mut both) = (0, 0, 0u64);
    while let (Some(left), Some(right)) = (a.get(x), b.get(y)) {
        both += u64::from(left == right);
        (x, y) = (x + usize::from(left <= right), y + usize::from(right <= left));
    }
    let all = (a.len() + b.len()) as u64 - both;
    (both * 1000).checked_div(all).unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn what_is_shared_is_a_part_of_all() {
        assert_eq!(shared(&[1, 2, 3], &[2, 3, 4]), 500);
        assert_eq!(shared(&[1, 2], &[3, 4]), 0);
        assert_eq!(shared(&[], &[]), 1000);
        assert_eq!(shared(&[5], &[5]), 1000);
    }
}
