//! Effects: what a call that succeeded changes, and what it makes.

use super::naming::{O_CREAT, O_EXCL, Said, TMPFILE};
use super::notes::Note;
use super::objects::{New, Seen};
use super::sockets;
use super::tables::{ObjectId, ObjectKind, UNNAMED};
use super::world::{Caller, Fd, World};
use super::{About, Moved, RESULT};
use crate::decode::word;
use crate::plan::{Act, CLOEXEC, Created};

const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const FD_CLOEXEC: u64 = 1;
const F_DUPFD: u64 = 0;
const F_SETFD: u64 = 2;
const F_SETFL: u64 = 4;
const F_DUPFD_CLOEXEC: u64 = 1030;
/// Flags that F_SETFL can change (fcntl(2)).
const SETTABLE: u64 = 0o2_000 | 0o20_000 | 0o40_000 | 0o1_000_000 | NONBLOCK;
pub(super) const NONBLOCK: u64 = 0o4_000;
const FIONCLEX: u64 = 0x5450;
const FIOCLEX: u64 = 0x5451;
const FIONBIO: u64 = 0x5421;
const CLOSE_RANGE_UNSHARE: u64 = 2;
const CLOSE_RANGE_CLOEXEC: u64 = 4;
const O_TRUNC: u64 = 0o1_000;
const O_DIRECTORY: u64 = 0o200_000;
const FALLOC_FL_KEEP_SIZE: u64 = 1;
const RENAME_EXCHANGE: u64 = 2;

