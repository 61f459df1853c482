//! A thread's tables, and what an enter and an exit do to them.
//!
//! Only the thread itself writes, with its signal handlers; others read. Two rules keep the numbers exact: sums are added
//! to in one instruction, and a span comes onto the path, or goes, in one instruction that fails when a handler's events
//! came since its time was read; then all of it is done again. So a handler's spans lie before a span's begin or behind it,
//! never on both sides. `begun` and `ended` let a reader notice that it looked into the middle of an event: they differ then.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*, compiler_fence};

use crate::allocations::{Counts, WORDS};
use crate::cell::{add, add_wide, lower, raise, replace};
use crate::clock::{self, Clock, FAKE_STEP, Scale};
use crate::here::{Here, Stage, here};
use crate::histogram::{FINE_BUCKETS, fine};
use crate::registry::{self, Descriptor, MOST};
use crate::ring::{Kind, NO_PEAK, Record, Ring};
use crate::{allocations, live, memory, recorder};

/// Most open spans of a thread; further ones are dropped.
pub const DEEPEST: usize = 4_096;
/// Most different paths of a thread. The time of further ones stays with the path they extend.
const MOST_NODES: usize = 1 << 18;
/// Most intervals in which some path was open.
pub const MOST_INTERVALS: usize = 1 << 18;
/// Bytes of a name, as given by `chic_trace_thread_name`.
pub const LONGEST_NAME: usize = 128;
/// Number of a place on the path that is not filled.
const NOBODY: u32 = 0;

/// An open span.
#[repr(C)]
pub struct Span {
    pub number: AtomicU32,
    pub node: AtomicU32,
    /// 1: the outermost of its tracepoint.
    pub outermost: AtomicU32,
    pub start: AtomicU64,
    /// Time of spans inside.
    pub inner: AtomicU64,
    /// At enter: live bytes, their high mark, counters of allocations.
    memory: [AtomicU64; 2],
    allocated: [AtomicU64; WORDS],
}

/// What is known of one tracepoint in one thread. Times are in ticks.
#[repr(C)]
pub struct Row {
    /// Open right now; deepest ever.
    open: AtomicU32,
    pub deepest: AtomicU32,
    /// Place on the path, from 1, of its outermost span while one is open. Of no meaning when another one lies there.
    outermost: AtomicU32,
    pub first: AtomicU64,
    /// Outermost spans only; without spans inside.
    pub total: AtomicU64,
    pub own: AtomicU64,
    /// All spans: sum, sum of squares, extremes.
    pub sum: [AtomicU64; 2],
    pub squares: [AtomicU64; 2],
    pub smallest: AtomicU64,
    pub largest: AtomicU64,
    pub unclosed: AtomicU64,
    pub abandoned: AtomicU64,
    pub over_cpu: AtomicU64,
    pub over_mem: AtomicU64,
    /// Spans whose memory was measured, and the largest peak.
    pub mem_measured: AtomicU64,
    pub mem_peak: AtomicU64,
    /// Outermost spans only.
    pub allocated: [AtomicU64; WORDS],
    pub buckets: [AtomicU64; FINE_BUCKETS],
}

/// A path: its last tracepoint and the path without it.
#[repr(C)]
pub struct Node {
    pub number: AtomicU32,
    pub parent: AtomicU32,
    first: AtomicU32,
    next: AtomicU32,
    /// The child that was entered last.
    recent: AtomicU32,
    free: u32,
    /// Ticks with exactly this path.
    pub own: AtomicU64,
}

/// The tables. Only pages that are used exist.
#[repr(C)]
pub struct Task {
    pub begun: AtomicU64,
    pub ended: AtomicU64,
    /// How many spans are open, in the lower bits, and how often that changed, above [`DEPTH_BITS`].
    state: AtomicU64,
    name_len: AtomicU32,
    /// The fake clock.
    pub fake: AtomicU64,
    /// Enters that were dropped and whose exits are still to come.
    beyond: AtomicU64,
    pub dropped: AtomicU64,
    pub unmatched: AtomicU64,
    pub inherited: AtomicU64,
    /// Ticks with any path, and how many of its intervals were not kept.
    pub busy: AtomicU64,
    pub intervals_lost: AtomicU64,
    interval_count: AtomicU64,
    pub node_count: AtomicU32,
    /// Rounds of destructors that were let pass at the thread's end.
    pub rounds: AtomicU32,
    ring: AtomicPtr<Ring>,
    pub next: AtomicPtr<Task>,
    pub thread: AtomicU64,
    name: [AtomicU64; LONGEST_NAME / 8],
    /// What its recorder was told of its allocations.
    pub told: [AtomicU64; WORDS],
    pub rows: [AtomicPtr<Row>; MOST + 1],
    pub path: [Span; DEEPEST],
    pub nodes: [Node; MOST_NODES],
    intervals: [[AtomicU64; 2]; MOST_INTERVALS],
    /// Spans that were open before a fork, by tracepoint.
    pub before_fork: [AtomicU32; DEEPEST],
}

