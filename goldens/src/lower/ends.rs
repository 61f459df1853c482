//! Ends: which names this run made, changed, moved and removed.

use recording::resolve::{ObjectId, ObjectKind};

use super::Lowering;
use super::scene::Scene;
use crate::run::Touched;

impl Lowering {
    fn touch(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8], before: bool, there: bool) {
        let id = self.run.names.id(name);
        let (event, process) = (scene.call.index, scene.process());
        let touched = self.run.touched.entry(id).or_insert(Touched { event, process, before, there, object });
        *touched = Touched { event, process, before: touched.before, there, object };
    }

    /// A name was made.
    pub(super) fn created(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8]) {
        self.touch(scene, object, name, false, true);
        let (event, process) = (scene.call.index, scene.process());
        self.run.object(object).durable.created(event, process);
    }

    /// A file was emptied when it was opened.
    pub(super) fn truncated(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8]) {
        let made_here = scene.row(object).is_some_and(|row| row.made_by.is_some());
        self.touch(scene, object, name, !made_here, true);
        let (event, process) = (scene.call.index, scene.process());
        let facts = self.run.object(object);
        facts.size = Some(0);
        facts.written.cut(0);
        facts.durable.inplace |= !made_here;
        facts.durable.wrote(event, process);
    }

    /// Bytes of a file were changed.
    pub(super) fn wrote(&mut self, scene: &Scene<'_>, object: ObjectId) {
        let Some(row) = scene.row(object) else { return };
        if !matches!(row.kind, ObjectKind::File) {
            return;
        }
        let made_here = row.made_by.is_some();
        let (event, process) = (scene.call.index, scene.process());
        let facts = self.run.object(object);
        facts.durable.inplace |= !made_here;
        facts.durable.wrote(event, process);
        self.touched(scene, object);
    }

    /// Something of an object was changed.
    pub(super) fn touched(&mut self, scene: &Scene<'_>, object: ObjectId) {
        let Some(row) = scene.row(object).filter(|row| !row.removed && is_named(row.kind)) else { return };
        let name = row.names.last().map_or(&row.name, |(_, name)| name).clone();
        self.touch(scene, object, &name, row.made_by.is_none(), true);
    }

    /// A name is gone.
    pub(super) fn removed(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8]) {
        self.touch(scene, object, name, true, false);
    }

    /// A name became another one.
    pub(super) fn renamed(&mut self, scene: &Scene<'_>, object: ObjectId, old: &[u8], new: &[u8]) {
        self.touch(scene, object, old, true, false);
        self.touch(scene, object, new, false, true);
        let (event, process) = (scene.call.index, scene.process());
        self.run.object(object).durable.named(event, process, true);
    }

    /// A further name.
    pub(super) fn linked(&mut self, scene: &Scene<'_>, object: ObjectId, new: &[u8]) {
        self.touch(scene, object, new, false, true);
        let (event, process) = (scene.call.index, scene.process());
        self.run.object(object).durable.named(event, process, false);
    }

    /// All that was written is durable now.
    pub(super) fn synced_all(&mut self, scene: &Scene<'_>, kind: &'static str) {
        let event = scene.call.index;
        self.run.objects.iter_mut().for_each(|object| object.durable.synced_if_written(kind, event));
        self.run.synced_all = Some(event);
    }
}

fn is_named(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::File | ObjectKind::Dir | ObjectKind::Symlink | ObjectKind::Unix | ObjectKind::Dev)
}
