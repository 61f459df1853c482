//! Align: which parts of two sequences of numbers differ.
//!
//! Common ends are trimmed; numbers that are unique on both sides are anchors (patience: the longest increasing
//! subsequence of them); between anchors Myers, in windows of bounded size only; in a window above it what is repeated
//! counts once. These bounds are counts, so that a
//! result never depends on the clock; behind them stands a deadline for machines that do not get on, and where it
//! is met the comparison says so.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::DiffOp;
use similar::algorithms::{Capture, myers};

use crate::golden::blocks;

/// Steps of a side in a window that is looked into.
pub(crate) const WINDOW: usize = 4096;
/// Pairs of steps that one comparison looks at in all its windows together.
const CELLS: u64 = 1 << 28;
/// How long a comparison may look for what differs; all cells take about two seconds.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What a comparison has done so far. Tests count it instead of seconds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    /// Sequences that were not equal.
    pub diffs: u64,
    /// Windows that Myers was let into.
    pub windows: u64,
    /// Pairs of steps in them, at most.
    pub cells: u64,
    /// Windows that were too large, or came after too many others.
    pub cut: u64,
    /// Windows that were not looked into to their end because of the deadline.
    pub late: u64,
    /// The deadline.
    pub until: Option<Instant>,
}

impl Work {
    /// Of a comparison that begins now.
    pub fn begin() -> Work {
        Work { until: Instant::now().checked_add(DEADLINE), ..Work::default() }
    }

    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// A part of the first sequence that is a part of the second now; either may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub removed: Range<usize>,
    pub added: Range<usize>,
}

/// The parts that differ, in order.
pub(crate) fn align(a: &[u32], b: &[u32], work: &mut Work) -> Vec<Edit> {
    work.diffs += 1;
    let mut edits = Vec::new();
    let (from_a, from_b, window) = trimmed(a, b, 0..a.len(), 0..b.len());
    debug_assert_eq!((from_a, from_b), (window.0.start, window.1.start));
    let mut at = (window.0.start, window.1.start);
    for (x, y) in anchors(a, b, &window).into_iter().chain([(window.0.end, window.1.end)]) {
        between(a, b, at.0..x, at.1..y, work, &mut edits);
        at = (x + 1, y + 1);
    }
    joined(edits)
}

/// Edits that touch are one.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    for edit in edits {
        match out.last_mut() {
            Some(last) if last.removed.end == edit.removed.start && last.added.end == edit.added.start => {
                last.removed.end = edit.removed.end;
                last.added.end = edit.added.end;
            }
            _ => out.push(edit),
        }
    }
    out
}

type Window = (Range<usize>, Range<usize>);

fn trimmed(a: &[u32], b: &[u32], x: Range<usize>, y: Range<usize>) -> (usize, usize, Window) {
    let (left, right) = (a.get(x.clone()).unwrap_or_default(), b.get(y.clone()).unwrap_or_default());
    let prefix = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let rest = left.len().min(right.len()) - prefix;
    let suffix = left.iter().rev().zip(right.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let window = (x.start + prefix..x.end - suffix, y.start + prefix..y.end - suffix);
    (window.0.start, window.1.start, window)
}

/// Pairs of places of numbers that each side has once, increasing on both sides.
fn anchors(a: &[u32], b: &[u32], window: &Window) -> Vec<(usize, usize)> {
    let once = |all: &[u32], range: &Range<usize>| {
        let mut places: HashMap<u32, Option<usize>> = HashMap::new();
        for (at, id) in all.iter().enumerate().take(range.end).skip(range.start) {
            places.entry(*id).and_modify(|place| *place = None).or_insert(Some(at));
        }
        places
    };
    let (left, right) = (once(a, &window.0), once(b, &window.1));
    let unique = |at: usize| {
        let id = a.get(at)?;
        left.get(id).copied().flatten()?;
        Some((at, right.get(id).copied().flatten()?))
    };
    increasing(&window.0.clone().filter_map(unique).collect::<Vec<_>>())
}

/// The longest subsequence whose second numbers increase, too.
fn increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut tails: Vec<usize> = Vec::new();
    let mut previous = vec![None; pairs.len()];
    for (at, (_, y)) in pairs.iter().enumerate() {
        let place = tails.partition_point(|tail| pairs[*tail].1 < *y);
        previous[at] = place.checked_sub(1).map(|before| tails[before]);
        match tails.get_mut(place) {
            Some(tail) => *tail = at,
            None => tails.push(at),
        }
    }
    let mut chain: Vec<(usize, usize)> =
        std::iter::successors(tails.last().copied(), |at| previous[*at]).map(|at| pairs[at]).collect();
    chain.reverse();
    chain
}

