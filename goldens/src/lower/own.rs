//! The process itself: what it changes about itself, calls that are kept with all their values, calls that
//! are steps only from level `calls` on.

use syscalls::ioctl::Request;
use syscalls::names::{PRCTL_OPS, RLIMIT, SECCOMP_OPS};

use super::Lowering;
use super::files;
use super::flags;
use super::io;
use super::scene::{AFTER, BEFORE, Scene, u32_at, u64_at};
use super::sockets::descriptor_flag;
use crate::model::Verb;
use crate::run::raw::{Key, Raw};

/// Nothing below level `calls`.
pub(super) fn nothing(_: &mut Lowering, _: &Scene<'_>) {}

/// A call that is never masked: its name and its plain words.
pub(super) fn special(lower: &mut Lowering, scene: &Scene<'_>) {
    let mut args = vec![lower.text(scene.call.name.as_bytes())];
    args.extend(plain_words(scene));
    lower.step(scene, Key::Own, Verb::Special, args);
}

/// The words of a call that are neither addresses nor descriptors nor ids of the run.
fn plain_words(scene: &Scene<'_>) -> Vec<Raw> {
    let words = scene.call.event.call().map_or([0; 6], |call| call.args());
    let Some(row) = scene.call.row else { return Vec::new() };
    let named = row.args_for(&words).iter().zip(words);
    named.filter_map(|(arg, word)| crate::scrub::plain(&arg.kind, word)).collect()
}

/// A call on a descriptor that is not open.
pub(super) fn special_on_nothing(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb) {
    lower.step(scene, Key::Own, verb, []);
}

pub(super) fn advise(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "advise");
}

pub(super) fn async_io(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "async.calls");
}

fn own(lower: &mut Lowering, scene: &Scene<'_>, verb: Verb, args: Vec<Raw>) {
    lower.step(scene, Key::Own, verb, args);
}

/// mask
pub(super) fn umask(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Umask, vec![Raw::Made(format!("{:03o}", scene.arg(0) & 0o777).into())]);
}

fn place(lower: &mut Lowering, scene: &Scene<'_>) -> Vec<Raw> {
    let name =
        scene.path(0).or_else(|| scene.object(0).and_then(|object| scene.row(object)).map(|row| row.name.as_slice()));
    name.map(|name| lower.path(name)).into_iter().collect()
}

/// directory
pub(super) fn chdir(lower: &mut Lowering, scene: &Scene<'_>) {
    let args = place(lower, scene);
    own(lower, scene, Verb::Chdir, args);
}

/// directory
pub(super) fn chroot(lower: &mut Lowering, scene: &Scene<'_>) {
    let args = place(lower, scene);
    own(lower, scene, Verb::Chroot, args);
}

pub(super) fn setsid(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Setsid, Vec::new());
}

/// pid, group: of a shell with job control both sides do it.
pub(super) fn setpgid(lower: &mut Lowering, scene: &Scene<'_>) {
    let target = scene.arg(0) as u32;
    let own_row = scene.tables.process(scene.process());
    let other = (target != 0 && own_row.is_none_or(|row| row.own_pid != target && row.pid != target))
        .then(|| scene.tables.process_of_pid(target))
        .flatten();
    let key = other.map_or(Key::Own, Key::Child);
    lower.step(scene, key, Verb::Setpgid, []);
}

fn limit(lower: &mut Lowering, scene: &Scene<'_>, resource: u64, values: &[u8]) {
    let mut args = vec![RLIMIT.name(resource).map_or(Raw::Number(resource as i64), Raw::Word)];
    args.extend([0, 8].into_iter().filter_map(|at| u64_at(values, at)).map(|value| match value {
        u64::MAX => Raw::Word("infinity"),
        value => Raw::Number(value as i64),
    }));
    own(lower, scene, Verb::Rlimit, args);
}

/// resource, limits
pub(super) fn setrlimit(lower: &mut Lowering, scene: &Scene<'_>) {
    limit(lower, scene, scene.arg(0), scene.data(1, BEFORE).unwrap_or_default());
}

/// pid, resource, limits
pub(super) fn prlimit(lower: &mut Lowering, scene: &Scene<'_>) {
    if let Some(values) = scene.data(2, BEFORE).filter(|_| scene.arg(2) != 0) {
        limit(lower, scene, scene.arg(1), values);
    }
}

/// value
pub(super) fn setpriority(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Prio, vec![Raw::Number(i64::from(scene.arg(0) as i32))]);
}

/// class and level
pub(super) fn ioprio(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Prio, vec![Raw::Word("io"), Raw::Number(scene.arg(0) as i64)]);
}

/// operation, value (prctl(2))
pub(super) fn prctl(lower: &mut Lowering, scene: &Scene<'_>) {
    const PR_SET_NAME: u64 = 15;
    const PR_SET_SECCOMP: u64 = 22;
    const PR_SET_NO_NEW_PRIVS: u64 = 38;
    const PR_SET_MM: u64 = 35;
    const PR_SET_VMA: u64 = 0x5356_4d41;
    let op = scene.arg(0) & 0xffff_ffff;
    let name = PRCTL_OPS.name(op);
    match op {
        PR_SET_NO_NEW_PRIVS => own(lower, scene, Verb::NoNewPrivs, Vec::new()),
        PR_SET_SECCOMP => own(lower, scene, Verb::Seccomp, vec![Raw::Number(scene.arg(1) as i64)]),
        PR_SET_VMA | PR_SET_MM => lower.info(scene, "mem.names"),
        PR_SET_NAME => {
            let title = scene.data(1, BEFORE).map(|title| lower.text(title));
            own(lower, scene, Verb::Prctl, std::iter::once(Raw::Word("PR_SET_NAME")).chain(title).collect());
        }
        _ if name.is_some_and(|name| name.contains("_GET_") || name.ends_with("_READ")) => {}
        _ => {
            let word = name.map_or(Raw::Number(op as i64), Raw::Word);
            own(lower, scene, Verb::Prctl, vec![word, Raw::Number(scene.arg(1) as i64)]);
        }
    }
}

