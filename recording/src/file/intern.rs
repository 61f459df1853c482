//! Interning: payloads that come again and again are stored once, in a table of fixed size.
//!
//! A payload gets its place when it is seen a second time, so that data which never repeats
//! (what a program reads from a file) can't fill the table. A long one is hashed only once its ends
//! have been seen before: data that is always new costs a look at them, not at all of it.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Lengths worth a place.
pub const LENGTHS: std::ops::RangeInclusive<usize> = 16..=4096;
/// Different payloads.
const ENTRIES: usize = 65_536;
/// Bytes of all of them together.
const ARENA: usize = 16 << 20;
/// Payloads longer than this are looked at by their ends first.
const LONG: usize = 64;
/// Bytes of an end.
const ENDS: usize = 16;
/// Places to look: twice the entries, so that a search stays short.
const SLOTS: usize = 2 * ENTRIES;

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    at: u32,
    len: u32,
}

/// What to write for a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interned {
    /// The bytes.
    Literal,
    /// The id of bytes that the file has already.
    Known(u32),
    /// The id of bytes that must be put into a strings block first.
    New(u32),
}

/// The table.
#[derive(Debug)]
pub struct Interner {
    /// Index of an entry plus one, 0 where empty.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    arena: Vec<u8>,
    /// Part of the hash of what was seen once, by another part of it.
    once: Vec<u32>,
}

impl Interner {
    /// An empty table. Its memory is taken from the system as it fills.
    pub fn new() -> Interner {
        Interner {
            slots: vec![0; SLOTS],
            entries: Vec::with_capacity(ENTRIES),
            arena: Vec::with_capacity(ARENA),
            once: vec![0; ENTRIES],
        }
    }

    /// Looks a payload up, and gives it a place where it deserves one. An announcement is `fleeting`:
    /// the same bytes come again with the whole call, which says nothing of how often they will.
    pub fn intern(&mut self, bytes: &[u8], fleeting: bool) -> Interned {
        if !LENGTHS.contains(&bytes.len()) {
            return Interned::Literal;
        }
        if bytes.len() > LONG && !self.seen(ends(bytes), fleeting) {
            return Interned::Literal;
        }
        let hash = xxh3_64(bytes);
        let mut slot = hash as usize % SLOTS;
        while let Some(id) = self.slots[slot].checked_sub(1) {
            if self.is(id, hash, bytes) {
                return Interned::Known(id);
            }
            slot = (slot + 1) % SLOTS;
        }
        if !self.seen(hash, fleeting) || fleeting {
            return Interned::Literal;
        }
        if self.entries.len() == ENTRIES || self.arena.len() + bytes.len() > ARENA {
            return Interned::Literal;
        }
        let id = self.entries.len() as u32;
        self.entries.push(Entry { hash, at: self.arena.len() as u32, len: bytes.len() as u32 });
        self.arena.extend_from_slice(bytes);
        self.slots[slot] = id + 1;
        Interned::New(id)
    }

    /// Was this hash seen before, as far as is remembered? It is remembered unless `fleeting`.
    fn seen(&mut self, hash: u64, fleeting: bool) -> bool {
        let mark = (hash >> 16) as u32 | 1;
        let place = &mut self.once[(hash >> 48) as usize % ENTRIES];
        let seen = *place == mark;
        if !fleeting {
            *place = mark;
        }
        seen
    }

    fn is(&self, id: u32, hash: u64, bytes: &[u8]) -> bool {
        let entry = self.entries[id as usize];
        entry.hash == hash && self.arena[entry.at as usize..][..entry.len as usize] == *bytes
    }
}

/// A hash of both ends and the length.
fn ends(bytes: &[u8]) -> u64 {
    let mut sample = [0; 2 * ENDS];
    if let (Some(first), Some(last)) = (bytes.first_chunk::<ENDS>(), bytes.last_chunk::<ENDS>()) {
        sample[..ENDS].copy_from_slice(first);
        sample[ENDS..].copy_from_slice(last);
    }
    xxh3_64_with_seed(&sample, bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_sight_gives_a_place_and_the_third_finds_it() {
        let mut table = Interner::new();
        let path = b"/usr/share/locale/locale.alias";
        assert_eq!(table.intern(path, false), Interned::Literal);
        assert_eq!(table.intern(path, false), Interned::New(0));
        assert_eq!(table.intern(path, false), Interned::Known(0));
    }

    #[test]
    fn an_announcement_finds_a_place_but_earns_none() {
        let mut table = Interner::new();
        let path = b"/usr/share/locale/locale.alias";
        assert_eq!(table.intern(path, true), Interned::Literal);
        assert_eq!(table.intern(path, false), Interned::Literal);
        assert_eq!(table.intern(path, true), Interned::Literal);
        assert_eq!(table.intern(path, false), Interned::New(0));
        assert_eq!(table.intern(path, true), Interned::Known(0));
    }

    #[test]
    fn a_long_payload_needs_one_sight_more_and_its_ends_do_not_make_it_another() {
        let mut table = Interner::new();
        let (mut one, mut other) = ([7; 200], [7; 200]);
        (one[100], other[100]) = (1, 2);
        let mut look = |bytes| table.intern(bytes, false);
        assert_eq!(look(&one), Interned::Literal);
        assert_eq!(look(&other), Interned::Literal, "the ends are known, the rest is not");
        assert_eq!(look(&one), Interned::Literal);
        assert_eq!(look(&one), Interned::New(0));
        assert_eq!(look(&other), Interned::New(1));
        assert_eq!((look(&one), look(&other)), (Interned::Known(0), Interned::Known(1)));
    }

    #[test]
    fn short_and_long_payloads_stay_literal() {
        let mut table = Interner::new();
        for len in [0, 15, 4097] {
            let bytes = vec![7; len];
            for _ in 0..3 {
                assert_eq!(table.intern(&bytes, false), Interned::Literal, "{len} bytes");
            }
        }
    }

    #[test]
    fn a_full_table_still_knows_what_is_in_it() {
        let mut table = Interner::new();
        let text = |n: usize| format!("payload number {n:08}").into_bytes();
        for n in 0..ENTRIES + 1000 {
            table.intern(&text(n), false);
            table.intern(&text(n), false);
        }
        assert_eq!(table.entries.len(), ENTRIES);
        assert_eq!(table.intern(&text(0), false), Interned::Known(0));
        assert_eq!(table.intern(&text(ENTRIES + 999), false), Interned::Literal);
    }

    #[test]
    fn the_bytes_of_all_entries_are_bounded() {
        let mut table = Interner::new();
        for n in 0..ARENA / 4096 + 100 {
            let mut bytes = vec![0; 4096];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            for _ in 0..3 {
                table.intern(&bytes, false);
            }
        }
        assert!(table.arena.len() <= ARENA);
        assert_eq!(table.arena.capacity(), ARENA, "the table never moves");
    }
}
