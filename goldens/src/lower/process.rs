//! Processes: made, turned into other programs, ended and collected.

use recording::resolve::{ProcId, Tables};

use super::scene::{AFTER, Scene, u32_at};
use super::{Lowering, memory, own};
use crate::model::{InputKind, Verb};
use crate::run::InputName;
use crate::run::raw::{Key, Raw};

/// A fork that worked is told by the birth; one that failed is a step of the process.
pub(super) fn fork(lower: &mut Lowering, scene: &Scene<'_>) {
    if !scene.worked() && scene.ended() != crate::run::raw::Ended::Unfinished {
        lower.step(scene, Key::Own, Verb::Spawn, []);
    }
}

/// path
pub(super) fn exec(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Exec) };
    if !scene.worked() {
        if !lower.search_probe(scene, object, Verb::Exec) {
            lower.probe(scene, object);
            lower.step(scene, Key::Object(object), Verb::Exec, []);
        }
        return;
    }
    let name = scene.path(0).or_else(|| scene.row(object).map(|row| row.name.as_slice())).unwrap_or_default().to_vec();
    lower.found(scene, &name);
    let id = lower.run.names.id(&name);
    let facts = lower.run.process(scene.process());
    let again = !facts.executed.is_empty();
    facts.executed.push(id);
    facts.inputs.insert((InputKind::Exec, InputName::Path(id)));
    if again {
        lower.step(scene, Key::Object(object), Verb::Exec, []);
    }
}

/// pid, status, options
pub(super) fn wait(lower: &mut Lowering, scene: &Scene<'_>) {
    lower.info(scene, "wait.calls");
    let ended = match scene.data(1, AFTER).and_then(|status| u32_at(status, 0)) {
        Some(status) => status & 0xff != 0x7f && status & 0xffff != 0xffff,
        None => true,
    };
    let pid = scene.result().filter(|pid| *pid > 0 && ended);
    let whichever = scene.arg(0) as i32 <= 0;
    reaped(lower, scene, pid.and_then(|pid| u32::try_from(pid).ok()), whichever);
}

/// id, `siginfo_t`, options
pub(super) fn waitid(lower: &mut Lowering, scene: &Scene<'_>) {
    const P_ALL: u64 = 0;
    const P_PGID: u64 = 2;
    const WNOWAIT: u64 = 0x0100_0000;
    lower.info(scene, "wait.calls");
    let info = scene.data(1, AFTER).filter(|_| scene.worked() && scene.arg(2) & WNOWAIT == 0);
    let ended = info.filter(|info| u32_at(info, 8).is_some_and(|code| (1..=3).contains(&code)));
    let whichever = matches!(scene.word(0), P_ALL | P_PGID);
    reaped(lower, scene, ended.and_then(|info| u32_at(info, 16)), whichever);
}

/// The child with this id was collected, by a wait for it or for whichever ends.
fn reaped(lower: &mut Lowering, scene: &Scene<'_>, pid: Option<u32>, whichever: bool) {
    let Some(child) = pid.filter(|pid| *pid != 0).and_then(|pid| child(scene.tables, scene.process(), pid)) else {
        return;
    };
    if whichever {
        let since = lower.spawned.get(&child).map_or(0, |(_, _, event)| *event);
        lower.run.collected.insert(scene.call.index, since);
    }
    lower.done(scene, Key::Child(child), Verb::Reap, [Raw::Ending(child)]);
}

/// The newest child of this process with this id, in whichever namespace the process counts.
fn child(tables: &Tables, parent: ProcId, pid: u32) -> Option<ProcId> {
    let of_parent = |at: &usize| tables.processes.get(*at).is_some_and(|row| row.parent == Some(parent));
    let is = |at: &usize, own: bool| {
        tables.processes.get(*at).is_some_and(|row| if own { row.own_pid == pid } else { row.pid == pid })
    };
    let all = || (0..tables.processes.len()).rev();
    let found = all()
        .find(|at| of_parent(at) && is(at, true))
        .or_else(|| all().find(|at| of_parent(at) && is(at, false)))
        .or_else(|| all().find(|at| is(at, false)));
    found.map(|at| ProcId(at as u32))
}

/// What is stored through shared mappings is in the file when the process ends.
pub(super) fn exit(lower: &mut Lowering, scene: &Scene<'_>) {
    memory::unmap_all(lower, scene);
}
