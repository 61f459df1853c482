//! Bytes moved: reads and writes of whatever kind, as transfers that `run::stream` joins.

use recording::resolve::{Moved, MovedBytes, Object, ObjectId, ObjectKind};

use super::scene::Scene;
use super::{Lowering, own};
use crate::model::Verb;
use crate::run::raw::{Ended, FlowId, Key, Raw};
use crate::run::stream::{Source, Transfer};
use crate::run::{Borrowed, Bytes, Flow};
use crate::scrub;

pub(super) fn read(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Read, "read");
}

pub(super) fn pread(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Read, "pread");
}

pub(super) fn write(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Write, "write");
}

pub(super) fn pwrite(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Write, "pwrite");
}

pub(super) fn send(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Write, "send");
}

pub(super) fn recv(lower: &mut Lowering, scene: &Scene<'_>) {
    moved(lower, scene, Verb::Read, "recv");
}

pub(super) fn sendfile(lower: &mut Lowering, scene: &Scene<'_>) {
    copied(lower, scene, "sendfile");
}

pub(super) fn splice(lower: &mut Lowering, scene: &Scene<'_>) {
    copied(lower, scene, "splice");
}

pub(super) fn copy_file_range(lower: &mut Lowering, scene: &Scene<'_>) {
    copied(lower, scene, "copy_file_range");
}

fn copied(lower: &mut Lowering, scene: &Scene<'_>, family: &'static str) {
    if has_no_short_way(scene) {
        return lower.info(scene, "copy.refused");
    }
    moved(lower, scene, Verb::Write, family);
}

/// Did a call that copies within the kernel find that these files or this kernel can't? Whoever asked copies by
/// reading and writing then, and which file systems can is no matter of the program.
pub(super) fn has_no_short_way(scene: &Scene<'_>) -> bool {
    const EXDEV: u16 = 18;
    const EINVAL: u16 = 22;
    const ENOTTY: u16 = 25;
    const ENOSYS: u16 = 38;
    const EOPNOTSUPP: u16 = 95;
    matches!(scene.ended(), Ended::Failed(EXDEV | EINVAL | ENOTTY | ENOSYS | EOPNOTSUPP))
}

/// All that a call moved; a call that failed is a step of its own on the object of its first argument.
fn moved(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb, family: &'static str) {
    if !scene.worked() {
        return failed(lower, scene, verb);
    }
    for moved in scene.call.moved {
        if let Some(row) = scene.row(moved.object) {
            one(lower, scene, row, moved, family);
        }
    }
}

fn failed(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, verb) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let socket = scene.row(object).is_some_and(|row| is_socket(row.kind));
    lower.step(scene, key, spoken(verb, socket), []);
}

fn spoken(verb: Verb, socket: bool) -> Verb {
    match verb {
        Verb::Write if socket => Verb::Send,
        Verb::Read if socket => Verb::Recv,
        verb => verb,
    }
}

fn one(lower: &mut Lowering, scene: &Scene<'_>, row: &Object, moved: &Moved, family: &'static str) {
    let Some(key) = lower.key(scene.process(), scene.tables, moved.object) else { return };
    if row.kind == ObjectKind::Anon && !scrub::holds_bytes(&row.name) {
        return lower.info(scene, "anon.wakes");
    }
    if moved.start >= moved.end {
        if !moved.into {
            lower.done(scene, key, Verb::Eof, []);
        }
        return;
    }
    let socket = is_socket(row.kind);
    // The object decides, not the call: what moves through a pair is read and written, by whichever call.
    let family = match (family, socket) {
        ("read", true) => "recv",
        ("write", true) => "send",
        ("recv", false) => "read",
        ("send", false) => "write",
        (family, _) => family,
    };
    match source(row) {
        Source::File(_) => in_file(lower, scene, key, moved, family),
        Source::Flow(_) => in_stream(lower, scene, row, key, moved, family),
        source => {
            let verb = spoken(if moved.into { Verb::Write } else { Verb::Read }, socket);
            let transfer = transfer(scene, verb, source, (moved.start, moved.end), family);
            lower.transfer(scene.process(), key, &transfer);
        }
    }
}

fn transfer(
    scene: &Scene<'_>,
    verb: Verb,
    source: Source,
    range: (u64, u64),
    family: &'static str,
) -> Transfer<'static> {
    let (start, end) = range;
    Transfer { verb, source, start, end, family, bytes: None, thread: scene.thread(), event: scene.call.index }
}

/// Is it a socket?
pub(super) fn is_socket(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix | ObjectKind::OtherSocket)
}

/// Where the bytes of an object stand. (The flow's number is found where it is used.)
fn source(row: &Object) -> Source {
    match row.kind {
        _ if row.procfs => Source::Anything,
        _ if scrub::is_random(row) => Source::Opaque,
        ObjectKind::OtherSocket => Source::Anything,
        ObjectKind::File | ObjectKind::Symlink | ObjectKind::Dir => Source::File(ObjectId(0)),
        ObjectKind::Dev | ObjectKind::Anon => Source::Opaque,
        _ => Source::Flow(FlowId(0)),
    }
}

