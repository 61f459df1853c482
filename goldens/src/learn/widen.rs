//! Widen: further runs are joined into a golden.
//!
//! In: a golden and runs. Out: the golden that accepts them, too: whatever differs is asserted less, nothing is
//! asserted more. Content of which no bytes were kept becomes anything.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::never::NeverMasked;
use super::streams::{self, content_hash, without_content};
use super::{Refused, content, end_object, end_word, join_durability, join_lists, machine_classes};
use crate::compare::{Diff, Difference, EndPart, StreamDifference, ThreadDifference, differences};
use crate::content::{Content, Contents, Hash};
use crate::explain::words;
use crate::finding::Code;
use crate::form::{Form, FormEnd, FormProcess, MachineClass};
use crate::golden::{
    DurabilityRule, End, EndKind, ExitRule, FactRule, Golden, Mask, MaskWhere, Number, Presence, ProcLine, ShapeLine,
    Stream, ThreadStream, Why,
};
use crate::masks::ContentMasks;
use crate::model::{ObjectRef, ProcKey, Step};
use crate::options::Options;
use crate::pattern::{join_enumerable, join_names};
use crate::value::Value;

/// Differences of one run are widened so many times at most; what is left then is refused.
const ROUNDS: usize = 8;

type Edit = Box<dyn FnOnce(&mut Golden)>;

/// Joins further runs into a golden: it then accepts them, and everything that it accepted before.
///
/// # Errors
/// A run of another platform or with a gap, or something that is never masked and varies now.
pub fn join(golden: &mut Golden, contents: &mut Contents, forms: &[Form], options: &Options) -> Result<(), Refused> {
    let options = &Options { level: golden.header.level, ..options.clone() };
    let mut joined = golden.clone();
    for (at, form) in forms.iter().enumerate() {
        may_join(&joined, form, at, options)?;
        for round in 0..=ROUNDS {
            let edits = edits(&joined, contents, form, options)?;
            if edits.is_empty() {
                break;
            }
            if round == ROUNDS {
                return Err(Refused::Mixed(format!("these and run {}: they do not come together", at + 1)));
            }
            edits.into_iter().for_each(|edit| edit(&mut joined));
            joined.sort();
        }
    }
    let seen = machine_classes(forms.iter().map(|form| form.class.clone()));
    let seen: BTreeSet<MachineClass> = joined.header.seen.drain(..).chain(seen).collect();
    joined.header.seen = seen.into_iter().collect();
    let more = forms.len() as u32;
    joined.header.runs = joined.header.runs.saturating_add(more);
    for mask in &mut joined.masks {
        if let Why::Varied(_, runs) = &mut mask.why {
            *runs = runs.saturating_add(more);
        }
    }
    let count = joined.count();
    joined.header.asserts = (joined.header.asserts.0.clamp(count.least, count.most), count.total);
    joined.sort();
    *golden = joined;
    Ok(())
}

fn may_join(golden: &Golden, form: &Form, at: usize, options: &Options) -> Result<(), Refused> {
    if let Some(gap) = form.gaps.iter().find(|gap| gap.level <= options.level) {
        return Err(Refused::Gap { run: at + 1, gap: gap.clone() });
    }
    match &golden.header.platform {
        Some(platform) if *platform != form.platform => Err(Refused::Mixed(format!(
            "{}-{} and {}-{}",
            platform.arch, platform.libc, form.platform.arch, form.platform.libc
        ))),
        _ => Ok(()),
    }
}

/// What has to be changed for this run to be accepted.
fn edits(golden: &Golden, contents: &mut Contents, form: &Form, options: &Options) -> Result<Vec<Edit>, Refused> {
    let found = differences(golden, form, options);
    let refused: Vec<NeverMasked> = found
        .list
        .iter()
        .filter_map(|difference| never(difference, golden))
        .filter(|n| !n.allowed_by(options))
        .collect();
    if !refused.is_empty() {
        return Err(Refused::NeverMasked(refused));
    }
    let widening = Widening { golden, form, runs: golden.header.runs, names: Names::of(golden) };
    Ok(found.list.iter().filter_map(|difference| widening.edit(difference, contents)).collect())
}

