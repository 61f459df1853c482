//! io_uring: how a ring is made, and what is registered with it (io_uring_setup(2), io_uring_register(2)).

use syscalls::{layout, names};

use super::kept::{Kept, word};
use super::printer::Printer;
use super::structure::is_silent;

/// Operations of a probe stand behind its head, at most so many.
const PROBE: usize = 16;
const PROBED: usize = 8;
const MOST_PROBED: u64 = 256;
/// The threads are those of another ring (io_uring_setup(2)).
const IORING_SETUP_ATTACH_WQ: u64 = 0x20;

impl Printer<'_, '_> {
    /// What is asked of a ring, and what the kernel made of it (io_uring_setup(2)).
    pub(super) fn ring_parameters(&mut self, before: Kept<'_>, after: Option<Kept<'_>>) {
        let flags = word(before.bytes, 8, 4);
        self.text(b"{flags=");
        self.flags(&names::IO_URING_SETUP, flags);
        self.text(b", sq_thread_cpu=");
        self.hex(word(before.bytes, 12, 4));
        self.text(b", sq_thread_idle=");
        self.decimal(word(before.bytes, 16, 4));
        let fields = layout::IO_URING_PARAMS.fields;
        let asked = |name: &str| (name == "wq_fd" && flags & IORING_SETUP_ATTACH_WQ != 0) || name == "resv";
        for field in fields.iter().filter(|field| asked(field.name) && !is_silent(field, before.bytes)) {
            self.text(b", ");
            self.named(field, before.bytes);
        }
        self.late();
        let answered = ["sq_entries", "cq_entries", "features", "sq_off", "cq_off"];
        for after in after.iter().filter(|after| after.bytes.len() >= layout::IO_URING_PARAMS.size as usize) {
            for field in fields.iter().filter(|field| answered.contains(&field.name)) {
                self.text(b", ");
                self.named(field, after.bytes);
            }
        }
        self.text(b"}");
    }

    /// Is the last argument what this registration takes? One whose size is told has 32 bytes, a ring of buffers
    /// is one.
    pub(super) fn ring_takes(&self) -> bool {
        let given = self.word(3) & 0xffff_ffff;
        match self.word(1) & 0xffff_ffff {
            13..=16 => given >= 32,
            22 | 23 => given == 1,
            _ => true,
        }
    }

    /// `{opcode=IORING_RESTRICTION_SQE_OP, sqe_op=IORING_OP_READV}`.
    pub(super) fn ring_restriction(&mut self, bytes: &[u8]) {
        let opcode = word(bytes, 0, 2);
        let value = word(bytes, 2, 1);
        self.text(b"{opcode=");
        self.name(&names::IO_URING_RESTRICTIONS, opcode);
        match opcode {
            0 => {
                self.text(b", register_op=");
                self.name(&names::IO_URING_REGISTER, value);
            }
            1 => {
                self.text(b", sqe_op=");
                self.name(&names::IO_URING_OPS, value);
            }
            2 | 3 => {
                self.text(b", sqe_flags=");
                self.flags(&names::IO_URING_ENTRY_FLAGS, value);
            }
            _ => {
                self.text(b" /* op: ");
                self.hex(value);
                self.text(b" */");
            }
        }
        let reserved = layout::IO_URING_RESTRICTION.fields.iter().skip(1);
        for field in reserved.filter(|field| !is_silent(field, bytes)) {
            self.text(b", ");
            self.named(field, bytes);
        }
        self.text(b"}");
    }

    /// What the kernel can: nothing is asked with a head and operations that are zero.
    pub(super) fn ring_probe(&mut self, at: u8) {
        let whole = |kept: &Kept<'_>| kept.bytes.len() >= PROBE && !kept.is_part();
        let count = self.word(3) & 0xffff_ffff;
        let before = self.memory(at, 0).filter(whole).filter(|_| count <= MOST_PROBED);
        let Some(before) = before else { return self.address(at) };
        let asks = before.bytes.iter().any(|byte| *byte != 0);
        if asks {
            self.probed(before.bytes, count, false);
        }
        self.late();
        match self.memory(at, 1).filter(whole) {
            Some(after) => {
                if asks {
                    self.text(b" => ");
                }
                let told = word(after.bytes, 1, 1);
                self.probed(after.bytes, told.min(count), count < told);
            }
            None if !asks => self.address(at),
            None => {}
        }
    }

    fn probed(&mut self, bytes: &[u8], count: u64, is_part: bool) {
        let (head, rows) = bytes.split_at(PROBE.min(bytes.len()));
        self.fields(&layout::IO_URING_PROBE, head, usize::MAX);
        self.out.pop();
        self.text(b", ops=[");
        let shown = (count as usize).min(self.elements_shown());
        for (i, row) in rows.chunks_exact(PROBED).take(shown).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.fields(&layout::IO_URING_PROBE_OP, row, usize::MAX);
        }
        if is_part || (shown as u64) < count {
            self.text(if shown == 0 { b"..." } else { b", ..." });
        }
        self.text(b"]}");
    }

    /// `[[IO_WQ_BOUND]=1, [IO_WQ_UNBOUND]=2]`: how many workers may be, and how many might before.
    pub(super) fn ring_workers(&mut self, at: u8) {
        let Some(before) = self.memory(at, 0).filter(|kept| !kept.is_part()) else { return self.address(at) };
        self.workers(before.bytes);
        self.late();
        self.text(b" => ");
        match self.memory(at, 1).filter(|kept| !kept.is_part()) {
            Some(after) => self.workers(after.bytes),
            None => self.address(at),
        }
    }

    fn workers(&mut self, bytes: &[u8]) {
        self.text(b"[");
        for (i, number) in (0u64..).zip(bytes.chunks_exact(4).take(self.elements_shown())) {
            if i > 0 {
                self.text(b", ");
            }
            self.text(b"[");
            self.name(&names::IO_URING_WORKERS, i);
            self.text(b"]=");
            self.decimal(word(number, 0, 4));
        }
        self.text(b"]");
    }
}
