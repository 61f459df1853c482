//! What an event costs on its way into a recording and back out of it.
//!
//! `cargo run --release -p chic-trace-recording --example speed [EVENTS]`

use std::io::{self, Write};
use std::time::{Duration, Instant};

use recording::event::{Kind, PayloadHead, Record, Shape, State, Via};
use recording::file::{Recording, WriteOptions, Writer};
use recording::session::{ClockTriple, Header, Trailer};
use recording::views::{Clock, Tally};
use recording::{Batch, Sink, SinkError};

/// Events of a batch: about what an engine hands over at once.
const BATCH: usize = 256;

/// Takes everything and keeps nothing.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at each event once.
#[derive(Default)]
struct Looker(u64);

impl Sink for Looker {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.0 += batch.events().filter(|event| event.kind() == Some(Kind::Call)).count() as u64;
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Counts calls and times.
struct Counter(Tally, Clock);

impl Sink for Counter {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        batch.events().filter_map(|event| event.call()).for_each(|call| self.0.observe(&call, &self.1));
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// A program's calls: plain ones, with a path that repeats, or with data that does not.
struct Program {
    what: &'static str,
    record: Record,
    content: [u8; 256],
    seq: u64,
}

impl Program {
    fn new(what: &'static str) -> Program {
        Program { what, record: Record::with_capacity(512), content: [0; 256], seq: 0 }
    }

    fn batch(&mut self, out: &mut Vec<u8>) {
        out.clear();
        (0..BATCH).for_each(|_| self.call(out));
    }

    fn call(&mut self, out: &mut Vec<u8>) {
        let (seq, at) = (self.seq, (self.seq + 1) * 300);
        self.seq += 1;
        let record = &mut self.record;
        record.begin_call(Via::Ptrace, 0, 1000, seq, at, seq % 300, &[seq, 2, 3, 4, 5, 6], 0x40_1000, 0x7ffd_0000);
        self.content[..8].copy_from_slice(&seq.to_le_bytes());
        let payload: &[u8] = match self.what {
            "path" => b"/usr/lib/x86_64-linux-gnu/libc.so.6",
            "data" => &self.content,
            _ => &[],
        };
        if !payload.is_empty() {
            let head = PayloadHead {
                arg: 1,
                phase: 0,
                shape: Shape::Text,
                status: 0,
                wanted: payload.len() as u64,
                addr: 9,
                path: 0,
            };
            record.payload(head, payload);
        }
        record.finish_call(State::Done, at + 200, 0);
        out.extend_from_slice(record.bytes());
    }
}

fn clock(n: usize) -> ClockTriple {
    let at = (n as u64 + 1) * BATCH as u64 * 300;
    ClockTriple { ticks: at, monotonic_ns: at, realtime_ns: at }
}

/// Only the sink is timed, and a batch is fresh in the cache when it comes, as behind an engine.
fn feed(label: &str, sink: &mut dyn Sink, mut program: Program, events: usize) {
    let mut spent = Duration::ZERO;
    let mut bytes = vec![];
    sink.begin(&Header::default()).expect("begin");
    for n in 0..events / BATCH {
        program.batch(&mut bytes);
        let since = Instant::now();
        sink.events(&Batch { clock: clock(n), bytes: &bytes }).expect("events");
        spent += since.elapsed();
    }
    let end = clock(events / BATCH);
    sink.end(&Trailer { end, ..Trailer::default() }).expect("end");
    show(label, events, spent);
}

fn show(what: &str, events: usize, spent: Duration) {
    let ns = spent.as_nanos() as f64 / events as f64;
    println!("{what:<28} {ns:>7.1} ns/event {:>12.0} events/s", 1e9 / ns);
}

fn per_event(what: &str, events: usize, work: impl FnOnce()) {
    let since = Instant::now();
    work();
    show(what, events, since.elapsed());
}

fn main() {
    let events = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(1 << 20) / BATCH * BATCH;
    for what in ["plain", "path", "data"] {
        let mut writer = Writer::stream(Box::new(Nowhere), "nowhere", WriteOptions::default());
        feed(&format!("{what}: write to nothing"), &mut writer, Program::new(what), events);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut writer = Writer::create(file.path(), WriteOptions::default()).expect("create");
        feed(&format!("{what}: write to a file"), &mut writer, Program::new(what), events);
        let bytes = std::fs::metadata(file.path()).expect("its length").len();
        println!("{:<28} {:>7.1} bytes/event", format!("{what}: size"), bytes as f64 / events as f64);
        let open = || Recording::open(file.path()).expect("open");
        per_event(&format!("{what}: read"), events, || {
            let mut looker = Looker::default();
            let read = open().replay(&mut looker).expect("replay");
            assert_eq!((looker.0, read.events), (events as u64, events as u64), "{:?}", read.notes);
        });
        per_event(&format!("{what}: read and tally"), events, || {
            let recording = open();
            let clock = Clock::new(recording.header());
            recording.replay(&mut Counter(Tally::new(), clock)).expect("replay");
        });
    }
}