/// Differences that no mask may hide.
fn never(difference: &Difference<'_>, golden: &Golden) -> Option<NeverMasked> {
    let refused = |code: Code, process: &ProcKey, object: &str, before: String, after: String| {
        Some(NeverMasked { code, process: process.0.to_string(), object: object.into(), values: vec![before, after] })
    };
    match difference {
        Difference::Exit { line, process } => {
            let code = if &*line.key.0 == "P" { Code::Exit } else { Code::ProcExit };
            refused(code, &line.key, "-", line.exit.to_string(), words::exit(&process.exit))
        }
        Difference::ProcessNew { process } if !golden.processes.iter().any(|line| line.exe == process.exe) => {
            refused(Code::ProcNew, &process.key, process.exe.as_str(), "none".into(), "runs".into())
        }
        Difference::End { before: Some(line), after: Some(end), part: EndPart::Mode } => {
            let mode = |mode: Option<u16>| mode.map(|mode| format!("{mode:04o}")).unwrap_or_default();
            refused(Code::FileMode, &root(), line.name.as_str(), mode(line.mode), mode(end.mode))
        }
        Difference::Fact { process, key, before, after, .. } if *key == "mem.wx" => {
            refused(Code::MemWx, process, "-", before.clone(), after.clone())
        }
        Difference::Input { input, new, .. } if input.kind == crate::model::InputKind::Net => {
            let (before, after) = if *new { ("none", "used") } else { ("used", "none") };
            refused(Code::NetNew, &root(), input.name.as_str(), before.into(), after.into())
        }
        _ => None,
    }
}

fn root() -> ProcKey {
    ProcKey("P".into())
}

struct Widening<'a> {
    golden: &'a Golden,
    form: &'a Form,
    runs: u32,
    /// A name that a pattern of the golden covers is added as that pattern.
    names: Names,
}

