//! One task by time, from its birth to its end: which spans are open when, and what each of them takes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::chunks::Chunks;
use super::idle::Busy;
use super::measures::Measures;
use super::{Born, Call, Mark, Tracepoint, What};

/// Number of the path on which no span is open.
pub(super) const OUTSIDE: usize = 0;

/// A task may lose its CPU between reading the clock for a mark and telling of it, ns. Longer than that it is not waited for.
const UNTOLD_NS: u64 = 1_000_000_000;

/// A task, settled up to some moment.
#[derive(Debug)]
pub(super) struct Sweep {
    pub born: Born,
    /// Paths, each by the path around it and its innermost tracepoint; the first stands for no span at all.
    pub paths: Vec<Path>,
    /// Time on a CPU, nanoseconds.
    pub ran: u64,
    /// Samples of each stack, on a CPU or not.
    pub taken: BTreeMap<u32, u64>,
    pub calls: u64,
    pub unmatched_exits: u64,
    pub unclosed: u64,
    pub abandoned: u64,
    /// Paths by the path around them and the tracepoint.
    known: HashMap<(usize, u32), usize>,
    open: Vec<Open>,
    /// Tracepoints that the task entered.
    entered: BTreeSet<u32>,
    /// Bytes moved by calls so far.
    moved: u64,
    is_on: bool,
    /// Up to here all time is given to paths.
    since: u64,
    died: u64,
    /// When it was at a mark last, as far as is told.
    marked: Option<u64>,
    waiting: Waiting,
}

/// A path of spans.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// The path around it, and the innermost tracepoint; `None`: no span is open.
    pub step: Option<(usize, u32)>,
    /// Nanoseconds on a CPU (all of them where switches are not known) and off it.
    pub on: u64,
    pub off: u64,
    /// Samples of each stack that were taken on it.
    pub samples: BTreeMap<u32, u64>,
    /// Spans of its innermost tracepoint that are open on it.
    depth: u64,
    /// The path that was entered from it last, by its tracepoint: most often that is the next one, too.
    recent: Option<(u32, usize)>,
}

/// What is told but not settled yet, each kind in order.
#[derive(Debug, Default)]
struct Waiting {
    switches: VecDeque<(u64, bool)>,
    marks: Chunks<Waits>,
    calls: VecDeque<Call>,
    samples: VecDeque<(u64, u32)>,
}

/// A mark that waits; there may be millions.
#[derive(Debug, Clone, Copy)]
struct Waits {
    at: u64,
    /// Growth of live heap; [`NO_PEAK`] where it was not measured.
    peak: u64,
    tracepoint: u32,
    kind: MarkKind,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    Enter,
    Exit,
    Abandoned,
}

/// No heap grows as far.
const NO_PEAK: u64 = u64::MAX;

/// An open span.
#[derive(Debug)]
struct Open {
    tracepoint: u32,
    entered: u64,
    /// What the task had run and moved when it was entered.
    ran: u64,
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

/// Where the sums of all tasks are.
pub(super) struct Into<'a> {
    pub tracepoints: &'a [Tracepoint],
    pub measures: &'a mut [Measures],
    pub switches: bool,
    pub busy: &'a mut Busy,
}

/// What comes next, beside marks.
enum Next {
    Switch(u64, bool),
    Call(Call),
    Sample(u64, u32),
}

/// A moment, and what comes first in it: a switch, then an enter, a call, an exit, and a sample last.
type Moment = (u64, u8);

const SWITCH: u8 = 0;
const ENTER: u8 = 1;
const CALL: u8 = 2;
const EXIT: u8 = 3;
const SAMPLE: u8 = 4;

impl Waits {
    fn new(mark: Mark) -> Waits {
        let (kind, peak) = match mark.what {
            What::Enter => (MarkKind::Enter, NO_PEAK),
            What::Exit { peak_bytes } => (MarkKind::Exit, peak_bytes.unwrap_or(NO_PEAK)),
            What::Abandoned => (MarkKind::Abandoned, NO_PEAK),
        };
        Waits { at: mark.at, peak, tracepoint: mark.tracepoint, kind }
    }

    fn moment(&self) -> Moment {
        (self.at, if self.kind == MarkKind::Enter { ENTER } else { EXIT })
    }
}

impl Waiting {
    /// When something other than a mark comes next, if that is before `until`.
    fn next_moment(&self, until: u64) -> Option<Moment> {
        let heads = [
            self.switches.front().map(|(at, _)| (*at, SWITCH)),
            self.calls.front().map(|call| (call.entered, CALL)),
            self.samples.front().map(|(at, _)| (*at, SAMPLE)),
        ];
        heads.into_iter().flatten().min().filter(|(at, _)| *at < until)
    }

    /// Takes what comes at this moment.
    fn next(&mut self, (_, what): Moment) -> Option<Next> {
        match what {
            SWITCH => self.switches.pop_front().map(|(at, on)| Next::Switch(at, on)),
            CALL => self.calls.pop_front().map(Next::Call),
            _ => self.samples.pop_front().map(|(at, stack)| Next::Sample(at, stack)),
        }
    }

