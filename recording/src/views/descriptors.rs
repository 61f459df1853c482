//! Descriptors: what each descriptor of a task stands for, and where its relative paths begin.
//!
//! Where a recording holds notes (what the kernel itself said of a descriptor) these are taken;
//! between them the calls say what was opened, duplicated, closed, inherited and dropped. Paths are
//! joined by their text: symbolic links on the way are not known here.

use syscalls::{Abi, Kind as ArgKind, Returns};

use super::numbers::NumberMap;
use super::shared::Shared;
use crate::event::{ARG_NONE, BornHow, Call, Event, Kind, Payload, Shape, note};
use crate::plan::{Act, CLOEXEC, Plans};
use crate::session::Header;

const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const AT_FDCWD: i32 = -100;
const FD_CLOEXEC: u64 = 1;
const MFD_CLOEXEC: u64 = 1;
const F_DUPFD: u64 = 0;
const F_SETFD: u64 = 2;
const F_DUPFD_CLOEXEC: u64 = 1030;
const CLOSE_RANGE_UNSHARE: u64 = 2;
const CLOSE_RANGE_CLOEXEC: u64 = 4;
/// Descriptors of one table that are kept: a target may have a million, but not of our memory.
const MOST: usize = 65_536;

/// One descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Descriptor {
    /// Path, or what the kernel calls it; `None` when it is open and nothing more is known.
    link: Option<Vec<u8>>,
    cloexec: bool,
}

type Table = NumberMap<i32, Descriptor>;

/// The descriptors of all tasks.
#[derive(Debug)]
pub struct Descriptors {
    tables: Shared<Table>,
    directories: Shared<Vec<u8>>,
    /// What the root began with.
    first: Table,
    first_directory: Vec<u8>,
    plans: Plans,
}

impl Descriptors {
    /// As the session's header says.
    pub fn new(header: &Header) -> Descriptors {
        let first = header.open_fds.iter().map(|open| {
            let known = Descriptor { link: Some(open.link.clone().into_bytes()), cloexec: false };
            (open.fd, known)
        });
        Descriptors {
            tables: Shared::default(),
            directories: Shared::default(),
            first: first.collect(),
            first_directory: header.cwd.clone().into_bytes(),
            plans: Plans::default(),
        }
    }

    /// What a descriptor of a task stands for, after the events so far.
    pub fn link(&self, task: u32, fd: i32) -> Option<&[u8]> {
        self.tables.get(task)?.get(&fd)?.link.as_deref()
    }

    /// The working directory of a task.
    pub fn directory(&self, task: u32) -> Option<&[u8]> {
        self.directories.get(task).map(Vec::as_slice).filter(|path| !path.is_empty())
    }

    /// A path as this task means it: absolute where that can be said.
    pub fn resolve(&self, task: u32, dir: i32, path: &[u8]) -> Vec<u8> {
        if path.starts_with(b"/") {
            return tidy(path);
        }
        let base = if dir == AT_FDCWD { self.directory(task) } else { self.link(task, dir) };
        match base {
            Some(base) if base.starts_with(b"/") => tidy(&[base, b"/", path].concat()),
            _ => path.to_vec(),
        }
    }

    /// Takes an event. A printer that shows descriptors of a call asks before it gives the call to us
    /// (a close forgets), but for the descriptor that the call returns.
    pub fn observe(&mut self, event: &Event<'_>) {
        let task = event.task();
        match event.kind() {
            Some(Kind::Call) if !event.is_announcement() => {
                if let Some(call) = event.call() {
                    self.call(task, &call);
                }
            }
            Some(Kind::Born) => self.born(event),
            Some(Kind::Exec) => {
                let old = event.u32(32);
                if old != task && old != 0 {
                    self.tables.rename(old, task);
                    self.directories.rename(old, task);
                }
                self.tables.unshare(task);
                self.tables.get_mut(task).retain(|_, known| !known.cloexec);
            }
            Some(Kind::Died) => {
                self.tables.drop(task);
                self.directories.drop(task);
            }
            _ => {}
        }
    }

