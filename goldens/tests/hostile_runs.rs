//! Random calls, words and payloads: a recording may come from anybody. Nothing may panic, the form of a run
//! does not depend on chance, and a run is the same as itself.

mod form_text;

use goldens::{Level, Observer, Options, Run, diff, forms};
use recording::event::{self, Kind, PayloadHead, Record, Shape, State, Via};
use recording::session::{ClockTriple, Header, Trailer};
use recording::{Batch, Sink};

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
            _ => self.below(5000),
        }
    }
    fn bytes(&mut self) -> Vec<u8> {
        let names = [
            "/a",
            "a/b",
            "../tmp.aB3dE9",
            "/lib/libz.so.1",
            "/usr/bin/cat",
            "",
            "/",
            "pipe:[1]",
            "/home/me/x $%{}\n",
            "TCP:[127.0.0.1:5000->127.0.0.1:80]",
            "1970-01-01 00:00:01 x",
        ];
        match self.below(3) {
            0 => names[self.below(names.len() as u64) as usize].into(),
            1 => (0..self.below(80)).map(|_| self.below(9) as u8).collect(),
            _ => (0..self.below(200)).map(|_| self.next() as u8).collect(),
        }
    }
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
    record.finish_call(State::Done, 5, result);
    payloads(random, record);
}

fn other(random: &mut Random, record: &mut Record, task: u32) {
    let kinds = [(Kind::Signal, 176), (Kind::Born, 56), (Kind::Exec, 40), (Kind::Died, 48), (Kind::FileState, 72)];
    let (kind, fixed) = kinds[random.below(kinds.len() as u64) as usize];
    record.begin(kind, fixed, task, 0, random.next());
    for word in (event::HEAD..fixed).step_by(4) {
        record.put_u32(word, random.below(9) as u32);
    }
    payloads(random, record);
}

fn run(seed: u64, level: Level) -> Run {
    let mut random = Random(seed * 0x9e37_79b9);
    let mut observer = Observer::new(&Options::at(level));
    let header = Header { cwd: "/home/me".into(), follow: true, golden: true, ..Header::default() };
    observer.begin(&header).unwrap();
    let mut record = Record::default();
    for _ in 0..4_000 {
        let task = random.below(6) as u32;
        if random.below(6) == 0 {
            other(&mut random, &mut record, task)
        } else {
            call(&mut random, &mut record, task)
        }
        let clock = ClockTriple { ticks: 1, monotonic_ns: 1, realtime_ns: random.below(u64::MAX) };
        observer.events(&Batch { clock, bytes: record.bytes() }).unwrap();
    }
    observer.end(&Trailer::default()).unwrap();
    observer.into_run()
}

#[test]
fn whatever_a_recording_holds_becomes_a_form_that_is_equal_to_itself() {
    for seed in 1..5 {
        for level in [Level::Protocol, Level::Exact] {
            let options = Options::at(level);
            let runs = [run(seed, level), run(seed, level)];
            let forms = forms(&[&runs[0], &runs[1]], None, &options);
            let texts: Vec<String> = forms.iter().map(|form| form_text::text(form, true)).collect();
            assert!(texts[0].lines().count() > 500, "the calls became steps");
            assert!(texts[0] == texts[1], "seed {seed}: one recording, two forms");
            if level > Level::Protocol {
                continue;
            }
            let found = diff(&forms[0], &forms[1], &options);
            assert!(found.findings.is_empty(), "seed {seed}: {:?}", found.findings.first());
        }
    }
}
