//! What threads counted, added up: what a document says, in ticks and numbers of tracepoints.

use core::sync::atomic::{AtomicU64, Ordering::*};
use std::collections::BTreeMap;

use crate::allocations::Counts;
use crate::cell::wide;
use crate::clock::{self, Clock};
use crate::histogram::fine;
use crate::registry;
use crate::task::{Row, Task};

/// Tries to look at a thread between two of its events.
const TRIES: u32 = 20;

/// Sums of one tracepoint.
#[derive(Clone, Default)]
pub struct Sum {
    pub first: u64,
    pub deepest: u64,
    pub threads: u64,
    pub total: u64,
    pub own: u64,
    pub sum: u128,
    pub squares: u128,
    pub smallest: u64,
    pub largest: u64,
    pub unclosed: u64,
    pub abandoned: u64,
    pub over_cpu: u64,
    pub over_mem: u64,
    pub mem_measured: u64,
    pub mem_peak: u64,
    /// Allocations, bytes they got, bytes given back.
    pub allocated: Counts,
    /// Fine buckets that are not empty.
    pub buckets: BTreeMap<usize, u64>,
}

/// Sums of some threads.
#[derive(Default)]
pub struct Totals {
    pub threads: u64,
    pub rows: BTreeMap<u32, Sum>,
    /// Ticks by name of the thread and path.
    pub stacks: BTreeMap<(Vec<u8>, Vec<u32>), u64>,
    /// When some path was open, in order, without overlaps.
    pub busy: Vec<(u64, u64)>,
    /// Ticks with any path, over all threads.
    pub in_paths: u64,
    pub intervals_lost: u64,
    pub dropped: u64,
    pub unmatched: u64,
    pub inherited: u64,
    /// Largest reading of the fake clock.
    pub fake_end: u64,
}

/// An open span, as it was seen.
struct Open {
    number: u32,
    node: u32,
    outermost: bool,
    start: u64,
    inner: u64,
}

impl Sum {
    fn of(row: &Row) -> Sum {
        let get = |cell: &AtomicU64| cell.load(Relaxed);
        // Extremes are written before buckets: none outside them is in use.
        let (from, to) = (fine(get(&row.smallest)), fine(get(&row.largest)));
        let buckets = row.buckets.iter().map(get).enumerate().take(to + 1).skip(from);
        Sum {
            first: get(&row.first),
            deepest: u64::from(row.deepest.load(Relaxed)),
            threads: 1,
            total: get(&row.total),
            own: get(&row.own),
            sum: wide(&row.sum),
            squares: wide(&row.squares),
            smallest: get(&row.smallest),
            largest: get(&row.largest),
            unclosed: get(&row.unclosed),
            abandoned: get(&row.abandoned),
            over_cpu: get(&row.over_cpu),
            over_mem: get(&row.over_mem),
            mem_measured: get(&row.mem_measured),
            mem_peak: get(&row.mem_peak),
            allocated: row.allocated.each_ref().map(get),
            buckets: buckets.filter(|(_, count)| *count != 0).collect(),
        }
    }

    /// Spans, however they ended.
    pub fn calls(&self) -> u64 {
        self.buckets.values().sum()
    }

    fn close(&mut self, took: u64, own: u64, outermost: bool, is_over: bool) {
        self.unclosed += 1;
        self.total += if outermost { took } else { 0 };
        self.own += own;
        self.sum += u128::from(took);
        self.squares += u128::from(took) * u128::from(took);
        self.smallest = self.smallest.min(took);
        self.largest = self.largest.max(took);
        self.over_cpu += u64::from(is_over);
        *self.buckets.entry(fine(took)).or_default() += 1;
    }

    fn add(&mut self, other: &Sum) {
        self.first = self.first.min(other.first);
        self.deepest = self.deepest.max(other.deepest);
        self.threads += other.threads;
        self.total += other.total;
        self.own += other.own;
        self.sum += other.sum;
        self.squares += other.squares;
        self.smallest = self.smallest.min(other.smallest);
        self.largest = self.largest.max(other.largest);
        self.unclosed += other.unclosed;
        self.abandoned += other.abandoned;
        self.over_cpu += other.over_cpu;
        self.over_mem += other.over_mem;
        self.mem_measured += other.mem_measured;
        self.mem_peak = self.mem_peak.max(other.mem_peak);
        for (mine, others) in self.allocated.iter_mut().zip(other.allocated) {
            *mine += others;
        }
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }
}

/// Looks at something of a thread between two of its events, or, when it never rests, as it is.
fn between_events<R>(task: &Task, look: impl Fn() -> R) -> R {
    for _ in 0..TRIES {
        let ended = task.ended.load(Acquire);
        let seen = look();
        core::sync::atomic::fence(Acquire);
        if task.begun.load(Relaxed) == ended {
            return seen;
        }
    }
    look()
}

