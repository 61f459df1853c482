//! File states: what became of the files that a run created, changed, renamed, removed or read.
//!
//! In: the calls of a golden run, at their stops. Out: `FileState` events:
//!
//! - when a descriptor of a file that the target may have written is closed (`when` 0): the content is
//!   read through that very descriptor, before it is gone, whatever became of the name;
//! - after the last task (`when` 1): every path of the run once more, with its bytes while the
//!   content limit lasts, those that were changed first.
//!
//! Payloads of such an event, all of `arg` 6: text `MAIN` the path, text `LINK` the target of a
//! symbolic link, and what [`event::content`] lists: digest and pieces. A file of more than a mebibyte takes several events, equal but for their pieces; the digest is in the first.
//! A path in another mount namespace can't be looked at when its tasks are gone: kind unknown, EXDEV.
//! Files of /proc and /sys have no content worth the name: their state has no digest.

mod place;
mod presence;
mod state;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::fs::MetadataExt;

use recording::event::{self, Kind, Record, Shape, text};
use syscalls::{Returns, Syscall};

use crate::procfs::{self, FileKind, ProcPath};
use place::Places;
use state::{Reading, State};

/// Most paths followed in one run. A run with more says how many were left out.
const PATHS: usize = 200_000;

/// Size, modification and change: what differs once a file was written.
type Signature = (u64, i64, i64, i64, i64);

/// What a run did to a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Deed {
    changed: bool,
    /// In another mount namespace than ours.
    elsewhere: bool,
}

/// Follows the files of a golden run.
pub(crate) struct FileStates {
    paths: BTreeMap<Vec<u8>, Deed>,
    left_out: u64,
    /// State last told of a file: nothing new is told of one that was not touched since.
    told: HashMap<(u64, u64), Signature>,
    ready: VecDeque<State>,
    reading: Option<Reading>,
    /// The paths still to be told at the end.
    last: Option<VecDeque<(Vec<u8>, Deed)>>,
    places: Places,
    inherited: bool,
}

impl FileStates {
    /// No files yet.
    pub fn new() -> Self {
        FileStates {
            paths: BTreeMap::new(),
            left_out: 0,
            told: HashMap::new(),
            ready: VecDeque::new(),
            reading: None,
            last: None,
            places: Places::default(),
            inherited: false,
        }
    }

    /// Are there events to be taken?
    pub fn pending(&self) -> bool {
        !self.ready.is_empty() || self.reading.is_some() || self.last.is_some()
    }

    /// Before a call: the files that it is about to close.
    pub fn before(&mut self, tid: u32, row: &Syscall, words: &[u64; 6]) {
        if !self.inherited {
            self.inherited = true;
            self.open_from_the_start(tid);
        }
        match row.name {
            "close" => self.closing_one(tid, words[0] as i32),
            "dup2" | "dup3" if words[0] as i32 != words[1] as i32 => self.closing_one(tid, words[1] as i32),
            "close_range" => self.closing_all(tid, words[0] as u32..=words[1] as u32),
            _ => {}
        }
    }

