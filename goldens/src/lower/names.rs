//! Names: looking at them, making, moving and removing them, and what they hold beside bytes.

use recording::resolve::{ObjectId, ObjectKind};

use super::flags::{self, AT_NOFOLLOW};
use super::scene::{AFTER, BEFORE, Scene, u32_at, u64_at};
use super::walk::is_given;
use super::{Lowering, own};
use crate::model::Verb;
use crate::run::raw::Raw;

/// What a stat shows.
struct Shown {
    mode: u32,
    size: u64,
    modified: (u64, u64),
}

/// object, `struct stat`, flags
pub(super) fn stat(lower: &mut Lowering, scene: &Scene<'_>) {
    stats(lower, scene, scene.arg(2) & AT_NOFOLLOW != 0, shown(scene));
}

/// object, `struct stat`
pub(super) fn lstat(lower: &mut Lowering, scene: &Scene<'_>) {
    stats(lower, scene, true, shown(scene));
}

/// object, `struct statx`, flags
pub(super) fn statx(lower: &mut Lowering, scene: &Scene<'_>) {
    let shown = scene.data(1, AFTER).and_then(|buffer| {
        let mode = u32_at(buffer, 28)? & 0xffff;
        let modified = (u64_at(buffer, 112)?, u64::from(u32_at(buffer, 120)?));
        Some(Shown { mode, size: u64_at(buffer, 40)?, modified })
    });
    stats(lower, scene, scene.arg(2) & AT_NOFOLLOW != 0, shown);
}

/// `struct stat` of 64-bit x86 and Arm (asm/stat.h).
fn shown(scene: &Scene<'_>) -> Option<Shown> {
    const AARCH64: u8 = 3;
    let buffer = scene.data(1, AFTER)?;
    let mode = u32_at(buffer, if scene.call.event.abi() == AARCH64 { 16 } else { 24 })?;
    Some(Shown { mode, size: u64_at(buffer, 48)?, modified: (u64_at(buffer, 88)?, u64_at(buffer, 96)?) })
}

fn stats(lower: &mut Lowering, scene: &Scene<'_>, nofollow: bool, shown: Option<Shown>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Stat) };
    if !scene.worked() && lower.search_probe(scene, object, Verb::Stat) {
        return;
    }
    lower.looked_up(scene, object);
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let mut args = Vec::with_capacity(3);
    if let Some(shown) = shown.filter(|_| scene.worked()) {
        saw(lower, scene, object, &shown, &mut args);
    }
    if nofollow {
        args.push(Raw::Word("nofollow"));
    }
    lower.look(scene, object, key, Verb::Stat, args);
}

fn saw(lower: &mut Lowering, scene: &Scene<'_>, object: ObjectId, shown: &Shown, args: &mut Vec<Raw>) {
    let kind = type_word(shown.mode);
    args.push(Raw::Word(kind));
    let Some(row) = scene.row(object).filter(|row| row.kind != ObjectKind::Std) else { return };
    if kind != "dir" || !is_given(scene.tables, row.current_name()) {
        args.push(Raw::Octal(shown.mode & 0o7777));
    }
    if kind == "file" && !row.procfs {
        args.push(Raw::Size(object, shown.size));
        lower.times_seen.insert(shown.modified, object);
        let facts = lower.run.object(object);
        facts.size = Some(shown.size);
        facts.mode = Some((shown.mode & 0o7777) as u16);
    }
}

fn type_word(mode: u32) -> &'static str {
    match mode & 0o170000 {
        0o040000 => "dir",
        0o120000 => "symlink",
        0o010000 => "fifo",
        0o140000 => "socket",
        0o020000 | 0o060000 => "dev",
        _ => "file",
    }
}

/// object, mode, flags
pub(super) fn access(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Access) };
    if !scene.worked() && lower.search_probe(scene, object, Verb::Access) {
        return;
    }
    lower.looked_up(scene, object);
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let words = flags::words(scene.arg(1), &[(4, "r"), (2, "w"), (1, "x")]);
    let words = if words.is_empty() { vec![Raw::Word("f")] } else { words };
    lower.step(scene, key, Verb::Access, words);
}

/// path, buffer
pub(super) fn readlink(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Readlink) };
    if !scene.worked() && lower.loading_probe(scene) {
        return;
    }
    lower.probe(scene, object);
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let target = scene.data(1, AFTER).filter(|_| scene.worked()).map(|target| lower.path(target));
    lower.look(scene, object, key, Verb::Readlink, target.into_iter().collect());
}

