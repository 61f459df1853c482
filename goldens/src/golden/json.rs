//! The JSON form of a golden, for programs: the same facts, values in golden syntax. It is never stored.

use serde_json::{Value as Json, json};

use super::print::HashWord;
use super::{CallLine, End, ExitRule, Golden, Mask, Presence, ProcLine, Stdin, Stream, ThreadStream};
use crate::model::{Arg, Step};
use crate::value::Value;

impl Golden {
    /// One object: `header`, `argv`, `env`, …, `asserts`, and one array for each kind of line.
    pub fn json(&self) -> Json {
        let header = &self.header;
        let platform = header.platform.as_ref().map_or_else(|| "any".to_owned(), ToString::to_string);
        let named = |pairs: &[(Box<str>, Option<Value>)]| -> Json {
            pairs
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value.as_ref().map(Value::as_str)}))
                .collect()
        };
        json!({
            "header": {
                "golden": 1, "level": header.level.word(), "model": 1, "runs": header.runs, "platform": platform,
            },
            "argv": texts(&header.argv),
            "env": named(&header.env),
            "stdin": stdin(&header.stdin),
            "fixture": header.fixture.map(|hash| format!("b3:{hash}")),
            "options": header.options.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Json>(),
            "subst": named(&header.substs),
            "seen": header.seen.iter().map(|class| json!({
                "kernel": class.kernel, "libc": class.libc, "cpus": class.cpus, "user": class.user, "lang": class.lang,
            })).collect::<Json>(),
            "note": header.notes.iter().map(|note| texts(note)).collect::<Json>(),
            "asserts": [header.asserts.0, header.asserts.1],
            "proc": self.processes.iter().map(proc).collect::<Json>(),
            "stream": self.streams.iter().map(stream).collect::<Json>(),
            "thread": self.threads.iter().map(thread).collect::<Json>(),
            "end": self.ends.iter().map(end).collect::<Json>(),
            "input": self.inputs.iter().map(|(presence, input)| json!({
                "presence": there(*presence), "kind": input.kind.word(), "name": input.name.as_str(),
            })).collect::<Json>(),
            "dur": self.durability.iter().map(|(process, name, rule)| json!({
                "process": &*process.0, "name": name.as_str(), "replace": rule.fields.replace,
                "content-before-name": rule.fields.content_before_name,
                "name-durable": rule.fields.name_durable, "sync": rule.fields.sync,
            })).collect::<Json>(),
            "fact": self.facts.iter().map(|(process, key, rule)| json!({
                "process": &*process.0, "key": key, "value": rule.to_string(),
            })).collect::<Json>(),
            "shape": self.shapes.iter().map(|shape| json!({
                "process": &*shape.process.0, "object": shape.object.to_string(), "family": shape.family,
                "count": shape.count.to_string(),
            })).collect::<Json>(),
            "order": self.order.iter().map(|edge| json!({
                "process": &*edge.process.0, "before": edge.before.to_string(),
                "other": edge.other.as_ref().map(|process| &*process.0), "after": edge.after.to_string(),
            })).collect::<Json>(),
            "mask": self.masks.iter().map(mask).collect::<Json>(),
            "allow": self.allows.iter().map(|allow| json!({
                "code": allow.code, "process": allow.process.as_ref().map(|process| &*process.0),
                "object": allow.object.as_str(), "reason": texts(&allow.reason),
            })).collect::<Json>(),
        })
    }
}

fn texts(values: &[Value]) -> Json {
    values.iter().map(Value::as_str).collect()
}

/// `null` for what is simply there.
fn there(presence: Presence) -> Json {
    match presence {
        Presence::Required => Json::Null,
        presence => presence.to_string().into(),
    }
}

fn stdin(stdin: &Stdin) -> Json {
    match stdin {
        Stdin::Null => json!({"kind": "null"}),
        Stdin::Tty => json!({"kind": "tty"}),
        Stdin::File(hash, len) => json!({"kind": "file", "hash": format!("b3:{hash}"), "size": len}),
        Stdin::Pipe(hash, len) => json!({"kind": "pipe", "hash": format!("b3:{hash}"), "size": len}),
    }
}

fn proc(line: &ProcLine) -> Json {
    let ProcLine { presence, key, exit, exe, args } = line;
    let exit: &ExitRule = exit;
    json!({
        "presence": there(*presence), "process": &*key.0, "exit": exit.to_string(), "exe": exe.as_str(),
        "args": texts(args),
    })
}

fn arg_texts(args: &[Arg]) -> Json {
    args.iter().map(ToString::to_string).collect()
}

fn stream(stream: &Stream) -> Json {
    let step = |(presence, step): &(Presence, Step)| {
        json!({
            "presence": there(*presence), "verb": step.verb.word(), "args": arg_texts(&step.args), "errno": step.errno,
        })
    };
    json!({
        "kind": stream.object.kind.word(), "presence": there(stream.presence), "process": &*stream.process.0,
        "name": stream.object.name.as_str(), "bag": stream.bag, "steps": stream.steps.iter().map(step).collect::<Json>(),
    })
}

fn thread(thread: &ThreadStream) -> Json {
    let call = |(presence, call): &CallLine| {
        json!({
            "presence": there(*presence), "name": call.name, "args": arg_texts(&call.args),
            "result": call.result.as_str(),
        })
    };
    json!({
        "presence": there(thread.presence), "process": &*thread.process.0, "thread": thread.thread, "bag": thread.bag,
        "calls": thread.calls.iter().map(call).collect::<Json>(),
    })
}

fn end(end: &End) -> Json {
    let size = end.size.map(|size| size.map_or_else(|| "*".to_owned(), |number| number.to_string()));
    json!({
        "presence": there(end.presence), "kind": end.kind.word(), "name": end.name.as_str(),
        "mode": end.mode.map(|mode| format!("{mode:04o}")), "size": size,
        "hash": end.hash.map(|hash| HashWord(hash).to_string()), "to": end.to.as_ref().map(Value::as_str),
    })
}

fn mask(mask: &Mask) -> Json {
    json!({
        "process": &*mask.process.0, "object": mask.object.to_string(), "verb": mask.verb,
        "where": mask.place.to_string(), "as": mask.class.as_ref().map(ToString::to_string), "why": mask.why.to_string(),
    })
}
