//! Netlink: which descriptors may be netlink sockets, so that nobody else pays for finding out.
//!
//! A number that once was one stays marked: the kernel is asked what it is now.

use recording::event::{Record, Shape, note};
use syscalls::Syscall;

/// Descriptors beyond this are not followed.
const MOST: usize = 1 << 16;

/// Marked numbers, one bit each, of all processes together.
#[derive(Debug, Default)]
pub(super) struct Netlinks {
    bits: Vec<u64>,
}

/// Can this call make a socket, or a second descriptor of one?
pub(super) fn makes_sockets(row: &Syscall) -> bool {
    matches!(row.name, "socket" | "dup" | "dup2" | "dup3" | "fcntl")
}

/// Does this call move messages through a socket? Those that strace reads netlink messages of.
pub(super) fn moves_messages(row: &Syscall) -> bool {
    matches!(row.name, "sendto" | "recvfrom" | "sendmsg" | "recvmsg" | "sendmmsg" | "recvmmsg")
}

/// Is the message of this call one of netlink, as noted when it was entered?
pub(super) fn is_noted(record: &Record) -> bool {
    let is_it =
        |head: &recording::event::PayloadHead| head.shape == Shape::Note && head.arg == 0 && head.path == note::DETAIL;
    record.view().payloads().any(|p| is_it(&p.head) && p.bytes.starts_with(note::NETLINK))
}

impl Netlinks {
    /// A call returned that can make one.
    pub fn made(&mut self, row: &Syscall, words: &[u64; 6], result: i64) {
        let is_one = match row.name {
            "socket" => words[0] as i32 == libc::AF_NETLINK,
            "fcntl" => matches!(words[1] as i32, libc::F_DUPFD | libc::F_DUPFD_CLOEXEC) && self.may_be(words[0]),
            _ => self.may_be(words[0]),
        };
        if let Some(fd) = u32::try_from(result).ok().filter(|_| is_one) {
            self.mark(fd);
        }
    }

    /// This descriptor may be one.
    pub fn mark(&mut self, fd: u32) {
        let (word, bit) = place(fd);
        if word < MOST / 64 {
            if self.bits.len() <= word {
                self.bits.resize(word + 1, 0);
            }
            self.bits[word] |= bit;
        }
    }

    /// Is a call on this descriptor worth a question?
    pub fn may_be(&self, fd: u64) -> bool {
        let (word, bit) = place(fd as u32);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(fd: u32) -> (usize, u64) {
    (fd as usize / 64, 1 << (fd % 64))
}
