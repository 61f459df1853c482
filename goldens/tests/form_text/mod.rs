//! A form in a text like that of goldens, for tests and for people.

use std::fmt::Write;

use goldens::{Arg, Content, Fact, Form, FormProcess, FormStep, NodeRef, Step, Value};

/// A form as text, with its info facts on demand.
pub fn text(form: &Form, info: bool) -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "# {}-{} {:?} {} calls", form.platform.arch, form.platform.libc, form.class, form.total_calls);
    let _ = writeln!(out, "argv {}", words(&form.argv));
    for gap in &form.gaps {
        let _ = writeln!(out, "# gap: {}", gap.why);
    }
    for process in &form.processes {
        let _ = writeln!(out, "proc {} {:?} {} {}", process.key.0, process.exit, process.exe, words(&process.args));
    }
    form.processes.iter().for_each(|process| streams(&mut out, form, process));
    form.processes.iter().for_each(|process| threads(&mut out, form, process));
    for end in &form.ends {
        let mode = end.mode.map_or(String::new(), |mode| format!(" mode={mode:04o}"));
        let content = end.content.as_ref().map_or(String::new(), content);
        let to = end.to.as_ref().map_or(String::new(), |to| format!(" to={to}"));
        let _ = writeln!(out, "end {:?} {}{mode}{content}{to}", end.kind, end.name);
    }
    form.processes.iter().for_each(|process| facts(&mut out, process, info));
    for (before, after) in &form.order {
        let _ = writeln!(out, "order {} < {}", node(form, before), node(form, after));
    }
    out
}

fn streams(out: &mut String, form: &Form, process: &FormProcess) {
    for stream in &process.streams {
        let bag = if stream.bag { " bag" } else { "" };
        let _ = writeln!(out, "{} {} {}{bag}", stream.object.kind.word(), process.key.0, stream.object.name);
        for line in &stream.steps {
            let step = form.steps.get(line.step as usize).map(step).unwrap_or_default();
            let _ = writeln!(out, "  {}{step}", times(line));
        }
    }
}

fn threads(out: &mut String, form: &Form, process: &FormProcess) {
    for thread in &process.threads {
        let _ = writeln!(out, "thread {} {}", process.key.0, thread.key);
        for line in &thread.calls {
            if let Some(call) = form.calls.get(line.step as usize) {
                let args: String = call.args.iter().map(arg).collect();
                let _ = writeln!(out, "  {}{}{args} = {}", times(line), call.name, call.result);
            }
        }
    }
}

fn facts(out: &mut String, process: &FormProcess, info: bool) {
    let key = &process.key.0;
    for input in &process.inputs {
        let _ = writeln!(out, "input {key} {:?} {}", input.kind, input.name);
    }
    for (name, durable) in &process.durability {
        let _ = writeln!(
            out,
            "dur {key} {name} replace={} content-before-name={} name-durable={} sync={}",
            durable.replace, durable.content_before_name, durable.name_durable, durable.sync
        );
    }
    for (name, fact) in &process.facts {
        let fact = match fact {
            Fact::Number(number) => number.to_string(),
            Fact::Word(word) => word.to_string(),
        };
        let _ = writeln!(out, "fact {key} {name} {fact}");
    }
    for ((object, family), calls) in &process.shapes {
        let _ = writeln!(out, "shape {key} {}:{} {family} {calls}", object.kind.word(), object.name);
    }
    for (name, count) in process.info.iter().filter(|_| info) {
        let _ = writeln!(out, "# info {key} {name} {count}");
    }
}

fn times(line: &FormStep) -> String {
    if line.count == 1 { String::new() } else { format!("x{} ", line.count) }
}

fn words(values: &[Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn content(content: &Content) -> String {
    format!(" size={} b3:{}", content.len, content.hash.map_or("*".into(), |hash| hash.to_string()))
}

fn step(step: &Step) -> String {
    let args: String = step.args.iter().map(arg).collect();
    let errno = step.errno.as_ref().map_or(String::new(), |errno| format!(" !{errno}"));
    format!("{}{args}{errno}", step.verb.word())
}

fn arg(arg: &Arg) -> String {
    match arg {
        Arg::Word(value) => format!(" {value}"),
        Arg::Field(name, value) => format!(" {name}={value}"),
        Arg::Span(from, to) => format!(" {from}..{}", to.map_or("*".into(), |to| to.to_string())),
        Arg::Hash(hash) => format!(" b3:{}", hash.map_or("*".into(), |hash| hash.to_string())),
    }
}

fn node(form: &Form, node: &NodeRef) -> String {
    let found = form.processes.get(node.process as usize).and_then(|process| {
        let stream = process.streams.get(node.stream as usize)?;
        let line = stream.steps.get(node.step as usize)?;
        let step = form.steps.get(line.step as usize)?;
        let object = &stream.object;
        Some(format!("{} {}@{}:{}", process.key.0, step.verb.word(), object.kind.word(), object.name))
    });
    found.unwrap_or_else(|| "?".into())
}
