//! What comparing costs, counted: sequences that are aligned, and memory that is asked for. Seconds are the bench's.

mod generated;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use generated::Change;
use goldens::{Comparison, Form, HeaderFacts, Level, Observer, Options, compare, diff, forms, learn};

/// Counts what each thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static TAKEN: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn took(bytes: i64) {
    // A thread that is ending has no counters any more.
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + bytes.max(0) as u64));
    let _ = TAKEN.try_with(|taken| {
        taken.set(taken.get() + bytes);
        PEAK.try_with(|peak| peak.set(peak.get().max(taken.get())))
    });
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size() as i64);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        took(-(layout.size() as i64));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size as i64 - layout.size() as i64);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn protocol() -> Options {
    Options { single: true, ..Options::at(Level::Protocol) }
}

fn form(calls: u64, change: Change) -> Form {
    let mut observer = Observer::new(&protocol());
    generated::run(calls, change, &mut observer);
    forms(&[&observer.into_run()], None, &protocol()).pop().expect("a form")
}

/// What two runs cost from their events to the verdict: bytes asked for in all, and at once.
struct Cost {
    asked: u64,
    peak: i64,
    comparison: Comparison,
}

fn cost(calls: u64, change: Change) -> Cost {
    ASKED.set(0);
    TAKEN.set(0);
    PEAK.set(0);
    let comparison = diff(&form(calls, Change::Nothing), &form(calls, change), &protocol());
    Cost { asked: ASKED.get(), peak: PEAK.get(), comparison }
}

#[test]
fn nothing_is_aligned_where_runs_are_equal() {
    let (a, b) = (form(20_000, Change::Nothing), form(20_000, Change::Nothing));
    let found = diff(&a, &b, &protocol());
    assert!(found.is_equal() && found.asserts.0 > 10_000, "{found:?}");
    assert_eq!(found.diffs, 0);
    let learned = learn(&[a], &protocol(), HeaderFacts::default()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(found.asserts, learned.golden.header.asserts);
    let checked = compare(&learned.golden, &learned.contents, &[b], &protocol());
    assert!(checked.is_equal(), "{:?}", checked.findings);
    assert_eq!(checked.diffs, 0);
}

#[test]
fn only_what_differs_is_aligned() {
    // Every hundredth file of 2500 is opened otherwise, each by one process.
    let found = diff(&form(20_000, Change::Nothing), &form(20_000, Change::Scattered(100)), &protocol());
    assert_eq!(found.diffs, 25);
    let told = found.findings.iter().filter(|finding| finding.sentence.contains("append")).count();
    assert_eq!(told, 25, "{:?}", found.findings.first());
}

#[test]
fn memory_grows_with_the_runs_and_not_faster() {
    for change in [Change::Nothing, Change::Scattered(100), Change::All] {
        let (small, large) = (cost(10_000, change), cost(100_000, change));
        assert_eq!(small.comparison.is_equal(), change == Change::Nothing);
        assert!(large.asked <= 12 * small.asked, "{change:?}: {} bytes, then {}", small.asked, large.asked);
        assert!(large.peak <= 12 * small.peak, "{change:?}: {} bytes at once, then {}", small.peak, large.peak);
    }
}

#[test]
fn an_event_of_equal_runs_costs_few_bytes() {
    let calls = 100_000;
    // The tables of processes and files are there in both.
    let (few, many) = (cost(calls, Change::Nothing), cost(2 * calls, Change::Nothing));
    let of_each = |few: u64, many: u64| many.saturating_sub(few) / (2 * calls);
    let (asked, held) = (of_each(few.asked, many.asked), of_each(few.peak as u64, many.peak as u64));
    assert!(asked <= 1000, "{asked} bytes are asked for per event");
    // 300 MB for two recordings of a million calls (equivalence.md, 5.3).
    assert!(held <= 150, "{held} bytes are held per event");
}
