//! The steady state: no allocation per event, and memory that does not grow with the run.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, Write};

use recording::event::{BornHow, Kind, PayloadHead, Record, Shape, State, Via};
use recording::file::{Recording, State as FileState, WriteOptions, Writer};
use recording::session::{ClockTriple, Header, Trailer};
use recording::views::{Clock, Descriptors, Processes, Tally, Tasks};
use recording::{Batch, Sink, SinkError};

/// Counts the allocations of each thread and what it has taken.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static TAKEN: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn took(bytes: i64) {
    COUNT.set(COUNT.get() + u64::from(bytes > 0));
    TAKEN.set(TAKEN.get() + bytes);
    PEAK.set(PEAK.get().max(TAKEN.get()));
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size() as i64);
        // SAFETY: as ours.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        took(-(layout.size() as i64));
        // SAFETY: as ours; `at` came from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BATCH: u64 = 100;

/// Events of four tasks: announced calls, paths that repeat, data that does not.
struct Events {
    record: Record,
    bytes: Vec<u8>,
    n: u64,
}

impl Events {
    fn new() -> Events {
        Events { record: Record::with_capacity(1024), bytes: Vec::with_capacity(1 << 20), n: 0 }
    }

    fn batch(&mut self) -> Batch<'_> {
        self.bytes.clear();
        for _ in 0..BATCH {
            self.n += 1;
            self.one(self.n);
        }
        let at = self.n * 10;
        Batch { clock: ClockTriple { ticks: at, monotonic_ns: at, realtime_ns: at }, bytes: &self.bytes }
    }

    fn one(&mut self, n: u64) {
        let task = 100 + (n % 4) as u32;
        if n <= 4 {
            self.record.begin(Kind::Born, 56, task, 0, n * 10);
            self.record.put_u8(36, BornHow::First as u8);
            self.bytes.extend_from_slice(self.record.bytes());
            return;
        }
        let path = [&b"/usr/lib/x86_64-linux-gnu/libc.so.6"[..], b"/proc/self/maps and more"][(n % 2) as usize];
        let mut data = [0; 200];
        data[..8].copy_from_slice(&n.to_le_bytes());
        self.record.begin_call(Via::Ptrace, 0, task, n, n * 10, n % 300, &[n, 2, 3, 4, 5, 6], 7, 8);
        let content: &[u8] = if n.is_multiple_of(3) { &data } else { path };
        let head = PayloadHead { arg: 1, phase: 0, shape: Shape::Text, status: 0, wanted: 9, addr: 9, path: 0 };
        self.record.payload(head, content);
        if n.is_multiple_of(7) {
            self.bytes.extend_from_slice(self.record.bytes());
        }
        self.record.finish_call(State::Done, n * 10 + 5, 3);
        self.bytes.extend_from_slice(self.record.bytes());
    }
}

struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn writing_allocates_nothing_per_event() {
    let mut writer = Writer::stream(Box::new(Nowhere), "nowhere", WriteOptions::default());
    writer.begin(&Header::default()).unwrap();
    let mut events = Events::new();
    let mut feed = |count: u64| {
        for _ in 0..count / BATCH {
            writer.events(&events.batch()).unwrap();
            writer.idle().unwrap();
        }
    };
    feed(200_000);
    let before = COUNT.get();
    feed(100_000);
    assert_eq!(COUNT.get() - before, 0, "allocations over 100 000 events");
}

/// All views at once, and where the allocations stood when half of the events had come.
struct Views {
    tasks: Tasks,
    processes: Processes,
    tally: Tally,
    descriptors: Descriptors,
    clock: Clock,
    seen: u64,
    half: u64,
    at_half: Option<u64>,
    at_end: u64,
}

impl Sink for Views {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.clock.batch(batch.clock);
        for event in batch.events() {
            self.tasks.observe(&event);
            self.processes.observe(&event, &self.tasks, &self.clock);
            if let Some(call) = event.call() {
                self.tally.observe(&call, &self.clock);
            }
            self.seen += 1;
        }
        if self.seen > self.half {
            self.at_half.get_or_insert(COUNT.get());
        }
        self.at_end = COUNT.get();
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

#[test]
fn a_million_events_are_written_and_read_in_flat_memory() {
    const EVENTS: u64 = 1_000_000;
    let file = tempfile::NamedTempFile::new().unwrap();
    let start = TAKEN.get();
    PEAK.set(start);
    let mut writer = Writer::create(file.path(), WriteOptions::default()).unwrap();
    writer.begin(&Header::default()).unwrap();
    let mut events = Events::new();
    for _ in 0..EVENTS / BATCH {
        writer.events(&events.batch()).unwrap();
    }
    let end = ClockTriple { ticks: EVENTS * 10, monotonic_ns: EVENTS * 10, realtime_ns: 1 };
    writer.end(&Trailer { end, ..Trailer::default() }).unwrap();
    drop(writer);
    let written = PEAK.get() - start;
    assert!(written < 24 << 20, "{written} bytes to write");

    let recording = Recording::open(file.path()).unwrap();
    let header = recording.header().clone();
    let mut views = Views {
        tasks: Tasks::new(),
        processes: Processes::new(),
        tally: Tally::new(),
        descriptors: Descriptors::new(&header),
        clock: Clock::new(&header),
        seen: 0,
        half: EVENTS / 2,
        at_half: None,
        at_end: 0,
    };
    PEAK.set(TAKEN.get());
    let before = TAKEN.get();
    let read = recording.replay(&mut views).unwrap();
    let needed = PEAK.get() - before;
    assert_eq!((read.state, read.notes.len(), read.events), (FileState::Complete, 0, EVENTS));
    assert_eq!(views.tally.total().calls, EVENTS - 4);
    assert!(views.descriptors.link(100, 3).is_none());
    assert!(needed < 12 << 20, "{needed} bytes to read");
    let allocations = views.at_end - views.at_half.expect("half of the events");
    assert_eq!(allocations, 0, "allocations over the second half");
}
