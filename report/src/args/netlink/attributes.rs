//! Attributes of netlink messages (netlink(7), rtnetlink(7)): a head, then what it announces.

use syscalls::layout::Layout;
use syscalls::names::{self, Names};

use super::super::kept::{signed, word};
use super::super::printer::Printer;
use super::super::string::Quoting;
use crate::text::HexStrings;

/// `struct nlattr`.
const HEAD: usize = 4;
const NESTED: u64 = 0x8000;
const NETWORK_ORDER: u64 = 0x4000;
/// Deeper than any message goes.
const DEEPEST: usize = 8;

/// Attributes of one kind.
pub(super) struct Attributes {
    /// Their types.
    pub(super) names: &'static Names,
    /// What they hold, by type; what is not here is told as bytes.
    pub(super) holds: &'static [(u64, Holds)],
}

/// What an attribute holds.
pub(super) enum Holds {
    /// Text that ends with NUL.
    Text,
    /// An unsigned number of so many bytes.
    Number(usize),
    /// A signed number.
    Signed,
    /// A number of an interface.
    Interface,
    /// A number in the order of the network.
    NetworkShort,
    /// Bits of so many bytes.
    Flags(&'static Names, usize),
    /// One of so many bytes.
    Enum(&'static Names, usize),
    /// An address of the message's family.
    Address,
    /// An address of IPv6.
    Address6,
    /// An address of the link.
    Hardware,
    /// A structure.
    Structure(&'static Layout),
    /// An array whose elements have names, that of the first standing for so much.
    Indexed(&'static Names, usize, u64),
    /// Attributes.
    Nested(&'static Attributes),
    /// Attributes whose types are families of addresses, and what those lead to.
    Families(&'static Names, &'static [(u64, &'static Attributes)]),
}

impl Printer<'_, '_> {
    /// `[{nla_len=7, nla_type=IFLA_IFNAME}, "lo"]`, in brackets when there are several. `family` is that of the
    /// message.
    pub(super) fn attributes(&mut self, of: &'static Attributes, family: u64, bytes: &[u8], depth: usize) {
        self.each_attribute(of.names, bytes, depth, |own, kind, data| {
            let holds = of.holds.iter().find(|holds| holds.0 == kind).map(|holds| &holds.1);
            holds.is_some_and(|holds| own.attribute_data(holds, family, data, depth))
        });
    }

    fn each_attribute(
        &mut self,
        names: &'static Names,
        bytes: &[u8],
        depth: usize,
        write: impl Fn(&mut Self, u64, &[u8]) -> bool,
    ) {
        let mut rest = bytes;
        let mut in_array = false;
        for count in 0.. {
            if rest.len() < HEAD || depth > DEEPEST {
                self.attribute_bytes(rest);
                break;
            }
            if count == self.elements_shown() {
                self.text(b"...");
                break;
            }
            let length = word(rest, 0, 2) as usize;
            let next = rest.get(length.next_multiple_of(4)..).filter(|next| length >= HEAD && !next.is_empty());
            if next.is_some() && !in_array {
                self.text(b"[");
                in_array = true;
            }
            let own = rest.get(..length).unwrap_or(rest);
            let kind = word(rest, 2, 2);
            let data = own.get(HEAD..).unwrap_or(&[]);
            if !data.is_empty() {
                self.text(b"[");
            }
            self.attribute_head(names, length, kind);
            if !data.is_empty() {
                self.text(b", ");
                if !write(self, kind & !(NESTED | NETWORK_ORDER), data) {
                    self.attribute_bytes(data);
                }
                self.text(b"]");
            }
            let Some(next) = next else { break };
            self.text(b", ");
            rest = next;
        }
        if in_array {
            self.text(b"]");
        }
    }

    fn attribute_head(&mut self, names: &'static Names, length: usize, kind: u64) {
        self.text(b"{nla_len=");
        self.decimal(length as u64);
        self.text(b", nla_type=");
        for flag in [NESTED, NETWORK_ORDER].into_iter().filter(|flag| kind & flag != 0) {
            self.name(&names::ATTRIBUTE_FLAGS, flag);
            self.text(b"|");
        }
        self.name(names, kind & !(NESTED | NETWORK_ORDER));
        self.text(b"}");
    }

    fn attribute_bytes(&mut self, bytes: &[u8]) {
        let shown = bytes.get(..self.string_limit()).unwrap_or(bytes);
        Quoting::quoted(HexStrings::All).write(self.out, shown);
        if shown.len() < bytes.len() {
            self.text(b"...");
        }
    }

    /// What an attribute holds; false when it is too short for that.
    fn attribute_data(&mut self, holds: &'static Holds, family: u64, data: &[u8], depth: usize) -> bool {
        match *holds {
            Holds::Text => self.attribute_text(data),
            Holds::Number(size) if data.len() >= size => self.decimal(word(data, 0, size)),
            Holds::Signed | Holds::Interface if data.len() >= 4 => self.signed(signed(data, 0, 4)),
            Holds::NetworkShort if data.len() >= 2 => {
                self.text(b"htons(");
                self.decimal(u64::from((word(data, 0, 2) as u16).swap_bytes()));
                self.text(b")");
            }
            Holds::Flags(names, size) if (size..=8).contains(&data.len()) => self.flags(names, word(data, 0, size)),
            Holds::Enum(names, size) if (size..=8).contains(&data.len()) => self.name(names, word(data, 0, size)),
            Holds::Address => return self.attribute_address(family, data),
            Holds::Address6 if data.len() >= 16 => return self.attribute_address(AF_INET6, data),
            Holds::Hardware if data.len() <= HARDWARE => self.address_bytes(data, Self::hardware_bytes),
            Holds::Structure(layout) if data.len() >= layout.size as usize => self.structure(layout, data),
            Holds::Indexed(names, size, first) if data.len() >= size => self.indexed(names, size, first, data),
            Holds::Nested(of) => self.attributes(of, family, data, depth + 1),
            Holds::Families(names, families) => self.each_attribute(names, data, depth + 1, |own, kind, data| {
                let of = families.iter().find(|of| of.0 == kind);
                of.map(|of| own.attributes(of.1, kind, data, depth + 2)).is_some()
            }),
            _ => return false,
        }
        true
    }

    fn attribute_text(&mut self, data: &[u8]) {
        let text = match data {
            [text @ .., 0] => text,
            _ => data,
        };
        let shown = text.get(..self.string_limit()).unwrap_or(text);
        Quoting::quoted(self.style.hex).write(self.out, shown);
        // A text without its end is one that goes on.
        if shown.len() < text.len() || text.len() == data.len() {
            self.text(b"...");
        }
    }

    fn attribute_address(&mut self, family: u64, data: &[u8]) -> bool {
        match (family, data.len()) {
            (AF_INET, 4..) => self.inet_address(data.get(..4).unwrap_or(data)),
            (AF_INET6, 16..) => self.inet6_address(data.get(..16).unwrap_or(data)),
            _ => return false,
        }
        true
    }

    /// `[[DEVCONF_FORWARDING]=0, …]`.
    fn indexed(&mut self, names: &'static Names, size: usize, first: u64, data: &[u8]) {
        self.text(b"[");
        let all = data.len() / size;
        let shown = all.min(self.elements_shown());
        for (i, number) in (0u64..).zip(data.chunks_exact(size).take(shown)) {
            if i > 0 {
                self.text(b", ");
            }
            self.text(b"[");
            self.indexed_name(names, i, first);
            self.text(b"]=");
            match size {
                4 => self.signed(signed(number, 0, 4)),
                _ => self.decimal(word(number, 0, size)),
            }
        }
        if shown < all {
            self.text(b", ...");
        }
        self.text(b"]");
    }

    /// The name of a place; where the first stands for 1, one less than the name.
    fn indexed_name(&mut self, names: &'static Names, index: u64, first: u64) {
        self.name_or_decimal(names, index + first);
        if first > 0 {
            self.text(b"-1");
        }
    }
}

const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
/// Bytes of the longest address of a link.
const HARDWARE: usize = 32;