/// object, length
pub(super) fn truncate(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Truncate) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let length = scene.arg(1);
    let step = lower.step(scene, key, Verb::Truncate, [Raw::Size(object, length)]);
    if !scene.worked() {
        return;
    }
    let facts = lower.run.object(object);
    match facts.size {
        Some(size) if size < length => facts.extended.push((key, step, size, length)),
        _ => facts.written.cut(length),
    }
    facts.size = Some(length);
    lower.wrote(scene, object);
}

/// descriptor, mode, offset, length
pub(super) fn fallocate(lower: &mut Lowering, scene: &Scene<'_>) {
    const KEEP_SIZE: u64 = 1;
    const PUNCH_HOLE: u64 = 2;
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Allocate) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let verb = if scene.arg(1) & PUNCH_HOLE != 0 { Verb::Punch } else { Verb::Allocate };
    let end = scene.arg(2).saturating_add(scene.arg(3));
    lower.step(scene, key, verb, [Raw::Span(object, scene.arg(2), end)]);
    if scene.worked() {
        let facts = lower.run.object(object);
        if scene.arg(1) & KEEP_SIZE == 0 {
            facts.size = facts.size.map(|size| size.max(end));
        }
        lower.wrote(scene, object);
    }
}

/// A change of what a name holds beside its bytes.
fn change(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb, args: Vec<Raw>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, verb) };
    if scene.worked() {
        lower.touched(scene, object);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, verb, args);
    }
}

/// object, mode
pub(super) fn chmod(lower: &mut Lowering, scene: &Scene<'_>) {
    let mode = (scene.arg(1) & 0o7777) as u32;
    if let Some(object) = scene.object(0).filter(|_| scene.worked()) {
        lower.run.object(object).mode = Some(mode as u16);
    }
    change(lower, scene, Verb::Chmod, vec![Raw::Octal(mode)]);
}

/// object, user, group, flags
pub(super) fn chown(lower: &mut Lowering, scene: &Scene<'_>) {
    owns(lower, scene, scene.arg(3) & AT_NOFOLLOW != 0 && scene.position(3) != u8::MAX);
}

/// object, user, group
pub(super) fn lchown(lower: &mut Lowering, scene: &Scene<'_>) {
    owns(lower, scene, true);
}

fn owns(lower: &mut Lowering, scene: &Scene<'_>, nofollow: bool) {
    let mut args = vec![Raw::Uid(scene.arg(1) as u32), Raw::Gid(scene.arg(2) as u32)];
    args.extend(nofollow.then_some(Raw::Word("nofollow")));
    change(lower, scene, Verb::Chown, args);
}

/// object, `struct utimbuf`
pub(super) fn utimes_seconds(lower: &mut Lowering, scene: &Scene<'_>) {
    let words = set_or_now(scene);
    change(lower, scene, Verb::Utimes, words);
}

/// object, `struct timeval[2]`
pub(super) fn utimes_micros(lower: &mut Lowering, scene: &Scene<'_>) {
    let words = set_or_now(scene);
    change(lower, scene, Verb::Utimes, words);
}

fn set_or_now(scene: &Scene<'_>) -> Vec<Raw> {
    vec![Raw::Word(if scene.arg(1) == 0 { "now" } else { "set" })]
}

/// object, `struct timespec[2]`
pub(super) fn utimes_nanos(lower: &mut Lowering, scene: &Scene<'_>) {
    let words = match scene.data(1, BEFORE) {
        Some(times) if scene.arg(1) != 0 => {
            let each = [0, 16].map(|at| time_word(lower, times, at));
            if each[0] == each[1] { vec![Raw::Word(each[0])] } else { each.map(Raw::Word).to_vec() }
        }
        _ => set_or_now(scene),
    };
    change(lower, scene, Verb::Utimes, words);
}

/// `now`, `omit`, `copy` of what a stat had shown, `set` (utimensat(2)).
fn time_word(lower: &Lowering, times: &[u8], at: usize) -> &'static str {
    const UTIME_NOW: u64 = 0x3fff_ffff;
    const UTIME_OMIT: u64 = 0x3fff_fffe;
    let (Some(seconds), Some(nanos)) = (u64_at(times, at), u64_at(times, at + 8)) else { return "set" };
    match nanos {
        UTIME_NOW => "now",
        UTIME_OMIT => "omit",
        _ if lower.times_seen.contains_key(&(seconds, nanos)) => "copy",
        _ => "set",
    }
}

