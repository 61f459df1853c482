//! Bytes of a stream: those that the calls told, and those that were moved from a file without being seen,
//! which the file still holds at the end.

use recording::resolve::ObjectId;

use super::FileStates;

/// Longer streams are not put together from files.
const LONGEST: u64 = 1 << 26;

/// Bytes that went one way, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    /// The bytes, up to the first that is not known.
    pub kept: Vec<u8>,
    /// How many there were.
    pub len: u64,
    borrowed: Vec<Borrowed>,
}

/// A piece that a call moved from a file (`sendfile`, `copy_file_range`, `splice`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Borrowed {
    pub object: ObjectId,
    /// Where it lay in the file.
    pub start: u64,
    /// When it was moved.
    pub event: u64,
    at: usize,
    len: usize,
}

impl Borrowed {
    /// From this place of a file.
    pub fn new(object: ObjectId, start: u64, event: u64) -> Borrowed {
        Borrowed { object, start, event, at: 0, len: 0 }
    }
}

impl Bytes {
    /// `count` more bytes, known, borrowed or neither; where they begin.
    pub fn append(&mut self, count: u64, known: Option<&[u8]>, borrowed: Option<Borrowed>) -> u64 {
        let start = self.len;
        self.len = start.saturating_add(count);
        // Behind the first byte that is not known nothing is of use.
        if self.kept.len() as u64 != start {
            return start;
        }
        match (known.filter(|known| known.len() as u64 == count), borrowed) {
            (Some(known), _) => self.kept.extend_from_slice(known),
            (None, Some(borrowed)) if self.len <= LONGEST => {
                let at = self.kept.len();
                self.borrowed.push(Borrowed { at, len: count as usize, ..borrowed });
                self.kept.resize(at.saturating_add(count as usize), 0);
            }
            (None, _) => {}
        }
        start
    }

    /// Are all of them known?
    pub fn whole(&self) -> bool {
        self.kept.len() as u64 == self.len
    }

    /// Fetches what was borrowed; `written`: when a file was last written. What can't be fetched ends what
    /// is known.
    pub fn settle(&mut self, states: &FileStates, written: impl Fn(ObjectId) -> Option<u64>) {
        for piece in std::mem::take(&mut self.borrowed) {
            let since = written(piece.object).is_some_and(|event| event > piece.event);
            let start = usize::try_from(piece.start).unwrap_or(usize::MAX);
            let bytes = states.bytes(piece.object).filter(|_| !since);
            let found = bytes.and_then(|bytes| bytes.get(start..start.checked_add(piece.len)?));
            match (found, self.kept.get_mut(piece.at..piece.at.saturating_add(piece.len))) {
                (Some(found), Some(kept)) => kept.copy_from_slice(found),
                _ => return self.kept.truncate(piece.at),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_fetched_ends_what_is_known() {
        let mut bytes = Bytes::default();
        assert_eq!(bytes.append(2, Some(b"ab"), None), 0);
        assert_eq!(bytes.append(3, None, Some(Borrowed::new(ObjectId(0), 0, 1))), 2);
        assert_eq!(bytes.append(1, Some(b"c"), None), 5);
        assert!(bytes.whole());
        bytes.settle(&FileStates::default(), |_| None);
        assert_eq!((bytes.kept.as_slice(), bytes.len, bytes.whole()), (&b"ab"[..], 6, false));
    }
}