/// Bits of a task's state that hold the depth of its path.
const DEPTH_BITS: u32 = 16;
const _: () = assert!(DEEPEST < 1 << DEPTH_BITS);

#[inline(always)]
fn depth_of(state: u64) -> usize {
    (state & ((1 << DEPTH_BITS) - 1)) as usize
}

/// One span more is open.
#[inline(always)]
fn pushed(state: u64) -> u64 {
    state.wrapping_add((1 << DEPTH_BITS) + 1)
}

/// One span less is open. For a depth above 0.
#[inline(always)]
fn popped(state: u64) -> u64 {
    state.wrapping_add((1 << DEPTH_BITS) - 1)
}

/// Pairs that are timed, and those before them that fill caches.
const TIMED: u32 = 1_000;
const UNTIMED: u32 = 100;

/// Ticks of [`TIMED`] pairs, on tables that nobody else sees; `number` is any tracepoint's.
pub fn cost_of_pairs(number: u32) -> Option<(u64, u32)> {
    let at = Task::make_bare();
    // SAFETY: null, or tables that stay until they are freed below.
    let task = unsafe { at.as_ref()? };
    // SAFETY: zero bytes are a thread without events.
    let mut here: Here = unsafe { core::mem::zeroed() };
    let mut pairs = |count| {
        for _ in 0..count {
            task.enter(&mut here, number, 0);
            task.exit(&mut here, number, 0);
        }
    };
    pairs(UNTIMED);
    let from = clock::ticks();
    pairs(TIMED);
    let took = clock::ticks().saturating_sub(from);
    // SAFETY: nobody uses them any more.
    unsafe { Task::free(at) };
    Some((took, TIMED))
}

impl Task {
    /// Tables for the calling thread, or null. All zero but for the ring.
    fn make() -> *mut Task {
        let at = Task::make_bare();
        // SAFETY: null, or tables that nobody else knows yet.
        if let Some(task) = unsafe { at.as_ref() } {
            task.ring.store(recorder::ring(), Relaxed);
        }
        at
    }

    /// The same without a ring.
    fn make_bare() -> *mut Task {
        let at = memory::map(size_of::<Task>());
        if at.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: our fresh mapping. Advice only: a huge page for each table would cost memory and time.
        unsafe { libc::madvise(at.cast(), size_of::<Task>(), libc::MADV_NOHUGEPAGE) };
        let at = at.cast::<Task>();
        // SAFETY: zero bytes are a valid Task, and the mapping is large enough.
        let task = unsafe { &*at };
        task.node_count.store(1, Relaxed);
        // SAFETY: a call without arguments.
        task.thread.store(unsafe { libc::pthread_self() } as u64, Relaxed);
        at
    }

    /// Gives back all memory.
    ///
    /// # Safety
    /// `at` is from [`Task::make`] and nobody uses it any more.
    pub unsafe fn free(at: *mut Task) {
        // SAFETY: the caller's promise.
        unsafe {
            for row in (*at).rows.iter().take(registry::count() as usize + 1) {
                let row = row.load(Relaxed);
                if !row.is_null() {
                    memory::unmap(row.cast(), size_of::<Row>());
                }
            }
            let ring = (*at).ring.load(Relaxed);
            if !ring.is_null() {
                memory::unmap(ring.cast(), size_of::<Ring>());
            }
            memory::unmap(at.cast(), size_of::<Task>());
        }
    }

    pub fn ring(&self) -> Option<&Ring> {
        // SAFETY: null, or a ring that stays.
        unsafe { self.ring.load(Relaxed).as_ref() }
    }