fn between(a: &[u32], b: &[u32], x: Range<usize>, y: Range<usize>, work: &mut Work, edits: &mut Vec<Edit>) {
    let (_, _, (x, y)) = trimmed(a, b, x, y);
    if x.is_empty() && y.is_empty() {
        return;
    }
    let whole = Edit { removed: x.clone(), added: y.clone() };
    let (left, right) = (a.get(x.clone()).unwrap_or_default(), b.get(y.clone()).unwrap_or_default());
    if left.is_empty() || right.is_empty() || !share(left, right) {
        return edits.push(whole);
    }
    let cells = left.len() as u64 * right.len() as u64;
    if left.len() <= WINDOW && right.len() <= WINDOW && work.cells + cells <= CELLS {
        edits.extend(myers(left, right, (x.start, y.start), work).unwrap_or_else(|| vec![whole]));
        return;
    }
    match folded(left, right, work) {
        // What differs between two blocks is where the longer one goes on.
        Some(found) => edits.extend(found.into_iter().filter_map(|Edit { removed, added }| {
            let (removed, added) = (moved(removed, x.start), moved(added, y.start));
            let (_, _, (removed, added)) = trimmed(a, b, removed, added);
            (!removed.is_empty() || !added.is_empty()).then_some(Edit { removed, added })
        })),
        None => {
            work.cut += 1;
            edits.push(whole);
        }
    }
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// What differs in a window, by its places in the whole; `None` past the deadline.
fn myers(left: &[u32], right: &[u32], from: (usize, usize), work: &mut Work) -> Option<Vec<Edit>> {
    work.windows += 1;
    work.cells += left.len() as u64 * right.len() as u64;
    if work.is_late() {
        work.late += 1;
        return None;
    }
    let mut capture = Capture::new();
    let (all_left, all_right) = (0..left.len(), 0..right.len());
    myers::diff_deadline(&mut capture, left, all_left, right, all_right, work.until).ok()?;
    work.late += u64::from(work.is_late());
    let ops = capture.into_ops();
    let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let edit = |op: &DiffOp| Edit { removed: moved(op.old_range(), from.0), added: moved(op.new_range(), from.1) };
    Some(joined(changed.map(edit).collect()))
}

/// The same where a repeated block counts as one step; `None` when that is too long, too.
fn folded(left: &[u32], right: &[u32], work: &mut Work) -> Option<Vec<Edit>> {
    let mut numbers: HashMap<Token<'_>, u32> = HashMap::new();
    let (left, right) = (Folded::of(left, &mut numbers), Folded::of(right, &mut numbers));
    let cells = left.ids.len() as u64 * right.ids.len() as u64;
    if left.ids.len() > WINDOW || right.ids.len() > WINDOW || work.cells + cells > CELLS {
        return None;
    }
    let found = myers(&left.ids, &right.ids, (0, 0), work)?;
    let unfolded = |Edit { removed, added }| Edit { removed: left.places(removed), added: right.places(added) };
    Some(found.into_iter().map(unfolded).collect())
}

/// Numbers, and how often they stand there.
type Token<'a> = (&'a [u32], usize);

/// A sequence whose repeated blocks are one number each.
struct Folded {
    ids: Vec<u32>,
    /// Where each begins, and the end.
    starts: Vec<usize>,
}

impl Folded {
    fn of<'a>(steps: &'a [u32], numbers: &mut HashMap<Token<'a>, u32>) -> Folded {
        let mut folded = Folded { ids: Vec::new(), starts: Vec::new() };
        let mut blocks = blocks(steps).into_iter().peekable();
        let mut at = 0;
        while at < steps.len() {
            let block = blocks.next_if(|block| block.at == at);
            let (len, times) = block.map_or((1, 1), |block| (block.len, block.times));
            let next = numbers.len() as u32;
            let token = (steps.get(at..at + len).unwrap_or_default(), times);
            folded.ids.push(*numbers.entry(token).or_insert(next));
            folded.starts.push(at);
            at += len * times;
        }
        folded.starts.push(steps.len());
        folded
    }

    fn places(&self, range: Range<usize>) -> Range<usize> {
        let place = |at: usize| self.starts.get(at).copied().unwrap_or_default();
        place(range.start)..place(range.end)
    }
}

