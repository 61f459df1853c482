//! Sockets: their protocols and messages.

use recording::event::Shape;
use syscalls::{Dir, names};

use super::kept::{Kept, signed, word};
use super::printer::Printer;
use super::signals::hex_string;

/// Bytes of a `struct msghdr`.
const MSGHDR: usize = 56;
/// Parts of a message as payload paths: its name, its vector, its control data.
const NAME: u32 = 1;
const VECTOR: u32 = 2;
const CONTROL: u32 = 3;

impl Printer<'_, '_> {
    /// The protocol of a `socket` belongs to its family.
    pub(super) fn protocol(&mut self, family: u64, protocol: u64) {
        match family {
            2 | 10 => self.name(&names::SOCKET_PROTOCOL, protocol),
            16 => self.name(&names::NETLINK_PROTOCOL, protocol),
            17 => {
                self.text(b"htons(");
                self.name(&names::PACKET_PROTOCOL, u64::from((protocol as u16).swap_bytes()));
                self.text(b")");
            }
            31 => self.name(&names::BLUETOOTH_PROTOCOL, protocol),
            _ => self.signed(i64::from(protocol as i32)),
        }
    }

    /// A message (sendmsg(2)).
    pub(super) fn msghdr_argument(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir != Dir::In);
        if phase == 1 {
            self.late();
        }
        let whole = |kept: &Kept<'_>| kept.bytes.len() >= MSGHDR;
        match self.memory(at, phase).filter(whole) {
            Some(kept) => self.message(at, phase, kept.bytes, 0),
            // A call that failed wrote nothing; strace then tells the room for the name.
            None => match self.memory(at, 0).filter(whole) {
                Some(before) if phase == 1 && self.call.errno().is_some() => {
                    self.text(b"{msg_namelen=");
                    self.signed(signed(before.bytes, 8, 4));
                    self.text(b"}");
                }
                _ => self.address(at),
            },
        }
    }

    /// Messages with the bytes moved of each (sendmmsg(2)).
    pub(super) fn mmsghdr_argument(&mut self, at: u8, dir: Dir) {
        self.late();
        let phase = u8::from(dir != Dir::In);
        let Some(kept) = self.memory(at, phase).or_else(|| self.memory(at, 1)) else { return self.address(at) };
        // How long each became is known only afterwards.
        let after = self.memory(at, 1).unwrap_or(kept);
        let count = match self.call.result() {
            sent @ 0.. => sent as usize,
            _ => usize::MAX,
        };
        self.text(b"[");
        let messages = kept.bytes.chunks_exact(MSGHDR + 8).zip(after.bytes.chunks_exact(MSGHDR + 8));
        for (k, (message, done)) in (0u32..).zip(messages).take(count) {
            if k > 0 {
                self.text(b", ");
            }
            self.text(b"{msg_hdr=");
            self.message(at, phase, message, k.saturating_mul(4).saturating_add(4));
            // Only of what was sent.
            if self.call.errno().is_none() {
                self.text(b", msg_len=");
                self.decimal(word(done, MSGHDR, 4));
            }
            self.text(b"}");
        }
        self.text(b"]");
    }

    /// One message; its parts have paths from `part << 16` on.
    fn message(&mut self, at: u8, phase: u8, bytes: &[u8], part: u32) {
        let path = |which: u32| part.saturating_add(which).checked_shl(16).unwrap_or(u32::MAX);
        self.text(b"{msg_name=");
        match self.kept(at, phase, Shape::Struct, path(NAME)).filter(|k| k.bytes.len() >= 2 && !k.is_faulted()) {
            Some(name) => self.sockaddr(name.bytes),
            None => self.pointer(word(bytes, 0, 8)),
        }
        self.text(b", msg_namelen=");
        self.name_length(at, phase, bytes, part);
        self.text(b", msg_iov=");
        match self.kept(at, phase, Shape::Vector, path(VECTOR)).filter(|k| !k.is_faulted() && !k.is_unread()) {
            Some(vector) => self.iovec(at, phase, vector, path(VECTOR)),
            None => self.pointer(word(bytes, 16, 8)),
        }
        self.text(b", msg_iovlen=");
        self.decimal(word(bytes, 24, 8));
        let control_length = word(bytes, 40, 8);
        if control_length != 0 {
            self.text(b", msg_control=");
            match self.kept(at, phase, Shape::Struct, path(CONTROL)).filter(|k| !k.is_faulted() && !k.is_part()) {
                Some(control) => self.control(at, phase, control.bytes),
                None => self.pointer(word(bytes, 32, 8)),
            }
        }
        self.text(b", msg_controllen=");
        self.decimal(control_length);
        self.text(b", msg_flags=");
        self.flags(&names::MSG_FLAGS, word(bytes, 48, 4));
        self.text(b"}");
    }

    /// `110 => 16` where the kernel changed it.
    fn name_length(&mut self, at: u8, phase: u8, bytes: &[u8], part: u32) {
        let now = signed(bytes, 8, 4);
        let before = if phase == 1 && part == 0 { self.memory(at, 0) } else { None };
        if let Some(before) = before.filter(|k| k.bytes.len() >= MSGHDR) {
            let before = signed(before.bytes, 8, 4);
            if before != now {
                self.signed(before);
                self.text(b" => ");
            }
        }
        self.signed(now);
    }

    /// Control messages, each aligned to eight bytes (cmsg(3)).
    fn control(&mut self, at: u8, phase: u8, bytes: &[u8]) {
        self.text(b"[");
        let mut rest = bytes;
        let mut first = true;
        while rest.len() >= 16 {
            if !std::mem::take(&mut first) {
                self.text(b", ");
            }
            let length = usize::try_from(word(rest, 0, 8)).unwrap_or(usize::MAX);
            let (level, kind) = (word(rest, 8, 4), word(rest, 12, 4));
            self.text(b"{cmsg_len=");
            self.decimal(length as u64);
            self.text(b", cmsg_level=");
            self.name(&names::SOL_LEVELS, level);
            self.text(b", cmsg_type=");
            match level {
                1 => self.name(&names::SCM_TYPES, kind),
                0 => self.name(&names::IP_OPTIONS, kind),
                41 => self.name(&names::IPV6_OPTIONS, kind),
                _ => self.hex(kind),
            }
            if let Some(data) = rest.get(16..length.min(rest.len())).filter(|data| !data.is_empty()) {
                self.text(b", cmsg_data=");
                self.control_data(at, phase, (level, kind), data);
            }
            self.text(b"}");
            let step = length.max(16).checked_next_multiple_of(8).unwrap_or(usize::MAX);
            rest = rest.get(step..).unwrap_or(&[]);
        }
        self.text(b"]");
    }

    fn control_data(&mut self, at: u8, phase: u8, what: (u64, u64), data: &[u8]) {
        match what {
            (1, 1) => {
                self.text(b"[");
                for (i, fd) in data.chunks_exact(4).enumerate() {
                    if i > 0 {
                        self.text(b", ");
                    }
                    self.signed(signed(fd, 0, 4));
                    self.note_of(at, phase, signed(fd, 0, 4));
                }
                self.text(b"]");
            }
            (1, 2) if data.len() >= 12 => {
                self.text(b"{pid=");
                self.signed(signed(data, 0, 4));
                self.text(b", uid=");
                self.decimal(word(data, 4, 4));
                self.text(b", gid=");
                self.decimal(word(data, 8, 4));
                self.text(b"}");
            }
            (1, 4) if data.len() >= 4 => self.signed(signed(data, 0, 4)),
            _ => hex_string(self.out, data),
        }
    }
}
