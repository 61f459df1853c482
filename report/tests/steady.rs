//! In the steady state no printer allocates for an event, and none needs more memory for more of them.

mod stream;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use recording::Sink;
use recording::event::{Shape, note};
use report::csv::{CountOptions, Counts};
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::rows::{RowOptions, Rows, TableOptions};
use report::summary::{Summary, SummaryOptions};
use report::text::{Clock, Precision, Prefix, Text, TextOptions};
use report::{Destination, Shown};

use stream::Stream;

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// Bytes that this thread has, and had at most.
    static TAKEN: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(made: u64, bytes: i64) {
    // A thread that is ending has no counter any more.
    let _ = MADE.try_with(|all| all.set(all.get() + made));
    let taken = TAKEN.try_with(|taken| {
        taken.set(taken.get() + bytes);
        taken.get()
    });
    let _ = PEAK.try_with(|peak| peak.set(peak.get().max(taken.unwrap_or(0))));
}

// SAFETY: every request is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Calls of two tasks: split lines, strings, structures, errors.
fn run() -> Stream {
    let mut block = [0; 64];
    (block[16], block[32]) = (1, 4);
    // A link with its name, the address of its hardware, and its counts.
    let link = [0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let attributes = [&[8, 0, 3, 0][..], b"eth\0", &[10, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0], &[204, 0, 23, 0], &[7; 200]];
    let body = [&link[..], &attributes.concat()].concat();
    let head = [&(16 + body.len() as u32).to_le_bytes()[..], &[16, 0, 2, 0, 1, 0, 0, 0, 7, 0, 0, 0]].concat();
    let message = [head, body].concat();
    let mut run = Stream::new();
    run.born(10, 0, 1, 4, 10, "", &[]);
    run.born(11, 0, 10, 0, 11, "", &[]);
    for n in 0..200 {
        let at = 10_000 * n;
        run.call(10, n, 0, [3, 0x7000, 5, 0, 0, 0], at).announced();
        run.call(11, 4 * n, 257, [-100i64 as u64, 0x5000, 0o100, 0o644, 0, 0], at + 10)
            .before(1, Shape::Text, b"/tmp/\xff\n\xc3\xa4")
            .returns(at + 20, if n % 2 == 0 { 3 } else { -2 });
        run.call(10, n, 0, [3, 0x7000, 5, 0, 0, 0], at).after(1, Shape::Bytes, b"hel\0\xfe").returns(at + 30, 5);
        run.call(11, 4 * n + 1, 5, [3, 0x6000, 0, 0, 0, 0], at + 40)
            .after(1, Shape::Struct, &[1; 144])
            .returns(at + 50, 0);
        // A block that writes, behind its address.
        run.call(11, 4 * n + 2, 209, [0x9000, 1, 0x6000, 0, 0, 0], at + 60)
            .before(2, Shape::Struct, &[0, 0x60, 0, 0, 0, 0, 0, 0])
            .part(2, 0, Shape::Struct, 1 << 16, &block)
            .part(2, 0, Shape::Element, 1 << 16, b"data")
            .returns(at + 70, 1);
        run.call(11, 4 * n + 3, 45, [3, 0x6000, 4096, 0, 0, 0], at + 80)
            .part(0, 0, Shape::Note, note::DETAIL, b"NETLINK:[ROUTE:7]")
            .part(1, 1, Shape::Bytes, 0, &message)
            .returns(at + 90, message.len() as i64);
    }
    run
}

/// Allocations while the run is given once more to a printer that has seen it before.
fn allocations(sink: &mut dyn Sink, run: &Stream) -> u64 {
    let (batch, clock) = run.batch();
    sink.begin(&run.header).expect("begin");
    for _ in 0..3 {
        sink.events(&recording::Batch { clock, bytes: &batch }).expect("events");
    }
    let before = MADE.with(Cell::get);
    sink.events(&recording::Batch { clock, bytes: &batch }).expect("events");
    let made = MADE.with(Cell::get) - before;
    sink.end(&run.trailer).expect("end");
    made
}

fn nowhere() -> Destination {
    Destination::one(std::io::sink(), "nowhere")
}

#[test]
fn no_printer_allocates_for_an_event() {
    let run = run();
    let clock = Clock { epoch: false, precision: Precision::Micros };
    let text = TextOptions {
        prefix: Prefix::Always,
        time: Some(clock),
        relative: Some(Precision::Micros),
        duration: Some(Precision::Micros),
        ..TextOptions::default()
    };
    let json = JsonOptions { durations: true, by_syscall: true, strings: Some(32), ..JsonOptions::default() };
    let filter = syscalls::Filter::parse("%file,read").expect("a filter");
    let shown = Shown { calls: Some(filter), ..Shown::default() };
    let rows = RowOptions { text: text.clone(), table: Some(TableOptions::default()), ..RowOptions::default() };
    let spread = TableOptions { spread: true, ..TableOptions::default() };
    let mut printers: [(&str, Box<dyn Sink>); 9] = [
        ("text", Box::new(Text::new(text.clone(), nowhere()))),
        ("filtered text", Box::new(Text::new(TextOptions { shown, ..text }, nowhere()))),
        ("document", Box::new(Json::new(json.clone(), nowhere()))),
        ("compact document", Box::new(Json::new(JsonOptions { compact: true, ..json.clone() }, nowhere()))),
        ("lines", Box::new(JsonLines::new(JsonOptions { lamport: true, ..json }, nowhere()))),
        ("CSV", Box::new(Rows::csv(rows.clone(), nowhere()))),
        ("page", Box::new(Rows::html(rows, nowhere()))),
        ("counts", Box::new(Counts::new(CountOptions { table: spread, ..CountOptions::default() }, nowhere()))),
        ("table", Box::new(Summary::new(SummaryOptions::default(), nowhere()))),
    ];
    for (name, sink) in &mut printers {
        // The births at the head of the run are not the steady state: a few words for each task.
        let made = allocations(&mut **sink, &run);
        assert!(made <= 16, "{name}: {made} allocations for 1200 calls");
    }
}

/// Calls of the run that is given so often that they are a million.
const A_MILLION: usize = 1_000_000 / 1200;
/// What any form may need for them, bytes.
const ENOUGH: i64 = 64 << 20;

#[test]
fn a_million_calls_need_no_more_memory_than_a_few() {
    let run = run();
    let (batch, clock) = run.batch();
    let timed = TextOptions { duration: Some(Precision::Micros), ..TextOptions::default() };
    let spread = TableOptions { spread: true, ..TableOptions::default() };
    let whole = RowOptions { text: timed, table: Some(spread), whole: true, ..RowOptions::default() };
    let json = JsonOptions { durations: true, by_syscall: true, lamport: true, whole: true, ..JsonOptions::default() };
    let printers: [(&str, Box<dyn Sink>); 4] = [
        ("document", Box::new(Json::new(json.clone(), nowhere()))),
        ("lines", Box::new(JsonLines::new(json, nowhere()))),
        ("CSV", Box::new(Rows::csv(RowOptions { whole: false, ..whole.clone() }, nowhere()))),
        ("page with percentiles", Box::new(Rows::html(whole, nowhere()))),
    ];
    for (name, mut sink) in printers {
        let before = TAKEN.with(Cell::get);
        PEAK.with(|peak| peak.set(before));
        sink.begin(&run.header).expect("begin");
        for _ in 0..A_MILLION {
            sink.events(&recording::Batch { clock, bytes: &batch }).expect("events");
        }
        sink.end(&run.trailer).expect("end");
        let peak = PEAK.with(Cell::get) - before;
        assert!(peak < ENOUGH, "{name}: {peak} bytes for a million calls");
    }
}
