//! Threads: call by call (levels `calls` and `exact`).

use std::collections::BTreeMap;

use super::steps::arg_accepts;
use super::streams::{Diff, bag, sequence};
use super::{Comparing, Difference, facts};
use crate::form::{Call, FormProcess, FormThread};
use crate::golden::{Presence, ThreadStream};
use crate::model::{Arg, ProcKey};
use crate::pattern::{accepts, is_rule};

/// What differs in the calls of one thread.
#[derive(Debug)]
pub(crate) struct ThreadDifference<'a> {
    pub process: &'a ProcKey,
    pub before: Option<&'a ThreadStream>,
    pub after: Option<&'a FormThread>,
    pub diff: Diff,
}

impl<'a> Comparing<'a, '_> {
    pub(super) fn threads(&mut self, key: &'a ProcKey, _at: usize, process: &'a FormProcess) {
        let mut open: Vec<&'a FormThread> = process.threads.iter().collect();
        let mut unequal: Vec<(&'a ThreadStream, Option<usize>)> = Vec::new();
        for line in self.golden.threads.iter().filter(|line| line.process == *key) {
            let place = open.iter().position(|thread| thread.key == line.thread);
            match place.filter(|at| open.get(*at).is_some_and(|thread| self.calls(line, thread).is_empty())) {
                Some(at) => drop(open.remove(at)),
                None => unequal.push((line, place)),
            }
        }
        // Siblings that swapped their work are no difference.
        unequal.retain(|(line, _)| {
            let equal = open.iter().position(|thread| self.calls(line, thread).is_empty());
            equal.map(|at| open.remove(at)).is_none()
        });
        for (line, _) in unequal {
            let same = open.iter().position(|thread| thread.key == line.thread).map(|at| open.remove(at));
            let diff = same.map(|thread| self.calls(line, thread)).unwrap_or_default();
            if same.is_some() || facts::required(line.presence) {
                self.thread(ThreadDifference { process: key, before: Some(line), after: same, diff });
            }
        }
        for thread in open {
            self.thread(ThreadDifference { process: key, before: None, after: Some(thread), diff: Diff::default() });
        }
    }

    fn thread(&mut self, difference: ThreadDifference<'a>) {
        self.out.list.push(Difference::Thread(difference));
    }

    fn calls(&mut self, line: &ThreadStream, thread: &FormThread) -> Diff {
        let mut ids: BTreeMap<&Call, u32> = BTreeMap::new();
        let mut lines: Vec<(Presence, u32)> = Vec::with_capacity(line.calls.len());
        for (presence, call) in &line.calls {
            let next = ids.len() as u32;
            lines.push((*presence, *ids.entry(call).or_insert(next)));
        }
        let wild: Vec<(&Call, u32)> = ids.iter().filter(|(call, _)| is_wild(call)).map(|(c, id)| (*c, *id)).collect();
        let mut memo: BTreeMap<u32, u32> = BTreeMap::new();
        let first = ids.len() as u32;
        let mut fresh: BTreeMap<&Call, u32> = BTreeMap::new();
        let form = self.form;
        let mut number = |at: u32| {
            let Some(call) = form.calls.get(at as usize) else { return u32::MAX };
            let known = ids.get(call).copied();
            let known = known.or_else(|| wild.iter().find(|(rule, _)| call_accepts(rule, call)).map(|(_, id)| *id));
            known.unwrap_or_else(|| {
                let next = first + fresh.len() as u32;
                *fresh.entry(call).or_insert(next)
            })
        };
        let mut steps = Vec::with_capacity(thread.calls.len());
        for step in &thread.calls {
            let id = *memo.entry(step.step).or_insert_with(|| number(step.step));
            steps.push((id, u64::from(step.count)));
        }
        if line.bag { bag(&lines, &steps) } else { sequence(&lines, &steps, &mut self.out.work) }
    }
}

fn is_wild(call: &Call) -> bool {
    let wild = |arg: &Arg| match arg {
        Arg::Word(word) | Arg::Field(_, word) => is_rule(word),
        Arg::Span(_, to) => to.is_none(),
        Arg::Hash(hash) => hash.is_none(),
    };
    call.args.iter().any(wild) || is_rule(&call.result)
}

fn call_accepts(rule: &Call, call: &Call) -> bool {
    rule.name == call.name
        && rule.args.len() == call.args.len()
        && rule.args.iter().zip(&call.args).all(|(rule, arg)| arg_accepts(rule, arg, None))
        && accepts(&rule.result, &call.result)
}
