//! Naming: the objects that the arguments of a call name.

use syscalls::{Arg, Kind, layout};

use super::names::{self, Magic};
use super::notes::{self, Note};
use super::objects::{Lookup, Seen};
use super::tables::{ObjectId, ObjectKind};
use super::world::{AT_FDCWD, Caller, World};
use super::{About, RESULT};
use crate::decode::{number, word};
use crate::event::{ARG_NONE, Call, Shape, status};
use crate::plan::{Act, Answer, Follow, Plan};

pub(super) const O_CREAT: u64 = 0o100;
pub(super) const O_EXCL: u64 = 0o200;
const O_NOFOLLOW: u64 = 0o400_000;
/// The bit of `O_TMPFILE` that is not `O_DIRECTORY`.
pub(super) const TMPFILE: u64 = 0o20_000_000;
const MAP_ANONYMOUS: u64 = 0x20;
/// Descriptors of one `poll` or `select` that are told.
const MOST_WAITED: usize = 1024;

/// A call in hand, with what it says of itself.
pub(super) struct Said<'a> {
    pub call: Call<'a>,
    pub plan: Plan,
    pub args: &'static [Arg],
    pub words: [u64; 6],
    pub result: i64,
    /// Did it succeed?
    pub ok: bool,
    pub notes: Vec<Note<'a>>,
    /// The file that it found, by device and inode.
    pub answer: Option<Seen>,
    /// Arguments whose path stood for something before this call, one bit each.
    pub known_before: u8,
}

impl<'a> Said<'a> {
    pub fn of(call: Call<'a>, plan: Plan) -> Said<'a> {
        let words = call.args();
        let ok = call.returned() && call.errno().is_none() && !is_restart(call.result());
        let args = plan.row.map_or(&[][..], |row| row.args_for(&words));
        let notes = if plan.names || plan.act != Act::Nothing { notes::of(&call.event) } else { vec![] };
        let mut said =
            Said { call, plan, args, words, result: call.result(), ok, notes, answer: None, known_before: 0 };
        said.answer = said.answer();
        said
    }

    pub fn word(&self, arg: u8) -> u64 {
        self.words.get(usize::from(arg)).copied().unwrap_or(0)
    }

    /// The whole text behind an argument.
    pub fn text(&self, arg: u8) -> Option<&'a [u8]> {
        const CUT: u8 = status::CLIPPED | status::FAULTED;
        let mut texts = self.call.payloads_of(arg).filter(|payload| payload.head.shape == Shape::Text);
        texts.next().filter(|payload| payload.head.status & CUT == 0).map(|payload| payload.bytes)
    }

    /// A structure behind an argument, before or after the call.
    pub fn structure(&self, arg: u8, phase: u8) -> Option<&'a [u8]> {
        let mut found = self.call.payloads_of(arg);
        found
            .find(|p| p.head.phase == phase && p.head.path == 0 && p.head.shape == Shape::Struct)
            .map(|payload| payload.bytes)
    }

    /// Flags of an open, wherever they stand.
    pub fn open_flags(&self) -> u64 {
        match (self.plan.act, self.plan.row.map(|row| row.name)) {
            (Act::Open { flags: Some(at), .. }, _) => self.word(at),
            (_, Some("creat")) => 0o1_101,
            _ => self.structure(2, 0).and_then(|how| number(&layout::OPEN_HOW, how, "flags")).unwrap_or(0),
        }
    }

    /// What was noted of the descriptor behind the result, or of one of a pair.
    pub fn note_of(&self, arg: u8, element: u32) -> Option<Note<'a>> {
        self.notes.iter().find(|note| note.made && note.arg == arg && note.element == element).copied()
    }

    /// What stood under the path of an argument before the call.
    fn present(&self, arg: u8) -> Option<Seen> {
        self.notes.iter().find(|note| note.arg == arg && !note.made)?.present
    }

    fn follows(&self) -> bool {
        match self.plan.follow {
            Follow::Always => self.open_flags_for_follow() & O_NOFOLLOW == 0,
            Follow::Never => false,
            Follow::Unless(at, bit) => self.word(at) & bit == 0,
            Follow::Only(at, bit) => self.word(at) & bit != 0,
            Follow::Open(at) => opens_link_target(self.word(at)),
        }
    }

    /// `openat2` has its flags in a structure.
    fn open_flags_for_follow(&self) -> u64 {
        match self.plan.act {
            Act::Open { flags: None, .. } if !opens_link_target(self.open_flags()) => O_NOFOLLOW,
            _ => 0,
        }
    }

    fn answer(&self) -> Option<Seen> {
        if !self.ok {
            return None;
        }
        match self.plan.answer {
            Answer::None => None,
            Answer::Stat(at) => {
                let stat = self.structure(at, 1)?;
                let field = |name| number(&layout::STAT, stat, name);
                Some(Seen { device: field("st_dev")?, inode: field("st_ino")?, mode: field("st_mode")? as u32 })
            }
            Answer::Statx(at) => {
                let stat = self.structure(at, 1)?;
                let field = |name| number(&layout::STATX, stat, name);
                let device = makedev(field("stx_dev_major")?, field("stx_dev_minor")?);
                Some(Seen { device, inode: field("stx_ino")?, mode: field("stx_mode")? as u32 })
            }
            Answer::Note if self.open_flags() & TMPFILE != 0 => None,
            Answer::Note => self.note_of(ARG_NONE, 0)?.seen,
        }
    }

    /// Bytes of the file that it found.
    pub fn size(&self) -> Option<u64> {
        match self.plan.answer {
            Answer::Stat(at) => number(&layout::STAT, self.structure(at, 1)?, "st_size"),
            Answer::Statx(at) => number(&layout::STATX, self.structure(at, 1)?, "stx_size"),
            _ => None,
        }
    }
}

