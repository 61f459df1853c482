//! A scene: events are played one by one, and what the resolver tells of them is written down.

use recording::event::{
    ARG_NONE, BornHow, Kind, PayloadHead, Record, Shape, State, Via, content, flag, note, status, text,
};
use recording::resolve::{Consumer, Happened, MovedBytes, Object, ObjectId, Outcome, Resolved, Resolver, Tables};
use recording::session::{EndedBy, Header, OpenFd, Trailer};
use recording::{Batch, Sink};

pub const CWD: u64 = -100i64 as u64;
pub const O_CREAT: u64 = 0o100;
pub const O_EXCL: u64 = 0o200;
pub const O_WRONLY: u64 = 1;
pub const O_APPEND: u64 = 0o2_000;
pub const NONBLOCK: u64 = 0o4_000;
pub const CLOEXEC: u64 = 0o2_000_000;

/// One payload of a call.
pub struct Bytes(PayloadHead, Vec<u8>);

pub fn payload(arg: u8, phase: u8, shape: Shape, bytes: &[u8]) -> Bytes {
    let head = PayloadHead { arg, phase, shape, status: 0, wanted: bytes.len() as u64, addr: 1, path: 0 };
    Bytes(head, bytes.to_vec())
}

/// A path that the kernel read.
pub fn path(arg: u8, text: &str) -> Bytes {
    payload(arg, 0, Shape::Text, text.as_bytes())
}

/// Data that the kernel read, or a structure.
pub fn input(arg: u8, shape: Shape, bytes: &[u8]) -> Bytes {
    payload(arg, 0, shape, bytes)
}

/// Data that it wrote.
pub fn output(arg: u8, shape: Shape, bytes: &[u8]) -> Bytes {
    payload(arg, 1, shape, bytes)
}

impl Bytes {
    pub fn at(mut self, path: u32) -> Bytes {
        self.0.path = path;
        self
    }
    pub fn clipped(mut self) -> Bytes {
        self.0.status |= status::CLIPPED;
        self
    }
    pub fn of(mut self, wanted: u64) -> Bytes {
        self.0.wanted = wanted;
        self
    }
}

/// What the kernel says of a descriptor: link text, inode and mode (device 5).
pub fn noted(arg: u8, made: bool, fd: i32, link: &str, inode: u64, mode: u32) -> Vec<Bytes> {
    let phase = u8::from(made);
    let identity = [&5u64.to_le_bytes()[..], &inode.to_le_bytes(), &mode.to_le_bytes(), &[0; 4]].concat();
    let mut parts = vec![payload(arg, phase, Shape::Note, link.as_bytes()).at(note::LINK)];
    parts.push(payload(arg, phase, Shape::Note, &identity).at(note::IDENTITY));
    parts.iter_mut().for_each(|part| part.0.addr = u64::from(fd as u32));
    parts
}

/// `struct stat` of a file on device 5.
pub fn stat(inode: u64, mode: u32, size: u64) -> Vec<u8> {
    let mut stat = vec![0; 144];
    stat[0] = 5;
    stat[8..16].copy_from_slice(&inode.to_le_bytes());
    stat[24..28].copy_from_slice(&mode.to_le_bytes());
    stat[48..56].copy_from_slice(&size.to_le_bytes());
    stat
}

/// `struct sockaddr_in` of 127.0.0.1.
pub fn localhost(port: u16) -> Vec<u8> {
    [&2u16.to_le_bytes()[..], &port.to_be_bytes(), &[127, 0, 0, 1], &[0; 8]].concat()
}

pub fn unix(path: &str) -> Vec<u8> {
    [&1u16.to_le_bytes()[..], path.as_bytes(), &[0]].concat()
}

/// One call as it was told.
#[derive(Debug, Clone)]
pub struct Told {
    pub name: String,
    pub process: u32,
    pub thread: u32,
    pub outcome: Outcome,
    pub attempts: Vec<(u16, u32)>,
    /// Argument, element, object, path.
    pub about: Vec<(u8, u32, u32, Option<String>)>,
    /// Object, into it?, start, end.
    pub moved: Vec<(u32, bool, u64, u64)>,
    pub bytes: Vec<MovedBytes>,
}

impl Told {
    pub fn object(&self, arg: u8) -> u32 {
        self.about.iter().find(|about| about.0 == arg).unwrap_or_else(|| panic!("argument {arg} of {self:?}")).2
    }
}

/// Path, object, at the end?, bytes.
pub type File = (String, Option<u32>, bool, Option<Vec<u8>>);

