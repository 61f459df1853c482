//! `durable_replace`: names that got new content, and whether a crash could have left them without any.

use std::collections::BTreeMap;
use std::collections::HashMap;

use recording::resolve::{About, ObjectId, Resolved};

use super::answer::{Answer, Kept};
use super::objects::{Scene, Watching, opened, succeeded};
use crate::finding::Findings;
use crate::glob::PathGlob;

const O_TRUNC: u64 = 0o1_000;
const O_CREAT: u64 = 0o100;
/// `O_DSYNC`, a bit of `O_SYNC`, too (open(2)).
const O_DSYNC: u64 = 0o10_000;
/// `RWF_DSYNC` and `RWF_SYNC` of pwritev2(2).
const RWF_SYNC: u64 = 6;
const RENAME_EXCHANGE: u64 = 2;

/// What was done to the content of a file.
#[derive(Debug, Default, Clone, Copy)]
struct Content {
    written: bool,
    /// Was it made durable after the last write?
    synced: bool,
}

/// A name that a rename or link gave.
#[derive(Debug)]
struct Given {
    process: Vec<u8>,
    call: String,
    content_synced: bool,
    directory_synced: bool,
}

/// One rule.
#[derive(Debug)]
pub(super) struct Durable {
    path: PathGlob,
    directory: bool,
    files: HashMap<ObjectId, Content>,
    given: BTreeMap<Vec<u8>, Given>,
    in_place: Findings,
}

fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) | None => b"/",
        Some(at) => &path[..at],
    }
}

impl Durable {
    pub fn new(path: PathGlob, directory: bool) -> Durable {
        Durable { path, directory, files: HashMap::new(), given: BTreeMap::new(), in_place: Findings::default() }
    }

    /// The content of an object changes, under the name that it has now.
    fn wrote(&mut self, scene: &Scene<'_>, call: &Resolved<'_>, object: ObjectId, synced: bool) {
        self.files.insert(object, Content { written: true, synced });
        if let Some(name) = scene.name(object).filter(|name| self.path.takes(name)) {
            self.in_place.add(scene.exe(call.process), &call.name, Some(&name));
        }
    }

    fn synced(&mut self, scene: &Scene<'_>, object: ObjectId) {
        self.files.entry(object).or_default().synced = true;
        if let Some(name) = scene.name(object) {
            for (_, given) in self.given.iter_mut().filter(|(path, _)| parent(path) == name.as_ref()) {
                given.directory_synced = true;
            }
        }
    }

    fn all_synced(&mut self) {
        self.files.values_mut().for_each(|content| content.synced = true);
        self.given.values_mut().for_each(|given| given.directory_synced = true);
    }

    fn named(&mut self, scene: &Scene<'_>, call: &Resolved<'_>, to: &About, object: ObjectId) {
        let Some(path) = to.path.clone().filter(|path| self.path.takes(path)) else { return };
        let content_synced = self.files.get(&object).is_some_and(|content| content.synced);
        let process = scene.exe(call.process).to_vec();
        self.given
            .insert(path, Given { process, call: call.name.to_string(), content_synced, directory_synced: false });
    }
}

fn about<'a>(call: &'a Resolved<'_>, arg: u8) -> Option<&'a About> {
    call.about.iter().find(|about| about.arg == arg)
}

impl Watching for Durable {
    fn call(&mut self, scene: &Scene<'_>, call: &Resolved<'_>) {
        if !succeeded(call) {
            return;
        }
        let args = call.event.call().map(|call| call.args()).unwrap_or_default();
        if let Some((made, flags)) = opened(scene, call) {
            let row = scene.tables.object(made.object);
            let created = flags & O_CREAT != 0
                && row.is_some_and(|row| row.names.last().is_some_and(|(index, _)| *index == call.index));
            if created || flags & O_TRUNC != 0 {
                self.wrote(scene, call, made.object, false);
            }
            return;
        }
        let renames = match call.name.as_ref() {
            "rename" | "link" => Some((0, 1)),
            "renameat" | "renameat2" | "linkat" => Some((1, 3)),
            _ => None,
        };
        if let Some((from, to)) = renames {
            if let (Some(from), Some(to)) = (about(call, from), about(call, to)) {
                self.named(scene, call, to, from.object);
                if call.name == "renameat2" && args[4] & RENAME_EXCHANGE != 0 {
                    self.named(scene, call, from, to.object);
                }
            }
            return;
        }
        match call.name.as_ref() {
            "fsync" | "fdatasync" => {
                if let Some(about) = about(call, 0) {
                    self.synced(scene, about.object);
                }
            }
            "sync" | "syncfs" => self.all_synced(),
            "truncate" | "ftruncate" | "fallocate" => {
                if let Some(about) = about(call, 0) {
                    self.wrote(scene, call, about.object, false);
                }
            }
            name => {
                for moved in call.moved.iter().filter(|moved| moved.into && moved.end > moved.start) {
                    let flags = scene.tables.description(moved.description).map_or(0, |row| row.flags);
                    let synced = flags & O_DSYNC != 0 || (name == "pwritev2" && args[5] & RWF_SYNC != 0);
                    let before = self.files.get(&moved.object).copied().unwrap_or_default();
                    // One durable write does not make those before it durable.
                    self.wrote(scene, call, moved.object, synced && (before.synced || !before.written));
                }
            }
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        let mut lacking = Findings::default();
        let mut why = vec![];
        let broken = !self.in_place.is_empty();
        if broken {
            why.push("written in place");
        }
        for (path, given) in &self.given {
            let no_directory = self.directory && !given.directory_synced;
            for (is, reason) in [
                (!given.content_synced, "content not synced before the name"),
                (no_directory, "directory not synced after it"),
            ] {
                if is && !why.contains(&reason) {
                    why.push(reason);
                }
            }
            if !given.content_synced || no_directory {
                lacking.add(&given.process, &given.call, Some(path));
            }
        }
        let total = self.given.len();
        let mut answer = match (broken, lacking.is_empty()) {
            (true, _) => Answer::none_of(self.in_place, ""),
            (false, false) => Answer { kept: Kept::Lacking, ..Answer::none_of(lacking, "") },
            (false, true) => Answer::none_of(lacking, ""),
        };
        answer.message = match (why.is_empty(), total) {
            (false, _) => why.join(", "),
            (true, 1) => "1 name was replaced durably".into(),
            (true, total) => format!("{total} names were replaced durably"),
        };
        if why.is_empty() && total == 0 {
            answer.kept = Kept::Unknown("nothing that matches was written".into());
        }
        answer
    }
}
