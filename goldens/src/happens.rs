//! Happens before: what the witnesses of one run say about the order of its steps.
//!
//! In: a [`Form`], whose `order` holds covering edges, and whose streams (bags aside) and process tree say the
//! rest: a child's steps lie between the step that started it and the one that reaped it.
//! Out: does this step happen before that one? Steps are spread over chains, each in order, and every step knows
//! how far it is behind each chain: a question costs one comparison, memory is steps times chains.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::form::{Form, FormStep, NodeRef};
use crate::model::{ObjectKind, Verb};

/// Beyond so many words a run is asked by search instead.
const CLOCK_WORDS: usize = 16 << 20;

/// The order of one run.
pub(crate) struct HappensBefore {
    nodes: Vec<NodeRef>,
    after: Vec<Vec<u32>>,
    chain: Vec<(u32, u32)>,
    /// Per node and chain: how many of the chain's steps are at or before it. Empty when it would be too much.
    clocks: Vec<u32>,
    chains: usize,
}

impl HappensBefore {
    /// Of this run.
    pub fn of(form: &Form) -> HappensBefore {
        let mut nodes: Vec<NodeRef> = form.order.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let tree = Tree::of(form);
        nodes.extend(tree.nodes(&nodes));
        nodes.sort_unstable();
        nodes.dedup();
        let mut order = HappensBefore {
            after: vec![Vec::new(); nodes.len()],
            nodes,
            chain: Vec::new(),
            clocks: Vec::new(),
            chains: 0,
        };
        order.connect(form);
        order.grow(&tree);
        order.spread();
        order
    }

    fn connect(&mut self, form: &Form) {
        for (before, after) in &form.order {
            if let (Some(before), Some(after)) = (self.id(*before), self.id(*after)) {
                self.link(before, after);
            }
        }
        for at in 1..self.nodes.len() {
            if let [before, after] = self.nodes[at - 1..=at]
                && (before.process, before.stream) == (after.process, after.stream)
                && in_order(form, before)
            {
                self.link(at - 1, at);
            }
        }
    }

    /// Starting a child before all that it does, all that it does before reaping it.
    fn grow(&mut self, tree: &Tree) {
        for (child, (spawn, reap)) in &tree.children {
            let (spawn, reap) = (spawn.and_then(|node| self.id(node)), reap.and_then(|node| self.id(node)));
            let first = self.nodes.partition_point(|node| node.process < *child);
            let end = self.nodes.partition_point(|node| node.process <= *child);
            for at in first..end {
                if let Some(spawn) = spawn {
                    self.link(spawn, at);
                }
                if let Some(reap) = reap {
                    self.link(at, reap);
                }
            }
        }
    }

    fn link(&mut self, before: usize, after: usize) {
        if before != after
            && let Some(list) = self.after.get_mut(before)
        {
            list.push(after as u32);
        }
    }

    /// Chains and clocks, in topological order.
    fn spread(&mut self) {
        let count = self.nodes.len();
        let (sequence, before) = self.topological();
        let mut tails: Vec<usize> = Vec::new();
        self.chain = vec![(0, 0); count];
        for &node in &sequence {
            let previous = before[node].iter().copied().find(|p| tails.get(self.chain[*p].0 as usize) == Some(p));
            self.chain[node] = match previous {
                Some(previous) => (self.chain[previous].0, self.chain[previous].1 + 1),
                None => (tails.len() as u32, 1),
            };
            match tails.get_mut(self.chain[node].0 as usize) {
                Some(tail) => *tail = node,
                None => tails.push(node),
            }
        }
        self.chains = tails.len();
        if count.saturating_mul(self.chains) > CLOCK_WORDS {
            return;
        }
        self.clocks = vec![0; count * self.chains];
        for &node in &sequence {
            for &earlier in &before[node] {
                for chain in 0..self.chains {
                    let seen = self.clocks[earlier * self.chains + chain];
                    let own = &mut self.clocks[node * self.chains + chain];
                    *own = seen.max(*own);
                }
            }
            let (chain, at) = self.chain[node];
            self.clocks[node * self.chains + chain as usize] = at;
        }
    }

    /// Nodes so that edges point forward, and the nodes right before each. Nodes of a cycle, which no run has,
    /// are left out and so are unordered.
    fn topological(&self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (node, list) in self.after.iter().enumerate() {
            for &next in list {
                before[next as usize].push(node);
            }
        }
        let mut missing: Vec<usize> = before.iter().map(Vec::len).collect();
        let mut ready: VecDeque<usize> = (0..missing.len()).filter(|node| missing[*node] == 0).collect();
        let mut sequence = Vec::with_capacity(missing.len());
        while let Some(node) = ready.pop_front() {
            sequence.push(node);
            for &next in &self.after[node] {
                missing[next as usize] -= 1;
                if missing[next as usize] == 0 {
                    ready.push_back(next as usize);
                }
            }
        }
        (sequence, before)
    }