    /// After a call that did not fail: the paths it made, changed or opened.
    pub fn after(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], result: i64, record: &Record) {
        if (-4095..0).contains(&result) {
            return;
        }
        match row.name {
            // The first path of these is what the link will say, not a place.
            "symlink" => self.change_path(tid, row, words, 1, record),
            "symlinkat" => self.change_path(tid, row, words, 2, record),
            "execve" | "execveat" => {
                if let Some(path) = self.places.link(&ProcPath::of(tid, "exe")) {
                    self.add(tid, path, false);
                }
            }
            "readlink" | "readlinkat" => self.touch_paths(tid, row, words, false, record),
            "bind" => self.bound(tid, record),
            name if changes_descriptor(name) => self.change_descriptor(tid, words[0] as i32),
            name if changes_paths(name) => self.touch_paths(tid, row, words, true, record),
            _ if row.returns_for(words) == Returns::Fd && has_path(row, words) => {
                self.opened(tid, row, words, result as i32);
            }
            _ => {}
        }
    }

    /// A task stands at its exit stop: with it may go the last descriptor of a file.
    pub fn leaving(&mut self, tid: u32) {
        self.closing_all(tid, 0..=u32::MAX);
    }

    /// The last task is gone: from now on the paths are told.
    pub fn session_over(&mut self) {
        if self.last.is_none() {
            let (changed, read): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.paths).into_iter().partition(|(_, deed)| deed.changed);
            self.last = Some(changed.into_iter().chain(read).collect());
        }
    }

    /// Makes `record` the next event; false when there is none. `left` is what remains of the
    /// content limit.
    pub fn next(&mut self, record: &mut Record, task: u32, seq: u64, at: u64, left: &mut u64) -> bool {
        if let Some(mut reading) = self.reading.take() {
            reading.write(record, task, seq, at);
            self.reading = Some(reading).filter(|reading| !reading.is_over());
            return true;
        }
        if let Some(state) = self.ready.pop_front() {
            state.write(record, task, seq, at);
            return true;
        }
        let Some(last) = &mut self.last else { return false };
        if let Some((path, deed)) = last.pop_front() {
            let mut reading = Reading::at_the_end(path, deed.elsewhere, left);
            reading.write(record, task, seq, at);
            self.reading = Some(reading).filter(|reading| !reading.is_over());
            return true;
        }
        self.last = None;
        if self.left_out > 0 {
            record.begin(Kind::Lost, 64, task, seq, at);
            record.put_u64(32, self.left_out);
            record.text(text::MAIN, b"states of files: more paths than are followed in one run");
            self.left_out = 0;
            return true;
        }
        false
    }

    /// What the first process got from whoever started it.
    fn open_from_the_start(&mut self, tid: u32) {
        for fd in descriptors(tid) {
            let kind = procfs::descriptor_kind(tid, fd);
            if kind == Some(FileKind::Regular)
                && let Some(path) = self.places.link(&ProcPath::fd(tid, fd))
            {
                self.add(tid, path, is_writable(tid, fd));
            }
        }
    }

    fn opened(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], fd: i32) {
        let Some(path) = self.places.link(&ProcPath::fd(tid, fd)) else { return };
        if !path.starts_with(b"/") {
            return;
        }
        let created = row
            .args_for(words)
            .iter()
            .zip(words)
            .any(|(arg, word)| matches!(arg.kind, syscalls::Kind::OpenFlags) && *word & libc::O_CREAT as u64 != 0);
        self.add(tid, path, created || is_writable(tid, fd));
    }

    fn change_descriptor(&mut self, tid: u32, fd: i32) {
        if matches!(procfs::descriptor_kind(tid, fd), Some(FileKind::Regular | FileKind::Directory))
            && let Some(path) = self.places.link(&ProcPath::fd(tid, fd))
        {
            self.add(tid, path, true);
        }
    }

    /// A socket in the file system: unix(7).
    fn bound(&mut self, tid: u32, record: &Record) {
        let view = record.view();
        let Some(address) = view.payloads().find(|p| p.head.arg == 1 && p.head.shape == Shape::Struct) else { return };
        let Some((family, name)) = address.bytes.split_at_checked(2) else { return };
        if family == (libc::AF_UNIX as u16).to_ne_bytes() && name.first().is_some_and(|&byte| byte != 0) {
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
            if let Some(path) = self.places.resolve(tid, libc::AT_FDCWD, &name[..end]) {
                self.add(tid, path, true);
            }
        }
    }

    fn touch_paths(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], changed: bool, record: &Record) {
        for (i, arg) in row.args_for(words).iter().enumerate().take(6) {
            if let syscalls::Kind::Path = arg.kind {
                self.touch_path(tid, row, words, i, changed, record);
            }
        }
    }

    fn change_path(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], i: usize, record: &Record) {
        self.touch_path(tid, row, words, i, true, record);
    }

    fn touch_path(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], i: usize, changed: bool, record: &Record) {
        if let Some(path) = self.path_of(tid, row, words, i, record) {
            self.add(tid, path, changed);
        }
    }

    /// The absolute path behind argument `i`.
    fn path_of(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], i: usize, record: &Record) -> Option<Vec<u8>> {
        let before = i.checked_sub(1).and_then(|i| Some((row.args_for(words).get(i)?, words[i] as i32)));
        let base = match before {
            Some((arg, fd)) if matches!(arg.kind, syscalls::Kind::DirFd) => fd,
            _ => libc::AT_FDCWD,
        };
        let view = record.view();
        let text = view
            .payloads()
            .find(|p| usize::from(p.head.arg) == i && p.head.phase == 0 && p.head.shape == event::Shape::Text);
        self.places.resolve(tid, base, text?.bytes)
    }

    fn add(&mut self, tid: u32, path: Vec<u8>, changed: bool) {
        if !path.starts_with(b"/") || path.ends_with(b" (deleted)") {
            return;
        }
        if self.paths.len() >= PATHS && !self.paths.contains_key(&path) {
            self.left_out += 1;
            return;
        }
        let elsewhere = self.places.elsewhere(tid);
        let deed = self.paths.entry(path).or_default();
        deed.changed |= changed;
        deed.elsewhere = elsewhere;
    }

    /// One descriptor goes; the file is not closed while the process has another to write by.
    fn closing_one(&mut self, tid: u32, fd: i32) {
        let file = |fd: i32| {
            let meta = std::fs::metadata(ProcPath::fd(tid, fd).as_str()).ok()?;
            meta.is_file().then(|| (meta.dev(), meta.ino()))
        };
        let Some(this) = file(fd).filter(|_| is_writable(tid, fd)) else { return };
        if !descriptors(tid)
            .into_iter()
            .any(|other| other != fd && file(other) == Some(this) && is_writable(tid, other))
        {
            self.closing(tid, fd);
        }
    }

    fn closing_all(&mut self, tid: u32, range: std::ops::RangeInclusive<u32>) {
        for fd in descriptors(tid) {
            if range.contains(&(fd as u32)) {
                self.closing(tid, fd);
            }
        }
    }

    /// Tells the state of a file whose writable descriptor is about to go, if it is new.
    fn closing(&mut self, tid: u32, fd: i32) {
        let magic = ProcPath::fd(tid, fd);
        let Ok(meta) = std::fs::metadata(magic.as_str()) else { return };
        if !meta.is_file() || !is_writable(tid, fd) {
            return;
        }
        let signature = (meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
        if self.told.insert((meta.dev(), meta.ino()), signature) == Some(signature) {
            return;
        }
        if self.told.len() > PATHS {
            self.told.clear();
        }
        let Some(path) = self.places.link(&magic) else { return };
        self.ready.push_back(State::of_open_file(path, &magic, &meta));
    }
}