impl Widening<'_> {
    fn edit(&self, difference: &Difference<'_>, contents: &mut Contents) -> Option<Edit> {
        match difference {
            Difference::ProcessGone { line } => Some(process_count(line, 0)),
            Difference::ProcessCount { line, count } => Some(process_count(line, *count)),
            Difference::ProcessNew { process } => Some(self.process_new(process)),
            Difference::Arguments { line, process } => Some(arguments(line, process)),
            Difference::Exit { line, process } => Some(exit(line, process)),
            Difference::Stream(found) => self.stream(found),
            Difference::StreamCount { stream, count } => {
                let (key, object, count) = (stream.process.clone(), stream.object.clone(), *count);
                Some(Box::new(move |golden| {
                    each_stream(golden, &key, &object, |s| s.presence = counted(s.presence, count))
                }))
            }
            Difference::End { before, after, part } => Some(self.end(*before, *after, *part, contents)),
            Difference::Input { input, count, .. } => {
                let (mut input, count) = (input.clone(), *count);
                input.name = self.names.canonical(&input.name).clone();
                Some(Box::new(move |golden| match golden.inputs.iter_mut().find(|(_, other)| *other == input) {
                    Some((presence, _)) => *presence = counted(*presence, count),
                    None => golden.inputs.push((counted(Presence::Optional, count), input)),
                }))
            }
            Difference::Durability { process, name, before, after } => {
                let rule: DurabilityRule = join_durability(&[before, after]);
                let (process, name) = ((*process).clone(), name.clone());
                Some(Box::new(move |golden| {
                    let fits = |line: &&mut (ProcKey, Value, DurabilityRule)| {
                        line.0 == process && crate::pattern::accepts(&line.1, &Value::from_syntax(name.as_str()))
                    };
                    golden.durability.iter_mut().filter(fits).for_each(|line| line.2 = rule.clone());
                }))
            }
            Difference::Fact { process, key, before, after, numbers } => {
                Some(fact(process, key, (before, after), *numbers))
            }
            Difference::Shape { process, object, family, before, after } => {
                let count = before.join(Number::exactly(*after));
                let line = ShapeLine {
                    process: (*process).clone(),
                    object: object.clone(),
                    family: family.as_str().into(),
                    count,
                };
                Some(Box::new(move |golden| {
                    let same = |other: &ShapeLine| {
                        (&other.process, &other.object, &other.family) == (&line.process, &line.object, &line.family)
                    };
                    golden.shapes.retain(|other| !same(other));
                    golden.shapes.push(line);
                }))
            }
            Difference::Order { edge, .. } => {
                let edge = (*edge).clone();
                Some(Box::new(move |golden| golden.order.retain(|other| *other != edge)))
            }
            Difference::Thread(found) => self.thread(found),
        }
    }

    fn process_new(&self, process: &FormProcess) -> Edit {
        let line = ProcLine {
            presence: Presence::Optional,
            key: process.key.clone(),
            exit: ExitRule::Is(process.exit.clone()),
            exe: process.exe.clone(),
            args: process.args.clone(),
        };
        Box::new(move |golden| golden.processes.push(line))
    }

    fn stream(&self, found: &StreamDifference<'_>) -> Option<Edit> {
        let process = found.process.clone();
        let gone = |before: &Stream| {
            let object = before.object.clone();
            move |golden: &mut Golden, key: &ProcKey| {
                each_stream(golden, key, &object, |stream| stream.presence = counted(stream.presence, 0));
                forget_order(golden, key, &object);
            }
        };
        let new = found.after.map(|after| {
            let steps = after.steps.iter().filter_map(|step| {
                Some((streams::times(u64::from(step.count)), self.form.steps.get(step.step as usize)?.clone()))
            });
            let steps = steps.map(|(presence, step)| (presence, streams::canonical(&step, &self.names))).collect();
            let name = self.names.canonical(&after.object.name).clone();
            let object = ObjectRef { kind: after.object.kind, name };
            Stream {
                object,
                presence: Presence::Optional,
                process: process.clone(),
                bag: after.bag,
                steps,
                blocks: Vec::new(),
            }
        });
        match (found.before, new) {
            (Some(before), Some(new))
                if before.object == new.object || crate::pattern::is_rule(&before.object.name) =>
            {
                Some(self.changed(before, new, &found.diff))
            }
            (Some(before), Some(new)) => {
                let gone = gone(before);
                Some(Box::new(move |golden| {
                    gone(golden, &process);
                    golden.streams.push(new);
                }))
            }
            (Some(before), None) => {
                let gone = gone(before);
                Some(Box::new(move |golden| gone(golden, &process)))
            }
            (None, Some(new)) => Some(Box::new(move |golden| golden.streams.push(new))),
            (None, None) => None,
        }
    }

    /// Lines that accept both: in their places, where only arguments differ, else in any order.
    fn changed(&self, before: &Stream, new: Stream, diff: &Diff) -> Edit {
        let places = !before.bag && !new.bag && diff.counts.is_empty() && before.steps.len() == new.steps.len();
        let alike = |((_, a), (_, b)): (&(Presence, Step), &(Presence, Step))| streams::alike(a, b);
        let sequence = places && before.steps.iter().zip(&new.steps).all(alike);
        let steps = if sequence {
            let both = before.steps.iter().zip(&new.steps);
            both.map(|((presence, a), (_, b))| (*presence, streams::join_steps(&[a, b]))).collect()
        } else {
            bagged(before, &new)
        };
        let open: BTreeSet<&'static str> = steps
            .iter()
            .filter(|(_, step)| content_hash(step) == Some(None))
            .filter(|(_, step)| !before.steps.iter().any(|(_, old)| old == step))
            .map(|(_, step)| step.verb.word())
            .collect();
        let (key, object) = (before.process.clone(), before.object.clone());
        let runs = self.runs;
        Box::new(move |golden| {
            each_stream(golden, &key, &object, |stream| {
                stream.bag = !sequence;
                stream.steps = steps.clone();
            });
            if !sequence {
                forget_order(golden, &key, &object);
            }
            for verb in open {
                mask_wholly(golden, &key, &object, verb, runs);
            }
        })
    }

    fn end(&self, before: Option<&End>, after: Option<&FormEnd>, part: EndPart, contents: &mut Contents) -> Edit {
        match (before, after, part) {
            (Some(line), Some(end), EndPart::Content) => self.end_content(line, end, contents),
            (Some(line), Some(end), EndPart::Target) => {
                let to = line.to.iter().chain(&end.to);
                let to = Some(join_names(to));
                let (kind, name) = (line.kind, line.name.clone());
                Box::new(move |golden| each_end(golden, kind, &name, |end| end.to = to.clone()))
            }
            (Some(line), Some(end), EndPart::Mode) => {
                let (kind, name) = (end.kind, line.name.clone());
                Box::new(move |golden| each_end(golden, kind, &name, |end| end.mode = None))
            }
            (Some(line), other, _) => {
                let (kind, name) = (line.kind, line.name.clone());
                let seen = self
                    .form
                    .ends
                    .iter()
                    .filter(|end| end.kind == kind && crate::pattern::accepts(&name, &end.name))
                    .count();
                let new = other.filter(|end| end.kind != kind).map(|end| self.new_end(end));
                Box::new(move |golden| {
                    each_end(golden, kind, &name, |end| end.presence = counted(end.presence, seen as u64));
                    golden.ends.extend(new);
                })
            }
            (None, Some(end), _) => {
                let new = self.new_end(end);
                Box::new(move |golden| golden.ends.push(new))
            }
            (None, None, _) => Box::new(|_| {}),
        }
    }

    fn new_end(&self, end: &FormEnd) -> End {
        End {
            presence: Presence::Optional,
            kind: end.kind,
            name: self.names.canonical(&end.name).clone(),
            mode: end.mode,
            size: end.content.as_ref().map(|content| content.hash.map(|_| Number::exactly(content.len))),
            hash: end.content.as_ref().map(|content| content.hash),
            to: end.to.clone(),
        }
    }

    fn end_content(&self, line: &End, end: &FormEnd, contents: &mut Contents) -> Edit {
        let (kind, name) = (line.kind, line.name.clone());
        let len = end.content.as_ref().map_or(0, |content| content.len);
        let size = line.size.flatten().map(|size| size.join(Number::exactly(len)));
        let object = end_object(kind, &name);
        let masked = self.golden.masks.iter().any(|mask| *mask.verb == *end_word(kind) && mask.object == object);
        let old = line.hash.flatten().and_then(|hash| contents.get(hash).cloned());
        let new = end.content.as_ref().and_then(|content| content.bytes.clone());
        let varied = old.zip(new).filter(|_| !masked).map(|(a, b)| {
            let both: BTreeSet<&[u8]> = [&*a, &*b].into();
            (content::vary(&both, 0), a.clone(), b.clone())
        });
        let (masks, hash) = match varied {
            Some((content::Varied::Within(masks), a, b)) => {
                let (left, other) = (masks.apply(&a, 0), masks.apply(&b, 0));
                let hash = (left == other).then(|| Hash::of(&left));
                contents.keep(&Content::known(left));
                (hash.map(|_| masks), hash)
            }
            _ => (None, None),
        };
        let runs = self.runs;
        Box::new(move |golden| {
            each_end(golden, kind, &name, |end| {
                end.hash = Some(hash);
                end.size = Some(size.filter(|_| hash.is_some()));
            });
            let verb = end_word(kind);
            match &masks {
                Some(masks) => add_masks(golden, &object, verb, masks, runs),
                None => mask_wholly(golden, &root(), &object, verb, runs),
            }
        })
    }

    fn thread(&self, found: &ThreadDifference<'_>) -> Option<Edit> {
        let calls = |thread: &crate::compare::Calls<'_>| {
            let call = |step: &crate::form::FormStep| {
                Some((streams::times(u64::from(step.count)), self.form.calls.get(step.step as usize)?.clone()))
            };
            thread.calls.iter().filter_map(call).collect::<Vec<_>>()
        };
        let process = found.process.clone();
        match (found.before, found.after.as_ref()) {
            (None, Some(after)) => {
                let line = ThreadStream {
                    presence: Presence::Optional,
                    process,
                    thread: after.key.into(),
                    bag: false,
                    calls: calls(after),
                    blocks: Vec::new(),
                };
                Some(Box::new(move |golden| golden.threads.push(line)))
            }
            (Some(before), after) => {
                let thread = before.thread.clone();
                let calls = after.map(|after| bag_of(&before.calls, &calls(after)));
                Some(Box::new(move |golden| {
                    for line in
                        golden.threads.iter_mut().filter(|line| line.process == process && line.thread == thread)
                    {
                        match &calls {
                            Some(calls) => (line.bag, line.calls) = (true, calls.clone()),
                            None => line.presence = counted(line.presence, 0),
                        }
                    }
                }))
            }
            (None, None) => None,
        }
    }
}