fn share(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let known: std::collections::HashSet<u32> = few.iter().copied().collect();
    many.iter().any(|id| known.contains(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(a: &[u32], b: &[u32]) -> Vec<(Vec<u32>, Vec<u32>)> {
        let found = align(a, b, &mut Work::default());
        found.into_iter().map(|edit| (a[edit.removed].to_vec(), b[edit.added].to_vec())).collect()
    }

    #[test]
    fn what_moved_is_taken_out_and_put_in() {
        assert_eq!(edits(&[1, 2, 3, 4, 5], &[1, 2, 5, 3, 4]), [(vec![], vec![5]), (vec![5], vec![])]);
    }

    #[test]
    fn edits_turn_the_one_into_the_other() {
        for seed in 0u32..200 {
            let side = |salt: u32| -> Vec<u32> {
                (0..seed % 23).map(|at| (at.wrapping_mul(seed ^ salt).wrapping_mul(2_654_435_761)) >> 29).collect()
            };
            let (a, b) = (side(3), side(5));
            let mut rebuilt = Vec::new();
            let mut at = 0;
            for edit in align(&a, &b, &mut Work::default()) {
                rebuilt.extend_from_slice(&a[at..edit.removed.start]);
                rebuilt.extend_from_slice(&b[edit.added.clone()]);
                at = edit.removed.end;
            }
            rebuilt.extend_from_slice(&a[at..]);
            assert_eq!(rebuilt, b);
        }
    }

    #[test]
    fn large_windows_are_not_looked_into() {
        let mixed = |salt: u32| -> Vec<u32> {
            (salt..salt + 20_000).map(|at| (at.wrapping_mul(at | 1).wrapping_mul(2_654_435_761)) >> 26).collect()
        };
        let mut work = Work::default();
        align(&mixed(3), &mixed(1_000), &mut work);
        assert_eq!((work.windows, work.cut), (0, 1));
    }

    #[test]
    fn a_loop_that_goes_on_is_longer_by_its_further_rounds() {
        let rounds = |count: u32| -> Vec<u32> {
            let body = (0..count * 3).map(|at| at % 3 + 1);
            [9, 8].into_iter().chain(body).chain([7, 6]).chain((0..9_000).map(|at| at % 5 + 20)).chain([4, 9]).collect()
        };
        let (a, mut b) = (rounds(2_000), rounds(2_002));
        // Without a change at both ends the rest is trimmed away.
        (b[0], b[1]) = (8, 9);
        *b.last_mut().expect("a step") = 8;
        let mut work = Work::default();
        let edits = align(&a, &b, &mut work);
        assert_eq!((work.windows, work.cut), (1, 0));
        let added: usize = edits.iter().map(|edit| edit.added.len()).sum();
        let removed: usize = edits.iter().map(|edit| edit.removed.len()).sum();
        assert!(added <= 6 + 3 && removed <= 3, "{edits:?}");
    }

    #[test]
    fn past_the_deadline_a_window_differs_as_a_whole() {
        let (a, b) = ([1, 7, 2, 7, 3, 9, 9], [2, 7, 1, 7, 9, 9, 3, 3]);
        let mut work = Work { until: Some(Instant::now()), ..Work::default() };
        let edits = align(&a, &b, &mut work);
        assert!(edits.iter().any(|edit| edit.removed.len() > 1 && edit.added.len() > 1), "{edits:?}");
        assert!(work.late > 0);
    }

    #[test]
    fn scattered_changes_cost_little_windows() {
        let a: Vec<u32> = (0..100_000).collect();
        let mut b = a.clone();
        (0..1000).for_each(|at| b[at * 100 + 50] = 1_000_000 + at as u32);
        let mut work = Work::default();
        assert_eq!(align(&a, &b, &mut work).len(), 1000);
        assert!(work.cells <= 1000 * 4, "{work:?}");
    }
}
