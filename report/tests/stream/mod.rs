//! Streams made by hand, and what printers make of them.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use recording::event::{
    ARG_NONE, CALL, Frame, Kind, Mapped, PayloadHead, Record, SampleClock, Shape, State, Switch, TracepointSource, Via,
    flag, text,
};
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};
use report::Destination;

/// 2023-11-14 22:13:20 UTC.
pub const START_UNIX_NS: u64 = 1_700_000_000_000_000_000;
/// Ticks at the start.
pub const START: u64 = 5_000_000_000;

/// A run, event by event. Times are ns since its start.
pub struct Stream {
    pub header: Header,
    pub trailer: Trailer,
    records: Vec<Vec<u8>>,
    record: Record,
}

/// A call being made.
pub struct CallMaker<'s> {
    stream: &'s mut Stream,
    left: u64,
    result: i64,
}

impl Stream {
    pub fn new() -> Stream {
        let start = ClockTriple { ticks: START, monotonic_ns: START, realtime_ns: START_UNIX_NS };
        let header = Header {
            version: "0.1.0".into(),
            engines: vec!["ptrace".into()],
            start,
            follow: true,
            limits: Some(PayloadLimits::live()),
            tz: Some("UTC".into()),
            ..Header::default()
        };
        Stream { header, trailer: Trailer::default(), records: vec![], record: Record::with_capacity(1024) }
    }

