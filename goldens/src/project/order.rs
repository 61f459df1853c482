//! Order: which steps happened before which, as far as the run shows why.
//!
//! Witnesses are program order of one thread, the birth of a thread, data passed through a pipe, a lock handed
//! over. What is known anyway is not said again: steps of one stream, and of a child between its spawn and
//! its reap. That something merely ended first is no witness.

use std::collections::{BTreeMap, BTreeSet};

use recording::resolve::{ObjectId, ObjectKind as Kind};

use super::{BuiltProcess, Maker};
use crate::form::NodeRef;
use crate::model::{Arg, ObjectKind, Step, Verb, VerbClass};
use crate::run::raw::{FlowId, Key, MIXED, Placed, Raw};
use crate::run::stream::RawStream;
use crate::run::{Run, Witness};

/// A step that has a place in the order: when it began and ended, and where it stands.
#[derive(Debug, Clone, Copy)]
struct Node {
    first: u64,
    last: u64,
    place: NodeRef,
    /// When the child was started that it collects, where it would have collected another as well.
    collects_since: Option<u64>,
}

/// The nodes of one thread, by begin and by end.
#[derive(Debug, Default)]
struct Line {
    by_first: Vec<Node>,
    by_last: Vec<Node>,
    /// Of `by_last`: the latest begin up to there.
    latest: Vec<u64>,
    /// Of `by_first`: the earliest end from there on.
    earliest: Vec<u64>,
}

/// Edges whose closure, with the order of streams, is the whole relation.
pub(super) fn edges(maker: &Maker<'_>, processes: &[BuiltProcess]) -> Vec<(NodeRef, NodeRef)> {
    let mut threads: BTreeMap<u32, Line> = BTreeMap::new();
    for (process, built) in processes.iter().enumerate() {
        nodes(maker, process as u32, built, &mut threads);
    }
    threads.values_mut().for_each(Line::sort);
    let mut edges = BTreeSet::new();
    for line in threads.values() {
        for node in &line.by_first {
            edges.extend(line.before(node.first).map(|before| (before.place, node.place)));
        }
    }
    for witness in maker.run.witnesses.iter().copied().chain(passed(maker.run)) {
        let (Some(from), Some(to)) = (threads.get(&witness.before.0), threads.get(&witness.after.0)) else { continue };
        for before in from.before(witness.before.1.saturating_add(1)) {
            edges.extend(to.after(witness.after.1).map(|after| (before.place, after.place)));
        }
    }
    let same_stream = |edge: &(NodeRef, NodeRef)| (edge.0.process, edge.0.stream) == (edge.1.process, edge.1.stream);
    edges.into_iter().filter(|edge| !same_stream(edge)).collect()
}

/// A range of a pipe that one step wrote or read.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u64,
    end: u64,
    placed: Placed,
}

/// What a single write puts into a pipe at once (pipe(7), PIPE_BUF).
const AT_ONCE: u64 = 4096;

/// Whoever reads from a pipe with one writer and one reader does so after the step that wrote the first of
/// these bytes had begun; after its end where it was written at once. How the bytes were cut on their way is
/// chance and decides nothing.
fn passed(run: &Run) -> Vec<Witness> {
    let mut pipes = run.channels();
    pipes.retain(|object, _| run.tables.object(*object).is_some_and(|object| object.kind == Kind::Pipe));
    let pieces = pieces(run, &pipes);
    let into = |id: &FlowId| run.flows.get(id.0 as usize).is_some_and(|flow| flow.into);
    let none = Vec::new();
    let mut witnesses = Vec::new();
    for flows in pipes.values().filter(|flows| flows.len() == 2) {
        let (Some(writer), Some(reader)) = (flows.iter().find(|id| into(id)), flows.iter().find(|id| !into(id))) else {
            continue;
        };
        let (written, read) = (pieces.get(writer).unwrap_or(&none), pieces.get(reader).unwrap_or(&none));
        witnesses.extend(read.iter().filter_map(|piece| witness(written, piece)));
    }
    witnesses
}

