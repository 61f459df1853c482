//! What the streams behind the engine cost: building and storing an event, reading it back, and
//! printing it. One core, no target. Each figure is the median of the rounds. At the end: the peak memory of
//! processes that do nothing but write a JSON document of a tenth of the events, and of all.
//!
//!     cargo bench --bench streams [-- EVENTS [memory]]
//!
//! EVENTS are ten million when not given; `memory` leaves the times out.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use recording::event::{PayloadHead, Record, Shape, State, Via};
use recording::file::{Recording, WriteOptions, Writer};
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink, SinkError};
use report::Destination;
use report::csv::{CountOptions, Counts};
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::rows::{RowOptions, Rows, TableOptions};
use report::summary::{Summary, SummaryOptions};
use report::text::{Precision, Prefix, Text, TextOptions};

const ROUNDS: usize = 5;
const BATCH: usize = 64 << 10;
/// Makes this program the process whose memory is looked at: behind it a recording, and whether the document is whole.
const PEAK_OF_JSON: &str = "peak-of-json";

/// Takes everything and keeps a count.
#[derive(Default)]
struct Null {
    events: u64,
}

impl Sink for Null {
    fn begin(&mut self, _: &Header) -> Result<(), SinkError> {
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.events += batch.events().count() as u64;
        Ok(())
    }
    fn end(&mut self, _: &Trailer) -> Result<(), SinkError> {
        Ok(())
    }
}

/// A stream that opens, stats, reads and closes files, one event after the other.
struct Synthetic {
    record: Record,
    batch: Vec<u8>,
}

impl Synthetic {
    fn new() -> Self {
        Synthetic { record: Record::with_capacity(4096), batch: Vec::with_capacity(2 * BATCH) }
    }

    fn call(&mut self, n: u64) {
        let at = 1_000_000 + n * 1_500;
        let path = path_of(n);
        let (nr, args, result): (u64, [u64; 6], i64) = match n % 4 {
            0 => (257, [0xffff_ff9c, 0x7ffd_0000_1000, 0x80000, 0, 0, 0], 3),
            1 => (5, [3, 0x7ffd_0000_2000, 0, 0, 0, 0], 0),
            2 => (0, [3, 0x7ffd_0000_3000, 4096, 0, 0, 0], 1234),
            _ => (3, [3, 0, 0, 0, 0, 0], 0),
        };
        self.record.begin_call(Via::Ptrace, 0, 4711, n, at, nr, &args, 0x7f00_1234, 0x7ffd_0000);
        let head =
            |arg, phase, shape, wanted| PayloadHead { arg, phase, shape, status: 0, wanted, addr: args[1], path: 0 };
        if n.is_multiple_of(4) {
            self.record.payload(head(1, 0, Shape::Text, path.len() as u64), &path);
        }
        self.record.finish_call(State::Done, at + 900, result);
        match n % 4 {
            1 => self.record.payload(head(1, 1, Shape::Struct, 144), &STAT),
            2 => self.record.payload(PayloadHead { status: 1, ..head(1, 1, Shape::Bytes, 1234) }, &[b'x'; 32]),
            _ => {}
        }
        self.batch.extend_from_slice(self.record.bytes());
    }

    /// Pushes `events` calls into the sink; returns the nanoseconds it took, building included.
    fn run(&mut self, events: u64, sink: &mut dyn Sink) -> f64 {
        let started = Instant::now();
        for n in 0..events {
            self.call(n);
            if self.batch.len() >= BATCH {
                self.flush(n, sink);
            }
        }
        self.flush(events, sink);
        started.elapsed().as_nanos() as f64
    }

    fn flush(&mut self, n: u64, sink: &mut dyn Sink) {
        let ticks = 1_002_000 + n * 1_500;
        let clock = ClockTriple { ticks, monotonic_ns: ticks, realtime_ns: 1_700_000_000_000_000_000 + ticks };
        sink.events(&Batch { clock, bytes: &self.batch }).expect("the sink takes events");
        self.batch.clear();
    }
}

/// A regular file's `struct stat`, as the kernel fills it on x86-64.
const STAT: [u8; 144] = {
    let mut bytes = [0u8; 144];
    bytes[16] = 1;
    bytes[24] = 0xa4;
    bytes[25] = 0x81;
    bytes[48] = 0xd2;
    bytes[49] = 0x04;
    bytes
};

/// One of 64 paths, so that interning has something to find.
fn path_of(n: u64) -> [u8; 34] {
    let mut path = *b"/usr/lib/x86_64-linux-gnu/libc.00.";
    path[31] = b'0' + (n / 4 % 8) as u8;
    path[32] = b'0' + (n / 32 % 8) as u8;
    path
}

fn header() -> Header {
    let start = ClockTriple { ticks: 1_000_000, monotonic_ns: 1_000_000, realtime_ns: 1_700_000_000_001_000_000 };
    Header {
        version: "0".into(),
        engines: vec!["ptrace".into()],
        start,
        limits: Some(PayloadLimits::live()),
        argv: vec!["synthetic".into()],
        ..Header::default()
    }
}

