//! Threads: the calls of each, for levels `calls` and `exact`.

use std::collections::HashMap;

use recording::resolve::{ProcId, ThreadId};

use super::{BuiltProcess, Maker};
use crate::form::{Call, FormStep, FormThread};
use crate::lower::AS_IT_WAS;
use crate::model::Arg;
use crate::run::Run;
use crate::run::raw::Raw;

/// Fills the threads of the processes; the calls of all, each once.
pub(super) fn attach(maker: &mut Maker<'_>, processes: &mut [BuiltProcess]) -> Vec<Call> {
    let run = maker.run;
    let mut calls: Vec<Call> = Vec::new();
    let mut numbers: HashMap<Call, u32> = HashMap::new();
    let mut raw_to_call = Vec::with_capacity(run.calls.len());
    for raw in &run.calls {
        let mut args = Vec::with_capacity(raw.args.len() + 1);
        for arg in &raw.args {
            maker.argument(arg, &mut args);
            args.extend(as_it_was(maker, arg).filter(|_| run.exact));
        }
        let result = maker.value(&raw.result);
        let call = Call { name: (*raw.name).into(), args: args.into(), result };
        let next = calls.len() as u32;
        let number = *numbers.entry(call.clone()).or_insert(next);
        if number == next {
            calls.push(call);
        }
        raw_to_call.push(number);
    }
    let mut by_process: HashMap<ProcId, Vec<FormThread>> = HashMap::new();
    for (at, placed) in run.threads.iter().enumerate().filter(|(_, placed)| !placed.is_empty()) {
        let Some(row) = run.tables.threads.get(at) else { continue };
        let number = |step: u32| raw_to_call.get(step as usize).copied().unwrap_or(u32::MAX);
        let step = |placed: &crate::run::raw::Placed| FormStep {
            step: number(placed.step),
            count: placed.count,
            event: placed.first,
        };
        let thread = FormThread { key: key(run, ThreadId(at as u32)).into(), calls: placed.iter().map(step).collect() };
        by_process.entry(row.process).or_default().push(thread);
    }
    for built in processes {
        let mut threads = by_process.remove(&built.id).unwrap_or_default();
        threads.sort_by_key(|thread| numbers_of(&thread.key));
        built.process.threads = threads;
    }
    calls
}

/// A name in which something stands for a temporary name, a date or an id, with what it was.
fn as_it_was(maker: &mut Maker<'_>, raw: &Raw) -> Option<Arg> {
    let (Raw::Text(name) | Raw::Path(name)) = raw else { return None };
    if !maker.value(raw).as_str().contains('{') {
        return None;
    }
    let name = maker.names.as_it_was(maker.run.names.get(*name));
    Some(Arg::Field(AS_IT_WAS.into(), name))
}

/// `t0` for the first thread of a process, `t0.2` for the second that it made.
pub(super) fn key(run: &Run, id: ThreadId) -> String {
    let mut parts = Vec::new();
    let mut at = id;
    for _ in 0..run.tables.threads.len() {
        let Some(row) = run.tables.thread(at) else { break };
        let Some(maker) = row.maker else { break };
        parts.push(row.nth.saturating_add(1).to_string());
        at = maker;
    }
    parts.push("t0".to_owned());
    parts.reverse();
    parts.join(".")
}

fn numbers_of(key: &str) -> Vec<u32> {
    key.split('.').skip(1).map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}