/// target, source, type
pub(super) fn mount(lower: &mut Lowering, scene: &Scene<'_>) {
    let kind = scene.data(2, BEFORE).map(|kind| lower.text(kind));
    let source = scene.data(1, BEFORE).map(|source| lower.path(source));
    let target = scene.data(0, BEFORE).map(|target| lower.path(target));
    own(lower, scene, Verb::Mount, target.into_iter().chain(source).chain(kind).collect());
}

/// target
pub(super) fn umount(lower: &mut Lowering, scene: &Scene<'_>) {
    let target = scene.data(0, BEFORE).map(|target| lower.path(target));
    own(lower, scene, Verb::Umount, target.into_iter().collect());
}

/// flags
pub(super) fn unshare(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Unshare, namespaces(scene.arg(0)));
}

/// flags
pub(super) fn setns(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Setns, namespaces(scene.arg(0)));
}

fn namespaces(flags: u64) -> Vec<Raw> {
    flags::words(flags, syscalls::names::UNSHARE.rows)
}

fn ids(scene: &Scene<'_>, id: fn(u32) -> Raw) -> Vec<Raw> {
    (0..3).filter(|n| scene.position(*n) != u8::MAX).map(|n| id(scene.arg(n) as u32)).collect()
}

pub(super) fn setuid(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Setuid, ids(scene, Raw::Uid));
}

pub(super) fn setgid(lower: &mut Lowering, scene: &Scene<'_>) {
    own(lower, scene, Verb::Setgid, ids(scene, Raw::Gid));
}

/// number, list
pub(super) fn setgroups(lower: &mut Lowering, scene: &Scene<'_>) {
    let list = scene.data(1, BEFORE).unwrap_or_default();
    let groups = list.chunks_exact(4).filter_map(|group| u32_at(group, 0)).map(Raw::Gid).collect();
    own(lower, scene, Verb::Setgroups, groups);
}

/// `struct __user_cap_data[2]`: effective, permitted, inheritable of the low and the high half.
pub(super) fn capset(lower: &mut Lowering, scene: &Scene<'_>) {
    let sets = scene.data(0, BEFORE).unwrap_or_default();
    let half = |at: usize| u64::from(u32_at(sets, at).unwrap_or(0));
    let set = |at: usize| Raw::Made(format!("{:x}", half(at) | half(at + 12) << 32).into());
    own(lower, scene, Verb::Capset, vec![set(0), set(4), set(8)]);
}

/// operation
pub(super) fn seccomp(lower: &mut Lowering, scene: &Scene<'_>) {
    let op = SECCOMP_OPS.name(scene.arg(0)).map_or(Raw::Number(scene.arg(0) as i64), Raw::Word);
    own(lower, scene, Verb::Seccomp, vec![op]);
}

pub(super) fn sync(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.synced_all(scene, "syncfs");
    own(lower, scene, Verb::Syncfs, Vec::new());
}

/// key, size or number
pub(super) fn ipc_get(lower: &mut Lowering, scene: &Scene<'_>) {
    let key = match scene.arg(0) & 0xffff_ffff {
        0 => Raw::Word("private"),
        key => Raw::Number(key as i64),
    };
    let args = vec![lower.text(scene.call.name.as_bytes()), key, Raw::Number(scene.arg(1) as i64)];
    own(lower, scene, Verb::Ipc, args);
}

pub(super) fn ipc(lower: &mut Lowering, scene: &Scene<'_>) {
    let args = vec![lower.text(scene.call.name.as_bytes())];
    own(lower, scene, Verb::Ipc, args);
}

/// `struct utsname`: 65 bytes a field, the node name is the second.
pub(super) fn uname(lower: &mut Lowering, scene: &Scene<'_>) {
    let node = scene.data(0, AFTER).and_then(|buffer| buffer.get(65..130));
    let host = node.and_then(|node| node.split(|byte| *byte == 0).next()).filter(|host| !host.is_empty());
    if let Some(host) = host {
        lower.run.host = Some(host.to_vec());
    }
}

/// descriptor, request, argument
pub(super) fn ioctl(lower: &mut Lowering, scene: &Scene<'_>) {
    const FICLONE: u32 = 0x4004_9409;
    const FICLONERANGE: u32 = 0x4020_940d;
    let request = scene.arg(1) as u32;
    let input = scene.data(2, BEFORE);
    let on = input.and_then(|value| u32_at(value, 0)).is_some_and(|value| value != 0);
    if let Some(words) = descriptor_flag(request, on) {
        return files::flagged_by_ioctl(lower, scene, words);
    }
    let name = syscalls::ioctl::name(request).and_then(|name| name.split(' ').next());
    if matches!(request, FICLONE | FICLONERANGE) && io::has_no_short_way(scene) {
        return lower.info(scene, "copy.refused");
    }
    let mut args = vec![name.map_or_else(|| Raw::Made(format!("{request:x}").into()), Raw::Word)];
    if let Some(input) = input.filter(|_| Request::of(request).write || sets(name)) {
        args.push(Raw::Blob(lower.run.names.id(input)));
    }
    let Some(object) = scene.object(0) else {
        own(lower, scene, Verb::Ioctl, args);
        return;
    };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Ioctl, args);
    }
}

/// Requests of terminals carry no direction; those that set something are named so.
fn sets(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.starts_with("TCSET") || name.starts_with("TIOCS"))
}
