//! Messages of System V (msgop(2)), and memory by nodes and pages (mbind(2), mincore(2)).

use syscalls::Dir;

use super::kept::{signed, word};
use super::printer::Printer;
use super::string::Quoting;
use crate::digits;

impl Printer<'_, '_> {
    /// `{mtype=7, mtext="text"}`.
    pub(super) fn message_of_queue(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        let Some(kept) = self.memory(at, phase).filter(|kept| kept.bytes.len() >= 8) else { return self.address(at) };
        self.text(b"{mtype=");
        self.signed(signed(kept.bytes, 0, 8));
        self.text(b", mtext=");
        let text = kept.bytes.get(8..).unwrap_or(&[]);
        let shown = text.get(..self.string_limit()).unwrap_or(text);
        Quoting::quoted(self.style.hex).write(self.out, shown);
        if (shown.len() as u64) < kept.wanted.saturating_sub(8) {
            self.text(b"...");
        }
        self.text(b"}");
    }

    /// `[0x00000000000001]`: words of a set of nodes, 16 characters each.
    pub(super) fn node_mask(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        let words = self.call.args();
        let most = self.row.args_for(&words).iter().position(|arg| arg.name == "maxnode");
        // Of so many nodes the kernel looks at one less.
        let nodes = most.and_then(|most| words.get(most)).map_or(0, |nodes| nodes.saturating_sub(1));
        let size = usize::try_from(nodes.div_ceil(64)).unwrap_or(usize::MAX).saturating_mul(8);
        let whole = self.memory(at, phase).and_then(|kept| kept.first(size));
        match whole.filter(|kept| !kept.bytes.is_empty()) {
            Some(kept) => self.list(kept, 8, |own, bytes| match word(bytes, 0, 8) {
                0 => own.text(b"0000000000000000"),
                nodes => {
                    own.text(b"0x");
                    digits::hex_zeros(own.out, nodes, 14.max(16 - nodes.leading_zeros() as usize / 4));
                }
            }),
            None => self.address(at),
        }
    }

    /// `[1, 0]`: is each page in memory?
    pub(super) fn page_states(&mut self, at: u8) {
        self.late();
        match self.memory(at, 1).filter(|kept| !kept.bytes.is_empty()) {
            Some(kept) => self.list(kept, 1, |own, page| own.decimal(word(page, 0, 1) & 1)),
            None => self.address(at),
        }
    }
}
