//! Index: where the blocks are. An aid for those who jump; readers neither need nor trust it.

use super::layout::{Block, EventsHead};
use crate::views::NumberMap;

/// Bytes of blocks after which an index is written.
const EVERY: u64 = 64 << 20;
/// Bytes of index after which it is written, however little it covers.
const LARGEST: usize = 1 << 20;
/// Bytes before the entries.
const HEAD: usize = 16;

/// The index of the blocks since the last index.
#[derive(Debug)]
pub struct Index {
    block: Block,
    count: u32,
    /// Offset of the first block it covers.
    since: u64,
    /// Offset of the index before, 0 where there is none.
    before: u64,
}

impl Index {
    /// Covers nothing.
    pub fn new() -> Index {
        let mut index = Index { block: Block::with_capacity(LARGEST + (64 << 10)), count: 0, since: 0, before: 0 };
        index.block.bytes_mut().extend_from_slice(&[0; HEAD]);
        index
    }

    /// One more events block.
    pub fn add(&mut self, offset: u64, head: &EventsHead, tasks: &NumberMap<u32, u64>) {
        let out = self.block.bytes_mut();
        for word in [offset, head.first, head.last] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&head.count.to_le_bytes());
        out.extend_from_slice(&(tasks.len() as u32).to_le_bytes());
        for (task, seq) in tasks {
            out.extend_from_slice(&u64::from(*task).to_le_bytes());
            out.extend_from_slice(&seq.to_le_bytes());
        }
        self.count += 1;
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Should it be written, now that the file has this length?
    pub fn is_due(&self, length: u64) -> bool {
        self.count > 0 && (length - self.since >= EVERY || self.block.len() >= LARGEST)
    }

    /// The block to write at `offset`, its head filled in.
    pub fn close(&mut self, offset: u64) -> &mut Block {
        let (before, count) = (self.before, self.count);
        let body = super::layout::BLOCK_HEADER;
        let bytes = self.block.bytes_mut();
        bytes[body..body + 8].copy_from_slice(&before.to_le_bytes());
        bytes[body + 8..body + 12].copy_from_slice(&count.to_le_bytes());
        self.before = offset;
        &mut self.block
    }

    /// Begins the next one; the file now has this length.
    pub fn restart(&mut self, length: u64) {
        self.block.clear();
        self.block.bytes_mut().extend_from_slice(&[0; HEAD]);
        self.count = 0;
        self.since = length;
    }
}
