//! Generated runs: 8 processes that open, stat, write, sync and close 2000 files in turn.
#![allow(dead_code)] // Each binary uses its part of it.

use recording::event::{ARG_NONE, BornHow, Kind, PayloadHead, Record, Shape, State, Via, note, text};
use recording::session::{ClockTriple, EndedBy, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};

const PROCESSES: u64 = 8;
const OBJECTS: u64 = 2000;

/// How a generated run differs from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Nothing,
    /// Every so manieth open has another flag.
    Scattered(u64),
    /// Every name and every size is another.
    All,
}

struct Generator {
    record: Record,
    batch: Vec<u8>,
    sequences: [u64; PROCESSES as usize],
    now: u64,
}

fn pid(process: u64) -> u32 {
    1000 + process as u32
}

impl Generator {
    fn new() -> Generator {
        Generator {
            record: Record::with_capacity(4096),
            batch: Vec::new(),
            sequences: [0; PROCESSES as usize],
            now: 1_000_000,
        }
    }

    fn begin(&mut self, kind: Kind, fixed: usize, process: u64) {
        let sequence = &mut self.sequences[process as usize];
        self.now += 1000;
        self.record.begin(kind, fixed, pid(process), *sequence, self.now);
        *sequence += 1;
    }

    fn take(&mut self) {
        self.batch.extend_from_slice(self.record.bytes());
    }

    fn births(&mut self) {
        for process in 0..PROCESSES {
            self.begin(Kind::Born, 56, process);
            self.record.put_u32(32, if process == 0 { 0 } else { pid(0) });
            self.record.put_u8(36, if process == 0 { BornHow::First } else { BornHow::Fork } as u8);
            self.record.put_u64(40, 17);
            self.record.put_u32(48, pid(process));
            self.record.put_u32(52, pid(process));
            self.take();
            self.begin(Kind::Exec, 40, process);
            self.record.put_u32(32, pid(process));
            self.record.put_u32(36, pid(process));
            self.record.text(text::MAIN, format!("/usr/bin/tool{process}").as_bytes());
            self.take();
        }
    }

    fn deaths(&mut self) {
        for process in (0..PROCESSES).rev() {
            self.begin(Kind::Died, 48, process);
            self.record.put_u8(38, 1);
            self.record.put_u32(40, pid(process));
            self.take();
        }
    }

    /// The n-th call: open, stat, four writes, read, close of one object after the other.
    fn call(&mut self, n: u64, change: Change) {
        let (process, step) = (n / 8 % PROCESSES, n % 8);
        let object = n / 64 * 7 % OBJECTS;
        let odd = match change {
            Change::Scattered(every) => step == 0 && (n / 8).is_multiple_of(every),
            _ => false,
        };
        let all = u64::from(change == Change::All);
        let (nr, args, result): (u64, [u64; 6], i64) = match step {
            0 => (257, [-100i64 as u64, 0x7000, 0o102 | if odd { 0o2000 } else { 0 }, 0o644, 0, 0], 3),
            1 => (5, [3, 0x7000, 0, 0, 0, 0], 0),
            2..=5 => (1, [3, 0x7000, 100 + all, 0, 0, 0], 100 + all as i64),
            6 => (74, [3, 0, 0, 0, 0, 0], 0),
            _ => (3, [3, 0, 0, 0, 0, 0], 0),
        };
        let sequence = &mut self.sequences[process as usize];
        self.now += 1500;
        self.record.begin_call(Via::Ptrace, 0, pid(process), *sequence, self.now, nr, &args, 0x1234, 0x7ffd);
        *sequence += 1;
        let head = |arg, phase, shape, path| PayloadHead { arg, phase, shape, status: 0, wanted: 0, addr: 3, path };
        let name = format!("/work/file{:04}{}", object, if all == 1 { "x" } else { "" });
        if step == 0 {
            self.record.payload(head(1, 0, Shape::Text, 0), name.as_bytes());
        }
        self.record.finish_call(State::Done, self.now + 900, result);
        match step {
            0 => {
                let mut identity = [0; 24];
                identity[0] = 1;
                identity[8..16].copy_from_slice(&(object + 10).to_le_bytes());
                identity[16..20].copy_from_slice(&0o100_644u32.to_le_bytes());
                self.record.payload(head(ARG_NONE, 1, Shape::Note, note::LINK), name.as_bytes());
                self.record.payload(head(ARG_NONE, 1, Shape::Note, note::IDENTITY), &identity);
            }
            1 => {
                let mut stat = [0; 144];
                stat[0] = 1;
                stat[8..16].copy_from_slice(&(object + 10).to_le_bytes());
                stat[24..28].copy_from_slice(&0o100_644u32.to_le_bytes());
                self.record.payload(head(1, 1, Shape::Struct, 0), &stat);
            }
            _ => {}
        }
        self.take();
    }

    fn flush(&mut self, sink: &mut dyn Sink) {
        let clock = ClockTriple { ticks: self.now, monotonic_ns: self.now, realtime_ns: self.now };
        sink.events(&Batch { clock, bytes: &self.batch }).expect("the sink takes it");
        self.batch.clear();
    }
}

/// A run of so many calls, from its header to its trailer.
pub fn run(calls: u64, change: Change, sink: &mut dyn Sink) {
    let mut generator = Generator::new();
    sink.begin(&header()).expect("the sink takes it");
    generator.births();
    for n in 0..calls {
        generator.call(n, change);
        if generator.batch.len() > 1 << 16 {
            generator.flush(sink);
        }
    }
    generator.deaths();
    generator.flush(sink);
    sink.end(&Trailer { ended: EndedBy::Complete, root_status: Some(0), ..Trailer::default() }).expect("it takes it");
}

fn header() -> Header {
    Header {
        version: "0".into(),
        engines: vec!["ptrace".into()],
        limits: Some(PayloadLimits::golden(64 << 20)),
        follow: true,
        golden: true,
        argv: vec!["tool0".into()],
        cwd: "/work".into(),
        machine: "x86_64".into(),
        kernel: "6.18".into(),
        ..Header::default()
    }
}
