//! Lengths: how many bytes a buffer has decides which reading of its text holds.

use std::borrow::Cow;

use syscalls::{Count, Dir, Kind};

use super::call::{Argument, Content, Outcome};
use super::{cstring, flags};

/// What is known of the length of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes, or one fewer: the NUL is counted (`getcwd`).
    Is(u64, u64),
    /// Nothing.
    Free,
}

/// The length that count argument or result give the content of this kind.
pub(super) fn of(kind: &Kind, name: &str, word: impl Fn(usize) -> Option<u64>, outcome: Outcome) -> Length {
    let result = match outcome {
        Outcome::Returned(result) => u64::try_from(result).ok(),
        _ => None,
    };
    let length = match *kind {
        Kind::Bytes(Dir::In, Count::Arg(at)) => word(usize::from(at)).or(result),
        Kind::Bytes(_, Count::ResultUpTo(_)) => result,
        Kind::PathOut(_) if name == "getcwd" => {
            return result.map_or(Length::Free, |length| Length::Is(length, length.saturating_sub(1)));
        }
        Kind::PathOut(_) => result,
        _ => None,
    };
    length.map_or(Length::Free, |length| Length::Is(length, length))
}

/// The reading of a text in *documented* notation. `Err`: it has so many bytes, and no reading has its length.
pub(super) fn reading<'t>(text: Cow<'t, str>, length: Length) -> Result<Argument<'t>, u64> {
    if text.contains('\u{fffd}') {
        return Ok(Argument::NotKnown);
    }
    let unquoted = cstring::unquote(&text);
    match length {
        Length::Is(one, other) if [one, other].contains(&(text.len() as u64)) => Ok(plain(text)),
        Length::Is(one, other) => match unquoted {
            Some(it) if !it.clipped && [one, other].contains(&(it.bytes.len() as u64)) => Ok(whole(it.bytes)),
            Some(it) if it.clipped && it.bytes.len() as u64 <= other => Ok(known(it.bytes, other)),
            _ => address(&text).ok_or(text.len() as u64),
        },
        Length::Free => match (unquoted, address(&text)) {
            (Some(it), _) if !it.clipped => Ok(whole(it.bytes)),
            (Some(_), _) => Ok(Argument::Text(text)),
            (None, Some(address)) => Ok(address),
            (None, None) => Ok(plain(text)),
        },
    }
}

/// A pointer in place of what stands there.
fn address(text: &str) -> Option<Argument<'static>> {
    let is_pointer = text == "NULL" || text.starts_with("0x");
    is_pointer.then(|| flags::word(None, text).or((text == "NULL").then_some(0)).map(Argument::Word))?
}

/// The text itself.
pub(super) fn plain(text: Cow<'_, str>) -> Argument<'_> {
    let len = text.len() as u64;
    let bytes = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    Argument::Bytes(Content { bytes, len })
}

fn whole(bytes: Vec<u8>) -> Argument<'static> {
    let len = bytes.len() as u64;
    known(bytes, len)
}

fn known(bytes: Vec<u8>, len: u64) -> Argument<'static> {
    Argument::Bytes(Content { bytes: Cow::Owned(bytes), len })
}
