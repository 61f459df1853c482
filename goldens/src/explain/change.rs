//! A changed stream, and what of it no rule has explained yet.

use std::collections::BTreeSet;

use crate::compare::Hunk;
use crate::form::FormStream;
use crate::golden::Stream;
use crate::model::{ProcKey, Step};

/// Steps of one hunk among which the partner of a line is looked for.
const NEAR: usize = 256;

/// One changed stream, with the steps that no rule has taken yet.
pub(super) struct Change<'a> {
    pub process: &'a ProcKey,
    pub before: &'a Stream,
    pub after: &'a FormStream,
    pub golden: Vec<&'a Step>,
    pub run: Vec<&'a Step>,
    pub removed: BTreeSet<usize>,
    pub added: BTreeSet<usize>,
    pub hunks: &'a [Hunk],
    pub places: Vec<Option<u32>>,
}

impl<'a> Change<'a> {
    /// Lines and steps of one hunk that belong together, first with first.
    pub fn pairs(&self, fits: impl Fn(&Step, &Step) -> bool) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for hunk in self.hunks {
            let mut open: BTreeSet<usize> = hunk.added.iter().copied().filter(|at| self.added.contains(at)).collect();
            for old in hunk.removed.iter().copied().filter(|at| self.removed.contains(at)) {
                let Some(was) = self.golden.get(old) else { continue };
                let fits = |new: &&usize| self.run.get(**new).is_some_and(|is| fits(was, is));
                if let Some(new) = open.iter().take(NEAR).find(fits).copied() {
                    open.remove(&new);
                    pairs.push((old, new));
                }
            }
        }
        pairs
    }

    pub fn take(&mut self, old: usize, new: usize) {
        self.removed.remove(&old);
        self.added.remove(&new);
    }

    pub fn take_removed(&mut self, wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
        take(&mut self.removed, &self.golden, wanted)
    }

    pub fn take_added(&mut self, wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
        take(&mut self.added, &self.run, wanted)
    }

    /// The step of the run that is this line.
    pub fn place(&self, line: usize) -> Option<usize> {
        if self.places.is_empty() { Some(line) } else { self.places.get(line).copied().flatten().map(|at| at as usize) }
    }
}

fn take<'a>(open: &mut BTreeSet<usize>, steps: &[&'a Step], wanted: impl Fn(&Step) -> bool) -> Vec<&'a Step> {
    let mut taken = Vec::new();
    open.retain(|at| {
        let step = steps.get(*at).copied().filter(|step| wanted(step));
        taken.extend(step);
        step.is_none()
    });
    taken
}
