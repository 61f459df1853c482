//! Ends: what a run leaves behind, what it printed and sent, and how files were made durable.

use std::collections::{BTreeMap, HashMap};

use recording::resolve::{ObjectId, ObjectKind, ProcId};
use recording::session::Header;

use super::Maker;
use crate::content::Shared;
use crate::content::{Content, Hash};
use crate::form::FormEnd;
use crate::golden::{EndKind, MERGED};
use crate::model::Durability;
use crate::run::stream::FileRange;
use crate::run::{Bytes, Run, State, Touched};
use crate::value::Value;

/// All ends, sorted by kind and name.
pub(super) fn of(maker: &mut Maker<'_>) -> Vec<FormEnd> {
    let mut ends = files(maker);
    ends.extend(sent(maker));
    ends.extend(printed(maker));
    ends.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    for end in &ends {
        if let Some(content) = &end.content {
            maker.contents.keep(content);
        }
    }
    ends
}

fn files(maker: &mut Maker<'_>) -> Vec<FormEnd> {
    let run = maker.run;
    let written = Written::of(run);
    let mut ends = Vec::new();
    for (id, touched) in &run.touched {
        let path = run.names.get(*id);
        if crate::scrub::runtime_class(path).is_some() {
            continue;
        }
        let found = match run.states.last.get(path) {
            Some(state) => known(maker, path, touched, state),
            None => told(maker, &written, path, touched),
        };
        ends.extend(found);
    }
    ends
}

/// By the state of the file after the last task.
fn known(maker: &mut Maker<'_>, path: &[u8], touched: &Touched, state: &State) -> Option<FormEnd> {
    let name = maker.names.path(path);
    let Some(kind) = state.kind else { return gone(name, touched) };
    let kind = match kind {
        "dir" => EndKind::Dir,
        "symlink" => EndKind::Symlink,
        "fifo" => EndKind::Fifo,
        "socket" => EndKind::Socket,
        "dev" => EndKind::Dev,
        _ => EndKind::File,
    };
    let content = (kind == EndKind::File).then(|| content(maker, state));
    let to = state.link.as_ref().map(|link| maker.names.path(link));
    let mode = (kind != EndKind::Symlink).then_some((state.mode & 0o7777) as u16);
    Some(FormEnd { kind, name, mode, content, to, event: touched.event })
}

fn gone(name: Value, touched: &Touched) -> Option<FormEnd> {
    let end = FormEnd { kind: EndKind::Gone, name, mode: None, content: None, to: None, event: touched.event };
    touched.before.then_some(end)
}

fn content(maker: &Maker<'_>, state: &State) -> Content {
    match (&state.bytes, &state.digest) {
        (Some(bytes), _) => Content::of(maker.names.content(bytes, false).bytes),
        (None, Some(digest)) => Content { len: state.size, hash: Some(Hash::of_digest(digest)), bytes: None },
        (None, None) => Content::unknown(state.size),
    }
}

/// By the calls alone.
fn told(maker: &mut Maker<'_>, written: &Written<'_>, path: &[u8], touched: &Touched) -> Option<FormEnd> {
    let run = maker.run;
    let name = maker.names.path(path);
    if !touched.there {
        return gone(name, touched);
    }
    let object = run.tables.object(touched.object)?;
    let facts = run.objects.get(touched.object.0 as usize);
    let kind = match object.kind {
        ObjectKind::Dir => EndKind::Dir,
        ObjectKind::Symlink => EndKind::Symlink,
        ObjectKind::Pipe => EndKind::Fifo,
        ObjectKind::Unix => EndKind::Socket,
        ObjectKind::Dev => EndKind::Dev,
        _ => EndKind::File,
    };
    let content = (kind == EndKind::File).then(|| match written.whole(run, touched.object) {
        Some(bytes) => Content::of(maker.names.content(&bytes, false).bytes),
        None => Content::unknown(facts.and_then(|facts| facts.size).unwrap_or(0)),
    });
    Some(FormEnd { kind, name, mode: facts.and_then(|facts| facts.mode), content, to: None, event: touched.event })
}

/// The ranges of each file that calls wrote, in their order.
struct Written<'a>(HashMap<ObjectId, Vec<&'a FileRange>>);

impl<'a> Written<'a> {
    fn of(run: &'a Run) -> Written<'a> {
        let mut all: HashMap<ObjectId, Vec<&FileRange>> = HashMap::new();
        for range in run.ranges.iter().filter(|range| range.wrote && !range.single) {
            all.entry(range.object).or_default().push(range);
        }
        all.values_mut().for_each(|ranges| ranges.sort_by_key(|range| range.event));
        Written(all)
    }

    /// The bytes of a file that this run wrote whole, where the calls tell them.
    fn whole(&self, run: &Run, object: ObjectId) -> Option<Vec<u8>> {
        let facts = run.objects.get(object.0 as usize)?;
        let size = facts.size.filter(|size| facts.written.cover(0, *size))?;
        let ranges = self.0.get(&object).map_or(&[][..], Vec::as_slice);
        if ranges.iter().any(|range| range.bytes.is_none()) {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok().filter(|size| *size <= 1 << 26)?];
        for range in ranges {
            let told = range.bytes.as_deref()?;
            let start = usize::try_from(range.start).ok()?;
            let len = told.len().min(bytes.len().saturating_sub(start));
            bytes.get_mut(start..start + len)?.copy_from_slice(told.get(..len)?);
        }
        Some(bytes)
    }
}

/// What one process sent through one connection; ordered by its bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    bytes: Option<Shared>,
    len: u64,
    event: u64,
}

