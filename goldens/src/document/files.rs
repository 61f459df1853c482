//! Files: what calls left of names, as far as a document tells it.

use crate::content::Content;
use crate::form::FormEnd;
use crate::golden::EndKind;
use crate::value::{Value, push_literal};

/// What was written somewhere, in the order in which it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Bytes in all; `None`: not known.
    pub len: Option<u64>,
    /// The bytes, as long as all are known and in order.
    pub bytes: Option<Vec<u8>>,
    /// The last call that wrote.
    pub event: u64,
}

impl Written {
    /// Nothing so far.
    pub(super) fn nothing() -> Self {
        Written { len: Some(0), bytes: Some(Vec::new()), event: 0 }
    }

    /// So many more bytes.
    pub(super) fn add(&mut self, count: Option<u64>, bytes: Option<&[u8]>, event: u64) {
        self.event = event;
        self.len = self.len.zip(count).map(|(len, count)| len.saturating_add(count));
        match (&mut self.bytes, bytes, count) {
            (Some(all), Some(bytes), Some(count)) if bytes.len() as u64 == count => all.extend_from_slice(bytes),
            (None, ..) | (_, _, Some(0)) => {}
            (all, ..) => *all = None,
        }
    }

    pub(super) fn content(&self) -> Option<Content> {
        match &self.bytes {
            Some(bytes) => Some(Content::known(bytes.as_slice())),
            None => self.len.map(Content::unknown),
        }
    }
}

/// What is left of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    File(Written, Option<u16>),
    Dir,
    Symlink(Vec<u8>),
    Gone,
}

impl Left {
    pub(super) fn end(&self, name: &[u8]) -> FormEnd {
        let end = |kind| FormEnd { kind, name: canonical(name), mode: None, content: None, to: None, event: 0 };
        match self {
            Left::File(written, mode) => {
                FormEnd { mode: *mode, content: written.content(), event: written.event, ..end(EndKind::File) }
            }
            Left::Dir => end(EndKind::Dir),
            Left::Symlink(to) => FormEnd { to: Some(Value::literal(to)), ..end(EndKind::Symlink) },
            Left::Gone => end(EndKind::Gone),
        }
    }
}

/// `$CWD/name` of a relative path: where the program ran is not known, and not compared.
pub(super) fn canonical(path: &[u8]) -> Value {
    if path.starts_with(b"/") {
        return Value::literal(path);
    }
    let mut out = String::from("$CWD/");
    push_literal(&mut out, path);
    Value::from_syntax(out)
}

/// A path without `.` and doubled slashes.
pub(super) fn tidy(path: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    let joined = parts.join(&b'/');
    if path.starts_with(b"/") { [b"/", joined.as_slice()].concat() } else { joined }
}

/// Names that are no files to be left: devices and the kernel's own.
pub(super) fn is_left(path: &[u8]) -> bool {
    !(path.starts_with(b"/dev/") || path.starts_with(b"/proc/") || path.starts_with(b"/sys/"))
}