    /// Takes the next mark, if it comes before this moment.
    fn mark(&mut self, until: Moment) -> Option<Waits> {
        self.marks.take_if(|mark| mark.moment() < until)
    }

    fn is_empty(&self) -> bool {
        self.switches.is_empty() && self.marks.is_empty() && self.calls.is_empty() && self.samples.is_empty()
    }
}

impl Sweep {
    pub(super) fn new(born: Born) -> Self {
        Sweep {
            born,
            paths: vec![Path::default()],
            ran: 0,
            taken: BTreeMap::new(),
            calls: 0,
            unmatched_exits: 0,
            unclosed: 0,
            abandoned: 0,
            known: HashMap::new(),
            open: Vec::new(),
            entered: BTreeSet::new(),
            moved: 0,
            is_on: false,
            since: born.at,
            died: u64::MAX,
            marked: None,
            waiting: Waiting::default(),
        }
    }

    pub(super) fn switch(&mut self, at: u64, on: bool) {
        self.waiting.switches.push_back((at, on));
    }

    pub(super) fn expect_marks(&mut self) {
        self.marked.get_or_insert(self.since);
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.marked = self.marked.max(Some(mark.at));
        self.waiting.marks.insert(Waits::new(mark), |mark| mark.at);
    }

    pub(super) fn sample(&mut self, at: u64, stack: u32) {
        *self.taken.entry(stack).or_default() += 1;
        self.waiting.samples.push_back((at, stack));
    }

    pub(super) fn call(&mut self, call: Call) {
        self.waiting.calls.push_back(call);
    }

    /// Gives what happened before `until` to paths and measures, as far as it is known. Up to which moment that is.
    ///
    /// A mark that comes after others of its task can be told late: what a task that makes marks does behind the last of them
    /// waits for the next one, but not for ever.
    pub(super) fn settle(&mut self, until: u64, into: &mut Into<'_>) -> u64 {
        let known = match self.marked {
            Some(last) if self.died > until => last.clamp(until.saturating_sub(UNTOLD_NS), until),
            _ => until,
        };
        self.settle_all(known, into);
        self.advance(known, into);
        known
    }

    /// Is nothing left to settle behind `until`?
    pub(super) fn is_settled(&self, until: u64) -> bool {
        self.died <= until && self.waiting.is_empty()
    }

    fn settle_all(&mut self, until: u64, into: &mut Into<'_>) {
        loop {
            let moment = self.waiting.next_moment(until);
            // There are many marks to each of the others.
            while let Some(mark) = self.waiting.mark(moment.unwrap_or((until, SWITCH))) {
                self.marked(mark, into);
            }
            match moment.and_then(|moment| self.waiting.next(moment)) {
                None => break,
                Some(Next::Switch(at, on)) => {
                    self.advance(at, into);
                    self.is_on = on;
                }
                Some(Next::Call(call)) => self.made(&call, into),
                Some(Next::Sample(at, stack)) => {
                    self.advance(at, into);
                    let path = self.path();
                    if let Some(path) = self.paths.get_mut(path).filter(|_| self.is_on || !into.switches) {
                        *path.samples.entry(stack).or_default() += 1;
                    }
                }
            }
        }
    }

    /// The task ended at this moment: no time counts behind it.
    pub(super) fn died(&mut self, at: u64) {
        self.died = at;
    }

    /// The task ended at `died`.
    pub(super) fn end(&mut self, died: u64, into: &mut Into<'_>) {
        self.settle_all(u64::MAX, into);
        self.advance(died, into);
        while let Some(last) = self.open.last() {
            self.close(died.max(last.entered), None, End::Unclosed, into);
        }
    }

    fn marked(&mut self, mark: Waits, into: &mut Into<'_>) {
        if mark.tracepoint as usize >= into.tracepoints.len() {
            return;
        }
        match mark.kind {
            MarkKind::Enter => self.enter(mark.at, mark.tracepoint, into),
            MarkKind::Exit => self.exit(mark, End::Exit, into),
            MarkKind::Abandoned => self.exit(mark, End::Abandoned, into),
        }
    }

    fn enter(&mut self, at: u64, tracepoint: u32, into: &mut Into<'_>) {
        self.advance(at, into);
        let path = self.inside(self.path(), tracepoint, into);
        self.calls += 1;
        let Some(measures) = into.measures.get_mut(tracepoint as usize) else { return };
        let depth = self.paths.get(path).map_or(0, |path| path.depth);
        measures.max_depth = measures.max_depth.max(depth);
        measures.first = if measures.calls == 0 { at } else { measures.first.min(at) };
        measures.calls += 1;
        self.open.push(Open { tracepoint, entered: at, ran: self.ran, moved: self.moved, path });
    }

