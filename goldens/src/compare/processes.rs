//! Processes: which line of the golden is which process of the run.
//!
//! Top down: children by the last part of their key, the rest by what they were told and what they touched, as
//! long as they run the same program: a changed argument is no process gone and another new.

use std::collections::{BTreeMap, BTreeSet};

use crate::form::{Form, FormProcess};
use crate::golden::{Golden, ProcLine};
use crate::model::ProcKey;

/// Siblings beyond so many are paired in their order.
const ASSIGNED: usize = 64;

/// A line and the processes that are it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// Into [`Golden::processes`].
    pub golden: Option<usize>,
    /// Into [`Form::processes`].
    pub form: Vec<usize>,
}

type Children<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<usize>>>;

/// Pairs, in the order of the golden, processes of the run alone last.
pub(super) fn pairs(golden: &Golden, form: &Form) -> Vec<Pair> {
    let lines = children(golden.processes.iter().map(|line| &line.key));
    let processes = children(form.processes.iter().map(|process| &process.key));
    let mut pairs = Vec::new();
    let mut open: Vec<(Option<&str>, Option<&str>)> = vec![(Some(""), Some(""))];
    while let Some((ours, theirs)) = open.pop() {
        let none = BTreeMap::new();
        let left = ours.and_then(|key| lines.get(key)).unwrap_or(&none);
        let right = theirs.and_then(|key| processes.get(key)).unwrap_or(&none);
        for (a, b) in matched(left, right, golden, form) {
            pairs.push(Pair {
                golden: a.and_then(|key| left.get(key)).and_then(|list| list.first()).copied(),
                form: b.and_then(|key| right.get(key)).cloned().unwrap_or_default(),
            });
            open.push((a, b));
        }
    }
    pairs.sort_by_key(|pair| (pair.golden.unwrap_or(usize::MAX), pair.form.first().copied()));
    pairs
}

/// Keys below each key, with the places that have them.
fn children<'a>(keys: impl Iterator<Item = &'a ProcKey>) -> Children<'a> {
    let mut all: Children<'a> = BTreeMap::new();
    for (at, key) in keys.enumerate() {
        let parent = key.0.rsplit_once('/').map_or("", |(parent, _)| parent);
        all.entry(parent).or_default().entry(&key.0).or_default().push(at);
    }
    all
}

fn last(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, last)| last)
}

type Keys<'a> = BTreeMap<&'a str, Vec<usize>>;

/// Children of two processes: by name, then by likeness.
fn matched<'a>(
    left: &Keys<'a>,
    right: &Keys<'a>,
    golden: &Golden,
    form: &Form,
) -> Vec<(Option<&'a str>, Option<&'a str>)> {
    let by_name: BTreeMap<&str, &'a str> = right.keys().map(|key| (last(key), *key)).collect();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut pairs = Vec::new();
    let mut rest = Vec::new();
    for key in left.keys().copied() {
        match by_name.get(last(key)) {
            Some(other) => {
                taken.insert(other);
                pairs.push((Some(key), Some(*other)));
            }
            None => rest.push(key),
        }
    }
    let others: Vec<&'a str> = right.keys().copied().filter(|key| !taken.contains(key)).collect();
    let line = |key: &&str| left.get(key).and_then(|list| golden.processes.get(*list.first()?));
    let process = |key: &&str| right.get(key).and_then(|list| form.processes.get(*list.first()?));
    let lines: Vec<Option<&ProcLine>> = rest.iter().map(line).collect();
    let processes: Vec<Option<&FormProcess>> = others.iter().map(process).collect();
    let chosen = if rest.len().max(others.len()) > ASSIGNED {
        in_order(&lines, &processes)
    } else {
        let costs: Vec<Vec<Option<u64>>> = lines
            .iter()
            .map(|a| processes.iter().map(|b| a.zip(*b).and_then(|(a, b)| apart(a, b, golden))).collect())
            .collect();
        assign(&costs, others.len())
    };
    let mut unpaired: BTreeSet<usize> = (0..others.len()).collect();
    for (a, b) in rest.iter().zip(&chosen) {
        let b = b.filter(|b| unpaired.remove(b));
        pairs.push((Some(*a), b.and_then(|b| others.get(b)).copied()));
    }
    pairs.extend(unpaired.into_iter().map(|b| (None, others.get(b).copied())));
    pairs
}

