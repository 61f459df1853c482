//! The world: descriptors, directories and objects of all tasks, as they are after the events so far.

use std::collections::VecDeque;

use super::names;
use super::notes::{self, Note};
use super::objects::Objects;
use super::tables::{DescriptionId, ObjectId, ObjectKind, ProcId, Tables, ThreadId};
use super::tasks::Tasks;
use crate::event::{BornHow, Event};
use crate::session::Header;
use crate::views::{NumberMap, Shared};

pub(super) const AT_FDCWD: i32 = -100;
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
/// Descriptors of one table that are kept: a target may have a million, but not of our memory.
const MOST: usize = 65_536;
/// Messages with descriptors that are on their way.
const IN_FLIGHT: usize = 256;

/// One descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fd {
    pub description: DescriptionId,
    pub cloexec: bool,
}

/// A descriptor whose number was given away before its close was told.
#[derive(Debug, Clone, Copy)]
struct Displaced {
    fd: Fd,
    /// When the call that got the number had returned, ns.
    by: u64,
}

pub(super) type FdTable = NumberMap<i32, Fd>;

/// What tasks share with CLONE_FS.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Working directory; empty when it is not known.
    pub cwd: Vec<u8>,
    /// Root directory, where chroot(2) changed it; else empty.
    pub root: Vec<u8>,
    pub umask: u32,
}

/// Who makes the call at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub tid: u32,
    pub process: ProcId,
    /// Number of the event.
    pub index: u64,
    /// When it began and when it had returned, ns.
    pub began: u64,
    pub left: u64,
}

/// Everything that calls change.
#[derive(Debug)]
pub(super) struct World {
    pub tables: Tables,
    pub tasks: Tasks,
    pub objects: Objects,
    fds: Shared<FdTable>,
    pub places: Shared<Place>,
    first: FdTable,
    first_place: Place,
    /// What the last exec of a task closed: the call that did it still names it.
    closed_by_exec: NumberMap<u32, FdTable>,
    /// What stood under a number that the kernel gave away again: a close that is still under way freed it.
    displaced: NumberMap<(ProcId, i32), Displaced>,
    /// Bytes so far of streams, per process and direction.
    pub streams: NumberMap<(u32, u32, bool), u64>,
    /// Descriptors sent over a socket and not yet received.
    pub in_flight: VecDeque<(ObjectId, Vec<Fd>)>,
    /// Processes behind pidfds.
    pub pidfds: NumberMap<u32, ProcId>,
}

impl World {
    /// As the header says it was before the first event.
    pub fn new(header: &Header) -> World {
        let limit = header.limits.as_ref().map(|limits| limits.argv_elements);
        let mut world = World {
            tables: Tables::default(),
            tasks: Tasks::new(limit),
            objects: Objects::default(),
            fds: Shared::default(),
            places: Shared::default(),
            first: FdTable::default(),
            first_place: Place { cwd: header.cwd.clone().into_bytes(), root: vec![], umask: header.umask },
            closed_by_exec: NumberMap::default(),
            displaced: NumberMap::default(),
            streams: NumberMap::default(),
            in_flight: VecDeque::new(),
            pidfds: NumberMap::default(),
        };
        world.objects.plain.told(header.cwd.as_bytes());
        world.open_at_the_start(header);
        world
    }

    fn open_at_the_start(&mut self, header: &Header) {
        for open in header.open_fds.iter().take(MOST) {
            let link = open.link.as_bytes();
            let detail = match open.kind.as_str() {
                "char" | "block" => Some(open.kind.as_bytes()),
                _ => None,
            };
            let (mut kind, mut name) = notes::by_link(link);
            match (open.fd, open.kind.as_str()) {
                (0, _) => (kind, name) = (ObjectKind::Std, b"stdin".to_vec()),
                (1, _) => (kind, name) = (ObjectKind::Std, b"stdout".to_vec()),
                (2, _) => (kind, name) = (ObjectKind::Std, b"stderr".to_vec()),
                (_, "dir") => kind = ObjectKind::Dir,
                (_, "pipe") => kind = ObjectKind::Pipe,
                _ if detail.is_some() && kind == ObjectKind::File => kind = ObjectKind::Dev,
                _ => {}
            }
            let seen = super::objects::Seen { device: open.device, inode: open.inode, mode: 0 };
            let known = if kind == ObjectKind::Std { None } else { self.objects.of_identity(open.device, open.inode) };
            let object = known.unwrap_or_else(|| {
                let object = self.objects.make(&mut self.tables, kind, &name);
                if open.inode != 0 {
                    self.objects.recognise(&mut self.tables, object, seen);
                }
                object
            });
            self.inherit(object);
            let description = self.objects.describe(&mut self.tables, object, open.flags, None);
            if let Some(row) = self.tables.descriptions.get_mut(description.0 as usize) {
                row.offset = open.offset.unwrap_or(0);
            }
            self.first.insert(open.fd, Fd { description, cloexec: false });
        }
    }