impl World {
    /// Applies a call. `about` has what its arguments name and gets what it makes.
    pub fn apply(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>, moved: &mut Vec<Moved>) {
        self.learn_size(said, about);
        let made = said.result as i32;
        let tid = caller.tid;
        match said.plan.act {
            Act::Nothing | Act::Exec => {}
            Act::Open { path, .. } => self.opened(caller, said, path, about),
            Act::Make { what, flags, cloexec } if said.plan.makes(&said.words) => {
                let cloexec = flags.map_or(cloexec != 0, |at| said.word(at) & cloexec != 0);
                self.made(caller, said, ObjectKind::Anon, what.as_bytes(), cloexec, about);
            }
            Act::Make { .. } => {}
            Act::Memfd => {
                let name = [b"memfd:", said.text(0).unwrap_or_default()].concat();
                self.made(caller, said, ObjectKind::Anon, &name, said.word(1) & 1 != 0, about);
            }
            Act::Socket => {
                let (kind, name) = sockets::kind(said.word(0), said.word(1));
                self.made(caller, said, kind, name, said.word(1) & CLOEXEC != 0, about);
            }
            Act::Pair { at, flags } => self.made_pair(caller, said, at, flags, about),
            Act::Accept { flags } => self.accepted(caller, said, flags, about),
            Act::Dup => self.duplicate(caller, said.word(0) as i32, made, false, about),
            // A descriptor on itself changes nothing.
            Act::DupTo { .. } if said.word(0) as i32 == made => {}
            Act::DupTo { flags } => {
                self.table(tid).remove(&made);
                let cloexec = flags.is_some_and(|at| said.word(at) & CLOEXEC != 0);
                self.duplicate(caller, said.word(0) as i32, made, cloexec, about);
            }
            Act::Fcntl => self.fcntl(caller, said, about),
            Act::Ioctl => self.ioctl(caller, said),
            Act::Close => self.close(caller, said.word(0) as i32),
            Act::CloseRange => self.close_range(tid, said, about),
            Act::Chdir => {
                let path = path_of(about, 0).map(<[u8]>::to_vec);
                self.places.get_mut(tid).cwd = path.unwrap_or_default();
                self.path_is_dir(about, 0);
            }
            Act::Fchdir => {
                let object = self.object_of(tid, said.word(0) as i32);
                let path = object.and_then(|object| self.tables.object(object)).map(|row| row.current_name().to_vec());
                self.places.get_mut(tid).cwd = path.filter(|path| path.starts_with(b"/")).unwrap_or_default();
            }
            Act::Chroot => {
                let path = path_of(about, 0).filter(|path| *path != b"/").map(<[u8]>::to_vec);
                self.places.get_mut(tid).root = path.unwrap_or_default();
            }
            Act::Unshare => {
                if said.word(0) & CLONE_FILES != 0 {
                    self.unshare_fds(tid);
                }
                if said.word(0) & CLONE_FS != 0 {
                    self.places.unshare(tid);
                }
            }
            Act::Umask => self.places.get_mut(tid).umask = said.word(0) as u32 & 0o777,
            Act::Lseek => {
                let description = about.first().and_then(|about| about.description);
                let row = description.and_then(|id| self.tables.descriptions.get_mut(id.0 as usize));
                if let (Some(row), Ok(offset)) = (row, u64::try_from(said.result)) {
                    row.offset = offset;
                }
            }
            Act::Move(how) => {
                self.move_memory(caller, said, how, about, moved);
                self.moved_more(caller, said, about);
            }
            Act::Between(how) => self.move_between(caller, said, how, about, moved),
            Act::Truncate | Act::Ftruncate => {
                if let Some(object) = object_of(about, 0) {
                    self.objects.set_size(object, said.word(1));
                }
            }
            Act::Fallocate => {
                if let Some(object) = object_of(about, 0)
                    && said.word(1) & FALLOC_FL_KEEP_SIZE == 0
                {
                    self.objects.grow(object, said.word(2).saturating_add(said.word(3)));
                }
            }
            Act::Created { path, what } => self.created(caller, said, path, what, about),
            Act::Rename { from, to, flags } => {
                let Some((old, new)) = path_of(about, from).zip(path_of(about, to)) else { return };
                if flags.is_some_and(|at| said.word(at) & RENAME_EXCHANGE != 0) {
                    self.objects.exchanged(&mut self.tables, old, new, caller.index);
                } else {
                    self.objects.renamed(&mut self.tables, old, new, caller.index);
                }
            }
            Act::Link { to } => {
                // The object is that of the old name, or of the descriptor that stands for it.
                let object = object_of(about, to - if to == 3 { 2 } else { 1 });
                if let Some((object, path)) = object.zip(path_of(about, to)) {
                    let unnamed = self.tables.object(object).is_some_and(|row| row.exclusive && row.names.is_empty());
                    self.objects.linked(&mut self.tables, object, path, caller.index);
                    if let Some(row) = self.object(object) {
                        row.exclusive |= unnamed;
                    }
                }
            }
            Act::Unlink { path } => {
                if let Some(path) = path_of(about, path) {
                    self.objects.unlinked(&mut self.tables, path);
                }
            }
            Act::Bind => self.bound(caller, said, about),
            Act::Connect => {}
            Act::Sockname => self.told_local(said, about),
            Act::Peername => {
                self.told_peer(said, 1, 1, about);
            }
            Act::Getdents => self.path_is_dir(about, 0),
            Act::PidfdOpen => {
                let object = self.made(caller, said, ObjectKind::Anon, b"pidfd", true, about);
                let pid = said.word(0) as u32;
                let of = self.tables.process_of_pid(pid).or_else(|| {
                    let at = self.tables.processes.iter().rposition(|row| row.own_pid == pid);
                    at.map(|at| super::tables::ProcId(at as u32))
                });
                if let Some(of) = of {
                    self.pidfds.insert(object.0, of);
                }
            }
            Act::PidfdGetfd => self.took_from_another(caller, said, about),
        }
    }

    fn learn_size(&mut self, said: &Said<'_>, about: &[About]) {
        let Some(seen) = said.answer else { return };
        let Some(object) = about.first().map(|first| about.iter().find(|a| a.path.is_some()).unwrap_or(first).object)
        else {
            return;
        };
        if about.iter().all(|about| about.path.is_none()) && self.objects.agrees(&self.tables, object, seen) {
            self.objects.recognise(&mut self.tables, object, seen);
        }
        if seen.kind() == Some(ObjectKind::File)
            && let Some(size) = said.size()
        {
            self.objects.set_size(object, size);
        }
    }

