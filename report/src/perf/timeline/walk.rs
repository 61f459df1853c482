//! One task from its birth to its end: which spans are open when, and what each of them took.

use std::collections::HashMap;

use super::measures::Measures;
use super::{Call, Mark, OnCpu, Task, Tracepoint, What};

/// Number of the path on which no span is open.
pub(super) const OUTSIDE: usize = 0;

/// What became of a task.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Paths, each by the path around it and its innermost tracepoint; the first stands for no span at all.
    pub paths: Vec<Path>,
    /// From when to when a path was open, in order, without gaps.
    pub segments: Vec<Segment>,
    /// When it ran.
    pub ran: Ran,
    pub calls: u64,
    pub unmatched_exits: u64,
    pub unclosed: u64,
    pub abandoned: u64,
}

/// A path of spans.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Path {
    /// The path around it, and the innermost tracepoint; `None`: no span is open.
    pub step: Option<(usize, usize)>,
    /// Nanoseconds on a CPU (all of them where switches are not known) and off it.
    pub on: u64,
    pub off: u64,
}

/// A time in which nothing was entered or left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub from: u64,
    pub to: u64,
    pub path: usize,
}

/// When a task ran.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// Begin, end, and time that it ran before; `None`: not known.
    slices: Option<Vec<(u64, u64, u64)>>,
}

impl Ran {
    fn of(task: &Task) -> Self {
        let OnCpu::Switches(switches) = &task.on_cpu else { return Ran::default() };
        let mut before = 0;
        let slices = switches.iter().filter(|(from, to)| to > from).map(|(from, to)| {
            let slice = (*from, *to, before);
            before += to - from;
            slice
        });
        Ran { slices: Some(slices.collect()) }
    }

    /// The slices, as far as they are known.
    pub(super) fn slices(&self) -> impl Iterator<Item = (u64, u64)> {
        self.slices.iter().flatten().map(|(from, to, _)| (*from, *to))
    }

    /// Time on a CPU before a moment; all time where it is not known.
    fn before(&self, at: u64) -> u64 {
        let Some(slices) = &self.slices else { return at };
        let begun = slices.partition_point(|(from, ..)| *from < at);
        match begun.checked_sub(1).and_then(|last| slices.get(last)) {
            Some((from, to, before)) => before + at.min(*to) - from,
            None => 0,
        }
    }

    /// Time on a CPU between two moments.
    pub(super) fn between(&self, from: u64, to: u64) -> u64 {
        self.before(to).saturating_sub(self.before(from))
    }

    /// Did it run at this moment?
    pub(super) fn at(&self, at: u64) -> bool {
        let Some(slices) = &self.slices else { return true };
        let begun = slices.partition_point(|(from, ..)| *from <= at);
        begun.checked_sub(1).and_then(|last| slices.get(last)).is_some_and(|(_, to, _)| at < *to)
    }
}

/// An open span.
struct Open {
    tracepoint: usize,
    entered: u64,
    /// Bytes that the task had moved when it was entered.
    moved: u64,
    /// The path that it is the end of.
    path: usize,
}

/// How a span ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Exit,
    Abandoned,
    Unclosed,
}

struct Walker<'a> {
    tracepoints: &'a [Tracepoint],
    measures: &'a mut [Measures],
    on_cpu: bool,
    walk: Walk,
    open: Vec<Open>,
    /// Open spans of each tracepoint; kept at 0, which says that the task entered it.
    depth: HashMap<usize, u64>,
    /// Paths by the path around them and the tracepoint.
    known: HashMap<(usize, usize), usize>,
    /// Bytes moved by calls so far.
    moved: u64,
    /// Begin of the current segment.
    since: u64,
}

/// Walks through a task, and adds what it took to the measures of the tracepoints.
pub(super) fn walk(task: &Task, tracepoints: &[Tracepoint], on_cpu: bool, measures: &mut [Measures]) -> Walk {
    let walk = Walk { paths: vec![Path::default()], ran: Ran::of(task), ..Walk::default() };
    let mut walker = Walker {
        tracepoints,
        measures,
        on_cpu,
        walk,
        open: Vec::new(),
        depth: HashMap::new(),
        known: HashMap::new(),
        moved: 0,
        since: task.born,
    };
    let mut calls = task.calls.iter().peekable();
    for mark in &task.marks {
        // At equal times an enter comes before a call, a call before an exit.
        let is_before = |call: &&Call| match mark.what {
            What::Enter => call.entered < mark.at,
            What::Exit { .. } => call.entered <= mark.at,
        };
        while let Some(call) = calls.next_if(is_before) {
            walker.call(call);
        }
        walker.mark(mark);
    }
    calls.for_each(|call| walker.call(call));
    walker.end(task.died)
}

