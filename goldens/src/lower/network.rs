//! Connections: who is spoken to.

use recording::resolve::ObjectId;
use syscalls::names::{IP_OPTIONS, IPV6_OPTIONS, SHUT, SO_OPTIONS, SOL_LEVELS, TCP_OPTIONS, UDP_OPTIONS};

use super::scene::{BEFORE, Scene, u32_at};
use super::{Lowering, own};
use crate::model::{InputKind, Verb};
use crate::run::InputName;
use crate::run::raw::Raw;

fn socket_words(lower: &mut Lowering, object: ObjectId) -> Vec<Raw> {
    let facts = lower.run.object(object);
    let mut words = Vec::new();
    words.extend(facts.cloexec.then_some(Raw::Word("cloexec")));
    words.extend(facts.nonblock.then_some(Raw::Word("nonblock")));
    words
}

fn endpoint(lower: &mut Lowering, scene: &Scene<'_>, object: ObjectId) {
    let named = scene.row(object).is_some_and(|row| row.peer.is_some() || row.local.is_some());
    if named && lower.class(scene.tables, object).is_none() {
        lower.run.process(scene.process()).inputs.insert((InputKind::Net, InputName::Object(object)));
    }
}

/// socket, address
pub(super) fn connect(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Connect) };
    endpoint(lower, scene, object);
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let words = socket_words(lower, object);
    lower.step(scene, key, Verb::Connect, words);
}

/// socket, address
pub(super) fn bind(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Bind) };
    endpoint(lower, scene, object);
    let path = scene.row(object).and_then(|row| row.local.as_ref()).map(|(local, _)| local.clone());
    if let Some(path) = path.filter(|path| scene.worked() && path.first() == Some(&b'/')) {
        lower.created(scene, object, &path);
    }
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let words = socket_words(lower, object);
    lower.step(scene, key, Verb::Bind, words);
}

/// socket, backlog
pub(super) fn listen(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Listen) };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Listen, [Raw::Number(i64::from(scene.arg(1) as i32))]);
    }
}

/// listener, flags
pub(super) fn accept(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.call.made().or_else(|| scene.object(0)) else {
        return own::special_on_nothing(lower, scene, Verb::Accept);
    };
    if let Some(made) = scene.call.made() {
        lower.run.object(made).accepted = true;
    }
    let flags = if scene.position(1) == u8::MAX { 0 } else { scene.arg(1) };
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Accept, super::flags::descriptor_words(flags));
    }
}

/// socket, how
pub(super) fn shutdown(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Shutdown) };
    let how = SHUT.name(scene.arg(1)).map_or(Raw::Number(scene.arg(1) as i64), Raw::Word);
    if let Some(key) = lower.key(scene.process(), scene.tables, object) {
        lower.step(scene, key, Verb::Shutdown, [how]);
    }
}

/// socket, level, option, value
pub(super) fn setsockopt(lower: &mut Lowering, scene: &Scene<'_>) {
    let Some(object) = scene.object(0) else { return own::special_on_nothing(lower, scene, Verb::Sockopt) };
    let Some(key) = lower.key(scene.process(), scene.tables, object) else { return };
    let mut args = vec![option_name(scene.arg(1) & 0xffff_ffff, scene.arg(2) & 0xffff_ffff)];
    match scene.data(3, BEFORE) {
        Some(value) if value.len() == 4 => args.push(Raw::Number(i64::from(u32_at(value, 0).unwrap_or(0) as i32))),
        Some(value) => args.push(Raw::Blob(lower.run.names.id(value))),
        None => {}
    }
    lower.step(scene, key, Verb::Sockopt, args);
}

fn option_name(level: u64, option: u64) -> Raw {
    let table = match level {
        1 => &SO_OPTIONS,
        0 => &IP_OPTIONS,
        6 => &TCP_OPTIONS,
        17 => &UDP_OPTIONS,
        41 => &IPV6_OPTIONS,
        _ => return Raw::Made(format!("{}.{option}", SOL_LEVELS.name(level).unwrap_or("SOL_OTHER")).into()),
    };
    table.name(option).map_or_else(|| Raw::Made(format!("{level}.{option}").into()), Raw::Word)
}
