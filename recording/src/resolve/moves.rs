//! Moves: which bytes of which object went through a call.

use syscalls::layout;

use super::naming::Said;
use super::tables::{DescriptionId, ObjectId};
use super::world::{Caller, World};
use super::{About, Moved, MovedBytes};
use crate::decode::{number, word};
use crate::event::{Shape, status};
use crate::plan::{Between, Form, Move};

const MSG_PEEK: u64 = 2;
const O_APPEND: u64 = 0o2_000;
/// First number of the parts of a message of an array, and how many each has; see `capture` of the tracer.
const FIRST_PART: u32 = 4;
const PARTS: u32 = 4;
/// Number of the data among the parts of a message.
const DATA: u32 = 2;

/// One end of a move.
#[derive(Debug, Clone, Copy)]
struct End {
    object: ObjectId,
    description: DescriptionId,
    into: bool,
    /// Where the caller said; else where the description stands.
    at: Option<u64>,
    /// Do the bytes leave, so that the next come behind them?
    consumes: bool,
}

impl World {
    /// Bytes between a descriptor and memory.
    pub fn move_memory(&mut self, caller: Caller, said: &Said<'_>, how: Move, about: &[About], moved: &mut Vec<Moved>) {
        let Some((object, description)) = end_of(about, 0) else { return };
        let at = how.offset.map(|at| said.word(at) as i64).and_then(|at| u64::try_from(at).ok());
        let consumes = how.flags.is_none_or(|at| said.word(at) & MSG_PEEK == 0);
        let end = End { object, description, into: how.into, at, consumes };
        let count = u64::try_from(said.result).unwrap_or(0);
        match how.form {
            Form::Plain => self.push(caller, end, count, kept(said, how, None, count), moved),
            Form::Message => self.push(caller, end, count, kept(said, how, Some(DATA), count), moved),
            Form::Messages => {
                let array = said.structure(how.data, 1).unwrap_or_default();
                let size = layout::MMSGHDR.size as usize;
                for (message, header) in (0u32..).zip(array.chunks_exact(size)).take(said.result.max(0) as usize) {
                    let count = number(&layout::MMSGHDR, header, "msg_len").unwrap_or(0);
                    let part = message.saturating_mul(PARTS).saturating_add(FIRST_PART + DATA);
                    self.push(caller, end, count, kept(said, how, Some(part), count), moved);
                }
            }
        }
    }

    /// Bytes from one descriptor to another.
    pub fn move_between(
        &mut self,
        caller: Caller,
        said: &Said<'_>,
        how: Between,
        about: &[About],
        moved: &mut Vec<Moved>,
    ) {
        let count = u64::try_from(said.result).unwrap_or(0);
        let ends = [(how.from, how.from_offset, false, how.consumes), (how.to, how.to_offset, true, true)];
        for (arg, offset, into, consumes) in ends {
            let at = offset.and_then(|at| said.structure(at, 0)).and_then(|word_behind| word(word_behind, 0, 8));
            if let Some((object, description)) = end_of(about, arg) {
                self.push(caller, End { object, description, into, at, consumes }, count, MovedBytes::NotKept, moved);
            }
        }
    }

    fn push(&mut self, caller: Caller, end: End, count: u64, bytes: MovedBytes, moved: &mut Vec<Moved>) {
        let start = self.start(caller, end);
        let stop = start.saturating_add(count);
        if end.consumes && end.at.is_none() {
            self.advance(caller, end, stop);
        }
        if end.into {
            self.objects.grow(end.object, stop);
        }
        let End { object, description, into, .. } = end;
        moved.push(Moved { object, description, into, start, end: stop, bytes });
    }

    fn is_stream(&self, object: ObjectId) -> bool {
        self.tables.object(object).is_some_and(|row| row.is_stream())
    }

    fn start(&self, caller: Caller, end: End) -> u64 {
        if self.is_stream(end.object) {
            let key = (caller.process.0, end.object.0, end.into);
            return self.streams.get(&key).copied().unwrap_or(0);
        }
        let Some(row) = self.tables.description(end.description) else { return 0 };
        match end.at {
            Some(at) => at,
            None if end.into && row.flags & O_APPEND != 0 => self.objects.size(end.object).unwrap_or(row.offset),
            None => row.offset,
        }
    }

    fn advance(&mut self, caller: Caller, end: End, stop: u64) {
        if self.is_stream(end.object) {
            self.streams.insert((caller.process.0, end.object.0, end.into), stop);
        } else if let Some(row) = self.tables.descriptions.get_mut(end.description.0 as usize) {
            row.offset = stop;
        }
    }
}

fn end_of(about: &[About], arg: u8) -> Option<(ObjectId, DescriptionId)> {
    let about = about.iter().find(|about| about.arg == arg)?;
    Some((about.object, about.description?))
}

/// The first `count` bytes behind the data argument, its pieces joined. `part`: the part of a message.
fn kept(said: &Said<'_>, how: Move, part: Option<u32>, count: u64) -> MovedBytes {
    if count == 0 {
        return MovedBytes::Known(vec![]);
    }
    let phase = u8::from(!how.into);
    let mut bytes = vec![];
    let mut digest = None;
    for payload in said.call.payloads_of(how.data) {
        let here = payload.head.phase == phase && part.is_none_or(|part| payload.head.path >> 16 == part);
        match payload.head.shape {
            _ if !here => {}
            Shape::Digest if digest.is_none() && bytes.is_empty() => digest = Some(payload.bytes),
            Shape::Digest => return MovedBytes::NotKept,
            Shape::Bytes | Shape::Element if digest.is_some() => return MovedBytes::NotKept,
            Shape::Bytes | Shape::Element => {
                bytes.extend_from_slice(payload.bytes);
                if payload.head.status & (status::CLIPPED | status::FAULTED) != 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    if let Some(digest) = digest {
        let hash = digest.get(8..).and_then(|hash| hash.try_into().ok());
        let whole = word(digest, 0, 8) == Some(count);
        return hash.filter(|_| whole).map_or(MovedBytes::NotKept, MovedBytes::Digest);
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if bytes.len() < count {
        return MovedBytes::NotKept;
    }
    bytes.truncate(count);
    MovedBytes::Known(bytes)
}
