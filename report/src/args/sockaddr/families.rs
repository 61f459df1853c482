//! Addresses of families that few programs use: AX.25, IPX, Bluetooth, algorithms of the kernel, XDP.

use syscalls::names::{self, Names};

use super::super::kept::{signed, word};
use super::super::printer::{Printer, until_nul};
use super::super::string::Quoting;
use crate::digits;
use crate::text::{Constants, HexStrings};

/// Of Bluetooth (include/net/bluetooth/l2cap.h): ports and channels from here on are given out.
const PSM_LE_DYNAMIC: std::ops::RangeInclusive<u64> = 0x80..=0xff;
const PSM_DYNAMIC: u64 = 0x1001;
const CID_DYNAMIC: u64 = 0x40;
/// `sxdp_shared_umem_fd` is a descriptor (linux/if_xdp.h).
const XDP_SHARED_UMEM: u64 = 1;

/// How a call sign is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallSign {
    Text,
    Both,
    Bytes,
}

impl Printer<'_, '_> {
    /// A name, or the value in hex.
    pub(super) fn name_or_hex(&mut self, table: &'static Names, value: u64) {
        match table.name(value) {
            Some(_) => self.name(table, value),
            None => self.hex(value),
        }
    }

    /// A byte as `%#02x` has it.
    fn hex_byte(&mut self, byte: u64) {
        match byte {
            0 => self.text(b"00"),
            _ => digits::hex(self.out, byte),
        }
    }

    /// `01:02:03:04:05:06`.
    pub(in crate::args) fn hardware_bytes(&mut self, bytes: &[u8]) {
        for (i, byte) in bytes.iter().enumerate() {
            if i > 0 {
                self.text(b":");
            }
            digits::hex_zeros(self.out, u64::from(*byte), 2);
        }
    }

    /// `sax25_call=N0CALL-1, sax25_ndigis=0`.
    pub(super) fn ax25_address(&mut self, bytes: &[u8]) {
        let digipeaters = signed(bytes, 12, 4);
        let is_full = digipeaters != 0 || bytes.len() > 16;
        self.text(if is_full { b", fsa_ax25={sax25_call=" } else { b", sax25_call=" });
        self.call_sign(bytes.get(2..9).unwrap_or(&[]));
        self.text(b", sax25_ndigis=");
        self.signed(digipeaters);
        if !is_full {
            return;
        }
        self.text(b"}");
        let there = (bytes.len().saturating_sub(16) / 7).min(8);
        let wanted = usize::try_from(digipeaters).unwrap_or(0).min(8);
        if wanted > 0 {
            self.text(b", fsa_digipeater=[");
            for (i, sign) in bytes.get(16..).unwrap_or(&[]).chunks_exact(7).take(wanted.min(there)).enumerate() {
                if i > 0 {
                    self.text(b", ");
                }
                self.call_sign(sign);
            }
            if wanted > there {
                self.text(if there > 0 { b", ..." } else { b"..." });
            }
            self.text(b"]");
        }
        if bytes.len() > 16 + 7 * there {
            self.text(b", ...");
        }
    }

    fn call_sign(&mut self, sign: &[u8]) {
        let how = match (call_sign(sign), self.style.constants) {
            (CallSign::Text, Constants::Numbers) => CallSign::Bytes,
            (CallSign::Text, Constants::Both) => CallSign::Both,
            (how, _) => how,
        };
        if how != CallSign::Text {
            self.text(b"{ax25_call=");
            Quoting::quoted(HexStrings::All).write(self.out, sign);
            self.text(b"}");
        }
        if how == CallSign::Bytes {
            return;
        }
        if how == CallSign::Both {
            self.text(b" /* ");
        }
        let (letters, station) = (sign.get(..6).unwrap_or(&[]), word(sign, 6, 1) >> 1 & 0xf);
        let end = letters.iter().rposition(|letter| letter >> 1 != b' ').map_or(0, |last| last + 1);
        if end == 0 && station == 0 {
            self.text(b"*");
        } else {
            for letter in letters.iter().take(end) {
                self.out.push(letter >> 1);
            }
            self.text(b"-");
            self.decimal(station);
        }
        if how == CallSign::Both {
            self.text(b" */");
        }
    }