    /// Begins a call; [`CallMaker::returns`] or another ending puts it into the stream.
    pub fn call(&mut self, task: u32, seq: u64, nr: u64, args: [u64; 6], entered: u64) -> CallMaker<'_> {
        self.call_in(0, task, seq, nr, args, entered)
    }

    pub fn call_in(&mut self, abi: u8, task: u32, seq: u64, nr: u64, args: [u64; 6], entered: u64) -> CallMaker<'_> {
        self.record.begin_call(Via::Ptrace, abi, task, seq, START + entered, nr, &args, 0x7f00_1234_5678, 0x7ffc_0000);
        CallMaker { stream: self, left: 0, result: 0 }
    }

    pub fn signal(&mut self, task: u32, seq: u64, at: u64, signo: u32, code: i32, words: &[u32]) {
        self.record.begin(Kind::Signal, 176, task, seq, START + at);
        self.record.put_u32(32, signo);
        self.record.put_u32(48, signo);
        self.record.put_u32(56, code as u32);
        for (i, word) in words.iter().enumerate() {
            self.record.put_u32(64 + 4 * i, *word);
        }
        self.push();
    }

    pub fn stopped(&mut self, task: u32, seq: u64, at: u64, signo: u32) {
        self.record.begin(Kind::Stopped, 40, task, seq, START + at);
        self.record.put_u32(32, signo);
        self.push();
    }

    /// `how` as in `recording::event::BornHow`.
    #[expect(clippy::too_many_arguments, reason = "a birth has this many facts")]
    pub fn born(&mut self, task: u32, at: u64, parent: u32, how: u8, process: u32, exe: &str, argv: &[&str]) {
        self.record.begin(Kind::Born, 56, task, 0, START + at);
        self.record.put_u32(32, parent);
        self.record.put_u8(36, how);
        self.record.put_u32(48, process);
        if !exe.is_empty() {
            self.record.text(text::EXE, exe.as_bytes());
        }
        for (i, word) in argv.iter().enumerate() {
            let head = PayloadHead {
                arg: 1,
                phase: 0,
                shape: Shape::Element,
                status: 0,
                wanted: word.len() as u64,
                addr: 0,
                path: i as u32,
            };
            self.record.payload(head, word.as_bytes());
        }
        self.push();
    }

    pub fn exec(&mut self, task: u32, seq: u64, at: u64, old: u32) {
        self.record.begin(Kind::Exec, 40, task, seq, START + at);
        self.record.put_u32(32, old);
        self.record.put_u32(36, task);
        self.push();
    }

    /// The last task of its process ends with this wait status.
    pub fn died(&mut self, task: u32, seq: u64, at: u64, status: u32) {
        self.died_of(task, seq, at, status, task, true);
    }

    pub fn died_of(&mut self, task: u32, seq: u64, at: u64, status: u32, process: u32, last: bool) {
        self.record.begin(Kind::Died, 48, task, seq, START + at);
        let killed = status & 0x7f != 0;
        self.record.put_u32(32, if killed { status & 0x7f } else { status >> 8 & 0xff });
        self.record.put_u8(36, u8::from(killed));
        self.record.put_u8(37, u8::from(status & 0x80 != 0));
        self.record.put_u8(38, u8::from(last));
        self.record.put_u32(40, process);
        self.record.put_u32(44, status);
        self.push();
    }

    pub fn detached(&mut self, task: u32, seq: u64, at: u64, reason: &str) {
        self.record.begin(Kind::Detached, 40, task, seq, START + at);
        self.record.text(text::MAIN, reason.as_bytes());
        self.push();
    }

    /// Any other record.
    pub fn other(&mut self, make: impl FnOnce(&mut Record)) {
        make(&mut self.record);
        self.push();
    }

    /// What a profile adds of a task: a mapping, a sample in it, a switch, two slots of tracepoints.
    pub fn profile(&mut self, task: u32, seq: u64, at: u64) {
        let at = START + at;
        let mapped = Mapped {
            number: 0,
            process: task,
            start: 0x1000,
            length: 0x1000,
            offset: 0,
            device: 0,
            inode: 0,
            path: b"/bin/a",
            build_id: &[1; 20],
        };
        self.record.mapped(at, &mapped);
        self.push();
        let frames = [Frame { address: 0x1004, mapping: 0 }];
        self.record.sample(task, task, at, SampleClock::Cpu, 1_000_000, true, frames.into_iter());
        self.push();
        self.record.switch(task, at, Switch { on: false, preempted: Some(true) });
        self.push();
        self.record.begin_tracepoint(task, seq, at, TracepointSource::Runtime, 2).fill(1);
        self.push();
    }

    fn push(&mut self) {
        self.records.push(self.record.bytes().to_vec());
    }

    fn clock(&self) -> ClockTriple {
        ClockTriple {
            ticks: START + 1_000_000_000,
            monotonic_ns: START + 1_000_000_000,
            realtime_ns: START_UNIX_NS + 1_000_000_000,
        }
    }

    /// All records, and the clock behind them.
    pub fn batch(&self) -> (Vec<u8>, ClockTriple) {
        (self.records.concat(), self.clock())
    }

    /// Gives all of it to a sink, in one batch.
    pub fn give(&self, sink: &mut dyn Sink) {
        sink.begin(&self.header).expect("begin");
        let bytes = self.records.concat();
        sink.events(&Batch { clock: self.clock(), bytes: &bytes }).expect("events");
        sink.end(&self.trailer).expect("end");
    }

    /// The same as a live engine would: batch by batch, asleep between them.
    pub fn give_live(&self, sink: &mut dyn Sink) {
        sink.begin(&self.header).expect("begin");
        for record in &self.records {
            sink.events(&Batch { clock: self.clock(), bytes: record }).expect("events");
            sink.idle().expect("idle");
        }
        sink.end(&self.trailer).expect("end");
    }

    /// What a printer prints, however the events come.
    #[track_caller]
    pub fn printed<S: Sink>(&self, make: impl Fn(Destination) -> S) -> String {
        let stored = self.bytes(&make, Stream::give);
        let live = self.bytes(&make, Stream::give_live);
        assert!(stored == live, "stored:\n{}\nlive:\n{}", lossy(&stored), lossy(&live));
        String::from_utf8(stored).expect("the output is UTF-8")
    }

    fn bytes<S: Sink>(&self, make: &impl Fn(Destination) -> S, give: impl Fn(&Stream, &mut dyn Sink)) -> Vec<u8> {
        let paper = Paper::default();
        give(self, &mut make(Destination::one(paper.clone(), "the test's paper")));
        paper.0.lock().expect("not poisoned").clone()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl CallMaker<'_> {
    /// The bytes behind an argument as they were before the call.
    pub fn before(self, arg: u8, shape: Shape, bytes: &[u8]) -> Self {
        self.memory(arg, 0, shape, bytes, bytes.len() as u64, 0)
    }

    /// The bytes behind an argument as they were after the call.
    pub fn after(self, arg: u8, shape: Shape, bytes: &[u8]) -> Self {
        self.memory(arg, 1, shape, bytes, bytes.len() as u64, 0)
    }

    pub fn element(self, arg: u8, path: u32, bytes: &[u8]) -> Self {
        self.part(arg, 0, Shape::Element, path, bytes)
    }

    /// What the memory behind an argument leads to.
    pub fn part(self, arg: u8, phase: u8, shape: Shape, path: u32, bytes: &[u8]) -> Self {
        let wanted = bytes.len() as u64;
        let head = PayloadHead { arg, phase, shape, status: 0, wanted, addr: 0x7000, path };
        self.stream.record.payload(head, bytes);
        self
    }

    /// A piece of data moved, of `wanted` bytes in all.
    pub fn piece(self, arg: u8, addr: u64, wanted: u64, status: u8, bytes: &[u8]) -> Self {
        let head = PayloadHead { arg, phase: 0, shape: Shape::Bytes, status, wanted, addr, path: 0 };
        self.stream.record.payload(head, bytes);
        self
    }

    pub fn memory(self, arg: u8, phase: u8, shape: Shape, bytes: &[u8], wanted: u64, status: u8) -> Self {
        let head = PayloadHead { arg, phase, shape, status, wanted, addr: 0x7000, path: 0 };
        self.stream.record.payload(head, bytes);
        self
    }

    /// Puts the announcement of the call into the stream as well.
    pub fn announced(self) -> Self {
        self.stream.push();
        self
    }

    pub fn flags(self, flags: u32) -> Self {
        self.stream.record.add_flags(flags);
        self
    }

    pub fn returns(mut self, left: u64, result: i64) {
        (self.left, self.result) = (left, result);
        self.stream.record.finish_call(State::Done, START + self.left, self.result);
        self.stream.push();
    }

    /// The task ended or was let go inside.
    pub fn never_returns(self) {
        self.stream.record.finish_call(State::Done, 0, 0);
        self.stream.record.add_flags(flag::NO_EXIT);
        self.stream.push();
    }
}

/// Where printers print.
#[derive(Clone, Default)]
pub struct Paper(pub Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Checks that the record sizes used here are those of the format.
const _: () = assert!(CALL == 128 && ARG_NONE == 6);
