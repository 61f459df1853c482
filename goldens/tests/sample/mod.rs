//! Canonical forms written down: the syntax of a golden with exact values is read as one run.
//!
//! Lines may stand in any order; contents may be written as `@NAME`, with the bytes given beside the text.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, BTreeSet};

use goldens::{
    Arg, Content, Contents, EndKind, Exit, ExitRule, Fact, Form, FormEnd, FormProcess, FormStep, FormStream,
    FormThread, Golden, Hash, Input, InputKind, NodeRef, Number, ObjectRef, Platform, Presence, ProcKey, Step, StepRef,
    Value,
};

/// The golden of guest `mut` as the format's own example.
pub const MUT: &str = include_str!("../golden_files/mut.golden");

/// What the guest's contents are.
pub fn mut_contents() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("payload", b"payload-1234\n".to_vec()),
        ("payload5", b"payload-1235\n".to_vec()),
        ("conf", b"key=value\n".repeat(40)),
        ("nothing", Vec::new()),
        ("own", b"ok\ndone\n".to_vec()),
        ("swapped", b"done\nok\n".to_vec()),
        ("child", b"child\n".to_vec()),
        ("child2", b"child2\n".to_vec()),
        ("out", b"child\nok\ndone\n".to_vec()),
        ("out_swapped", b"child\ndone\nok\n".to_vec()),
        ("out_child2", b"child2\nok\ndone\n".to_vec()),
        ("request", b"GET /in1 HTTP/1.0\r\n\r\n".to_vec()),
        ("request2", b"GET /in2 HTTP/1.0\r\n\r\n".to_vec()),
        ("missing", b"HTTP/1.0 404 File not found\r\n\r\n".to_vec()),
    ]
}

/// The text with every old part replaced by its new one; each must be there.
pub fn edited(base: &str, edits: &[(&str, &str)]) -> String {
    let mut text = base.to_string();
    for (old, new) in edits {
        assert!(text.contains(old), "the base has no {old:?}");
        text = text.replacen(old, new, 1);
    }
    text
}