    fn inherit(&mut self, object: ObjectId) {
        if let Some(row) = self.tables.objects.get_mut(object.0 as usize) {
            row.inherited = true;
        }
    }

    /// A task began: it has what its maker has, or a copy.
    pub fn born(&mut self, event: &Event<'_>) -> (ThreadId, Option<ThreadId>) {
        let (thread, by) = self.tasks.born(&mut self.tables, event);
        let (tid, maker, flags) = (event.task(), event.u32(32), event.u64(40));
        match BornHow::from_raw(event.u8(36)) {
            Some(BornHow::First) => {
                self.fds.set(tid, self.first.clone());
                self.places.set(tid, self.first_place.clone());
            }
            Some(BornHow::Attached) | None => {}
            Some(how) => {
                let is_thread = how == BornHow::Thread;
                self.fds.inherit(maker, tid, is_thread || flags & CLONE_FILES != 0);
                self.places.inherit(maker, tid, is_thread || flags & CLONE_FS != 0);
            }
        }
        let umask = self.places.get(tid).map_or(0, |place| place.umask);
        let first = self.tables.thread(thread).filter(|_| tid == event.u32(48)).map(|thread| thread.process);
        if let Some(row) = first.and_then(|process| self.tables.processes.get_mut(process.0 as usize)) {
            row.umask = umask;
        }
        (thread, by)
    }

    /// A process replaced its image: what was marked is closed.
    pub fn exec(&mut self, event: &Event<'_>, index: u64) -> ThreadId {
        let (tid, old) = (event.task(), event.u32(32));
        if old != tid && old != 0 {
            self.fds.rename(old, tid);
            self.places.rename(old, tid);
        }
        let thread = self.tasks.exec(&mut self.tables, event, index);
        self.fds.unshare(tid);
        let table = self.fds.get_mut(tid);
        let closed: FdTable = table.iter().filter(|(_, fd)| fd.cloexec).map(|(fd, known)| (*fd, *known)).collect();
        table.retain(|_, fd| !fd.cloexec);
        self.closed_by_exec.insert(tid, closed);
        let cwd = self.places.get(tid).map(|place| place.cwd.clone()).unwrap_or_default();
        let process = self.tables.thread(thread).map(|thread| thread.process);
        if let Some(row) = process.and_then(|process| self.tables.processes.get_mut(process.0 as usize))
            && let Some(image) = row.images.last_mut().filter(|image| image.index == index)
        {
            image.cwd = cwd;
        }
        thread
    }

    /// A task ended.
    pub fn died(&mut self, event: &Event<'_>) -> (ThreadId, bool) {
        let gone = self.tasks.died(&mut self.tables, event);
        self.fds.drop(event.task());
        self.places.drop(event.task());
        self.closed_by_exec.remove(&event.task());
        gone
    }

    /// The call that replaced the image is told: what it closed is gone for good.
    pub fn exec_is_over(&mut self, tid: u32) {
        self.closed_by_exec.remove(&tid);
    }

    /// All descriptors of a task, by number.
    pub fn all_open(&self, tid: u32) -> Vec<(i32, DescriptionId)> {
        let table = self.fds.get(tid).into_iter().flatten();
        let mut open: Vec<(i32, DescriptionId)> = table.map(|(fd, known)| (*fd, known.description)).collect();
        open.sort_unstable();
        open
    }

    /// The descriptor of a task.
    pub fn fd(&self, tid: u32, fd: i32) -> Option<Fd> {
        let open = self.fds.get(tid).and_then(|table| table.get(&fd)).copied();
        if open.is_some() || self.closed_by_exec.is_empty() {
            return open;
        }
        self.closed_by_exec.get(&tid)?.get(&fd).copied()
    }

    /// A descriptor of which the kernel chose the number, the lowest that was free (open(2)). Where another
    /// stands there, a close by another thread freed it and is told later.
    pub fn put_free(&mut self, caller: Caller, fd: i32, known: Fd) {
        if let Some(stood) = self.fds.get(caller.tid).and_then(|table| table.get(&fd)).copied()
            && self.displaced.len() < MOST
        {
            self.displaced.insert((caller.process, fd), Displaced { fd: stood, by: caller.left });
        }
        self.put(caller.tid, fd, known);
    }

    /// What a close is about that began before its number was given away again.
    pub fn displaced(&self, caller: Caller, fd: i32) -> Option<Fd> {
        let displaced = self.displaced.get(&(caller.process, fd))?;
        (caller.began <= displaced.by).then_some(displaced.fd)
    }

    /// A descriptor is closed: the one that stands there, or the one that was displaced.
    pub fn close(&mut self, caller: Caller, fd: i32) {
        if self.displaced(caller, fd).is_some() {
            self.displaced.remove(&(caller.process, fd));
        } else {
            self.fds.get_mut(caller.tid).remove(&fd);
        }
    }

