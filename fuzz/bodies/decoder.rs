//! Registers and memory as hostile programs leave them, through every printer.

use recording::event::{PayloadHead, Record, Shape, State, Via, note};
use recording::session::{ClockTriple, Header, PayloadLimits, Trailer};
use recording::{Batch, Sink};

use super::printers;

/// Bytes that are taken for numbers, as long as there are any.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn number<const N: usize>(&mut self) -> u64 {
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn byte(&mut self) -> u8 {
        self.number::<1>() as u8
    }

    fn bytes(&mut self) -> &[u8] {
        let count = usize::from(self.byte());
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// Requests of `ioctl` that lead to structures with a form of their own; chance would hardly meet one.
const REQUESTS: [u64; 12] = [
    0x4c02,
    0x4c04,
    0x4c0a,
    0x5401,
    0x8912,
    0x8913,
    0xc018_aa3f,
    0xc020_660b,
    0xc020_aa00,
    0xc020_aa04,
    0xc020_aa07,
    0xc028_aa03,
];

/// One call, with the memory behind its words.
fn record(source: &mut Source<'_>, seq: u64) -> Record {
    let mut record = Record::default();
    let nr = match source.byte() {
        0 => source.number::<8>(),
        _ => source.number::<2>() % 480,
    };
    let (abi, task, at) = (source.byte() % 6, u32::from(source.byte() % 4), source.number::<4>());
    let mut args: [u64; 6] = std::array::from_fn(|_| match source.byte() % 4 {
        0 => source.number::<8>(),
        1 => source.number::<4>(),
        2 => source.number::<1>(),
        _ => u64::MAX - source.number::<1>(),
    });
    if nr == 16 {
        args[1] = REQUESTS[usize::from(source.byte()) % REQUESTS.len()];
    }
    record.begin_call(Via::Ptrace, abi, task, seq, at, nr, &args, 0, 0);
    if let Some(state) = State::from_raw(source.byte() % 6).filter(|state| *state != State::Open) {
        let result = source.number::<8>() as i64;
        record.finish_call(state, at + 1, result);
    }
    record.add_flags(source.number::<2>() as u32 & 0x3ff);
    // What a netlink socket moves is told as messages.
    if source.byte().is_multiple_of(4) {
        let head =
            PayloadHead { arg: 0, phase: 0, shape: Shape::Note, status: 0, wanted: 0, addr: 0, path: note::DETAIL };
        record.payload(head, &[note::NETLINK, b"ROUTE:7]"].concat());
    }
    for _ in 0..source.byte() % 8 {
        let arg = source.byte() % 7;
        let head = PayloadHead {
            arg,
            phase: source.byte() % 2,
            shape: Shape::from_raw(source.byte() % 7).unwrap_or(Shape::Bytes),
            status: source.byte() & 0xf,
            wanted: source.number::<8>(),
            addr: args.get(usize::from(arg)).copied().unwrap_or(0),
            // The beginning, what one of its first fields leads to, or anything.
            path: match source.byte() % 3 {
                0 => 0,
                1 => u32::from(source.byte() % 16) << 16,
                _ => source.number::<4>() as u32,
            },
        };
        record.payload(head, source.bytes());
    }
    record
}

/// Prints the calls that these bytes make.
pub fn check(bytes: &[u8]) {
    let mut source = Source(bytes);
    let (verbose, notes) = (source.byte() % 2 == 1, source.byte() % 3);
    printers::check(verbose, notes, |tee| {
        let header = Header { limits: Some(PayloadLimits::live()), ..Header::default() };
        tee.begin(&header).expect("memory takes it");
        for seq in 0.. {
            if source.0.is_empty() {
                break;
            }
            let record = record(&mut source, seq);
            let batch = Batch { clock: ClockTriple::default(), bytes: record.bytes() };
            tee.events(&batch).expect("memory takes it");
        }
        tee.end(&Trailer::default()).expect("memory takes it");
    });
}
