//! strace text into raw events, as far as the samples need it: `strace -f -ttt -yy -v -s 65535`.
//!
//! In: the text of one run and its working directory. Out: header, events and trailer, pushed into a sink
//! as an engine would. What such text does not hold (the state of files, identities of descriptors that
//! nobody stats) is not made up.
#![allow(dead_code)] // Each test binary uses its part of it.

mod words;

use std::collections::{BTreeMap, HashMap};

use recording::event::{ARG_NONE, BornHow, Kind, PayloadHead, Record, Shape, State, Via, flag, note, text};
use recording::session::{ClockKind, ClockTriple, EndedBy, Header, OpenFd, Trailer};
use recording::{Batch, Sink};
use syscalls::{Abi, Dir, Kind as ArgKind, Returns, Syscall};
use words::{annotation, c_string, constant, fields, flags, number, split_top, strip_comments};

const CLONE_THREAD: u64 = 0x10000;
const AT_FDCWD: u64 = -100i64 as u64;

/// One run as strace wrote it.
pub struct Text<'a> {
    pub text: &'a str,
    pub cwd: &'a str,
    pub argv: Vec<String>,
}

/// Pushes the run into the sink.
pub fn replay(run: &Text<'_>, sink: &mut dyn Sink) {
    let lines = join(run.text);
    let mut writer = Writer::new(&lines);
    let start = lines.first().map_or(0, |line| line.entered);
    sink.begin(&header(run, start)).expect("a sink of tests takes everything");
    for line in &lines {
        writer.line(line);
    }
    let end = ClockTriple { ticks: writer.now, monotonic_ns: writer.now, realtime_ns: writer.now };
    sink.events(&Batch { clock: end, bytes: &writer.out }).expect("a sink of tests takes everything");
    let trailer = Trailer { ended: EndedBy::Complete, root_status: Some(0), end, ..Trailer::default() };
    sink.end(&trailer).expect("a sink of tests takes everything");
}

fn header(run: &Text<'_>, start: u64) -> Header {
    let std = |fd: i32, link: &str, kind: &str| OpenFd {
        fd,
        link: link.to_owned(),
        kind: kind.to_owned(),
        device: 0,
        inode: 0,
        offset: (fd != 0).then_some(0),
        flags: if fd == 0 { 0 } else { 1 },
    };
    Header {
        version: "strace 6.1".into(),
        engines: vec!["ptrace".into()],
        clock: ClockKind::Monotonic,
        start: ClockTriple { ticks: start, monotonic_ns: start, realtime_ns: start },
        kernel: "6.18.0".into(),
        machine: "x86_64".into(),
        follow: true,
        golden: true,
        argv: run.argv.clone(),
        cwd: run.cwd.to_owned(),
        umask: 0o022,
        open_fds: vec![
            std(0, "/dev/null", "char"),
            std(1, &format!("{}/.stdout", run.cwd), "file"),
            std(2, &format!("{}/.stderr", run.cwd), "file"),
        ],
        cpus: vec![0, 1],
        ..Header::default()
    }
}

/// A line with its unfinished half put back.
struct Line {
    task: u32,
    entered: u64,
    left: u64,
    what: String,
}

/// Joins `<unfinished ...>` and `resumed`; lines in order of completion.
fn join(text: &str) -> Vec<Line> {
    let mut open: HashMap<u32, (u64, String)> = HashMap::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let (task, rest) = line.split_once(' ').expect("a task");
        let (at, what) = rest.trim_start().split_once(' ').expect("a time");
        let (task, at) = (task.parse().expect("a number"), nanoseconds(at));
        if let Some(begun) = what.strip_suffix(" <unfinished ...>") {
            open.insert(task, (at, begun.trim_end().to_owned()));
        } else if what.starts_with("<... ") {
            let (entered, begun) = open.remove(&task).expect("it was begun");
            let (_, end) = what.split_once(" resumed>").expect("a resumed call");
            lines.push(Line { task, entered, left: at, what: format!("{begun}{end}") });
        } else {
            lines.push(Line { task, entered: at, left: at, what: what.to_owned() });
        }
    }
    lines
}

fn nanoseconds(at: &str) -> u64 {
    let (seconds, fraction) = at.split_once('.').expect("seconds with a fraction");
    seconds.parse::<u64>().expect("seconds") * 1_000_000_000 + fraction.parse::<u64>().expect("µs") * 1000
}

/// Who made a task, and is it a thread?
struct Birth {
    maker: u32,
    thread: bool,
}

struct Writer {
    out: Vec<u8>,
    now: u64,
    seqs: HashMap<u32, u64>,
    births: HashMap<u32, Birth>,
    /// Task to process.
    alive: BTreeMap<u32, u32>,
    /// How the leader of a process ended.
    leaders: HashMap<u32, u32>,
}

