//! Signals: dispositions, masks, and those sent.

use recording::resolve::ProcId;

use super::scene::{BEFORE, Scene, u64_at};
use super::{Lowering, own};
use crate::facet::disposition;
use crate::model::Verb;
use crate::run::raw::{Key, Raw};

/// signal, `struct sigaction`
pub(super) fn sigaction(lower: &mut Lowering, scene: &Scene<'_>) {
    let handler = scene.data(1, BEFORE).and_then(|action| u64_at(action, 0));
    if let Some(handler) = handler.filter(|_| scene.arg(1) != 0) {
        installed(lower, scene, handler);
    }
}

/// signal, handler
pub(super) fn signal(lower: &mut Lowering, scene: &Scene<'_>) {
    installed(lower, scene, scene.arg(1));
}

fn installed(lower: &mut Lowering, scene: &Scene<'_>, handler: u64) {
    if !scene.worked() {
        return;
    }
    let bit = match handler {
        0 => disposition::DEFAULT,
        1 => disposition::IGNORE,
        _ => disposition::HANDLER,
    };
    *lower.run.process(scene.process()).dispositions.entry(scene.arg(0) as u32).or_default() |= bit;
}

/// how, set (rt_sigprocmask(2))
pub(super) fn sigprocmask(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(set) = scene.data(1, BEFORE).and_then(|set| u64_at(set, 0)).filter(|_| scene.worked()) else { return };
    let thread = scene.call.thread;
    let before = lower.mask(thread);
    let after = match scene.arg(0) {
        0 => before | set,
        1 => before & !set,
        _ => set,
    };
    lower.set_mask(thread, after);
}

pub(super) fn waits(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "signal.waits");
}

/// pid or tid, signal
pub(super) fn kill(lower: &mut Lowering, scene: &Scene<'_>) {
    let target = scene.arg(0) as i32;
    let own_pid = scene.tables.process(scene.process());
    let process = match u32::try_from(target) {
        Ok(pid) if pid != 0 && own_pid.is_some_and(|row| row.own_pid == pid) => Some(scene.process()),
        Ok(pid) if pid != 0 => by_id(scene, pid),
        _ => None,
    };
    send(lower, scene, process, target <= 0);
}

fn by_id(scene: &Scene<'_>, id: u32) -> Option<ProcId> {
    let thread = || scene.tables.threads.iter().rfind(|row| row.tid == id).map(|row| row.process);
    scene.tables.process_of_pid(id).or_else(thread)
}

/// pidfd, signal
pub(super) fn kill_pidfd(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Kill) };
    let signal = word(lower, scene);
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Kill, [signal]);
    }
}

fn word(lower: &mut Lowering, scene: &Scene<'_>) -> Raw {
    match scene.arg(1) as u32 {
        0 => Raw::Number(0),
        signal => lower.text(crate::facet::signal_name(signal).as_bytes()),
    }
}

fn send(lower: &mut Lowering, scene: &Scene<'_>, to: Option<ProcId>, group: bool) {
    const SIGURG: u32 = 23;
    let own = to == Some(scene.process());
    // Runtimes prod their own threads with these: SIGURG of Go, the two that libc keeps to itself.
    if own && matches!(scene.arg(1) as u32, SIGURG | 32 | 33) {
        return lower.info(scene, "kill.own");
    }
    let mut args = vec![word(lower, scene)];
    args.extend(group.then_some(Raw::Word("group")));
    let key = match to {
        Some(process) if !own => Key::Child(process),
        _ => Key::Own,
    };
    lower.step(scene, key, Verb::Kill, args);
}