    /// What a descriptor of a task is open on.
    pub fn object_of(&self, tid: u32, fd: i32) -> Option<ObjectId> {
        self.tables.description(self.fd(tid, fd)?.description).map(|description| description.object)
    }

    /// A descriptor is from now on this.
    pub fn put(&mut self, tid: u32, fd: i32, known: Fd) {
        let table = self.fds.get_mut(tid);
        if fd >= 0 && (table.len() < MOST || table.contains_key(&fd)) {
            table.insert(fd, known);
        }
    }

    /// The table of a task, to change several.
    pub fn table(&mut self, tid: u32) -> &mut FdTable {
        self.fds.get_mut(tid)
    }

    /// From now on the task's descriptors are its own.
    pub fn unshare_fds(&mut self, tid: u32) {
        self.fds.unshare(tid);
    }

    /// A descriptor by what the kernel said of it, known to us or not.
    pub fn noted(&mut self, caller: Caller, note: &Note<'_>) {
        if note.fd == AT_FDCWD {
            if let Some(link) = note.link.filter(|link| !names::is_deleted(link)) {
                self.told_cwd(caller.tid, link);
            }
            return;
        }
        if let Some(link) = note.link.filter(|link| link.starts_with(b"/") && !names::is_deleted(link)) {
            self.objects.plain.told(link);
        }
        match (self.object_of(caller.tid, note.fd), note.seen) {
            (Some(object), Some(seen)) if self.objects.agrees(&self.tables, object, seen) => self.learn(object, note),
            (Some(object), None) => self.learn(object, note),
            _ => {
                self.came_from_nowhere(caller, note);
            }
        }
    }

    fn told_cwd(&mut self, tid: u32, link: &[u8]) {
        if self.places.get(tid).is_none_or(|place| place.cwd != link) {
            self.places.get_mut(tid).cwd = link.to_vec();
            self.objects.plain.told(link);
        }
    }

    /// Completes an object by a note on a descriptor of it.
    pub fn learn(&mut self, object: ObjectId, note: &Note<'_>) {
        if let Some(seen) = note.seen {
            self.objects.recognise(&mut self.tables, object, seen);
        }
        let Some(row) = self.tables.objects.get_mut(object.0 as usize) else { return };
        if matches!(row.kind, ObjectKind::File | ObjectKind::Dev | ObjectKind::OtherSocket) && note.link.is_some() {
            let (kind, name) = note.kind();
            if kind != ObjectKind::File && kind != row.kind && kind != ObjectKind::Anon {
                row.kind = kind;
            }
            if row.name.is_empty() {
                row.name = name;
            }
        }
        let (local, peer) = note.addresses();
        if row.peer.is_none() {
            row.peer = peer;
        }
        if let Some(local) = local {
            row.bound_to(local);
        }
        if let Some(of) = note.pidfd_of().and_then(|pid| self.tables.process_of_pid(pid)) {
            self.pidfds.insert(object.0, of);
        }
    }

    /// A descriptor nobody saw being made: its object is found by its identity, or it is inherited.
    pub fn came_from_nowhere(&mut self, caller: Caller, note: &Note<'_>) -> Option<ObjectId> {
        note.link.or(note.detail)?;
        let known = note.seen.and_then(|seen| self.objects.of_identity(seen.device, seen.inode));
        let object = known.unwrap_or_else(|| {
            let (kind, name) = note.kind();
            let object = self.objects.make(&mut self.tables, kind, &name);
            self.inherit(object);
            object
        });
        self.learn(object, note);
        let description = self.objects.describe(&mut self.tables, object, 0, None);
        self.put(caller.tid, note.fd, Fd { description, cloexec: false });
        Some(object)
    }

    /// A new descriptor of a task on an object that the call made or opened.
    pub fn open(&mut self, caller: Caller, fd: i32, object: ObjectId, flags: u64, cloexec: bool) -> Fd {
        let description = self.objects.describe(&mut self.tables, object, flags, Some(caller.process));
        let known = Fd { description, cloexec };
        self.put_free(caller, fd, known);
        known
    }

    /// The row of an object, to change it.
    pub fn object(&mut self, id: ObjectId) -> Option<&mut super::tables::Object> {
        self.tables.objects.get_mut(id.0 as usize)
    }

    /// Takes messages with descriptors on their way.
    pub fn send(&mut self, socket: ObjectId, fds: Vec<Fd>) {
        if self.in_flight.len() >= IN_FLIGHT {
            self.in_flight.pop_front();
        }
        self.in_flight.push_back((socket, fds));
    }

    /// The descriptors that arrive over a socket: those sent into the same object, or over another socket
    /// of which the other end is not known.
    pub fn receive(&mut self, socket: ObjectId, count: usize) -> Option<Vec<Fd>> {
        let same = self.in_flight.iter().position(|(sent, _)| *sent == socket);
        let alike = || self.in_flight.iter().position(|(sent, fds)| *sent != socket && fds.len() == count);
        let at = same.or_else(alike)?;
        self.in_flight.remove(at).map(|(_, fds)| fds)
    }
}
