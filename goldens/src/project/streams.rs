//! Streams: what each process did to each object, under canonical names.
//!
//! Steps of several threads on one object are in order only where a witness orders them; else the stream is a
//! bag, and is sorted so that no interleaving shows. So is what a process does to a pipe that it both fills and
//! empties beside others; what passes through one that it has alone is no step.

use std::collections::{BTreeMap, BTreeSet};

use recording::resolve::{ObjectId, ProcId, ThreadId};

use super::Maker;
use super::roles::UNUSED;
use crate::form::{FormStep, FormStream};
use crate::model::{ObjectKind, ObjectRef, Verb};
use crate::run::Run;
use crate::run::raw::{FlowId, Key, MIXED, Placed};
use crate::run::stream::{Moves, RawStream};
use crate::value::Value;

/// One stream of a process, with what orders it.
#[derive(Debug)]
pub(crate) struct Built {
    pub object: ObjectRef,
    pub bag: bool,
    /// Steps by their number in the form.
    pub lines: Vec<Placed>,
    moves: BTreeMap<&'static str, Moves>,
}

/// The streams of each process, sorted by kind and name.
pub(super) fn of(maker: &Maker<'_>, raw_to_step: &[u32]) -> Vec<Vec<Built>> {
    let run = maker.run;
    let mut groups: Vec<BTreeMap<ObjectRef, Vec<&RawStream>>> = Vec::new();
    groups.resize_with(run.tables.processes.len(), BTreeMap::new);
    for stream in run.streams.iter().filter(|stream| !stream.placed.is_empty()) {
        if let Some(group) = groups.get_mut(stream.process.0 as usize) {
            group.entry(object(maker, stream.key)).or_default().push(stream);
        }
    }
    let private = private(run);
    let build = |(object, streams): (ObjectRef, Vec<&RawStream>)| one(maker, raw_to_step, &private, object, streams);
    let built = |group: BTreeMap<_, _>| group.into_iter().map(build).filter(|built| !built.lines.is_empty()).collect();
    groups.into_iter().map(built).collect()
}

/// What a stream is about, canonical.
pub(super) fn object(maker: &Maker<'_>, key: Key) -> ObjectRef {
    let literal = |kind, name| ObjectRef { kind, name: Value::literal(maker.run.names.get(name)) };
    match key {
        Key::Object(id) | Key::Candidate(id) | Key::Inherited(id) => match maker.objects.get(id.0 as usize) {
            Some(object) => object.clone(),
            None => ObjectRef { kind: ObjectKind::Own, name: Value::literal(b"-") },
        },
        Key::Library(name) => literal(ObjectKind::Lib, name),
        Key::Searched(name) => literal(ObjectKind::File, name),
        Key::Child(id) => {
            let key = maker.keys.get(id.0 as usize).map_or("{PID}", |key| &*key.0);
            ObjectRef { kind: ObjectKind::Child, name: Value::from_syntax(key) }
        }
        Key::Own => ObjectRef { kind: ObjectKind::Own, name: Value::literal(b"-") },
    }
}

fn one(
    maker: &Maker<'_>,
    raw_to_step: &[u32],
    private: &BTreeSet<ObjectId>,
    object: ObjectRef,
    mut streams: Vec<&RawStream>,
) -> Built {
    streams.sort_by_key(|stream| stream.placed.first().map(|placed| placed.first));
    let mut lines: Vec<Placed> = streams.iter().flat_map(|stream| stream.placed.iter().copied()).collect();
    // Children that are alike are told one after the other, whichever ends first.
    if object.kind != ObjectKind::Child {
        lines.sort_by_key(|placed| placed.first);
    }
    for line in &mut lines {
        line.step = raw_to_step.get(line.step as usize).copied().unwrap_or(u32::MAX);
    }
    let mut moves: BTreeMap<&'static str, Moves> = BTreeMap::new();
    let counted = |stream: &&RawStream| !is_procfs(maker.run, stream.key) && !is_one_of(private, stream.key);
    if streams.iter().all(counted) {
        for (family, more) in streams.iter().flat_map(|stream| &stream.moves) {
            let sum = moves.entry(family).or_default();
            sum.calls += more.calls;
            sum.ranges += more.ranges;
        }
    }
    let silent = silent(&object, streams.iter().any(|stream| is_one_of(private, stream.key)));
    lines.retain(|line| maker.steps.get(line.step as usize).is_none_or(|step| !silent.contains(&step.verb)));
    let lines = folded(lines);
    let bag = !in_order(maker.run, &lines) || is_store(maker, object.kind, &lines);
    let lines = if bag { sorted(maker, lines) } else { lines };
    Built { object, bag, lines, moves }
}