impl Walker<'_> {
    fn mark(&mut self, mark: &Mark) {
        if mark.tracepoint >= self.tracepoints.len() {
            return;
        }
        match mark.what {
            What::Enter => self.enter(mark.at, mark.tracepoint),
            What::Exit { peak_bytes } => self.exit(mark.at, mark.tracepoint, peak_bytes),
        }
    }

    fn enter(&mut self, at: u64, tracepoint: usize) {
        self.cut(at);
        let around = self.path();
        let paths = &mut self.walk.paths;
        let path = *self.known.entry((around, tracepoint)).or_insert_with(|| {
            paths.push(Path { step: Some((around, tracepoint)), ..Path::default() });
            paths.len() - 1
        });
        self.walk.calls += 1;
        let Some(measures) = self.measures.get_mut(tracepoint) else { return };
        let depth = self.depth.entry(tracepoint).or_insert_with(|| {
            measures.threads += 1;
            0
        });
        *depth += 1;
        measures.max_depth = measures.max_depth.max(*depth);
        measures.first = if measures.calls == 0 { at } else { measures.first.min(at) };
        measures.calls += 1;
        self.open.push(Open { tracepoint, entered: at, moved: self.moved, path });
    }

    fn exit(&mut self, at: u64, tracepoint: usize, peak: Option<u64>) {
        let Some(place) = self.open.iter().rposition(|open| open.tracepoint == tracepoint) else {
            self.walk.unmatched_exits += 1;
            return;
        };
        self.cut(at);
        while self.open.len() > place + 1 {
            self.close(at, None, End::Abandoned);
        }
        self.close(at, peak, End::Exit);
    }

    /// Ends the innermost span.
    fn close(&mut self, at: u64, peak: Option<u64>, end: End) {
        let Some(open) = self.open.pop() else { return };
        let depth = self.depth.get_mut(&open.tracepoint).map_or(0, |depth| {
            *depth = depth.saturating_sub(1);
            *depth
        });
        let (Some(measures), Some(tracepoint)) =
            (self.measures.get_mut(open.tracepoint), self.tracepoints.get(open.tracepoint))
        else {
            return;
        };
        let wall = at.saturating_sub(open.entered);
        let cpu = self.walk.ran.between(open.entered, at);
        measures.wall.add(wall);
        measures.cpu.add(cpu);
        if depth == 0 {
            measures.wall.total += u128::from(wall);
            measures.cpu.total += u128::from(cpu);
        }
        let bytes = self.moved - open.moved;
        measures.io_bytes = measures.io_bytes.max(bytes);
        measures.peak_bytes = measures.peak_bytes.max(peak);
        let time = if self.on_cpu { cpu } else { wall };
        let is_over = |value: u64, budget: Option<u64>| u64::from(budget.is_some_and(|budget| value > budget));
        measures.over_cpu += is_over(time, tracepoint.budget_cpu_us.map(|micros| micros.saturating_mul(1000)));
        measures.over_mem += is_over(peak.unwrap_or(0), tracepoint.budget_mem_bytes);
        measures.over_io += is_over(bytes, tracepoint.budget_io_bytes);
        measures.abandoned += u64::from(end == End::Abandoned);
        measures.unclosed += u64::from(end == End::Unclosed);
        self.walk.abandoned += u64::from(end == End::Abandoned);
        self.walk.unclosed += u64::from(end == End::Unclosed);
    }

    fn call(&mut self, call: &Call) {
        self.moved = self.moved.saturating_add(call.read_bytes).saturating_add(call.written_bytes);
        let innermost = self.open.last().map(|open| open.tracepoint);
        for tracepoint in self.depth.iter().filter(|(_, depth)| **depth > 0).map(|(tracepoint, _)| *tracepoint) {
            if let Some(measures) = self.measures.get_mut(tracepoint) {
                measures.call(call, innermost == Some(tracepoint));
            }
        }
    }

    /// The path that is open.
    fn path(&self) -> usize {
        self.open.last().map_or(OUTSIDE, |open| open.path)
    }

    /// Ends the current segment.
    fn cut(&mut self, at: u64) {
        let (from, path) = (self.since, self.path());
        if at <= from {
            return;
        }
        self.since = at;
        self.walk.segments.push(Segment { from, to: at, path });
        let on = self.walk.ran.between(from, at);
        let off = (at - from).saturating_sub(on);
        let Some(known) = self.walk.paths.get_mut(path) else { return };
        known.on += on;
        known.off += off;
        let Some((_, tracepoint)) = known.step else { return };
        if let Some(measures) = self.measures.get_mut(tracepoint) {
            measures.cpu.own += u128::from(on);
            measures.wall.own += u128::from(at - from);
        }
    }

    fn end(mut self, died: u64) -> Walk {
        self.cut(died);
        while let Some(last) = self.open.last() {
            self.close(died.max(last.entered), None, End::Unclosed);
        }
        self.walk
    }
}
