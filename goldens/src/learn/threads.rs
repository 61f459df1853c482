//! Threads of several runs become one golden (levels `calls` and `exact`).

use std::collections::{BTreeMap, BTreeSet};

use super::Alike;
use super::streams::join_words;
use crate::compare::maker;
use crate::form::{Call, Form, FormThread};
use crate::golden::{CallLine, Number, Presence, ThreadStream};
use crate::model::{Arg, ProcKey};
use crate::value::Value;

type Line<'a> = Vec<(&'a Call, u64)>;

/// Thread lines, and how many of their calls are not asserted.
pub(super) fn learn(forms: &[Form], processes: &BTreeMap<&ProcKey, Alike<'_>>) -> (Vec<ThreadStream>, u64) {
    let mut threads = Vec::new();
    let mut loose = 0;
    for (key, alike) in processes {
        let mut found: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        for (run, process) in alike {
            for thread in &process.threads {
                found.entry(&thread.key).or_default().extend(forms.get(*run).map(|form| line(form, thread)));
            }
        }
        for siblings in swapping(&found, key, processes, forms) {
            loose += siblings.calls.iter().filter(|call| super::varies(call.0) || open(&call.1)).count() as u64;
            let maker = maker(&siblings.thread).map(str::to_string);
            found.retain(|thread, _| crate::compare::maker(thread) != maker.as_deref());
            threads.push(siblings);
        }
        for (thread, lines) in found {
            let (bag, calls) = join(&lines);
            let everywhere = lines.len() == alike.len();
            let exact = |call: &&CallLine| everywhere && !super::varies(call.0) && !open(&call.1);
            loose += (calls.len() - calls.iter().filter(exact).count()) as u64;
            let presence = if everywhere { Presence::Required } else { Presence::Optional };
            threads.push(ThreadStream {
                presence,
                process: (*key).clone(),
                thread: thread.into(),
                bag,
                calls,
                blocks: Vec::new(),
            });
        }
    }
    (threads, loose)
}

/// Threads made by one thread whose calls go to others of them from run to run, while all of them together make
/// the same calls: one bag for all.
fn swapping(
    found: &BTreeMap<&str, Vec<Line<'_>>>,
    key: &ProcKey,
    processes: &BTreeMap<&ProcKey, Alike<'_>>,
    forms: &[Form],
) -> Vec<ThreadStream> {
    let makers: BTreeSet<&str> = found.keys().filter_map(|thread| maker(thread)).collect();
    let Some(alike) = processes.get(key) else { return Vec::new() };
    let mut bags = Vec::new();
    for made_by in makers {
        let of_maker = |thread: &&str| maker(thread) == Some(made_by);
        let changes = |lines: &Vec<Line<'_>>| lines.iter().collect::<BTreeSet<_>>().len() > 1;
        let siblings: Vec<&&str> = found.keys().filter(|thread| of_maker(thread)).collect();
        let each_same = found.iter().all(|(thread, lines)| !of_maker(thread) || !changes(lines));
        if siblings.len() < 2 || each_same {
            continue;
        }
        let sets: Vec<(u64, BTreeMap<&Call, u64>)> = alike
            .iter()
            .filter_map(|(run, process)| {
                let form = forms.get(*run)?;
                let threads: Vec<&FormThread> = process.threads.iter().filter(|t| of_maker(&&*t.key)).collect();
                let calls: Line<'_> = threads.iter().flat_map(|thread| line(form, thread)).collect();
                Some((threads.len() as u64, multiset(&calls)))
            })
            .collect();
        let distinct: BTreeSet<&BTreeMap<&Call, u64>> = sets.iter().map(|(_, set)| set).collect();
        let (Some((1, set)), Some(number), Some(thread)) = (
            sets.first().map(|(_, set)| (distinct.len(), set)),
            Number::of(sets.iter().map(|(count, _)| *count)),
            siblings.first(),
        ) else {
            continue;
        };
        let calls = join_bag(std::slice::from_ref(set));
        let (thread, presence) = ((**thread).into(), Presence::Times(number));
        bags.push(ThreadStream { presence, process: key.clone(), thread, bag: true, calls, blocks: Vec::new() });
    }
    bags
}

fn line<'a>(form: &'a Form, thread: &FormThread) -> Line<'a> {
    let call = |step: &crate::form::FormStep| Some((form.calls.get(step.step as usize)?, u64::from(step.count)));
    thread.calls.iter().filter_map(call).collect()
}

fn open(call: &Call) -> bool {
    call.args.iter().any(|arg| matches!(arg, Arg::Hash(None)))
}

fn join(lines: &[Line<'_>]) -> (bool, Vec<CallLine>) {
    let distinct: BTreeSet<&Line<'_>> = lines.iter().collect();
    let sets: BTreeSet<BTreeMap<&Call, u64>> = distinct.iter().map(|line| multiset(line)).collect();
    let Some(first) = lines.first() else { return (false, Vec::new()) };
    let reordered = sets.len() < distinct.len();
    if reordered || lines.iter().any(|line| !aligned(line, first)) {
        return (true, join_bag(&lines.iter().map(multiset).collect::<Vec<_>>()));
    }
    let at = |at: usize| {
        let here: Vec<&Call> = lines.iter().filter_map(|line| Some(line.get(at)?.0)).collect();
        Some((super::streams::times(first.get(at)?.1), join_calls(&here)?))
    };
    (false, (0..first.len()).filter_map(at).collect())
}

fn multiset<'a>(line: &Line<'a>) -> BTreeMap<&'a Call, u64> {
    let mut counts = BTreeMap::new();
    for (call, count) in line {
        *counts.entry(*call).or_insert(0) += count;
    }
    counts
}

fn aligned(a: &Line<'_>, b: &Line<'_>) -> bool {
    let kind = |arg: &Arg| std::mem::discriminant(arg);
    let alike = |a: &Call, b: &Call| a.name == b.name && a.args.iter().map(kind).eq(b.args.iter().map(kind));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.1 == b.1 && alike(a.0, b.0)))
}

fn join_bag(sets: &[BTreeMap<&Call, u64>]) -> Vec<CallLine> {
    let calls: BTreeSet<&Call> = sets.iter().flat_map(|set| set.keys().copied()).collect();
    let count = |call: &Call| Number::of(sets.iter().map(|set| set.get(call).copied().unwrap_or(0)));
    calls.into_iter().filter_map(|call| Some((super::streams::presence(count(call)?), call.clone()))).collect()
}

fn join_calls(calls: &[&Call]) -> Option<Call> {
    let first = *calls.first()?;
    if calls.iter().all(|call| *call == first) {
        return Some(first.clone());
    }
    let arg = |at: usize| {
        let here: Vec<&Arg> = calls.iter().filter_map(|call| call.args.get(at)).collect();
        let words =
            || here.iter().filter_map(|arg| if let Arg::Word(v) | Arg::Field(_, v) = arg { Some(v) } else { None });
        let first = *here.first()?;
        if here.iter().all(|arg| *arg == first) {
            return Some(first.clone());
        }
        Some(match first {
            Arg::Word(_) => Arg::Word(join_words(words())),
            Arg::Field(name, _) => Arg::Field(name.clone(), join_words(words())),
            Arg::Span(..) => Arg::Span(0, None),
            Arg::Hash(_) => Arg::Hash(None),
        })
    };
    let results: Vec<&Value> = calls.iter().map(|call| &call.result).collect();
    let result = join_words(results.into_iter());
    Some(Call { name: first.name.clone(), args: (0..first.args.len()).filter_map(arg).collect(), result })
}
