//! Sockets by inode: protocol and addresses, as the kernel tells them.
//!
//! In: an inode, and the task that holds the socket. Out: what strace prints of it. The addresses stand
//! in /proc/TID/net, the tables of the task's own network namespace. What they leave out is asked of the
//! kernel (sock_diag(7)): the peer of a UNIX socket, an address that is bound and not yet used. It
//! answers for our own namespace only. Of a socket without an address the protocol is told: `TCP:[inode]`.

mod diag;

use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::procfs::ProcPath;
use crate::sys::links::read_attribute;
use diag::Diag;

/// Tables of internet sockets: file, name as strace prints it, bytes of an address.
const INTERNET: [(&str, &str, usize); 6] = [
    ("net/tcp", "TCP", 4),
    ("net/tcp6", "TCPv6", 16),
    ("net/udp", "UDP", 4),
    ("net/udp6", "UDPv6", 16),
    ("net/raw", "RAW", 4),
    ("net/raw6", "RAWv6", 16),
];

/// Tells of sockets; keeps the one on which it asks.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    diag: Diag,
}

impl Sockets {
    /// `TCP:[127.0.0.1:5000->127.0.0.1:80]`, `UNIX-STREAM:[77->78,"/run/x"]`, `NETLINK:[ROUTE:4711]`,
    /// `UDP:[78]`; `None` for a socket that says nothing of itself. `fd` is its link below /proc. The
    /// path stands there as it is, byte for byte.
    pub(crate) fn describe(&mut self, tid: u32, fd: &ProcPath, inode: u64) -> Option<Vec<u8>> {
        let mut buffer = [0; 64];
        // The kernel's name of the protocol, an attribute of every socket.
        let name = read_attribute(fd.as_c_str(), c"system.sockprotoname", &mut buffer)?;
        let found = match name {
            b"UNIX" | b"UNIX-STREAM" => self.unix(tid, name, inode),
            b"NETLINK" => netlink(tid, inode),
            _ => INTERNET
                .iter()
                .find(|table| table.1.as_bytes() == name)
                .and_then(|table| internet(tid, inode, *table).or_else(|| self.bound(tid, inode, *table))),
        };
        Some(found.unwrap_or_else(|| [name, format!(":[{inode}]").as_bytes()].concat()))
    }

    /// The inode of the other end, and the path or `@` and the abstract name.
    fn unix(&mut self, tid: u32, protocol: &[u8], inode: u64) -> Option<Vec<u8>> {
        let mut out = [protocol, format!(":[{inode}").as_bytes()].concat();
        let name = if is_of_our_network(tid) {
            let socket = self.diag.unix(inode)?;
            if let Some(peer) = socket.peer {
                out.extend_from_slice(format!("->{peer}").as_bytes());
            }
            socket.name
        } else {
            unix_name(tid, inode)
        };
        if let Some(name) = name {
            let hidden = name.strip_prefix(b"\0");
            out.extend_from_slice(if hidden.is_some() { b",@\"" } else { b",\"" });
            out.extend_from_slice(hidden.unwrap_or(&name));
            out.push(b'"');
        }
        out.push(b']');
        Some(out)
    }

    /// The address of a TCP socket that neither listens nor is connected: it has no line in the table.
    fn bound(&mut self, tid: u32, inode: u64, (_, name, width): (&str, &str, usize)) -> Option<Vec<u8>> {
        if !name.starts_with("TCP") || !is_of_our_network(tid) {
            return None;
        }
        let address = self.diag.bound(width == 16, inode)?;
        Some(format!("{name}:[{address}]").into_bytes())
    }
}

/// Is the task in our own network namespace?
fn is_of_our_network(tid: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &str| std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    match (of("/proc/self/ns/net"), of(ProcPath::of(tid, "ns/net").as_str())) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        _ => false,
    }
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

/// `Num RefCount Protocol Flags Type St Inode Path`. The NUL before an abstract name is an `@` there.
fn unix_name(tid: u32, inode: u64) -> Option<Vec<u8>> {
    lines(tid, "net/unix", |line| {
        let field = line.split(|&b| b == b' ').filter(|word| !word.is_empty()).nth(6)?;
        let is_it = std::str::from_utf8(field).ok()?.parse() == Ok(inode);
        // The path is the rest of the line, spaces included; it begins behind the inode's own space.
        let path = path_of(line).filter(|_| is_it)?;
        Some(path.strip_prefix(b"@").map_or_else(|| path.to_vec(), |name| [b"\0", name].concat()))
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
    lines(tid, "net/netlink", |line| {
        let text = std::str::from_utf8(line).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let protocol: u32 = fields.nth(1)?.parse().ok()?;
        let port: u32 = fields.next()?.parse().ok()?;
        if fields.nth(6)?.parse() != Ok(inode) {
            return None;
        }
        let name = syscalls::names::NETLINK_PROTOCOL.name(u64::from(protocol));
        let told = match name.and_then(|name| name.strip_prefix("NETLINK_")) {
            Some(name) => format!("NETLINK:[{name}:{port}]"),
            None => format!("NETLINK:[{protocol}]"),
        };
        Some(told.into_bytes())
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
        Sockets::default()
            .describe(std::process::id(), &path, inode)
            .map(|text| String::from_utf8(text).expect("ascii"))
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
    fn ends_of_a_unix_connection_know_each_other() {
        use std::os::unix::net::{UnixDatagram, UnixStream};
        let ino = |fd: &dyn AsRawFd| {
            let path = ProcPath::fd(std::process::id(), fd.as_raw_fd());
            std::fs::metadata(path.as_str()).expect("stat").ino()
        };
        let (one, other) = UnixStream::pair().expect("a pair");
        assert_eq!(told(&one), Some(format!("UNIX-STREAM:[{}->{}]", ino(&one), ino(&other))));
        assert_eq!(told(&other), Some(format!("UNIX-STREAM:[{}->{}]", ino(&other), ino(&one))));
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("a b");
        let listener = UnixListener::bind(&path).expect("bind");
        let client = UnixStream::connect(&path).expect("connect");
        let (server, _) = listener.accept().expect("accept");
        let (here, there) = (ino(&server), ino(&client));
        assert_eq!(told(&server), Some(format!("UNIX-STREAM:[{here}->{there},\"{}\"]", path.display())));
        assert_eq!(told(&client), Some(format!("UNIX-STREAM:[{there}->{here}]")));
        let name = format!("chic-trace-{}", ino(&one));
        let address = <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&name);
        let abstract_one = UnixDatagram::bind_addr(&address.expect("an address")).expect("bind");
        assert_eq!(told(&abstract_one), Some(format!("UNIX:[{},@\"{name}\"]", ino(&abstract_one))));
    }

    #[test]
    fn netlink_sockets_tell_their_protocol() {
        let socket = crate::sys::diag::open().expect("a socket");
        assert!(told(&socket).is_some_and(|text| text.starts_with("NETLINK:[")), "{:?}", told(&socket));
        // The first request binds it.
        let _ = std::io::Write::write(&mut &socket, &[0; 16]);
        let text = told(&socket).expect("told");
        assert!(text.starts_with("NETLINK:[SOCK_DIAG:"), "{text}");
    }

    #[test]
    fn odd_addresses() {
        for text in ["", ":", "0100007F", "0100007F:", "xyz:1", "0100007F:1FFFF", "01000:1"] {
            assert_eq!(address(text, 4), None, "{text}");
        }
        assert_eq!(address("0100007F:1F90", 4).map(|a| a.to_string()).as_deref(), Some("127.0.0.1:8080"));
    }
}