/// object, name, value
pub(super) fn setxattr(lower: &mut Lowering, scene: &Scene<'_>) {
    let mut args: Vec<Raw> = scene.data(1, BEFORE).map(|name| lower.text(name)).into_iter().collect();
    if let Some(value) = scene.data(2, BEFORE) {
        args.push(Raw::Blob(lower.run.names.id(value)));
    }
    change(lower, scene, Verb::Setxattr, args);
}

/// object, name
pub(super) fn removexattr(lower: &mut Lowering, scene: &Scene<'_>) {
    let args = scene.data(1, BEFORE).map(|name| lower.text(name)).into_iter().collect();
    change(lower, scene, Verb::Removexattr, args);
}

/// A name that is made; `made` is what the step says of it.
fn make(lower: &mut Lowering, scene: &Scene<'_>, path: usize, verb: Verb, args: Vec<Raw>) {
    let Some(object) = scene.object(path) else { return own::special_on_nothing(lower, scene, verb) };
    if scene.worked()
        && let Some(name) = scene.path(path).or_else(|| scene.row(object).map(|row| row.name.as_slice()))
    {
        lower.created(scene, object, name);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, verb, args);
    }
}

/// path, mode
pub(super) fn mkdir(lower: &mut Lowering, scene: &Scene<'_>) {
    let mode = (scene.arg(1) & 0o7777) as u32;
    make(lower, scene, 0, Verb::Mkdir, vec![Raw::Octal(mode)]);
}

/// path, mode
pub(super) fn mknod(lower: &mut Lowering, scene: &Scene<'_>) {
    let mode = scene.arg(1) as u32;
    make(lower, scene, 0, Verb::Mknod, vec![Raw::Word(type_word(mode)), Raw::Octal(mode & 0o7777)]);
}

/// target, path
pub(super) fn symlink(lower: &mut Lowering, scene: &Scene<'_>) {
    let target = scene.data(0, BEFORE).map(|target| lower.path(target));
    let path = Scene { at: [scene.position(1), u8::MAX, u8::MAX, u8::MAX], ..*scene };
    make(lower, &path, 0, Verb::Symlink, target.into_iter().collect());
}

/// old path, new path
pub(super) fn link(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Link) };
    let new = scene.path(1).map(<[u8]>::to_vec).unwrap_or_default();
    if scene.worked() {
        lower.linked(scene, object, &new);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        let name = lower.path(&new);
        lower.step(scene, key, Verb::Link, [name]);
    }
}

/// old path, new path, flags
pub(super) fn rename(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Rename) };
    let new = scene.path(1).map(<[u8]>::to_vec).unwrap_or_default();
    if scene.worked() {
        let old = scene.path(0).map(<[u8]>::to_vec).unwrap_or_default();
        lower.renamed(scene, object, &old, &new);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        let mut args = vec![lower.path(&new)];
        args.extend(flags::words(scene.arg(2), &[(1, "noreplace"), (2, "exchange")]));
        lower.step(scene, key, Verb::Rename, args);
    }
}

/// path, flags
pub(super) fn unlink(lower: &mut Lowering, scene: &Scene<'_>) {
    const AT_REMOVEDIR: u64 = 0x200;
    remove(lower, scene, if scene.arg(1) & AT_REMOVEDIR != 0 { Verb::Rmdir } else { Verb::Unlink });
}

/// path
pub(super) fn rmdir(lower: &mut Lowering, scene: &Scene<'_>) {
    remove(lower, scene, Verb::Rmdir);
}

fn remove(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, verb) };
    if scene.worked()
        && let Some(name) = scene.path(0).map(<[u8]>::to_vec)
    {
        lower.removed(scene, object, &name);
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, verb, []);
    }
}

/// descriptor
pub(super) fn fsync(lower: &mut Lowering, scene: &Scene<'_>) {
    synced(lower, scene, Verb::Fsync, "fsync");
}

/// descriptor
pub(super) fn fdatasync(lower: &mut Lowering, scene: &Scene<'_>) {
    synced(lower, scene, Verb::Fdatasync, "fdatasync");
}

/// descriptor
pub(super) fn syncfs(lower: &mut Lowering, scene: &Scene<'_>) {
    synced(lower, scene, Verb::Syncfs, "syncfs");
}

fn synced(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb, kind: &'static str) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, verb) };
    if scene.worked() {
        match kind {
            "syncfs" => lower.synced_all(scene, "syncfs"),
            _ => lower.run.object(object).durable.synced(kind, scene.call.index),
        }
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, verb, []);
    }
}
