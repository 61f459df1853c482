//! Content: the bytes of an argument that is a path, a name or data, for those who want them bare.

use recording::event::{Call, Shape, status};
use syscalls::{Abi, Arg, Dir, Kind};

use super::Style;
use super::printer::until_nul;

/// The content of an argument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    /// What is there, cut at the string limit when it is data.
    pub(crate) bytes: &'a [u8],
    /// Bytes of the whole.
    pub(crate) len: u64,
    /// Did reading end at memory that is not there?
    pub(crate) faulted: bool,
}

impl Content<'_> {
    /// Is something missing?
    pub(crate) fn is_part(&self) -> bool {
        self.faulted || (self.bytes.len() as u64) < self.len
    }
}

/// The content of an argument, when it is one and was kept.
pub(crate) fn content<'a>(style: &Style, call: &Call<'a>, abi: Abi, at: u8, arg: &Arg) -> Option<Content<'a>> {
    let (phase, is_data) = match arg.kind {
        Kind::Path | Kind::Str => (0, false),
        Kind::PathOut(_) => (1, false),
        Kind::Bytes(dir, _) => (u8::from(dir != Dir::In), true),
        _ => return None,
    };
    let payload = call
        .payloads_of(at)
        .find(|p| p.head.phase == phase && matches!(p.head.shape, Shape::Bytes | Shape::Text | Shape::Struct))?;
    let faulted = payload.head.status & status::FAULTED != 0;
    if payload.head.status & status::NOT_READ != 0 || (faulted && payload.bytes.is_empty()) {
        return None;
    }
    let mut len = payload.head.wanted;
    let mut bytes = payload.bytes;
    if is_data {
        bytes = bytes.get(..style.strings.unwrap_or(usize::MAX)).unwrap_or(bytes);
    } else if phase == 1 && !syscalls::lookup(abi, call.nr()).is_some_and(|row| row.name.starts_with("readlink")) {
        // The NUL that ends a name is no part of it.
        let text = until_nul(bytes);
        if text.len() < bytes.len() {
            (bytes, len) = (text, text.len() as u64);
        }
    }
    Some(Content { bytes, len, faulted })
}