fn name_of(task: &Task) -> Vec<u8> {
    let given = task.name();
    if !given.is_empty() {
        return given;
    }
    let mut name = [0u8; 16];
    // SAFETY: the thread lives, because its tables do; the buffer is as long as said.
    let failed = unsafe {
        libc::pthread_getname_np(task.thread.load(Relaxed) as libc::pthread_t, name.as_mut_ptr().cast(), name.len())
    };
    if failed != 0 {
        return Vec::new();
    }
    name.iter().copied().take_while(|byte| *byte != 0).collect()
}

impl Totals {
    /// Adds what a thread counted, its open spans closed at this moment. The thread itself is not changed.
    pub fn add_task(&mut self, task: &Task, named: bool) {
        if task.is_untouched() {
            return;
        }
        self.threads += 1;
        let open = between_events(task, || open_spans(task));
        let end = if clock::chosen() == Clock::Fake { task.fake.load(Relaxed) } else { clock::ticks() };
        if clock::chosen() == Clock::Fake {
            self.fake_end = self.fake_end.max(end);
        }
        let mut rows: BTreeMap<u32, Sum> = (1..=registry::count())
            .filter_map(|number| Some((number, task.row(number)?)))
            .map(|(number, row)| (number, between_events(task, || Sum::of(row))))
            .collect();
        let count = task.node_count.load(Relaxed) as usize;
        let mut nodes: Vec<(u32, u32, u64)> = task
            .nodes
            .iter()
            .take(count)
            .map(|node| (node.number.load(Relaxed), node.parent.load(Relaxed), node.own.load(Relaxed)))
            .collect();
        let mut busy = task.intervals();
        self.in_paths += task.busy.load(Relaxed);
        self.intervals_lost += task.intervals_lost.load(Relaxed);

        let mut inner = 0;
        for span in open.iter().rev() {
            let took = end.saturating_sub(span.start);
            let own = took.saturating_sub(span.inner.saturating_add(inner));
            inner = took;
            let over = registry::descriptor(span.number).map_or(0, |d| d.budgets().cpu);
            let over = over != 0 && took > clock::Scale::measure().ticks(over.saturating_mul(1_000));
            if let Some(row) = rows.get_mut(&span.number) {
                row.close(took, own, span.outermost, over);
            }
            if let Some(node) = nodes.get_mut(span.node as usize) {
                node.2 += own;
            }
        }
        if let Some(outermost) = open.first() {
            busy.push((outermost.start, end.max(outermost.start)));
            self.in_paths += inner;
        }
        self.join_busy(busy);
        for (number, sum) in rows {
            match self.rows.get_mut(&number) {
                // A span that a thread is about to enter for the first time has a row and no call yet.
                _ if sum.calls() == 0 => {}
                Some(known) => known.add(&sum),
                None => drop(self.rows.insert(number, sum)),
            }
        }
        let name = if named { name_of(task) } else { Vec::new() };
        for index in 1..nodes.len() {
            let Some((_, _, own)) = nodes.get(index) else { continue };
            *self.stacks.entry((name.clone(), path(&nodes, index))).or_default() += own;
        }
        self.dropped += task.dropped.load(Relaxed);
        self.unmatched += task.unmatched.load(Relaxed);
        self.inherited += task.inherited.load(Relaxed);
    }

    /// Adds sums of other threads.
    pub fn add(&mut self, other: &Totals) {
        self.threads += other.threads;
        for (number, sum) in &other.rows {
            match self.rows.get_mut(number) {
                Some(known) => known.add(sum),
                None => drop(self.rows.insert(*number, sum.clone())),
            }
        }
        for (key, own) in &other.stacks {
            *self.stacks.entry(key.clone()).or_default() += own;
        }
        self.join_busy(other.busy.clone());
        self.in_paths += other.in_paths;
        self.intervals_lost += other.intervals_lost;
        self.dropped += other.dropped;
        self.unmatched += other.unmatched;
        self.inherited += other.inherited;
        self.fake_end = self.fake_end.max(other.fake_end);
    }

    fn join_busy(&mut self, more: Vec<(u64, u64)>) {
        self.busy.extend(more);
        self.busy.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.busy.len());
        for (from, to) in self.busy.drain(..) {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        self.busy = joined;
    }
}

fn open_spans(task: &Task) -> Vec<Open> {
    let open = task.path.iter().take(task.depth()).map(|span| Open {
        number: span.number.load(Relaxed),
        node: span.node.load(Relaxed),
        outermost: span.outermost.load(Relaxed) != 0,
        start: span.start.load(Relaxed),
        inner: span.inner.load(Relaxed),
    });
    open.filter(|span| span.number != 0).collect()
}

/// Tracepoints of a path, outermost first.
fn path(nodes: &[(u32, u32, u64)], mut index: usize) -> Vec<u32> {
    let mut path = Vec::new();
    while let Some((number, parent, _)) = nodes.get(index).filter(|_| index != 0) {
        path.push(*number);
        index = *parent as usize;
    }
    path.reverse();
    path
}