/// What was sent to each endpoint: the connections of one endpoint in an order that no chance decides.
fn sent(maker: &mut Maker<'_>) -> Vec<FormEnd> {
    let mut by_endpoint: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for flow in maker.run.flows.iter().filter(|flow| flow.into) {
        let socket = maker.run.tables.object(flow.object).is_some_and(|object| is_endpoint(object.kind));
        if socket {
            let bytes = flow.bytes.whole().then(|| maker.names.content(&flow.bytes.kept, false).bytes);
            let sent = Sent { bytes, len: flow.bytes.len, event: flow.event };
            by_endpoint.entry(maker.reference(flow.object)).or_default().push(sent);
        }
    }
    by_endpoint.into_iter().map(|(name, sent)| sent_to(name, sent)).collect()
}

fn sent_to(name: String, mut sent: Vec<Sent>) -> FormEnd {
    sent.sort();
    let event = sent.iter().map(|sent| sent.event).min().unwrap_or(0);
    let len = sent.iter().fold(0, |len: u64, sent| len.saturating_add(sent.len));
    let whole: Option<Vec<&[u8]>> = sent.iter().map(|sent| sent.bytes.as_deref()).collect();
    let content = whole.map_or(Content::unknown(len), |whole| Content::known(whole.concat()));
    let name = Value::from_syntax(name);
    FormEnd { kind: EndKind::Sent, name, mode: None, content: Some(content), to: None, event }
}

fn is_endpoint(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Tcp | ObjectKind::Udp | ObjectKind::Unix)
}

/// What all processes wrote to standard output and error, in the order of the calls: to each, and to both where
/// that was asked for and they are one object.
fn printed(maker: &mut Maker<'_>) -> Vec<FormEnd> {
    let run = maker.run;
    let of = |name: &str| {
        let is = |id: &ObjectId| run.tables.object(*id).is_some_and(|object| object.name == name.as_bytes());
        run.printed.iter().find(|(id, _)| is(id)).map(|(_, printed)| printed)
    };
    let merged = run.merged.as_ref().filter(|_| one_output(&run.header));
    let mut ends = vec![("stderr", of("stderr")), ("stdout", of("stdout"))];
    ends.extend(merged.map(|merged| (MERGED, Some(merged))));
    ends.into_iter().map(|(name, joint)| printed_to(maker, name, joint)).collect()
}

fn printed_to(maker: &Maker<'_>, name: &str, joint: Option<&(Bytes, u64)>) -> FormEnd {
    let content = match joint {
        Some((bytes, _)) if bytes.whole() => Content::of(maker.names.content(&bytes.kept, false).bytes),
        Some((bytes, _)) => Content::unknown(bytes.len),
        None => Content::known(Vec::new()),
    };
    let event = joint.map_or(0, |joint| joint.1);
    let name = Value::literal(name.as_bytes());
    FormEnd { kind: EndKind::Std, name, mode: None, content: Some(content), to: None, event }
}

/// Were standard output and error one object when the program began? Otherwise nobody who reads them sees an
/// order between them.
pub(super) fn one_output(header: &Header) -> bool {
    let open = |fd| header.open_fds.iter().find(|open| open.fd == fd).map(|open| (open.device, open.inode));
    open(1).is_some_and(|output| output.1 != 0 && open(2) == Some(output))
}

/// Which objects got a new name or content, by process, and when folders were synced last.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    by_process: BTreeMap<ProcId, Vec<ObjectId>>,
    folders: BTreeMap<Vec<u8>, u64>,
}

impl Changes {
    /// Of this run.
    pub fn of(run: &Run) -> Changes {
        let mut changes = Changes::default();
        for (at, (object, facts)) in run.tables.objects.iter().zip(&run.objects).enumerate() {
            if object.kind == ObjectKind::Dir
                && let Some(sync) = facts.durable.last_sync()
            {
                let last = changes.folders.entry(object.name.clone()).or_default();
                *last = (*last).max(sync);
            }
            let file = object.kind == ObjectKind::File && !object.removed && facts.durable.changed().is_some();
            if let Some(by) = facts.durable.by().filter(|_| file) {
                changes.by_process.entry(by).or_default().push(ObjectId(at as u32));
            }
        }
        changes
    }
}

/// How the files that this process changed were made durable, by their final names.
pub(super) fn durability(maker: &Maker<'_>, process: ProcId) -> BTreeMap<Value, Durability> {
    let run = maker.run;
    let changed = maker.changes.by_process.get(&process).map_or(&[][..], Vec::as_slice);
    let mut all = BTreeMap::new();
    for id in changed {
        let (Some(object), Some(facts)) = (run.tables.object(*id), run.objects.get(id.0 as usize)) else { continue };
        let path = object.names.last().map_or(&object.name, |(_, name)| name);
        if crate::scrub::runtime_class(path).is_some() || path.first() != Some(&b'/') {
            continue;
        }
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0).max(1);
        let folder = path.get(..end).and_then(|folder| maker.changes.folders.get(folder)).copied();
        all.insert(maker.names.path(path), facts.durable.facts(folder.max(run.synced_all)));
    }
    all
}
