//! Payloads: the bytes behind a call's pointers, and the texts of other events.

use std::borrow::Cow;

use super::kinds::raw_enum;
use super::{Event, PAYLOAD_HEAD};

raw_enum! {
    /// What the bytes of a payload are.
    Shape {
        /// Plain bytes.
        Bytes = 0,
        /// A NUL-terminated string, without its NUL.
        Text = 1,
        /// A vector of pointers or of `iovec`.
        Vector = 2,
        /// One element of a vector; its index in `path`.
        Element = 3,
        /// A structure, or an array of one.
        Struct = 4,
        /// u64 length and blake3-256 instead of the bytes.
        Digest = 5,
        /// What the kernel says of a number (a descriptor's link text, a task's comm), or a reason.
        Note = 6,
    }
}

/// Bits of a payload's `status`.
pub mod status {
    /// Clipped to the limit.
    pub const CLIPPED: u8 = 1 << 0;
    /// Faulted: the bytes up to the fault are kept.
    pub const FAULTED: u8 = 1 << 1;
    /// Not read on request.
    pub const NOT_READ: u8 = 1 << 2;
    /// Read after the call although the phase is `before`.
    pub const READ_AFTER: u8 = 1 << 3;
    /// The bytes are a u32 string id (in a file only; a reader puts the bytes back).
    pub const INTERNED: u8 = 1 << 4;
}

/// Numbers of the texts of an event; see [`super::Record::text`] and [`Event::text`].
pub mod text {
    /// The event's own text: why (detached, lost, engine, unseen, limit, counter), the comm (born,
    /// named), the path (mapped, file state), the executable (exec).
    pub const MAIN: u32 = 0;
    /// The comm after an exec.
    pub const COMM: u32 = 1;
    /// The executable of a first or attached born.
    pub const EXE: u32 = 2;
    /// The target of a link (file state).
    pub const LINK: u32 = 3;
}

/// `path` of the payloads of a `FileState` or a `Mapped` that are no texts; all have `arg` [`ARG_NONE`].
pub mod content {
    /// Shape `Digest`: u64 length and blake3-256. `CLIPPED`: at the end, and the bytes are not kept.
    pub const DIGEST: u32 = 4;
    /// Shape `Bytes`: a piece; its offset in the file is `addr`, the length of the file `wanted`. What
    /// does not fit into one event goes on in the next of the same path.
    pub const BYTES: u32 = 5;
    /// Shape `Bytes`: the build id of a mapped file.
    pub const BUILD_ID: u32 = 6;
}

/// Parts of a note, most of them on a descriptor: the low byte of its `path`; the rest is the element's index. The
/// number of the descriptor is `addr` (32 bits, `AT_FDCWD` too).
pub mod note {
    /// The link text of `/proc/TID/fd/N`, of `/proc/TID/cwd` for `AT_FDCWD`.
    pub const LINK: u32 = 0;
    /// `TCP:[127.0.0.1:5000->127.0.0.1:80]`, `UNIX-STREAM:[123->124,"/run/x"]`, `pid:4711`,
    /// `{eventfd-count=0x1, eventfd-id=7, eventfd-semaphore=0}`, `signalfd:[USR1 CHLD]`, which stand for the link text; `char 1:3`, `block 8:0`, which follow it. The path, from the first `"` to the last, is as
    /// it is, byte for byte.
    pub const DETAIL: u32 = 1;
    /// Device u64, inode u64, mode u32, 0 u32.
    pub const IDENTITY: u32 = 2;
    /// The same of what stood under a path before a call that could make it or put something in its place;
    /// `arg` is that of the path. Not there: nothing stood there, or nobody looked.
    pub const PRESENT: u32 = 3;

    /// How long the task had run on a CPU when it stood at its entry (phase 0) and at its exit (phase 1): u64, ns.
    /// `arg` is [`super::ARG_NONE`]: it is no descriptor's. Not there: nobody asked, or the kernel keeps no account.
    pub const RAN: u32 = 4;

    /// How the detail of a netlink socket begins: `NETLINK:[ROUTE:4711]`.
    pub const NETLINK: &[u8] = b"NETLINK:[";
}

/// Payload `arg` of a result buffer without an argument, and of the texts of events that are no call.
pub const ARG_NONE: u8 = 6;

