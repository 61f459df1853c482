//! Blocks: a file as a row of whole blocks, and where there is none, how far the damage reaches.

use super::layout::{BLOCK_HEADER, BLOCK_MAGIC, BlockHeader, MAGIC, check_holds};
use super::window::Window;

/// Bytes hashed in vain while searching, in all. A file full of false headers ends here.
const SEARCH: u64 = 1 << 30;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A block whose check holds; its bytes are at the front of the window.
    Block(BlockHeader),
    /// Bytes that are no block: skipped.
    Damage {
        /// Offset of the first.
        from: u64,
        /// Offset behind the last.
        to: u64,
        /// Number of the first block that is missing by it.
        first: u64,
        /// Number of the first that is there again; the same when only foreign bytes were skipped, or
        /// when it is not known.
        until: u64,
    },
    /// The file ends, or a block is cut, at the window's offset.
    End,
    /// Another recording begins at the window's offset.
    Another,
}

/// What stands at a place.
enum Look {
    /// A block whose check holds.
    Block(BlockHeader),
    /// A block whose check does not hold; so many bytes were hashed to know.
    Wrong(usize),
    /// Fewer bytes than a header, or than the header claims.
    Cut,
    /// Another recording.
    Another,
    /// Nothing known.
    Nothing,
}

/// The row of blocks behind the file header.
pub struct Blocks {
    window: Window,
    expected: u64,
    /// Bytes that may still be hashed in vain.
    search: u64,
}

impl Blocks {
    /// From where the window stands.
    pub fn new(window: Window) -> Blocks {
        Blocks { window, expected: 0, search: SEARCH }
    }

    /// The window, for what is not a block.
    pub fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// Has whatever comes next arrived whole? Of interest only for a file that is still written.
    pub fn is_at_hand(&mut self) -> bool {
        if !self.window.fill(BLOCK_HEADER) {
            return false;
        }
        match BlockHeader::decode(self.window.bytes()) {
            Some(header) => self.window.fill(header.whole()),
            None => true,
        }
    }

    /// The next block, or what is in its place.
    pub fn next(&mut self) -> Next {
        let from = self.window.offset();
        match self.look(0) {
            Look::Block(header) if header.number == self.expected => {
                self.expected = header.number.saturating_add(1);
                Next::Block(header)
            }
            // Blocks are missing before this one: it comes when they have been told.
            Look::Block(header) if header.number > self.expected => self.damage(from, header.number),
            Look::Block(repeated) => {
                self.done(&repeated);
                self.damage(from, self.expected)
            }
            Look::Another => Next::Another,
            // A length that lies looks like a cut, but then whole blocks follow.
            Look::Cut => self.search(from, true),
            Look::Wrong(_) | Look::Nothing => self.search(from, false),
        }
    }

    /// The body of the block at the front.
    pub fn body(&self, header: &BlockHeader) -> &[u8] {
        self.window.bytes().get(BLOCK_HEADER..BLOCK_HEADER + header.stored).unwrap_or_default()
    }

    /// Moves behind the block at the front.
    pub fn done(&mut self, header: &BlockHeader) {
        self.window.skip(header.whole());
    }

    fn damage(&mut self, from: u64, until: u64) -> Next {
        let first = std::mem::replace(&mut self.expected, until);
        Next::Damage { from, to: self.window.offset(), first, until }
    }

    /// Looks for the next place where a block or another recording begins. `cut`: all that is left is in
    /// the window and stays there, because it is just the end of the file when nothing is found.
    fn search(&mut self, from: u64, cut: bool) -> Next {
        let mut at = 1;
        while let Some(found) = self.next_magic(at, cut) {
            at = found;
            match self.look(at) {
                Look::Block(header) if header.number >= self.expected => {
                    self.window.skip(at);
                    return self.damage(from, header.number);
                }
                Look::Another => {
                    self.window.skip(at);
                    return if cut { Next::Another } else { self.damage(from, self.expected) };
                }
                Look::Wrong(hashed) => self.search = self.search.saturating_sub(hashed as u64),
                Look::Block(_) | Look::Cut | Look::Nothing => {}
            }
            at += 1;
        }
        if cut {
            return Next::End;
        }
        self.skip_all();
        self.damage(from, self.expected)
    }

    /// The next place in the window, from `at` on, that begins like a block or a file. Without `keep`,
    /// what lies before it leaves the window, so that any length of rubbish needs no more memory.
    fn next_magic(&mut self, mut at: usize, keep: bool) -> Option<usize> {
        while self.search > 0 {
            let rest = self.window.bytes().get(at..).unwrap_or_default();
            if let Some(found) = rest.windows(4).position(|four| *four == BLOCK_MAGIC || *four == MAGIC[..4]) {
                return Some(self.leave(at + found, keep));
            }
            let seen = at.max(self.window.bytes().len().saturating_sub(3));
            at = self.leave(seen, keep);
            let have = self.window.bytes().len();
            if !self.window.fill(have.max(at) + 1) {
                return None;
            }
        }
        None
    }

    fn leave(&mut self, at: usize, keep: bool) -> usize {
        if keep {
            return at;
        }
        self.window.skip(at);
        0
    }

    fn look(&mut self, at: usize) -> Look {
        if !self.window.fill(at + BLOCK_HEADER) {
            return Look::Cut;
        }
        let here = self.window.bytes().get(at..).unwrap_or_default();
        if here.starts_with(&MAGIC) {
            return Look::Another;
        }
        let Some(header) = BlockHeader::decode(here) else { return Look::Nothing };
        if !self.window.fill(at + header.whole()) {
            return Look::Cut;
        }
        let end = at + BLOCK_HEADER + header.stored;
        let block = self.window.first(end).get_mut(at..).unwrap_or_default();
        if check_holds(block, header.check) { Look::Block(header) } else { Look::Wrong(header.stored) }
    }

    fn skip_all(&mut self) {
        while self.window.fill(1) {
            let all = self.window.bytes().len();
            self.window.skip(all);
        }
    }
}