    fn born(&mut self, event: &Event<'_>) {
        let (task, maker, flags) = (event.task(), event.u32(32), event.u64(40));
        match BornHow::from_raw(event.u8(36)) {
            Some(BornHow::First) => {
                self.tables.set(task, self.first.clone());
                self.directories.set(task, self.first_directory.clone());
            }
            Some(BornHow::Attached) | None => {}
            Some(how) => {
                let thread = how == BornHow::Thread;
                self.tables.inherit(maker, task, thread || flags & CLONE_FILES != 0);
                self.directories.inherit(maker, task, thread || flags & CLONE_FS != 0);
            }
        }
    }

    fn call(&mut self, task: u32, call: &Call<'_>) {
        if !call.entered() {
            return;
        }
        self.note(task, call, false);
        if call.returned() && call.errno().is_none() {
            self.act(task, call);
            self.note(task, call, true);
        }
    }

    fn act(&mut self, task: u32, call: &Call<'_>) {
        let args = call.args();
        let word = |at: u8| args.get(usize::from(at)).copied().unwrap_or(0);
        let has = |at: Option<u8>, bit: u64| at.is_some_and(|at| word(at) & bit != 0);
        let made = call.result() as i32;
        let plan = self.plans.of(call.event.abi(), call.nr());
        match plan.act {
            Act::Open { path, flags } => {
                let cloexec = if flags.is_none() { how_of(call) & CLOEXEC != 0 } else { has(flags, CLOEXEC) };
                // The directory stands before the name, where there is one.
                let dir = path.checked_sub(1).map_or(AT_FDCWD, |dir| word(dir) as i32);
                self.opened(task, call, dir, path, cloexec);
            }
            Act::Make { flags, cloexec, .. } if plan.makes(&args) => {
                let cloexec = if flags.is_some() { has(flags, cloexec) } else { cloexec != 0 };
                self.put(task, made, Descriptor { link: None, cloexec });
            }
            Act::Memfd => self.put(task, made, Descriptor { link: None, cloexec: word(1) & MFD_CLOEXEC != 0 }),
            Act::Socket => self.put(task, made, Descriptor { link: None, cloexec: word(1) & CLOEXEC != 0 }),
            Act::Accept { flags } => self.put(task, made, Descriptor { link: None, cloexec: has(flags, CLOEXEC) }),
            Act::PidfdOpen | Act::PidfdGetfd => self.put(task, made, Descriptor { link: None, cloexec: true }),
            Act::Pair { at, flags } => {
                let written = call.payloads_of(at).filter(|payload| payload.head.shape != Shape::Note).last();
                let pair = written.map(|pair| pair.bytes).unwrap_or_default();
                for fd in pair.as_chunks().0.iter().take(2) {
                    let known = Descriptor { link: None, cloexec: has(flags, CLOEXEC) };
                    self.put(task, i32::from_le_bytes(*fd), known);
                }
            }
            Act::Dup => self.duplicate(task, args[0] as i32, made, false),
            // A descriptor on itself changes nothing.
            Act::DupTo { .. } if args[0] as i32 == made => {}
            Act::DupTo { flags } => self.duplicate(task, args[0] as i32, made, has(flags, CLOEXEC)),
            Act::Fcntl => match args[1] {
                F_DUPFD => self.duplicate(task, args[0] as i32, made, false),
                F_DUPFD_CLOEXEC => self.duplicate(task, args[0] as i32, made, true),
                F_SETFD => self.set_cloexec(task, args[0] as i32, args[2] & FD_CLOEXEC != 0),
                _ => {}
            },
            Act::Ioctl => match args[1] {
                FIOCLEX => self.set_cloexec(task, args[0] as i32, true),
                FIONCLEX => self.set_cloexec(task, args[0] as i32, false),
                _ => {}
            },
            Act::Close => {
                self.tables.get_mut(task).remove(&(args[0] as i32));
            }
            Act::CloseRange => self.close_range(task, args[0] as u32, args[1] as u32, args[2]),
            Act::Chdir => {
                let path = path_of(call, 0).map(|path| self.resolve(task, AT_FDCWD, path));
                self.directories.get_mut(task).clone_from(&path.unwrap_or_default());
            }
            Act::Fchdir => {
                let path = self.link(task, args[0] as i32).map(<[u8]>::to_vec);
                self.directories.get_mut(task).clone_from(&path.unwrap_or_default());
            }
            Act::Unshare => {
                if args[0] & CLONE_FILES != 0 {
                    self.tables.unshare(task);
                }
                if args[0] & CLONE_FS != 0 {
                    self.directories.unshare(task);
                }
            }
            _ => {}
        }
    }

