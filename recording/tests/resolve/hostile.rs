//! Random numbers, words and payloads: a recording may come from anybody. Nothing may panic, and what is
//! told is about rows that exist.

use recording::event::{self, Kind, PayloadHead, Record, Shape, State, Via};
use recording::resolve::{Consumer, Happened, Resolved, Resolver, Tables};
use recording::session::Trailer;
use recording::{Batch, Sink};

use crate::scene::header;

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
    fn word(&mut self) -> u64 {
        match self.below(6) {
            0 => self.below(8),
            1 => u64::MAX - self.below(4),
            2 => 1 << self.below(64),
            3 => u64::from(-100i32 as u32),
            4 => 0xffff_ffff & self.next(),
            _ => self.next(),
        }
    }
    fn bytes(&mut self) -> Vec<u8> {
        let names = ["/a", "a/b", "../a", "/proc/self/fd/3", "/a/../b", "", "/", "pipe:[1]", "/a (deleted)"];
        match self.below(3) {
            0 => names[self.below(names.len() as u64) as usize].into(),
            1 => (0..self.below(80)).map(|_| self.below(9) as u8).collect(),
            _ => (0..self.below(200)).map(|_| self.next() as u8).collect(),
        }
    }
}

#[derive(Default)]
struct Check(u64);

impl Consumer for Check {
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>) {
        self.0 += 1;
        assert!(tables.process(call.process).is_some() && tables.thread(call.thread).is_some());
        for about in call.about {
            assert!(tables.object(about.object).is_some());
            assert!(about.description.is_none_or(|id| tables.description(id).is_some()));
        }
        assert!(call.moved.iter().all(|moved| moved.start <= moved.end && tables.object(moved.object).is_some()));
    }
    fn happened(&mut self, _: &Tables, _: &Happened<'_>) {}
}

fn payloads(random: &mut Random, record: &mut Record) {
    for _ in 0..random.below(5) {
        let bytes = random.bytes();
        let head = PayloadHead {
            arg: random.below(7) as u8,
            phase: random.below(2) as u8,
            shape: Shape::from_raw(random.below(7) as u8).unwrap(),
            status: if random.below(4) == 0 { random.below(16) as u8 } else { 0 },
            wanted: random.word(),
            addr: random.word(),
            path: if random.below(2) == 0 { random.below(16) as u32 } else { random.word() as u32 },
        };
        record.payload(head, &bytes);
    }
}

fn call(random: &mut Random, record: &mut Record, task: u32) {
    let args: [u64; 6] = std::array::from_fn(|_| random.word());
    let nr = if random.below(10) == 0 { random.word() } else { random.below(480) };
    let abi = [0, 0, 0, 0, 1, 2, 3, 4, 9][random.below(9) as usize];
    record.begin_call(Via::Ptrace, abi, task, 0, random.next(), nr, &args, 0, 0);
    let result = match random.below(4) {
        0 => -(random.below(600) as i64),
        1 => random.word() as i64,
        _ => random.below(9) as i64,
    };
    record.finish_call(if random.below(20) == 0 { State::Open } else { State::Done }, 5, result);
    record.add_flags(if random.below(6) == 0 { random.below(1 << 10) as u32 } else { 0 });
    payloads(random, record);
}

fn other(random: &mut Random, record: &mut Record, task: u32) {
    let (kind, fixed) = [
        (Kind::Signal, 176),
        (Kind::Born, 56),
        (Kind::Exec, 40),
        (Kind::Died, 48),
        (Kind::Detached, 40),
        (Kind::Lost, 64),
        (Kind::Unseen, 40),
        (Kind::Limit, 48),
        (Kind::FileState, 72),
        (Kind::Named, 32),
    ][random.below(10) as usize];
    record.begin(kind, fixed, task, 0, random.next());
    for word in (event::HEAD..fixed).step_by(4) {
        record.put_u32(word, random.word() as u32);
    }
    payloads(random, record);
}

#[test]
fn nothing_panics_on_anything() {
    for seed in 1..9 {
        let mut random = Random(seed * 0x9e37_79b9);
        let mut resolver = Resolver::new(Check::default());
        resolver.begin(&header()).unwrap();
        let mut record = Record::default();
        for _ in 0..20_000 {
            let task = random.below(6) as u32;
            if random.below(5) == 0 {
                other(&mut random, &mut record, task)
            } else {
                call(&mut random, &mut record, task)
            }
            resolver.events(&Batch { clock: Default::default(), bytes: record.bytes() }).unwrap();
        }
        resolver.end(&Trailer::default()).unwrap();
        assert!(resolver.finish().0.0 > 10_000, "the calls were told");
    }
}