/// Where a payload belongs and how it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadHead {
    /// Argument 0 to 5, or [`ARG_NONE`].
    pub arg: u8,
    /// 0: the bytes as before the call; 1: as after it.
    pub phase: u8,
    /// What the bytes are.
    pub shape: Shape,
    /// Bits of [`status`].
    pub status: u8,
    /// Full length as the target stated it: a claim, never an allocation size.
    pub wanted: u64,
    /// Address in the target; 0 where there is none.
    pub addr: u64,
    /// Element index; of a nested vector the parent's index stands in the upper half.
    pub path: u32,
}

impl PayloadHead {
    /// Appends a payload with this head, these further bits of status and these bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>, more_status: u8, bytes: &[u8]) {
        out.extend_from_slice(&[self.arg, self.phase, self.shape as u8, self.status | more_status]);
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.wanted.to_le_bytes());
        out.extend_from_slice(&self.addr.to_le_bytes());
        out.extend_from_slice(&u64::from(self.path).to_le_bytes());
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
    }
}

/// One payload of a record.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Where it belongs.
    pub head: PayloadHead,
    /// What was kept.
    pub bytes: &'a [u8],
}

/// Iterator over the payloads of a record.
#[derive(Debug, Clone)]
pub struct Payloads<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for Payloads<'a> {
    type Item = Payload<'a>;

    fn next(&mut self) -> Option<Payload<'a>> {
        let b = self.rest.get(..PAYLOAD_HEAD)?;
        let view = Event { bytes: b };
        let len = view.u32(4) as usize;
        let head = PayloadHead {
            arg: b[0],
            phase: b[1],
            shape: Shape::from_raw(b[2])?,
            status: b[3],
            wanted: view.u64(8),
            addr: view.u64(16),
            path: view.u32(24),
        };
        let bytes = self.rest.get(PAYLOAD_HEAD..PAYLOAD_HEAD + len)?;
        self.rest = self.rest.get(PAYLOAD_HEAD + len.next_multiple_of(8)..).unwrap_or(&[]);
        Some(Payload { head, bytes })
    }
}

/// What was kept at one place of a call, joined from the pieces in which it was taken.
///
/// Moved data beyond 64 KiB comes in pieces: payloads one behind the other, of the same argument, phase,
/// shape and path, each at the address where the one before it ended.
#[derive(Debug, Clone)]
pub struct Joined<'a> {
    /// That of the first piece; its `status` has the bits of all pieces.
    pub head: PayloadHead,
    first: &'a [u8],
    further: Payloads<'a>,
    /// Pieces behind the first.
    more: usize,
    len: usize,
}

impl<'a> Joined<'a> {
    /// Bytes kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Was nothing kept?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Is something missing at the end?
    pub fn is_part(&self) -> bool {
        (self.len as u64) < self.head.wanted
    }

    /// The bytes, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        std::iter::once(self.first).chain(self.further.clone().take(self.more).map(|piece| piece.bytes))
    }

    /// The first `most` bytes, copied only when they span pieces.
    pub fn up_to(&self, most: usize) -> Cow<'a, [u8]> {
        if self.more == 0 || most <= self.first.len() {
            return Cow::Borrowed(self.first.get(..most).unwrap_or(self.first));
        }
        let mut bytes = Vec::with_capacity(self.len.min(most));
        for piece in self.pieces() {
            let room = most - bytes.len();
            bytes.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
        Cow::Owned(bytes)
    }

    /// Does this payload go on where what is here ends?
    fn goes_on_in(&self, next: &Payload<'_>) -> bool {
        let (own, head) = (&self.head, &next.head);
        matches!(own.shape, Shape::Bytes | Shape::Element)
            && self.len > 0
            && (own.arg, own.phase, own.shape, own.path, own.wanted)
                == (head.arg, head.phase, head.shape, head.path, head.wanted)
            && head.addr == own.addr.wrapping_add(self.len as u64)
    }
}

/// Iterator over what a record keeps, pieces joined.
#[derive(Debug, Clone)]
pub struct JoinedPayloads<'a> {
    pub(super) rest: Payloads<'a>,
}

impl<'a> Iterator for JoinedPayloads<'a> {
    type Item = Joined<'a>;

    fn next(&mut self) -> Option<Joined<'a>> {
        let first = self.rest.next()?;
        let len = first.bytes.len();
        let mut own = Joined { head: first.head, first: first.bytes, further: self.rest.clone(), more: 0, len };
        loop {
            let mut ahead = self.rest.clone();
            let Some(next) = ahead.next().filter(|next| own.goes_on_in(next)) else { return Some(own) };
            own.head.status |= next.head.status;
            own.more += 1;
            own.len += next.bytes.len();
            self.rest = ahead;
        }
    }
}