impl Writer {
    fn new(lines: &[Line]) -> Writer {
        let births = lines.iter().filter_map(birth).collect();
        Writer {
            out: Vec::new(),
            now: 0,
            seqs: HashMap::new(),
            births,
            alive: BTreeMap::new(),
            leaders: HashMap::new(),
        }
    }

    fn line(&mut self, line: &Line) {
        self.now = self.now.max(line.left);
        if !self.alive.contains_key(&line.task) {
            self.born(line);
        }
        if let Some(signal) = line.what.strip_prefix("--- ") {
            self.signal(line, signal);
        } else if let Some(end) = line.what.strip_prefix("+++ ") {
            self.died(line, end);
        } else {
            self.call(line);
        }
    }

    fn seq(&mut self, task: u32) -> u64 {
        let seq = self.seqs.entry(task).or_default();
        *seq += 1;
        *seq - 1
    }

    fn push(&mut self, record: &Record) {
        self.out.extend_from_slice(record.bytes());
    }

    fn born(&mut self, line: &Line) {
        let birth = self.births.get(&line.task);
        let maker = birth.map_or(0, |birth| birth.maker);
        let thread = birth.is_some_and(|birth| birth.thread);
        let how = match (birth, thread) {
            (None, _) => BornHow::First,
            (_, true) => BornHow::Thread,
            (_, false) => BornHow::Fork,
        };
        let process = if thread { self.alive.get(&maker).copied().unwrap_or(maker) } else { line.task };
        let mut record = Record::default();
        let seq = self.seq(line.task);
        record.begin(Kind::Born, 56, line.task, seq, line.entered);
        record.put_u32(32, maker);
        record.put_u8(36, how as u8);
        record.put_u64(40, if thread { 0x3d_0f00 } else { 17 });
        record.put_u32(48, process);
        record.put_u32(52, line.task);
        self.push(&record);
        self.alive.insert(line.task, process);
    }

    fn signal(&mut self, line: &Line, what: &str) {
        let (name, rest) = what.split_once(' ').expect("a signal and its siginfo");
        let signo = syscalls::signal::by_name(name).expect("a known signal");
        let fields = fields(rest.trim_end_matches(" ---"));
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mut info = [0u8; 128];
        info[..4].copy_from_slice(&signo.to_le_bytes());
        let code = match field("si_code") {
            Some("CLD_EXITED") => 1i32,
            Some("CLD_KILLED") => 2,
            _ => 0,
        };
        info[8..12].copy_from_slice(&code.to_le_bytes());
        let pid = field("si_pid").and_then(number).unwrap_or(0) as u32;
        info[16..20].copy_from_slice(&pid.to_le_bytes());
        let mut record = Record::default();
        let seq = self.seq(line.task);
        record.begin(Kind::Signal, 176, line.task, seq, line.entered);
        record.put_u32(32, signo);
        record.put_bytes(48, &info);
        self.push(&record);
    }

    fn died(&mut self, line: &Line, end: &str) {
        let process = self.alive.remove(&line.task).unwrap_or(line.task);
        let last = !self.alive.values().any(|other| *other == process);
        let killed = end.strip_prefix("killed by ").map(|rest| rest.split_whitespace().next().unwrap_or_default());
        let code = match killed {
            Some(name) => syscalls::signal::by_name(name).expect("a known signal"),
            None => {
                end.strip_prefix("exited with ").and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a code")
            }
        };
        let status = if killed.is_some() { code } else { code << 8 };
        if process == line.task {
            self.leaders.insert(process, status);
        }
        let mut record = Record::default();
        let seq = self.seq(line.task);
        record.begin(Kind::Died, 48, line.task, seq, line.entered);
        record.put_u32(32, code);
        record.put_u8(36, u8::from(killed.is_some()));
        record.put_u8(38, u8::from(last));
        record.put_u32(40, process);
        record.put_u32(44, self.leaders.get(&process).copied().unwrap_or(status));
        self.push(&record);
    }

    fn call(&mut self, line: &Line) {
        let call = Parsed::of(&line.what);
        if call.row.name == "execve" && call.result == Some(0) {
            self.exec(line, &call);
        }
        let mut record = Record::default();
        let seq = self.seq(line.task);
        record.begin_call(Via::Ptrace, Abi::X86_64 as u8, line.task, seq, line.entered, call.nr, &call.words, 0, 0);
        for (head, bytes) in &call.payloads {
            record.payload(*head, bytes);
        }
        match call.result {
            Some(result) => record.finish_call(State::Done, line.left.max(line.entered + 1), result),
            None => {
                record.finish_call(State::Done, 0, 0);
                record.add_flags(flag::NO_EXIT);
            }
        }
        self.push(&record);
    }

