//! Threads: call by call (levels `calls` and `exact`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::steps::arg_accepts;
use super::streams::{Diff, bag, sequence};
use super::{Comparing, Difference, facts};
use crate::form::{Call, FormProcess, FormStep, FormThread};
use crate::golden::{Number, Presence, ThreadStream};
use crate::model::{Arg, ProcKey};
use crate::pattern::{accepts, is_rule};

/// What differs in the calls of one thread.
#[derive(Debug)]
pub(crate) struct ThreadDifference<'a> {
    pub process: &'a ProcKey,
    pub before: Option<&'a ThreadStream>,
    pub after: Option<Calls<'a>>,
    pub diff: Diff,
}

/// Calls of a thread of the run, or of several siblings one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Calls<'a> {
    pub key: &'a str,
    pub calls: Cow<'a, [FormStep]>,
}

impl<'a> Calls<'a> {
    fn of(thread: &'a FormThread) -> Calls<'a> {
        Calls { key: &thread.key, calls: Cow::Borrowed(&thread.calls) }
    }
}

/// Whoever made a thread: `t0` of `t0.2`; the first thread has none.
pub(crate) fn maker(thread: &str) -> Option<&str> {
    thread.rsplit_once('.').map(|(maker, _)| maker)
}

impl<'a> Comparing<'a, '_> {
    pub(super) fn threads(&mut self, key: &'a ProcKey, _at: usize, process: &'a FormProcess) {
        let mut open: Vec<Calls<'a>> = process.threads.iter().map(Calls::of).collect();
        for line in self.golden.threads.iter().filter(|line| line.process == *key) {
            if let Presence::Times(number) = line.presence {
                self.siblings(key, line, number, &mut open);
            }
        }
        let mut unequal: Vec<(&'a ThreadStream, Option<usize>)> = Vec::new();
        let single = |line: &&ThreadStream| line.process == *key && !matches!(line.presence, Presence::Times(_));
        for line in self.golden.threads.iter().filter(single) {
            let place = open.iter().position(|thread| thread.key == &*line.thread);
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
            let same = open.iter().position(|thread| thread.key == &*line.thread).map(|at| open.remove(at));
            let diff = same.as_ref().map(|thread| self.calls(line, thread)).unwrap_or_default();
            if same.is_some() || facts::required(line.presence) {
                self.thread(ThreadDifference { process: key, before: Some(line), after: same, diff });
            }
        }
        for thread in open {
            self.thread(ThreadDifference { process: key, before: None, after: Some(thread), diff: Diff::default() });
        }
    }

    /// Threads that share their work: one bag for all that the same thread made.
    fn siblings(&mut self, key: &'a ProcKey, line: &'a ThreadStream, number: Number, open: &mut Vec<Calls<'a>>) {
        let (mine, others): (Vec<Calls<'a>>, Vec<Calls<'a>>) =
            std::mem::take(open).into_iter().partition(|thread| maker(thread.key) == maker(&line.thread));
        *open = others;
        let calls = mine.iter().flat_map(|thread| thread.calls.iter().copied()).collect();
        let all = Calls { key: &line.thread, calls: Cow::Owned(calls) };
        let diff = self.calls(line, &all);
        if !diff.is_empty() || !number.accepts(mine.len() as u64) {
            let after = (!mine.is_empty()).then_some(all);
            self.thread(ThreadDifference { process: key, before: Some(line), after, diff });
        }
    }

    fn thread(&mut self, difference: ThreadDifference<'a>) {
        self.out.list.push(Difference::Thread(difference));
    }

    fn calls(&mut self, line: &ThreadStream, thread: &Calls<'_>) -> Diff {
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
        for step in thread.calls.iter() {
            let id = *memo.entry(step.step).or_insert_with(|| number(step.step));
            steps.push((id, u64::from(step.count)));
        }
        let accepts = |at: usize, step: usize| {
            let rule = line.calls.get(at).map(|(_, rule)| rule);
            let call = thread.calls.get(step).and_then(|step| form.calls.get(step.step as usize));
            rule.zip(call).is_some_and(|(rule, call)| call_accepts(rule, call))
        };
        let accepts = (!wild.is_empty()).then_some(&accepts as super::streams::Accepts<'_>);
        if line.bag {
            return bag(&lines, &steps, accepts);
        }
        sequence(&lines, &steps, accepts, &mut self.out.work)
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
