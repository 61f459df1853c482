//! Processes: which ran, and how they ended, as far as a document tells it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use recording::document::{Document, Listed};

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
    let root_exe = document.processes.first().and_then(|root| root.exe.as_deref());
    let exe = root_exe.or(command.first().map(|word| &**word)).unwrap_or_default();
    let mut processes = vec![process("P", exe, command, root_exit(document))];
    processes.extend(children(&document.processes));
    processes.sort_by(|a, b| a.key.cmp(&b.key));
    (processes, gaps)
}

fn process(key: &str, exe: &str, argv: &[Cow<'_, str>], exit: Exit) -> FormProcess {
    FormProcess {
        key: ProcKey(key.into()),
        exe: Value::literal(exe.as_bytes()),
        args: argv.iter().skip(1).map(|word| Value::literal(word.as_bytes())).collect(),
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

/// All but the first, by the tree of their parents.
fn children(listed: &[Listed<'_>]) -> Vec<FormProcess> {
    let mut keys: BTreeMap<u64, String> = listed.first().map(|root| (root.pid, "P".to_owned())).into_iter().collect();
    let mut children = Vec::new();
    for child in listed.iter().skip(1) {
        let parent = child.ppid.and_then(|parent| keys.get(&parent)).cloned().unwrap_or_else(|| "P".to_owned());
        let exe = child.exe.as_deref().or(child.argv.first().map(|word| &**word)).unwrap_or("fork");
        let name = Value::literal(exe.rsplit('/').next().unwrap_or(exe).as_bytes());
        let key = format!("{parent}/{name}");
        let exit = match (child.signal.as_deref(), child.exit_code) {
            (Some(signal), _) => Exit::Killed { signal: signal.into(), core: false },
            (None, Some(code)) => Exit::Exited(code as u8),
            (None, None) => Exit::Running,
        };
        children.push(process(&key, exe, &child.argv, exit));
        keys.insert(child.pid, key);
    }
    children
}
