//! Messages of NETLINK_ROUTE: what a program asks of links, addresses, routes and neighbours, what it is answered,
//! and what it is refused.

use crate::posix::{must, say};
use crate::words::Words;
use std::ffi::c_void;

/// Everything that the kernel knows of links, addresses, routes and neighbours, and what it does not know.
pub fn run(_: &Words) -> i32 {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let fd = must("socket", unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) }) as i32;
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as u16;
    let (own, size) = ((&raw const address).cast(), size_of_val(&address) as u32);
    must("bind", unsafe { libc::bind(fd, own, size) });
    // The family, then what is asked for: links without counts, all routes of the main table.
    let bodies: [(u16, &[u8]); 7] = [
        (libc::RTM_GETLINK, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 29, 0, 8, 0, 0, 0]),
        (libc::RTM_GETLINK, &[0; 16]),
        (libc::RTM_GETADDR, &[0]),
        (libc::RTM_GETADDR, &[2, 0, 0, 0, 0, 0, 0, 0]),
        (libc::RTM_GETROUTE, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 15, 0, 255, 0, 0, 0]),
        (libc::RTM_GETNEIGH, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (114, &[77, 1, 2, 3]),
    ];
    for (number, (kind, body)) in (1u32..).zip(bodies) {
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        let length = 16 + body.len() as u32;
        let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &number.to_ne_bytes()];
        let message = [&head.concat()[..], &[0; 4], body].concat();
        must("sendto", unsafe { libc::sendto(fd, message.as_ptr().cast(), message.len(), 0, own, size) });
        // The kernel answers while it is asked: when there is nothing, that was all.
        let mut answer = [0u64; 4096];
        let (buffer, room) = (answer.as_mut_ptr().cast::<c_void>(), size_of_val(&answer));
        while unsafe { libc::recv(fd, buffer, room, libc::MSG_DONTWAIT) } > 0 {}
    }
    // Changes that the kernel refuses, with attributes of every kind.
    let attribute = |kind: u16, data: &[u8]| {
        let mut bytes = [&(4 + data.len() as u16).to_ne_bytes()[..], &kind.to_ne_bytes(), data].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    };
    let link = [
        attribute(3, b"absent0\0"),
        attribute(4, &1500u32.to_ne_bytes()),
        attribute(1, &[2, 0, 0, 0, 0, 1]),
        attribute(0x8000 | 18, &[attribute(1, b"dummy\0"), attribute(2, b"data")].concat()),
        attribute(20, b"no end"),
        attribute(4, &[1]),
        attribute(99, b"unknown"),
        attribute(16, b""),
    ];
    let route = [
        attribute(1, &[10, 0, 0, 0]),
        attribute(5, &[10, 0, 0, 1]),
        attribute(4, &77u32.to_ne_bytes()),
        attribute(6, &7u32.to_ne_bytes()),
        attribute(8, &attribute(2, &1400u32.to_ne_bytes())),
        attribute(15, &254u32.to_ne_bytes()),
    ];
    let neighbour = [attribute(1, &[10, 0, 0, 9]), attribute(2, &[2, 0, 0, 0, 0, 9]), attribute(5, &[1, 0])];
    let address6 =
        [attribute(1, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), attribute(8, &[0x80, 0, 0, 0])];
    for (kind, body, rest) in [
        (libc::RTM_NEWLINK, &[0, 0, 1, 0, 77, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0][..], &link.concat()),
        (libc::RTM_NEWROUTE, &[2, 24, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0], &route.concat()),
        (libc::RTM_NEWNEIGH, &[2, 0, 0, 0, 77, 0, 0, 0, 0x80, 0, 8, 0], &neighbour.concat()),
        (libc::RTM_NEWADDR, &[10, 64, 0x80, 0, 77, 0, 0, 0], &address6.concat()),
        (libc::RTM_DELADDR, &[2, 8, 0, 254, 77, 0, 0, 0], &vec![1, 2, 3]),
        (libc::RTM_DELLINK, &[0, 0, 1], &vec![]),
    ] {
        let length = 16 + body.len() as u32 + rest.len() as u32;
        let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &1u16.to_ne_bytes(), &[9, 0, 0, 0]];
        let message = [&head.concat()[..], &[0; 4], body, rest].concat();
        must("sendto", unsafe { libc::sendto(fd, message.as_ptr().cast(), message.len(), 0, own, size) });
    }
    say!("done");
    0
}