fn opens_link_target(flags: u64) -> bool {
    flags & O_NOFOLLOW == 0 && flags & (O_CREAT | O_EXCL) != O_CREAT | O_EXCL
}

/// Is the result a code by which the kernel asks itself to restart the call?
pub(super) fn is_restart(result: i64) -> bool {
    u16::try_from(result.unsigned_abs()).is_ok_and(|code| result < 0 && syscalls::errno::is_restart(code))
}

/// A device number as stat(2) has it.
fn makedev(major: u64, minor: u64) -> u64 {
    (major & 0xfff) << 8 | (major & !0xfff) << 32 | (minor & 0xff) | (minor & !0xff) << 12
}

impl World {
    /// What the arguments name, in their order.
    pub fn name(&mut self, caller: Caller, said: &mut Said<'_>, about: &mut Vec<About>) {
        if said.plan.act == Act::Close
            && let Some(known) = self.displaced(caller, said.word(0) as i32)
        {
            self.push_about(0, 0, said.word(0) as i32, known, about);
            return;
        }
        for note in said.notes.iter().filter(|note| !note.made && note.present.is_none()) {
            self.noted(caller, note);
        }
        let args = said.args;
        for (at, arg) in (0u8..6).zip(args) {
            match &arg.kind {
                Kind::Fd => self.name_fd(caller, said, at, about),
                Kind::DirFd if said.word(at) as i32 >= 0 && self.is_used(said, at) => {
                    self.name_fd(caller, said, at, about);
                }
                Kind::Path if said.plan.text != Some(at) => self.name_path(caller, said, at, about),
                Kind::FdSet(_) => self.name_set(caller, said, at, about),
                Kind::Struct(of, ..) if of.title == "POLLFD" => self.name_polled(caller, said, at, about),
                _ => {}
            }
        }
    }

    /// A directory descriptor counts only for a path that is not absolute.
    fn is_used(&self, said: &Said<'_>, at: u8) -> bool {
        !said.text(at + 1).is_some_and(|path| path.starts_with(b"/"))
    }

    fn name_fd(&mut self, caller: Caller, said: &Said<'_>, at: u8, about: &mut Vec<About>) {
        let fd = said.word(at) as i32;
        let name = said.plan.row.map_or("", |row| row.name);
        let unused = fd < 0
            || said.plan.act == Act::CloseRange
            || (matches!(name, "mmap" | "mmap2") && said.word(3) & MAP_ANONYMOUS != 0);
        if unused || (self.fd(caller.tid, fd).is_none() && !self.must_be_open(caller, said, at, fd)) {
            return;
        }
        self.push_fd(caller, at, 0, fd, about);
    }

    /// A call that succeeded had its descriptor open, although nobody saw it being made.
    fn must_be_open(&mut self, caller: Caller, said: &Said<'_>, at: u8, fd: i32) -> bool {
        if !said.ok || (matches!(said.plan.act, Act::DupTo { .. }) && at == 1) {
            return false;
        }
        let note =
            Note { arg: at, made: false, element: 0, fd, link: Some(b""), detail: None, seen: None, present: None };
        self.came_from_nowhere(caller, &note).is_some()
    }

    fn push_fd(&mut self, caller: Caller, arg: u8, element: u32, fd: i32, about: &mut Vec<About>) {
        if let Some(known) = self.fd(caller.tid, fd) {
            self.push_about(arg, element, fd, known, about);
        }
    }

