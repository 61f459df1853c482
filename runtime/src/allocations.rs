//! Allocations of the program: one count for each of its calls, by thread and in all.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};

use crate::clock;
use crate::here::{Here, here};
use crate::task::Task;

/// Counters of allocations. `realloc` counts as one call, with its new size, and gives its old size back.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct AllocStats {
    /// Calls of `malloc`, or `alloc`.
    pub alloc_calls: usize,
    /// Calls of `calloc`, or `alloc_zeroed`.
    pub alloc_zeroed_calls: usize,
    /// Calls of `realloc`.
    pub realloc_calls: usize,
    /// Calls of `free`, or `dealloc`.
    pub free_calls: usize,
    /// Bytes that `alloc_calls` got.
    pub alloc_bytes: usize,
    /// Bytes that `alloc_zeroed_calls` got.
    pub alloc_zeroed_bytes: usize,
    /// Bytes that `realloc_calls` got.
    pub realloc_bytes: usize,
    /// Bytes given back, by `free` and by `realloc`.
    pub freed_bytes: usize,
}

/// Counters in the order of [`AllocStats`].
pub const WORDS: usize = 8;
pub type Counts = [u64; WORDS];
/// Of bytes that were given back.
const FREED: usize = 7;

/// Shares of the process-wide counters: a thread adds to one of them, so that few meet.
const SHARDS: usize = 64;

#[repr(C, align(64))]
struct Shard([AtomicU64; WORDS]);

type Cells = [AtomicU64; WORDS];

static TOTALS: [Shard; SHARDS] = [const { Shard([const { AtomicU64::new(0) }; WORDS]) }; SHARDS];
/// Where they stood when this process began: a child of a fork has what its parent counted.
static BEGAN_AT: Cells = [const { AtomicU64::new(0) }; WORDS];
/// Where they stood at the last [`reset`].
static RESET_AT: Cells = [const { AtomicU64::new(0) }; WORDS];
/// What threads told a recorder of themselves, each by its last word.
static TOLD: Cells = [const { AtomicU64::new(0) }; WORDS];
static NEXT_SHARD: AtomicU32 = AtomicU32::new(0);
static COUNTED: AtomicBool = AtomicBool::new(false);
/// The fake clock tells nothing that it does not derive from itself.
static ALLOWED: AtomicBool = AtomicBool::new(true);

/// Which call was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `malloc`
    Alloc = 0,
    /// `calloc`
    AllocZeroed = 1,
    /// `realloc`
    Realloc = 2,
    /// `free`
    Free = 3,
}

/// Whether this program counts its allocations, and the clock lets them be told.
#[inline(always)]
pub fn are_counted() -> bool {
    COUNTED.load(Relaxed) && ALLOWED.load(Relaxed)
}

/// Whether spans measure memory.
pub fn allow(allowed: bool) {
    ALLOWED.store(allowed, Relaxed);
}

/// One call: bytes that it got and bytes that it gave back.
#[inline(always)]
pub fn note(call: Call, got: usize, gave: usize) {
    // SAFETY: the calling thread's own storage.
    let here = unsafe { &mut *here() };
    if here.quiet != 0 {
        return;
    }
    if here.shard == 0 {
        first_call(here);
    }
    here.live = here.live.saturating_sub(gave as u64).saturating_add(got as u64);
    here.high = here.high.max(here.live);
    let kind = call as usize;
    if let Some(calls) = here.counts.get_mut(kind) {
        *calls += 1;
    }
    // Of `free` this is nothing, and the next line counts.
    if let Some(bytes) = here.counts.get_mut(kind + 4) {
        *bytes += got as u64;
    }
    if let Some(freed) = here.counts.get_mut(FREED) {
        *freed += gave as u64;
    }
    let Some(Shard(totals)) = TOTALS.get(here.shard as usize - 1) else { return };
    if let (Some(calls), Some(bytes), Some(freed)) = (totals.get(kind), totals.get(kind + 4), totals.get(FREED)) {
        calls.fetch_add(1, Relaxed);
        if call != Call::Free {
            bytes.fetch_add(got as u64, Relaxed);
        }
        if gave != 0 {
            freed.fetch_add(gave as u64, Relaxed);
        }
    }
}

#[cold]
fn first_call(here: &mut Here) {
    here.shard = NEXT_SHARD.fetch_add(1, Relaxed) % SHARDS as u32 + 1;
    COUNTED.store(true, Relaxed);
}

fn counted() -> Counts {
    let mut sums = [0u64; WORDS];
    for Shard(totals) in &TOTALS {
        for (sum, total) in sums.iter_mut().zip(totals) {
            *sum = sum.wrapping_add(total.load(Relaxed));
        }
    }
    sums
}

