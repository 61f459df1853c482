//! Processes: gone, new, told otherwise, ended otherwise.

use super::{Context, Draft, words};
use crate::finding::Code;
use crate::form::FormProcess;
use crate::golden::{ExitRule, ProcLine};
use crate::model::{Exit, ProcKey};
use crate::value::Value;

impl Context<'_> {
    pub(super) fn process_gone(&self, line: &ProcLine) -> Draft {
        let sentence = match is_fork(&line.key) {
            true => format!("no longer forks {}", words::plain(&line.key.0)),
            false => format!("no longer runs {}", words::value(&line.exe)),
        };
        about(Draft::new(Code::ProcGone, &line.key, sentence), &line.key, &line.exe)
            .missing()
            .sides(vec![command(&line.exe, &line.args)], Vec::new())
    }

    pub(super) fn process_new(&self, process: &FormProcess) -> Draft {
        let sentence = match is_fork(&process.key) {
            true => format!("now forks {}", words::plain(&process.key.0)),
            false => format!("now runs {}", words::value(&process.exe)),
        };
        about(Draft::new(Code::ProcNew, &process.key, sentence), &process.key, &process.exe)
            .sides(Vec::new(), vec![command(&process.exe, &process.args)])
    }

    pub(super) fn process_count(&self, line: &ProcLine, count: u64) -> Draft {
        let wanted = super::facts::range_words(&line.presence);
        let sentence = format!("runs {} {}, was {wanted}", words::value(&line.exe), words::times(count));
        let more = !matches!(&line.presence, crate::golden::Presence::Times(n) if count < n.low);
        let code = if more { Code::ProcNew } else { Code::ProcGone };
        about(Draft::new(code, &line.key, sentence), &line.key, &line.exe).attribute("count")
    }

    pub(super) fn arguments(&self, line: &ProcLine, process: &FormProcess) -> Draft {
        let (exe, was) = (words::value(&process.exe), words::value(&line.exe));
        let sentence = if !crate::pattern::accepts(&line.exe, &process.exe) {
            format!("runs {exe} instead of {was}")
        } else {
            let (before, after) = differing(&line.args, &process.args);
            format!("runs {exe} with {after} instead of {before}")
        };
        let draft = about(Draft::new(Code::ProcArgs, &line.key, sentence), &line.key, &line.exe);
        let mut draft = draft
            .attribute("args")
            .sides(vec![command(&line.exe, &line.args)], vec![command(&process.exe, &process.args)]);
        draft.names.extend([line.exe.to_string(), process.exe.to_string()]);
        draft
    }

    pub(super) fn exit(&self, line: &ProcLine, process: &FormProcess) -> Draft {
        let change = match (&line.exit, &process.exit) {
            (ExitRule::Is(Exit::Exited(before)), Exit::Exited(after)) => format!("exit status {before} -> {after}"),
            (rule, exit) => format!("{}, was {}", words::exit(exit), rule_words(rule)),
        };
        let root = &*line.key.0 == "P";
        let (code, sentence) = if root {
            (Code::Exit, change)
        } else {
            (Code::ProcExit, format!("child {}: {change}", words::value(&line.exe)))
        };
        let draft = Draft::new(code, &line.key, sentence).attribute("exit");
        let draft = draft.sides(vec![rule_words(&line.exit)], vec![words::exit(&process.exit)]);
        if root { draft } else { about(draft, &line.key, &line.exe) }
    }
}

/// The object of a finding about a child is its key.
fn about(mut draft: Draft, key: &ProcKey, _exe: &Value) -> Draft {
    draft.names.insert(key.0.to_string());
    draft.finding.object = Some(Value::from_syntax(&*key.0)).filter(|_| &*key.0 != "P");
    draft
}

fn is_fork(key: &ProcKey) -> bool {
    key.0.rsplit('/').next().is_some_and(|last| last == "fork" || last.starts_with("fork~"))
}

fn command(exe: &Value, args: &[Value]) -> String {
    std::iter::once(exe).chain(args).map(words::value).collect::<Vec<_>>().join(" ")
}

/// The arguments that differ, of both sides, in backquotes.
fn differing(before: &[Value], after: &[Value]) -> (String, String) {
    let same = before.len() == after.len();
    let keep = |(at, value): (usize, &Value)| {
        let other = |list: &[Value]| list.get(at).cloned();
        let equal = same && other(before).zip(other(after)).is_some_and(|(a, b)| crate::pattern::accepts(&a, &b));
        (!equal).then(|| words::value(value))
    };
    let show = |list: &[Value]| {
        let words: Vec<String> = list.iter().enumerate().filter_map(keep).collect();
        if words.is_empty() { "no arguments".into() } else { format!("`{}`", words.join(" ")) }
    };
    (show(before), show(after))
}

fn rule_words(rule: &ExitRule) -> String {
    match rule {
        ExitRule::Is(exit) => words::exit(exit),
        ExitRule::OneOf(codes) => {
            format!("exit {}", codes.iter().map(u8::to_string).collect::<Vec<_>>().join(" or "))
        }
        ExitRule::Any => "anything".into(),
    }
}
