//! Addresses of sockets, by their family (socket(2), address_families(7)).

mod families;

use std::net::Ipv6Addr;

use syscalls::{Dir, names};

use super::kept::{signed, word};
use super::printer::{Printer, until_nul};
use super::string::Quoting;
use crate::digits;
use crate::text::{Constants, HexStrings};

impl Printer<'_, '_> {
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
                self.inet_address(bytes.get(4..8).unwrap_or(&[]));
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
            (3, 16..) => self.ax25_address(bytes),
            (4, 16..) => self.ipx_address(bytes),
            (9, 18..) => {
                self.text(b", sx25_addr={x25_addr=");
                Quoting::quoted(self.style.hex).write(self.out, until_nul(bytes.get(2..18).unwrap_or(&[])));
                self.text(b"}");
            }
            (31, _) => self.bluetooth_address(bytes),
            (38, 25..) => self.algorithm(bytes),
            (40, 16..) => self.vsock_address(bytes),
            (42, 12..) => {
                self.text(b", sq_node=");
                self.name_or_hex(&names::QRTR_NODES, word(bytes, 4, 4));
                self.text(b", sq_port=");
                self.name_or_hex(&names::QRTR_PORTS, word(bytes, 8, 4));
            }
            (44, 16..) => self.express_address(bytes),
            _ => self.raw_address(bytes),
        }
        self.text(b"}");
    }

    fn raw_address(&mut self, bytes: &[u8]) {
        self.text(b", sa_data=");
        Quoting::quoted(self.style.hex).write(self.out, bytes.get(2..).unwrap_or(&[]));
    }

    /// `inet_addr("127.0.0.1")`.
    pub(super) fn inet_address(&mut self, address: &[u8]) {
        self.address_bytes(address, |own, address| {
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

    /// `inet_pton(AF_INET6, "::1")`.
    pub(super) fn inet6_address(&mut self, address: &[u8]) {
        self.address_bytes(address, |own, address| {
            own.text(b"inet_pton(AF_INET6, \"");
            own.inet6_text(address);
            own.text(b"\")");
        });
    }

    fn inet6_text(&mut self, address: &[u8]) {
        let mut octets = [0; 16];
        for (octet, byte) in octets.iter_mut().zip(address) {
            *octet = *byte;
        }
        // Writing to a vector can't fail.
        let _ = std::io::Write::write_fmt(self.out, format_args!("{}", Ipv6Addr::from(octets)));
    }

    fn port(&mut self, bytes: &[u8]) {
        self.address_bytes(bytes.get(2..4).unwrap_or(&[]), |own, port| {
            own.text(b"htons(");
            own.decimal(u64::from((word(port, 0, 2) as u16).swap_bytes()));
            own.text(b")");
        });
    }

    /// Bytes in the order of the network: by what makes them, as they are, or both.
    pub(in crate::args) fn address_bytes(&mut self, bytes: &[u8], write: impl FnOnce(&mut Self, &[u8])) {
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
        self.inet6_text(bytes.get(8..24).unwrap_or(&[]));
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
}