    /// The path that a span of `tracepoint` makes of the path `around` it.
    fn inside(&mut self, around: usize, tracepoint: u32, into: &mut Into<'_>) -> usize {
        let recent = self.paths.get(around).and_then(|path| path.recent);
        if let Some((_, path)) = recent.filter(|(known, _)| *known == tracepoint) {
            return path;
        }
        let path = match self.known.get(&(around, tracepoint)) {
            Some(path) => *path,
            None => self.add_path(around, tracepoint, into),
        };
        if let Some(around) = self.paths.get_mut(around) {
            around.recent = Some((tracepoint, path));
        }
        path
    }

    fn add_path(&mut self, around: usize, tracepoint: u32, into: &mut Into<'_>) -> usize {
        let above = std::iter::successors(self.paths.get(around), |path| self.paths.get(path.step?.0));
        let same = |path: &&Path| path.step.is_some_and(|(_, other)| other == tracepoint);
        let depth = above.into_iter().find(same).map_or(0, |path| path.depth) + 1;
        self.paths.push(Path { step: Some((around, tracepoint)), depth, ..Path::default() });
        let path = self.paths.len() - 1;
        self.known.insert((around, tracepoint), path);
        if self.entered.insert(tracepoint)
            && let Some(measures) = into.measures.get_mut(tracepoint as usize)
        {
            measures.threads += 1;
        }
        path
    }

    fn exit(&mut self, mark: Waits, end: End, into: &mut Into<'_>) {
        let Waits { at, tracepoint, .. } = mark;
        let Some(place) = self.open.iter().rposition(|open| open.tracepoint == tracepoint) else {
            self.unmatched_exits += 1;
            return;
        };
        self.advance(at, into);
        while self.open.len() > place + 1 {
            self.close(at, None, End::Abandoned, into);
        }
        self.close(at, Some(mark.peak).filter(|peak| *peak != NO_PEAK), end, into);
    }

    /// Ends the innermost span.
    fn close(&mut self, at: u64, peak: Option<u64>, end: End, into: &mut Into<'_>) {
        let Some(open) = self.open.pop() else { return };
        let is_outermost = self.paths.get(open.path).is_some_and(|path| path.depth == 1);
        let number = open.tracepoint as usize;
        let (Some(measures), Some(tracepoint)) = (into.measures.get_mut(number), into.tracepoints.get(number)) else {
            return;
        };
        let wall = at.saturating_sub(open.entered);
        let cpu = self.ran - open.ran;
        measures.wall.add(wall);
        measures.cpu.add(cpu);
        if is_outermost {
            measures.wall.total += u128::from(wall);
            measures.cpu.total += u128::from(cpu);
        }
        let bytes = self.moved - open.moved;
        measures.io_bytes = measures.io_bytes.max(bytes);
        measures.peak_bytes = measures.peak_bytes.max(peak);
        let is_over = |value: u64, budget: Option<u64>| u64::from(budget.is_some_and(|budget| value > budget));
        let budget = tracepoint.budget_cpu_us.map(|micros| micros.saturating_mul(1000));
        measures.over_cpu += is_over(cpu, budget);
        measures.over_wall += is_over(wall, budget);
        measures.over_mem += is_over(peak.unwrap_or(0), tracepoint.budget_mem_bytes);
        measures.over_io += is_over(bytes, tracepoint.budget_io_bytes);
        measures.abandoned += u64::from(end == End::Abandoned);
        measures.unclosed += u64::from(end == End::Unclosed);
        self.abandoned += u64::from(end == End::Abandoned);
        self.unclosed += u64::from(end == End::Unclosed);
    }

    fn made(&mut self, call: &Call, into: &mut Into<'_>) {
        self.moved = self.moved.saturating_add(call.read_bytes).saturating_add(call.written_bytes);
        let innermost = self.open.last().map(|open| open.tracepoint);
        // Of several spans of one tracepoint the outermost stands for all.
        for open in &self.open {
            if self.paths.get(open.path).is_some_and(|path| path.depth == 1)
                && let Some(measures) = into.measures.get_mut(open.tracepoint as usize)
            {
                measures.call(call, innermost == Some(open.tracepoint));
            }
        }
    }

    /// The path that is open.
    fn path(&self) -> usize {
        self.open.last().map_or(OUTSIDE, |open| open.path)
    }

    /// Gives the time up to `at` to the path that is open.
    fn advance(&mut self, at: u64, into: &mut Into<'_>) {
        let at = at.min(self.died);
        let (from, path) = (self.since, self.path());
        if at <= from {
            return;
        }
        self.since = at;
        let took = at - from;
        let (on, off) = if self.is_on || !into.switches { (took, 0) } else { (0, took) };
        self.ran += on;
        if path != OUTSIDE || (self.is_on && into.switches) {
            into.busy.add(from, at);
        }
        let Some(known) = self.paths.get_mut(path) else { return };
        known.on += on;
        known.off += off;
        let Some((_, tracepoint)) = known.step else { return };
        if let Some(measures) = into.measures.get_mut(tracepoint as usize) {
            measures.cpu.own += u128::from(on);
            measures.wall.own += u128::from(took);
        }
    }
}
