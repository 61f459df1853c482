//! A session to record: every kind of event, and the sinks that take it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use recording::event::{
    ARG_NONE, BornHow, Event, Kind, PayloadHead, Reading, Record, Shape, State, Via, flag, status, text,
};
use recording::file::{Read, Recording, WriteOptions, Writer};
use recording::session::{ClockTriple, EndedBy, Header, Trailer};
use recording::{Batch, Sink, SinkError};

/// A stream whose bytes stay at hand.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink that keeps everything.
#[derive(Default)]
pub struct Kept {
    pub header: Option<Header>,
    pub records: Vec<Vec<u8>>,
    pub clocks: Vec<ClockTriple>,
    pub trailer: Option<Trailer>,
    pub idles: u64,
}

impl Sink for Kept {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        assert!(self.header.replace(header.clone()).is_none(), "begin came twice");
        Ok(())
    }
    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        assert!(!batch.bytes.is_empty(), "an empty batch");
        let mut events = batch.events();
        self.records.extend(events.by_ref().map(|event| event.bytes().to_vec()));
        assert_eq!(events.rest(), (&[][..], None), "a batch holds whole records only");
        self.clocks.push(batch.clock);
        Ok(())
    }
    fn idle(&mut self) -> Result<(), SinkError> {
        self.idles += 1;
        Ok(())
    }
    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        assert!(self.trailer.replace(trailer.clone()).is_none(), "end came twice");
        Ok(())
    }
}

impl Kept {
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.records.iter().map(|bytes| Event::split(bytes).expect("a kept record is whole").0)
    }

    /// Reasons of the `Lost` events.
    pub fn losses(&self) -> Vec<String> {
        self.events()
            .filter(|event| event.kind() == Some(Kind::Lost))
            .map(|event| String::from_utf8_lossy(event.text(text::MAIN).unwrap_or_default()).into_owned())
            .collect()
    }
}

pub fn header() -> Header {
    Header {
        version: "0.1.0".into(),
        engines: vec!["ptrace".into()],
        start: clock(1_000),
        argv: vec!["/bin/ls".into(), "-l".into()],
        tracer_pid: 77,
        ..Header::default()
    }
}

pub fn trailer() -> Trailer {
    Trailer {
        ended: EndedBy::Complete,
        root_status: Some(0x700),
        end: clock(9_000_000),
        stops: 42,
        ..Trailer::default()
    }
}

pub fn clock(at: u64) -> ClockTriple {
    ClockTriple { ticks: at, monotonic_ns: at, realtime_ns: 1_700_000_000_000_000_000 + at }
}

pub fn payload(arg: u8, shape: Shape, len: usize) -> PayloadHead {
    PayloadHead { arg, phase: 0, shape, status: 0, wanted: len as u64, addr: 0x7ffd_0000, path: 0 }
}

/// A finished call with this path behind argument 1.
pub fn call(task: u32, seq: u64, at: u64, path: &[u8]) -> Vec<u8> {
    let mut record = Record::default();
    record.begin_call(Via::Ptrace, 0, task, seq, at, 257, &[u64::MAX, 0x7ffd_0000, 0, 0, 0, 0], 0x401000, 0x7ffd_1000);
    record.payload(payload(1, Shape::Text, path.len()), path);
    record.finish_call(State::Done, at + 5, 3);
    record.add_flags(flag::TIMES_AT_STOP);
    record.bytes().to_vec()
}

/// The announcement of a call.
pub fn announced(task: u32, seq: u64, at: u64, path: &[u8]) -> Vec<u8> {
    let mut bytes = call(task, seq, at, path);
    bytes[5] = State::Open as u8;
    bytes[32..40].fill(0);
    bytes[96..104].fill(0);
    bytes
}