    fn path_is_dir(&mut self, about: &[About], arg: u8) {
        if let Some(object) = object_of(about, arg) {
            self.become_dir(object);
        }
    }

    fn opened(&mut self, caller: Caller, said: &Said<'_>, path: u8, about: &mut Vec<About>) {
        let flags = said.open_flags();
        let note = said.note_of(RESULT, 0);
        let Some(named) = about.iter().find(|about| about.arg == path).cloned() else {
            // The path was not kept: the kernel's answer is all there is.
            return self.opened_somewhere(caller, said, note, about);
        };
        let mut object = named.object;
        if flags & TMPFILE != 0 {
            object = self.unnamed(caller, named.path.as_deref().unwrap_or_default());
        } else {
            self.may_have_created(caller, said, path, flags, &named);
            if flags & O_DIRECTORY != 0 {
                self.become_dir(object);
            }
        }
        if flags & O_TRUNC != 0 {
            self.objects.set_size(object, 0);
        }
        self.result(caller, said, object, flags, flags & CLOEXEC != 0, about);
    }

    fn opened_somewhere(&mut self, caller: Caller, said: &Said<'_>, note: Option<Note<'_>>, about: &mut Vec<About>) {
        let flags = said.open_flags();
        let known = note.and_then(|note| note.seen).and_then(|seen| self.objects.of_identity(seen.device, seen.inode));
        let object = known.unwrap_or_else(|| {
            let (kind, name) = note.map_or((ObjectKind::File, b"unknown".to_vec()), |note| note.kind());
            self.objects.make(&mut self.tables, kind, &name)
        });
        self.result(caller, said, object, flags, flags & CLOEXEC != 0, about);
    }

    /// A file without a name (O_TMPFILE) in a directory.
    fn unnamed(&mut self, caller: Caller, dir: &[u8]) -> ObjectId {
        let object = self.objects.make(&mut self.tables, ObjectKind::File, &[dir, UNNAMED].concat());
        if let Some(row) = self.object(object) {
            row.made_by = Some(caller.process);
            row.exclusive = true;
        }
        self.objects.set_size(object, 0);
        object
    }

    /// With O_CREAT, and when nothing says that the file was there before, this call made it.
    fn may_have_created(&mut self, caller: Caller, said: &Said<'_>, path: u8, flags: u64, named: &About) {
        let exclusive = flags & O_EXCL != 0;
        let known = said.known_before & (1 << path) != 0 && !exclusive;
        let special = said.answer.and_then(Seen::kind).is_some_and(|kind| kind != ObjectKind::File);
        let Some(name) = named.path.as_deref().filter(|_| flags & O_CREAT != 0 && !known) else { return };
        if special {
            if let Some(row) = self.object(named.object) {
                row.inherited = true;
            }
        } else {
            let kind = ObjectKind::File;
            self.objects.created(
                &mut self.tables,
                named.object,
                name,
                New { by: caller.process, kind, exclusive, at: caller.index },
            );
        }
    }

    /// A new descriptor is the result.
    pub(super) fn result(
        &mut self,
        caller: Caller,
        said: &Said<'_>,
        object: ObjectId,
        flags: u64,
        cloexec: bool,
        about: &mut Vec<About>,
    ) {
        self.descriptor(caller, said, (RESULT, 0), said.result as i32, (object, flags, cloexec), about);
    }

