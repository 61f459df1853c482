//! Files: the events that tell the state of one file, joined.

use std::sync::Arc;

use super::objects::Objects;
use super::tables::{Identity, Tables};
use super::{Consumer, FileState, Happened};
use crate::decode::word;
use crate::event::{ARG_NONE, Event, FileWhat, Shape, content, status, text};

/// Room for bytes that is made at once: a recording may claim any size.
const LARGEST_ROOM: u64 = 16 << 20;

/// A state on its way: its pieces come in several events.
#[derive(Debug)]
struct Pending {
    path: Vec<u8>,
    what: FileWhat,
    at_end: bool,
    device: u64,
    inode: u64,
    mode: u32,
    size: u64,
    errno: u32,
    link: Option<Vec<u8>>,
    digest: Option<(u64, [u8; 32])>,
    bytes: Vec<u8>,
    index: u64,
}

/// Joins states.
#[derive(Debug, Default)]
pub(super) struct Files {
    pending: Option<Pending>,
}

impl Files {
    /// Takes a `FileState`.
    pub fn take(&mut self, event: &Event<'_>, index: u64, objects: &Objects, tables: &Tables, to: &mut impl Consumer) {
        let path = event.text(text::MAIN).unwrap_or_default();
        let at_end = event.u32(68) == 1;
        let has_digest = event.payloads().any(|payload| payload.head.shape == Shape::Digest);
        let goes_on = self.pending.as_ref().is_some_and(|pending| {
            !has_digest && at_end && pending.at_end && pending.path == path && pending.digest.is_some()
        });
        if !goes_on {
            self.flush(objects, tables, to);
            self.pending = Some(Pending::of(event, path, at_end, index));
        }
        if let Some(pending) = &mut self.pending {
            pending.gather(event);
        }
    }

    /// Gives what was gathered: another event came.
    pub fn flush(&mut self, objects: &Objects, tables: &Tables, to: &mut impl Consumer) {
        if let Some(pending) = self.pending.take() {
            pending.give(objects, tables, to);
        }
    }

    /// Is there nothing to be given?
    pub fn is_empty(&self) -> bool {
        self.pending.is_none()
    }
}

impl Pending {
    fn of(event: &Event<'_>, path: &[u8], at_end: bool, index: u64) -> Pending {
        Pending {
            path: path.to_vec(),
            what: FileWhat::from_raw(event.u32(60).try_into().unwrap_or(u8::MAX)).unwrap_or(FileWhat::Unknown),
            at_end,
            device: event.u64(32),
            inode: event.u64(40),
            mode: event.u32(56),
            size: event.u64(48),
            errno: event.u32(64),
            link: event.text(text::LINK).map(<[u8]>::to_vec),
            digest: event.payloads().find(|p| p.head.shape == Shape::Digest).and_then(|p| digest(p.bytes)),
            bytes: vec![],
            index,
        }
    }

    fn gather(&mut self, event: &Event<'_>) {
        let is_piece = |head: &crate::event::PayloadHead| {
            head.arg == ARG_NONE && head.shape == Shape::Bytes && head.path == content::BYTES
        };
        for payload in event.payloads().filter(|payload| is_piece(&payload.head)) {
            let whole = payload.head.status & status::FAULTED == 0;
            if whole && payload.head.addr == self.bytes.len() as u64 {
                if self.bytes.is_empty() {
                    self.bytes.reserve_exact(self.size.min(LARGEST_ROOM) as usize);
                }
                self.bytes.extend_from_slice(payload.bytes);
            }
        }
    }

    fn give(self, objects: &Objects, tables: &Tables, to: &mut impl Consumer) {
        let there = !matches!(self.what, FileWhat::Gone | FileWhat::Unknown);
        let key = Some((self.device, self.inode)).filter(|_| there && self.inode != 0);
        let object = objects.of_state(tables, &self.path, key);
        let generation = object.and_then(|object| tables.object(object)?.identity).map_or(0, |known| known.generation);
        let whole = self.at_end && self.digest.is_some_and(|(len, _)| len == self.bytes.len() as u64);
        let state = FileState {
            path: &self.path,
            object,
            at_end: self.at_end,
            kind: kind(self.what),
            mode: self.mode & 0o7777,
            size: self.size,
            link: self.link.as_deref(),
            digest: self.digest.map(|(_, hash)| hash),
            bytes: whole.then(|| Arc::new(self.bytes)),
            identity: key.map(|(device, inode)| Identity { device, inode, generation }),
            unreadable: u16::try_from(self.errno).ok().filter(|errno| *errno != 0),
            index: self.index,
        };
        to.happened(tables, &Happened::File(state));
    }
}

fn kind(what: FileWhat) -> Option<&'static str> {
    Some(match what {
        FileWhat::Gone => return None,
        FileWhat::File => "file",
        FileWhat::Dir => "dir",
        FileWhat::Link => "symlink",
        FileWhat::Fifo => "fifo",
        FileWhat::Socket => "socket",
        FileWhat::Device => "dev",
        FileWhat::Unknown => "unknown",
    })
}

fn digest(body: &[u8]) -> Option<(u64, [u8; 32])> {
    Some((word(body, 0, 8)?, body.get(8..40)?.try_into().ok()?))
}
