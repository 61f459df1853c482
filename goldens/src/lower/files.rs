//! Descriptors of files: opening, closing, duplicating, their flags, listing directories.

use recording::resolve::{ObjectId, ObjectKind};

use super::flags::{self, O_CREAT, O_TRUNC, reads, writes};
use super::scene::{AFTER, BEFORE, Scene, u64_at};
use super::{Lowering, locks, own};
use crate::model::{InputKind, Verb};
use crate::run::Entry;
use crate::run::raw::{Key, Raw};

/// What was listed of a directory so far.
#[derive(Debug)]
pub(super) struct Listing {
    entries: Vec<Entry>,
    process: recording::resolve::ProcId,
    thread: u32,
    event: u64,
    key: Key,
}

/// path, flags, mode
pub(super) fn open(lower: &mut Lowering, scene: &Scene<'_>) {
    opened(lower, scene, scene.arg(1), scene.arg(2));
}

/// path, -, mode
pub(super) fn creat(lower: &mut Lowering, scene: &Scene<'_>) {
    opened(lower, scene, 1 | O_CREAT | O_TRUNC, scene.arg(2));
}

/// path, `struct open_how`
pub(super) fn openat2(lower: &mut Lowering, scene: &Scene<'_>) {
    let how = scene.data(1, BEFORE).unwrap_or_default();
    opened(lower, scene, u64_at(how, 0).unwrap_or(0), u64_at(how, 8).unwrap_or(0));
}

/// directory, flags: the handle names a file that only the result tells.
pub(super) fn open_handle(lower: &mut Lowering, scene: &Scene<'_>) {
    opened(lower, scene, scene.arg(1), 0);
}

fn opened(lower: &mut Lowering, scene: &Scene<'_>, flags: u64, mode: u64) {
    let Some(object) = scene.call.made().or_else(|| scene.object(0)) else {
        return own::special(lower, scene);
    };
    if !scene.worked() && lower.library_probe(scene, object) {
        return;
    }
    if scene.absent() && flags & O_CREAT != 0 {
        // What is missing is its folder: this is no look for a file.
        lower.run.object(object).proposed |= flags & flags::O_EXCL != 0;
    } else {
        lower.probe(scene, object);
    }
    if scene.worked() {
        opened_well(lower, scene, object, flags, mode);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Open, flags::open_words(flags, mode));
    }
}

fn opened_well(lower: &mut Lowering, scene: &Scene<'_>, object: ObjectId, flags: u64, mode: u64) {
    let Some(row) = scene.row(object) else { return };
    let made_here = row.made_by.is_some();
    let facts = lower.run.object(object);
    if writes(flags) && flags & flags::O_SYNC != 0 && flags & flags::O_DSYNC != 0 {
        facts.durable.always = true;
    }
    let created = flags & O_CREAT != 0 && made_here && !facts.durable.seen;
    facts.durable.seen |= created;
    if created {
        facts.size = Some(0);
        facts.mode = Some((mode & 0o7777) as u16 & !umask_of(scene));
        lower.created(scene, object, &row.name);
    } else if flags & O_TRUNC != 0 && writes(flags) && row.kind == ObjectKind::File {
        lower.truncated(scene, object, &row.name);
    } else if reads(flags) && !made_here && is_input(row) {
        lower.run_input_read(scene, object, &row.name);
    }
    if reads(flags) && !writes(flags) {
        lower.library_opened(scene, object, &row.name);
    }
}

fn umask_of(scene: &Scene<'_>) -> u16 {
    scene.tables.process(scene.process()).map_or(0, |process| (process.umask & 0o777) as u16)
}

fn is_input(row: &recording::resolve::Object) -> bool {
    matches!(row.kind, ObjectKind::File | ObjectKind::Dev) && !row.procfs
}

impl Lowering {
    /// A file was opened to be read that this run did not make.
    fn run_input_read(&mut self, scene: &Scene<'_>, object: ObjectId, name: &[u8]) {
        let own = scene.tables.processes.first().and_then(|root| root.images.first());
        if self.class(scene.tables, object).is_none() && own.is_none_or(|image| image.exe != name) {
            self.input(scene, InputKind::Read, name);
        }
    }

    /// What was listed of directories that were never read to their end.
    pub(super) fn close_listings(&mut self) {
        let mut left: Vec<u32> = self.listing.keys().copied().collect();
        left.sort_unstable();
        left.into_iter().for_each(|description| self.end_listing(description));
    }

    fn end_listing(&mut self, description: u32) {
        let Some(listing) = self.listing.remove(&description) else { return };
        let number = self.run.listings.len() as u32;
        self.run.listings.push(listing.entries);
        let step = crate::run::raw::RawStep {
            verb: Verb::List,
            args: Box::new([Raw::Listing(number)]),
            ended: crate::run::raw::Ended::Well,
        };
        self.put(listing.process, listing.thread, listing.key, listing.event, step);
    }
}

/// descriptor
pub(super) fn close(lower: &mut Lowering, scene: &Scene<'_>) {
    let fd = scene.arg(0) as i32;
    let Some(object) = scene.object(0) else { return close_nothing(lower, scene, fd) };
    lower.working(scene.process()).closed.insert(fd, object);
    close_one(lower, scene, object, scene.about(scene.position(0)).and_then(|about| about.description));
}

fn close_one(
    lower: &mut Lowering,
    scene: &Scene<'_>,
    object: ObjectId,
    description: Option<recording::resolve::DescriptionId>,
) {
    if let Some(description) = description {
        lower.end_listing(description.0);
    }
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    if matches!(key, Key::Candidate(_)) && lower.library_closed(scene, object) {
        return;
    }
    let key = if matches!(key, Key::Candidate(_)) { Key::Object(object) } else { key };
    locks::closing(lower, scene, object, key, description);
    lower.step(scene, key, Verb::Close, []);
}

