//! Roles: what an object is called. A path where it has one; else by who speaks through it to whom.

use std::collections::{BTreeMap, BTreeSet};

use recording::resolve::{Object, ObjectId, ObjectKind as Raw, ProcId};

use super::Maker;
use crate::model::{ObjectKind, ObjectRef};
use crate::run::raw::FlowId;
use crate::value::Value;

/// The reference of each object.
pub(super) fn name_all(maker: &Maker<'_>) -> Vec<ObjectRef> {
    let pipes = pipes(maker);
    let better = better_kinds(maker);
    let objects = maker.run.tables.objects.iter().enumerate();
    objects.map(|(at, object)| name_one(maker, ObjectId(at as u32), object, &pipes, &better)).collect()
}

type Ends = (BTreeSet<String>, BTreeSet<String>);

fn name_one(
    maker: &Maker<'_>,
    id: ObjectId,
    object: &Object,
    pipes: &BTreeMap<ObjectId, Ends>,
    better: &BTreeMap<&[u8], Raw>,
) -> ObjectRef {
    let accepted = maker.run.objects.get(id.0 as usize).is_some_and(|facts| facts.accepted);
    let kind = match object.kind {
        Raw::File => better.get(object.name.as_slice()).copied().unwrap_or(Raw::File),
        kind => kind,
    };
    let name = match kind {
        Raw::Tcp | Raw::Udp | Raw::Unix => socket(maker, object, accepted),
        Raw::Pipe | Raw::Socketpair if object.name.first() != Some(&b'/') => pipe(pipes.get(&id)),
        Raw::Anon | Raw::OtherSocket | Raw::Std => Value::literal(word(&object.name)),
        _ => maker.names.path(&object.name),
    };
    ObjectRef { kind: kind_of(kind), name }
}

fn kind_of(kind: Raw) -> ObjectKind {
    match kind {
        Raw::File => ObjectKind::File,
        Raw::Dir => ObjectKind::Dir,
        Raw::Symlink => ObjectKind::Symlink,
        Raw::Pipe => ObjectKind::Pipe,
        Raw::Socketpair => ObjectKind::Socketpair,
        Raw::Tcp => ObjectKind::Tcp,
        Raw::Udp => ObjectKind::Udp,
        Raw::Unix => ObjectKind::Unix,
        Raw::Tty => ObjectKind::Tty,
        Raw::Dev => ObjectKind::Dev,
        Raw::OtherSocket | Raw::Anon => ObjectKind::Anon,
        Raw::Std => ObjectKind::Std,
    }
}

/// A name that was looked up in vain is a file by default; when it is known to be something else before or
/// after, it is that.
fn better_kinds<'a>(maker: &Maker<'a>) -> BTreeMap<&'a [u8], Raw> {
    let known = maker.run.tables.objects.iter().filter(|object| {
        matches!(object.kind, Raw::Dir | Raw::Symlink | Raw::Dev | Raw::Pipe | Raw::Unix)
            && object.name.first() == Some(&b'/')
    });
    known.map(|object| (object.name.as_slice(), object.kind)).collect()
}

/// The kernel's own words without what is chance: `anon_inode:[eventpoll]` is `eventpoll`, `memfd:x` stays.
fn word(name: &[u8]) -> &[u8] {
    let name = name.strip_prefix(b"anon_inode:").unwrap_or(name);
    name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name)
}

fn socket(maker: &Maker<'_>, object: &Object, accepted: bool) -> Value {
    let local = object.local.as_ref().map(|(local, _)| local.as_slice());
    match (object.peer.as_deref(), local) {
        (Some(peer), Some(local)) if accepted => {
            let (peer, local) = (maker.names.address(peer), maker.names.address(local));
            let port = local.as_str().rfind(':').and_then(|at| local.as_str().get(at..)).unwrap_or(local.as_str());
            Value::from_syntax(format!("{peer}->{port}"))
        }
        (Some(peer), _) => maker.names.address(peer),
        (None, Some(local)) => maker.names.address(local),
        (None, None) => Value::literal(b"unconnected"),
    }
}

/// A pipe that nobody wrote into or read from.
pub(super) const UNUSED: &str = "unused";

/// `cat.stdout->grep.stdin`.
fn pipe(ends: Option<&Ends>) -> Value {
    let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join("+");
    match ends {
        Some((writers, readers)) => Value::from_syntax(format!("{}->{}", join(writers), join(readers))),
        None => Value::from_syntax(UNUSED),
    }
}

/// Who wrote into and who read from each pipe and pair.
fn pipes(maker: &Maker<'_>) -> BTreeMap<ObjectId, Ends> {
    let ends = |flows: Vec<FlowId>| {
        let mut ends = Ends::default();
        for flow in flows.iter().filter_map(|id| maker.run.flows.get(id.0 as usize)) {
            let side = if flow.into { &mut ends.0 } else { &mut ends.1 };
            side.insert(end(maker, flow.process, flow.fd));
        }
        ends
    };
    maker.run.channels().into_iter().map(|(object, flows)| (object, ends(flows))).collect()
}

fn end(maker: &Maker<'_>, process: ProcId, fd: Option<i32>) -> String {
    let key = maker.keys.get(process.0 as usize).map_or("P", |key| &*key.0);
    let name = key.rsplit('/').next().unwrap_or(key);
    let name = name.split('~').next().unwrap_or(name);
    match fd {
        Some(0) => format!("{name}.stdin"),
        Some(1) => format!("{name}.stdout"),
        Some(2) => format!("{name}.stderr"),
        _ => name.to_owned(),
    }
}