/// How little they have in common, in thousandths; `None`: not the same program.
fn apart(line: &ProcLine, process: &FormProcess, golden: &Golden) -> Option<u64> {
    if !same_program(line, process) {
        return None;
    }
    let streams = golden.streams.iter().filter(|stream| stream.process == line.key);
    let ours: BTreeSet<&str> =
        line.args.iter().map(|v| v.as_str()).chain(streams.map(|stream| stream.object.name.as_str())).collect();
    let theirs: BTreeSet<&str> = process
        .args
        .iter()
        .map(|v| v.as_str())
        .chain(process.streams.iter().map(|stream| stream.object.name.as_str()))
        .collect();
    let all = ours.union(&theirs).count() as u64;
    let both = ours.intersection(&theirs).count() as u64;
    Some(((all - both) * 1000).checked_div(all).unwrap_or(0))
}

fn same_program(line: &ProcLine, process: &FormProcess) -> bool {
    basename(line.exe.as_str()) == basename(process.exe.as_str())
}

/// The last component of an executable's name.
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Stands for "never", yet adds up without overflow.
const NEVER: u64 = 1 << 40;

/// Of each row the column it goes with, so that the sum is least (Kuhn and Munkres). Rows go with no column when
/// nothing that may be is left.
fn assign(costs: &[Vec<Option<u64>>], columns: usize) -> Vec<Option<usize>> {
    let side = costs.len().max(columns);
    let cost = |row: usize, column: usize| {
        costs.get(row).and_then(|row| row.get(column)).copied().flatten().unwrap_or(NEVER) as i64
    };
    let allowed = |row: usize, column: usize| cost(row, column) < NEVER as i64;
    let mut row_of = vec![0usize; side + 1];
    let (mut rows, mut cols) = (vec![0i64; side + 1], vec![0i64; side + 1]);
    for row in 1..=side {
        augment(row, side, &mut row_of, &mut rows, &mut cols, &cost);
    }
    let mut chosen = vec![None; costs.len()];
    for (column, row) in row_of.iter().enumerate().skip(1) {
        if let Some(place) = row.checked_sub(1).and_then(|row| chosen.get_mut(row))
            && allowed(row - 1, column - 1)
        {
            *place = Some(column - 1);
        }
    }
    chosen
}

fn augment(
    row: usize,
    side: usize,
    row_of: &mut [usize],
    rows: &mut [i64],
    cols: &mut [i64],
    cost: &impl Fn(usize, usize) -> i64,
) {
    row_of[0] = row;
    let mut least = vec![i64::MAX; side + 1];
    let mut way = vec![0usize; side + 1];
    let mut used = vec![false; side + 1];
    let mut at = 0;
    while row_of[at] != 0 {
        used[at] = true;
        let (mut delta, mut next) = (i64::MAX, 0);
        for column in (1..=side).filter(|column| !used[*column]) {
            let reduced = cost(row_of[at] - 1, column - 1) - rows[row_of[at]] - cols[column];
            if reduced < least[column] {
                (least[column], way[column]) = (reduced, at);
            }
            if least[column] < delta {
                (delta, next) = (least[column], column);
            }
        }
        for column in 0..=side {
            if used[column] {
                rows[row_of[column]] += delta;
                cols[column] -= delta;
            } else if least[column] < i64::MAX {
                least[column] -= delta;
            }
        }
        at = next;
    }
    while at != 0 {
        row_of[at] = row_of[way[at]];
        at = way[at];
    }
}

/// Of each line the next process that runs the same program.
fn in_order(lines: &[Option<&ProcLine>], processes: &[Option<&FormProcess>]) -> Vec<Option<usize>> {
    let mut next = 0;
    let mut chosen = Vec::with_capacity(lines.len());
    for line in lines {
        let runs_it = |at: &usize| line.zip(processes[*at]).is_some_and(|(line, process)| same_program(line, process));
        let found = (next..processes.len()).find(runs_it);
        next = found.map_or(next, |at| at + 1);
        chosen.push(found);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::assign;

    #[test]
    fn the_sum_is_least() {
        let costs = vec![vec![Some(1), Some(2)], vec![Some(1), Some(9)]];
        assert_eq!(assign(&costs, 2), [Some(1), Some(0)]);
        assert_eq!(assign(&[vec![None, Some(3)]], 2), [Some(1)]);
        assert_eq!(assign(&[vec![None]], 1), [None]);
    }
}