/// A descriptor that is not open: a step only where it was open before; a sweep over all numbers is none.
fn close_nothing(lower: &mut Lowering, scene: &Scene<'_>, fd: i32) {
    match lower.working(scene.process()).closed.get(&fd).copied() {
        Some(object) => {
            if let Some(key) = lower.key(scene.process(), scene.tables, object) {
                lower.step(scene, key, Verb::Close, []);
            }
        }
        None => lower.info(scene, "close.unopened"),
    }
}

/// first, -, flags
pub(super) fn close_range(lower: &mut Lowering, scene: &Scene<'_>) {
    const CLOSE_RANGE_CLOEXEC: u64 = 4;
    if scene.arg(2) & CLOSE_RANGE_CLOEXEC != 0 || !scene.worked() {
        return lower.info(scene, "close_range");
    }
    for about in scene.call.about {
        close_one(lower, scene, about.object, about.description);
    }
}

/// descriptor, flags
pub(super) fn dup(lower: &mut Lowering, scene: &Scene<'_>) {
    duplicate(lower, scene, scene.arg(1) & flags::O_CLOEXEC != 0);
}

fn duplicate(lower: &mut Lowering, scene: &Scene<'_>, cloexec: bool) {
    let Some(object) = scene.object(0) else { return lower.info(scene, "dup.unopened") };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        let words: &[Raw] = if cloexec { &[Raw::Word("cloexec")] } else { &[] };
        lower.step(scene, key, Verb::Dup, words);
    }
}

/// descriptor, command, argument
pub(super) fn fcntl(lower: &mut Lowering, scene: &Scene<'_>) {
    match scene.arg(1) as u32 {
        0 => duplicate(lower, scene, false),
        0x406 => duplicate(lower, scene, true),
        2 => flagged(
            lower,
            scene,
            if scene.arg(2) & 1 == 1 { vec![Raw::Word("cloexec")] } else { vec![Raw::Word("-cloexec")] },
        ),
        4 => flagged(lower, scene, status_words(scene.arg(2))),
        6 | 7 | 0xd | 0xe | 0x25 | 0x26 => locks::record(lower, scene),
        8 | 0xf | 0xa => flagged(lower, scene, vec![Raw::Word("owner")]),
        0x400 => flagged(lower, scene, vec![Raw::Word("lease"), Raw::Number(scene.arg(2) as i64)]),
        0x402 => flagged(lower, scene, vec![Raw::Word("notify"), Raw::Number(scene.arg(2) as i64)]),
        0x407 => flagged(lower, scene, vec![Raw::Word("pipe_size"), Raw::Number(scene.arg(2) as i64)]),
        0x409 => flagged(lower, scene, vec![Raw::Word("seals"), Raw::Number(scene.arg(2) as i64)]),
        _ => {}
    }
}

fn status_words(flags: u64) -> Vec<Raw> {
    let table: &[(u64, &str)] =
        &[(0x400, "append"), (0x800, "nonblock"), (0x2000, "async"), (0x4000, "direct"), (0x40000, "noatime")];
    let words = flags::words(flags, table);
    if words.is_empty() { vec![Raw::Word("-nonblock")] } else { words }
}

fn flagged(lower: &mut Lowering, scene: &Scene<'_>, words: Vec<Raw>) {
    let Some(object) = scene.object(0) else { return };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Fdflags, words);
    }
}

/// `FIONBIO`, `FIOCLEX`, `FIONCLEX` are other spellings of the same.
pub(super) fn flagged_by_ioctl(lower: &mut Lowering, scene: &Scene<'_>, words: Vec<Raw>) {
    flagged(lower, scene, words);
}

/// descriptor, entries
pub(super) fn list(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return lower.info(scene, "list.unopened") };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    if !scene.worked() {
        lower.step(scene, key, Verb::List, []);
        return;
    }
    if let Some(row) = scene.row(object).filter(|row| row.made_by.is_none() && !row.procfs) {
        lower.input(scene, InputKind::List, &row.name);
    }
    let description = scene.about(scene.position(0)).and_then(|about| about.description);
    let Some(description) = description.map(|description| description.0) else { return };
    let listing = lower.listing.entry(description).or_insert_with(|| Listing {
        entries: Vec::new(),
        process: scene.process(),
        thread: scene.thread(),
        event: scene.call.index,
        key,
    });
    if scene.row(object).is_none_or(|row| !row.procfs) {
        listing.entries.extend(entries(scene));
    }
    if scene.result() == Some(0) {
        lower.end_listing(description);
    }
}

/// `struct linux_dirent64[]` (getdents64(2)), or of `linux_dirent`, whose type is the last byte of each.
fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let modern = scene.call.name == "getdents64";
    let mut bytes = scene.data(1, AFTER).unwrap_or_default();
    let mut out = Vec::new();
    while let Some(size) = bytes.get(16..18).map(|size| usize::from(u16::from_le_bytes([size[0], size[1]]))) {
        let Some(entry) = bytes.get(..size).filter(|entry| entry.len() > 19) else { break };
        let (kind, name) = if modern { (entry[18], &entry[19..]) } else { (entry[size - 1], &entry[18..]) };
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        if name != b"." && name != b".." {
            out.push(Entry { name: name.into(), kind });
        }
        bytes = bytes.get(size..).unwrap_or_default();
    }
    out
}
