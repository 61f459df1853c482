//! A call in hand: its name, who made it, and the bytes that it moved.

use std::borrow::Cow;

use recording::decode::number;
use recording::event::{Call, Shape};
use syscalls::{Abi, Filter, Syscall, layout};

/// A call as it was recorded, with its maker.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    /// The record.
    pub call: Call<'a>,
    /// Its row, where its number has one.
    pub row: Option<&'static Syscall>,
    /// Basename of the executable of its process.
    pub exe: &'a [u8],
    /// Its process.
    pub pid: u32,
    /// How long it took, ns.
    pub took: Option<u64>,
}

impl<'a> Made<'a> {
    /// Its name, `syscall_N` for a number without one.
    pub fn name(&self) -> Cow<'static, str> {
        match self.row {
            Some(row) => Cow::Borrowed(row.name),
            None => Cow::Owned(format!("syscall_{}", self.call.nr())),
        }
    }

    /// Is it among these?
    pub fn is_in(&self, filter: &Filter) -> bool {
        match Abi::from_raw(self.call.event.abi()) {
            Some(abi) => filter.takes(abi, self.call.nr()),
            None => filter.unknown(),
        }
    }

    /// Did it succeed?
    pub fn succeeded(&self) -> bool {
        self.call.returned() && self.call.errno().is_none()
    }

    /// A path or other text behind an argument.
    pub fn text(&self, arg: u8) -> Option<&'a [u8]> {
        self.call.payloads_of(arg).find(|payload| payload.head.shape == Shape::Text).map(|payload| payload.bytes)
    }

    /// A structure behind an argument, as it was before the call (0) or after it (1).
    pub fn structure(&self, arg: u8, phase: u8) -> Option<&'a [u8]> {
        let mut payloads = self.call.payloads_of(arg).filter(|payload| payload.head.shape == Shape::Struct);
        payloads.find(|payload| payload.head.path == 0 && payload.head.phase == phase).map(|payload| payload.bytes)
    }

    /// The bytes that it moved.
    pub fn moved(&self) -> Moved {
        let Some(row) = self.row.filter(|_| self.succeeded()) else { return Moved::default() };
        let way = way(row.name);
        let bytes = match way {
            (false, false) => 0,
            _ if matches!(row.name, "recvmmsg" | "sendmmsg") => self.messages(),
            _ => u64::try_from(self.call.result()).unwrap_or(0),
        };
        Moved { bytes, out: way.0, into: way.1 }
    }

    /// Bytes of an array of messages: the call returns how many messages there were.
    fn messages(&self) -> u64 {
        let array = self.structure(1, 1).unwrap_or_default();
        let count = usize::try_from(self.call.result()).unwrap_or(0);
        let lengths = array.chunks_exact(layout::MMSGHDR.size as usize).take(count);
        lengths.filter_map(|header| number(&layout::MMSGHDR, header, "msg_len")).fold(0, u64::saturating_add)
    }
}

/// Bytes that a call moved. One call counts once, also when it moved them from one object to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moved {
    /// How many.
    pub bytes: u64,
    /// Out of an object?
    pub out: bool,
    /// Into an object?
    pub into: bool,
}

/// Which way calls of a name move bytes: out of an object, into one.
pub(super) fn way(name: &str) -> (bool, bool) {
    match name {
        "read" | "readv" | "pread64" | "preadv" | "preadv2" | "recv" | "recvfrom" | "recvmsg" | "recvmmsg" => {
            (true, false)
        }
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "send" | "sendto" | "sendmsg" | "sendmmsg"
        | "vmsplice" => (false, true),
        "splice" | "tee" | "sendfile" | "sendfile64" | "copy_file_range" => (true, true),
        _ => (false, false),
    }
}

/// The last component of a path.
pub(crate) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}
