//! Scenes: one call, with what handlers ask about it.

use recording::event::{Payload, Shape};
use recording::resolve::{About, Object, ObjectId, Outcome, ProcId, Resolved, Tables};

use crate::run::raw::Ended;

/// Bytes as before the call.
pub(super) const BEFORE: u8 = 0;
/// Bytes as after the call.
pub(super) const AFTER: u8 = 1;

/// `ENOENT`.
pub(super) const ENOENT: u16 = 2;
/// `EACCES`.
pub(super) const EACCES: u16 = 13;
/// `ENOTDIR`.
pub(super) const ENOTDIR: u16 = 20;

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub tables: &'a Tables,
    pub call: &'a Resolved<'a>,
    /// Where the handler finds its arguments (see `table`).
    pub at: [u8; 4],
}

impl<'a> Scene<'a> {
    /// The word of argument `n`.
    pub fn word(&self, n: u8) -> u64 {
        let args = self.call.event.call().map_or([0; 6], |call| call.args());
        args.get(usize::from(n)).copied().unwrap_or(0)
    }

    /// Where the handler's argument `n` stands.
    pub fn position(&self, n: usize) -> u8 {
        self.at.get(n).copied().unwrap_or(u8::MAX)
    }

    /// The word of the handler's argument `n`; 0 when the call has none.
    pub fn arg(&self, n: usize) -> u64 {
        self.word(self.position(n))
    }

    /// The object of the handler's argument `n`; that of a descriptor when a path is empty.
    pub fn object(&self, n: usize) -> Option<ObjectId> {
        let at = self.position(n);
        self.call.object(at).or_else(|| at.checked_sub(1).and_then(|fd| self.call.object(fd)))
    }

    /// The row of an object.
    pub fn row(&self, id: ObjectId) -> Option<&'a Object> {
        self.tables.object(id)
    }

    /// What the call says about its argument `at` (a position, not the handler's number).
    pub fn about(&self, at: u8) -> Option<&'a About> {
        self.call.about.iter().find(|about| about.arg == at)
    }

    /// The path of the handler's argument `n`, absolute.
    pub fn path(&self, n: usize) -> Option<&'a [u8]> {
        self.about(self.position(n))?.path.as_deref()
    }

    /// The bytes behind argument `n` (a position).
    pub fn bytes(&self, n: u8, phase: u8) -> Option<&'a [u8]> {
        let wanted = |payload: &Payload<'_>| {
            let head = &payload.head;
            head.arg == n && head.phase == phase && !matches!(head.shape, Shape::Note | Shape::Digest)
        };
        self.call.event.payloads().find(wanted).map(|payload| payload.bytes)
    }

    /// The bytes behind the handler's argument `n`.
    pub fn data(&self, n: usize, phase: u8) -> Option<&'a [u8]> {
        self.bytes(self.position(n), phase)
    }

    /// The result, when it worked.
    pub fn result(&self) -> Option<i64> {
        match self.call.outcome {
            Outcome::Ok(result) => Some(result),
            Outcome::Failed(_) | Outcome::Unfinished => None,
        }
    }

    /// Did it work?
    pub fn worked(&self) -> bool {
        self.result().is_some()
    }

    /// How it ended, as a step says it.
    pub fn ended(&self) -> Ended {
        match self.call.outcome {
            Outcome::Ok(_) => Ended::Well,
            Outcome::Failed(errno) => Ended::Failed(errno),
            Outcome::Unfinished => Ended::Unfinished,
        }
    }

    /// Did it find nothing of that name?
    pub fn absent(&self) -> bool {
        matches!(self.call.outcome, Outcome::Failed(ENOENT | ENOTDIR))
    }

    /// Who made it.
    pub fn process(&self) -> ProcId {
        self.call.process
    }

    /// Who made it, as steps hold it.
    pub fn thread(&self) -> u32 {
        self.call.thread.0
    }
}

/// A little-endian word of a structure.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?))
}

/// A little-endian word of a structure.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(word.try_into().ok()?))
}
