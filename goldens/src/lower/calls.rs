//! Calls of threads, for levels `calls` and `exact`: each call with its arguments by kind, not coalesced.

use recording::decode::{fields, number};
use recording::resolve::{Happened, Moved, Object, ObjectKind, Tables, ThreadId};
use syscalls::layout::{self, FieldKind, Layout};
use syscalls::{Arg, Dir, Kind, Returns};

use super::Lowering;
use super::scene::{AFTER, BEFORE, Scene};
use crate::form::Call;
use crate::run::RawCall;
use crate::run::raw::{Ended, MIXED, Placed, Raw};
use crate::run::stream::FileRange;
use crate::scrub;

/// What stands for the delivery of a signal among the calls of level `exact`.
const SIGNAL: &str = "signal";
/// Field that holds the number of a descriptor, at level `exact`.
const NUMBER: &str = "fd";

/// Field that says how an attempt failed, at level `exact`.
const ATTEMPT: &str = "attempt";
/// Field that holds a name as it was, where the canonical one has a hole, at level `exact`.
pub(crate) const AS_IT_WAS: &str = "name";

/// Does only level `exact` hold this call?
pub(crate) fn only_exact(call: &Call) -> bool {
    let attempt = |arg: &crate::model::Arg| matches!(arg, crate::model::Arg::Field(name, _) if &**name == ATTEMPT);
    &*call.name == SIGNAL || TIMING.contains(&&*call.name) || call.args.iter().any(attempt)
}

/// Does only level `exact` hold fields of this name?
pub(crate) fn only_exact_field(name: &str) -> bool {
    matches!(name, NUMBER | AS_IT_WAS)
}

/// Calls whose number says more about timing than about the program: facts at level `calls`.
const TIMING: &[&str] = &[
    "futex",
    "futex_time64",
    "futex_wait",
    "futex_wake",
    "futex_waitv",
    "futex_requeue",
    "sched_yield",
    "getcpu",
    "rt_sigreturn",
    "sigreturn",
    "restart_syscall",
    "membarrier",
];

/// glibc draws a word for its allocator, and one for a temporary name where the clock gave it bits of no use, which
/// is once in 23 names (`__gen_tempname`). The draws are counted as a fact.
fn is_draw_of_libc(scene: &Scene<'_>) -> bool {
    const GRND_NONBLOCK: u64 = 1;
    scene.call.name == "getrandom" && (scene.word(1), scene.word(2)) == (size_of::<u64>() as u64, GRND_NONBLOCK)
}

impl Lowering {
    /// Keeps a call of a thread.
    pub(super) fn keep(&mut self, scene: &Scene<'_>) {
        if is_draw_of_libc(scene) || (!self.keep_exact && TIMING.contains(&&*scene.call.name)) {
            return;
        }
        let args = self.call_args(scene);
        let result = self.call_result(scene);
        let call = RawCall { name: scene.call.name.clone(), args: args.into(), result };
        self.keep_call(scene.call.thread, scene.call.index, call);
    }

    /// At level `exact` a signal stands where it was delivered.
    pub(super) fn keep_signal(&mut self, tables: &Tables, what: &Happened<'_>) {
        if let Happened::Signal { thread, signo, index, .. } = what
            && self.keep_exact
            && tables.thread(*thread).is_some()
        {
            let name = Raw::Made(crate::facet::signal_name(*signo).into());
            let call = RawCall { name: SIGNAL.into(), args: Box::new([name]), result: Raw::Word("delivered") };
            self.keep_call(*thread, *index, call);
        }
    }

    /// At level `exact` an attempt stands where it was made.
    pub(super) fn keep_attempt(&mut self, what: &Happened<'_>) {
        if let Happened::Attempt { thread, name, object, errno, index } = what
            && self.keep_exact
            && !name.is_empty()
        {
            let how = syscalls::errno::errno(*errno).map_or_else(|| format!("E{errno}"), |errno| errno.name.into());
            let how = Raw::Field(ATTEMPT, Box::new(Raw::Made(how.into())));
            let args = object.map(Raw::Object).into_iter().chain([how]).collect();
            let call = RawCall { name: (*name).to_owned().into(), args, result: Raw::Word("again") };
            self.keep_call(*thread, *index, call);
        }
    }

    fn keep_call(&mut self, thread: ThreadId, event: u64, call: RawCall) {
        let next = self.run.calls.len() as u32;
        let number = match self.call_numbers.get(&call) {
            Some(number) => *number,
            None => {
                self.call_numbers.insert(call.clone(), next);
                self.run.calls.push(call);
                next
            }
        };
        let at = thread.0 as usize;
        if at >= self.run.threads.len() {
            self.run.threads.resize_with(at.saturating_add(1), Vec::new);
        }
        let placed = Placed { step: number, count: 1, thread: MIXED, first: event, last: event };
        let Some(calls) = self.run.threads.get_mut(at) else { return };
        // What waited for its outcome is told late, and stands where it was.
        let late = calls.iter().rev().take_while(|other| other.first > event).count();
        let place = calls.len() - late;
        match place.checked_sub(1).and_then(|before| calls.get_mut(before)) {
            Some(before) if before.step == number => {
                before.count = before.count.saturating_add(1);
                before.last = before.last.max(event);
            }
            _ => calls.insert(place, placed),
        }
    }