/// The run that this text says.
pub fn form(text: &str, contents: &[(&'static str, Vec<u8>)]) -> Form {
    let golden = golden(text, contents);
    let mut kept = Contents::default();
    for (_, bytes) in contents {
        kept.keep(&Content::known(bytes.clone()));
    }
    from_golden(&golden, kept)
}

/// The golden that this text says, once its lines are in order.
pub fn golden(text: &str, contents: &[(&'static str, Vec<u8>)]) -> Golden {
    let mut text = text.to_string();
    let mut names: Vec<&(&str, Vec<u8>)> = contents.iter().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, bytes) in names {
        text = text.replace(&format!(" @{name}"), &format!(" b3:{}", Hash::of(bytes)));
    }
    let text = in_order(&text);
    Golden::parse(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// Body lines sorted, `asserts` counted.
fn in_order(text: &str) -> String {
    let steps = text.lines().filter(|line| line.starts_with("  ")).count();
    let mut head = String::new();
    let mut blocks: Vec<(Vec<String>, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with("  ") {
            let block = &mut blocks.last_mut().expect("a step below a stream").1;
            block.push_str(line);
            block.push('\n');
        } else if let Some(key) = body_key(line) {
            blocks.push((key, format!("{line}\n")));
        } else if line.starts_with("asserts ") {
            head.push_str(&format!("asserts {steps} {steps}\n"));
        } else {
            head.push_str(&format!("{line}\n"));
        }
    }
    blocks.sort();
    blocks.dedup();
    head + &blocks.into_iter().map(|(_, block)| block).collect::<String>()
}

fn body_key(line: &str) -> Option<Vec<String>> {
    const STREAMS: &[&str] = &[
        "anon",
        "child",
        "dev",
        "dir",
        "file",
        "lib",
        "pipe",
        "self",
        "socketpair",
        "std",
        "symlink",
        "tcp",
        "tty",
        "udp",
        "unix",
    ];
    const OTHERS: &[&str] = &["thread", "end", "input", "dur", "fact", "shape", "order", "mask", "allow"];
    let mut words: Vec<String> = line.split(' ').map(str::to_string).collect();
    let first = words.first()?.clone();
    if first == "proc" {
        words[0] = "0".into();
    } else if STREAMS.contains(&first.as_str()) {
        words.swap(0, 1);
        words.insert(0, "1".into());
    } else {
        let rank = OTHERS.iter().position(|word| *word == first)? + 2;
        words[0] = rank.to_string();
    }
    Some(words)
}

fn low(number: Number) -> u64 {
    number.low
}

fn count(presence: Presence) -> u32 {
    match presence {
        Presence::Required => 1,
        Presence::Optional => 0,
        Presence::Times(number) => low(number) as u32,
    }
}

/// One run that the golden accepts: ranges at their lowest.
pub fn from_golden(golden: &Golden, contents: Contents) -> Form {
    let class = golden.header.seen.first().cloned().unwrap_or_default();
    let platform = Platform { arch: "x86_64".into(), libc: "glibc".into() };
    let mut form = Form {
        platform: golden.header.platform.clone().unwrap_or(platform),
        class,
        argv: golden.header.argv.clone(),
        environment: Some(
            golden.inputs.iter().filter(|(_, i)| i.kind == InputKind::Env).map(|(_, i)| i.name.clone()).collect(),
        ),
        substs: golden.header.substs.clone(),
        notes: Vec::new(),
        steps: Vec::new(),
        calls: Vec::new(),
        temporaries: BTreeMap::new(),
        contents,
        processes: Vec::new(),
        ends: Vec::new(),
        order: Vec::new(),
        gaps: Vec::new(),
        partial: None,
        total_calls: 0,
    };
    let mut event = 0;
    let mut ids: BTreeMap<Step, u32> = BTreeMap::new();
    for line in &golden.processes {
        let exit = match &line.exit {
            ExitRule::Is(exit) => exit.clone(),
            _ => Exit::Running,
        };
        let mut process = FormProcess {
            key: line.key.clone(),
            exe: line.exe.clone(),
            args: line.args.clone(),
            exit,
            streams: Vec::new(),
            threads: Vec::new(),
            inputs: BTreeSet::new(),
            durability: BTreeMap::new(),
            facts: BTreeMap::new(),
            info: BTreeMap::new(),
            shapes: BTreeMap::new(),
        };
        for stream in golden.streams.iter().filter(|stream| stream.process == line.key) {
            let mut steps = Vec::new();
            for (presence, step) in &stream.steps {
                let next = form.steps.len() as u32;
                let id = *ids.entry(step.clone()).or_insert_with(|| {
                    form.steps.push(step.clone());
                    next
                });
                steps.push(FormStep { step: id, count: count(*presence), event });
                event += 1;
            }
            process.streams.push(FormStream { object: stream.object.clone(), bag: stream.bag, steps });
        }
        for thread in golden.threads.iter().filter(|thread| thread.process == line.key) {
            let mut calls = Vec::new();
            for (presence, call) in &thread.calls {
                calls.push(FormStep { step: form.calls.len() as u32, count: count(*presence), event });
                form.calls.push(call.clone());
                event += 1;
            }
            process.threads.push(FormThread { key: thread.thread.clone(), calls });
        }
        for (_, name, rule) in golden.durability.iter().filter(|(key, ..)| *key == line.key) {
            process.durability.insert(name.clone(), rule.fields.clone());
        }
        for (_, key, rule) in golden.facts.iter().filter(|(key, ..)| *key == line.key) {
            let fact = match rule {
                goldens::FactRule::Number(number) => Fact::Number(low(*number)),
                goldens::FactRule::Word(word) => Fact::Word(word.clone()),
            };
            process.facts.insert(key.clone(), fact);
        }
        for shape in golden.shapes.iter().filter(|shape| shape.process == line.key) {
            process.shapes.insert((shape.object.clone(), shape.family.clone()), low(shape.count));
        }
        let copies = count(line.presence).max(1);
        form.processes.extend(std::iter::repeat_n(process, copies as usize));
    }
    for (_, input) in golden.inputs.iter().filter(|(_, input)| input.kind != InputKind::Env) {
        give(&mut form, input);
    }
    for end in &golden.ends {
        let hash = end.hash.flatten();
        let bytes = hash.and_then(|hash| form.contents.get(hash).cloned());
        let len = end.size.flatten().map_or(0, low);
        let content = end.hash.map(|_| Content { len, hash, bytes });
        let (kind, name, mode, to) = (end.kind, end.name.clone(), end.mode, end.to.clone());
        form.ends.push(FormEnd { kind, name, mode, content, to, event });
    }
    form.order = golden
        .order
        .iter()
        .map(|edge| {
            let other = edge.other.as_ref().unwrap_or(&edge.process);
            (node(&form, &edge.process, &edge.before), node(&form, other, &edge.after))
        })
        .collect();
    form
}

/// Inputs belong to the process that touches the object, else to the first.
fn give(form: &mut Form, input: &Input) {
    let owner = form.processes.iter().position(|process| {
        let named = |object: &ObjectRef| match input.kind {
            InputKind::Net => format!("{}:{}", object.kind.word(), object.name) == input.name.as_str(),
            _ => object.name == input.name,
        };
        process.exe == input.name && input.kind == InputKind::Exec || process.streams.iter().any(|s| named(&s.object))
    });
    form.processes[owner.unwrap_or(0)].inputs.insert(input.clone());
}

/// The place of a step.
pub fn node(form: &Form, key: &ProcKey, wanted: &StepRef) -> NodeRef {
    let process = form.processes.iter().position(|process| process.key == *key).expect("the process of an edge");
    let streams = &form.processes[process].streams;
    let stream = streams.iter().position(|stream| stream.object == wanted.object).expect("the stream of an edge");
    let of_verb = |(_, step): &(usize, &FormStep)| form.steps[step.step as usize].verb == wanted.verb;
    let mut places = streams[stream].steps.iter().enumerate().filter(of_verb).map(|(at, _)| at);
    let step = places.nth(wanted.nth as usize - 1).unwrap_or_else(|| panic!("the step of an edge: {wanted:?}"));
    NodeRef { process: process as u32, stream: stream as u32, step: step as u32 }
}

/// An object as the expectations write it.
pub fn object(finding: &goldens::Finding) -> String {
    match &finding.object {
        Some(object) => object.as_str().strip_prefix("$CWD/").unwrap_or(object.as_str()).replacen("tcp:", "tcp ", 1),
        None => finding.process.0.to_string(),
    }
}

/// A value in golden syntax.
pub fn value(text: &str) -> Value {
    match Arg::of_syntax(text) {
        Some(Arg::Word(value)) => value,
        other => panic!("{text} is {other:?}"),
    }
}

/// Was it left at the end?
pub fn end<'a>(form: &'a mut Form, kind: EndKind, name: &str) -> &'a mut FormEnd {
    form.ends.iter_mut().find(|end| end.kind == kind && end.name.as_str() == name).expect("that end")
}
