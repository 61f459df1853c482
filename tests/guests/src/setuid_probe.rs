//! Prints the user and group it runs as, for a binary with the set-user-id bit.

use crate::posix::say;
use crate::words::Words;

pub fn run(_: &Words) -> i32 {
    let (uid, euid, gid, egid) = unsafe { (libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()) };
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    say!("uid {uid}, euid {euid}, gid {gid}, egid {egid}, secure {secure}");
    0
}