    /// The name that the program gave it.
    pub fn name(&self) -> Vec<u8> {
        let words = self.name.iter().flat_map(|word| word.load(Relaxed).to_le_bytes());
        words.take(self.name_len.load(Acquire) as usize).collect()
    }

    pub fn set_name(&self, name: &[u8]) {
        for (word, bytes) in self.name.iter().zip(name.chunks(8)) {
            let mut whole = [0; 8];
            for (to, from) in whole.iter_mut().zip(bytes) {
                *to = *from;
            }
            word.store(u64::from_le_bytes(whole), Relaxed);
        }
        self.name_len.store(name.len().min(LONGEST_NAME) as u32, Release);
    }

    /// How many spans are open.
    pub fn depth(&self) -> usize {
        depth_of(self.state.load(Relaxed))
    }

    /// Nothing was entered, nor left.
    pub fn is_untouched(&self) -> bool {
        let counts = [&self.state, &self.dropped, &self.unmatched, &self.inherited];
        counts.iter().all(|count| count.load(Relaxed) == 0)
    }

    /// The row of a tracepoint that this thread has entered.
    #[inline(always)]
    pub fn row(&self, number: u32) -> Option<&Row> {
        // SAFETY: null, or a row that stays as long as the task.
        unsafe { self.rows.get(number as usize)?.load(Acquire).as_ref() }
    }

    #[cold]
    fn new_row(&self, number: u32) -> Option<&Row> {
        let descriptor = registry::descriptor(number)?;
        let slot = self.rows.get(number as usize)?;
        let at = memory::map(size_of::<Row>()).cast::<Row>();
        // SAFETY: zero bytes are a valid Row, and the mapping is large enough.
        let row = unsafe { at.as_ref()? };
        row.first.store(u64::MAX, Relaxed);
        row.smallest.store(u64::MAX, Relaxed);
        // A signal handler may have made one in between.
        if slot.compare_exchange(ptr::null_mut(), at, AcqRel, Acquire).is_err() {
            // SAFETY: nobody has seen it.
            unsafe { memory::unmap(at.cast(), size_of::<Row>()) };
        } else if let Some(ring) = self.ring() {
            ring.describe(number, descriptor);
        }
        self.row(number)
    }

    /// The path that `number` makes of `parent`.
    #[inline(always)]
    fn child(&self, parent: u32, number: u32) -> u32 {
        let Some(above) = self.nodes.get(parent as usize) else { return parent };
        let recent = above.recent.load(Relaxed);
        if recent != 0 && self.nodes.get(recent as usize).is_some_and(|node| node.number.load(Relaxed) == number) {
            return recent;
        }
        self.other_child(above, parent, number)
    }

    fn other_child(&self, above: &Node, parent: u32, number: u32) -> u32 {
        let mut at = above.first.load(Relaxed);
        while let Some(node) = self.nodes.get(at as usize).filter(|_| at != 0) {
            if node.number.load(Relaxed) == number {
                above.recent.store(at, Relaxed);
                return at;
            }
            at = node.next.load(Relaxed);
        }
        // Twice the same path, made by a handler in between, does no harm: they become one when written.
        let index = self.node_count.fetch_add(1, Relaxed);
        let Some(node) = self.nodes.get(index as usize) else {
            self.node_count.store(MOST_NODES as u32, Relaxed);
            return parent;
        };
        node.number.store(number, Relaxed);
        node.parent.store(parent, Relaxed);
        node.next.store(above.first.load(Relaxed), Relaxed);
        above.first.store(index, Relaxed);
        above.recent.store(index, Relaxed);
        index
    }

    /// Reads the clock for an event. When the event is done again, the fake clock stays at what was `taken`.
    #[inline(always)]
    fn time(&self, taken: Option<u64>) -> u64 {
        if clock::chosen() != Clock::Fake {
            return clock::ticks();
        }
        taken.unwrap_or_else(|| {
            let now = self.fake.load(Relaxed);
            add(&self.fake, FAKE_STEP);
            now
        })
    }

    #[inline(always)]
    fn push(&self, time: u64, number: u32, kind: Kind, depth: usize, a: u64, b: u64) {
        if let Some(ring) = self.ring()
            && !ring.push(&Record { time, descriptor: number, kind, depth: depth as u16, a, b })
        {
            add(&self.dropped, 1);
        }
    }

