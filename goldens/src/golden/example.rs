//! A golden as a run: the least that it accepts, so that two goldens can be compared as a golden and a run are.

use std::collections::{BTreeMap, BTreeSet};

use super::{DurabilityRule, ExitRule, FactRule, Golden, Number, Presence, ProcLine, Stream, ThreadStream};
use crate::content::{Content, Contents};
use crate::form::{Call, Form, FormEnd, FormProcess, FormStep, FormStream, FormThread, NodeRef};
use crate::golden::{End, StepRef};
use crate::model::{Exit, Fact, Input, InputKind, ObjectRef, Platform, ProcKey, Step};
use crate::value::Value;

/// What is made to stand `low` times at most: a golden may ask for millions.
const MOST: u64 = 64;

impl Golden {
    /// A run that does what this golden asks for, and nothing that it only allows. Patterns stand for themselves:
    /// a golden with the same pattern accepts them.
    pub(crate) fn example(&self, contents: &Contents, here: &Platform) -> Form {
        let mut making = Making { golden: self, steps: Table::default(), calls: Table::default() };
        let processes: Vec<FormProcess> = self.processes.iter().flat_map(|line| making.process(line)).collect();
        let order = Places::of(self, &processes).edges(self);
        Form {
            platform: self.header.platform.clone().unwrap_or_else(|| here.clone()),
            class: self.header.seen.first().cloned().unwrap_or_default(),
            argv: self.header.argv.clone(),
            environment: Some(self.variables()),
            substs: self.header.substs.clone(),
            notes: Vec::new(),
            steps: making.steps.rows,
            calls: making.calls.rows,
            temporaries: BTreeMap::new(),
            contents: contents.clone(),
            processes,
            ends: self.ends.iter().flat_map(|end| times(end.presence, || left(end, contents))).collect(),
            order,
            gaps: Vec::new(),
            partial: None,
            total_calls: 1,
        }
    }
}

impl Golden {
    /// Names of the variables that the root must be given.
    fn variables(&self) -> BTreeSet<Value> {
        let wanted =
            self.inputs.iter().filter(|(presence, input)| input.kind == InputKind::Env && least(*presence) > 0);
        wanted.map(|(_, input)| input.name.clone()).collect()
    }
}

fn least(presence: Presence) -> u64 {
    match presence {
        Presence::Required | Presence::Optional => 1,
        Presence::Times(Number { low, .. }) => low,
    }
}

fn times<T>(presence: Presence, make: impl Fn() -> T) -> Vec<T> {
    (0..least(presence).min(MOST)).map(|_| make()).collect()
}

/// Each row once.
struct Table<T> {
    rows: Vec<T>,
    known: BTreeMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { rows: Vec::new(), known: BTreeMap::new() }
    }
}

impl<T: Clone + Ord> Table<T> {
    fn at(&mut self, row: &T) -> u32 {
        if let Some(at) = self.known.get(row) {
            return *at;
        }
        let at = self.rows.len() as u32;
        self.rows.push(row.clone());
        self.known.insert(row.clone(), at);
        at
    }

    fn placed(&mut self, lines: &[(Presence, T)]) -> Vec<FormStep> {
        let wanted = lines.iter().filter(|(presence, _)| least(*presence) > 0);
        let count = |presence| u32::try_from(least(presence)).unwrap_or(u32::MAX);
        wanted.map(|(presence, row)| FormStep { step: self.at(row), count: count(*presence), event: 0 }).collect()
    }
}

struct Making<'g> {
    golden: &'g Golden,
    steps: Table<Step>,
    calls: Table<Call>,
}

