//! Memory: mappings of files, what is both writable and executable, stores through shared mappings.

use recording::resolve::ObjectId;

use super::scene::Scene;
use super::{Lowering, io, own};
use crate::model::Verb;
use crate::run::raw::Key;

const PROT_WRITE: u64 = 2;
const PROT_EXEC: u64 = 4;
const MAP_SHARED: u64 = 1;
const MAP_TYPE: u64 = 0xf;
const MAP_ANONYMOUS: u64 = 0x20;

/// A shared mapping through which a file can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapping {
    start: u64,
    len: u64,
    object: ObjectId,
    offset: u64,
}

/// descriptor, protection, flags, offset
pub(super) fn mmap(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "mem.maps");
    let Some(start) = scene.result() else { return };
    let (prot, flags) = (scene.arg(1), scene.arg(2));
    if prot & (PROT_WRITE | PROT_EXEC) == PROT_WRITE | PROT_EXEC {
        lower.run.process(scene.process()).count("mem.wx", 1);
    }
    if flags & MAP_ANONYMOUS != 0 {
        if prot & PROT_EXEC != 0 {
            lower.run.process(scene.process()).count("mem.exec-anon", 1);
        }
        return;
    }
    let Some(object) = scene.object(0) else { return };
    let in_pages = scene.call.name == "mmap2";
    let offset = if in_pages { scene.arg(3).saturating_mul(4096) } else { scene.arg(3) };
    map_file(lower, scene, Mapping { start: start as u64, len: scene.word(1), object, offset }, prot, flags);
}

fn map_file(lower: &mut Lowering, scene: &Scene<'_>, mapping: Mapping, prot: u64, flags: u64) {
    if prot & PROT_EXEC != 0 {
        lower.library_mapped(scene, mapping.object);
    }
    let Some(key) = lower.key(scene.process(), scene.tables, mapping.object) else { return };
    if matches!(key, Key::Candidate(_)) {
        return;
    }
    let shared = flags & MAP_TYPE & MAP_SHARED != 0;
    if shared && prot & PROT_WRITE != 0 {
        lower.working(scene.process()).mappings.push(mapping);
        return;
    }
    let word = match prot & (PROT_WRITE | PROT_EXEC) {
        0 => "r",
        PROT_WRITE => "rw-private",
        _ => "rx",
    };
    let end = mapping.offset.saturating_add(mapping.len);
    let end = lower.run.object(mapping.object).size.map_or(end, |size| end.min(size).max(mapping.offset));
    io::mapped(lower, scene, key, word, (mapping.object, mapping.offset, end));
}

/// start, length, protection
pub(super) fn mprotect(lower: &mut Lowering, scene: &Scene<'_>) {
    if !scene.worked() || scene.arg(2) & PROT_EXEC == 0 {
        return;
    }
    let facts = lower.run.process(scene.process());
    facts.count("mem.exec-anon", 1);
    if scene.arg(2) & PROT_WRITE != 0 {
        facts.count("mem.wx", 1);
    }
}

/// start, length
pub(super) fn munmap(lower: &mut Lowering, scene: &Scene<'_>) {
    let (start, end) = (scene.arg(0), scene.arg(0).saturating_add(scene.arg(1)));
    for mapping in touching(lower, scene, start, end) {
        store(lower, scene, mapping);
        lower.working(scene.process()).mappings.retain(|kept| *kept != mapping);
    }
}

/// start, length
pub(super) fn msync(lower: &mut Lowering, scene: &Scene<'_>) {
    let (start, end) = (scene.arg(0), scene.arg(0).saturating_add(scene.arg(1)));
    let mappings = touching(lower, scene, start, end);
    if mappings.is_empty() {
        return own::special_on_nothing(lower, scene, Verb::Msync);
    }
    for mapping in mappings {
        store(lower, scene, mapping);
        if let Some(key) = lower.key(scene.process(), scene.tables, mapping.object) {
            lower.step(scene, key, Verb::Msync, []);
        }
        if scene.worked() {
            lower.run.object(mapping.object).durable.synced("fdatasync", scene.call.index);
        }
    }
}

/// start, old length, new length
pub(super) fn mremap(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(moved) = scene.result() else { return };
    let (start, len) = (scene.arg(0), scene.arg(2));
    let mappings = &mut lower.working(scene.process()).mappings;
    if let Some(mapping) = mappings.iter_mut().find(|mapping| mapping.start == start) {
        mapping.start = moved as u64;
        mapping.len = len;
    }
}

fn touching(lower: &mut Lowering, scene: &Scene<'_>, start: u64, end: u64) -> Vec<Mapping> {
    let mappings = &lower.working(scene.process()).mappings;
    let meets = |mapping: &&Mapping| mapping.start < end && mapping.start.saturating_add(mapping.len) > start;
    mappings.iter().filter(meets).copied().collect()
}

fn store(lower: &mut Lowering, scene: &Scene<'_>, mapping: Mapping) {
    io::stored(lower, scene, mapping.object, mapping.offset, mapping.offset.saturating_add(mapping.len));
}

/// All shared mappings of a process end with it.
pub(super) fn unmap_all(lower: &mut Lowering, scene: &Scene<'_>) {
    for mapping in std::mem::take(&mut lower.working(scene.process()).mappings) {
        store(lower, scene, mapping);
    }
}

pub(super) fn brk(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "mem.brk");
}

pub(super) fn other(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "mem.other");
}
