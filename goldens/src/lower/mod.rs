//! Lower: calls become steps of streams, facts, inputs; equivalent spellings become one verb.
//!
//! In: resolved calls and what happened between them, through [`recording::resolve::Consumer`]. Out: a
//! [`Run`]. What a call becomes stands in [`table`]; the handlers stand beside, one file per family.

mod calls;
mod ends;
mod files;
mod flags;
mod happened;
mod io;
mod loader;
mod locks;
mod memory;
mod names;
mod network;
mod own;
mod process;
mod scene;
mod search;
mod signals;
mod sockets;
mod table;
mod time;
mod walk;

pub(crate) use calls::{AS_IT_WAS, only_exact, only_exact_field};

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use recording::resolve::{Consumer, Happened, ObjectId, ObjectKind, ProcId, Resolved, Tables};

use crate::model::{InputKind, Level, Verb};
use crate::options::Options;
use crate::run::raw::{Ended, Key, Placed, Raw, RawStep};
use crate::run::stream::{RawStream, Transfer};
use crate::run::{InputName, Run};
use scene::Scene;
use table::Place;

/// A run in the making.
#[derive(Debug, Default)]
pub(crate) struct Lowering {
    pub run: Run,
    /// Are the calls of threads wanted?
    keep_calls: bool,
    /// With descriptor numbers and signals?
    keep_exact: bool,
    by_key: HashMap<(ProcId, Key), usize>,
    call_numbers: HashMap<crate::run::RawCall, u32>,
    flows: HashMap<(ProcId, ObjectId, bool), crate::run::raw::FlowId>,
    working: Vec<Working>,
    /// Signal masks, by thread.
    masks: Vec<u64>,
    /// Modification times that stats have shown, for `utimes copy`.
    times_seen: HashMap<(u64, u64), ObjectId>,
    /// Looks at folders above, by thread.
    held: HashMap<u32, walk::Held>,
    /// Listings in progress, by description.
    listing: HashMap<u32, files::Listing>,
    /// Bytes that streams hope to find in files at the end.
    borrowed: u64,
    /// Who made each child: process, thread and event.
    spawned: HashMap<ProcId, (ProcId, u32, u64)>,
    /// Last release of a file lock: thread and event.
    unlocks: HashMap<ObjectId, (u32, u64)>,
    /// Sets of objects watched through an epoll, inotify or fanotify.
    watched: HashSet<(ProcId, ObjectId, Option<ObjectId>)>,
}

/// What is worked with while a process lives.
#[derive(Debug, Default)]
struct Working {
    loader: loader::Loader,
    search: search::Search,
    mappings: Vec<memory::Mapping>,
    /// Mappings by begin: end and number (levels `calls` and `exact`).
    numbered: BTreeMap<u64, (u64, u32)>,
    /// The object that a descriptor number stood for when it was closed.
    closed: HashMap<i32, ObjectId>,
}

impl Lowering {
    /// Nothing yet.
    pub fn new(options: &Options) -> Lowering {
        let run = Run {
            merged: options.merged.then(Default::default),
            exact: options.level >= Level::Exact,
            ..Run::default()
        };
        Lowering {
            run,
            keep_calls: options.level >= Level::Calls,
            keep_exact: options.level >= Level::Exact,
            ..Lowering::default()
        }
    }

    fn working(&mut self, id: ProcId) -> &mut Working {
        let at = id.0 as usize;
        if at >= self.working.len() {
            self.working.resize_with(at.saturating_add(1), Working::default);
        }
        &mut self.working[at]
    }

    fn stream(&mut self, process: ProcId, key: Key) -> usize {
        let next = self.run.streams.len();
        let at = *self.by_key.entry((process, key)).or_insert(next);
        if at == next {
            self.run.streams.push(RawStream::new(process, key));
        }
        at
    }

    /// A step of this call, with its outcome.
    fn step(&mut self, scene: &Scene<'_>, key: Key, verb: Verb, args: impl Into<Box<[Raw]>>) -> u32 {
        let step = RawStep { verb, args: args.into(), ended: scene.ended() };
        self.put(scene.process(), scene.thread(), key, scene.call.index, step)
    }

    /// A step that worked, whatever became of the call.
    fn done(&mut self, scene: &Scene<'_>, key: Key, verb: Verb, args: impl Into<Box<[Raw]>>) -> u32 {
        let step = RawStep { verb, args: args.into(), ended: Ended::Well };
        self.put(scene.process(), scene.thread(), key, scene.call.index, step)
    }

    fn put(&mut self, process: ProcId, thread: u32, key: Key, event: u64, step: RawStep) -> u32 {
        let step = self.run.steps.id(step);
        let at = self.stream(process, key);
        if let Some(stream) = self.run.streams.get_mut(at) {
            stream.push(&mut self.run.steps, &mut self.run.ranges, step, thread, event);
        }
        step
    }

    fn transfer(&mut self, process: ProcId, key: Key, transfer: &Transfer<'_>) {
        let at = self.stream(process, key);
        if let Some(stream) = self.run.streams.get_mut(at) {
            stream.transfer(&mut self.run.steps, &mut self.run.ranges, transfer);
        }
    }