    fn call_args(&mut self, scene: &Scene<'_>) -> Vec<Raw> {
        let words = scene.call.event.call().map_or([0; 6], |call| call.args());
        let Some(row) = scene.call.row else { return Vec::new() };
        let mut out = Vec::with_capacity(6);
        for (at, (arg, word)) in row.args_for(&words).iter().zip(words).enumerate() {
            self.call_arg(scene, at as u8, arg, word, &mut out);
        }
        out
    }

    fn call_arg(&mut self, scene: &Scene<'_>, at: u8, arg: &Arg, word: u64, out: &mut Vec<Raw>) {
        match &arg.kind {
            Kind::Unused | Kind::HighHalf | Kind::Dev | Kind::Envp => {}
            Kind::Fd | Kind::DirFd => self.descriptor(scene, at, word, out),
            Kind::Path | Kind::Str => out.extend(scene.bytes(at, BEFORE).map(|text| self.name_as_given(text))),
            Kind::PathOut(_) => {
                out.extend(scene.bytes(at, AFTER).filter(|_| scene.worked()).map(|text| self.name_as_given(text)));
            }
            Kind::Argv => self.arguments(scene, at, out),
            Kind::Ptr | Kind::Address => out.push(self.address(scene, word)),
            Kind::Pid | Kind::Tid => out.push(relation(scene.tables, word as i32)),
            Kind::Bytes(..) | Kind::Iovec(..) | Kind::Msghdr(_) | Kind::Mmsghdr(..) => {
                self.buffer(scene, at, &arg.kind, out)
            }
            Kind::Struct(layout, dir, _) | Kind::Sized(layout, dir, _) => self.structure(scene, at, layout, *dir, out),
            Kind::SigSet(Dir::In, _) => out.extend(scene.bytes(at, BEFORE).map(signals)),
            Kind::Int | Kind::UInt | Kind::Long | Kind::ULong | Kind::Hex | Kind::LowHalf
                if is_chance(scene, arg.name) => {}
            Kind::OpenMode(flags) if !creates(scene.word(*flags)) => {}
            Kind::Flags(table) if std::ptr::eq(*table, &syscalls::names::MMAP_FLAGS) => out.push(map_flags(word)),
            Kind::Mode | Kind::OpenMode(_) => {
                out.extend(scrub::plain(&arg.kind, word).map(|raw| Raw::Field("mode", Box::new(raw))))
            }
            Kind::Int | Kind::UInt | Kind::Long | Kind::ULong | Kind::Hex | Kind::LowHalf => {
                let raw = scrub::plain(&arg.kind, word).unwrap_or(Raw::Number(word as i64));
                out.push(Raw::Field(arg.name, Box::new(raw)));
            }
            kind => out.extend(scrub::plain(kind, word)),
        }
    }

    fn descriptor(&mut self, scene: &Scene<'_>, at: u8, word: u64, out: &mut Vec<Raw>) {
        const AT_FDCWD: i32 = -100;
        match scene.call.about.iter().find(|about| about.arg == at && about.fd.is_some()) {
            Some(about) => out.push(Raw::Object(about.object)),
            None if word as i32 == AT_FDCWD => return out.push(Raw::Word("AT_FDCWD")),
            None => return out.push(Raw::Number(i64::from(word as i32))),
        }
        if self.keep_exact {
            out.push(Raw::Field(NUMBER, Box::new(Raw::Number(i64::from(word as i32)))));
        }
    }

    fn name_as_given(&mut self, text: &[u8]) -> Raw {
        if text.first() == Some(&b'/') { self.path(text) } else { self.text(text) }
    }

    fn arguments(&mut self, scene: &Scene<'_>, at: u8, out: &mut Vec<Raw>) {
        let elements =
            scene.call.event.payloads().filter(|payload| {
                payload.head.arg == at && matches!(payload.head.shape, recording::event::Shape::Element)
            });
        let texts: Vec<&[u8]> = elements.map(|payload| payload.bytes).collect();
        out.extend(texts.into_iter().map(|text| self.text(text)));
    }

