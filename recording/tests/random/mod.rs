//! Random records: a target may hand the kernel anything, and a recording may come from anybody. The tests of
//! whoever reads events take them from here.
//!
//! Lengths and kinds are right, as a reader of files hands them on; all that stands in them is not.

use recording::event::{self, Kind, PayloadHead, Record, Shape, State, Via};

/// A small generator with a seed: a failure can be repeated.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// Words as hostile programs choose them: small, all ones, sign bits, anything.
    pub fn word(&mut self) -> u64 {
        match self.below(7) {
            0 => self.below(8),
            1 => u64::MAX - self.below(4),
            2 => 1 << self.below(64),
            3 => u64::from(-100i32 as u32),
            4 => 0xffff_ffff & self.next(),
            5 => self.below(5000),
            _ => self.next(),
        }
    }

    /// Names, numbers and noise; now and then a page of it.
    fn bytes(&mut self) -> Vec<u8> {
        match self.below(8) {
            0..=2 => self.one_of(NAMES).into(),
            3..=4 => (0..self.below(80)).map(|_| self.below(9) as u8).collect(),
            5..=6 => (0..self.below(200)).map(|_| self.next() as u8).collect(),
            _ => (0..self.below(4096)).map(|_| self.next() as u8).collect(),
        }
    }
}

/// What the bytes behind a pointer, or a note of the kernel, may say.
const NAMES: &[&str] = &[
    "",
    "/",
    "/a",
    "a/b",
    "../tmp.aB3dE9",
    "/a/../b",
    "/a (deleted)",
    "/proc/self/fd/3",
    "/lib/libz.so.1",
    "/usr/bin/cat",
    "/home/me/x $%{}\n",
    "pipe:[1]",
    "TCP:[127.0.0.1:5000->127.0.0.1:80]",
    "1970-01-01 00:00:01 x",
    "\u{1b}[31m</script>",
];

/// Kinds of events that are no calls, and the length of their fixed part.
const OTHERS: &[(Kind, usize)] = &[
    (Kind::Signal, 176),
    (Kind::Stopped, 40),
    (Kind::Continued, 40),
    (Kind::Born, 56),
    (Kind::Exec, 40),
    (Kind::Died, 48),
    (Kind::Detached, 40),
    (Kind::Mapped, 80),
    (Kind::Counter, 64),
    (Kind::Lost, 64),
    (Kind::Unseen, 40),
    (Kind::Engine, 40),
    (Kind::Limit, 48),
    (Kind::FileState, 72),
    (Kind::Named, 32),
];

/// Fills `record` with the next record; `others` of a hundred are no calls.
pub fn fill(record: &mut Record, random: &mut Random, others: u64) {
    let task = random.below(6) as u32 * 7;
    let at = random.word() >> random.below(40);
    if random.below(100) < others { other(record, random, task, at) } else { call(record, random, task, at) }
}

fn call(record: &mut Record, random: &mut Random, task: u32, at: u64) {
    let args: [u64; 6] = std::array::from_fn(|_| random.word());
    let nr = if random.below(10) == 0 { random.word() } else { random.below(480) };
    let abi = random.one_of(&[0, 0, 0, 0, 1, 2, 3, 4, 9]);
    record.begin_call(Via::Ptrace, abi, task, random.next(), at, nr, &args, random.next(), random.next());
    if random.below(20) > 0 {
        let state = if random.below(50) == 0 { State::Abandoned } else { State::Done };
        let result = match random.below(4) {
            0 => -(random.below(600) as i64),
            1 => random.word() as i64,
            _ => random.below(9) as i64,
        };
        record.finish_call(state, at.wrapping_add(random.below(5000)), result);
    }
    record.add_flags(if random.below(8) == 0 { random.below(1 << 10) as u32 } else { 0 });
    payloads(record, random, &args);
}

/// Any other kind, with words as they come behind a right length.
fn other(record: &mut Record, random: &mut Random, task: u32, at: u64) {
    let (kind, fixed) = random.one_of(OTHERS);
    record.begin(kind, fixed, task, random.next(), at);
    // Small ones, so that tasks and how they were made are often those that there are.
    let small = random.below(2) == 0;
    for word in (event::HEAD..fixed).step_by(4) {
        let value = if small { random.below(9) * 7 } else { random.word() };
        record.put_u32(word, value as u32);
    }
    payloads(record, random, &[0; 6]);
}

fn payloads(record: &mut Record, random: &mut Random, args: &[u64; 6]) {
    for _ in 0..random.below(5) {
        let bytes = random.bytes();
        let arg = random.below(7) as u8;
        let of_arg = args.get(usize::from(arg)).copied().unwrap_or(0);
        let head = PayloadHead {
            arg,
            phase: random.below(2) as u8,
            shape: Shape::from_raw(random.below(7) as u8).expect("there are seven"),
            status: if random.below(3) == 0 { random.below(16) as u8 } else { 0 },
            wanted: if random.below(2) == 0 { bytes.len() as u64 } else { random.word() },
            addr: if random.below(2) == 0 { of_arg } else { random.word() },
            path: if random.below(2) == 0 { random.below(16) as u32 } else { random.word() as u32 },
        };
        record.payload(head, &bytes);
    }
}