    fn opened(&mut self, task: u32, call: &Call<'_>, dir: i32, path: u8, cloexec: bool) {
        let link = path_of(call, path).map(|path| self.resolve(task, dir, path));
        self.put(task, call.result() as i32, Descriptor { link, cloexec });
    }

    fn duplicate(&mut self, task: u32, from: i32, to: i32, cloexec: bool) {
        let link = self.link(task, from).map(<[u8]>::to_vec);
        self.put(task, to, Descriptor { link, cloexec });
    }

    fn set_cloexec(&mut self, task: u32, fd: i32, cloexec: bool) {
        match self.tables.get_mut(task).get_mut(&fd) {
            Some(known) => known.cloexec = cloexec,
            None => self.put(task, fd, Descriptor { link: None, cloexec }),
        }
    }

    fn close_range(&mut self, task: u32, first: u32, last: u32, flags: u64) {
        if flags & CLOSE_RANGE_UNSHARE != 0 {
            self.tables.unshare(task);
        }
        let within = |fd: i32| u32::try_from(fd).is_ok_and(|fd| (first..=last).contains(&fd));
        let table = self.tables.get_mut(task);
        if flags & CLOSE_RANGE_CLOEXEC != 0 {
            table.iter_mut().filter(|(fd, _)| within(**fd)).for_each(|(_, known)| known.cloexec = true);
        } else {
            table.retain(|fd, _| !within(*fd));
        }
    }

    /// What the kernel itself said of the descriptors of a call: of its arguments as they were before
    /// it, or of its result.
    fn note(&mut self, task: u32, call: &Call<'_>, of_result: bool) {
        let is_link = |payload: &Payload<'_>| payload.head.shape == Shape::Note && payload.head.path == note::LINK;
        let notes = call.event.payloads().filter(is_link);
        for payload in notes.filter(|payload| (payload.head.arg == ARG_NONE) == of_result) {
            let Some(fd) = noted(call, payload.head.arg) else { continue };
            let cloexec = self.tables.get(task).and_then(|table| table.get(&fd)).is_some_and(|known| known.cloexec);
            self.put(task, fd, Descriptor { link: Some(payload.bytes.to_vec()), cloexec });
        }
    }

    fn put(&mut self, task: u32, fd: i32, known: Descriptor) {
        let table = self.tables.get_mut(task);
        if fd >= 0 && (table.len() < MOST || table.contains_key(&fd)) {
            table.insert(fd, known);
        }
    }
}

const FIONCLEX: u64 = 0x5450;
const FIOCLEX: u64 = 0x5451;

/// The descriptor that a note on this argument, or on the result, is about. Notes on tasks are none.
fn noted(call: &Call<'_>, arg: u8) -> Option<i32> {
    let args = call.args();
    let row = syscalls::lookup(Abi::from_raw(call.event.abi())?, call.nr())?;
    if arg == ARG_NONE {
        return (row.returns_for(&args) == Returns::Fd).then_some(call.result() as i32);
    }
    let kind = row.args_for(&args).get(usize::from(arg))?.kind;
    matches!(kind, ArgKind::Fd | ArgKind::DirFd).then(|| args[usize::from(arg)] as i32)
}

/// Flags of `openat2`: the first word of its structure; `creat` has none.
fn how_of(call: &Call<'_>) -> u64 {
    let how = call.payloads_of(2).next().and_then(|how| how.bytes.first_chunk());
    how.map_or(0, |flags| u64::from_le_bytes(*flags))
}

/// The path behind an argument, when all of it was read.
fn path_of<'a>(call: &Call<'a>, arg: u8) -> Option<&'a [u8]> {
    call.payloads_of(arg)
        .find(|payload| payload.head.shape == Shape::Text && payload.head.status == 0)
        .map(|payload| payload.bytes)
}

/// An absolute path without `.`, `..` and doubled slashes.
fn tidy(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = vec![];
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    let mut out: Vec<u8> = parts.iter().flat_map(|part| [&b"/"[..], part].concat()).collect();
    if out.is_empty() {
        out.push(b'/');
    }
    out
}