    fn descriptor(
        &mut self,
        caller: Caller,
        said: &Said<'_>,
        (arg, element): (u8, u32),
        fd: i32,
        (object, flags, cloexec): (ObjectId, u64, bool),
        about: &mut Vec<About>,
    ) {
        if let Some(note) = said.note_of(arg, element) {
            if let Some(link) = note.link.filter(|link| link.starts_with(b"/") && !super::names::is_deleted(link)) {
                self.objects.plain.told(link);
            }
            self.learn(object, &note);
        }
        let known = self.open(caller, fd, object, flags, cloexec);
        let description = Some(known.description);
        about.push(About { arg: RESULT, element, object, description, fd: Some(fd), path: None });
    }

    /// Makes an object that has no path.
    fn made(
        &mut self,
        caller: Caller,
        said: &Said<'_>,
        kind: ObjectKind,
        name: &[u8],
        cloexec: bool,
        about: &mut Vec<About>,
    ) -> ObjectId {
        // signalfd on a descriptor that is one already changes that.
        if let Some(object) = self.object_of(caller.tid, said.result as i32).filter(|object| {
            about.iter().any(|about| about.object == *object && about.arg == 0 && about.fd == Some(said.result as i32))
        }) {
            return object;
        }
        let object = self.objects.make(&mut self.tables, kind, name);
        if let Some(row) = self.object(object) {
            row.made_by = Some(caller.process);
        }
        let flags = if said.words.iter().any(|word| word & NONBLOCK != 0) { NONBLOCK } else { 0 };
        self.result(caller, said, object, flags | 2, cloexec, about);
        object
    }

    fn made_pair(&mut self, caller: Caller, said: &Said<'_>, at: u8, flags: Option<u8>, about: &mut Vec<About>) {
        let Some(pair) = World::pair(said, at) else { return };
        let (kind, name) =
            if at == 0 { (ObjectKind::Pipe, &b"pipe"[..]) } else { (ObjectKind::Socketpair, &b"socketpair"[..]) };
        let object = self.objects.make(&mut self.tables, kind, name);
        if let Some(row) = self.object(object) {
            row.made_by = Some(caller.process);
        }
        let flags = flags.map_or(0, |at| said.word(at));
        for (element, fd) in (0u32..).zip(pair) {
            let access = if kind == ObjectKind::Pipe { u64::from(element) } else { 2 };
            let what = (object, flags & NONBLOCK | access, flags & CLOEXEC != 0);
            self.descriptor(caller, said, (at, element), fd, what, about);
        }
    }

    fn duplicate(&mut self, caller: Caller, from: i32, to: i32, cloexec: bool, about: &mut Vec<About>) {
        let Some(known) = self.fd(caller.tid, from) else { return };
        self.put_free(caller, to, Fd { cloexec, ..known });
        if let Some(row) = self.tables.description(known.description) {
            let (object, description) = (row.object, Some(known.description));
            about.push(About { arg: RESULT, element: 0, object, description, fd: Some(to), path: None });
        }
    }

    fn fcntl(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        let fd = said.word(0) as i32;
        match said.word(1) & 0xffff_ffff {
            F_DUPFD => self.duplicate(caller, fd, said.result as i32, false, about),
            F_DUPFD_CLOEXEC => self.duplicate(caller, fd, said.result as i32, true, about),
            F_SETFD => self.set_cloexec(caller.tid, fd, said.word(2) & FD_CLOEXEC != 0),
            F_SETFL => self.set_flags(caller.tid, fd, SETTABLE, said.word(2)),
            _ => {}
        }
    }

    fn ioctl(&mut self, caller: Caller, said: &Said<'_>) {
        let fd = said.word(0) as i32;
        match said.word(1) & 0xffff_ffff {
            FIOCLEX => self.set_cloexec(caller.tid, fd, true),
            FIONCLEX => self.set_cloexec(caller.tid, fd, false),
            FIONBIO => {
                let on = said.structure(2, 0).and_then(|value| word(value, 0, 4)).is_some_and(|value| value != 0);
                self.set_flags(caller.tid, fd, NONBLOCK, if on { NONBLOCK } else { 0 });
            }
            _ => {}
        }
    }

