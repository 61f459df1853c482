//! The loader: what it does to find and map a library is one `load`, and a `search` where it had to look.
//!
//! A file whose name holds `.so` and that is opened to be read is a candidate: its steps are held back until it
//! is mapped to be executed, which makes them a load, or closed, which makes them steps of a file like others.

use std::collections::HashMap;

use recording::resolve::{ObjectId, ObjectKind, ProcId};

use super::Lowering;
use super::scene::Scene;
use crate::model::{InputKind, Verb};
use crate::run::InputName;
use crate::run::raw::{Ended, Key, NameId, RawStep};

/// How far the loader of a process is.
#[derive(Debug, Default)]
pub(super) struct Loader {
    /// Between an exec and the first call that the loader does not make.
    loading: bool,
    candidates: HashMap<ObjectId, bool>,
    /// Probes that found nothing, by soname: the first event.
    probes: HashMap<NameId, (u64, u32, u16)>,
}

/// Calls that a loader makes before the program runs.
const LOADER_CALLS: [&str; 22] = [
    "brk",
    "access",
    "faccessat",
    "open",
    "openat",
    "read",
    "pread64",
    "stat",
    "fstat",
    "newfstatat",
    "statx",
    "lstat",
    "mmap",
    "mmap2",
    "close",
    "mprotect",
    "munmap",
    "readlink",
    "readlinkat",
    "arch_prctl",
    "uname",
    "execve",
];

impl Loader {
    /// A program image begins.
    pub fn begin(&mut self) {
        *self = Loader { loading: true, ..Loader::default() };
    }

    /// A call was made.
    pub fn saw(&mut self, name: &str) {
        self.loading &= LOADER_CALLS.contains(&name);
    }

    /// Are the steps of this object held back?
    pub fn holds(&self, object: ObjectId) -> bool {
        self.candidates.contains_key(&object)
    }
}

/// The last component of a path.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// `libz.so.1`, `_json.cpython-311-x86_64-linux-gnu.so`.
fn names_library(path: &[u8]) -> bool {
    let name = basename(path);
    name.ends_with(b".so") || name.windows(4).any(|part| part == b".so.")
}

impl Lowering {
    /// A file was opened to be read: is it perhaps a library?
    pub(super) fn library_opened(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8]) {
        let file = scene.row(object).is_some_and(|row| row.kind == ObjectKind::File && row.made_by.is_none());
        if file && names_library(name) {
            self.working(scene.process()).loader.candidates.entry(object).or_insert(false);
        }
    }

    /// A probe of the loader that found nothing; `true`: it is part of a search.
    pub(super) fn library_probe(&mut self, scene: &Scene<'_>, object: ObjectId) -> bool {
        let Some(row) = scene.row(object).filter(|row| scene.absent() && names_library(&row.name)) else {
            return self.loading_probe(scene);
        };
        let soname = self.run.names.id(basename(&row.name));
        let errno = if let Ended::Failed(errno) = scene.ended() { errno } else { 0 };
        let first = (scene.call.index, scene.thread(), errno);
        self.working(scene.process()).loader.probes.entry(soname).or_insert(first);
        self.info(scene, "search.probes");
        true
    }

    /// Whatever the loader does not find while it looks for libraries is part of that search.
    pub(super) fn loading_probe(&mut self, scene: &Scene<'_>) -> bool {
        let loading = self.working(scene.process()).loader.loading && scene.absent();
        if loading {
            self.info(scene, "search.probes");
        }
        loading
    }

    /// A candidate was mapped to be executed: it is loaded.
    pub(super) fn library_mapped(&mut self, scene: &Scene<'_>, object: ObjectId) {
        let process = scene.process();
        let Some(loaded) = self.working(process).loader.candidates.get_mut(&object) else { return };
        if std::mem::replace(loaded, true) {
            return;
        }
        let name = scene.row(object).map(|row| basename(&row.name).to_vec()).unwrap_or_default();
        let soname = self.run.names.id(&name);
        let key = Key::Library(soname);
        if let Some((event, thread, _)) = self.working(process).loader.probes.remove(&soname) {
            self.put(process, thread, key, event, RawStep { verb: Verb::Search, args: [].into(), ended: Ended::Well });
        }
        self.forget_held(process, object);
        self.done(scene, key, Verb::Load, []);
        let facts = self.run.process(process);
        facts.libraries.insert(soname);
        facts.inputs.insert((InputKind::Load, InputName::Plain(soname)));
        self.unread(scene, object);
    }

    /// The open of what turned out to be a library is no `read` input.
    fn unread(&mut self, scene: &Scene<'_>, object: ObjectId) {
        if let Some(row) = scene.row(object) {
            let name = self.run.names.id(&row.name);
            self.run.process(scene.process()).inputs.remove(&(InputKind::Read, InputName::Path(name)));
        }
    }

    fn forget_held(&mut self, process: ProcId, object: ObjectId) {
        let at = self.by_key.get(&(process, Key::Candidate(object))).copied();
        if let Some(stream) = at.and_then(|at| self.run.streams.get_mut(at)) {
            *stream = crate::run::stream::RawStream::new(process, Key::Candidate(object));
        }
    }

    /// A candidate is closed; `true`: it was loaded, and the close is part of that.
    pub(super) fn library_closed(&mut self, scene: &Scene<'_>, object: ObjectId) -> bool {
        let loaded = self.working(scene.process()).loader.candidates.remove(&object).unwrap_or(false);
        if loaded {
            self.forget_held(scene.process(), object);
        } else {
            self.release(scene.process(), object);
        }
        loaded
    }

    /// What was held back of a file becomes its steps; nothing where it was loaded and never closed.
    pub(super) fn release(&mut self, process: ProcId, object: ObjectId) {
        let Some(at) = self.by_key.get(&(process, Key::Candidate(object))).copied() else { return };
        let loaded = self.working(process).loader.candidates.get(&object).copied().unwrap_or(false);
        let Some(stream) = self.run.streams.get_mut(at) else { return };
        stream.flush(&mut self.run.steps, &mut self.run.ranges);
        let empty = crate::run::stream::RawStream::new(process, Key::Candidate(object));
        let held = std::mem::replace(stream, empty);
        if loaded || held.placed.is_empty() {
            return;
        }
        let to = self.stream(process, Key::Object(object));
        if let Some(stream) = self.run.streams.get_mut(to) {
            stream.flush(&mut self.run.steps, &mut self.run.ranges);
            stream.append(held);
        }
    }

    /// A library that was nowhere is a load that failed.
    pub(super) fn end_loader(&mut self, process: ProcId) {
        let mut probes: Vec<_> = self.working(process).loader.probes.drain().collect();
        probes.sort_unstable();
        for (soname, (event, thread, errno)) in probes {
            let step = RawStep { verb: Verb::Load, args: [].into(), ended: Ended::Failed(errno) };
            self.put(process, thread, Key::Library(soname), event, step);
            self.run.process(process).inputs.insert((InputKind::Absent, InputName::Plain(soname)));
        }
    }
}
