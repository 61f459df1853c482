//! Vectors: `iovec`, argument and environment lists.

use recording::event::Shape;
use syscalls::Dir;

use super::kept::{Kept, word};
use super::printer::Printer;
use super::string::Quoting;

impl Printer<'_, '_> {
    /// `[{iov_base="ab", iov_len=2}]` of an argument that is a vector (readv(2)).
    pub(super) fn iovec_argument(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        match self.vector(at, phase) {
            Some(kept) => self.iovec(at, phase, kept, 0),
            None => self.address(at),
        }
    }

    /// The entries of a vector. The data of entry i is the element `base | i`.
    pub(super) fn iovec(&mut self, at: u8, phase: u8, vector: Kept<'_>, base: u32) {
        let netlink = self.netlink();
        self.text(b"[");
        for (i, entry) in (0u32..).zip(vector.bytes.chunks_exact(16).take(self.elements_shown())) {
            if i > 0 {
                self.text(b", ");
            }
            let (address, length) = (word(entry, 0, 8), word(entry, 8, 8));
            self.text(b"{iov_base=");
            match self.moved(at, phase, Shape::Element, base | i, netlink.is_some()) {
                Some(content) => self.message_or_data(netlink, &content),
                _ if phase == 1 && address != 0 && self.call.result() >= 0 => self.text(b"\"\""),
                _ => self.pointer(address),
            }
            self.text(b", iov_len=");
            self.decimal(length);
            self.text(b"}");
        }
        self.elements_left_out(vector, 16);
        self.text(b"]");
    }

    /// `["ls", "-l"]` (execve(2)).
    pub(super) fn argv(&mut self, at: u8) {
        match self.vector(at, 0).filter(|_| self.shows_structures()) {
            Some(kept) => self.strings(at, kept),
            None => self.address(at),
        }
    }

    /// `0x7ffe /* 35 vars */`, with `-v` each of them.
    pub(super) fn envp(&mut self, at: u8) {
        let Some(kept) = self.kept(at, 0, Shape::Vector, 0).filter(|kept| !kept.is_faulted()) else {
            return self.address(at);
        };
        if !self.shows_structures() {
            return self.address(at);
        }
        if self.verbose && !kept.is_unread() {
            return self.strings(at, kept);
        }
        self.address(at);
        self.text(b" /* ");
        self.decimal(kept.wanted);
        self.text(if kept.wanted == 1 { b" var */" } else { b" vars */" });
    }

    fn strings(&mut self, at: u8, vector: Kept<'_>) {
        let limit = self.style.strings.unwrap_or(usize::MAX);
        let pointers = vector.bytes.chunks_exact(8);
        let shown = pointers.len().min(self.elements_shown());
        self.text(b"[");
        for (i, pointer) in (0u32..).zip(pointers.take(shown)) {
            if i > 0 {
                self.text(b", ");
            }
            match self.kept(at, 0, Shape::Element, i).filter(|kept| !kept.is_faulted() && !kept.is_unread()) {
                Some(string) => {
                    let bytes = string.bytes.get(..limit).unwrap_or(string.bytes);
                    Quoting::quoted(self.style.hex).write(self.out, bytes);
                    if (bytes.len() as u64) < string.wanted {
                        self.text(b"...");
                    }
                }
                None => self.pointer(word(pointer, 0, 8)),
            }
        }
        if (shown as u64) < vector.wanted {
            self.text(if shown == 0 { b"..." } else { b", ..." });
        }
        self.text(b"]");
    }
}
