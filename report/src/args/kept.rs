//! Kept: the target's memory behind one argument, as far as it was copied.

use recording::event::{Call, Shape, status};

/// The bytes of one payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    /// What is there.
    pub(super) bytes: &'a [u8],
    /// What the target said there was.
    pub(super) wanted: u64,
    status: u8,
}

impl<'a> Kept<'a> {
    /// The payload of an argument in this phase, of this shape and at this path.
    pub(super) fn find(call: &Call<'a>, arg: u8, phase: u8, shape: Shape, path: u32) -> Option<Kept<'a>> {
        call.payloads_of(arg)
            .find(|p| p.head.phase == phase && p.head.shape == shape && p.head.path == path)
            .map(|p| Kept { bytes: p.bytes, wanted: p.head.wanted, status: p.head.status })
    }

    /// So many bytes of it, as if no more had been wanted; `None` when they are not there.
    pub(super) fn first(self, bytes: usize) -> Option<Kept<'a>> {
        Some(Kept { bytes: self.bytes.get(..bytes)?, wanted: bytes as u64, ..self })
    }

    /// Did reading end at memory that is not there?
    pub(super) fn is_faulted(&self) -> bool {
        self.status & status::FAULTED != 0
    }

    /// Was it left unread on request?
    pub(super) fn is_unread(&self) -> bool {
        self.status & status::NOT_READ != 0
    }

    /// Is something missing at the end?
    pub(super) fn is_part(&self) -> bool {
        (self.bytes.len() as u64) < self.wanted
    }
}

/// A little-endian word of 1 to 8 bytes; 0 where there are none.
pub(super) fn word(bytes: &[u8], at: usize, width: usize) -> u64 {
    let Some(own) = at.checked_add(width).and_then(|end| bytes.get(at..end)) else { return 0 };
    own.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The same, signed.
pub(super) fn signed(bytes: &[u8], at: usize, width: usize) -> i64 {
    let shift = 64u32.saturating_sub(8 * width as u32);
    (word(bytes, at, width) << shift) as i64 >> shift
}