fn pieces(run: &Run, pipes: &BTreeMap<ObjectId, Vec<FlowId>>) -> BTreeMap<FlowId, Vec<Piece>> {
    let mut pieces: BTreeMap<FlowId, Vec<Piece>> = BTreeMap::new();
    let of_pipe = |stream: &&RawStream| matches!(stream.key, Key::Object(id) if pipes.contains_key(&id));
    for placed in run.streams.iter().filter(of_pipe).flat_map(|stream| &stream.placed) {
        let args = run.steps.rows().get(placed.step as usize).map_or(&[][..], |step| &step.args);
        if let Some(Raw::Flow(flow, start, end)) = args.first() {
            pieces.entry(*flow).or_default().push(Piece { start: *start, end: *end, placed: *placed });
        }
    }
    pieces
}

fn witness(written: &[Piece], read: &Piece) -> Option<Witness> {
    let at = written.partition_point(|piece| piece.end <= read.start);
    let from = written.get(at)?;
    let (first, last) = (&from.placed, &read.placed);
    if first.thread == last.thread || first.thread == MIXED || last.thread == MIXED {
        return None;
    }
    let at_once = first.first == first.last && from.end - from.start <= AT_ONCE;
    let before = if at_once { first.last } else { first.first.saturating_sub(1) };
    Some(Witness { before: (first.thread, before), after: (last.thread, last.first) })
}

fn nodes(maker: &Maker<'_>, process: u32, built: &BuiltProcess, threads: &mut BTreeMap<u32, Line>) {
    for (stream, built) in built.streams.iter().enumerate().filter(|(_, stream)| !stream.bag) {
        for (step, line) in built.lines.iter().enumerate() {
            let counts = maker.steps.get(line.step as usize).is_some_and(|step| is_node(step, built.object.kind));
            if counts && line.thread != MIXED {
                let place = NodeRef { process, stream: stream as u32, step: step as u32 };
                let reap = maker.steps.get(line.step as usize).is_some_and(|step| step.verb == Verb::Reap);
                let collects_since = maker.run.collected.get(&line.last).copied().filter(|_| reap);
                let node = Node { first: line.first, last: line.last, place, collects_since };
                threads.entry(line.thread).or_default().by_first.push(node);
            }
        }
    }
}

/// Actions, and reads of what comes from elsewhere.
fn is_node(step: &Step, kind: ObjectKind) -> bool {
    let word = |word: &str| step.args.iter().any(|arg| matches!(arg, Arg::Word(value) if value.as_str() == word));
    match (step.verb, step.verb.class()) {
        (Verb::Open, _) => word("creat") || word("trunc") || word("tmpfile"),
        (Verb::Ioctl, _) => step.args.iter().any(|arg| matches!(arg, Arg::Hash(_))),
        (Verb::Read | Verb::Recv, _) => is_channel(kind),
        (_, class) => class == VerbClass::Action,
    }
}

fn is_channel(kind: ObjectKind) -> bool {
    use ObjectKind::*;
    matches!(kind, Std | Pipe | Socketpair | Tcp | Udp | Unix | Tty)
}

impl Node {
    fn span(&self) -> (u64, u64) {
        (self.first, self.last)
    }
}

impl Line {
    fn sort(&mut self) {
        self.by_first.sort_by_key(|node| (node.first, node.place));
        self.stretch_reaps();
        self.by_last = self.by_first.clone();
        self.by_last.sort_by_key(|node| (node.last, node.place));
        let mut latest = 0;
        self.latest = self.by_last.iter().map(|node| running(&mut latest, node.first, u64::max)).collect();
        let mut earliest = u64::MAX;
        self.earliest = self.by_first.iter().rev().map(|node| running(&mut earliest, node.last, u64::min)).collect();
        self.earliest.reverse();
    }

    /// Which of several children ends first is chance: a wait for whichever ends may have been any of those that
    /// collected a child which lived beside its own, and has no order with them nor with what lies between.
    fn stretch_reaps(&mut self) {
        let reaps: Vec<(usize, u64)> =
            self.by_first.iter().enumerate().filter_map(|(at, node)| Some((at, node.collects_since?))).collect();
        let spans: Vec<(u64, u64)> =
            reaps.iter().filter_map(|(at, _)| self.by_first.get(*at)).map(Node::span).collect();
        // Of each reap: the earliest start of a child that it or a later one collects.
        let mut earliest = u64::MAX;
        let mut since: Vec<u64> =
            reaps.iter().rev().map(|(_, since)| running(&mut earliest, *since, u64::min)).collect();
        since.reverse();
        for (nth, (at, started)) in reaps.iter().enumerate() {
            let Some(node) = self.by_first.get_mut(*at) else { continue };
            let first = spans.partition_point(|(first, _)| first <= started);
            let last = since.partition_point(|since| *since < node.first).saturating_sub(1).max(nth);
            node.first = spans.get(first).map_or(node.first, |span| span.0.min(node.first));
            node.last = spans.get(last).map_or(node.last, |span| span.1.max(node.last));
        }
        self.by_first.sort_by_key(|node| (node.first, node.place));
    }

