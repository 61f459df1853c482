//! Rules about calls on some objects only: `must_call`, `must_not_call`, `byte_budget` with a path.

use recording::resolve::{ObjectId, ProcId, Resolved};
use syscalls::{Abi, Filter};

use super::answer::Answer;
use super::calls::{at_least, bytes, goes};
use super::objects::{Scene, Watching, succeeded};
use crate::finding::Findings;
use crate::glob::{PathGlob, Places};
use crate::rule::{Asks, Direction};

const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    AtLeast(u64),
    None,
    Bytes(u64, Direction),
}

/// One rule.
#[derive(Debug)]
pub(super) struct Paths {
    what: What,
    calls: Filter,
    path: PathGlob,
    value: u64,
    mapped: bool,
    found: Findings,
}

impl Paths {
    /// `None` for a rule without a path.
    pub fn new(asks: &Asks, places: &Places) -> Option<Paths> {
        let (what, calls, path) = match asks {
            Asks::MustCall { calls, min, path } => (What::AtLeast(*min), calls, path),
            Asks::MustNotCall { calls, path } => (What::None, calls, path),
            Asks::ByteBudget { calls, max, direction, path } => (What::Bytes(*max, *direction), calls, path),
            _ => return None,
        };
        let path = path.as_ref()?.at(places);
        Some(Paths { what, calls: calls.clone(), path, value: 0, mapped: false, found: Findings::default() })
    }

    /// The first path that matches.
    fn about<'a>(&self, scene: &Scene<'a>, call: &'a Resolved<'_>) -> Option<std::borrow::Cow<'a, [u8]>> {
        call.about.iter().find_map(|about| {
            // A name that leads to an object by a link, and the object's own.
            let given = scene.path(about).filter(|path| self.path.takes(path));
            given.or_else(|| scene.name(about.object).filter(|path| self.path.takes(path)))
        })
    }

    fn is_in(&self, call: &Resolved<'_>) -> bool {
        match (Abi::from_raw(call.event.abi()), call.event.call()) {
            (Some(abi), Some(made)) => self.calls.takes(abi, made.nr()),
            _ => self.calls.unknown(),
        }
    }

    fn moved(&self, scene: &Scene<'_>, call: &Resolved<'_>, direction: Direction) -> u64 {
        let matching = call.moved.iter().filter(|moved| {
            goes(direction, !moved.into, moved.into)
                && scene.opened_path(moved.description, moved.object).is_some_and(|path| self.path.takes(&path))
        });
        // What went from one matching object to another counts once; of several messages each counts.
        let (mut out, mut into) = (0u64, 0u64);
        for moved in matching {
            let sum = if moved.into { &mut into } else { &mut out };
            *sum = sum.saturating_add(moved.end.saturating_sub(moved.start));
        }
        out.max(into)
    }
}

impl Watching for Paths {
    fn call(&mut self, scene: &Scene<'_>, call: &Resolved<'_>) {
        let args = call.event.call().map(|call| call.args()).unwrap_or_default();
        if matches!(call.name.as_ref(), "mmap" | "mmap2") && args[2] & PROT_WRITE != 0 && args[3] & MAP_SHARED != 0 {
            self.mapped |= succeeded(call) && self.about(scene, call).is_some();
        }
        if !self.is_in(call) {
            return;
        }
        let count = match self.what {
            What::AtLeast(_) if !succeeded(call) => 0,
            What::Bytes(_, direction) => self.moved(scene, call, direction),
            What::AtLeast(_) | What::None => 1,
        };
        if count == 0 {
            return;
        }
        if let Some(path) = self.about(scene, call) {
            self.value = self.value.saturating_add(count);
            self.found.add(scene.exe(call.process), &call.name, Some(&path));
        }
    }

    fn attempt(&mut self, scene: &Scene<'_>, process: ProcId, name: &str, object: Option<ObjectId>) {
        let path = object.and_then(|object| scene.name(object)).filter(|path| self.path.takes(path));
        if let (What::None, Some(path)) = (self.what, path)
            && self.calls.takes_name(name)
        {
            self.value += 1;
            self.found.add(scene.exe(process), name, Some(&path));
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        match self.what {
            What::AtLeast(min) => at_least(self.value, min),
            What::None => Answer::none_of(self.found, "forbidden call"),
            What::Bytes(max, _) => bytes(self.value, max, self.mapped, self.found),
        }
    }
}
