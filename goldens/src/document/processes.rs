//! Processes: which ran, and how they ended, as far as a document tells it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use recording::document::{Document, Listed};

use super::files::canonical;
use super::walk::Walked;
use crate::form::FormProcess;
use crate::model::{Exit, ProcKey};
use crate::options::{Options, ProcessRule};
use crate::value::Value;

/// The gap of a document that starts processes and does not list them.
pub(super) const UNSEEN: &str = "the processes that were started, and how they ended";

/// The root, the others where the document lists them, and what is not known.
pub(super) fn processes(
    document: &Document<'_>,
    walked: &Walked,
    options: &Options,
) -> (Vec<FormProcess>, BTreeSet<String>) {
    let mut gaps = BTreeSet::new();
    if document.processes.len() <= 1 && walked.forks + walked.execs > 0 && options.processes != ProcessRule::Ignore {
        gaps.insert(UNSEEN.to_owned());
    }
    let command = document.command.as_deref().unwrap_or_default();
    let root = document.processes.first();
    let exe = root.and_then(|root| root.exe.as_deref()).or(command.first().map(|word| &**word)).unwrap_or_default();
    let own = root.and_then(|root| walked.executed.get(&Some(root.pid)));
    // Calls that do not say whose they are may be anybody's, unless there is only one.
    let names = own.or_else(|| walked.executed.get(&None).filter(|_| walked.execs == 0));
    let exe = names.and_then(|names| used(names)?.pop()).unwrap_or_else(|| literal(exe));
    // Of a program that executed another, the words of the other.
    let argv = root.map(|root| root.argv.as_slice()).filter(|argv| !argv.is_empty()).unwrap_or(command);
    let mut processes = vec![process("P", exe, arguments(argv), root_exit(document))];
    children(&mut processes, &document.processes, walked);
    processes.sort_by(|a, b| a.key.cmp(&b.key));
    (processes, gaps)
}

fn literal(text: &str) -> Value {
    Value::literal(text.as_bytes())
}

fn arguments(argv: &[Cow<'_, str>]) -> Vec<Value> {
    argv.iter().skip(1).map(|word| literal(word)).collect()
}

/// What a process executed, by the names that it used, where the document holds all of them: it lists what the kernel
/// took, behind all links, and a golden has the name.
fn used(names: &[Option<Vec<u8>>]) -> Option<Vec<Value>> {
    names.iter().map(|name| name.as_deref().map(canonical)).collect()
}

fn process(key: &str, exe: Value, args: Vec<Value>, exit: Exit) -> FormProcess {
    FormProcess {
        key: ProcKey(key.into()),
        exe,
        args,
        exit,
        streams: Vec::new(),
        threads: Vec::new(),
        inputs: BTreeSet::new(),
        durability: BTreeMap::new(),
        facts: BTreeMap::new(),
        info: BTreeMap::new(),
        shapes: BTreeMap::new(),
    }
}

fn root_exit(document: &Document<'_>) -> Exit {
    let Some(end) = document.end else { return Exit::Running };
    match end.signal.and_then(syscalls::signal::name) {
        Some(signal) => Exit::Killed { signal: signal.into(), core: false },
        None => Exit::Exited(end.exit_code as u8),
    }
}

/// All but the first, by the tree of their parents. One that never executed anything is a fork, and runs what its parent
/// does: known where the document shows what processes execute.
fn children(processes: &mut Vec<FormProcess>, listed: &[Listed<'_>], walked: &Walked) {
    let shows_executions = listed.first().is_some_and(|root| walked.executed.contains_key(&Some(root.pid)));
    let mut places: BTreeMap<u64, usize> = listed.first().map(|root| (root.pid, 0)).into_iter().collect();
    for child in listed.iter().skip(1) {
        let Some(parent) = processes.get(child.ppid.and_then(|ppid| places.get(&ppid)).copied().unwrap_or(0)) else {
            continue;
        };
        let exit = match (child.signal.as_deref(), child.exit_code) {
            (Some(signal), _) => Exit::Killed { signal: signal.into(), core: false },
            (None, Some(code)) => Exit::Exited(code as u8),
            (None, None) => Exit::Running,
        };
        let names = walked.executed.get(&Some(child.pid));
        let kernels = child.exe.as_deref().or(child.argv.first().map(|word| &**word));
        let executed = match (names, kernels) {
            (None, _) if shows_executions => Vec::new(),
            (names, kernels) => {
                names.and_then(|names| used(names)).unwrap_or_else(|| kernels.map(literal).into_iter().collect())
            }
        };
        let base = |exe: &Value| exe.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let segment = match executed.as_slice() {
            [] => "fork".to_owned(),
            executed => executed.iter().map(base).collect::<Vec<_>>().join(">"),
        };
        let key = format!("{}/{segment}", parent.key.0);
        let (exe, args) = match executed.into_iter().next_back() {
            Some(exe) => (exe, arguments(&child.argv)),
            None => (parent.exe.clone(), parent.args.clone()),
        };
        places.insert(child.pid, processes.len());
        processes.push(process(&key, exe, args, exit));
    }
}
