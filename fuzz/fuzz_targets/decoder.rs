//! Registers and memory as hostile programs leave them, through every printer.
#![no_main]

mod printers;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use recording::event::{PayloadHead, Record, Shape, State, Via};
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};

#[derive(Debug, Arbitrary)]
struct Memory {
    arg: u8,
    phase: bool,
    shape: u8,
    status: u8,
    wanted: u64,
    path: u32,
    bytes: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
struct Entry {
    abi: u8,
    task: u8,
    at: u32,
    nr: u16,
    beyond: Option<u64>,
    args: [u64; 6],
    result: i64,
    state: u8,
    flags: u16,
    memory: Vec<Memory>,
}

#[derive(Debug)]
struct Run {
    verbose: bool,
    notes: u8,
    entries: Vec<Entry>,
}

impl<'a> Arbitrary<'a> for Run {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Run { verbose: u.arbitrary()?, notes: u.int_in_range(0..=2)?, entries: u.arbitrary()? })
    }
}

fn record(entry: &Entry, seq: u64) -> Record {
    let mut record = Record::default();
    let nr = entry.beyond.unwrap_or(u64::from(entry.nr % 480));
    let (task, at) = (u32::from(entry.task % 4), u64::from(entry.at));
    record.begin_call(Via::Ptrace, entry.abi % 6, task, seq, at, nr, &entry.args, 0, 0);
    if let Some(state) = State::from_raw(entry.state % 6).filter(|state| *state != State::Open) {
        record.finish_call(state, at + 1, entry.result);
    }
    record.add_flags(u32::from(entry.flags & 0x3ff));
    for memory in &entry.memory {
        let arg = memory.arg % 7;
        let head = PayloadHead {
            arg,
            phase: u8::from(memory.phase),
            shape: Shape::from_raw(memory.shape % 7).unwrap_or(Shape::Bytes),
            status: memory.status & 0xf,
            wanted: memory.wanted,
            addr: entry.args.get(usize::from(arg)).copied().unwrap_or(0),
            path: memory.path,
        };
        record.payload(head, &memory.bytes);
    }
    record
}

fuzz_target!(|run: Run| {
    printers::check(run.verbose, run.notes, |tee| {
        let header = Header { limits: Some(PayloadLimits::live()), ..Header::default() };
        tee.begin(&header).expect("memory takes it");
        for (seq, entry) in run.entries.iter().enumerate() {
            let record = record(entry, seq as u64);
            let batch = Batch { clock: ClockTriple::default(), bytes: record.bytes() };
            tee.events(&batch).expect("memory takes it");
        }
        tee.end(&Trailer::default()).expect("memory takes it");
    });
});