/// `counts` without what stands in `cells`.
fn less(mut counts: Counts, cells: &Cells) -> Counts {
    for (count, cell) in counts.iter_mut().zip(cells) {
        *count = count.saturating_sub(cell.load(Relaxed));
    }
    counts
}

fn set(cells: &Cells, counts: Counts) {
    for (cell, count) in cells.iter().zip(counts) {
        cell.store(count, Relaxed);
    }
}

fn of_process() -> Counts {
    less(counted(), &BEGAN_AT)
}

/// All calls of this process.
pub fn all() -> AllocStats {
    AllocStats::of(of_process())
}

/// All calls since the start or the last [`reset`].
pub fn stats() -> AllocStats {
    AllocStats::of(less(of_process(), &RESET_AT))
}

/// Sets [`stats`] to zero. What documents say of the whole process stays.
pub fn reset() {
    set(&RESET_AT, of_process());
}

/// In a child of a fork, whose only thread this is: nothing was counted yet.
pub fn start_anew() {
    set(&BEGAN_AT, counted());
    set(&RESET_AT, [0; WORDS]);
    set(&TOLD, [0; WORDS]);
    // SAFETY: the calling thread's own storage.
    unsafe { (*here()).counts = [0; WORDS] };
}

impl AllocStats {
    fn of(counts: Counts) -> AllocStats {
        let [
            alloc_calls,
            alloc_zeroed_calls,
            realloc_calls,
            free_calls,
            alloc_bytes,
            alloc_zeroed_bytes,
            realloc_bytes,
            freed_bytes,
        ] = counts.map(|count| count as usize);
        AllocStats {
            alloc_calls,
            alloc_zeroed_calls,
            realloc_calls,
            free_calls,
            alloc_bytes,
            alloc_zeroed_bytes,
            realloc_bytes,
            freed_bytes,
        }
    }
}

/// Tells a recorder what the calling thread allocated: at its end and before a snapshot. At the end of the process the
/// thread that ends it also tells what others did that told nothing of themselves, so that all words together are [`all`].
pub fn report(task: &Task, is_last: bool) {
    let Some(ring) = task.ring().filter(|_| are_counted()) else { return };
    let now = if clock::chosen() == clock::Clock::Fake { task.fake.load(Relaxed) } else { clock::ticks() };
    let mut others = TOLD.each_ref().map(|cell| cell.load(Relaxed));
    for (word, own) in others.iter_mut().zip(&task.told) {
        *word = word.saturating_sub(own.load(Relaxed));
    }
    // SAFETY: the calling thread's own storage.
    let mut whole = unsafe { (*here()).counts };
    if is_last {
        for ((word, all), told) in whole.iter_mut().zip(of_process()).zip(others) {
            *word = all.saturating_sub(told);
        }
    }
    for ((told, own), word) in TOLD.iter().zip(&task.told).zip(whole) {
        told.fetch_add(word.wrapping_sub(own.swap(word, Relaxed)), Relaxed);
    }
    ring.push_allocations(now, 0, whole);
    for number in 1..=crate::registry::count() {
        let (Some(row), Some(descriptor)) = (task.row(number), crate::registry::descriptor(number)) else { continue };
        // Of a span that is still open nothing is known.
        if row.mem_measured.load(Relaxed) > 0 {
            ring.push_allocations(now, descriptor.id, row.allocated.each_ref().map(|cell| cell.load(Relaxed)));
        }
    }
}

/// A global allocator that counts, around the one that works:
///
/// ```
/// use chic_trace_rt::ChicAlloc;
/// #[global_allocator]
/// static ALLOCATOR: ChicAlloc<std::alloc::System> = ChicAlloc(std::alloc::System);
/// ```
pub struct ChicAlloc<A>(
    /// The allocator that works.
    pub A,
);

// SAFETY: every call is handed on unchanged; counting neither allocates nor panics.
unsafe impl<A: GlobalAlloc> GlobalAlloc for ChicAlloc<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        let at = unsafe { self.0.alloc(layout) };
        if !at.is_null() {
            note(Call::Alloc, layout.size(), 0);
        }
        at
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        let at = unsafe { self.0.alloc_zeroed(layout) };
        if !at.is_null() {
            note(Call::AllocZeroed, layout.size(), 0);
        }
        at
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        let moved = unsafe { self.0.realloc(at, layout, size) };
        if !moved.is_null() {
            note(Call::Realloc, size, layout.size());
        }
        moved
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(Call::Free, 0, layout.size());
        // SAFETY: the caller's promise, handed on.
        unsafe { self.0.dealloc(at, layout) };
    }
}