#[derive(Debug, Default)]
pub struct Notebook {
    pub calls: Vec<Told>,
    pub happened: Vec<String>,
    pub gaps: Vec<String>,
    pub files: Vec<File>,
}

impl Consumer for Notebook {
    fn call(&mut self, _: &Tables, call: &Resolved<'_>) {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        self.calls.push(Told {
            name: call.name.to_string(),
            process: call.process.0,
            thread: call.thread.0,
            outcome: call.outcome,
            attempts: call.attempts.to_vec(),
            about: call.about.iter().map(|a| (a.arg, a.element, a.object.0, a.path.as_ref().map(text))).collect(),
            moved: call.moved.iter().map(|m| (m.object.0, m.into, m.start, m.end)).collect(),
            bytes: call.moved.iter().map(|m| m.bytes.clone()).collect(),
        });
    }

    fn happened(&mut self, _: &Tables, what: &Happened<'_>) {
        match what {
            Happened::Gap { why, .. } => self.gaps.push(why.clone()),
            Happened::File(state) => self.files.push((
                String::from_utf8_lossy(state.path).into_owned(),
                state.object.map(|object| object.0),
                state.at_end,
                state.bytes.as_deref().cloned(),
            )),
            other => self.happened.push(format!("{other:?}")),
        }
    }
}

pub struct Scene {
    record: Record,
    at: u64,
    resolver: Resolver<Notebook>,
    next_flags: u32,
}

pub fn open_fd(fd: i32, kind: &str, link: &str, inode: u64) -> OpenFd {
    OpenFd { fd, link: link.into(), kind: kind.into(), device: 5, inode, offset: None, flags: 2 }
}

/// Golden mode, in /home/me, with a pipe on 0 and one file on 1 and 2.
pub fn header() -> Header {
    let fds = [open_fd(0, "pipe", "pipe:[900]", 900), open_fd(1, "file", "/out", 901), open_fd(2, "file", "/out", 901)];
    Header {
        cwd: "/home/me".into(),
        umask: 0o22,
        follow: true,
        golden: true,
        open_fds: fds.to_vec(),
        ..Header::default()
    }
}

impl Scene {
    /// Task 10, which runs `/bin/x`.
    pub fn new() -> Scene {
        let mut scene = Scene::with(&header());
        scene.born(10, 1, BornHow::First, 10, 0);
        scene.exec(10, 10, "/bin/x", &["x", "y"]);
        scene.call(10, "execve", &[1, 1, 1], 0, vec![path(0, "/bin/x")]);
        scene
    }

    pub fn with(header: &Header) -> Scene {
        let resolver = Resolver::new(Notebook::default());
        let mut scene = Scene { record: Record::default(), at: 0, resolver, next_flags: 0 };
        scene.resolver.begin(header).unwrap();
        scene
    }

    pub fn play(&mut self) {
        let batch = Batch { clock: Default::default(), bytes: self.record.bytes() };
        self.resolver.events(&batch).unwrap();
    }

    pub fn begin(&mut self, kind: Kind, fixed: usize, task: u32) -> &mut Record {
        self.at += 100;
        self.record.begin(kind, fixed, task, 0, self.at);
        &mut self.record
    }

    /// Flags of the next call.
    pub fn flags(&mut self, flags: u32) -> &mut Scene {
        self.next_flags = flags;
        self
    }

    pub fn call(&mut self, task: u32, name: &str, args: &[u64], result: i64, payloads: Vec<Bytes>) {
        self.enter(task, name, args, &payloads);
        self.record.finish_call(State::Done, self.at + 40, result);
        self.play();
    }

    /// A call that never returns.
    pub fn stuck(&mut self, task: u32, name: &str, args: &[u64]) {
        self.enter(task, name, args, &[]);
        self.record.finish_call(State::Done, 0, 0);
        self.record.add_flags(flag::NO_EXIT);
        self.play();
    }

    pub fn announced(&mut self, task: u32, name: &str, args: &[u64]) {
        self.enter(task, name, args, &[]);
        self.play();
    }

    fn enter(&mut self, task: u32, name: &str, args: &[u64], payloads: &[Bytes]) {
        let mut words = [0; 6];
        words[..args.len()].copy_from_slice(args);
        let nr = (0..512)
            .find(|nr| syscalls::lookup(syscalls::Abi::X86_64, *nr).is_some_and(|row| row.name == name))
            .unwrap_or_else(|| panic!("no call is named {name}"));
        self.at += 100;
        self.record.begin_call(Via::Ptrace, 0, task, 0, self.at, nr, &words, 0, 0);
        self.record.add_flags(std::mem::take(&mut self.next_flags));
        payloads.iter().for_each(|payload| self.record.payload(payload.0, &payload.1));
    }

