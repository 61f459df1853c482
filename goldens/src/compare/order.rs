//! Order: steps that no longer come before others.

use std::collections::BTreeMap;

use super::{Comparing, Difference, Places};
use crate::form::NodeRef;
use crate::golden::{Golden, StepRef};
use crate::happens::HappensBefore;
use crate::model::{ObjectRef, ProcKey, Verb};

/// Places of the steps of a verb in a stream, looked up once.
struct Lines<'a> {
    golden: &'a Golden,
    known: BTreeMap<(usize, Verb), Vec<u32>>,
}

impl Lines<'_> {
    fn nth(&mut self, at: usize, step: &StepRef) -> Option<u32> {
        let stream = self.golden.streams.get(at)?;
        let all = self.known.entry((at, step.verb)).or_insert_with(|| {
            (0u32..)
                .zip(&stream.steps)
                .filter(|(_, (_, other))| other.verb == step.verb)
                .map(|(line, _)| line)
                .collect()
        });
        all.get(step.nth.checked_sub(1)? as usize).copied()
    }
}

impl<'a> Comparing<'a, '_> {
    pub(super) fn order(&mut self, places: &Places) {
        if self.golden.order.is_empty() {
            return;
        }
        let happens = HappensBefore::of(self.form);
        let streams: BTreeMap<(&ProcKey, &ObjectRef), usize> =
            (0..).zip(&self.golden.streams).map(|(at, s)| ((&s.process, &s.object), at)).collect();
        let mut lines = Lines { golden: self.golden, known: BTreeMap::new() };
        let mut found = Vec::new();
        for edge in &self.golden.order {
            let other = edge.other.as_ref().unwrap_or(&edge.process);
            let before = self.node(&edge.process, &edge.before, &streams, places, &mut lines);
            let after = self.node(other, &edge.after, &streams, places, &mut lines);
            // A step that is not there has a finding of its own.
            let (Some(before), Some(after)) = (before, after) else { continue };
            if !happens.before(self.form, before, after) {
                found.push(Difference::Order { edge, event: self.event(after) });
            }
        }
        self.out.list.extend(found);
    }

    fn node(
        &self,
        process: &ProcKey,
        step: &StepRef,
        streams: &BTreeMap<(&ProcKey, &ObjectRef), usize>,
        places: &Places,
        lines: &mut Lines<'a>,
    ) -> Option<NodeRef> {
        let at = *streams.get(&(process, &step.object))?;
        let (node, diff) = places.streams.get(&at)?;
        let line = lines.nth(at, step)?;
        let step = diff.place(line).or_else(|| self.moved(*node, step))?;
        Some(NodeRef { step, ..*node })
    }

    /// A step that is elsewhere in its stream now: the one of that verb with that number.
    fn moved(&self, node: NodeRef, step: &StepRef) -> Option<u32> {
        let stream = self.form.processes.get(node.process as usize)?.streams.get(node.stream as usize)?;
        let verb = |at: u32| self.form.steps.get(at as usize).is_some_and(|other| other.verb == step.verb);
        let mut of_verb = (0u32..).zip(&stream.steps).filter(|(_, other)| verb(other.step)).map(|(at, _)| at);
        of_verb.nth(step.nth.checked_sub(1)? as usize)
    }

    fn event(&self, node: NodeRef) -> Option<u64> {
        let stream = self.form.processes.get(node.process as usize)?.streams.get(node.stream as usize)?;
        stream.steps.get(node.step as usize).map(|step| step.event)
    }
}