    fn set_cloexec(&mut self, tid: u32, fd: i32, cloexec: bool) {
        if let Some(known) = self.table(tid).get_mut(&fd) {
            known.cloexec = cloexec;
        }
    }

    fn set_flags(&mut self, tid: u32, fd: i32, mask: u64, flags: u64) {
        let description = self.fd(tid, fd).map(|known| known.description);
        if let Some(row) = description.and_then(|id| self.tables.descriptions.get_mut(id.0 as usize)) {
            row.flags = row.flags & !mask | flags & mask;
        }
    }

    fn close_range(&mut self, tid: u32, said: &Said<'_>, about: &mut Vec<About>) {
        let (first, last, flags) = (said.word(0) as u32, said.word(1) as u32, said.word(2));
        if flags & CLOSE_RANGE_UNSHARE != 0 {
            self.unshare_fds(tid);
        }
        let within = |fd: i32| u32::try_from(fd).is_ok_and(|fd| first <= fd && fd <= last);
        let table = self.table(tid);
        let mut open: Vec<(i32, Fd)> =
            table.iter().filter(|(fd, _)| within(**fd)).map(|(fd, known)| (*fd, *known)).collect();
        open.sort_unstable_by_key(|(fd, _)| *fd);
        for (element, (fd, known)) in (0u32..).zip(open) {
            self.push_about(0, element, fd, known, about);
        }
        let table = self.table(tid);
        if flags & CLOSE_RANGE_CLOEXEC != 0 {
            table.iter_mut().filter(|(fd, _)| within(**fd)).for_each(|(_, known)| known.cloexec = true);
        } else {
            table.retain(|fd, _| !within(*fd));
        }
    }

    fn created(&mut self, caller: Caller, said: &Said<'_>, path: u8, what: Created, about: &[About]) {
        let Some((object, name)) = object_of(about, path).zip(path_of(about, path)) else { return };
        let mode = Seen { device: 0, inode: 0, mode: said.word(path + 1) as u32 };
        let kind = match what {
            Created::Dir => ObjectKind::Dir,
            Created::Symlink => ObjectKind::Symlink,
            Created::Node => mode.kind().unwrap_or(ObjectKind::File),
        };
        self.objects.created(
            &mut self.tables,
            object,
            name,
            New { by: caller.process, kind, exclusive: true, at: caller.index },
        );
    }

    pub(super) fn push_about(&self, arg: u8, element: u32, fd: i32, known: Fd, about: &mut Vec<About>) {
        if let Some(row) = self.tables.description(known.description) {
            let (object, description) = (row.object, Some(known.description));
            about.push(About { arg, element, object, description, fd: Some(fd), path: None });
        }
    }

    /// `pidfd_getfd`: a descriptor of another process.
    fn took_from_another(&mut self, caller: Caller, said: &Said<'_>, about: &mut Vec<About>) {
        let of = object_of(about, 0).and_then(|pidfd| self.pidfds.get(&pidfd.0)).copied();
        let pid = of.and_then(|of| self.tables.process(of)).map(|row| row.pid);
        let theirs = pid.and_then(|pid| self.fd(pid, said.word(1) as i32));
        let fd = said.result as i32;
        match (theirs, said.note_of(RESULT, 0)) {
            (Some(known), _) => {
                let known = Fd { cloexec: true, ..known };
                self.put_free(caller, fd, known);
                self.push_about(RESULT, 0, fd, known, about);
            }
            (None, Some(note)) => {
                self.came_from_nowhere(caller, &note);
                if let Some(known) = self.fd(caller.tid, fd) {
                    self.push_about(RESULT, 0, fd, known, about);
                }
            }
            (None, None) => {}
        }
    }
}

pub(super) fn object_of(about: &[About], arg: u8) -> Option<ObjectId> {
    about.iter().find(|about| about.arg == arg).map(|about| about.object)
}

fn path_of(about: &[About], arg: u8) -> Option<&[u8]> {
    about.iter().find(|about| about.arg == arg)?.path.as_deref()
}