/// One event of every kind, every shape and every status, in an order that could have happened.
pub fn every_kind() -> Vec<Vec<u8>> {
    let mut out = vec![];
    let mut r = Record::default();
    let mut at = 2_000;
    let mut seq = 0;
    let mut begin = |r: &mut Record, kind: Kind, fixed: usize| {
        at += 10;
        r.begin(kind, fixed, 100, seq, at);
        seq += 1;
    };

    begin(&mut r, Kind::Born, 56);
    r.put_u8(36, BornHow::First as u8);
    r.put_u32(48, 100);
    r.text(text::MAIN, b"ls");
    r.text(text::EXE, b"/bin/ls");
    out.push(r.bytes().to_vec());
    begin(&mut r, Kind::Exec, 40);
    r.put_u32(32, 100);
    r.text(text::MAIN, b"/usr/bin/ls-with-a-long-name");
    for (i, arg) in [&b"ls"[..], b"--color=auto-and-long-enough"].iter().enumerate() {
        r.payload(PayloadHead { path: i as u32, ..payload(1, Shape::Element, arg.len()) }, arg);
    }
    out.push(r.bytes().to_vec());
    begin(&mut r, Kind::Signal, 176);
    r.put_u32(32, 17);
    r.put_bytes(48, &[9; 128]);
    out.push(r.bytes().to_vec());
    for (kind, fixed) in [
        (Kind::Stopped, 40),
        (Kind::Continued, 40),
        (Kind::Mapped, 80),
        (Kind::Tracepoint, 40),
        (Kind::Sample, 56),
        (Kind::Switch, 48),
        (Kind::Counter, 64),
        (Kind::Lost, 64),
        (Kind::Unseen, 40),
        (Kind::Engine, 40),
        (Kind::Limit, 48),
        (Kind::FileState, 72),
        (Kind::Named, 32),
    ] {
        begin(&mut r, kind, fixed);
        match kind {
            Kind::Tracepoint => {}
            Kind::Sample => r.put_u32(32, 16),
            Kind::Switch => r.put_u32(32, 8),
            Kind::Lost => r.put_u64(32, 3),
            _ if fixed > 32 => r.put_u32(32, 1),
            _ => {}
        }
        r.text(text::MAIN, format!("the text of {kind:?}, long enough to be kept once").as_bytes());
        out.push(r.bytes().to_vec());
    }
    begin(&mut r, Kind::Account, 40);
    let readings: Vec<Reading> =
        (1..20).map(|measure| Reading { measure, status: measure & 3, value: 1 << measure }).collect();
    let (seq_now, at_now) = (r.view().seq(), r.view().at());
    r.begin_account(100, seq_now, at_now, true, &readings);
    out.push(r.bytes().to_vec());
    for shape in [Shape::Bytes, Shape::Text, Shape::Vector, Shape::Element, Shape::Struct, Shape::Digest, Shape::Note] {
        begin(&mut r, Kind::Born, 56);
        let (seq, at) = (r.view().seq(), r.view().at());
        r.begin_call(Via::Seccomp, 1, 100, seq, at, u64::MAX, &[1, 2, 3, 4, 5, 6], 7, 8);
        let (page, beyond) = if shape == Shape::Bytes { (4096, 5000) } else { (40, 50) };
        for (status, len) in [
            (0, 0),
            (status::CLIPPED, 15),
            (status::FAULTED, 16),
            (status::READ_AFTER, page),
            (status::NOT_READ, beyond),
        ] {
            let content: Vec<u8> = (0..len).map(|i| (i as u8).wrapping_mul(31)).collect();
            r.payload(PayloadHead { status, path: 3, ..payload(ARG_NONE, shape, len * 2) }, &content);
        }
        r.finish_call(State::Done, at + 3, -2);
        out.push(r.bytes().to_vec());
    }
    begin(&mut r, Kind::Detached, 40);
    out.push(r.bytes().to_vec());
    begin(&mut r, Kind::Died, 48);
    r.put_u8(38, 1);
    r.put_u32(40, 100);
    out.push(r.bytes().to_vec());
    out
}

/// Records these batches into memory; the trailer only when `ended`.
pub fn recorded(batches: &[Vec<Vec<u8>>], ended: bool) -> Vec<u8> {
    let memory = Memory::default();
    let mut writer =
        Writer::stream(Box::new(memory.clone()), "memory", WriteOptions { run_id: Some([5; 16]), give_name: None });
    writer.begin(&header()).unwrap();
    for (i, batch) in batches.iter().enumerate() {
        // A second passes between two batches: each becomes a block.
        let clock = clock(1_000_000_000 * (i as u64 + 2));
        writer.events(&Batch { clock, bytes: &batch.concat() }).unwrap();
    }
    if ended {
        let end = clock(1_000_000_000 * (batches.len() as u64 + 2));
        writer.end(&Trailer { end, ..trailer() }).unwrap();
    }
    drop(writer);
    memory.bytes()
}

/// Reads it all.
pub fn read(file: &[u8]) -> (Read, Kept) {
    let mut kept = Kept::default();
    let recording = Recording::from_stream(Box::new(io::Cursor::new(file.to_vec())), "memory").expect("a recording");
    let read = recording.replay(&mut kept).expect("this sink never fails");
    (read, kept)
}

/// Offsets of the block headers of a whole file, and its length.
pub fn block_starts(file: &[u8]) -> Vec<usize> {
    let mut at = 64;
    let mut starts = vec![];
    while at + 32 <= file.len() {
        starts.push(at);
        let stored = u32::from_le_bytes(file[at + 16..at + 20].try_into().unwrap()) as usize;
        at += 32 + stored.next_multiple_of(8);
    }
    assert_eq!(at, file.len(), "blocks fill the file");
    starts.push(at);
    starts
}

/// Type of the block at an offset.
pub fn block_type(file: &[u8], at: usize) -> u8 {
    file[at + 4]
}

/// Puts the check of the block at `at` right after its bytes were changed.
pub fn reseal(file: &mut [u8], at: usize) {
    let stored = u32::from_le_bytes(file[at + 16..at + 20].try_into().unwrap()) as usize;
    file[at + 24..at + 32].fill(0);
    let check = xxhash_rust::xxh3::xxh3_64(&file[at..at + 32 + stored]);
    file[at + 24..at + 32].copy_from_slice(&check.to_le_bytes());
}