    #[cold]
    fn drop_enter(&self) {
        self.time(None);
        add(&self.dropped, 1);
    }

    /// Whether a span of the tracepoint of `row` is open below `depth`.
    #[inline(always)]
    fn is_open(&self, row: &Row, number: u32, depth: usize) -> bool {
        let at = (row.outermost.load(Relaxed) as usize).wrapping_sub(1);
        at < depth && self.path.get(at).is_some_and(|span| span.number.load(Relaxed) == number)
    }

    #[inline(always)]
    fn enter(&self, here: &mut Here, number: u32, id: u64) {
        let Some(row) = self.row(number).or_else(|| self.new_row(number)) else { return self.drop_enter() };
        let mut taken = None;
        let (now, depth) = loop {
            let state = self.state.load(Relaxed);
            compiler_fence(SeqCst);
            let depth = depth_of(state);
            let Some(span) = self.path.get(depth) else {
                add(&self.beyond, 1);
                return self.drop_enter();
            };
            let parent = self.path.get(depth.wrapping_sub(1)).map_or(0, |below| below.node.load(Relaxed));
            let outermost = !self.is_open(row, number, depth);
            if outermost {
                row.outermost.store(depth as u32 + 1, Relaxed);
            }
            span.number.store(number, Relaxed);
            span.node.store(self.child(parent, number), Relaxed);
            span.outermost.store(u32::from(outermost), Relaxed);
            span.inner.store(0, Relaxed);
            if allocations::are_counted() {
                let cells = span.memory.iter().chain(&span.allocated);
                for (cell, value) in cells.zip([here.live, here.high].iter().chain(&here.counts)) {
                    cell.store(*value, Relaxed);
                }
            }
            let now = self.time(taken);
            span.start.store(now, Relaxed);
            if replace(&self.state, state, pushed(state)) {
                break (now, depth);
            }
            taken = Some(now);
        };
        if allocations::are_counted() {
            here.high = here.live;
        }
        let open = row.open.load(Relaxed) + 1;
        row.open.store(open, Relaxed);
        if open > row.deepest.load(Relaxed) {
            row.deepest.store(open, Relaxed);
        }
        if now < row.first.load(Relaxed) {
            lower(&row.first, now);
        }
        self.push(now, number, Kind::Enter, depth, id, 0);
    }

    #[inline(always)]
    fn exit(&self, here: &mut Here, number: u32, id: u64) {
        let mut taken = None;
        loop {
            let state = self.state.load(Relaxed);
            compiler_fence(SeqCst);
            if self.beyond.load(Relaxed) != 0 {
                return self.exit_dropped();
            }
            let now = self.time(taken);
            taken = Some(now);
            let top = depth_of(state).wrapping_sub(1);
            match self.path.get(top) {
                Some(span) if span.number.load(Relaxed) == number && number != NOBODY => {
                    if let Some(peak) = self.close(here, state, now) {
                        return self.push(now, number, Kind::Exit, top, id, peak);
                    }
                }
                _ => return self.exit_out_of_order(here, number, id, state, now),
            }
        }
    }

    #[cold]
    fn exit_dropped(&self) {
        self.time(None);
        self.beyond.store(self.beyond.load(Relaxed).saturating_sub(1), Relaxed);
    }

    /// An exit whose span is not the innermost: those above are abandoned. Or it has none at all.
    #[cold]
    fn exit_out_of_order(&self, here: &mut Here, number: u32, id: u64, mut state: u64, mut now: u64) {
        let mut open = self.path.iter().take(depth_of(state));
        let Some(wanted) = open.rposition(|span| span.number.load(Relaxed) == number && number != NOBODY) else {
            if self.was_open_before_fork(number) {
                add(&self.inherited, 1);
            } else if !self.was_dropped(number) {
                add(&self.unmatched, 1);
            }
            self.push(now, number, Kind::Exit, 0, id, NO_PEAK);
            return;
        };
        while let Some((at, span)) = depth_of(state).checked_sub(1).and_then(|at| Some((at, self.path.get(at)?))) {
            let innermost = span.number.load(Relaxed);
            match self.close(here, state, now) {
                Some(peak) if at == wanted => return self.push(now, number, Kind::Exit, at, id, peak),
                Some(_) => {
                    if let Some(row) = self.row(innermost) {
                        add(&row.abandoned, 1);
                    }
                    state = popped(state);
                }
                None => {
                    state = self.state.load(Relaxed);
                    compiler_fence(SeqCst);
                    now = self.time(Some(now));
                }
            }
        }
    }

