//! Questions to the kernel about sockets: netlink(7), sock_diag(7).
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};

/// socket(2): a netlink socket on which the kernel answers such questions. It never waits.
pub(crate) fn open() -> Option<File> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: takes three numbers.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG) };
    // SAFETY: a descriptor just made, which nobody else has.
    (fd >= 0).then(|| File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}
