//! Sockets: addresses and messages.

use std::net::Ipv6Addr;

use recording::event::Shape;
use syscalls::{Dir, names};

use super::kept::{Kept, signed, word};
use super::printer::{Printer, until_nul};
use super::signals::hex_string;
use super::string::Quoting;
use crate::digits;
use crate::text::{Constants, HexStrings};

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

    /// `{sa_family=AF_INET, sin_port=htons(80), …}` of an argument.
    pub(super) fn sockaddr_argument(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        match self.memory(at, phase).filter(|kept| kept.bytes.len() >= 2) {
            Some(kept) => self.sockaddr(kept.bytes),
            None => self.address(at),
        }
    }

    /// A socket address of any family. At least its family is there.
    pub(super) fn sockaddr(&mut self, bytes: &[u8]) {
        let family = word(bytes, 0, 2);
        self.text(b"{sa_family=");
        self.name(&names::SOCKET_DOMAIN, family);
        match (family, bytes.len()) {
            (_, ..3) => {}
            (1, _) => self.unix_name(bytes.get(2..).unwrap_or(&[])),
            (2, 16..) => {
                self.text(b", sin_port=");
                self.port(bytes);
                self.text(b", sin_addr=");
                self.address_bytes(bytes.get(4..8).unwrap_or(&[]), |own, address| {
                    own.text(b"inet_addr(\"");
                    for (i, byte) in address.iter().enumerate() {
                        if i > 0 {
                            own.text(b".");
                        }
                        own.decimal(u64::from(*byte));
                    }
                    own.text(b"\")");
                });
            }
            (10, 24..) => self.inet6(bytes),
            (16, 12..) => {
                if let pad @ 1.. = word(bytes, 2, 2) {
                    self.text(b", nl_pad=");
                    self.hex(pad);
                }
                self.text(b", nl_pid=");
                self.decimal(word(bytes, 4, 4));
                self.text(b", nl_groups=");
                // As `%#08x` has it: the `0x` counts, and zero has none.
                match word(bytes, 8, 4) {
                    0 => self.text(b"00000000"),
                    groups => {
                        self.text(b"0x");
                        let digits = (16 - groups.leading_zeros() as usize / 4).max(6);
                        digits::hex_zeros(self.out, groups, digits);
                    }
                }
            }
            (17, 20..) => self.packet_address(bytes),
            (40, 16..) => self.vsock_address(bytes),
            _ => {
                self.text(b", sa_data=");
                Quoting::quoted(self.style.hex).write(self.out, bytes.get(2..).unwrap_or(&[]));
            }
        }
        self.text(b"}");
    }

    fn port(&mut self, bytes: &[u8]) {
        self.address_bytes(bytes.get(2..4).unwrap_or(&[]), |own, port| {
            own.text(b"htons(");
            own.decimal(u64::from((word(port, 0, 2) as u16).swap_bytes()));
            own.text(b")");
        });
    }

    /// Bytes in the order of the network: by what makes them, as they are, or both.
    fn address_bytes(&mut self, bytes: &[u8], write: impl FnOnce(&mut Self, &[u8])) {
        if self.style.constants == Constants::Names {
            return write(self, bytes);
        }
        Quoting::quoted(HexStrings::All).write(self.out, bytes);
        if self.style.constants == Constants::Both {
            self.text(b" /* ");
            write(self, bytes);
            self.text(b" */");
        }
    }

    fn unix_name(&mut self, path: &[u8]) {
        self.text(b", sun_path=");
        match path {
            [0, name @ ..] if !name.is_empty() => {
                self.text(b"@");
                Quoting::quoted(self.style.hex).write(self.out, name);
            }
            _ => Quoting::quoted(self.style.hex).write(self.out, until_nul(path)),
        }
    }

    fn inet6(&mut self, bytes: &[u8]) {
        self.text(b", sin6_port=");
        self.port(bytes);
        self.text(b", sin6_flowinfo=htonl(");
        self.decimal(u64::from((word(bytes, 4, 4) as u32).swap_bytes()));
        self.text(b"), inet_pton(AF_INET6, \"");
        let mut octets = [0; 16];
        for (octet, byte) in octets.iter_mut().zip(bytes.iter().skip(8)) {
            *octet = *byte;
        }
        // Writing to a vector can't fail.
        let _ = std::io::Write::write_fmt(self.out, format_args!("{}", Ipv6Addr::from(octets)));
        self.text(b"\", &sin6_addr)");
        if bytes.len() >= 28 {
            self.text(b", sin6_scope_id=");
            self.decimal(word(bytes, 24, 4));
        }
    }

    fn packet_address(&mut self, bytes: &[u8]) {
        self.text(b", sll_protocol=htons(");
        self.name(&names::PACKET_PROTOCOL, u64::from((word(bytes, 2, 2) as u16).swap_bytes()));
        self.text(b"), sll_ifindex=");
        self.signed(signed(bytes, 4, 4));
        self.text(b", sll_hatype=");
        self.name(&names::ARP_HARDWARE, word(bytes, 8, 2));
        self.text(b", sll_pkttype=");
        self.name(&names::PACKET_TYPES, word(bytes, 10, 1));
        let length = word(bytes, 11, 1) as usize;
        self.text(b", sll_halen=");
        self.decimal(length as u64);
        if length > 0 {
            self.text(b", sll_addr=[");
            for (i, byte) in bytes.iter().skip(12).take(length).enumerate() {
                if i > 0 {
                    self.text(b", ");
                }
                digits::hex(self.out, u64::from(*byte));
            }
            self.text(b"]");
        }
    }

    fn vsock_address(&mut self, bytes: &[u8]) {
        self.text(b", svm_cid=");
        let cid = word(bytes, 8, 4);
        match names::VSOCK_CIDS.name(cid) {
            Some(name) => self.text(name.as_bytes()),
            None => self.hex(cid),
        }
        self.text(b", svm_port=");
        self.hex(word(bytes, 4, 4));
        self.text(b", svm_flags=");
        self.hex(word(bytes, 12, 1));
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