    fn name_path(&mut self, caller: Caller, said: &mut Said<'_>, at: u8, about: &mut Vec<About>) {
        let before = at.checked_sub(1).and_then(|before| Some((said.args.get(usize::from(before))?, before)));
        let dir = before.filter(|(arg, _)| matches!(arg.kind, Kind::DirFd)).map(|(_, before)| said.word(before) as i32);
        match said.text(at) {
            Some(path) if !path.is_empty() => {
                let (object, known, path) = self.look(caller, said, at, dir.unwrap_or(AT_FDCWD), path);
                said.known_before |= u8::from(known) << at;
                about.push(About { arg: at, element: 0, object, description: None, fd: None, path: Some(path) });
            }
            // AT_EMPTY_PATH, or NULL: the descriptor itself.
            text if text.is_some() || said.word(at) == 0 => match dir {
                Some(AT_FDCWD) if said.ok => {
                    let cwd = self.places.get(caller.tid).map(|place| place.cwd.clone()).unwrap_or_default();
                    let how = Lookup { follow: true, answer: said.answer, found: true };
                    let (object, _) = self.objects.look(&mut self.tables, &cwd, how);
                    about.push(About { arg: at, element: 0, object, description: None, fd: None, path: Some(cwd) });
                }
                Some(fd) => self.push_fd(caller, at, 0, fd, about),
                None => {}
            },
            _ => {}
        }
    }

    /// The object behind a path of a call, whether anything was known there, and the path in full.
    fn look(&mut self, caller: Caller, said: &Said<'_>, at: u8, dir: i32, path: &[u8]) -> (ObjectId, bool, Vec<u8>) {
        let mut path = self.absolute(caller.tid, dir, path);
        let follow = said.follows();
        if follow && let Some(magic) = names::magic(&path) {
            if let Magic::Descriptor(pid, fd) = magic
                && let Some(object) = self.object_of(pid.unwrap_or(caller.tid), fd)
            {
                return (object, true, path);
            }
            let told = said.note_of(RESULT, 0).and_then(|note| note.link).filter(|link| link.starts_with(b"/"));
            if let Some(told) = told {
                path = names::undeleted(told).to_vec();
            }
        }
        let may_be_new = match said.plan.act {
            Act::Rename { to, .. } | Act::Link { to } => at == to,
            Act::Created { path, .. } => at == path,
            _ => false,
        };
        let how = match said.present(at) {
            Some(seen) => Lookup { follow, answer: Some(seen), found: true },
            None => Lookup { follow, answer: said.answer, found: said.ok && !may_be_new && !self.may_create(said) },
        };
        let (object, known) = self.objects.look(&mut self.tables, &path, how);
        (object, known || said.present(at).is_some(), path)
    }

    /// An open that makes its file where there is none: only what was known before says which.
    fn may_create(&self, said: &Said<'_>) -> bool {
        matches!(said.plan.act, Act::Open { .. }) && said.open_flags() & O_CREAT != 0
    }

    /// A path as this task means it.
    pub fn absolute(&self, tid: u32, dir: i32, path: &[u8]) -> Vec<u8> {
        let place = self.places.get(tid);
        if path.starts_with(b"/") {
            let root = place.map(|place| place.root.as_slice()).unwrap_or_default();
            let inside = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
            let path = if root.is_empty() { path } else { path.get(inside..).unwrap_or_default() };
            return self.objects.plain.tidy(root, path);
        }
        let base = match dir {
            AT_FDCWD => place.map(|place| place.cwd.as_slice()),
            _ => self.object_of(tid, dir).and_then(|object| self.tables.object(object)).map(|row| row.current_name()),
        };
        self.objects.plain.tidy(base.unwrap_or_default(), path)
    }

    fn name_polled(&mut self, caller: Caller, said: &Said<'_>, at: u8, about: &mut Vec<About>) {
        let size = layout::POLLFD.size as usize;
        let polled = said.structure(at, 0).unwrap_or_default();
        for (element, entry) in (0u32..).zip(polled.chunks_exact(size)).take(MOST_WAITED) {
            if let Some(fd) = number(&layout::POLLFD, entry, "fd").map(|fd| fd as i32).filter(|fd| *fd >= 0) {
                self.push_fd(caller, at, element, fd, about);
            }
        }
    }

    fn name_set(&mut self, caller: Caller, said: &Said<'_>, at: u8, about: &mut Vec<About>) {
        let set = said.structure(at, 0).unwrap_or_default();
        for (byte, bits) in (0i32..).zip(set.iter().take(MOST_WAITED / 8)) {
            for bit in (0..8).filter(|bit| bits & (1 << bit) != 0) {
                let fd = byte * 8 + bit;
                if i64::from(fd) < said.word(0) as i64 {
                    self.push_fd(caller, at, fd as u32, fd, about);
                }
            }
        }
    }

    /// The two descriptors that a call wrote behind an argument.
    pub(super) fn pair(said: &Said<'_>, at: u8) -> Option<[i32; 2]> {
        let bytes = said.call.payloads_of(at).filter(|p| p.head.shape == Shape::Struct).last()?.bytes;
        Some([word(bytes, 0, 4)? as i32, word(bytes, 4, 4)? as i32])
    }

    /// Is this a directory, as far as is known?
    pub(super) fn become_dir(&mut self, object: ObjectId) {
        if let Some(row) = self.object(object)
            && row.kind == ObjectKind::File
        {
            row.kind = ObjectKind::Dir;
        }
    }
}