    pub fn open(&mut self, task: u32, name: &str, flags: u64, fd: i64) {
        self.call(task, "openat", &[CWD, 1, flags], fd, vec![path(1, name)]);
    }

    /// An open of which the kernel said what it found.
    pub fn open_noted(&mut self, task: u32, name: &str, flags: u64, fd: i64, link: &str, inode: u64) {
        let mut payloads = vec![path(1, name)];
        payloads.extend(noted(ARG_NONE, true, fd as i32, link, inode, 0o100_644));
        self.call(task, "openat", &[CWD, 1, flags], fd, payloads);
    }

    pub fn born(&mut self, task: u32, maker: u32, how: BornHow, process: u32, flags: u64) {
        let record = self.begin(Kind::Born, 56, task);
        record.put_u32(32, maker);
        record.put_u8(36, how as u8);
        record.put_u64(40, flags);
        record.put_u32(48, process);
        self.play();
    }

    pub fn fork(&mut self, maker: u32, child: u32) {
        self.born(child, maker, BornHow::Fork, child, 17);
    }

    pub fn thread(&mut self, maker: u32, task: u32, process: u32) {
        self.born(task, maker, BornHow::Thread, process, 0x3d0f00);
    }

    pub fn exec(&mut self, task: u32, old: u32, exe: &str, argv: &[&str]) {
        let record = self.begin(Kind::Exec, 40, task);
        record.put_u32(32, old);
        record.put_u32(36, task);
        record.text(text::MAIN, exe.as_bytes());
        for (element, word) in argv.iter().enumerate() {
            let word = payload(1, 0, Shape::Element, word.as_bytes()).at(element as u32);
            self.record.payload(word.0, &word.1);
        }
        self.play();
    }

    /// `status` as wait4 gives it, where the process ended with the task.
    pub fn died(&mut self, task: u32, process: u32, status: Option<u32>) {
        let record = self.begin(Kind::Died, 48, task);
        record.put_u8(38, u8::from(status.is_some()));
        record.put_u32(40, process);
        record.put_u32(44, status.unwrap_or(0));
        self.play();
    }

    pub fn signal(&mut self, task: u32, signo: u32) {
        self.begin(Kind::Signal, 176, task).put_u32(32, signo);
        self.play();
    }

    /// State of a regular file (device 5) with these bytes, at the end.
    pub fn file(&mut self, name: &str, inode: u64, bytes: &[u8], pieces: &[(u64, &[u8])], first: bool) {
        let record = self.begin(Kind::FileState, 72, 10);
        record.put_u64(32, 5);
        record.put_u64(40, inode);
        record.put_u64(48, bytes.len() as u64);
        record.put_u32(56, 0o100_644);
        record.put_u32(60, u32::from(inode != 0));
        record.put_u32(68, 1);
        record.text(text::MAIN, name.as_bytes());
        if first && inode != 0 {
            let body = [&(bytes.len() as u64).to_le_bytes()[..], blake3::hash(bytes).as_bytes()].concat();
            let digest = payload(ARG_NONE, 1, Shape::Digest, &body).at(content::DIGEST);
            self.record.payload(digest.0, &digest.1);
        }
        for (offset, piece) in pieces {
            let mut piece = payload(ARG_NONE, 1, Shape::Bytes, piece).at(content::BYTES);
            piece.0.addr = *offset;
            self.record.payload(piece.0, &piece.1);
        }
        self.play();
    }

    /// The last call so far.
    pub fn last(self) -> Told {
        self.end().0.calls.pop().expect("a call")
    }

    pub fn end(self) -> (Notebook, Tables) {
        self.end_by(EndedBy::Complete)
    }

    pub fn end_by(mut self, ended: EndedBy) -> (Notebook, Tables) {
        self.resolver.end(&Trailer { ended, ..Trailer::default() }).unwrap();
        self.resolver.finish()
    }

    pub fn tables(&self) -> &Tables {
        self.resolver.tables()
    }
}

pub fn object(tables: &Tables, id: u32) -> &Object {
    tables.object(ObjectId(id)).expect("an object")
}

/// Name of an object.
pub fn name(tables: &Tables, id: u32) -> String {
    String::from_utf8_lossy(&object(tables, id).name).into_owned()
}
