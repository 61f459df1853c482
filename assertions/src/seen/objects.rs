//! Rules about objects: calls joined with the files, directories and streams they are about.

use std::borrow::Cow;
use std::collections::HashMap;

use recording::resolve::{
    About, Consumer, DescriptionId, Happened, ObjectId, ObjectKind, Outcome, ProcId, Resolved, Tables,
};
use regex::Regex;

use super::answer::Answer;
use super::calls::is_of;
use super::durable::Durable;
use super::made::basename;
use super::paths::Paths;
use super::reads::Reads;
use super::writes::Writes;
use crate::glob::Places;
use crate::rule::{Asks, Question};

/// One rule about objects.
pub(super) trait Watching: std::fmt::Debug {
    /// A call with its final outcome.
    fn call(&mut self, scene: &Scene<'_>, call: &Resolved<'_>);

    /// A call that was an attempt at a later one.
    fn attempt(&mut self, _scene: &Scene<'_>, _process: ProcId, _name: &str, _object: Option<ObjectId>) {}

    /// A process replaced its image.
    fn exec(&mut self, _scene: &Scene<'_>, _process: ProcId) {}

    /// What came of it.
    fn answer(self: Box<Self>) -> Answer;
}

/// What is known while a call is looked at.
pub(super) struct Scene<'a> {
    pub tables: &'a Tables,
    /// Paths of descriptions when they were opened.
    opened: &'a HashMap<DescriptionId, Vec<u8>>,
}

impl<'a> Scene<'a> {
    /// The path of what a call is about: of a descriptor the one that it was opened by, else the one given.
    pub fn path(&self, about: &'a About) -> Option<Cow<'a, [u8]>> {
        match (&about.path, about.description) {
            (Some(path), _) => Some(Cow::Borrowed(path)),
            (None, Some(description)) => self.opened_path(description, about.object),
            (None, None) => self.name(about.object),
        }
    }

    /// The path of a description when it was opened.
    pub fn opened_path(&self, description: DescriptionId, object: ObjectId) -> Option<Cow<'a, [u8]>> {
        let opened = self.opened.get(&description).map(|path| Cow::Borrowed(path.as_slice()));
        opened.or_else(|| self.name(object))
    }

    /// The name that an object has now.
    pub fn name(&self, object: ObjectId) -> Option<Cow<'a, [u8]>> {
        let name = self.tables.object(object)?.current_name();
        name.starts_with(b"/").then_some(Cow::Borrowed(name))
    }

    pub fn kind(&self, object: ObjectId) -> Option<ObjectKind> {
        self.tables.object(object).map(|row| row.kind)
    }

    /// Basename of what a process executes; of one that did not yet, what its maker does.
    pub fn exe(&self, process: ProcId) -> &'a [u8] {
        exe(self.tables, process)
    }
}

fn exe(tables: &Tables, process: ProcId) -> &[u8] {
    let mut at = Some(process);
    // A process is made by an earlier one, so this ends.
    while let Some(row) = at.and_then(|id| tables.process(id)) {
        if let Some(image) = row.images.last() {
            return basename(&image.exe);
        }
        at = row.parent.filter(|parent| Some(*parent) < at);
    }
    b""
}

/// A file of which reading or writing counts: no stream, no terminal, not `/dev/null`.
pub(super) fn counts(scene: &Scene<'_>, object: ObjectId, path: &[u8]) -> bool {
    use ObjectKind::{Dev, Dir, File, Symlink};
    let kind = scene.kind(object).unwrap_or(File);
    matches!(kind, File | Dir | Symlink | Dev) && !matches!(path, b"/dev/null" | b"/dev/tty")
}

/// Was it opened, and if so, on what, with which flags?
pub(super) fn opened<'a>(scene: &Scene<'_>, call: &'a Resolved<'_>) -> Option<(&'a About, u64)> {
    if !matches!(call.name.as_ref(), "open" | "openat" | "openat2" | "creat") || !succeeded(call) {
        return None;
    }
    let made = call.about.iter().find(|about| about.arg == recording::resolve::RESULT)?;
    let flags = scene.tables.description(made.description?)?.flags;
    Some((made, flags))
}

/// Did the call succeed?
pub(super) fn succeeded(call: &Resolved<'_>) -> bool {
    matches!(call.outcome, Outcome::Ok(_))
}

/// All rules of a run that are about objects.
#[derive(Debug)]
pub(crate) struct Objects {
    rules: Vec<(usize, Option<Regex>, Box<dyn Watching>)>,
    opened: HashMap<DescriptionId, Vec<u8>>,
}

impl Objects {
    /// For these rules, by their number in the file.
    pub fn new(rules: &[(usize, Question)], places: &Places) -> Objects {
        let watching = |question: &Question| -> Option<Box<dyn Watching>> {
            Some(match &question.asks {
                Asks::ReadsOnly { paths, runtime } => {
                    Box::new(Reads::new(paths.iter().map(|glob| glob.at(places)).collect(), *runtime))
                }
                Asks::WritesOnly { paths } => Box::new(Writes::new(paths.iter().map(|glob| glob.at(places)).collect())),
                Asks::DurableReplace { path, directory } => Box::new(Durable::new(path.at(places), *directory)),
                asks => Box::new(Paths::new(asks, places)?),
            })
        };
        let rules =
            rules.iter().filter_map(|(at, question)| Some((*at, question.processes.clone(), watching(question)?)));
        Objects { rules: rules.collect(), opened: HashMap::new() }
    }

    /// What each rule found.
    pub fn into_answers(self) -> Vec<(usize, Answer)> {
        self.rules.into_iter().map(|(at, _, watching)| (at, watching.answer())).collect()
    }
}

impl Consumer for Objects {
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>) {
        self.note_opened(tables, call);
        let scene = Scene { tables, opened: &self.opened };
        for (_, processes, rule) in &mut self.rules {
            if is_of(processes.as_ref(), scene.exe(call.process)) {
                rule.call(&scene, call);
            }
        }
    }

    fn happened(&mut self, tables: &Tables, what: &Happened<'_>) {
        let scene = Scene { tables, opened: &self.opened };
        let of = |thread| tables.thread(thread).map(|row| row.process);
        for (_, processes, rule) in &mut self.rules {
            let looks = |process| is_of(processes.as_ref(), scene.exe(process));
            match what {
                Happened::Attempt { thread, name, object, .. } => {
                    if let Some(process) = of(*thread).filter(|process| looks(*process)) {
                        rule.attempt(&scene, process, name, *object);
                    }
                }
                Happened::Exec { thread, .. } => {
                    if let Some(process) = of(*thread).filter(|process| looks(*process)) {
                        rule.exec(&scene, process);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Objects {
    /// Remembers by which path a description was opened. What the kernel says of the object is canonical; files
    /// of procfs are named as they were asked for, because there the kernel's name has a process id.
    fn note_opened(&mut self, tables: &Tables, call: &Resolved<'_>) {
        let scene = Scene { tables, opened: &self.opened };
        let Some((made, _)) = opened(&scene, call) else { return };
        let given = call.about.iter().find_map(|about| about.path.as_ref());
        let row = tables.object(made.object);
        let procfs = row.is_some_and(|row| row.procfs);
        let name = scene.name(made.object).filter(|_| !procfs).map(Cow::into_owned).or_else(|| given.cloned());
        if let (Some(description), Some(name)) = (made.description, name) {
            self.opened.insert(description, name);
        }
    }
}
