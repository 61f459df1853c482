//! Sockets by inode: protocol and addresses, as /proc/TID/net tells them.
//!
//! The tables are those of the task's own network namespace. Of a socket without a line there (one
//! that was never bound or connected, or of a family without a table) the socket itself names its
//! protocol: `TCP:[inode]`.

use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::procfs::ProcPath;
use crate::sys::links::read_attribute;

/// Tables of internet sockets: file, name as strace prints it, bytes of an address.
const INTERNET: [(&str, &str, usize); 6] = [
    ("net/tcp", "TCP", 4),
    ("net/tcp6", "TCPv6", 16),
    ("net/udp", "UDP", 4),
    ("net/udp6", "UDPv6", 16),
    ("net/raw", "RAW", 4),
    ("net/raw6", "RAWv6", 16),
];

/// `TCP:[127.0.0.1:5000->127.0.0.1:80]`, `UNIX-STREAM:[77,"/run/x"]`, `UDP:[78]`; `None` for a socket
/// that says nothing of itself. `fd` is its link below /proc.
pub(crate) fn describe(tid: u32, fd: &ProcPath, inode: u64) -> Option<Vec<u8>> {
    unix(tid, inode)
        .or_else(|| INTERNET.iter().find_map(|table| internet(tid, inode, *table)))
        .or_else(|| netlink(tid, inode))
        .or_else(|| protocol(fd, inode))
}

/// The kernel's name of the protocol, an attribute of every socket.
fn protocol(fd: &ProcPath, inode: u64) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    let name = read_attribute(fd.as_c_str(), c"system.sockprotoname", &mut buffer)?;
    let mut out = name.to_vec();
    out.extend_from_slice(format!(":[{inode}]").as_bytes());
    Some(out)
}

fn lines(tid: u32, file: &str, mut each: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut reader = BufReader::with_capacity(16 << 10, File::open(ProcPath::of(tid, file).as_str()).ok()?);
    let mut line = Vec::with_capacity(256);
    // The first line is a heading.
    reader.read_until(b'\n', &mut line).ok()?;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if let Some(found) = each(line.trim_ascii_end()) {
            return Some(found);
        }
    }
}

/// proc_net(5): local address is field 1, the remote one 2, the inode 9.
fn internet(tid: u32, inode: u64, (file, name, width): (&str, &str, usize)) -> Option<Vec<u8>> {
    lines(tid, file, |line| {
        let text = std::str::from_utf8(line).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let local = fields.nth(1)?;
        let remote = fields.next()?;
        if fields.nth(6)?.parse() != Ok(inode) {
            return None;
        }
        let (local, remote) = (address(local, width)?, address(remote, width)?);
        let mut out = format!("{name}:[{local}");
        if remote.port() != 0 {
            let _ = write!(out, "->{remote}");
        }
        out.push(']');
        Some(out.into_bytes())
    })
}

/// `0100007F:1F90`: words of the address in host order, each as hex, then the port.
fn address(text: &str, width: usize) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    if ip.len() != 2 * width {
        return None;
    }
    let mut bytes = [0; 16];
    for i in 0..width / 4 {
        let word = u32::from_str_radix(ip.get(8 * i..8 * i + 8)?, 16).ok()?;
        bytes[4 * i..4 * i + 4].copy_from_slice(&word.to_ne_bytes());
    }
    Some(if width == 4 {
        SocketAddr::from((Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]), port))
    } else {
        SocketAddr::from((Ipv6Addr::from(bytes), port))
    })
}

/// `Num RefCount Protocol Flags Type St Inode Path`.
fn unix(tid: u32, inode: u64) -> Option<Vec<u8>> {
    lines(tid, "net/unix", |line| {
        let mut fields = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
        // As the kernel names the two protocols behind the three types.
        let kind = if fields.nth(4)? == b"0001" { "UNIX-STREAM" } else { "UNIX" };
        if std::str::from_utf8(fields.nth(1)?).ok()?.parse() != Ok(inode) {
            return None;
        }
        let mut out = format!("{kind}:[{inode}").into_bytes();
        // The path is the rest of the line, spaces included; it begins behind the inode's own space.
        if let Some(path) = path_of(line) {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(path);
            out.push(b'"');
        }
        out.push(b']');
        Some(out)
    })
}