    /// `NULL`, small numbers, the number of a mapping of the process, or `ADDR`.
    fn address(&mut self, scene: &Scene<'_>, word: u64) -> Raw {
        match word {
            0 => Raw::Word("NULL"),
            1..4096 => Raw::Number(word as i64),
            _ => match self.working(scene.process()).numbered.range(..=word).next_back() {
                Some((_, (end, number))) if word < *end => Raw::Made(format!("M{number}").into()),
                _ => Raw::Word("ADDR"),
            },
        }
    }

    /// Bytes that were moved as range and content; others as content alone.
    fn buffer(&mut self, scene: &Scene<'_>, at: u8, kind: &Kind, out: &mut Vec<Raw>) {
        if scene.call.name == "getrandom" {
            return out.push(Raw::Word("RANDOM"));
        }
        if let Some(moved) = scene.call.moved.first() {
            return out.extend(self.moved_range(scene, moved));
        }
        let dir = if let Kind::Bytes(dir, _) = kind { *dir } else { Dir::InOut };
        if let Some(bytes) = scene.bytes(at, BEFORE).filter(|_| dir == Dir::In) {
            out.push(Raw::Blob(self.run.names.id(bytes)));
        }
    }

    fn moved_range(&mut self, scene: &Scene<'_>, moved: &Moved) -> Option<Raw> {
        let row = scene.row(moved.object)?;
        if is_anything(row) {
            return Some(Raw::Anything);
        }
        if scrub::is_random(row) || matches!(row.kind, ObjectKind::Dev | ObjectKind::Anon) {
            return Some(Raw::Opaque(moved.end - moved.start.min(moved.end)));
        }
        if row.kind != ObjectKind::File {
            let (flow, start) = self.next_of_flow(scene, row, moved);
            return Some(Raw::Flow(flow, start, start.saturating_add(moved.end - moved.start.min(moved.end))));
        }
        let bytes = match &moved.bytes {
            recording::resolve::MovedBytes::Known(bytes) => Some(bytes.as_slice().into()),
            _ => None,
        };
        self.run.ranges.push(FileRange {
            object: moved.object,
            start: moved.start,
            end: moved.end,
            wrote: moved.into,
            single: true,
            event: scene.call.index,
            bytes,
        });
        Some(Raw::File(self.run.ranges.len().saturating_sub(1) as u32))
    }

    /// The fields that go in; of what comes out only modes and sizes of files and limits.
    fn structure(&mut self, scene: &Scene<'_>, at: u8, layout: &'static Layout, dir: Dir, out: &mut Vec<Raw>) {
        if dir == Dir::Out || std::ptr::eq(layout, &layout::POLLFD) {
            if std::ptr::eq(layout, &layout::STAT)
                && let Some(mode) = scene.bytes(at, AFTER).and_then(|bytes| number(layout, bytes, "st_mode"))
            {
                out.push(Raw::Field("st_mode", Box::new(Raw::Octal(mode as u32 & 0o177777))));
            }
            return;
        }
        let Some(bytes) = scene.bytes(at, BEFORE) else { return };
        for (field, value) in fields(layout, bytes) {
            let Some(value) = value.number() else { continue };
            let raw = match field.kind {
                FieldKind::Ptr if field.name == "sa_handler" => Raw::Word(handler(value)),
                FieldKind::Ptr | FieldKind::Dev | FieldKind::Fd | FieldKind::Hex => continue,
                FieldKind::Flags(names) => {
                    scrub::plain(&Kind::Flags(names), value).unwrap_or(Raw::Number(value as i64))
                }
                FieldKind::Enum(names) => scrub::plain(&Kind::Enum(names), value).unwrap_or(Raw::Number(value as i64)),
                FieldKind::Mode | FieldKind::Octal => Raw::Octal(value as u32),
                FieldKind::Signal => Raw::Made(crate::facet::signal_name(value as u32).into()),
                FieldKind::SigSet => signals(&value.to_le_bytes()),
                _ => Raw::Number(value as i64),
            };
            out.push(Raw::Field(field.name, Box::new(raw)));
        }
    }

    fn call_result(&mut self, scene: &Scene<'_>) -> Raw {
        let result = match scene.ended() {
            Ended::Failed(errno) => return Raw::Failed(errno),
            Ended::Unfinished => return Raw::Word("unfinished"),
            Ended::Well => scene.result().unwrap_or(0),
        };
        let words = scene.call.event.call().map_or([0; 6], |call| call.args());
        match scene.call.row.map_or(Returns::Int, |row| row.returns_for(&words)) {
            Returns::Fd => scene.call.made().map_or(Raw::Number(result), Raw::Object),
            Returns::Pid | Returns::PidWaited | Returns::PidNumber => relation(scene.tables, result as i32),
            Returns::Hex => self.new_address(scene, result as u64),
            Returns::Octal => Raw::Octal(result as u32),
            Returns::Ready | Returns::Never => Raw::Word("ok"),
            _ if result == 0 || told_elsewhere(scene) || is_unasserted(scene) => Raw::Word("ok"),
            _ => Raw::Number(result),
        }
    }