    /// The stream of an object in this process; `None` when its steps are no part of any stream: a runtime
    /// file, of which only the class counts.
    fn key(&mut self, process: ProcId, tables: &Tables, object: ObjectId) -> Option<Key> {
        if let Some(class) = self.class(tables, object) {
            self.found_class(process, class);
            return None;
        }
        let held = self.working(process).loader.holds(object);
        Some(if held { Key::Candidate(object) } else { Key::Object(object) })
    }

    /// The class of runtime files that an object belongs to.
    fn class(&mut self, tables: &Tables, object: ObjectId) -> Option<&'static str> {
        if let Some(known) = self.run.object(object).class {
            return known;
        }
        let row = tables.object(object)?;
        let name = if row.kind == ObjectKind::Unix { row.peer.as_deref().unwrap_or(&row.name) } else { &row.name };
        let class = crate::scrub::runtime_class(name);
        self.run.object(object).class = Some(class);
        class
    }

    fn found_class(&mut self, process: ProcId, class: &'static str) {
        let facts = self.run.process(process);
        facts.note(format!("runtime.{class}"), 1);
        // What the loader looks up on its way to a library belongs to that library.
        if class != "ldso" {
            facts.inputs.insert((InputKind::Load, InputName::Class(class)));
        }
    }

    fn info(&mut self, scene: &Scene<'_>, what: impl Into<Cow<'static, str>>) {
        self.run.process(scene.process()).note(what, 1);
    }

    fn input(&mut self, scene: &Scene<'_>, kind: InputKind, name: &[u8]) {
        let name = self.run.names.id(name);
        self.run.process(scene.process()).inputs.insert((kind, InputName::Path(name)));
    }

    /// A lookup that found nothing is an input.
    fn probe(&mut self, scene: &Scene<'_>, object: ObjectId) {
        if !scene.absent() || self.class(scene.tables, object).is_some() {
            return;
        }
        let Some(row) = scene.row(object).filter(|row| !row.procfs) else { return };
        if !self.own_absence(scene, &row.name) {
            self.input(scene, InputKind::Absent, &row.name);
        }
    }

    /// Is it the run's own doing that nothing of this name is there: it removed the name, or made the directory?
    fn own_absence(&self, scene: &Scene<'_>, name: &[u8]) -> bool {
        let ends = name.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0).map(|(at, _)| at);
        let beginnings = ends.chain([name.len()]).filter_map(|end| self.run.names.known(name.get(..end)?));
        let made_here = |object| scene.row(object).is_some_and(|row| row.made_by.is_some());
        let mut touched = beginnings.filter_map(|id| self.run.touched.get(&id));
        touched.any(|touched| !touched.there || made_here(touched.object))
    }

    fn text(&mut self, bytes: &[u8]) -> Raw {
        Raw::Text(self.run.names.id(bytes))
    }

    fn path(&mut self, bytes: &[u8]) -> Raw {
        Raw::Path(self.run.names.id(bytes))
    }

    /// The session is over.
    pub fn finish(mut self, tables: Tables) -> Run {
        self.release_looks();
        self.close_listings();
        self.end_searches(&tables);
        for at in 0..self.run.streams.len() {
            if let Some(stream) = self.run.streams.get_mut(at) {
                stream.flush(&mut self.run.steps, &mut self.run.ranges);
            }
        }
        self.release_candidates();
        self.run.tables = tables;
        self.drop_covered_extensions();
        self.run
    }

    /// Candidates that were never loaded are files like others.
    fn release_candidates(&mut self) {
        let candidates: Vec<(ProcId, ObjectId)> = self
            .run
            .streams
            .iter()
            .filter_map(|stream| match stream.key {
                Key::Candidate(object) => Some((stream.process, object)),
                _ => None,
            })
            .collect();
        candidates.into_iter().for_each(|(process, object)| self.release(process, object));
    }

    /// A `truncate` that only made room for writes is part of these.
    fn drop_covered_extensions(&mut self) {
        let mut dropped: Vec<(Key, u32)> = Vec::new();
        for object in &self.run.objects {
            let covered = object.extended.iter().filter(|(_, _, from, to)| object.written.cover(*from, *to));
            dropped.extend(covered.map(|(key, step, _, _)| (*key, *step)));
        }
        dropped.sort_unstable();
        for stream in &mut self.run.streams {
            let key = stream.key;
            stream.placed.retain(|placed: &Placed| dropped.binary_search(&(key, placed.step)).is_err());
        }
    }
}

impl Consumer for Lowering {
    fn call(&mut self, tables: &Tables, call: &Resolved<'_>) {
        self.run.total_calls = self.run.total_calls.saturating_add(1);
        let row = table::find(&call.name);
        let scene = Scene { tables, call, at: row.map_or([0; 4], |row| row.at) };
        for (errno, times) in call.attempts {
            let name = syscalls::errno::errno(*errno).map_or("OTHER", |errno| errno.name);
            self.run.process(scene.process()).note(format!("attempts.{name}"), u64::from(*times));
        }
        self.working(scene.process()).loader.saw(&call.name);
        self.after_look(&scene);
        if self.keep_calls {
            self.keep(&scene);
        }
        match row {
            Some(row) if row.place == Place::Query => self.info(&scene, "queries"),
            Some(row) => (row.handler)(self, &scene),
            None => own::special(self, &scene),
        }
    }

    fn happened(&mut self, tables: &Tables, what: &Happened<'_>) {
        self.keep_signal(tables, what);
        self.keep_attempt(what);
        self.take(tables, what);
    }
}
