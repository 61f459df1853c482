//! `reads_only`: what was opened with read access, listed or executed beside what may be.

use std::collections::HashSet;

use recording::resolve::{ObjectId, ProcId, Resolved};
use recording::runtime_class;

use super::answer::Answer;
use super::made::basename;
use super::objects::{Scene, Watching, counts, opened, succeeded};
use crate::finding::Findings;
use crate::glob::PathGlob;

const O_ACCMODE: u64 = 3;
const O_WRONLY: u64 = 1;
const O_PATH: u64 = 0o10_000_000;
const PROT_EXEC: u64 = 4;

/// One rule.
#[derive(Debug)]
pub(super) struct Reads {
    paths: Vec<PathGlob>,
    /// Are libraries and runtime files free?
    runtime: bool,
    /// The root's own program: the file that was asked for and, of a script, its interpreter.
    own: Vec<Vec<u8>>,
    /// Opened files that are named like libraries: free when they are mapped to be executed.
    libraries: Vec<(ObjectId, Vec<u8>, String, Vec<u8>)>,
    mapped: HashSet<ObjectId>,
    found: Findings,
}

impl Reads {
    pub fn new(paths: Vec<PathGlob>, runtime: bool) -> Reads {
        Reads { paths, runtime, own: vec![], libraries: vec![], mapped: HashSet::new(), found: Findings::default() }
    }

    fn may(&self, path: &[u8]) -> bool {
        self.own.iter().any(|own| own == path)
            || self.paths.iter().any(|glob| glob.takes(path))
            || (self.runtime && runtime_class(path).is_some())
    }

    fn own_program(&mut self, path: &[u8]) {
        if !self.own.iter().any(|own| own == path) {
            self.own.push(path.to_vec());
        }
    }

    /// What the first exec of the root named, a script perhaps.
    fn executed(&mut self, scene: &Scene<'_>, call: &Resolved<'_>) {
        let Some(path) = call.about.iter().find_map(|about| about.path.as_deref()) else { return };
        let images = scene.tables.process(call.process).map_or(0, |row| row.images.len());
        if call.process == ProcId(0) && images <= 1 {
            let path = path.to_vec();
            self.own_program(&path);
            if let Some(about) = call.about.iter().find(|about| about.path.is_some())
                && let Some(name) = scene.name(about.object)
            {
                self.own_program(&name);
            }
        } else if !self.may(path)
            && !is_made_here(scene, call.about.iter().find(|a| a.path.is_some()).map(|a| a.object))
        {
            self.found.add(scene.exe(call.process), &call.name, Some(path));
        }
    }
}

fn is_made_here(scene: &Scene<'_>, object: Option<ObjectId>) -> bool {
    object.and_then(|object| scene.tables.object(object)).is_some_and(|row| row.made_by.is_some())
}

fn is_library(path: &[u8]) -> bool {
    let name = basename(path);
    name.ends_with(b".so") || name.windows(4).any(|part| part == b".so.")
}

impl Watching for Reads {
    fn call(&mut self, scene: &Scene<'_>, call: &Resolved<'_>) {
        match call.name.as_ref() {
            "execve" | "execveat" if succeeded(call) => return self.executed(scene, call),
            "mmap" | "mmap2" if succeeded(call) => {
                let args = call.event.call().map(|call| call.args()).unwrap_or_default();
                if args[2] & PROT_EXEC != 0 {
                    self.mapped.extend(call.object(4));
                }
                return;
            }
            _ => {}
        }
        let Some((made, flags)) = opened(scene, call) else { return };
        if flags & O_PATH != 0 || flags & O_ACCMODE == O_WRONLY || is_made_here(scene, Some(made.object)) {
            return;
        }
        let Some(path) = scene.path(made).filter(|path| counts(scene, made.object, path)) else { return };
        if self.may(&path) {
            return;
        }
        let (exe, path) = (scene.exe(call.process), path.into_owned());
        if self.runtime && is_library(&path) {
            self.libraries.push((made.object, exe.to_vec(), call.name.to_string(), path));
        } else {
            self.found.add(exe, &call.name, Some(&path));
        }
    }

    fn exec(&mut self, scene: &Scene<'_>, process: ProcId) {
        let Some(row) = scene.tables.process(process) else { return };
        let Some(image) = row.images.last() else { return };
        if process == ProcId(0) && row.images.len() == 1 {
            let exe = image.exe.clone();
            self.own_program(&exe);
        }
    }

    fn answer(mut self: Box<Self>) -> Answer {
        let (mapped, own) = (&self.mapped, &self.own);
        for (object, exe, name, path) in &self.libraries {
            if !mapped.contains(object) && !own.contains(path) {
                self.found.add(exe, name, Some(path));
            }
        }
        Answer::none_of(self.found, "read of what is not listed")
    }
}