fn process_count(line: &ProcLine, count: u64) -> Edit {
    let key = line.key.clone();
    Box::new(move |golden| {
        for line in golden.processes.iter_mut().filter(|line| line.key == key) {
            line.presence = counted(line.presence, count);
        }
        // Steps of a process that is not always there are no ends of edges.
        golden.order.retain(|edge| edge.process != key && edge.other.as_ref() != Some(&key));
    })
}

fn arguments(line: &ProcLine, process: &FormProcess) -> Edit {
    let (key, exe) = (line.key.clone(), join_names([&line.exe, &process.exe]));
    let args = join_lists(&[&line.args, &process.args]);
    Box::new(move |golden| {
        for line in golden.processes.iter_mut().filter(|line| line.key == key) {
            (line.exe, line.args) = (exe.clone(), args.clone());
        }
    })
}

fn exit(line: &ProcLine, process: &FormProcess) -> Edit {
    let rule = match (&line.exit, &process.exit) {
        (ExitRule::Is(was), is) => super::join_exits(&[was, is]),
        (ExitRule::OneOf(codes), crate::model::Exit::Exited(code)) if codes.len() < 3 => {
            ExitRule::OneOf(codes.iter().copied().chain([*code]).collect::<BTreeSet<u8>>().into_iter().collect())
        }
        _ => ExitRule::Any,
    };
    let key = line.key.clone();
    Box::new(move |golden| {
        golden.processes.iter_mut().filter(|line| line.key == key).for_each(|line| line.exit = rule.clone());
    })
}