fn in_file(lower: &mut Lowering, scene: &Scene<'_>, key: Key, moved: &Moved, family: &'static str) {
    let facts = lower.run.object(moved.object);
    let verb = match moved.into {
        false => Verb::Read,
        true if facts.written.overlaps(moved.start, moved.end) => Verb::Rewrite,
        true => Verb::Write,
    };
    if moved.into {
        facts.written.insert(moved.start, moved.end);
        facts.size = facts.size.map(|size| size.max(moved.end));
        lower.wrote(scene, moved.object);
    }
    let bytes = match &moved.bytes {
        MovedBytes::Known(bytes) if bytes.len() as u64 == moved.end - moved.start => Some(bytes.as_slice()),
        _ => None,
    };
    let plain = transfer(scene, verb, Source::File(moved.object), (moved.start, moved.end), family);
    lower.transfer(scene.process(), key, &Transfer { bytes, ..plain });
}

fn in_stream(lower: &mut Lowering, scene: &Scene<'_>, row: &Object, key: Key, moved: &Moved, family: &'static str) {
    let flow = lower.flow(scene, row, moved);
    let borrowed = lower.borrow(scene, moved);
    let Some(start) = lower.run.flows.get_mut(flow.0 as usize).map(|flow| append(&mut flow.bytes, moved, borrowed))
    else {
        return;
    };
    let verb = spoken(if moved.into { Verb::Write } else { Verb::Read }, is_socket(row.kind));
    let end = start.saturating_add(moved.end - moved.start);
    lower.transfer(scene.process(), key, &transfer(scene, verb, Source::Flow(flow), (start, end), family));
    if row.kind == ObjectKind::Std && moved.into {
        lower.print(scene, moved, borrowed);
    }
}

fn fd_of(scene: &Scene<'_>, object: ObjectId) -> Option<i32> {
    scene.call.about.iter().find(|about| about.object == object).and_then(|about| about.fd)
}

/// Appends what was moved; where it began.
fn append(bytes: &mut Bytes, moved: &Moved, borrowed: Option<Borrowed>) -> u64 {
    let known = match &moved.bytes {
        MovedBytes::Known(bytes) => Some(bytes.as_slice()),
        MovedBytes::Digest(_) | MovedBytes::NotKept => None,
    };
    bytes.append(moved.end - moved.start, known, borrowed)
}

/// The file that bytes were moved from without being seen.
fn borrowed(scene: &Scene<'_>, moved: &Moved) -> Option<Borrowed> {
    let from = scene.call.moved.iter().find(|other| !other.into && other.object != moved.object)?;
    let file = scene.row(from.object).is_some_and(|row| row.kind == ObjectKind::File);
    (moved.into && file).then(|| Borrowed::new(from.object, from.start, scene.call.index))
}

impl Lowering {
    /// What may be fetched from a file later, as long as it is not too much in all.
    fn borrow(&mut self, scene: &Scene<'_>, moved: &Moved) -> Option<Borrowed> {
        const MOST: u64 = 1 << 26;
        let borrowed = borrowed(scene, moved)?;
        self.borrowed = self.borrowed.saturating_add(moved.end - moved.start);
        (self.borrowed <= MOST).then_some(borrowed)
    }

    fn flow(&mut self, scene: &Scene<'_>, row: &Object, moved: &Moved) -> FlowId {
        let next = FlowId(self.run.flows.len() as u32);
        let id = *self.flows.entry((scene.process(), moved.object, moved.into)).or_insert(next);
        if id == next {
            self.run.flows.push(Flow {
                process: scene.process(),
                object: moved.object,
                into: moved.into,
                outside: !moved.into && !matches!(row.kind, ObjectKind::Pipe | ObjectKind::Socketpair),
                bytes: Bytes::default(),
                fd: fd_of(scene, moved.object),
                event: scene.call.index,
            });
        }
        id
    }

    /// The flow that this call goes on, and where.
    pub(super) fn next_of_flow(&mut self, scene: &Scene<'_>, row: &Object, moved: &Moved) -> (FlowId, u64) {
        let flow = self.flow(scene, row, moved);
        (flow, self.run.flows.get(flow.0 as usize).map_or(0, |flow| flow.bytes.len))
    }

    fn print(&mut self, scene: &Scene<'_>, moved: &Moved, borrowed: Option<Borrowed>) {
        let event = scene.call.index;
        let printed = self.run.printed.entry(moved.object).or_insert_with(|| (Bytes::default(), event));
        append(&mut printed.0, moved, borrowed);
        if let Some((bytes, first)) = &mut self.run.merged {
            *first = if bytes.len == 0 { event } else { *first };
            append(bytes, moved, borrowed);
        }
    }
}

/// A range of a file that was stored to through a shared mapping.
pub(super) fn stored(lower: &mut Lowering, scene: &Scene<'_>, object: ObjectId, start: u64, end: u64) {
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let facts = lower.run.object(object);
    let end = facts.size.map_or(end, |size| end.min(size));
    if start >= end {
        return;
    }
    let verb = if facts.written.overlaps(start, end) { Verb::Rewrite } else { Verb::Write };
    facts.written.insert(start, end);
    lower.wrote(scene, object);
    lower.transfer(scene.process(), key, &transfer(scene, verb, Source::File(object), (start, end), "mmap"));
}

/// A range of a file that was mapped to be looked at.
pub(super) fn mapped(
    lower: &mut Lowering,
    scene: &Scene<'_>,
    key: Key,
    word: &'static str,
    range: (ObjectId, u64, u64),
) {
    let (object, start, end) = range;
    lower.done(scene, key, Verb::Map, [Raw::Word(word), Raw::Span(object, start, end)]);
}
