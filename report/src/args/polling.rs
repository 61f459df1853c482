//! Waiting for descriptors: `poll`, `select`, `epoll`.

use recording::event::Shape;
use syscalls::{layout, names};

use super::kept::{Kept, signed, word};
use super::printer::Printer;

impl Printer<'_, '_> {
    /// `{fd=3, events=POLLIN}` (poll(2)).
    pub(super) fn pollfd(&mut self, bytes: &[u8]) {
        let fd = signed(bytes, 0, 4);
        self.text(b"{fd=");
        self.signed(fd);
        self.note_of(0, 0, fd);
        if fd >= 0 {
            self.text(b", events=");
            self.flags(&names::POLL_EVENTS, word(bytes, 4, 2));
        }
        self.text(b"}");
    }

    /// `{events=EPOLLIN, data={u32=3, u64=3}}` (epoll_ctl(2)).
    pub(super) fn epoll_event(&mut self, bytes: &[u8]) {
        self.text(b"{events=");
        self.flags(&names::EPOLL_EVENTS, word(bytes, 0, 4));
        self.text(b", data={u32=");
        self.decimal(word(bytes, 4, 4));
        self.text(b", u64=");
        self.decimal(word(bytes, 4, 8));
        self.text(b"}}");
    }

    /// `[3 4]`: the descriptors asked about (select(2)).
    pub(super) fn fd_set_argument(&mut self, at: u8) {
        if self.word(at) == 0 {
            return self.text(b"NULL");
        }
        match self.memory(at, 0).filter(|_| self.word(0) as i32 >= 0) {
            Some(kept) => self.fd_set(kept.bytes, Some(at)),
            None if self.word(0) as i32 == 0 => self.text(b"[]"),
            None => self.address(at),
        }
    }

    /// With notes only where the set was given: what the kernel found in it is told bare.
    fn fd_set(&mut self, bytes: &[u8], noted: Option<u8>) {
        let count = self.word(0) as i32;
        self.bits(bytes, usize::try_from(count).unwrap_or(0), noted);
    }

    /// Numbers of the bits that are set, among the first `count`.
    pub(super) fn bits(&mut self, bytes: &[u8], count: usize, noted: Option<u8>) {
        self.text(b"[");
        let mut first = true;
        for (number, _) in set_bits(bytes).zip(0..).filter(|(number, _)| *number < count) {
            if !std::mem::take(&mut first) {
                self.text(b" ");
            }
            self.decimal(number as u64);
            if let Some(at) = noted {
                self.note_of(at, 0, number as i64);
            }
        }
        self.text(b"]");
    }

    /// The sixth argument of `pselect6`: a set behind an address, and its size.
    pub(super) fn select_mask(&mut self, bytes: &[u8]) {
        self.text(b"{sigmask=");
        match self.kept(5, 0, Shape::Struct, 1 << 16).filter(|kept| kept.bytes.len() == 8) {
            Some(set) if word(bytes, 0, 8) != 0 => self.sigset(set.bytes),
            _ => self.pointer(word(bytes, 0, 8)),
        }
        self.text(b", sigsetsize=");
        self.decimal(word(bytes, 8, 8));
        self.text(b"}");
    }

    /// `[{fd=7, revents=POLLOUT}], left {…}` behind the result of `poll`. `false`: nothing to say.
    pub(super) fn polled(&mut self) -> bool {
        let Some(kept) = self.memory(0, 1) else { return false };
        self.text(b"[");
        let (mut shown, limit) = (0, self.elements_shown());
        let mut has_more = kept.is_part();
        for entry in kept.bytes.chunks_exact(8).filter(|entry| word(entry, 6, 2) != 0) {
            if shown == limit {
                has_more = true;
                break;
            }
            if shown > 0 {
                self.text(b", ");
            }
            shown += 1;
            self.text(b"{fd=");
            self.signed(signed(entry, 0, 4));
            self.text(b", revents=");
            self.flags(&names::POLL_EVENTS, word(entry, 6, 2));
            self.text(b"}");
        }
        if has_more {
            self.text(if shown == 0 { b"..." } else { b", ..." });
        }
        self.text(b"]");
        self.time_left(2);
        true
    }

    /// `in [3], out [4], left {…}` behind the result of `select`.
    pub(super) fn selected(&mut self) -> bool {
        let from = self.out.len();
        for (at, label) in [(1, &b"in "[..]), (2, b"out "), (3, b"except ")] {
            let Some(kept) = self.memory(at, 1) else { continue };
            let count = usize::try_from(self.word(0) as i32).unwrap_or(0);
            if !set_bits(kept.bytes).any(|bit| bit < count) {
                continue;
            }
            if self.out.len() > from {
                self.text(b", ");
            }
            self.text(label);
            self.fd_set(kept.bytes, None);
        }
        if self.out.len() > from {
            self.time_left(4);
        }
        self.out.len() > from
    }

    fn time_left(&mut self, at: u8) {
        let (layout, is_time) = match self.row.name {
            "select" => (&layout::TIMEVAL, true),
            "ppoll" | "pselect6" => (&layout::TIMESPEC, true),
            _ => (&layout::TIMESPEC, false),
        };
        let kept = self.kept(at, 1, Shape::Struct, 0).filter(|kept: &Kept<'_>| kept.bytes.len() >= 16);
        if let Some(kept) = kept
            && is_time
        {
            self.text(b", left ");
            self.structure(layout, kept.bytes);
        }
    }

    /// Of `recvmmsg`, which is timed out between messages.
    pub(super) fn received_in_time(&mut self) {
        let kept = self.kept(4, 1, Shape::Struct, 0).filter(|kept: &Kept<'_>| kept.bytes.len() >= 16);
        if let Some(kept) = kept {
            self.text(b"left ");
            self.structure(&layout::TIMESPEC, kept.bytes);
        }
    }
}

fn set_bits(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes
        .iter()
        .enumerate()
        .flat_map(|(i, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| 8 * i + bit))
}
