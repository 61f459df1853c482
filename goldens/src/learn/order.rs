//! Order edges: what happened before what in all runs.
//!
//! In: the order of each run by witness, and which step of a run is which step of the golden. Out: edges of the
//! transitive reduction of what all runs agree on. Steps seen in both orders form groups: no edge lies inside
//! one, and edges to the outside must hold for every member, because a pair that kept its order by chance would
//! alarm later. A step outside that does what the members do may still be one of them that kept its place by
//! chance; how probable that is tells whether further runs are worth making.

use std::collections::{BTreeMap, BTreeSet};

use crate::form::{Form, NodeRef};
use crate::happens::HappensBefore;

/// Beyond so many steps only edges between neighbours are looked at: all pairs would be too many.
const ALL_PAIRS: usize = 2048;

/// A step of the golden: its stream, its place in it.
pub(super) type Place = (u32, u32);

/// One run, with its steps under the names of the golden.
pub(super) struct RunOrder<'a> {
    form: &'a Form,
    happens: HappensBefore,
    nodes: BTreeMap<Place, NodeRef>,
}

impl<'a> RunOrder<'a> {
    /// Of a run; `place` says which step of the golden a step is, if it is one that edges may name.
    pub fn of(form: &'a Form, place: impl Fn(NodeRef) -> Option<Place>) -> RunOrder<'a> {
        let named = form.order.iter().flat_map(|(a, b)| [*a, *b]);
        let nodes = named.filter_map(|node| Some((place(node)?, node))).collect();
        RunOrder { form, happens: HappensBefore::of(form), nodes }
    }

    fn before(&self, a: Place, b: Place) -> bool {
        let pair = self.nodes.get(&a).zip(self.nodes.get(&b));
        pair.is_some_and(|(a, b)| self.happens.before(self.form, *a, *b))
    }

    fn neighbours(&self) -> BTreeSet<(Place, Place)> {
        let places: BTreeMap<NodeRef, Place> = self.nodes.iter().map(|(place, node)| (*node, *place)).collect();
        let covers = self.happens.covers();
        let edges = covers.iter().flat_map(|(a, list)| list.iter().map(move |b| (a, b)));
        edges.filter_map(|(a, b)| Some((*places.get(a)?, *places.get(b)?))).collect()
    }
}

/// What all runs agree on.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    /// The edges that a golden of these runs holds.
    pub edges: Vec<(Place, Place)>,
    /// The probability that the least certain of them is chance, as far as groups show it.
    pub chance: f64,
}