    /// `sipx_port=htons(258), sipx_network=htonl(0x3040506), sipx_node=[0x7, …], sipx_type=0x1`.
    pub(super) fn ipx_address(&mut self, bytes: &[u8]) {
        self.text(b", sipx_port=");
        self.port(bytes);
        self.text(b", sipx_network=htonl(");
        self.hex(u64::from((word(bytes, 4, 4) as u32).swap_bytes()));
        self.text(b"), sipx_node=[");
        for (i, byte) in bytes.iter().skip(8).take(6).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.hex_byte(u64::from(*byte));
        }
        self.text(b"], sipx_type=");
        self.hex_byte(word(bytes, 14, 1));
        if let zero @ 1.. = word(bytes, 15, 1) {
            self.text(b", sipx_zero=");
            self.hex(zero);
        }
    }

    /// Which kind of address it is, only its length tells.
    pub(super) fn bluetooth_address(&mut self, bytes: &[u8]) {
        match bytes.len() {
            4 | 6 => {
                self.text(b", hci_dev=htobs(");
                self.decimal(word(bytes, 2, 2));
                self.text(b")");
                if bytes.len() == 6 {
                    self.text(b", hci_channel=");
                    self.name(&names::HCI_CHANNELS, word(bytes, 4, 2));
                }
            }
            8 => {
                self.text(b", sco_bdaddr=");
                self.hardware_bytes(bytes.get(2..8).unwrap_or(&[]));
            }
            10 => {
                self.text(b", rc_bdaddr=");
                self.hardware_bytes(bytes.get(2..8).unwrap_or(&[]));
                self.text(b", rc_channel=");
                self.decimal(word(bytes, 8, 1));
            }
            12 | 14 => {
                self.text(b", l2_psm=htobs(");
                self.logical_port(word(bytes, 2, 2));
                self.text(b"), l2_bdaddr=");
                self.hardware_bytes(bytes.get(4..10).unwrap_or(&[]));
                self.text(b", l2_cid=htobs(");
                self.logical_channel(word(bytes, 10, 2));
                self.text(b")");
                if bytes.len() == 14 {
                    self.text(b", l2_bdaddr_type=");
                    self.name(&names::BLUETOOTH_ADDRESSES, word(bytes, 12, 1));
                }
            }
            _ => self.raw_address(bytes),
        }
    }

    fn logical_port(&mut self, port: u64) {
        let (from, label) = match port {
            _ if names::LOGICAL_PORTS.name(port).is_some() => return self.name(&names::LOGICAL_PORTS, port),
            _ if PSM_LE_DYNAMIC.contains(&port) => (*PSM_LE_DYNAMIC.start(), &b"L2CAP_PSM_LE_DYN_START"[..]),
            PSM_DYNAMIC.. => (PSM_DYNAMIC, &b"L2CAP_PSM_DYN_START"[..]),
            _ => return self.name(&names::LOGICAL_PORTS, port),
        };
        self.dynamic(port, from, label);
    }

    fn logical_channel(&mut self, channel: u64) {
        match channel {
            CID_DYNAMIC.. => self.dynamic(channel, CID_DYNAMIC, b"L2CAP_CID_DYN_START"),
            _ => self.name(&names::LOGICAL_CHANNELS, channel),
        }
    }

    fn dynamic(&mut self, value: u64, from: u64, label: &[u8]) {
        self.constant(super::super::word::Number::Hex(value), true, |own| {
            own.text(label);
            if value > from {
                own.text(b"+");
                own.decimal(value - from);
            }
        });
    }

    /// `salg_type="skcipher", salg_feat=0, salg_mask=0, salg_name="cbc(aes)"`.
    pub(super) fn algorithm(&mut self, bytes: &[u8]) {
        self.text(b", salg_type=");
        Quoting::quoted(self.style.hex).write(self.out, until_nul(bytes.get(2..16).unwrap_or(&[])));
        self.text(b", salg_feat=");
        self.hex(word(bytes, 16, 4));
        self.text(b", salg_mask=");
        self.hex(word(bytes, 20, 4));
        self.text(b", salg_name=");
        Quoting::quoted(self.style.hex).write(self.out, until_nul(bytes.get(24..).unwrap_or(&[])));
    }

    /// `sxdp_flags=XDP_ZEROCOPY, sxdp_ifindex=1, sxdp_queue_id=0`.
    pub(super) fn express_address(&mut self, bytes: &[u8]) {
        let flags = word(bytes, 2, 2);
        self.text(b", sxdp_flags=");
        self.flags(&names::XDP_FLAGS, flags);
        self.text(b", sxdp_ifindex=");
        self.decimal(word(bytes, 4, 4));
        self.text(b", sxdp_queue_id=");
        self.decimal(word(bytes, 8, 4));
        let memory = word(bytes, 12, 4);
        if flags & XDP_SHARED_UMEM != 0 {
            self.text(b", sxdp_shared_umem_fd=");
            self.signed(signed(bytes, 12, 4));
        } else if memory != 0 {
            self.text(b", sxdp_shared_umem_fd=");
            self.hex(memory);
        }
    }
}

/// Letters and digits, then blanks, each shifted by one bit, can be told as text.
fn call_sign(sign: &[u8]) -> CallSign {
    let mut how = CallSign::Text;
    let (mut blank, mut letter) = (false, false);
    for byte in sign.iter().take(6) {
        let c = byte >> 1;
        if c == b' ' {
            blank = true;
        } else {
            letter = true;
        }
        let is_sane = c.is_ascii_digit() || c.is_ascii_uppercase() || c == b' ';
        if byte & 1 != 0 || !is_sane || (c != b' ' && blank) {
            how = CallSign::Both;
        }
        if !(b' '..=0x7e).contains(&c) || c == b'*' || c == b'/' {
            return CallSign::Bytes;
        }
    }
    let station = sign.get(6).copied().unwrap_or(0);
    if station & !0x1e != 0 || (!letter && station != 0) { CallSign::Both } else { how }
}
