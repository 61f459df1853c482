//! Netlink messages (netlink(7)): their heads, errors and ends, and what those of NETLINK_ROUTE carry; what
//! others carry is shown as bytes.

mod attributes;
mod route;

use recording::event::{Shape, note};
use syscalls::errno;
use syscalls::names::{self, Names};

use super::content::Content;
use super::kept::{signed, word};
use super::printer::Printer;
use super::string::Quoting;
use super::word::Number;
use crate::text::HexStrings;

/// `struct nlmsghdr`.
const HEAD: usize = 16;
/// Types below this are those of every protocol.
const FIRST_OWN_TYPE: u64 = 16;
const NLMSG_ERROR: u64 = 2;
const NLMSG_DONE: u64 = 3;
const NETLINK_ROUTE: u64 = 0;
const NETLINK_SOCK_DIAG: u64 = 4;
const NETLINK_KOBJECT_UEVENT: u64 = 15;
/// Flags of every message; the others depend on its type.
const USUAL_FLAGS: u64 = 0xff;

/// Of what protocol a netlink socket is; `None` as long as it is not bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protocol(Option<u64>);

impl Printer<'_, '_> {
    /// The protocol, when this call moves messages of a netlink socket that are to be decoded.
    pub(super) fn netlink(&self) -> Option<Protocol> {
        let names = ["sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg"];
        if !names.contains(&self.row.name) {
            return None;
        }
        let detail = |p: &recording::event::Payload<'_>| p.head.shape == Shape::Note && p.head.path == note::DETAIL;
        let payload = self.call.payloads_of(0).find(detail)?;
        let text = payload.bytes.strip_prefix(note::NETLINK)?;
        let name = text.split(|byte| *byte == b':').next().unwrap_or(&[]);
        let is_it = |row: &&(u64, &str)| row.1.as_bytes().strip_prefix(b"NETLINK_") == Some(name);
        let protocol = names::NETLINK_PROTOCOL.rows.iter().find(is_it).map(|row| row.0);
        (protocol != Some(NETLINK_KOBJECT_UEVENT)).then_some(Protocol(protocol))
    }

    /// Messages one behind the other, in brackets when there are several.
    pub(super) fn netlink_messages(&mut self, protocol: Protocol, content: &Content<'_>) {
        let mut rest = &content.bytes[..];
        let mut in_array = false;
        for count in 0.. {
            if rest.len() < HEAD {
                self.netlink_end(rest, content.is_part());
                break;
            }
            if count == self.elements_shown() {
                self.text(b"...");
                break;
            }
            let length = word(rest, 0, 4) as usize;
            let next = length.checked_next_multiple_of(4).and_then(|end| rest.get(end..));
            let next = next.filter(|next| length >= HEAD && !next.is_empty());
            if next.is_some() && !in_array {
                self.text(b"[");
                in_array = true;
            }
            self.netlink_message(protocol, rest.get(..length).unwrap_or(rest), true);
            let Some(next) = next else {
                if content.is_part() && in_array {
                    self.text(b", ...");
                }
                break;
            };
            self.text(b", ");
            rest = next;
        }
        if in_array {
            self.text(b"]");
        }
    }

    /// Fewer bytes than a head.
    fn netlink_end(&mut self, rest: &[u8], is_part: bool) {
        let bytes = rest.get(..self.string_limit()).unwrap_or(rest);
        Quoting::quoted(self.style.hex).write(self.out, bytes);
        if is_part || bytes.len() < rest.len() {
            self.text(b"...");
        }
    }

    /// One message, of which at least a head's length is here. What stands within an error is not looked
    /// into for another one.
    fn netlink_message(&mut self, protocol: Protocol, bytes: &[u8], is_outer: bool) {
        let kind = word(bytes, 4, 2);
        let body = bytes.get(HEAD..).unwrap_or(&[]);
        if !body.is_empty() {
            self.text(b"[");
        }
        self.netlink_head(protocol, kind, bytes);
        if !body.is_empty() {
            self.text(b", ");
            match (kind, body.len()) {
                (NLMSG_DONE, 4) => self.signed(signed(body, 0, 4)),
                (NLMSG_ERROR, 4..) if is_outer => self.netlink_error(protocol, body),
                (FIRST_OWN_TYPE.., _) if matches!(protocol.0, Some(NETLINK_ROUTE)) => self.route_message(kind, body),
                _ => self.netlink_bytes(body),
            }
            self.text(b"]");
        }
    }