fn fact(process: &ProcKey, key: &str, (before, after): (&str, &str), numbers: Option<(Number, u64)>) -> Edit {
    let rule = match numbers {
        Some((before, after)) => FactRule::Number(before.join(Number::exactly(after))),
        None => FactRule::Word(join_enumerable(&[Value::from_syntax(before), Value::from_syntax(after)])),
    };
    let (process, key): (ProcKey, Box<str>) = (process.clone(), key.into());
    Box::new(move |golden| {
        golden.facts.retain(|(of, name, _)| (of, name) != (&process, &key));
        golden.facts.push((process, key, rule));
    })
}

/// The presence that accepts so many, too.
fn counted(presence: Presence, count: u64) -> Presence {
    let range = crate::compare::range(presence).join(Number::exactly(count));
    match (range.low, range.high) {
        (1, 1) => Presence::Required,
        (0, 1) => Presence::Optional,
        _ => Presence::Times(range),
    }
}

fn each_stream(golden: &mut Golden, key: &ProcKey, object: &ObjectRef, change: impl Fn(&mut Stream)) {
    golden.streams.iter_mut().filter(|stream| stream.process == *key && stream.object == *object).for_each(change);
}

fn each_end(golden: &mut Golden, kind: EndKind, name: &Value, change: impl Fn(&mut End)) {
    golden.ends.iter_mut().filter(|end| end.kind == kind && end.name == *name).for_each(change);
}

