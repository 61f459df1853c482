//! Streams: a line of the golden against what one process did to one object.

use std::collections::BTreeMap;

use super::align::{Work, align};
use crate::golden::{Number, Presence};

/// A part that differs: lines of the golden, steps of the run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hunk {
    pub removed: Vec<usize>,
    pub added: Vec<usize>,
}

/// A line that came another number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountChange {
    /// The line of the golden.
    pub golden: usize,
    /// The first such step of the run.
    pub form: usize,
    pub before: Number,
    pub after: u64,
}

/// How two streams differ, and which line is which step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Diff {
    pub hunks: Vec<Hunk>,
    pub counts: Vec<CountChange>,
    /// Of each line of the golden, the step of the run; empty: the same places.
    pub places: Vec<Option<u32>>,
    /// A window was too large to be looked into.
    pub cut: bool,
}

impl Diff {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.hunks.is_empty() && self.counts.is_empty()
    }

    /// The step of the run that is this line.
    pub fn place(&self, line: u32) -> Option<u32> {
        if self.places.is_empty() { Some(line) } else { self.places.get(line as usize).copied().flatten() }
    }
}

/// How often a line must come.
pub(crate) fn range(presence: Presence) -> Number {
    match presence {
        Presence::Required => Number::exactly(1),
        Presence::Optional => Number { low: 0, high: 1 },
        Presence::Times(number) => number,
    }
}

/// Is this many right? What is optional comes once at most.
pub(crate) fn right(presence: Presence, count: u64) -> bool {
    match presence {
        Presence::Optional => count <= 1,
        _ => range(presence).accepts(count),
    }
}

/// Does this line accept this step, although their numbers differ?
pub(super) type Accepts<'f> = &'f dyn Fn(usize, usize) -> bool;

/// Lines in order against steps in order. A step has the number of one line only; where several lines would accept
/// it (one of them with wildcards), `accepts` says so, and both ends are matched by it first.
pub(super) fn sequence(
    lines: &[(Presence, u32)],
    steps: &[(u32, u64)],
    accepts: Option<Accepts<'_>>,
    work: &mut Work,
) -> Diff {
    let a: Vec<u32> = lines.iter().map(|(_, id)| *id).collect();
    let b: Vec<u32> = steps.iter().map(|(id, _)| *id).collect();
    if a == b {
        let wrong = |at: &usize| !right(lines[*at].0, steps[*at].1);
        let counts = (0..a.len()).filter(wrong).map(|at| change(lines, steps, at, at)).collect();
        return Diff { counts, ..Diff::default() };
    }
    let fits = |x: usize, y: usize| a[x] == b[y] || accepts.is_some_and(|accepts| accepts(x, y));
    let least = a.len().min(b.len());
    let prefix = (0..least).take_while(|at| fits(*at, *at)).count();
    let suffix = (1..=least - prefix).take_while(|back| fits(a.len() - back, b.len() - back)).count();
    let cut_before = work.cut;
    let edits = if (prefix + suffix, least) == (a.len(), b.len()) {
        Vec::new()
    } else {
        align(&a[prefix..a.len() - suffix], &b[prefix..b.len() - suffix], work)
    };
    let moved = |range: std::ops::Range<usize>| range.start + prefix..range.end + prefix;
    let edits =
        edits.into_iter().map(|edit| super::align::Edit { removed: moved(edit.removed), added: moved(edit.added) });
    let mut diff = Diff { places: vec![None; a.len()], cut: work.cut > cut_before, ..Diff::default() };
    let (mut x, mut y) = (0, 0);
    let end = super::align::Edit { removed: a.len()..a.len(), added: b.len()..b.len() };
    for edit in edits.chain([end]) {
        while x < edit.removed.start {
            diff.places[x] = Some(y as u32);
            if !right(lines[x].0, steps[y].1) {
                diff.counts.push(change(lines, steps, x, y));
            }
            (x, y) = (x + 1, y + 1);
        }
        (x, y) = (edit.removed.end, edit.added.end);
        let required = |at: &usize| range(lines[*at].0).low > 0;
        let hunk = Hunk { removed: edit.removed.filter(required).collect(), added: edit.added.collect() };
        if !hunk.removed.is_empty() || !hunk.added.is_empty() {
            diff.hunks.push(hunk);
        }
    }
    diff
}

