//! Random numbers, words and payloads through every printer: a target may hand the kernel anything,
//! and a recording may come from anybody. Nothing may panic, documents stay documents, and no
//! control byte reaches a line of text.

use recording::event::{self, Kind, PayloadHead, Record, Shape, State, Via};
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::summary::{Summary, SummaryOptions};
use report::text::{Prefix, Text, TextOptions};
use report::{Destination, Shown};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// A small generator with a seed: a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    /// Words as hostile programs choose them: small, all ones, sign bits, anything.
    fn word(&mut self) -> u64 {
        match self.below(6) {
            0 => self.below(8),
            1 => u64::MAX - self.below(4),
            2 => 1 << self.below(64),
            3 => self.below(0x1_0000),
            4 => 0xffff_ffff & self.next(),
            _ => self.next(),
        }
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn payloads(random: &mut Random, record: &mut Record, args: &[u64; 6]) {
    for _ in 0..random.below(5) {
        let most = [4096, 200, 40, 40][random.below(4) as usize];
        let len = random.below(most);
        let bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        let arg = random.below(7) as u8;
        let head = PayloadHead {
            arg,
            phase: random.below(2) as u8,
            shape: Shape::from_raw(random.below(7) as u8).unwrap(),
            status: random.below(16) as u8,
            wanted: if random.below(2) == 0 { len } else { random.word() },
            addr: args.get(arg as usize).copied().unwrap_or(0),
            path: random.word() as u32,
        };
        record.payload(head, &bytes);
    }
}

fn call(random: &mut Random, record: &mut Record, task: u32, seq: u64, at: u64) {
    let args: [u64; 6] = std::array::from_fn(|_| random.word());
    let nr = match random.below(10) {
        0 => random.word(),
        _ => random.below(480),
    };
    let abi = [0, 0, 0, 0, 1, 2, 3, 4, 9][random.below(9) as usize];
    record.begin_call(Via::Ptrace, abi, task, seq, at, nr, &args, random.next(), random.next());
    let open = random.below(20) == 0;
    if !open {
        let state = if random.below(50) == 0 { State::Abandoned } else { State::Done };
        let result = match random.below(4) {
            0 => -(random.below(600) as i64),
            1 => random.word() as i64,
            _ => random.below(64) as i64,
        };
        record.finish_call(state, at.wrapping_add(random.below(5000)), result);
    }
    record.add_flags(if random.below(8) == 0 { random.below(1 << 10) as u32 } else { 0 });
    payloads(random, record, &args);
}

/// Any other kind, with bytes as they come behind a right length.
fn other(random: &mut Random, record: &mut Record, task: u32, seq: u64, at: u64) {
    let (kind, fixed) = [
        (Kind::Signal, 176),
        (Kind::Stopped, 40),
        (Kind::Continued, 40),
        (Kind::Born, 56),
        (Kind::Exec, 40),
        (Kind::Died, 48),
        (Kind::Detached, 40),
        (Kind::Mapped, 72),
        (Kind::Counter, 64),
        (Kind::Lost, 64),
        (Kind::Unseen, 40),
        (Kind::Engine, 40),
        (Kind::Limit, 48),
        (Kind::FileState, 72),
        (Kind::Named, 32),
    ][random.below(15) as usize];
    record.begin(kind, fixed, task, seq, at);
    for word in (event::HEAD..fixed).step_by(8) {
        let value = random.word();
        record.put_u64(word, value);
    }
    payloads(random, record, &[0; 6]);
}

fn stream(seed: u64, events: u64, sink: &mut dyn Sink) {
    let mut random = Random(seed | 1);
    let mut record = Record::default();
    let mut bytes = Vec::new();
    let start = ClockTriple { ticks: 1000, monotonic_ns: 1000, realtime_ns: 1_700_000_000_000_000_000 };
    let argv = vec!["hostile\u{1b}[31m".to_string(), "</script>".to_string()];
    sink.begin(&Header { start, argv, limits: Some(PayloadLimits::live()), ..Header::default() }).unwrap();
    for n in 0..events {
        let (task, at) = (random.below(5) as u32 * 7, random.word() >> random.below(40));
        match random.below(4) {
            0 => other(&mut random, &mut record, task, n, at),
            _ => call(&mut random, &mut record, task, n, at),
        }
        bytes.extend_from_slice(record.bytes());
        if bytes.len() > 32 << 10 {
            sink.events(&Batch { clock: start, bytes: &bytes }).unwrap();
            bytes.clear();
        }
    }
    sink.events(&Batch { clock: start, bytes: &bytes }).unwrap();
    sink.end(&Trailer::default()).unwrap();
}

const SEEDS: u64 = 6;
const EVENTS: u64 = 5_000;

#[test]
fn text_holds_no_control_byte() {
    for seed in 1..=SEEDS {
        let out = Shared::default();
        let options = TextOptions {
            prefix: Prefix::Always,
            verbose: seed % 2 == 0,
            notes: (seed % 3) as u8,
            ..TextOptions::default()
        };
        stream(seed * 77_777, EVENTS, &mut Text::new(options, Destination::one(out.clone(), "memory")));
        let text = out.0.lock().unwrap();
        assert!(text.len() > 100_000, "only {} bytes for {EVENTS} events", text.len());
        let at = text.iter().position(|b| (*b < 0x20 && *b != b'\n') || *b >= 0x7f);
        assert_eq!(
            at.map(|at| String::from_utf8_lossy(&text[at.saturating_sub(80)..at + 1]).into_owned()),
            None,
            "seed {seed}"
        );
    }
}

#[test]
fn json_stays_json() {
    for seed in 1..=SEEDS {
        let out = Shared::default();
        let options =
            JsonOptions { durations: true, by_syscall: true, shown: Shown::default(), ..JsonOptions::default() };
        stream(seed * 99_991, EVENTS, &mut Json::new(options, Destination::one(out.clone(), "memory")));
        let document: serde_json::Value = serde_json::from_slice(&out.0.lock().unwrap()).expect("a JSON document");
        let listed = document["syscalls"].as_array().expect("an array of calls").len() as u64;
        assert!(listed > EVENTS / 2, "{listed} calls");
        assert_eq!(document["summary"]["total_syscalls"].as_u64(), Some(listed));
    }
}

#[test]
fn every_json_line_is_one_record() {
    let out = Shared::default();
    stream(4242, EVENTS, &mut JsonLines::new(JsonOptions::default(), Destination::one(out.clone(), "memory")));
    let bytes = out.0.lock().unwrap();
    let lines = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let objects: Vec<serde_json::Map<_, _>> =
        lines.map(|line| serde_json::from_slice(line).expect("an object a line")).collect();
    assert!(objects.len() as u64 > EVENTS / 2, "{} lines", objects.len());
}

#[test]
fn the_table_adds_up() {
    let out = Shared::default();
    stream(31_337, EVENTS, &mut Summary::new(SummaryOptions::default(), Destination::one(out.clone(), "memory")));
    let text = String::from_utf8(out.0.lock().unwrap().clone()).expect("a table is ASCII");
    let column = |line: &str, n: usize| line.split_whitespace().nth(n).and_then(|w| w.parse::<u64>().ok());
    let rows: Vec<&str> = text.lines().skip(2).take_while(|l| !l.starts_with("---")).collect();
    let total = text.lines().last().and_then(|l| column(l, 3)).expect("a total");
    assert_eq!(rows.iter().filter_map(|l| column(l, 3)).sum::<u64>(), total);
    assert!(rows.len() > 100, "{} names", rows.len());
}