    /// Whether an exit may belong to an enter that found no place in a table.
    fn was_dropped(&self, number: u32) -> bool {
        let has_place = if number == NOBODY { !registry::is_full() } else { self.row(number).is_some() };
        !has_place && self.dropped.load(Relaxed) != 0
    }

    fn was_open_before_fork(&self, number: u32) -> bool {
        let found = self.before_fork.iter().take_while(|open| open.load(Relaxed) != NOBODY);
        let found = found.filter(|open| open.load(Relaxed) == number).last();
        // Taken out by a number nobody has, so that the list does not end here.
        found.inspect(|open| open.store(u32::MAX, Relaxed)).is_some()
    }

    /// Takes the innermost span off the path and counts it, if this is still the state: the peak of its memory, or
    /// [`NO_PEAK`]. `now` was read after `state`.
    #[inline(always)]
    fn close(&self, here: &mut Here, state: u64, now: u64) -> Option<u64> {
        let at = depth_of(state).checked_sub(1)?;
        let span = self.path.get(at)?;
        let number = span.number.load(Relaxed);
        let start = span.start.load(Relaxed);
        let took = now.saturating_sub(start);
        let own = took.saturating_sub(span.inner.load(Relaxed));
        let outermost = span.outermost.load(Relaxed) != 0;
        let node = span.node.load(Relaxed);
        let memory = allocations::are_counted().then(|| Memory::at_enter(span));
        if !replace(&self.state, state, popped(state)) {
            return None;
        }
        // From here on a handler's spans use the same place.
        if let Some(node) = self.nodes.get(node as usize) {
            add(&node.own, own);
        }
        match self.path.get(at.wrapping_sub(1)) {
            Some(outer) => add(&outer.inner, took),
            None => self.note_interval(start, now),
        }
        let Some(row) = self.row(number) else { return Some(NO_PEAK) };
        row.open.store(row.open.load(Relaxed).saturating_sub(1), Relaxed);
        row.count(took, own, outermost);
        if let Some(descriptor) = registry::descriptor(number)
            && is_over_cpu(descriptor, took)
        {
            add(&row.over_cpu, 1);
        }
        Some(match memory {
            Some(memory) => {
                let (peak, allocated) = memory.since(here);
                row.count_memory(number, peak, &allocated, outermost)
            }
            None => NO_PEAK,
        })
    }

    #[inline(always)]
    fn note_interval(&self, start: u64, end: u64) {
        add(&self.busy, end.saturating_sub(start));
        loop {
            let count = self.interval_count.load(Relaxed);
            if let Some([_, last]) = self.intervals.get((count as usize).wrapping_sub(1))
                && last.load(Relaxed) == start
            {
                return last.store(end, Relaxed);
            }
            let Some([from, to]) = self.intervals.get(count as usize) else { return add(&self.intervals_lost, 1) };
            if replace(&self.interval_count, count, count + 1) {
                from.store(start, Relaxed);
                return to.store(end, Release);
            }
        }
    }

    /// When some path was open, in the order of ends but for a handler's.
    pub fn intervals(&self) -> Vec<(u64, u64)> {
        let count = self.interval_count.load(Relaxed) as usize;
        let ended = |[from, to]: &[AtomicU64; 2]| {
            let to = to.load(Acquire);
            (from.load(Relaxed), to)
        };
        // One that has its place and is not filled yet ends at 0.
        self.intervals.iter().take(count).map(ended).filter(|(_, to)| *to != 0).collect()
    }
}

/// What a span found at its enter: live bytes and their high mark, counters of allocations.
struct Memory {
    live: u64,
    high: u64,
    allocated: Counts,
}

impl Memory {
    #[inline(always)]
    fn at_enter(span: &Span) -> Memory {
        let [live, high] = span.memory.each_ref().map(|cell| cell.load(Relaxed));
        Memory { live, high, allocated: span.allocated.each_ref().map(|cell| cell.load(Relaxed)) }
    }

