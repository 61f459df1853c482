//! Walks: a path that is made real is looked up folder by folder from the root down. How many folders stand above
//! the working folder, and how they are called, says where a run was made and not what it did.

use recording::resolve::{ObjectId, ProcId, Tables};

use super::Lowering;
use super::scene::Scene;
use crate::model::Verb;
use crate::run::raw::{Ended, Key, Raw, RawStep};

const EINVAL: u16 = 22;

/// A look at a folder above, of which the thread's next call says whether it was a step of a walk.
#[derive(Debug)]
pub(super) struct Held {
    path: Vec<u8>,
    process: ProcId,
    key: Key,
    event: u64,
    step: RawStep,
}

impl Lowering {
    /// A step that only looks. At a folder above the working folder of the root it waits for the next call.
    pub(super) fn look(&mut self, scene: &Scene<'_>, object: ObjectId, key: Key, verb: Verb, args: Vec<Raw>) {
        let is_folder = match verb {
            Verb::Stat => scene.worked() && args.first() == Some(&Raw::Word("dir")),
            _ => scene.ended() == Ended::Failed(EINVAL),
        };
        let step = RawStep { verb, args: args.into(), ended: scene.ended() };
        let path = scene.row(object).map(|row| row.current_name()).unwrap_or_default();
        if is_folder && path.len() > 1 && stands_above(path, working_folder(scene.tables)) {
            let (process, event) = (scene.process(), scene.call.index);
            self.held.insert(scene.thread(), Held { path: path.to_vec(), process, key, event, step });
        } else {
            self.put(scene.process(), scene.thread(), key, scene.call.index, step);
        }
    }

    /// The next call of a thread: about the next folder on the way, or what was held back was a step of its own.
    pub(super) fn after_look(&mut self, scene: &Scene<'_>) {
        if self.held.is_empty() {
            return;
        }
        let Some(held) = self.held.remove(&scene.thread()) else { return };
        let on_the_way = scene.object(0).and_then(|object| scene.row(object)).is_some_and(|row| {
            let (name, cwd) = (row.current_name(), working_folder(scene.tables));
            crate::rename::parent(name) == held.path && (name == cwd || stands_above(name, cwd))
        });
        if !on_the_way {
            self.release_look(scene.thread(), held);
        }
    }

    fn release_look(&mut self, thread: u32, held: Held) {
        self.put(held.process, thread, held.key, held.event, held.step);
    }

    /// Nothing follows: they were steps.
    pub(super) fn release_looks(&mut self) {
        let mut held: Vec<(u32, Held)> = self.held.drain().collect();
        held.sort_by_key(|(_, held)| held.event);
        for (thread, held) in held {
            self.release_look(thread, held);
        }
    }
}

/// Is this a folder that the root was given from outside, for homes and temporary files? Its mode is nobody's doing.
pub(super) fn is_given(tables: &Tables, path: &[u8]) -> bool {
    let image = tables.processes.first().and_then(|root| root.images.first());
    let env = image.and_then(|image| image.env.as_deref()).unwrap_or_default();
    env.iter().any(|entry| {
        let value = entry.strip_prefix(b"TMPDIR=").or_else(|| entry.strip_prefix(b"HOME="));
        value.is_some_and(|value| value.strip_suffix(b"/").unwrap_or(value) == path)
    })
}

fn working_folder(tables: &Tables) -> &[u8] {
    tables.processes.first().and_then(|root| root.images.first()).map(|image| image.cwd.as_slice()).unwrap_or_default()
}

fn stands_above(path: &[u8], folder: &[u8]) -> bool {
    folder.strip_prefix(path).is_some_and(|rest| rest.first() == Some(&b'/'))
}