    fn exec(&mut self, line: &Line, call: &Parsed) {
        let mut record = Record::default();
        let seq = self.seq(line.task);
        record.begin(Kind::Exec, 40, line.task, seq, line.entered);
        record.put_u32(32, line.task);
        record.put_u32(36, line.task);
        let exe = call.payloads.iter().find(|(head, _)| head.arg == 0).map(|(_, bytes)| bytes.clone());
        record.text(text::MAIN, &exe.unwrap_or_default());
        for (head, bytes) in call.payloads.iter().filter(|(head, _)| head.arg > 0) {
            record.payload(*head, bytes);
        }
        self.push(&record);
    }
}

fn birth(line: &Line) -> Option<(u32, Birth)> {
    let name = line.what.split('(').next()?;
    if !matches!(name, "clone" | "clone3" | "fork" | "vfork") {
        return None;
    }
    let child = line.what.rsplit(" = ").next()?.trim().parse().ok()?;
    Some((child, Birth { maker: line.task, thread: line.what.contains("CLONE_THREAD") }))
}

/// One call, its words and what stands behind its pointers.
struct Parsed {
    row: &'static Syscall,
    nr: u64,
    words: [u64; 6],
    payloads: Vec<(PayloadHead, Vec<u8>)>,
    result: Option<i64>,
}

impl Parsed {
    fn of(line: &str) -> Parsed {
        let (name, rest) = line.split_once('(').expect("a call");
        let at = rest.rfind(") = ").or_else(|| rest.rfind(") ")).expect("a result");
        let (inside, result) = (&rest[..at], rest[at..].trim_start_matches(')').trim_start());
        let result = result.strip_prefix("= ").expect("a result").trim();
        let (nr, row) = syscalls::table(Abi::X86_64)
            .iter()
            .enumerate()
            .find_map(|(nr, row)| row.filter(|row| row.name == name).map(|row| (nr as u64, row)))
            .unwrap_or_else(|| panic!("{name} is no call"));
        let mut call = Parsed { row, nr, words: [0; 6], payloads: Vec::new(), result: None };
        call.result(result);
        let args = split_top(inside);
        if name == "clone" {
            call.clone_words(&args);
        } else {
            for (i, arg) in args.iter().enumerate().take(6) {
                call.argument(i, arg);
            }
        }
        call
    }

    fn clone_words(&mut self, args: &[&str]) {
        for arg in args {
            if let Some(value) = arg.strip_prefix("flags=") {
                self.words[0] = flags(value, &[]) | if value.contains("SIGCHLD") { 17 } else { 0 };
            }
        }
    }

    fn result(&mut self, text: &str) {
        let word = text.split(' ').next().unwrap_or_default();
        let (value, link) = annotation(word);
        self.result = match value {
            "?" => None,
            "-1" => {
                let errno = text.split(' ').nth(1).and_then(syscalls::errno::by_name).expect("an errno");
                Some(-i64::from(errno.number))
            }
            value if self.row.returns == Returns::Octal => i64::from_str_radix(value, 8).ok(),
            value => number(value),
        };
        if let (Some(link), Some(fd)) = (link, self.result) {
            self.note(ARG_NONE, 1, fd as i32, link);
        }
    }

    fn note(&mut self, arg: u8, phase: u8, fd: i32, link: &str) {
        let mut add = |part: u32, bytes: &[u8]| {
            let head = PayloadHead {
                arg,
                phase,
                shape: Shape::Note,
                status: 0,
                wanted: bytes.len() as u64,
                addr: u64::from(fd as u32),
                path: part,
            };
            self.payloads.push((head, bytes.to_vec()));
        };
        let (path, detail) = annotation(link);
        match path.split_once(":[") {
            Some(("TCP" | "UDP" | "UNIX-STREAM" | "UNIX-DGRAM", rest)) => {
                let inode = rest.split(['-', ']']).next().unwrap_or_default();
                add(note::LINK, format!("socket:[{}]", if inode.contains('.') { "0" } else { inode }).as_bytes());
                add(note::DETAIL, link.as_bytes());
            }
            _ => {
                add(note::LINK, path.as_bytes());
                if let Some(detail) = detail {
                    add(note::DETAIL, detail.as_bytes());
                }
            }
        }
    }

    fn bytes(&mut self, arg: usize, after: bool, shape: Shape, bytes: &[u8]) {
        self.words[arg] = 0x7fff_0000_0000 + 0x1000 * arg as u64;
        let head = PayloadHead {
            arg: arg as u8,
            phase: u8::from(after),
            shape,
            status: 0,
            wanted: bytes.len() as u64,
            addr: self.words[arg],
            path: 0,
        };
        self.payloads.push((head, bytes.to_vec()));
    }

