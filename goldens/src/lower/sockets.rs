//! Descriptors that are made from nothing: sockets, pipes, event sources; and what they watch.

use super::flags::{self, O_CLOEXEC, O_NONBLOCK};
use super::scene::Scene;
use super::{Lowering, own};
use crate::model::Verb;
use crate::run::raw::{Key, Raw};

/// family, type: part of the connect or bind that follows.
pub(super) fn socket(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.call.made().filter(|_| scene.worked()) else {
        let family = syscalls::names::SOCKET_DOMAIN.name(scene.arg(0)).unwrap_or("socket");
        lower.step(scene, Key::Own, Verb::Create, [Raw::Word(family)]);
        return;
    };
    let facts = lower.run.object(object);
    facts.cloexec = scene.arg(1) & O_CLOEXEC != 0;
    facts.nonblock = scene.arg(1) & O_NONBLOCK != 0;
}

fn create(lower: &mut Lowering, scene: &Scene<'_>, kind: &'static str, cloexec: bool, nonblock: bool) {
    let mut args = vec![Raw::Word(kind)];
    args.extend(cloexec.then_some(Raw::Word("cloexec")));
    args.extend(nonblock.then_some(Raw::Word("nonblock")));
    let object = scene.call.made().or_else(|| scene.call.about.first().map(|about| about.object));
    match object.filter(|_| scene.worked()) {
        Some(object) => {
            if let Some(key) = lower.key(scene.process(), scene.tables, object) {
                lower.step(scene, key, Verb::Create, args);
            }
        }
        None => {
            lower.step(scene, Key::Own, Verb::Create, args);
        }
    }
}

/// With the usual two flags in the handler's argument 1.
fn create_flagged(lower: &mut Lowering, scene: &Scene<'_>, kind: &'static str) {
    let flags = if scene.position(1) == u8::MAX { 0 } else { scene.arg(1) };
    create(lower, scene, kind, flags & O_CLOEXEC != 0, flags & O_NONBLOCK != 0);
}

/// type, pair
pub(super) fn socketpair(lower: &mut Lowering, scene: &Scene<'_>) {
    let flags = scene.arg(0);
    create(lower, scene, "socketpair", flags & O_CLOEXEC != 0, flags & O_NONBLOCK != 0);
}

/// pair, flags
pub(super) fn pipe(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "pipe");
}

pub(super) fn eventfd(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "eventfd");
}

pub(super) fn timerfd(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "timerfd");
}

pub(super) fn signalfd(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "signalfd");
}

pub(super) fn epoll(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "epoll");
}

/// name, flags: `MFD_CLOEXEC` is 1.
pub(super) fn memfd(lower: &mut Lowering, scene: &Scene<'_>) {
    let flags = scene.arg(1);
    create(lower, scene, "memfd", flags & (1 | O_CLOEXEC) != 0, false);
}

pub(super) fn inotify(lower: &mut Lowering, scene: &Scene<'_>) {
    create_flagged(lower, scene, "inotify");
}

pub(super) fn fanotify(lower: &mut Lowering, scene: &Scene<'_>) {
    create(lower, scene, "fanotify", false, false);
}

/// pid, flags: a pidfd is always closed by an exec.
pub(super) fn pidfd(lower: &mut Lowering, scene: &Scene<'_>) {
    create(lower, scene, "pidfd", true, scene.arg(1) & O_NONBLOCK != 0);
}

pub(super) fn io_uring(lower: &mut Lowering, scene: &Scene<'_>) {
    create(lower, scene, "io_uring", true, false);
}

/// watcher, watched: the set counts, not how often or in which order it was put together.
pub(super) fn watch(lower: &mut Lowering, scene: &Scene<'_>) {
    const EPOLL_CTL_DEL: u64 = 2;
    let Some(watcher) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Watch) };
    if scene.call.name.starts_with("epoll") && scene.word(1) == EPOLL_CTL_DEL {
        return lower.info(scene, "watch.removed");
    }
    let watched = scene.object(1);
    if scene.worked() && !lower.watched.insert((scene.process(), watcher, watched)) {
        return;
    }
    if let Some(key) = lower.key(scene.process(), scene.tables, watcher) {
        lower.step(scene, key, Verb::Watch, watched.map(Raw::Object).into_iter().collect::<Vec<_>>());
    }
}

/// `FIONBIO` and `FIOCLEX` say the same as fcntl.
pub(super) fn descriptor_flag(request: u32, on: bool) -> Option<Vec<Raw>> {
    match request {
        0x5421 if on => Some(flags::descriptor_words(O_NONBLOCK)),
        0x5421 => Some(vec![Raw::Word("-nonblock")]),
        0x5451 => Some(flags::descriptor_words(O_CLOEXEC)),
        0x5450 => Some(vec![Raw::Word("-cloexec")]),
        _ => None,
    }
}