/// The open descriptors of a task, rising.
fn descriptors(tid: u32) -> Vec<i32> {
    let Ok(dir) = std::fs::read_dir(ProcPath::of(tid, "fd").as_str()) else { return Vec::new() };
    let mut fds: Vec<i32> = dir.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    fds.sort_unstable();
    fds
}

/// Was the descriptor opened for writing? proc_pid_fdinfo(5), `flags`, octal.
fn is_writable(tid: u32, fd: i32) -> bool {
    let mut buffer = [0; 512];
    let text = procfs::read(&ProcPath::fdinfo(tid, fd), &mut buffer);
    procfs::octal(text, b"flags").is_some_and(|flags| flags as i32 & libc::O_ACCMODE != libc::O_RDONLY)
}

fn has_path(row: &Syscall, words: &[u64; 6]) -> bool {
    row.args_for(words).iter().any(|arg| matches!(arg.kind, syscalls::Kind::Path))
}

/// Calls that change the file behind their first argument, a descriptor.
fn changes_descriptor(name: &str) -> bool {
    matches!(
        name,
        "fchmod" | "fchown" | "fchown32" | "ftruncate" | "ftruncate64" | "fallocate" | "fsetxattr" | "fremovexattr"
    )
}

/// Calls that change what stands at each path they name.
fn changes_paths(name: &str) -> bool {
    matches!(
        name,
        "unlink"
            | "unlinkat"
            | "rmdir"
            | "rename"
            | "renameat"
            | "renameat2"
            | "mkdir"
            | "mkdirat"
            | "mknod"
            | "mknodat"
            | "link"
            | "linkat"
            | "truncate"
            | "truncate64"
            | "chmod"
            | "fchmodat"
            | "fchmodat2"
            | "chown"
            | "chown32"
            | "lchown"
            | "lchown32"
            | "fchownat"
            | "utime"
            | "utimes"
            | "utimensat"
            | "futimesat"
            | "setxattr"
            | "lsetxattr"
            | "removexattr"
            | "lremovexattr"
    )
}