fn change(lines: &[(Presence, u32)], steps: &[(u32, u64)], golden: usize, form: usize) -> CountChange {
    CountChange { golden, form, before: range(lines[golden].0), after: steps[form].1 }
}

/// A line of a bag and how often it came.
struct Wanted {
    line: usize,
    number: Number,
    optional: bool,
    count: u64,
    /// The first step of the run that is it.
    first: Option<usize>,
}

impl Wanted {
    fn fine(&self) -> bool {
        if self.optional { self.count <= self.number.high } else { self.number.accepts(self.count) }
    }
}

/// Lines in any order against steps.
pub(super) fn bag(lines: &[(Presence, u32)], steps: &[(u32, u64)], accepts: Option<Accepts<'_>>) -> Diff {
    let mut wanted: BTreeMap<u32, Wanted> = BTreeMap::new();
    for (line, (presence, id)) in lines.iter().enumerate() {
        let more = range(*presence);
        let sum = |wanted: &mut Wanted| {
            let Number { low, high } = wanted.number;
            wanted.number = Number { low: low.saturating_add(more.low), high: high.saturating_add(more.high) };
        };
        let optional = *presence == Presence::Optional;
        let new = Wanted { line, number: more, optional, count: 0, first: None };
        wanted.entry(*id).and_modify(sum).or_insert(new);
    }
    let mut hunk = Hunk::default();
    let mut strange: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, (id, count)) in steps.iter().enumerate() {
        match wanted.get_mut(id) {
            Some(wanted) => {
                wanted.count = wanted.count.saturating_add(*count);
                wanted.first = wanted.first.or(Some(at));
            }
            None => drop(strange.entry(*id).or_insert(at)),
        }
    }
    let mut wanted: Vec<Wanted> = wanted.into_values().collect();
    if let Some(accepts) = accepts {
        share(&mut wanted, accepts);
    }
    let mut diff = Diff { places: vec![None; lines.len()], ..Diff::default() };
    for Wanted { line, number, count, first, .. } in wanted.into_iter().filter(|wanted| !wanted.fine()) {
        match first {
            Some(form) if count > 0 => {
                diff.counts.push(CountChange { golden: line, form, before: number, after: count })
            }
            _ => hunk.removed.push(line),
        }
    }
    hunk.added.extend(strange.into_values());
    hunk.removed.sort_unstable();
    hunk.added.sort_unstable();
    if hunk != Hunk::default() {
        diff.hunks.push(hunk);
    }
    diff
}

/// What one line has too much of goes to lines that accept it, too, and have room or need it.
fn share(wanted: &mut [Wanted], accepts: Accepts<'_>) {
    for from in 0..wanted.len() {
        for to in 0..wanted.len() {
            let (Some(giver), Some(taker)) = (wanted.get(from), wanted.get(to)) else { continue };
            let Some(first) = giver.first.filter(|first| from != to && accepts(taker.line, *first)) else { continue };
            let room = taker.number.high.saturating_sub(taker.count);
            let surplus = giver.count.saturating_sub(giver.number.high).min(room);
            let need = taker.number.low.saturating_sub(taker.count);
            let spare = giver.count.saturating_sub(giver.number.low).min(need);
            let moved = surplus.max(spare);
            if let Some(giver) = wanted.get_mut(from) {
                giver.count -= moved;
            }
            if let Some(taker) = wanted.get_mut(to).filter(|_| moved > 0) {
                taker.count += moved;
                taker.first = taker.first.or(Some(first));
            }
        }
    }
}