    fn netlink_head(&mut self, protocol: Protocol, kind: u64, bytes: &[u8]) {
        self.text(b"{nlmsg_len=");
        self.decimal(word(bytes, 0, 4));
        self.text(b", nlmsg_type=");
        self.name(protocol.types(kind), kind);
        self.text(b", nlmsg_flags=");
        let flags = word(bytes, 6, 2);
        match flags {
            0 => self.netlink_flags(None, 0),
            _ => self.constant(Number::Hex(flags), true, |own| own.netlink_flags(protocol.flags(kind), flags)),
        }
        self.text(b", nlmsg_seq=");
        self.decimal(word(bytes, 8, 4));
        self.text(b", nlmsg_pid=");
        self.decimal(word(bytes, 12, 4));
        self.text(b"}");
    }

    fn netlink_flags(&mut self, own: Option<&'static Names>, value: u64) {
        let (usual, rest) = (value & USUAL_FLAGS, value & !USUAL_FLAGS);
        if usual != 0 || rest == 0 {
            self.flags(&names::NETLINK_FLAGS, usual);
        }
        if usual != 0 && rest != 0 {
            self.text(b"|");
        }
        match own {
            Some(table) if rest != 0 => self.flags(table, rest),
            _ if rest != 0 => self.hex(rest),
            _ => {}
        }
    }

    /// What a message carries.
    fn netlink_bytes(&mut self, body: &[u8]) {
        let bytes = body.get(..self.string_limit()).unwrap_or(body);
        Quoting::quoted(HexStrings::All).write(self.out, bytes);
        if bytes.len() < body.len() {
            self.text(b"...");
        }
    }

    /// `{error=-ENODEV, msg={…}}`: what came of a message, and its head, or all of it.
    fn netlink_error(&mut self, protocol: Protocol, body: &[u8]) {
        let error = signed(body, 0, 4);
        self.text(b"{error=");
        match u16::try_from(error.unsigned_abs()).ok().and_then(errno::errno).filter(|_| error < 0) {
            Some(errno) => self.constant(Number::Signed(error), true, |own| {
                own.text(b"-");
                own.text(errno.name.as_bytes());
            }),
            None => self.signed(error),
        }
        let rest = body.get(4..).unwrap_or(&[]);
        if rest.len() >= HEAD {
            self.text(b", msg=");
            let length = (word(rest, 0, 4) as usize).max(HEAD);
            self.netlink_message(protocol, rest.get(..length).unwrap_or(rest), false);
        } else if !rest.is_empty() {
            self.text(b", msg=");
            self.netlink_end(rest, false);
        }
        self.text(b"}");
    }
}

impl Protocol {
    fn types(self, kind: u64) -> &'static Names {
        match self.0 {
            _ if kind < FIRST_OWN_TYPE => &names::NETLINK_TYPES,
            Some(NETLINK_ROUTE) => &names::ROUTE_TYPES,
            Some(NETLINK_SOCK_DIAG) => &names::SOCK_DIAG_TYPES,
            _ => &names::NETLINK_TYPES,
        }
    }

    /// Flags beyond those of every message. The types of routes come in fours: new, delete, get, set.
    fn flags(self, kind: u64) -> Option<&'static Names> {
        match (self.0, kind) {
            (_, NLMSG_ERROR) => Some(&names::NETLINK_ACK_FLAGS),
            (_, ..FIRST_OWN_TYPE) => None,
            (Some(NETLINK_ROUTE), _) => match kind & 3 {
                0 => Some(&names::NETLINK_NEW_FLAGS),
                1 => Some(&names::NETLINK_DELETE_FLAGS),
                2 => Some(&names::NETLINK_GET_FLAGS),
                _ => None,
            },
            (Some(NETLINK_SOCK_DIAG), _) => Some(&names::NETLINK_GET_FLAGS),
            _ => None,
        }
    }
}
