//! Content: the bytes of a path, a name or data, as far as they were kept and are to be shown.

use std::borrow::Cow;

use recording::event::{Call, Joined, Shape, status};
use syscalls::{Abi, Arg, Dir, Kind};

use super::Style;
use super::kept::Kept;
use super::printer::until_nul;

/// The content of an argument, or of an element of one.
#[derive(Debug, Clone)]
pub(crate) struct Content<'a> {
    /// What is there, cut at the string limit when it is data.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Bytes of the whole.
    pub(crate) len: u64,
    /// Did reading end at memory that is not there?
    pub(crate) faulted: bool,
    /// blake3-256 of the whole, where only that was kept.
    pub(crate) hash: Option<[u8; 32]>,
}

impl<'a> Content<'a> {
    /// The first `most` bytes of data.
    pub(crate) fn of(joined: &Joined<'a>, most: usize) -> Content<'a> {
        let head = &joined.head;
        let faulted = head.status & status::FAULTED != 0;
        if head.shape != Shape::Digest {
            return Content { bytes: joined.up_to(most), len: head.wanted, faulted, hash: None };
        }
        let body = joined.up_to(40);
        let hash = body.get(8..).and_then(|hash| hash.try_into().ok()).filter(|_| !faulted);
        Content { bytes: Cow::Borrowed(&[]), len: head.wanted, faulted, hash }
    }

    /// The first `most` bytes of what is not kept in pieces.
    pub(super) fn of_kept(kept: Kept<'a>, most: usize) -> Content<'a> {
        let bytes = kept.bytes.get(..most).unwrap_or(kept.bytes);
        Content { bytes: Cow::Borrowed(bytes), len: kept.wanted, faulted: kept.is_faulted(), hash: None }
    }

    /// Is something missing?
    pub(crate) fn is_part(&self) -> bool {
        self.faulted || (self.bytes.len() as u64) < self.len
    }

    /// The content without the NUL that ends it, and what stands behind that.
    fn before_nul(self) -> Content<'a> {
        let text = until_nul(&self.bytes).len();
        if text == self.bytes.len() {
            return self;
        }
        let bytes = match self.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(until_nul(bytes)),
            Cow::Owned(bytes) => Cow::Owned(until_nul(&bytes).to_vec()),
        };
        Content { bytes, len: text as u64, ..self }
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
    let is_content = |shape| matches!(shape, Shape::Bytes | Shape::Text | Shape::Struct | Shape::Digest);
    let joined = call.joined_of(at).find(|j| j.head.phase == phase && j.head.path == 0 && is_content(j.head.shape))?;
    let most = if is_data { style.strings.unwrap_or(usize::MAX) } else { usize::MAX };
    let content = Content::of(&joined, most);
    if joined.head.status & status::NOT_READ != 0 || (content.faulted && content.bytes.is_empty()) {
        return None;
    }
    let ends_with_nul =
        phase == 1 && !is_data && !syscalls::lookup(abi, call.nr()).is_some_and(|row| row.name.starts_with("readlink"));
    Some(if ends_with_nul { content.before_nul() } else { content })
}
