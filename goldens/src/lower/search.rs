//! Searches along PATH: probes of one name in its directories are part of the step that finds it.

use std::collections::BTreeMap;

use recording::resolve::{ObjectId, ProcId, Tables};

use super::Lowering;
use super::loader::basename;
use super::scene::{EACCES, Scene};
use crate::model::{InputKind, Verb};
use crate::run::InputName;
use crate::run::raw::{Ended, Key, NameId, RawStep};

/// What a process looks for.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// The directories of PATH, once they were asked for.
    directories: Option<Vec<Vec<u8>>>,
    /// Names that were not found yet: how they were looked for first, and when.
    missed: BTreeMap<NameId, (Verb, u64, u32, u16)>,
}

/// What a shell without PATH searches.
const USUAL: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Search {
    /// A program image begins: it may have another PATH.
    pub fn begin(&mut self) {
        self.directories = None;
        self.missed.clear();
    }
}

/// The environment in force: of the last image of the process or of its nearest ancestor with one.
fn path_of(tables: &Tables, mut process: ProcId) -> &[u8] {
    for _ in 0..tables.processes.len() {
        let Some(row) = tables.process(process) else { break };
        if let Some(env) = row.images.last().and_then(|image| image.env.as_ref()) {
            return env.iter().find_map(|entry| entry.strip_prefix(b"PATH=")).unwrap_or(USUAL);
        }
        let Some(parent) = row.parent else { break };
        process = parent;
    }
    USUAL
}

impl Lowering {
    fn on_path(&mut self, scene: &Scene<'_>, path: &[u8]) -> bool {
        let name = basename(path);
        let Some(directory) = path.len().checked_sub(name.len() + 1).and_then(|end| path.get(..end)) else {
            return false;
        };
        let search = &mut self.working(scene.process()).search;
        let directories = search.directories.get_or_insert_with(|| {
            let path = path_of(scene.tables, scene.process());
            path.split(|byte| *byte == b':').map(|entry| entry.strip_suffix(b"/").unwrap_or(entry).to_vec()).collect()
        });
        directories.iter().any(|entry| entry == directory)
    }

    /// A lookup that failed; `true`: it is part of a search.
    pub(super) fn search_probe(&mut self, scene: &Scene<'_>, object: ObjectId, verb: Verb) -> bool {
        let Ended::Failed(errno) = scene.ended() else { return false };
        let Some(row) = scene.row(object) else { return false };
        if !(scene.absent() || errno == EACCES) || !self.on_path(scene, &row.name) {
            return self.loading_probe(scene);
        }
        let name = self.run.names.id(basename(&row.name));
        let missed = (verb, scene.call.index, scene.thread(), errno);
        self.working(scene.process()).search.missed.entry(name).or_insert(missed);
        self.info(scene, "search.probes");
        true
    }

    /// A lookup by name that ends a search, or is one that found nothing.
    pub(super) fn looked_up(&mut self, scene: &Scene<'_>, object: ObjectId) {
        if let Some(row) = scene.row(object).filter(|_| scene.worked()) {
            self.found(scene, &row.name);
        }
        self.probe(scene, object);
    }

    /// Something of this name was found.
    pub(super) fn found(&mut self, scene: &Scene<'_>, path: &[u8]) {
        if self.working(scene.process()).search.missed.is_empty() {
            return;
        }
        let name = self.run.names.id(basename(path));
        self.working(scene.process()).search.missed.remove(&name);
    }

    /// What a process looked for and did not find, when it ends or becomes another program.
    pub(super) fn end_search(&mut self, process: ProcId) {
        for (name, (verb, event, thread, errno)) in std::mem::take(&mut self.working(process).search.missed) {
            let step = RawStep { verb, args: [].into(), ended: Ended::Failed(errno) };
            self.put(process, thread, Key::Searched(name), event, step);
            self.run.process(process).inputs.insert((InputKind::Absent, InputName::Plain(name)));
        }
        self.end_loader(process);
    }

    /// Likewise for all that never ended.
    pub(super) fn end_searches(&mut self, tables: &Tables) {
        (0..tables.processes.len()).for_each(|at| self.end_search(ProcId(at as u32)));
    }
}
