//! Strings: the payloads that a file stores once, as far as they have been read.

use super::layout::u32_at;
use crate::event::MAX_RECORD;

/// Bytes kept in all; a file of ours needs a quarter.
const MOST: usize = 64 << 20;
/// Highest id; a file of ours stays below 65 536.
const IDS: usize = 1 << 20;

/// The strings read so far, by id.
#[derive(Debug, Default)]
pub struct Strings {
    /// Bodies of strings blocks.
    chunks: Vec<Box<[u8]>>,
    /// Chunk, offset and length; `None` where a block was lost.
    places: Vec<Option<(u32, u32, u32)>>,
    bytes: usize,
}

impl Strings {
    /// Takes the body of a strings block. False when not all of it could be taken.
    pub fn add(&mut self, body: &[u8]) -> bool {
        if self.bytes + body.len() > MOST {
            return false;
        }
        self.bytes += body.len();
        let chunk = self.chunks.len() as u32;
        let mut at = 0;
        while at < body.len() {
            let (id, len) = (u32_at(body, at), u32_at(body, at + 4));
            let start = at + 8;
            let Some(end) = start.checked_add(len as usize).filter(|end| *end <= body.len()) else { break };
            if len as usize > MAX_RECORD || !self.place(id as usize, (chunk, start as u32, len)) {
                break;
            }
            at = end.next_multiple_of(8);
        }
        self.chunks.push(body.into());
        at == body.len()
    }

    /// The bytes of an id; `None` when they were never defined, or were lost.
    pub fn get(&self, id: u32) -> Option<&[u8]> {
        let (chunk, start, len) = (*self.places.get(id as usize)?)?;
        self.chunks.get(chunk as usize)?.get(start as usize..start as usize + len as usize)
    }

    /// The first definition of an id stands.
    fn place(&mut self, id: usize, place: (u32, u32, u32)) -> bool {
        if id >= IDS {
            return false;
        }
        if self.places.len() <= id {
            self.places.resize(id + 1, None);
        }
        self.places[id].get_or_insert(place);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = [id.to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    #[test]
    fn entries_are_found_by_id() {
        let mut strings = Strings::default();
        assert!(strings.add(&[entry(0, b"/etc/ld.so.cache"), entry(1, b"a longer one, not padded to 8")].concat()));
        assert_eq!(strings.get(0), Some(&b"/etc/ld.so.cache"[..]));
        assert_eq!(strings.get(1), Some(&b"a longer one, not padded to 8"[..]));
        assert_eq!(strings.get(2), None);
    }

    #[test]
    fn a_lost_block_leaves_its_ids_undefined() {
        let mut strings = Strings::default();
        assert!(strings.add(&entry(7, b"seven")));
        assert_eq!((strings.get(6), strings.get(7)), (None, Some(&b"seven"[..])));
    }

    #[test]
    fn lengths_and_ids_that_lie_are_refused() {
        let mut strings = Strings::default();
        let mut lies = entry(0, b"short");
        lies[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(!strings.add(&lies));
        assert!(!strings.add(&entry(u32::MAX, b"far")));
        assert!(!strings.add(&entry(0, &vec![0; MAX_RECORD + 1])));
        assert!(!strings.add(&vec![0; MOST + 1]));
        assert_eq!(strings.get(0), None);
        assert!(strings.places.is_empty());
    }
}