fn path_of(line: &[u8]) -> Option<&[u8]> {
    let mut rest = line;
    for _ in 0..7 {
        let start = rest.iter().position(|&b| b != b' ')?;
        rest = rest.get(start..)?;
        let end = rest.iter().position(|&b| b == b' ').unwrap_or(rest.len());
        rest = rest.get(end..)?;
    }
    rest.strip_prefix(b" ").filter(|path| !path.is_empty())
}

/// `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`; protocols of netlink(7).
fn netlink(tid: u32, inode: u64) -> Option<Vec<u8>> {
    const PROTOCOLS: [(u32, &str); 9] = [
        (0, "ROUTE"),
        (4, "SOCK_DIAG"),
        (6, "XFRM"),
        (7, "SELINUX"),
        (9, "AUDIT"),
        (11, "CONNECTOR"),
        (12, "NETFILTER"),
        (15, "KOBJECT_UEVENT"),
        (16, "GENERIC"),
    ];
    lines(tid, "net/netlink", |line| {
        let text = std::str::from_utf8(line).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let protocol: u32 = fields.nth(1)?.parse().ok()?;
        let port: u32 = fields.next()?.parse().ok()?;
        if fields.nth(6)?.parse() != Ok(inode) {
            return None;
        }
        let name = PROTOCOLS.iter().find(|row| row.0 == protocol).map(|row| row.1);
        Some(
            match name {
                Some(name) => format!("NETLINK:[{name}:{port}]"),
                None => format!("NETLINK:[{protocol}:{port}]"),
            }
            .into_bytes(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixListener;

    fn told(fd: &dyn AsRawFd) -> Option<String> {
        let path = ProcPath::fd(std::process::id(), fd.as_raw_fd());
        let inode = std::fs::metadata(path.as_str()).expect("stat").ino();
        describe(std::process::id(), &path, inode).map(|text| String::from_utf8(text).expect("ascii"))
    }

    #[test]
    fn both_ends_of_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let here = listener.local_addr().expect("addr");
        let client = TcpStream::connect(here).expect("connect");
        let there = client.local_addr().expect("addr");
        let (server, _) = listener.accept().expect("accept");
        assert_eq!(told(&listener), Some(format!("TCP:[{here}]")));
        assert_eq!(told(&client), Some(format!("TCP:[{there}->{here}]")));
        assert_eq!(told(&server), Some(format!("TCP:[{here}->{there}]")));
    }

    #[test]
    fn datagrams_and_ipv6() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
        assert_eq!(told(&socket), Some(format!("UDP:[{}]", socket.local_addr().expect("addr"))));
        match TcpListener::bind("[::1]:0") {
            Ok(six) => assert_eq!(told(&six), Some(format!("TCPv6:[{}]", six.local_addr().expect("addr")))),
            Err(why) => println!("skipped: no IPv6 here: {why}"),
        }
    }

    #[test]
    fn a_unix_socket_with_a_space_in_its_path() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("a b");
        let listener = UnixListener::bind(&path).expect("bind");
        let text = told(&listener).expect("a line");
        assert!(text.starts_with("UNIX-STREAM:["), "{text}");
        assert!(text.ends_with(&format!(",\"{}\"]", path.display())), "{text}");
    }

    #[test]
    fn a_socket_without_an_address_names_its_protocol() {
        let socket = std::os::unix::net::UnixDatagram::unbound().expect("socket");
        let text = told(&socket).expect("a protocol");
        assert!(text.starts_with("UNIX:["), "{text}");
    }

    #[test]
    fn odd_addresses() {
        for text in ["", ":", "0100007F", "0100007F:", "xyz:1", "0100007F:1FFFF", "01000:1"] {
            assert_eq!(address(text, 4), None, "{text}");
        }
        assert_eq!(address("0100007F:1F90", 4).map(|a| a.to_string()).as_deref(), Some("127.0.0.1:8080"));
    }
}