fn store(path: &Path, events: u64) -> f64 {
    let mut writer = Writer::create(path, WriteOptions::default()).expect("a file in the scratch folder");
    writer.begin(&header()).expect("a header");
    let ns = Synthetic::new().run(events, &mut writer);
    writer.end(&Trailer::default()).expect("a trailer");
    ns
}

fn replay(path: &Path, sink: &mut dyn Sink) -> f64 {
    let started = Instant::now();
    let read = Recording::open(path).expect("our own file").replay(sink).expect("the sink takes events");
    assert!(read.events > 0, "something was read");
    started.elapsed().as_nanos() as f64
}

/// Peak resident set of this process so far, in MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

/// Writes the JSON document of a recording and prints the peak of this process. `whole`: as on our standard output,
/// where nothing is written before the end; else as into a file.
fn write_json(path: &Path, whole: bool) {
    replay(path, &mut Json::new(JsonOptions { whole, ..JsonOptions::default() }, nowhere()));
    println!("{}", peak_mib());
}

/// What [`write_json`] says in a process of its own, MiB.
fn peak_of_json(path: &Path, whole: bool) -> f64 {
    let own = std::env::current_exe().expect("this program has a file");
    let run = Command::new(own).arg(PEAK_OF_JSON).arg(path).arg(whole.to_string()).output().expect("it starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).trim().parse().expect("a number")
}

/// Measures a stage; `base`: ns an event of the stage that others are held against, in the same run.
fn row(what: &str, events: u64, base: Option<f64>, mut measure: impl FnMut() -> f64) -> f64 {
    let mut ns: Vec<f64> = (0..ROUNDS).map(|_| measure() / events as f64).collect();
    ns.sort_by(f64::total_cmp);
    let middle = ns[ns.len() / 2];
    let times = base.map(|base| format!("{:.1}", middle / base)).unwrap_or_default();
    println!(
        "| {what} | {middle:.1} | {:.0} | {times} | {:.1}-{:.1} | {:.0} |",
        1e9 / middle,
        ns[0],
        ns[ns.len() - 1],
        peak_mib()
    );
    io::stdout().flush().ok();
    middle
}

fn nowhere() -> Destination {
    Destination::one(io::sink(), "nowhere")
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [asked, path, whole] = &words[..]
        && asked == PEAK_OF_JSON
    {
        return write_json(Path::new(path), whole == "true");
    }
    let events: u64 = words.iter().find_map(|word| word.parse().ok()).unwrap_or(10_000_000);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let path = scratch.path().join("stream.ctrace");
    if words.iter().any(|word| word == "memory") {
        store(&path, events);
    } else {
        times(&path, events);
    }
    let tenth = scratch.path().join("tenth.ctrace");
    store(&tenth, events / 10);
    println!(
        "\n| peak MiB of a process that writes JSON | {} events | {events} events |\n|---|---:|---:|",
        events / 10
    );
    for (what, whole) in [("into a file", false), ("on standard output, whole at the end", true)] {
        println!("| {what} | {:.1} | {:.1} |", peak_of_json(&tenth, whole), peak_of_json(&path, whole));
    }
}

/// The table of what each stage takes.
fn times(path: &Path, events: u64) {
    println!(
        "{events} events, {ROUNDS} rounds\n\n| stage | ns an event | events a second | times reading | least-greatest | peak MiB so far |\n|---|---:|---:|---:|---:|---:|"
    );
    row("build only", events, None, || Synthetic::new().run(events, &mut Null::default()));
    row("build and store", events, None, || store(path, events));
    let read = row("read", events, None, || replay(path, &mut Null::default()));
    let shown = |what: &str, sink: &dyn Fn() -> Box<dyn Sink>| {
        row(what, events, Some(read), || replay(path, &mut *sink()));
    };
    shown("summary table", &|| Box::new(Summary::new(SummaryOptions::default(), nowhere())));
    let text = || TextOptions { prefix: Prefix::Always, duration: Some(Precision::Micros), ..TextOptions::default() };
    shown("text", &|| Box::new(Text::new(text(), nowhere())));
    shown("JSON lines", &|| Box::new(JsonLines::new(JsonOptions::default(), nowhere())));
    shown("JSON", &|| Box::new(Json::new(JsonOptions::default(), nowhere())));
    let rows = || RowOptions { text: text(), ..RowOptions::default() };
    shown("CSV", &|| Box::new(Rows::csv(rows(), nowhere())));
    shown("HTML page", &|| Box::new(Rows::html(rows(), nowhere())));
    let spread = TableOptions { spread: true, ..TableOptions::default() };
    shown("percentiles", &|| {
        Box::new(Counts::new(CountOptions { table: spread, ..CountOptions::default() }, nowhere()))
    });
    println!("\nstored: {:.1} bytes an event", std::fs::metadata(path).map_or(0, |m| m.len()) as f64 / events as f64);
}
