//! Sockets: made, bound, connected, asked, spoken through; interfaces.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    drop_privileges();
    kinds();
    addresses();
    connected();
    messages();
    options();
    interfaces();
}

fn kinds() {
    for (family, kind, protocol) in [
        (1, 1, 0),
        (1, 2 | 0x8_0000, 0),
        (1, 5 | 0x800, 77),
        (2, 1, 6),
        (2, 2, 17),
        (2, 3, 1),
        (10, 2, 0),
        (10, 3, 58),
        (16, 3, 0),
        (16, 2, 9),
        (16, 3, 77),
        (17, 3, 0x0300),
        (17, 2, 0x0008),
        (31, 3, 1),
        (38, 5, 0),
        (40, 1, 0),
        (77, 77, 77),
        (0, 0, 0),
    ] {
        let socket = call!(SYS_socket, family, kind, protocol);
        call!(SYS_close, socket);
    }
    let mut pair = [0u32; 2];
    call!(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, &mut pair);
    call!(SYS_socketpair, AF_INET, SOCK_STREAM, 0, NOWHERE);
    call!(SYS_shutdown, pair[0], SHUT_RDWR);
    call!(SYS_shutdown, 99, 77);
}

fn addresses() {
    let six = |scope: u8| {
        let mut bytes = [0u8; 28];
        bytes[0] = 10;
        bytes[2..4].copy_from_slice(&[0, 80]);
        bytes[4..8].copy_from_slice(&[0, 1, 0xe2, 0x40]);
        bytes[8..10].copy_from_slice(&[0xfe, 0x80]);
        (bytes[23], bytes[24]) = (1, scope);
        bytes
    };
    let all: [(&[u8], usize); 30] = [
        (b"\x01\0a/path\0", 9),
        (b"\x01\0\0hidden\0name", 14),
        (b"\x01\0", 2),
        (b"\x02\0\x1f\x90\x7f\0\0\x01\0\0\0\0\0\0\0\0", 16),
        (b"\x02\0\x1f\x90\x7f\0\0\x01", 8),
        (&six(0), 28),
        (&six(1), 28),
        (&six(200), 24),
        (b"\x10\0\0\0\x05\0\0\0\x01\0\0\0", 12),
        (b"\x11\0\x08\x00\x01\0\0\0\x01\0\x04\x06\x01\x02\x03\x04\x05\x06\0\0", 20),
        (b"\x11\0\x86\xdd\x4d\0\0\0\xff\xff\x77\x02\x01\x02", 14),
        (b"\x28\0\0\0\x39\x30\0\0\x02\0\0\0\0\0\0\0", 16),
        (b"\x26\0skcipher\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0cbc(aes)\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 88),
        (b"\x1f\0\x01\x10\x01\x02\x03\x04\x05\x06\0\0\0\0", 14),
        (b"\x04\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\0\0\0", 16),
        (b"\x03\0ABC\0\0\0\0\0\0\0\0\0\0\0", 16),
        (b"\x03\0\x9c\x60\x86\x82\x98\x98\x02\0\0\0\0\0\0\0", 16),
        (b"\x03\0\x9c\x60\x86\x40\x40\x40\x1e\0\0\0\0\0\0\0", 16),
        (b"\x03\0\x40\x40\x40\x40\x40\x40\0\0\0\0\x01\0\0\0\x9c\x60\x86\x82\x98\x98\x02", 23),
        (b"\x09\x001234567\0\0\0\0\0\0\0\0\0", 18),
        (b"\x1f\0\x01\0\x03\0", 6),
        (b"\x1f\0\x01\x02\x03\x04\x05\x06", 8),
        (b"\x1f\0\x01\x02\x03\x04\x05\x06\x07\0", 10),
        (b"\x1f\0\x03\0\x01\x02\x03\x04\x05\x06\x40\0\x01\0", 14),
        (b"\x1f\0\x80\0\x01\x02\x03\x04\x05\x06\x04\0\x07\0", 14),
        (b"\x2a\0\0\0\x01\0\0\0\xfe\xff\xff\xff", 12),
        (b"\x2c\0\x04\0\x4d\0\0\0\x02\0\0\0\x05\0\0\0", 16),
        (b"\x4d\0anything", 10),
        (b"\0\0", 2),
        (b"\x01", 1),
    ];
    for (bytes, length) in all {
        call!(SYS_bind, 99, bytes.as_ptr(), length);
    }
    call!(SYS_connect, 99, all[3].0.as_ptr(), 16);
    call!(SYS_connect, 99, all[0].0.as_ptr(), 300);
    call!(SYS_connect, 99, NOWHERE, 16);
    call!(SYS_connect, 99, 0, 0);
    call!(SYS_bind, 99, all[3].0.as_ptr(), -1);
}

fn connected() {
    let mut address = [0u8; 128];
    let mut length = [128u32, 0];
    let listener = call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    // Names are those of the whole machine.
    let name = format!("\x01\0\0every-call-{:07}", std::process::id());
    let (name, length_of_name) = (name.as_ptr(), name.len());
    call!(SYS_bind, listener, name, length_of_name);
    call!(SYS_listen, listener, 5);
    call!(SYS_listen, 99, -1);
    let client = call!(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    call!(SYS_connect, client, name, length_of_name);
    let server = call!(SYS_accept4, listener, &mut address, &mut length, SOCK_CLOEXEC);
    call!(SYS_accept, 99, &mut address, &mut length);
    call!(SYS_accept, 0, 0, 0);
    call!(SYS_accept4, 99, NOWHERE, NOWHERE, 0x7);
    length[0] = 128;
    call!(SYS_getsockname, listener, &mut address, &mut length);
    length[0] = 5;
    call!(SYS_getpeername, client, &mut address, &mut length);
    call!(SYS_getpeername, listener, &mut address, &mut length);
    call!(SYS_getsockname, client, NOWHERE, NOWHERE);
    call!(SYS_sendto, client, b"to the server", 13, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
    call!(SYS_sendto, 99, b"nowhere", 7, MSG_OOB | MSG_MORE, name, length_of_name);
    call!(SYS_sendto, client, NOWHERE, 7, 0x7_0000, NOWHERE, 16);
    length[0] = 128;
    call!(SYS_recvfrom, server, &mut [0u8; 64], 64, MSG_PEEK, &mut address, &mut length);
    call!(SYS_recvfrom, server, &mut [0u8; 64], 64, 0, 0, 0);
    call!(SYS_recvfrom, 99, NOWHERE, 64, MSG_TRUNC, NOWHERE, NOWHERE);
}

fn messages() {
    let mut pair = [0u32; 2];
    call!(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, &mut pair);
    call!(SYS_setsockopt, pair[1], SOL_SOCKET, SO_PASSCRED, &[1u32], 4);
    let own = call!(SYS_getpid) as u32;
    let data = [b"one".as_ptr() as u64, 3, b"two".as_ptr() as u64, 3];
    let rights = words32::<6>(&[(0, 20), (2, 1), (3, 1), (4, 0)]);
    let credentials = words32::<8>(&[(0, 28), (2, 1), (3, 2), (4, own)]);
    let other = words32::<8>(&[(0, 18), (2, 41), (3, 50), (4, 7)]);
    let broken = words32::<4>(&[(0, 5), (2, 1), (3, 1)]);
    let controls: [(u64, u64); 6] = [
        (0, 0),
        (rights.as_ptr() as u64, 20),
        (credentials.as_ptr() as u64, 32),
        (other.as_ptr() as u64, 18),
        (broken.as_ptr() as u64, 16),
        (NOWHERE, 16),
    ];
    for (control, length) in controls {
        let message = [0u64, 0, data.as_ptr() as u64, 2, control, length, 0];
        call!(SYS_sendmsg, pair[0], &message, MSG_DONTWAIT);
    }
    let (mut room, mut control) = ([0u8; 64], [0u64; 16]);
    let into = [room.as_mut_ptr() as u64, 4, room[8..].as_ptr() as u64, 8];
    for _ in 0..4 {
        let mut message = [0u64, 0, into.as_ptr() as u64, 2, control.as_mut_ptr() as u64, 128, 0];
        call!(SYS_recvmsg, pair[1], &mut message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    }
    let name = b"\x01\0absent\0";
    let message = [name.as_ptr() as u64, 9, NOWHERE, 3, 0, 0, 0];
    call!(SYS_sendmsg, pair[0], &message, 0);
    call!(SYS_sendmsg, pair[0], NOWHERE, 0);
    call!(SYS_recvmsg, 99, &message, 0x1000_0000);
    let many: [[u64; 8]; 2] = std::array::from_fn(|i| [0, 0, data.as_ptr() as u64, 1 + i as u64, 0, 0, 0, 0]);
    call!(SYS_sendmmsg, pair[0], &many, 2, MSG_DONTWAIT);
    call!(SYS_sendmmsg, 99, &many, 2, 0);
    call!(SYS_sendmmsg, 99, NOWHERE, 2, 0);
    let mut many: [[u64; 8]; 3] = [[0, 0, into.as_ptr() as u64, 2, 0, 0, 0, 0]; 3];
    call!(SYS_recvmmsg, pair[1], &mut many, 3, MSG_DONTWAIT, &mut [1u64, 5]);
    call!(SYS_recvmmsg, pair[1], &mut many, 3, MSG_DONTWAIT, 0);
    call!(SYS_recvmmsg, 99, NOWHERE, 3, MSG_WAITFORONE, NOWHERE);
}

/// Each level with each small number of an option, read and written.
fn options() {
    let stream = call!(SYS_socket, AF_INET, SOCK_STREAM, 0);
    let six = call!(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    let packet = call!(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    for (socket, level, most) in [
        (stream, 1, 90),
        (packet, 1, 90),
        (stream, 6, 50),
        (stream, 0, 60),
        (six, 41, 85),
        (six, 17, 110),
        (stream, 263, 30),
        (stream, 270, 14),
        (stream, 262, 5),
        (stream, 132, 40),
        (stream, 255, 3),
        (stream, 777, 2),
    ] {
        for option in 0..most {
            // What such an option answers, the kernel may have counted.
            if (level, option) != (6, 11) && (level, option) != (1, 0x21) {
                call!(SYS_getsockopt, socket, level, option, &mut [0u32; 64], &mut [4u32, 0]);
            }
            call!(SYS_setsockopt, -1, level, option, &[1u32, 2, 3, 4, 5, 6, 7, 8], 4);
            call!(SYS_setsockopt, -1, level, option, NOWHERE, 4);
        }
    }
    for (level, option, length) in [
        (1, 13, 8),
        (1, 13, 4),
        (1, 20, 16),
        (1, 20, 8),
        (1, 26, 16),
        (1, 25, 4),
        (1, 50, 4),
        (0, 35, 8),
        (0, 35, 12),
        (0, 36, 12),
        (0, 39, 12),
        (0, 41, 20),
        (41, 20, 20),
        (41, 34, 32),
        (263, 1, 16),
        (263, 5, 16),
        (263, 13, 28),
        (263, 18, 4),
        (6, 13, 1),
        (6, 14, 40),
        (1, 2, 0),
        (1, 2, -1),
        (1, 2, 2),
    ] {
        let value: [u32; 16] = std::array::from_fn(|i| i as u32 + 1);
        call!(SYS_setsockopt, -1, level, option, &value, length);
    }
    let mut length = [64u32, 0];
    for option in [3, 4, 7, 13, 15, 17, 20, 28, 30, 31, 38, 39, 57, 59, 77] {
        length[0] = 64;
        call!(SYS_getsockopt, packet, SOL_SOCKET, option, &mut [0u32; 64], &mut length);
    }
    call!(SYS_getsockopt, packet, SOL_SOCKET, SO_TYPE, NOWHERE, &mut length);
    call!(SYS_getsockopt, packet, SOL_SOCKET, SO_TYPE, &mut [0u32], NOWHERE);
    call!(SYS_getsockopt, 99, SOL_SOCKET, SO_TYPE, &mut [0u32], &mut length);
}

fn interfaces() {
    let socket = call!(SYS_socket, AF_INET, SOCK_DGRAM, 0);
    // `struct ifreq`: a name of 16 bytes, then what it is about.
    let request = || {
        let mut bytes = [0u8; 40];
        bytes[..2].copy_from_slice(b"lo");
        bytes
    };
    for number in (0x8910..=0x8940).chain([0x8942, 0x8943, 0x8946, 0x8970, 0x8971, 0x8982, 0x8953, 0x890b]) {
        if number != 0x8912 {
            call!(SYS_ioctl, socket, number, &mut request());
            call!(SYS_ioctl, -1, number, &mut request());
            call!(SYS_ioctl, -1, number, NOWHERE);
        }
    }
    let mut index = request();
    index[16] = 1;
    call!(SYS_ioctl, socket, 0x8910, &mut index);
    let mut list = [0u8; 400];
    call!(SYS_ioctl, socket, 0x8912, &mut [400u64, list.as_mut_ptr() as u64]);
    call!(SYS_ioctl, socket, 0x8912, &mut [20u64, list.as_mut_ptr() as u64]);
    call!(SYS_ioctl, socket, 0x8912, &mut [0u64, 0]);
    call!(SYS_ioctl, socket, 0x8912, &mut [400u64, NOWHERE]);
    call!(SYS_ioctl, -1, 0x8912, &mut [400u64, list.as_mut_ptr() as u64]);
    call!(SYS_ioctl, socket, 0x8912, NOWHERE);
    for number in [0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x541b, 0x5411, 0x8906, 0x8907, 0x894b] {
        call!(SYS_ioctl, socket, number, &mut [0u64; 4]);
    }
}
