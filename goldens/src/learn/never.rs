//! Never masked: what must not vary silently.
//!
//! Exit and signal of a process, whether standard error is empty, mode bits, close-on-exec, writable and
//! executable memory, credentials and special calls, endpoints, executables. When one of these varies between
//! the runs, a person has to say that it may.

use std::collections::{BTreeMap, BTreeSet};

use super::outliers::has_flag;
use crate::explain::words;
use crate::finding::Code;
use crate::form::{Form, FormProcess};
use crate::golden::EndKind;
use crate::model::{Fact, ObjectKind, Step, Verb};

/// Something that varied although it must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeverMasked {
    /// The finding that it would be, and that `--allow` takes.
    pub code: Code,
    /// The process; empty: any.
    pub process: String,
    /// The object in golden syntax; `-` when it is the process itself.
    pub object: String,
    /// What was seen, run by run.
    pub values: Vec<String>,
}

type Key = (Code, String, String);

/// What varies among these runs and must not.
pub(super) fn varying(forms: &[Form]) -> Vec<NeverMasked> {
    let runs: Vec<BTreeMap<Key, BTreeSet<String>>> = forms.iter().map(facts).collect();
    let keys: BTreeSet<&Key> = runs.iter().flat_map(BTreeMap::keys).collect();
    let mut found = Vec::new();
    for key in keys {
        let value = |run: &BTreeMap<Key, BTreeSet<String>>| {
            run.get(key).map(|set| set.iter().cloned().collect::<Vec<_>>().join(", "))
        };
        let values: Vec<Option<String>> = runs.iter().map(value).collect();
        // What exists only sometimes is another matter than what differs where it exists, but for these.
        let presence = matches!(key.0, Code::ProcNew | Code::NetNew | Code::Cred | Code::MemWx);
        let seen: BTreeSet<&Option<String>> = values.iter().filter(|value| presence || value.is_some()).collect();
        if seen.len() > 1 {
            let values = values.into_iter().map(|value| value.unwrap_or_else(|| "none".into())).collect();
            found.push(NeverMasked { code: key.0, process: key.1.clone(), object: key.2.clone(), values });
        }
    }
    found
}

fn facts(form: &Form) -> BTreeMap<Key, BTreeSet<String>> {
    let mut facts: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    let mut add = |code: Code, process: &str, object: &str, value: String| {
        facts.entry((code, process.to_string(), object.to_string())).or_default().insert(value);
    };
    for process in &form.processes {
        let key = &process.key.0;
        let code = if &**key == "P" { Code::Exit } else { Code::ProcExit };
        add(code, key, "-", words::exit(&process.exit));
        add(Code::ProcNew, "", process.exe.as_str(), "runs".into());
        if let Some(Fact::Number(count)) = process.facts.get("mem.wx") {
            add(Code::MemWx, key, "-", count.to_string());
        }
        steps_of(process, form, &mut add);
    }
    for end in &form.ends {
        let object = words::end_object(end.kind, &end.name);
        if let Some(mode) = end.mode {
            add(Code::FileMode, "", &object, format!("{mode:04o}"));
        }
        if end.kind == EndKind::Std && end.name.as_str() == "stderr" {
            let empty = end.content.as_ref().is_none_or(|content| content.len == 0);
            add(Code::OutBytes, "", "stderr", if empty { "empty".into() } else { "not empty".into() });
        }
    }
    facts
}

fn steps_of(process: &FormProcess, form: &Form, add: &mut impl FnMut(Code, &str, &str, String)) {
    for stream in &process.streams {
        let object = words::object_syntax(&stream.object);
        let steps: Vec<&Step> = stream.steps.iter().filter_map(|step| form.steps.get(step.step as usize)).collect();
        for step in &steps {
            match step.verb {
                Verb::Setuid
                | Verb::Setgid
                | Verb::Setgroups
                | Verb::Capset
                | Verb::NoNewPrivs
                | Verb::Seccomp
                | Verb::Special => add(Code::Cred, &process.key.0, &object, words::step(step)),
                Verb::Connect | Verb::Bind if is_net(stream.object.kind) => {
                    add(Code::NetNew, &process.key.0, &object, step.verb.word().into());
                }
                _ => {}
            }
        }
        let opens = |step: &&&Step| step.verb == Verb::Open && step.errno.is_none();
        let closing = steps.iter().filter(opens).filter(|step| has_flag(step, &["cloexec"])).count();
        let all = steps.iter().filter(opens).count();
        if all == 1 {
            add(Code::FdCloexec, &process.key.0, &object, if closing == 1 { "with" } else { "without" }.into());
        }
    }
}

fn is_net(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix)
}
