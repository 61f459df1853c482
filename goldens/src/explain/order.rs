//! Order: a step before another that it came after.

use super::verbs::{does, doing};
use super::{Context, Draft, words};
use crate::finding::Code;
use crate::golden::{OrderEdge, StepRef};
use crate::model::{ObjectKind, ProcKey, Step, Verb};

impl Context<'_> {
    pub(super) fn edge(&self, edge: &OrderEdge, event: Option<u64>) -> Draft {
        let other = edge.other.as_ref().unwrap_or(&edge.process);
        let (first, second) = (&edge.before, &edge.after);
        let (x, y) = (self.called(&first.object), self.called(&second.object));
        let locks = matches!(first.verb, Verb::Lock | Verb::Plock);
        let unlocks = matches!(second.verb, Verb::Unlock | Verb::Punlock);
        let (code, about, process, sentence) =
            if is_sync(first.verb) && first.object.kind == ObjectKind::File && writes(second) {
                (Code::DurOrder, second, other, format!("{y} is written before {x} is durable"))
            } else if locks && writes(second) {
                (Code::LockScope, second, other, format!("{y} is written outside the lock on {x}"))
            } else if unlocks && writes(first) {
                (Code::LockScope, first, &edge.process, format!("{x} is written outside the lock on {y}"))
            } else {
                (Code::Order, second, other, self.swapped(edge, other, &x, &y))
            };
        let name = words::object_syntax(&about.object);
        let sides = |a: String, b: String| vec![a, b];
        let (a, b) = (format!("{} {x}", first.verb.word()), format!("{} {y}", second.verb.word()));
        let mut draft = Draft::new(code, process, sentence).on(&name, self).attribute("order").event(event);
        for object in [&first.object, &second.object] {
            let name = words::object_syntax(object);
            draft.names.insert(self.last_name(&name).to_string());
            draft.names.insert(name);
        }
        draft.owners.insert(edge.process.clone());
        draft.sides(sides(a.clone(), b.clone()), sides(b, a))
    }

    /// `writes second before first`, `writes stdout before reading stdin`.
    fn swapped(&self, edge: &OrderEdge, other: &ProcKey, x: &str, y: &str) -> String {
        let (first, second) = (self.step(&edge.process, &edge.before), self.step(other, &edge.after));
        let (Some(first), Some(second)) = (first, second) else {
            return format!("{} {y} before {} {x}", edge.after.verb.word(), edge.before.verb.word());
        };
        let now = does(second);
        if now == does(first) {
            format!("{now} {y} before {x}")
        } else {
            format!("{now} {y} before {} {x}", doing(first))
        }
    }

    fn step(&self, process: &ProcKey, wanted: &StepRef) -> Option<&Step> {
        let stream = self.golden.streams.iter().find(|s| s.process == *process && s.object == wanted.object)?;
        let mut of_verb = stream.steps.iter().map(|(_, step)| step).filter(|step| step.verb == wanted.verb);
        of_verb.nth(wanted.nth.checked_sub(1)? as usize)
    }
}

fn is_sync(verb: Verb) -> bool {
    matches!(verb, Verb::Fsync | Verb::Fdatasync | Verb::Syncfs | Verb::Msync)
}

fn writes(step: &StepRef) -> bool {
    matches!(step.verb, Verb::Write | Verb::Rewrite | Verb::Truncate | Verb::Allocate | Verb::Punch | Verb::Open)
        && step.object.kind == ObjectKind::File
}