    fn id(&self, node: NodeRef) -> Option<usize> {
        self.nodes.binary_search(&node).ok()
    }

    /// Does `a` happen before `b`? Steps that no edge names are placed by their stream.
    pub fn before(&self, form: &Form, a: NodeRef, b: NodeRef) -> bool {
        let ordered = in_order(form, a);
        if (a.process, a.stream) == (b.process, b.stream) {
            return a.step < b.step && ordered;
        }
        let from = self.id(a).or_else(|| self.nearest(a, ordered, true));
        let to = self.id(b).or_else(|| self.nearest(b, in_order(form, b), false));
        from.zip(to).is_some_and(|(from, to)| from == to || self.reaches(from, to))
    }

    /// The nearest named step of the stream, behind or ahead.
    fn nearest(&self, node: NodeRef, ordered: bool, behind: bool) -> Option<usize> {
        let at = self.nodes.partition_point(|known| *known < node);
        let at = if behind { Some(at) } else { at.checked_sub(1) };
        at.filter(|_| ordered).filter(|at| {
            self.nodes.get(*at).is_some_and(|known| (known.process, known.stream) == (node.process, node.stream))
        })
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        if from == to {
            return false;
        }
        if self.clocks.is_empty() {
            return self.searched(from, to);
        }
        let (chain, at) = self.chain[from];
        at > 0 && self.clocks[to * self.chains + chain as usize] >= at
    }

    fn searched(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for &next in &self.after[node] {
                if next as usize == to {
                    return true;
                }
                if !std::mem::replace(&mut seen[next as usize], true) {
                    open.push(next as usize);
                }
            }
        }
        false
    }

    /// Edges between neighbours, as the run gave them.
    pub fn covers(&self) -> BTreeMap<NodeRef, Vec<NodeRef>> {
        let named = |list: &Vec<u32>| list.iter().filter_map(|next| self.nodes.get(*next as usize).copied()).collect();
        self.nodes.iter().copied().zip(self.after.iter().map(named)).collect()
    }
}

/// Where the processes of a run were started and reaped.
pub(crate) struct Tree {
    /// By process: the first `spawn` and the last `reap` of it in its parent.
    children: BTreeMap<u32, (Option<NodeRef>, Option<NodeRef>)>,
}

impl Tree {
    /// Of this run. Children that share a key can't be told apart and are left out.
    fn of(form: &Form) -> Tree {
        let mut places: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (at, process) in (0..).zip(&form.processes) {
            places.entry(&process.key.0).or_default().push(at);
        }
        let mut children = BTreeMap::new();
        for (parent, process) in (0..).zip(&form.processes) {
            for (at, stream) in (0..).zip(&process.streams).filter(|(_, s)| s.object.kind == ObjectKind::Child) {
                let Some([child]) = places.get(stream.object.name.as_str()).map(Vec::as_slice) else { continue };
                let node = |step: usize| NodeRef { process: parent, stream: at, step: step as u32 };
                let verb = |verb: Verb| {
                    move |step: &FormStep| form.steps.get(step.step as usize).is_some_and(|step| step.verb == verb)
                };
                let spawn = stream.steps.iter().position(verb(Verb::Spawn)).map(node);
                let reap = stream.steps.iter().rposition(verb(Verb::Reap)).map(node);
                children.insert(*child, (spawn, reap));
            }
        }
        Tree { children }
    }

    /// The steps at which children with steps of their own begin and end, and those of their parents.
    fn nodes(&self, named: &[NodeRef]) -> Vec<NodeRef> {
        let mut busy: BTreeSet<u32> = named.iter().map(|node| node.process).collect();
        let mut nodes = Vec::new();
        // A child comes after its parent only by key: go on until no process is new.
        loop {
            let before = busy.len();
            nodes.clear();
            for (_, (spawn, reap)) in self.children.iter().filter(|(child, _)| busy.contains(child)) {
                nodes.extend([*spawn, *reap].into_iter().flatten());
            }
            busy.extend(nodes.iter().map(|node| node.process));
            if busy.len() == before {
                return nodes;
            }
        }
    }
}

/// Are the steps of this stream in order?
fn in_order(form: &Form, node: NodeRef) -> bool {
    let process = form.processes.get(node.process as usize);
    process.and_then(|process| process.streams.get(node.stream as usize)).is_some_and(|stream| !stream.bag)
}
