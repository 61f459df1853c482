//! Locks of files: `flock`, and record locks of `fcntl`.

use recording::resolve::{DescriptionId, ObjectId};

use super::flags;
use super::scene::{BEFORE, Scene, u64_at};
use super::{Lowering, own};
use crate::model::Verb;
use crate::run::Witness;
use crate::run::raw::{Key, Raw};

/// descriptor, operation
pub(super) fn flock(lower: &mut Lowering, scene: &Scene<'_>) {
    const LOCK_UN: u64 = 8;
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Lock) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let description = scene.about(scene.position(0)).and_then(|about| about.description);
    if scene.arg(1) & LOCK_UN != 0 {
        lower.released(scene, object);
        lower.step(scene, key, Verb::Unlock, []);
        return;
    }
    if let Some(description) = description.filter(|_| scene.worked()) {
        lower.run.object(object).lock = Some((scene.process(), description));
        lower.acquired(scene, object);
    }
    lower.step(scene, key, Verb::Lock, flags::words(scene.arg(1), &[(2, "ex"), (1, "sh"), (4, "nb")]));
}

/// A close that releases a lock says so.
pub(super) fn closing(
    lower: &mut Lowering,
    scene: &Scene<'_>,
    object: ObjectId,
    key: Key,
    description: Option<DescriptionId>,
) {
    let held = lower.run.object(object).lock;
    if held.is_some() && held == description.map(|description| (scene.process(), description)) {
        lower.released(scene, object);
        lower.done(scene, key, Verb::Unlock, []);
    }
}

/// descriptor, command, `struct flock` (fcntl(2))
pub(super) fn record(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Plock) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let lock = scene.data(2, BEFORE).unwrap_or_default();
    let kind = lock.first().copied().unwrap_or(0);
    let range = range(object, lock);
    if kind == 2 {
        lower.released(scene, object);
        lower.step(scene, key, Verb::Punlock, [range]);
        return;
    }
    if scene.worked() {
        lower.acquired(scene, object);
    }
    let mut args = vec![Raw::Word(if kind == 1 { "ex" } else { "sh" }), range];
    args.extend(matches!(scene.arg(1), 7 | 0xe | 0x26).then_some(Raw::Word("wait")));
    lower.step(scene, key, Verb::Plock, args);
}

/// `l_whence` is 2 bytes at 2, `l_start` at 8, `l_len` at 16; a length of 0 is all that follows.
fn range(object: ObjectId, lock: &[u8]) -> Raw {
    let start = u64_at(lock, 8).unwrap_or(0);
    let len = u64_at(lock, 16).unwrap_or(0);
    let end = if len == 0 { u64::MAX } else { start.saturating_add(len) };
    Raw::Span(object, start, end)
}

impl Lowering {
    /// A lock that another thread released before is a witness of their order.
    fn acquired(&mut self, scene: &Scene<'_>, object: ObjectId) {
        let here = (scene.thread(), scene.call.index);
        if let Some(before) = self.unlocks.get(&object).copied().filter(|before| before.0 != here.0) {
            self.run.witnesses.push(Witness { before, after: here });
        }
    }

    fn released(&mut self, scene: &Scene<'_>, object: ObjectId) {
        self.run.object(object).lock = None;
        self.unlocks.insert(object, (scene.thread(), scene.call.index));
    }
}
