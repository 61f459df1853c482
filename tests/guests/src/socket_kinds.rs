//! Sockets of every kind, asked about, waited for and passed on, and a process: what `-yy` says of each.

use crate::posix::{must, say};
use crate::words::Words;
use std::ffi::c_void;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

pub fn run(_: &Words) -> i32 {
    unix();
    internet();
    netlink();
    processes();
    say!("done");
    0
}

fn unix() {
    let (one, other) = UnixStream::pair().expect("a pair");
    let listener = UnixListener::bind("a \"b\"\n").expect("a path");
    let client = UnixStream::connect("a \"b\"\n").expect("connected");
    let (server, _) = listener.accept().expect("accepted");
    // Names are those of the whole machine: ours is that of the directory.
    let here = std::env::current_dir().expect("a directory");
    let name =
        [b"chic\x01", here.parent().and_then(std::path::Path::file_name).unwrap_or_default().as_bytes()].concat();
    let address = SocketAddr::from_abstract_name(name).expect("a name");
    let hidden = UnixDatagram::bind_addr(&address).expect("an abstract name");
    send(hidden.as_raw_fd(), b"unconnected");
    wait_for(&[one.as_raw_fd(), listener.as_raw_fd(), hidden.as_raw_fd(), -1]);
    pass(one.as_raw_fd(), other.as_raw_fd(), &[server.as_raw_fd(), client.as_raw_fd()]);
    send(client.as_raw_fd(), b"to the server");
    std::fs::remove_file("a \"b\"\n").expect("the path goes");
    // None is closed before the end, so that all have their peers.
    std::mem::forget((one, other, listener, client, server, hidden));
}

fn send(fd: RawFd, data: &[u8]) {
    unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), libc::MSG_NOSIGNAL) };
}

/// By each of the three families of calls, without waiting.
fn wait_for(fds: &[RawFd]) {
    let mut asked: Vec<libc::pollfd> =
        fds.iter().map(|fd| libc::pollfd { fd: *fd, events: libc::POLLIN | libc::POLLOUT, revents: 0 }).collect();
    must("poll", unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as u64, 0) });
    // Only the last of many is ready.
    let mut many = vec![libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; 40];
    many.push(libc::pollfd { fd: fds[0], events: libc::POLLOUT, revents: 0 });
    must("poll", unsafe { libc::poll(many.as_mut_ptr(), many.len() as u64, 0) });
    let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
    let known = || fds.iter().filter(|fd| **fd >= 0);
    known().for_each(|fd| unsafe { libc::FD_SET(*fd, &mut set) });
    let mut now = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let none = std::ptr::null_mut();
    let most = known().max().map_or(0, |fd| fd + 1);
    must("select", unsafe { libc::select(most, none, &mut set, none, &mut now) });
    let queue = must("epoll_create1", unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }) as i32;
    for operation in [libc::EPOLL_CTL_ADD, libc::EPOLL_CTL_MOD, libc::EPOLL_CTL_DEL] {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 7 };
        must("epoll_ctl", unsafe { libc::epoll_ctl(queue, operation, fds[0], &mut event) });
    }
}

/// Sends descriptors with one byte, and receives them.
fn pass(from: RawFd, to: RawFd, fds: &[RawFd]) {
    let mut byte = [b'f'];
    let mut vector = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = [0u64; 16];
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &mut vector;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of_val(fds) as u32) } as usize;
    unsafe {
        let head = libc::CMSG_FIRSTHDR(&message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = libc::CMSG_LEN(size_of_val(fds) as u32) as usize;
        std::ptr::copy_nonoverlapping(fds.as_ptr(), libc::CMSG_DATA(head).cast(), fds.len());
    }
    must("sendmsg", unsafe { libc::sendmsg(from, &message, 0) });
    message.msg_controllen = size_of_val(&control);
    must("recvmsg", unsafe { libc::recvmsg(to, &mut message, libc::MSG_CMSG_CLOEXEC) });
}

fn internet() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let client = TcpStream::connect(listener.local_addr().expect("its address")).expect("connected");
    let (server, _) = listener.accept().expect("accepted");
    send(server.as_raw_fd(), b"to the client");
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
    std::mem::forget((listener, client, server, datagrams));
}

/// A descriptor of a process is no socket, and has a note of its own.
fn processes() {
    let own = must("pidfd_open", unsafe { libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) }) as i32;
    must("fcntl", unsafe { libc::fcntl(own, libc::F_GETFD) });
}

/// Two messages without a body to the kernel in one write, and what it says to each.
fn netlink() {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let fd = must("socket", unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) }) as i32;
    let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = libc::AF_NETLINK as u16;
    let (own, size) = ((&raw const address).cast(), size_of_val(&address) as u32);
    must("bind", unsafe { libc::bind(fd, own, size) });
    let message = |kind: u16, number: u32| {
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        [&16u32.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &number.to_ne_bytes(), &[0; 4]].concat()
    };
    let both = [message(libc::NLMSG_NOOP as u16, 1), message(libc::RTM_GETLINK, 2)].concat();
    must("sendto", unsafe { libc::sendto(fd, both.as_ptr().cast(), both.len(), 0, own, size) });
    let mut answer = [0u64; 512];
    let buffer: *mut c_void = answer.as_mut_ptr().cast();
    must("recv", unsafe { libc::recv(fd, buffer, size_of_val(&answer), 0) });
    let mut vector = libc::iovec { iov_base: buffer, iov_len: size_of_val(&answer) };
    let mut head: libc::msghdr = unsafe { std::mem::zeroed() };
    head.msg_name = (&raw mut address).cast();
    head.msg_namelen = size;
    head.msg_iov = &mut vector;
    head.msg_iovlen = 1;
    must("recvmsg", unsafe { libc::recvmsg(fd, &mut head, 0) });
}