impl Making<'_> {
    fn process(&mut self, line: &ProcLine) -> Vec<FormProcess> {
        let golden = self.golden;
        let of = |key: &ProcKey| *key == line.key;
        let shape = |shape: &super::ShapeLine| ((shape.object.clone(), shape.family.clone()), shape.count.low);
        let process = FormProcess {
            key: line.key.clone(),
            exe: line.exe.clone(),
            args: line.args.clone(),
            exit: exit(&line.exit),
            streams: golden.streams.iter().filter(|s| of(&s.process)).flat_map(|s| self.stream(s)).collect(),
            threads: golden.threads.iter().filter(|t| of(&t.process)).flat_map(|t| self.thread(t)).collect(),
            inputs: self.inputs(line),
            durability: golden
                .durability
                .iter()
                .filter(|(key, ..)| of(key))
                .map(|(_, name, DurabilityRule { fields })| (name.clone(), fields.clone()))
                .collect(),
            facts: golden
                .facts
                .iter()
                .filter(|(key, ..)| of(key))
                .map(|(_, name, rule)| (name.clone(), self.fact(rule)))
                .collect(),
            info: BTreeMap::new(),
            shapes: golden.shapes.iter().filter(|s| of(&s.process)).map(shape).collect(),
        };
        times(line.presence, || process.clone())
    }

    /// Inputs are those of the whole run: the root has them.
    fn inputs(&self, line: &ProcLine) -> BTreeSet<Input> {
        if self.golden.processes.first().is_none_or(|root| root.key != line.key) {
            return BTreeSet::new();
        }
        let found = |(presence, input): &&(Presence, Input)| input.kind != InputKind::Env && least(*presence) > 0;
        let wanted = self.golden.inputs.iter().filter(found);
        wanted.map(|(_, input)| input.clone()).collect()
    }

    fn stream(&mut self, stream: &Stream) -> Vec<FormStream> {
        let steps = self.steps.placed(&stream.steps);
        let made = FormStream { object: stream.object.clone(), bag: stream.bag, steps };
        times(stream.presence, || made.clone())
    }

    fn thread(&mut self, thread: &ThreadStream) -> Vec<FormThread> {
        let made = FormThread { key: thread.thread.clone(), calls: self.calls.placed(&thread.calls) };
        times(thread.presence, || made.clone())
    }

    fn fact(&self, rule: &FactRule) -> Fact {
        match rule {
            FactRule::Number(number) => Fact::Number(number.low),
            FactRule::Word(word) => self.with_cpus(word).unwrap_or_else(|| Fact::Word(word.clone())),
        }
    }

    /// `cpus+2` where it was learned.
    fn with_cpus(&self, word: &Value) -> Option<Fact> {
        let more = word.as_str().strip_prefix("cpus+")?.parse::<u64>().ok()?;
        let cpus = self.golden.header.seen.first().map_or(0, |class| u64::from(class.cpus));
        Some(Fact::Number(cpus.saturating_add(more)))
    }
}

fn exit(rule: &ExitRule) -> Exit {
    match rule {
        ExitRule::Is(exit) => exit.clone(),
        ExitRule::OneOf(codes) => Exit::Exited(codes.first().copied().unwrap_or_default()),
        ExitRule::Any => Exit::Exited(0),
    }
}

fn left(end: &End, contents: &Contents) -> FormEnd {
    let len = end.size.flatten().map_or(0, |size| size.low);
    let content = end.hash.map(|hash| Content { len, hash, bytes: hash.and_then(|hash| contents.get(hash).cloned()) });
    let (kind, name, to) = (end.kind, end.name.clone(), end.to.clone());
    FormEnd { kind, name, mode: end.mode, content, to, event: 0 }
}

/// Where the streams of a golden stand in its example.
struct Places<'g> {
    streams: BTreeMap<(&'g ProcKey, &'g ObjectRef), (NodeRef, &'g Stream)>,
}

impl<'g> Places<'g> {
    fn of(golden: &'g Golden, processes: &[FormProcess]) -> Places<'g> {
        let mut first: BTreeMap<(&ProcKey, &ObjectRef), NodeRef> = BTreeMap::new();
        for (process, made) in (0..).zip(processes) {
            for (stream, of) in (0..).zip(&made.streams) {
                first.entry((&made.key, &of.object)).or_insert(NodeRef { process, stream, step: 0 });
            }
        }
        let place = |stream: &'g Stream| {
            let node = first.get(&(&stream.process, &stream.object))?;
            Some(((&stream.process, &stream.object), (*node, stream)))
        };
        Places { streams: golden.streams.iter().filter_map(place).collect() }
    }

    fn edges(&self, golden: &Golden) -> Vec<(NodeRef, NodeRef)> {
        let edge = |edge: &super::OrderEdge| {
            let other = edge.other.as_ref().unwrap_or(&edge.process);
            Some((self.node(&edge.process, &edge.before)?, self.node(other, &edge.after)?))
        };
        golden.order.iter().filter_map(edge).collect()
    }

    fn node(&self, process: &ProcKey, step: &StepRef) -> Option<NodeRef> {
        let (node, stream) = self.streams.get(&(process, &step.object))?;
        let mut lines = stream.steps.iter().filter(|(presence, _)| least(*presence) > 0).map(|(_, step)| step);
        let mut of_verb = (0u32..).zip(&mut lines).filter(|(_, other)| other.verb == step.verb);
        let (at, _) = of_verb.nth(step.nth.checked_sub(1)? as usize)?;
        Some(NodeRef { step: at, ..*node })
    }
}