/// Pipes and pairs that one process both writes into and reads from, and no other.
fn private(run: &Run) -> BTreeSet<ObjectId> {
    let of_one = |flows: &Vec<FlowId>| {
        let flows = flows.iter().filter_map(|id| run.flows.get(id.0 as usize));
        let ends: BTreeSet<(ProcId, bool)> = flows.map(|flow| (flow.process, flow.into)).collect();
        ends.len() == 2 && ends.first().map(|(reader, _)| reader) == ends.last().map(|(writer, _)| writer)
    };
    run.channels().into_iter().filter(|(_, flows)| of_one(flows)).map(|(object, _)| object).collect()
}

fn is_one_of(objects: &BTreeSet<ObjectId>, key: Key) -> bool {
    matches!(key, Key::Object(id) if objects.contains(&id))
}

/// What is done to an object without showing in anything that somebody else has.
fn silent(object: &ObjectRef, private: bool) -> &'static [Verb] {
    match object.kind {
        // As an eventfd: a thread or a signal handler wakes another, make keeps tokens for its jobs.
        ObjectKind::Pipe | ObjectKind::Socketpair if private => {
            &[Verb::Read, Verb::Write, Verb::Recv, Verb::Send, Verb::Eof]
        }
        // Nobody writes and nobody reads: make gives such a pipe to jobs that start while another has the
        // standard input.
        ObjectKind::Pipe if object.name == Value::from_syntax(UNUSED) => &[Verb::Dup],
        _ => &[],
    }
}

/// Does a process write into this pipe and read from it? When it takes and when it gives back depends on what
/// others do.
fn is_store(maker: &Maker<'_>, kind: ObjectKind, lines: &[Placed]) -> bool {
    let does =
        |verb| lines.iter().any(|line| maker.steps.get(line.step as usize).is_some_and(|step| step.verb == verb));
    kind == ObjectKind::Pipe && does(Verb::Read) && does(Verb::Write)
}

fn is_procfs(run: &Run, key: Key) -> bool {
    matches!(key, Key::Object(id) if run.tables.object(id).is_some_and(|object| object.procfs))
}

/// Equal steps in a row are one with a count.
fn folded(lines: Vec<Placed>) -> Vec<Placed> {
    let mut out: Vec<Placed> = Vec::with_capacity(lines.len());
    for line in lines {
        match out.last_mut() {
            Some(last) if last.step == line.step => join(last, &line),
            _ => out.push(line),
        }
    }
    out
}

fn join(into: &mut Placed, more: &Placed) {
    into.count = into.count.saturating_add(more.count);
    into.first = into.first.min(more.first);
    into.last = into.last.max(more.last);
    if into.thread != more.thread {
        into.thread = MIXED;
    }
}

/// A bag: each step once, by its canonical form.
fn sorted(maker: &Maker<'_>, mut lines: Vec<Placed>) -> Vec<Placed> {
    let step = |placed: &Placed| maker.steps.get(placed.step as usize);
    lines.sort_by(|a, b| step(a).cmp(&step(b)).then(a.first.cmp(&b.first)));
    folded(lines)
}

fn in_order(run: &Run, lines: &[Placed]) -> bool {
    lines.windows(2).all(|pair| match pair {
        [a, b] => precedes(run, a, b),
        _ => true,
    })
}

/// Did the thread of `a` make that of `b`, or an ancestor of it, after `a` was over?
fn precedes(run: &Run, a: &Placed, b: &Placed) -> bool {
    if a.thread == b.thread && a.thread != MIXED {
        return true;
    }
    if a.thread == MIXED || b.thread == MIXED {
        return false;
    }
    let mut thread = b.thread;
    for _ in 0..run.tables.threads.len() {
        let Some(maker) = run.tables.thread(ThreadId(thread)).and_then(|row| row.maker) else { return false };
        if maker.0 == a.thread {
            return run.births.get(&thread).is_some_and(|born| a.last <= *born);
        }
        thread = maker.0;
    }
    false
}

impl Built {
    /// As it stands in the form.
    pub fn stream(&self) -> FormStream {
        let step = |placed: &Placed| FormStep { step: placed.step, count: placed.count, event: placed.first };
        FormStream { object: self.object.clone(), bag: self.bag, steps: self.lines.iter().map(step).collect() }
    }
}

/// How many calls moved what, where it is not one per range by the plain call.
pub(super) fn shapes(streams: &[Built]) -> BTreeMap<(ObjectRef, Box<str>), u64> {
    let mut shapes = BTreeMap::new();
    for stream in streams {
        for (family, moves) in &stream.moves {
            let plain = matches!(*family, "read" | "write" | "recv" | "send");
            if !plain || moves.calls != moves.ranges {
                shapes.insert((stream.object.clone(), (*family).into()), moves.calls);
            }
        }
    }
    shapes
}
