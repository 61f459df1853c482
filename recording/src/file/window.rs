//! Window: the part of a file that is in memory, moved forward as it is read.
//!
//! It grows only with bytes that were really there, never with a length that the file claims.

use std::io::{self, ErrorKind, Read};

/// Bytes by which the window grows, first and at most: a small file needs a small one.
const FIRST: usize = 64 << 10;
const CHUNK: usize = 1 << 20;

/// The window.
pub struct Window {
    source: Box<dyn Read>,
    bytes: Vec<u8>,
    /// What is still of interest: `bytes[head..tail]`.
    head: usize,
    tail: usize,
    /// Offset in the file of `bytes[head]`.
    offset: u64,
    /// Why reading ended early.
    error: Option<io::Error>,
}

impl Window {
    /// At the start of `source`.
    pub fn new(source: Box<dyn Read>) -> Window {
        Window { source, bytes: vec![], head: 0, tail: 0, offset: 0, error: None }
    }

    /// Offset in the file of the first byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at hand.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.head..self.tail]
    }

    /// The first `len` bytes at hand, or all when there are fewer.
    pub fn first(&mut self, len: usize) -> &mut [u8] {
        let to = self.tail.min(self.head.saturating_add(len));
        &mut self.bytes[self.head..to]
    }

    /// Reads until `want` bytes are at hand. False when the source has no more (now: a file that is
    /// still written may have some later).
    pub fn fill(&mut self, want: usize) -> bool {
        while self.tail - self.head < want {
            if self.error.is_some() || !self.read_some() {
                return false;
            }
        }
        true
    }

    /// Moves on.
    pub fn skip(&mut self, len: usize) {
        let len = len.min(self.tail - self.head);
        self.head += len;
        self.offset += len as u64;
    }

    /// Why reading ended early, where it did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn read_some(&mut self) -> bool {
        self.make_room();
        loop {
            match self.source.read(&mut self.bytes[self.tail..]) {
                Ok(0) => return false,
                Ok(n) => {
                    self.tail += n.min(self.bytes.len() - self.tail);
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    return false;
                }
            }
        }
    }

    /// Room behind the tail: by moving what is at hand to the front, else by a chunk more.
    fn make_room(&mut self) {
        if self.tail < self.bytes.len() {
            return;
        }
        self.bytes.copy_within(self.head..self.tail, 0);
        self.tail -= self.head;
        self.head = 0;
        let step = self.bytes.len().clamp(FIRST, CHUNK);
        if self.bytes.len() - self.tail < step / 2 {
            self.bytes.reserve_exact(step);
            self.bytes.resize(self.bytes.len() + step, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_the_bytes_that_are_there() {
        let mut window = Window::new(Box::new(io::repeat(7).take(3 << 20)));
        assert!(!window.fill(64 << 20), "only 3 MiB are there");
        assert_eq!(window.bytes().len(), 3 << 20);
        assert!(window.bytes.len() <= 5 << 20);
    }

    #[test]
    fn offsets_count_what_was_skipped() {
        let mut window = Window::new(Box::new(io::repeat(7).take(100)));
        assert!(window.fill(10));
        window.skip(10);
        assert_eq!((window.offset(), window.bytes().len()), (10, 90));
        window.skip(1000);
        assert_eq!(window.offset(), 100);
    }

    #[test]
    fn small_pieces_are_moved_to_the_front_instead_of_growing() {
        let mut window = Window::new(Box::new(io::repeat(7)));
        for _ in 0..1000 {
            assert!(window.fill(300_000));
            window.skip(300_000);
        }
        assert!(window.bytes.len() <= 2 << 20);
    }
}
