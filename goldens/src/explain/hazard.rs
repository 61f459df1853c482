//! Hazards: several processes write one file and none takes a lock.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Draft, words};
use crate::finding::Code;
use crate::model::{ObjectKind, ObjectRef, ProcKey, Step, Verb};

/// Who writes a file, and who of them locks it.
#[derive(Default)]
struct Use {
    writers: BTreeSet<ProcKey>,
    lockers: BTreeSet<ProcKey>,
    processes: usize,
}

impl Use {
    fn see<'s>(&mut self, process: &ProcKey, steps: impl Iterator<Item = &'s Step>) {
        let (mut writes, mut locks) = (false, false);
        for step in steps.filter(|step| step.errno.is_none()) {
            writes |= matches!(step.verb, Verb::Write | Verb::Rewrite | Verb::Truncate);
            locks |= matches!(step.verb, Verb::Lock | Verb::Plock);
        }
        if writes {
            self.processes += 1;
            self.writers.insert(process.clone());
        }
        if locks {
            self.lockers.insert(process.clone());
        }
    }

    fn unlocked(&self) -> bool {
        self.processes > 1 && !self.writers.is_subset(&self.lockers)
    }
}

impl Context<'_> {
    pub(super) fn hazards(&self) -> Vec<Draft> {
        let mut before: BTreeMap<&ObjectRef, Use> = BTreeMap::new();
        for stream in self.golden.streams.iter().filter(|stream| stream.object.kind == ObjectKind::File) {
            before.entry(&stream.object).or_default().see(&stream.process, stream.steps.iter().map(|(_, step)| step));
        }
        let mut after: BTreeMap<&ObjectRef, Use> = BTreeMap::new();
        for (process, key) in self.form.processes.iter().zip(self.keys) {
            for stream in process.streams.iter().filter(|stream| stream.object.kind == ObjectKind::File) {
                let steps = stream.steps.iter().filter_map(|step| self.form.steps.get(step.step as usize));
                after.entry(&stream.object).or_default().see(key, steps);
            }
        }
        let objects: BTreeSet<&ObjectRef> = before.keys().chain(after.keys()).copied().collect();
        let none = Use::default();
        let mut drafts = Vec::new();
        for object in objects {
            let (was, is) = (before.get(object).unwrap_or(&none), after.get(object).unwrap_or(&none));
            if was.unlocked() == is.unlocked() || was.processes == is.processes {
                continue;
            }
            let text = self.called(object);
            let sentence = if is.unlocked() {
                format!("{} processes write {text} without a lock, was {}", number(is.processes), number(was.processes))
            } else {
                format!("{} processes write {text}, was {} without a lock", number(is.processes), number(was.processes))
            };
            let process = is.writers.first().or(was.writers.first()).cloned().unwrap_or_else(|| ProcKey("P".into()));
            let name = words::object_syntax(object);
            drafts.push(Draft::new(Code::Hazard, &process, sentence).on(&name, self).attribute("writers"));
        }
        drafts
    }
}

fn number(n: usize) -> String {
    match n {
        0 => "no".into(),
        1 => "one".into(),
        2 => "two".into(),
        3 => "three".into(),
        n => n.to_string(),
    }
}