    /// The last nodes that ended before `event`: those that no other of them follows.
    fn before(&self, event: u64) -> impl Iterator<Item = &Node> {
        let end = self.by_last.partition_point(|node| node.last < event);
        let latest = end.checked_sub(1).and_then(|at| self.latest.get(at)).copied().unwrap_or(u64::MAX);
        self.by_last.get(..end).unwrap_or_default().iter().rev().take_while(move |node| node.last >= latest)
    }

    /// The first nodes that began at `event` or later: those that none other of them precedes.
    fn after(&self, event: u64) -> impl Iterator<Item = &Node> {
        let begin = self.by_first.partition_point(|node| node.first < event);
        let earliest = self.earliest.get(begin).copied().unwrap_or(0);
        self.by_first.get(begin..).unwrap_or_default().iter().take_while(move |node| node.first <= earliest)
    }
}

fn running(state: &mut u64, next: u64, pick: fn(u64, u64) -> u64) -> u64 {
    *state = pick(*state, next);
    *state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nodes: &[(u64, u64)]) -> Line {
        with_reaps(nodes, &[])
    }

    /// `reaps` are nodes and when their children were started.
    fn with_reaps(nodes: &[(u64, u64)], reaps: &[(usize, u64)]) -> Line {
        let place = |at: usize| NodeRef { process: 0, stream: at as u32, step: 0 };
        let since = |at: usize| reaps.iter().find(|(node, _)| *node == at).map(|(_, since)| *since);
        let by_first = nodes.iter().enumerate().map(|(at, (first, last))| Node {
            first: *first,
            last: *last,
            place: place(at),
            collects_since: since(at),
        });
        let mut line = Line { by_first: by_first.collect(), ..Line::default() };
        line.sort();
        line
    }

    fn streams<'a>(nodes: impl Iterator<Item = &'a Node>) -> Vec<u32> {
        let mut streams: Vec<u32> = nodes.map(|node| node.place.stream).collect();
        streams.sort_unstable();
        streams
    }

    #[test]
    fn a_chain_has_one_predecessor_each() {
        let line = line(&[(1, 1), (2, 2), (3, 3)]);
        assert_eq!(streams(line.before(3)), [1]);
        assert_eq!(streams(line.before(1)), [0; 0]);
        assert_eq!(streams(line.after(2)), [1]);
    }

    #[test]
    fn children_that_lived_side_by_side_are_collected_in_no_order() {
        // 2 and 4 collect children that both lived at 3; 3 comes between them.
        let line = with_reaps(&[(3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8)], &[(2, 1), (4, 2)]);
        assert_eq!(streams(line.before(8)), [2, 3, 4]);
        assert_eq!(streams(line.before(6)), [1]);
        assert_eq!(streams(line.after(5)), [2, 3, 4]);
    }

    #[test]
    fn children_that_lived_one_after_the_other_are_collected_in_order() {
        // Of a pool: 0 and 1 lived together, so did 1 and 2, but 2 was started when 0 was gone.
        let line = with_reaps(&[(10, 10), (20, 20), (30, 30)], &[(0, 1), (1, 2), (2, 11)]);
        assert_eq!(line.by_first.iter().map(Node::span).collect::<Vec<_>>(), [(10, 20), (10, 30), (20, 30)]);
        let apart = with_reaps(&[(10, 10), (20, 20)], &[(0, 1), (1, 11)]);
        assert_eq!(streams(apart.before(20)), [0]);
    }

    #[test]
    fn a_long_step_is_beside_what_happens_within_it() {
        // 0 lasts while 1 and 2 happen; both it and 2 come directly before 3.
        let line = line(&[(1, 8), (2, 2), (4, 4), (9, 9)]);
        assert_eq!(streams(line.before(9)), [0, 2]);
        assert_eq!(streams(line.before(4)), [1]);
        assert_eq!(streams(line.after(2)), [1]);
        assert_eq!(streams(line.after(0)), [0, 1]);
    }
}
