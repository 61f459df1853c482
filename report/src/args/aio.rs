//! Blocks of asynchronous I/O (io_submit(2)).

use recording::event::Shape;
use syscalls::names;

use super::kept::{Kept, signed, word};
use super::printer::Printer;

/// `struct iocb`.
const BLOCK: usize = 64;
const IOCB_FLAG_RESFD: u64 = 1;
const IOCB_FLAG_IOPRIO: u64 = 2;

impl Printer<'_, '_> {
    /// `[{aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, …}, …]`: the blocks behind the addresses of an argument.
    pub(super) fn blocks(&mut self, at: u8) {
        if (self.word(1) as i64) < 0 {
            return self.address(at);
        }
        let Some(kept) = self.memory(at, 0) else { return self.address(at) };
        self.text(b"[");
        for (k, address) in (1u32..).zip(kept.bytes.chunks_exact(8).take(self.elements_shown())) {
            if k > 1 {
                self.text(b", ");
            }
            let whole = |kept: &Kept<'_>| kept.bytes.len() == BLOCK && !kept.is_faulted();
            match self.kept(at, 0, Shape::Struct, k << 16).filter(whole) {
                Some(block) => self.block(at, k << 16, block.bytes),
                None => self.pointer(word(address, 0, 8)),
            }
        }
        self.elements_left_out(kept, 8);
        self.text(b"]");
    }

    /// What every operation has.
    pub(super) fn block_head(&mut self, bytes: &[u8]) {
        let operation = word(bytes, 16, 2);
        let flags = word(bytes, 56, 4);
        self.text(b"{aio_data=");
        self.hex(word(bytes, 0, 8));
        if let key @ 1.. = word(bytes, 8, 4) {
            self.text(b", aio_key=");
            self.decimal(key);
        }
        if let flags @ 1.. = word(bytes, 12, 4) {
            self.text(b", aio_rw_flags=");
            self.flags(&names::RWF_FLAGS, flags);
        }
        self.text(b", aio_lio_opcode=");
        self.name_or_decimal(&names::AIO_COMMANDS, operation);
        let priority = word(bytes, 18, 2);
        if flags & IOCB_FLAG_IOPRIO != 0 {
            self.text(b", aio_reqprio=");
            self.io_priority(priority);
        } else if priority != 0 {
            self.text(b", aio_reqprio=");
            self.signed(signed(bytes, 18, 2));
        }
        self.text(b", aio_fildes=");
        self.signed(signed(bytes, 20, 4));
        self.text(b"}");
    }

    fn block(&mut self, at: u8, path: u32, bytes: &[u8]) {
        self.block_head(bytes);
        self.out.pop();
        let count = word(bytes, 32, 8);
        let is_valid = i64::try_from(count).is_ok();
        match word(bytes, 16, 2) {
            operation @ (0 | 1) => {
                self.text(b", aio_buf=");
                match self.moved(at, 0, Shape::Element, path, false).filter(|_| operation == 1 && is_valid) {
                    Some(content) => self.data_string(&content),
                    None if operation == 1 && is_valid => self.pointer(word(bytes, 24, 8)),
                    None => self.hex(word(bytes, 24, 8)),
                }
                self.block_count(count);
                self.block_end(bytes);
            }
            7 | 8 => {
                self.text(b", aio_buf=");
                match self.kept(at, 0, Shape::Vector, path).filter(|kept| !kept.is_faulted() && is_valid) {
                    Some(vector) => self.iovec(at, 0, vector, path),
                    None if is_valid => self.pointer(word(bytes, 24, 8)),
                    None => {
                        self.hex(word(bytes, 24, 8));
                        self.block_count(count);
                    }
                }
                self.block_end(bytes);
            }
            5 => {
                self.text(b", aio_buf=");
                self.flags(&names::POLL_EVENTS, word(bytes, 24, 8));
                self.block_flags(bytes);
            }
            _ => {}
        }
        self.text(b"}");
    }

    fn block_count(&mut self, count: u64) {
        self.text(b", aio_nbytes=");
        self.decimal(count);
    }

    fn block_end(&mut self, bytes: &[u8]) {
        self.text(b", aio_offset=");
        self.signed(signed(bytes, 40, 8));
        self.block_flags(bytes);
    }

    fn block_flags(&mut self, bytes: &[u8]) {
        let flags = word(bytes, 56, 4);
        if flags != 0 {
            self.text(b", aio_flags=");
            self.flags(&names::AIO_FLAGS, flags);
        }
        let descriptor = word(bytes, 60, 4);
        if flags & IOCB_FLAG_RESFD != 0 {
            self.text(b", aio_resfd=");
            self.signed(signed(bytes, 60, 4));
        } else if descriptor != 0 {
            self.text(b", aio_resfd=");
            self.hex(descriptor);
        }
    }
}
