//! Random numbers, words and payloads through every printer: a target may hand the kernel anything,
//! and a recording may come from anybody. Nothing may panic, documents stay documents, and no
//! control byte reaches a line of text.

#[path = "../recording/tests/random/mod.rs"]
mod random;

use random::Random;
use recording::event::Record;
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};
use report::json::{Json, JsonOptions};
use report::jsonl::JsonLines;
use report::summary::{Summary, SummaryOptions};
use report::text::{Notes, Prefix, Text, TextOptions};
use report::{Destination, Shown};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

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

fn stream(seed: u64, events: u64, sink: &mut dyn Sink) {
    let mut random = Random::new(seed);
    let mut record = Record::default();
    let mut bytes = Vec::new();
    let start = ClockTriple { ticks: 1000, monotonic_ns: 1000, realtime_ns: 1_700_000_000_000_000_000 };
    let argv = vec!["hostile\u{1b}[31m".to_string(), "</script>".to_string()];
    sink.begin(&Header { start, argv, limits: Some(PayloadLimits::live()), ..Header::default() }).unwrap();
    for _ in 0..events {
        random::fill(&mut record, &mut random, 25);
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
            notes: [Notes::NONE, Notes::PATHS, Notes::ALL][(seed % 3) as usize],
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
