//! Socket options: names by level, values by option (socket(7), tcp(7), ip(7)).

use syscalls::names::{self, Names};
use syscalls::{Dir, layout};

use super::content::Content;
use super::kept::{signed, word};
use super::printer::Printer;

/// Options of a level, as far as they have names.
fn options(level: u64) -> Option<&'static Names> {
    Some(match level {
        0 => &names::IP_OPTIONS,
        1 => &names::SO_OPTIONS,
        6 => &names::TCP_OPTIONS,
        17 => &names::UDP_OPTIONS,
        41 => &names::IPV6_OPTIONS,
        263 => &names::PACKET_OPTIONS,
        270 => &names::NETLINK_OPTIONS,
        279 => &names::ALG_OPTIONS,
        _ => return None,
    })
}

/// Is the value of this option a name? (SO_BINDTODEVICE, TCP_CONGESTION, TCP_ULP)
fn is_text(level: u64, option: u64) -> bool {
    matches!((level, option), (1, 25) | (6, 13 | 31))
}

/// Is the value of this option a structure that does not fit into a number?
fn is_structure(level: u64, option: u64) -> bool {
    match level {
        0 => matches!(option, 35 | 36 | 42 | 45),
        1 => matches!(option, SO_LINGER | 26 | 51),
        41 => matches!(option, 20 | 21 | 27 | 28 | 42 | 45),
        263 => matches!(option, 1 | 2 | 5 | 13),
        _ => false,
    }
}

const SO_ERROR: u64 = 4;
const SO_LINGER: u64 = 13;
const SO_PEERCRED: u64 = 17;

impl Printer<'_, '_> {
    /// The option of the level in argument 1.
    pub(super) fn socket_option_name(&mut self, value: u64) {
        let value = value & 0xffff_ffff;
        match options(self.word(1) & 0xffff_ffff) {
            Some(table) => self.name(table, value),
            None => self.decimal(value),
        }
    }

    /// Its value.
    pub(super) fn socket_option(&mut self, at: u8, dir: Dir) {
        let phase = u8::from(dir == Dir::Out);
        if phase == 1 {
            self.late();
        }
        let Some(kept) = self.memory(at, phase).filter(|kept| !kept.is_part()) else { return self.address(at) };
        let bytes = kept.bytes;
        if bytes.is_empty() || (dir == Dir::In && (self.word(4) as i32) < 0) {
            return self.address(at);
        }
        if dir == Dir::In && bytes.len() == 4 && is_structure(self.word(1), self.word(2)) {
            return self.address(at);
        }
        match (self.word(1), self.word(2), bytes.len()) {
            (1, SO_ERROR, 4) if dir == Dir::Out => {
                self.text(b"[");
                self.errno_name(word(bytes, 0, 4));
                self.text(b"]");
            }
            (1, SO_LINGER, 8..) => self.fields(&layout::LINGER, bytes, 2),
            (1, SO_LINGER, 4..) if dir == Dir::Out => {
                self.text(b"{l_onoff=");
                self.signed(signed(bytes, 0, 4));
                self.text(b"}");
            }
            (1, SO_PEERCRED, 4) if dir == Dir::Out => {
                self.text(b"{pid=");
                self.signed(signed(bytes, 0, 4));
                self.text(b"}");
            }
            (1, SO_PEERCRED, 12..) => {
                self.text(b"{pid=");
                self.signed(signed(bytes, 0, 4));
                self.text(b", uid=");
                self.id(word(bytes, 4, 4));
                self.text(b", gid=");
                self.id(word(bytes, 8, 4));
                self.text(b"}");
            }
            (_, _, 4) if !is_text(self.word(1), self.word(2)) => {
                self.text(b"[");
                self.signed(signed(bytes, 0, 4));
                self.text(b"]");
            }
            // Fewer bytes than the kernel accepts for a number.
            (1, option, ..4) if !is_text(1, option) => self.address(at),
            // Names (SO_BINDTODEVICE, TCP_CONGESTION), and what nobody decodes.
            _ => self.data_string(&Content::of_kept(kept, self.string_limit())),
        }
    }
}