/// What all runs agree on; `alike` says whether the same is done to the objects of two streams.
pub(super) fn agreed(runs: &[RunOrder<'_>], alike: impl Fn(u32, u32) -> bool) -> Agreed {
    let Some((first, rest)) = runs.split_first() else { return Agreed::default() };
    let everywhere = |place: &Place| rest.iter().all(|run| run.nodes.contains_key(place));
    let places: Vec<Place> = first.nodes.keys().copied().filter(everywhere).collect();
    let mut agreed = if places.len() <= ALL_PAIRS {
        reduced(runs, &places, alike)
    } else {
        Agreed { edges: shared_neighbours(runs), chance: 0.0 }
    };
    agreed.edges.retain(|((a, _), (b, _))| a != b);
    agreed
}

/// Edges between neighbours that are neighbours in every run.
fn shared_neighbours(runs: &[RunOrder<'_>]) -> Vec<(Place, Place)> {
    let shared = runs.iter().map(RunOrder::neighbours).reduce(|a, b| a.intersection(&b).copied().collect());
    shared.unwrap_or_default().into_iter().collect()
}

/// A square of yes and no, a row a bit set.
struct Square {
    words: usize,
    bits: Vec<u64>,
}

impl Square {
    fn new(side: usize) -> Square {
        let words = side.div_ceil(64);
        Square { words, bits: vec![0; words * side] }
    }

    fn set(&mut self, a: usize, b: usize) {
        self.bits[a * self.words + b / 64] |= 1 << (b % 64);
    }

    fn clear(&mut self, a: usize, b: usize) {
        self.bits[a * self.words + b / 64] &= !(1 << (b % 64));
    }

    fn has(&self, a: usize, b: usize) -> bool {
        self.bits[a * self.words + b / 64] >> (b % 64) & 1 == 1
    }

    fn row(&self, a: usize) -> &[u64] {
        &self.bits[a * self.words..(a + 1) * self.words]
    }

    fn size(&self, a: usize) -> u32 {
        self.row(a).iter().map(|word| word.count_ones()).sum()
    }

    /// The columns of a row.
    fn members(&self, a: usize) -> Vec<usize> {
        let bits = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        };
        self.row(a).iter().enumerate().flat_map(bits).collect()
    }
}

fn reduced(runs: &[RunOrder<'_>], places: &[Place], alike: impl Fn(u32, u32) -> bool) -> Agreed {
    let count = places.len();
    let mut all = Square::new(count);
    let mut any = Square::new(count);
    // Steps that in some runs, not in all, had an order with one that does the same to another object.
    let mut shared_out = vec![false; count];
    for (a, from) in places.iter().enumerate() {
        for (b, to) in places.iter().enumerate().skip(a + 1) {
            let holds = |from, to| runs.iter().filter(|run| run.before(from, to)).count();
            let forth = holds(*from, *to);
            let back = if forth == runs.len() { 0 } else { holds(*to, *from) };
            for (a, b, holds) in [(a, b, forth), (b, a, back)] {
                if holds == runs.len() {
                    all.set(a, b);
                }
                if holds > 0 {
                    any.set(a, b);
                }
            }
            if (1..runs.len()).contains(&(forth + back)) && alike(from.0, to.0) {
                shared_out[a] = true;
                shared_out[b] = true;
            }
        }
    }
    let groups = members(&groups(&any, count));
    for_every_member(&mut all, &groups, places);
    between_threads(&mut all, &shared_out, places, &alike);
    let place = |at: usize| places.get(at).copied();
    let chance = chance(&all, &groups, places, runs.len(), &alike);
    let edges = reduction(&all, count).into_iter().filter_map(|(a, b)| Some((place(a)?, place(b)?))).collect();
    Agreed { edges, chance }
}

/// Which group each step is in; alone in its own, mostly.
fn groups(any: &Square, count: usize) -> Vec<usize> {
    let mut group: Vec<usize> = (0..count).collect();
    fn root(group: &mut [usize], mut at: usize) -> usize {
        while group[at] != at {
            group[at] = group[group[at]];
            at = group[at];
        }
        at
    }
    for a in 0..count {
        for b in a + 1..count {
            if any.has(a, b) && any.has(b, a) {
                let (a, b) = (root(&mut group, a), root(&mut group, b));
                group[a.max(b)] = a.min(b);
            }
        }
    }
    (0..count).map(|at| root(&mut group, at)).collect()
}

/// The groups of more than one step.
fn members(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        members.entry(*group).or_default().push(at);
    }
    members.into_values().filter(|members| members.len() > 1).collect()
}

/// The greatest probability that an order is chance: that an object is one of a group, with `k` others of which
/// the same is done in any order, and came before or after all of them in every run because the further runs put
/// it at the same end as the first, `(k + 1) ^ -(runs - 1)`.
fn chance(all: &Square, groups: &[Vec<usize>], places: &[Place], runs: usize, alike: impl Fn(u32, u32) -> bool) -> f64 {
    let further = i32::try_from(runs.saturating_sub(1)).unwrap_or(i32::MAX);
    let least = groups.iter().filter_map(|group| {
        let member = group.first().copied()?;
        let streams: BTreeSet<u32> = group.iter().filter_map(|at| Some(places.get(*at)?.0)).collect();
        let beside = (0..places.len()).filter(|at| all.has(member, *at) || all.has(*at, member));
        let beside: BTreeSet<u32> = beside.filter_map(|at| Some(places.get(at)?.0)).collect();
        let others = |stream: &u32| streams.iter().filter(|member| alike(*stream, **member)).count();
        beside.difference(&streams).map(others).filter(|others| *others > 0).min()
    });
    least.min().map_or(0.0, |others| (others as f64 + 1.0).powi(-further))
}

/// Takes away the order of steps that do the same, where threads share them out: which thread takes which is chance,
/// and so is what each does after the other.
fn between_threads(all: &mut Square, shared_out: &[bool], places: &[Place], alike: impl Fn(u32, u32) -> bool) {
    let taken: Vec<(usize, &Place)> =
        places.iter().enumerate().filter(|(at, _)| shared_out.get(*at) == Some(&true)).collect();
    for (a, from) in &taken {
        for (b, to) in &taken {
            if from.0 != to.0 && alike(from.0, to.0) {
                all.clear(*a, *b);
            }
        }
    }
}

/// Takes away what lies inside a group, but for the order of a stream, and what holds for some of its members only.
fn for_every_member(all: &mut Square, groups: &[Vec<usize>], places: &[Place]) {
    for group in groups {
        for (outside, (stream, _)) in places.iter().enumerate() {
            let inside = group.contains(&outside);
            let after = group.iter().all(|member| all.has(*member, outside));
            let before = group.iter().all(|member| all.has(outside, *member));
            for member in group {
                let known = places.get(*member).is_some_and(|place| inside && place.0 == *stream);
                if !known && (inside || !after) {
                    all.clear(*member, outside);
                }
                if !known && (inside || !before) {
                    all.clear(outside, *member);
                }
            }
        }
    }
}

/// Edges that no other two edges imply.
fn reduction(all: &Square, count: usize) -> Vec<(usize, usize)> {
    let sizes: Vec<u32> = (0..count).map(|at| all.size(at)).collect();
    let mut edges = Vec::new();
    for from in 0..count {
        let mut next = all.members(from);
        // Who has more behind it comes first: it can't be behind one that has less.
        next.sort_by_key(|at| (std::cmp::Reverse(sizes[*at]), *at));
        let mut implied = vec![0u64; all.words];
        for to in next {
            if implied[to / 64] >> (to % 64) & 1 == 0 {
                edges.push((from, to));
                implied.iter_mut().zip(all.row(to)).for_each(|(word, more)| *word |= more);
            }
        }
    }
    edges
}