    fn elements(&mut self, arg: usize, list: &str) {
        self.words[arg] = 0x7fff_0000_0000 + 0x1000 * arg as u64;
        let inside = list.trim_start_matches('[').trim_end_matches(']');
        for (i, element) in split_top(inside).iter().enumerate() {
            let head = PayloadHead {
                arg: arg as u8,
                phase: 0,
                shape: Shape::Element,
                status: 0,
                wanted: 0,
                addr: 0,
                path: i as u32,
            };
            self.payloads.push((head, c_string(element)));
        }
    }

    fn argument(&mut self, i: usize, arg: &str) {
        let kind = self.row.args_for(&self.words).get(i).map(|arg| arg.kind);
        let Some(kind) = kind else { return };
        if arg == "NULL" {
            return;
        }
        match kind {
            ArgKind::Fd | ArgKind::DirFd => {
                let (word, link) = annotation(arg);
                self.words[i] = if word == "AT_FDCWD" { AT_FDCWD } else { number(word).unwrap_or(-1) as u64 };
                if let Some(link) = link {
                    self.note(i as u8, 0, self.words[i] as i32, link);
                }
            }
            ArgKind::Path | ArgKind::Str => self.bytes(i, false, Shape::Text, &c_string(arg)),
            ArgKind::Bytes(dir, _) | ArgKind::Raw(dir, _) if arg.starts_with('"') => {
                self.bytes(i, dir == Dir::Out, Shape::Bytes, &c_string(arg));
            }
            ArgKind::Argv | ArgKind::Envp => self.elements(i, arg),
            ArgKind::Struct(layout, dir, _) if arg.starts_with('{') => {
                self.bytes(i, dir == Dir::Out, Shape::Struct, &words::structure(layout, arg));
            }
            ArgKind::Struct(layout, dir, _) if arg.starts_with("[{") => {
                let inside = arg.trim_start_matches('[').trim_end_matches(']');
                let all: Vec<u8> = split_top(inside).iter().flat_map(|one| words::structure(layout, one)).collect();
                self.bytes(i, dir == Dir::Out, Shape::Struct, &all);
            }
            ArgKind::Sized(layout, ..) if arg.starts_with('{') => {
                let given = arg.split(" => ").next().unwrap_or_default();
                self.bytes(i, false, Shape::Struct, &words::structure(layout, given));
            }
            ArgKind::Sockaddr(dir, _) if arg.starts_with('{') => {
                self.bytes(i, dir == Dir::Out, Shape::Struct, &words::address(arg));
            }
            ArgKind::WaitStatus => {
                let status = arg.rsplit("== ").next().and_then(|code| number(code.trim_end_matches(['}', ']'])));
                self.bytes(i, true, Shape::Struct, &((status.unwrap_or(0) as u32) << 8).to_le_bytes());
            }
            ArgKind::SigSet(..) if arg.starts_with('[') || arg.starts_with("~[") => {
                self.bytes(i, i == 2, Shape::Struct, &words::signal_set(arg).to_le_bytes());
            }
            ArgKind::CpuSet(..) => self.words[i] = 0x7fff_0000_0000,
            ArgKind::Mode | ArgKind::OpenMode(_) => self.words[i] = u64::from_str_radix(arg, 8).unwrap_or(0),
            ArgKind::Flags(names) => self.words[i] = flags(arg, &[names]),
            ArgKind::EnumFlags(low, high) => self.words[i] = flags(arg, &[low, high]),
            ArgKind::OpenFlags => self.words[i] = flags(arg, &[&syscalls::names::OPEN_FLAGS]),
            ArgKind::FutexOp => self.words[i] = flags(arg, &[]),
            _ => {
                let word = strip_comments(arg);
                self.words[i] = number(&word).or_else(|| constant(&word, &[])).unwrap_or(0) as u64;
            }
        }
    }
}

/// A run of the samples, or `None` where they are not.
pub fn sample(name: &str) -> Option<(String, String, Vec<String>)> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/equivalence");
    let text = std::fs::read_to_string(dir.join(format!("{name}.strace"))).ok()?;
    let meta = std::fs::read_to_string(dir.join(format!("{name}.meta.json"))).ok()?;
    let meta: serde_json::Value = serde_json::from_str(&meta).expect("its meta data is JSON");
    let argv = meta["argv"].as_array().expect("argv").iter().filter_map(|word| word.as_str()).map(String::from);
    Some((text, meta["cwd"].as_str().expect("cwd").to_owned(), argv.collect()))
}