    /// Peak above the level at enter, and what was allocated since.
    #[inline(always)]
    fn since(&self, here: &mut Here) -> (u64, Counts) {
        let peak = here.high.saturating_sub(self.live);
        here.high = here.high.max(self.high);
        let mut since = here.counts;
        for (now, then) in since.iter_mut().zip(self.allocated) {
            *now = now.saturating_sub(then);
        }
        (peak, since)
    }
}

impl Row {
    #[inline(always)]
    fn count(&self, took: u64, own: u64, outermost: bool) {
        if outermost {
            add(&self.total, took);
        }
        add(&self.own, own);
        add_wide(&self.sum, u128::from(took));
        add_wide(&self.squares, u128::from(took) * u128::from(took));
        if took < self.smallest.load(Relaxed) {
            lower(&self.smallest, took);
        }
        if took > self.largest.load(Relaxed) {
            raise(&self.largest, took);
        }
        if let Some(bucket) = self.buckets.get(fine(took)) {
            add(bucket, 1);
        }
    }

    fn count_memory(&self, number: u32, peak: u64, allocated: &Counts, outermost: bool) -> u64 {
        add(&self.mem_measured, 1);
        raise(&self.mem_peak, peak);
        if outermost {
            for (cell, value) in self.allocated.iter().zip(allocated) {
                add(cell, *value);
            }
        }
        let budget = registry::descriptor(number).map_or(0, |descriptor| descriptor.budgets().mem);
        if budget != 0 && peak > budget {
            add(&self.over_mem, 1);
        }
        peak
    }
}

/// Whether a span took longer than its budget. The budget in ticks is worked out when the clocks have run beside
/// each other long enough to tell, and for each span anew before.
#[inline(always)]
fn is_over_cpu(descriptor: &Descriptor, took: u64) -> bool {
    let limit = descriptor.cpu_ticks.load(Relaxed);
    if limit != 0 {
        return took > limit;
    }
    let budget = descriptor.budgets().cpu;
    budget != 0 && took > limit_in_ticks(descriptor, budget)
}

#[cold]
fn limit_in_ticks(descriptor: &Descriptor, budget_us: u64) -> u64 {
    const LONG_ENOUGH_NS: u128 = 5_000_000;
    let scale = Scale::measure();
    let limit = scale.ticks(budget_us.saturating_mul(1_000)).max(1);
    if scale.measured_over() >= LONG_ENOUGH_NS {
        descriptor.cpu_ticks.store(limit, Relaxed);
    }
    limit
}

/// The tables of the calling thread, if it has any.
pub fn known() -> Option<&'static Task> {
    // SAFETY: null, or tables that stay until the thread ends.
    unsafe { (*here()).task.as_ref() }
}

/// The tables of the calling thread, made when there are none yet.
#[inline(always)]
pub fn mine() -> Option<(&'static Task, &'static mut Here)> {
    let here = here();
    // SAFETY: the calling thread's own storage and tables, which stay until the thread ends.
    unsafe {
        match (*here).task.as_ref() {
            Some(task) => Some((task, &mut *here)),
            None => first_event(here),
        }
    }
}

#[cold]
unsafe fn first_event(here: *mut Here) -> Option<(&'static Task, &'static mut Here)> {
    // SAFETY: the calling thread's own storage.
    let here = unsafe { &mut *here };
    if here.stage != Stage::Fresh {
        return None;
    }
    here.stage = Stage::Starting;
    here.quiet += 1;
    let at = Task::make();
    here.quiet -= 1;
    // SAFETY: null, or tables that stay until the thread ends.
    let Some(task) = (unsafe { at.as_ref() }) else {
        here.stage = Stage::Never;
        return None;
    };
    live::add(at);
    here.task = at;
    here.stage = Stage::Ready;
    Some((task, here))
}

/// Opens a span of tracepoint `number`; 0: one that was dropped.
#[inline(always)]
pub fn enter(number: u32, id: u64) {
    let Some((task, here)) = mine() else { return live::lose_enter() };
    add(&task.begun, 1);
    task.enter(here, number, id);
    add(&task.ended, 1);
}

/// Closes the innermost span of tracepoint `number`; 0: one that was never entered.
#[inline(always)]
pub fn exit(number: u32, id: u64) {
    let Some((task, here)) = mine() else { return };
    add(&task.begun, 1);
    task.exit(here, number, id);
    add(&task.ended, 1);
}
