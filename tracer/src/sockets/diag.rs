//! Diagnostics: what only the kernel's own answer tells of a socket (sock_diag(7)).
//!
//! In: an inode. Out: the peer and the name of a UNIX socket, the address of a TCP socket that is only
//! bound. The kernel answers while the question is being written, so nothing here waits.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::sys;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `struct nlmsghdr`.
const HEAD: usize = 16;
const UDIAG_SHOW_NAME: u32 = 1;
const UDIAG_SHOW_PEER: u32 = 4;
const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_PEER: u16 = 2;
/// `struct unix_diag_msg`.
const UNIX_MESSAGE: usize = 16;
/// `struct inet_diag_msg`, and where its ports, address and inode stand.
const INET_MESSAGE: usize = 72;
const INET_PORT: usize = 4;
const INET_ADDRESS: usize = 8;
const INET_INODE: usize = 68;
/// A TCP socket that is bound and nothing more: `TCP_BOUND_INACTIVE` of kernels from 6.8 on.
const BOUND_INACTIVE: u32 = 1 << 13;

/// What is known of a UNIX socket.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UnixSocket {
    /// The inode of the other end.
    pub peer: Option<u32>,
    /// The path, or NUL and the abstract name.
    pub name: Option<Vec<u8>>,
}

/// The socket on which questions are asked; opened by the first.
#[derive(Debug, Default)]
pub(super) struct Diag {
    socket: Option<File>,
    asked: u32,
}

impl Diag {
    /// The UNIX socket with this inode.
    pub fn unix(&mut self, inode: u64) -> Option<UnixSocket> {
        let inode = u32::try_from(inode).ok()?;
        let mut question = [0; 24];
        question[0] = libc::AF_UNIX as u8;
        question[8..12].copy_from_slice(&inode.to_le_bytes());
        question[12..16].copy_from_slice(&(UDIAG_SHOW_NAME | UDIAG_SHOW_PEER).to_le_bytes());
        // Any cookie will do.
        question[16..24].fill(0xff);
        self.ask(0, &question, |answer| (word(answer, 4)? == inode).then(|| unix_socket(answer)))
    }

    /// The address of the TCP socket with this inode, when it has one and nothing else.
    pub fn bound(&mut self, is_v6: bool, inode: u64) -> Option<SocketAddr> {
        let mut question = [0; 56];
        question[0] = if is_v6 { libc::AF_INET6 } else { libc::AF_INET } as u8;
        question[1] = libc::IPPROTO_TCP as u8;
        question[4..8].copy_from_slice(&BOUND_INACTIVE.to_le_bytes());
        self.ask(NLM_F_DUMP, &question, |answer| {
            (answer.len() >= INET_MESSAGE && u64::from(word(answer, INET_INODE)?) == inode).then(|| address(answer))?
        })
    }

    /// The first answer that `take` accepts.
    fn ask<T>(&mut self, flags: u16, question: &[u8], take: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        if self.socket.is_none() {
            self.socket = sys::diag::open();
        }
        let socket = self.socket.as_mut()?;
        self.asked = self.asked.wrapping_add(1);
        let mut request = Vec::with_capacity(HEAD + question.len());
        request.extend_from_slice(&((HEAD + question.len()) as u32).to_le_bytes());
        request.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_le_bytes());
        request.extend_from_slice(&(NLM_F_REQUEST | flags).to_le_bytes());
        request.extend_from_slice(&self.asked.to_le_bytes());
        request.extend_from_slice(&[0; 4]);
        request.extend_from_slice(question);
        socket.write_all(&request).ok()?;
        let mut buffer = vec![0; 32 << 10];
        let mut found = None;
        // A dump is read to its end, so that the next question finds an empty queue.
        loop {
            let len = socket.read(&mut buffer).ok().filter(|len| *len > 0)?;
            for (head, body) in messages(buffer.get(..len).unwrap_or(&[])) {
                if head.number != self.asked {
                    continue;
                }
                match head.kind {
                    NLMSG_DONE | NLMSG_ERROR => return found,
                    _ => found = found.or_else(|| take(body)),
                }
            }
            if flags & NLM_F_DUMP == 0 && found.is_some() {
                return found;
            }
        }
    }
}

/// What a message's head says.
struct Head {
    kind: u16,
    number: u32,
}

/// Messages one behind the other, as far as they are whole.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = (Head, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::try_from(word(rest, 0)?).ok()?;
        let head = Head { kind: half(rest, 4)?, number: word(rest, 8)? };
        let body = rest.get(HEAD..len)?;
        rest = rest.get(len.checked_next_multiple_of(4)?..).unwrap_or(&[]);
        Some((head, body))
    })
}

/// `struct unix_diag_msg` and its attributes (rtnetlink(7)).
fn unix_socket(answer: &[u8]) -> UnixSocket {
    let mut socket = UnixSocket::default();
    let mut rest = answer.get(UNIX_MESSAGE..).unwrap_or(&[]);
    while let (Some(len), Some(kind)) = (half(rest, 0), half(rest, 2)) {
        let len = usize::from(len);
        let Some(value) = rest.get(4..len) else { break };
        match kind {
            UNIX_DIAG_PEER => socket.peer = word(value, 0).filter(|peer| *peer != 0),
            UNIX_DIAG_NAME => socket.name = name(value),
            _ => {}
        }
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or(&[]);
    }
    socket
}

/// unix(7): a path ends with NUL, an abstract name begins with one.
fn name(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [] => None,
        [0, ..] => Some(bytes.to_vec()),
        path => path.split(|byte| *byte == 0).next().map(<[u8]>::to_vec),
    }
}

fn address(answer: &[u8]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(answer.get(INET_PORT..INET_PORT + 2)?.try_into().ok()?);
    let bytes: [u8; 16] = answer.get(INET_ADDRESS..INET_ADDRESS + 16)?.try_into().ok()?;
    Some(if i32::from(*answer.first()?) == libc::AF_INET6 {
        SocketAddr::from((Ipv6Addr::from(bytes), port))
    } else {
        SocketAddr::from((Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]), port))
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_answers_say_nothing() {
        let whole = [&[7, 0, 2, 0, 5, 0, 0][..], &[1; 30]].concat();
        for cut in 0..whole.len() {
            let _ = unix_socket(&whole[..cut]);
            let _ = messages(&whole[..cut]).count();
        }
        assert_eq!(unix_socket(&[0; 64]), UnixSocket::default());
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(messages(&[0xff; 64]).count(), 0);
    }

    #[test]
    fn names() {
        assert_eq!(name(b""), None);
        assert_eq!(name(b"/run/x\0"), Some(b"/run/x".to_vec()));
        assert_eq!(name(b"\0abs\0y"), Some(b"\0abs\0y".to_vec()));
    }
}
