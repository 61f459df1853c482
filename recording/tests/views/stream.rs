//! Short ways to the records of a stream.

use recording::event::{BornHow, Event, Kind, PayloadHead, Reading, Record, Shape, State, Via, text};

/// Makes records; each is 100 ns behind the one before.
#[derive(Default)]
pub struct Stream {
    record: Record,
    at: u64,
}

/// A record by itself.
pub struct One(Vec<u8>);

impl One {
    pub fn event(&self) -> Event<'_> {
        Event::split(&self.0).expect("a record").0
    }
}

impl Stream {
    fn begin(&mut self, kind: Kind, fixed: usize, task: u32) {
        self.at += 100;
        self.record.begin(kind, fixed, task, 0, self.at);
    }

    fn done(&self) -> One {
        One(self.record.bytes().to_vec())
    }

    pub fn born(&mut self, task: u32, parent: u32, how: BornHow, process: u32, flags: u64) -> One {
        self.begin(Kind::Born, 56, task);
        self.record.put_u32(32, parent);
        self.record.put_u8(36, how as u8);
        self.record.put_u64(40, flags);
        self.record.put_u32(48, process);
        self.done()
    }

    pub fn exec(&mut self, task: u32, old: u32, exe: &str, argv: &[&str]) -> One {
        self.begin(Kind::Exec, 40, task);
        self.record.put_u32(32, old);
        self.record.put_u32(36, task);
        self.record.text(text::MAIN, exe.as_bytes());
        self.record.text(text::COMM, exe.rsplit('/').next().unwrap().as_bytes());
        for (i, arg) in argv.iter().enumerate() {
            let head = head(1, Shape::Element, arg.len());
            self.record.payload(PayloadHead { path: i as u32, ..head }, arg.as_bytes());
        }
        self.done()
    }

    pub fn named(&mut self, task: u32, comm: &str) -> One {
        self.begin(Kind::Named, 32, task);
        self.record.text(text::MAIN, comm.as_bytes());
        self.done()
    }

    /// `status` as wait4 gives it; `last`: the process ended with this task.
    pub fn died(&mut self, task: u32, process: u32, last: bool, status: u32) -> One {
        self.begin(Kind::Died, 48, task);
        self.record.put_u8(38, u8::from(last));
        self.record.put_u32(40, process);
        self.record.put_u32(44, status);
        self.done()
    }

    pub fn account(&mut self, task: u32, process: bool, readings: &[Reading]) -> One {
        self.at += 100;
        self.record.begin_account(task, 0, self.at, process, readings);
        self.record.text(text::MAIN, b"no permission");
        self.done()
    }

    pub fn counter(&mut self, task: u32, measure: u16, value: u64) -> One {
        self.begin(Kind::Counter, 64, task);
        self.record.put_u32(32, u32::from(measure));
        self.record.put_u64(40, value);
        self.record.put_u64(48, 10);
        self.record.put_u64(56, 5);
        self.done()
    }

    /// A finished native call by name, 40 ns long.
    pub fn call(&mut self, task: u32, name: &str, args: &[u64], result: i64) -> One {
        self.with(task, name, args, result, &[])
    }

    /// And payloads: argument, shape, bytes.
    pub fn with(&mut self, task: u32, name: &str, args: &[u64], result: i64, payloads: &[(u8, Shape, &[u8])]) -> One {
        let mut words = [0; 6];
        words[..args.len()].copy_from_slice(args);
        self.at += 100;
        self.record.begin_call(Via::Ptrace, 0, task, 0, self.at, number(name), &words, 0, 0);
        for (arg, shape, bytes) in payloads {
            self.record.payload(head(*arg, *shape, bytes.len()), bytes);
        }
        self.record.finish_call(State::Done, self.at + 40, result);
        self.done()
    }

    /// A call with notes: argument, part, text.
    pub fn noted(&mut self, task: u32, name: &str, args: &[u64], result: i64, notes: &[(u8, u32, &[u8])]) -> One {
        let mut words = [0; 6];
        words[..args.len()].copy_from_slice(args);
        self.at += 100;
        self.record.begin_call(Via::Ptrace, 0, task, 0, self.at, number(name), &words, 0, 0);
        for (arg, path, text) in notes {
            self.record.payload(PayloadHead { path: *path, ..head(*arg, Shape::Note, text.len()) }, text);
        }
        self.record.finish_call(State::Done, self.at + 40, result);
        self.done()
    }

    /// The same call before it ended.
    pub fn announced(&mut self, task: u32, name: &str) -> One {
        let mut one = self.call(task, name, &[], 0);
        one.0[5] = State::Open as u8;
        one
    }
}

fn head(arg: u8, shape: Shape, len: usize) -> PayloadHead {
    PayloadHead { arg, phase: 0, shape, status: 0, wanted: len as u64, addr: 1, path: 0 }
}

fn number(name: &str) -> u64 {
    (0..512)
        .find(|nr| syscalls::lookup(syscalls::Abi::X86_64, *nr).is_some_and(|row| row.name == name))
        .unwrap_or_else(|| panic!("no call is named {name}"))
}