fn forget_order(golden: &mut Golden, key: &ProcKey, object: &ObjectRef) {
    let about = |process: &ProcKey, step: &crate::golden::StepRef| process == key && step.object == *object;
    golden.order.retain(|edge| {
        let other = edge.other.as_ref().unwrap_or(&edge.process);
        !about(&edge.process, &edge.before) && !about(other, &edge.after)
    });
}

fn mask_wholly(golden: &mut Golden, key: &ProcKey, object: &ObjectRef, verb: &str, runs: u32) {
    let same = |mask: &Mask| mask.process == *key && mask.object == *object && *mask.verb == *verb;
    golden.masks.retain(|mask| !(same(mask) && mask.place == MaskWhere::All));
    golden.masks.push(Mask {
        process: key.clone(),
        object: object.clone(),
        verb: verb.into(),
        place: MaskWhere::All,
        class: None,
        why: Why::Varied(2, runs),
    });
}

fn add_masks(golden: &mut Golden, object: &ObjectRef, verb: &str, masks: &ContentMasks, runs: u32) {
    for (place, class) in masks.places() {
        let (process, object, why) = (root(), object.clone(), Why::Varied(2, runs));
        golden.masks.push(Mask { process, object, verb: verb.into(), place, class, why });
    }
}

/// Both streams in any order.
fn bagged(before: &Stream, new: &Stream) -> Vec<(Presence, Step)> {
    let total = |stream: &Stream| {
        let mut counts: BTreeMap<Step, Number> = BTreeMap::new();
        for (presence, step) in &stream.steps {
            let more = crate::compare::range(*presence);
            let sum = |n: &mut Number| *n = Number { low: n.low + more.low, high: n.high + more.high };
            counts.entry(step.clone()).and_modify(sum).or_insert(more);
        }
        counts
    };
    let (a, b) = (total(before), total(new));
    let mut groups: BTreeMap<Step, BTreeSet<&Step>> = BTreeMap::new();
    for step in a.keys().chain(b.keys()) {
        groups.entry(without_content(step)).or_default().insert(step);
    }
    let none = Number::exactly(0);
    let mut out = Vec::new();
    for (open, steps) in groups {
        let of = |counts: &BTreeMap<Step, Number>, step: &Step| counts.get(step).copied().unwrap_or(none);
        let same = steps.iter().all(|step| of(&a, step) == of(&b, step));
        if content_hash(&open).is_none() || same || steps.len() == 1 {
            out.extend(steps.iter().map(|step| (streams::presence(of(&a, step).join(of(&b, step))), (*step).clone())));
            continue;
        }
        let sum = |counts: &BTreeMap<Step, Number>| {
            steps
                .iter()
                .map(|step| of(counts, step))
                .fold(none, |x, y| Number { low: x.low + y.low, high: x.high + y.high })
        };
        out.push((streams::presence(sum(&a).join(sum(&b))), open));
    }
    out.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    out
}

fn bag_of<T: Ord + Clone>(a: &[(Presence, T)], b: &[(Presence, T)]) -> Vec<(Presence, T)> {
    let total = |lines: &[(Presence, T)]| {
        let mut counts: BTreeMap<T, Number> = BTreeMap::new();
        for (presence, line) in lines {
            let more = crate::compare::range(*presence);
            let sum = |n: &mut Number| *n = Number { low: n.low + more.low, high: n.high + more.high };
            counts.entry(line.clone()).and_modify(sum).or_insert(more);
        }
        counts
    };
    let (a, b) = (total(a), total(b));
    let none = Number::exactly(0);
    let keys: BTreeSet<&T> = a.keys().chain(b.keys()).collect();
    let count = |key: &T| a.get(key).copied().unwrap_or(none).join(b.get(key).copied().unwrap_or(none));
    keys.into_iter().map(|key| (streams::presence(count(key)), key.clone())).collect()
}