    /// A mapping gets the next number of its process.
    fn new_address(&mut self, scene: &Scene<'_>, start: u64) -> Raw {
        if !scene.call.name.starts_with("mmap") {
            return Raw::Word("ADDR");
        }
        let len = scene.word(1).max(1);
        let numbered = &mut self.working(scene.process()).numbered;
        let number = numbered.values().map(|(_, number)| number + 1).max().unwrap_or(1);
        numbered.retain(|from, (end, _)| *end <= start || *from >= start.saturating_add(len));
        numbered.insert(start, (start.saturating_add(len), number));
        Raw::Made(format!("M{number}").into())
    }
}

/// Were bytes moved that are not compared, and not even how many they are?
fn is_unasserted(scene: &Scene<'_>) -> bool {
    scene.call.moved.first().and_then(|moved| scene.row(moved.object)).is_some_and(is_anything)
}

/// Content of procfs and of sockets of the kernel shows the machine, not the program.
fn is_anything(row: &Object) -> bool {
    row.procfs || row.kind == ObjectKind::OtherSocket
}

/// Results that a range, a path or a set of names says already, or that are times.
fn told_elsewhere(scene: &Scene<'_>) -> bool {
    matches!(
        &*scene.call.name,
        "getcwd"
            | "readlink"
            | "readlinkat"
            | "getdents"
            | "getdents64"
            | "time"
            | "times"
            | "epoll_wait"
            | "epoll_pwait"
            | "epoll_pwait2"
            | "getpriority"
            | "inotify_add_watch"
            | "timer_create"
            | "shmget"
            | "semget"
            | "msgget"
    )
}

/// Lengths that follow from paths or from the layout of memory, sizes of buffers of the library.
fn is_chance(scene: &Scene<'_>, name: &str) -> bool {
    let memory = matches!(&*scene.call.name, "munmap" | "mprotect" | "madvise" | "mremap" | "brk");
    let anonymous = scene.call.name.starts_with("mmap") && scene.word(3) & 0x20 != 0;
    match name {
        "len" | "len_in" | "old_len" | "new_len" => memory || anonymous || maps_runtime_file(scene),
        "off" | "pgoff" => anonymous,
        "bufsiz" | "addrlen" | "addr_len" | "sigsetsize" | "wd" | "timer_id" | "val" | "val2" | "val3"
        | "mask_high" => true,
        "size" => scene.call.name == "getcwd",
        _ => false,
    }
}

/// The loader's cache grows with each library that somebody installs.
fn maps_runtime_file(scene: &Scene<'_>) -> bool {
    let object = |about: &recording::resolve::About| scene.tables.object(about.object);
    let mut objects = scene.call.about.iter().filter_map(object);
    scene.call.name.starts_with("mmap") && objects.any(|object| scrub::runtime_class(&object.name).is_some())
}

fn creates(flags: u64) -> bool {
    flags & super::flags::O_CREAT != 0 || flags & super::flags::O_TMPFILE == super::flags::O_TMPFILE
}

/// The low bits of `mmap` flags are a type, not flags.
fn map_flags(word: u64) -> Raw {
    let kind = ["MAP_FILE", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"].get((word & 0xf) as usize);
    let kind = kind.copied().unwrap_or("MAP_OTHER");
    match scrub::plain(&Kind::Flags(&syscalls::names::MMAP_FLAGS), word & !0xf) {
        Some(Raw::Made(flags)) => Raw::Made(format!("{kind}+{flags}").into()),
        _ => Raw::Word(kind),
    }
}

fn handler(value: u64) -> &'static str {
    match value {
        0 => "default",
        1 => "ignore",
        _ => "handler",
    }
}

fn signals(set: &[u8]) -> Raw {
    let mask = super::scene::u64_at(set, 0).unwrap_or(0);
    let names: Vec<String> =
        (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).map(crate::facet::signal_name).collect();
    match names.len() {
        0 => Raw::Word("none"),
        64 => Raw::Word("all"),
        _ => Raw::Made(names.join("+").into()),
    }
}

/// A process or thread by its place in the run; 0, -1 and 1 stay.
fn relation(tables: &Tables, id: i32) -> Raw {
    if (-1..=1).contains(&id) {
        return Raw::Number(i64::from(id));
    }
    let pid = id.unsigned_abs();
    let process = tables.processes.iter().rposition(|row| row.pid == pid || row.own_pid == pid);
    match process {
        Some(at) => Raw::Process(recording::resolve::ProcId(at as u32)),
        None => match tables.threads.iter().rposition(|row| row.tid == pid) {
            Some(at) => Raw::Thread(ThreadId(at as u32)),
            None => Raw::Word("{PID}"),
        },
    }
}
