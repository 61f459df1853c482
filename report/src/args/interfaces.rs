//! Interfaces: `struct ifreq`, whose second half is what the request is about, and lists of them (netdevice(7)).

use recording::event::Shape;
use syscalls::{ioctl, layout, names};

use super::kept::{Kept, signed, word};
use super::printer::{Printer, until_nul};
use super::string::Quoting;
use crate::digits;

/// Bytes of `struct ifreq`.
const REQUEST: usize = 40;
const NAME: usize = 16;

impl Printer<'_, '_> {
    /// `{ifr_name="lo", ifr_mtu=65536}`: of a request that asks, the name alone when nothing was answered.
    pub(super) fn interface(&mut self, bytes: &[u8]) {
        let name = ioctl::name(self.word(1) as u32).unwrap_or_default();
        let asks = name.starts_with("SIOCG");
        let answered = self.call.returned() && self.call.errno().is_none();
        if name == "SIOCGIFNAME" {
            self.text(b"{ifr_ifindex=");
            self.signed(signed(bytes, NAME, 4));
            if answered {
                self.text(b", ifr_name=");
                self.interface_name(bytes);
            }
            return self.text(b"}");
        }
        self.text(b"{ifr_name=");
        self.interface_name(bytes);
        if !asks || answered {
            self.interface_value(name, bytes.get(NAME..).unwrap_or(&[]));
        }
        self.text(b"}");
    }

    fn interface_name(&mut self, bytes: &[u8]) {
        let name = bytes.get(..NAME).unwrap_or(bytes);
        Quoting::quoted(self.style.hex).write(self.out, until_nul(name));
    }

    fn interface_value(&mut self, request: &str, value: &[u8]) {
        let number = |own: &mut Self, label: &[u8]| {
            own.text(label);
            own.signed(signed(value, 0, 4));
        };
        match request.get(5..).unwrap_or_default() {
            "IFADDR" => self.interface_address(b", ifr_addr=", value),
            "IFDSTADDR" => self.interface_address(b", ifr_dstaddr=", value),
            "IFBRDADDR" => self.interface_address(b", ifr_broadaddr=", value),
            "IFNETMASK" => self.interface_address(b", ifr_netmask=", value),
            "IFHWADDR" | "IFHWBROADCAST" => self.hardware_address(value),
            _ if request == "SIOCADDMULTI" || request == "SIOCDELMULTI" => self.hardware_address(value),
            "IFFLAGS" => {
                self.text(b", ifr_flags=");
                self.flags(&names::INTERFACE_FLAGS, word(value, 0, 2));
            }
            "IFINDEX" => number(self, b", ifr_ifindex="),
            "IFMETRIC" => number(self, b", ifr_metric="),
            "IFMTU" => number(self, b", ifr_mtu="),
            "IFTXQLEN" => number(self, b", ifr_qlen="),
            "IFSLAVE" => self.interface_text(b", ifr_slave=", value),
            "IFNAME" => self.interface_text(b", ifr_newname=", value),
            "IFMAP" => self.interface_map(value),
            _ => {}
        }
    }

    fn interface_text(&mut self, label: &[u8], value: &[u8]) {
        self.text(label);
        self.interface_name(value);
    }

    fn interface_address(&mut self, label: &[u8], value: &[u8]) {
        self.text(label);
        self.sockaddr(value.get(..16).unwrap_or(value));
    }

    /// A link of Ethernet has six bytes, others are told by all that fit.
    fn hardware_address(&mut self, value: &[u8]) {
        let family = word(value, 0, 2);
        self.text(b", ifr_hwaddr={sa_family=");
        self.name(&names::ARP_HARDWARE, family);
        self.text(b", sa_data=");
        let length = match family {
            1 | 772 => 6,
            0 => 7,
            _ => 14,
        };
        for (i, byte) in value.iter().skip(2).take(length).enumerate() {
            if i > 0 {
                self.text(b":");
            }
            digits::hex_zeros(self.out, u64::from(*byte), 2);
        }
        self.text(b"}");
    }

    fn interface_map(&mut self, value: &[u8]) {
        self.text(b", ifr_map={mem_start=");
        self.hex(word(value, 0, 8));
        for (label, at, width) in [
            (&b", mem_end="[..], 8, 8),
            (b", base_addr=", 16, 2),
            (b", irq=", 18, 1),
            (b", dma=", 19, 1),
            (b", port=", 20, 1),
        ] {
            self.text(label);
            self.hex(word(value, at, width));
        }
        self.text(b"}");
    }

    /// `{ifc_len=400 /* 10 * sizeof(struct ifreq) */ => 80 /* … */, ifc_buf=[{ifr_name="lo", …}]}`.
    pub(super) fn interfaces(&mut self, at: u8) {
        let size = layout::IFCONF.size as usize;
        let Some(before) = self.memory(at, 0).filter(|kept| kept.bytes.len() >= size) else { return self.address(at) };
        let list = word(before.bytes, 8, 8);
        self.text(b"{ifc_len=");
        // Without a list the request asks how long it would be.
        if list != 0 {
            self.room(before.bytes);
        }
        self.late();
        let after = self.memory(at, 1).filter(|kept| kept.bytes.len() >= size);
        let answered = after.filter(|after| word(after.bytes, 0, 4) != word(before.bytes, 0, 4));
        match answered {
            Some(after) => {
                if list != 0 {
                    self.text(b" => ");
                }
                self.room(after.bytes);
            }
            None if list == 0 => self.room(before.bytes),
            None => {}
        }
        self.text(b", ifc_buf=");
        let told = self.kept(at, 1, Shape::Struct, 1 << 16).filter(|kept| !kept.is_faulted());
        let is_empty = answered.is_some_and(|after| word(after.bytes, 0, 4) == 0);
        match told.filter(|_| after.is_some_and(|after| word(after.bytes, 8, 8) != 0)) {
            Some(list) => self.interface_list(list),
            None if list != 0 && is_empty => self.text(b"[]"),
            None => self.pointer(list),
        }
        self.text(b"}");
    }

    fn room(&mut self, bytes: &[u8]) {
        let length = signed(bytes, 0, 4);
        self.signed(length);
        if length > 0 && length % REQUEST as i64 == 0 {
            self.text(b" /* ");
            self.signed(length / REQUEST as i64);
            self.text(b" * sizeof(struct ifreq) */");
        }
    }

    fn interface_list(&mut self, kept: Kept<'_>) {
        self.list(kept, REQUEST, |own, bytes| {
            own.text(b"{ifr_name=");
            own.interface_name(bytes);
            own.interface_address(b", ifr_addr=", bytes.get(NAME..).unwrap_or(&[]));
            own.text(b"}");
        });
    }
}
