//! A program that takes more memory than it may have, page by page, and is killed for it.
//!
//! `eats_memory GROUP`: goes into this control group first, three getppid, then 512 MiB. Ends with 3 when it gets
//! them.

use crate::posix::{getppid, must, say, write_all};
use crate::words::{Words, c_string};

pub fn run(words: &Words) -> i32 {
    let group = c_string(format!("{}/cgroup.procs", words.text(0)).as_bytes());
    let fd = must("open of the group", unsafe { libc::open(group.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) }) as i32;
    write_all(fd, b"0");
    for _ in 0..3 {
        getppid();
    }
    say!("hungry");
    const MOST: usize = 512 << 20;
    let (both, own) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let at = unsafe { libc::mmap(std::ptr::null_mut(), MOST, both, own, -1, 0) };
    must("mmap", at as i64);
    for page in (0..MOST).step_by(4096) {
        unsafe { at.cast::<u8>().add(page).write_volatile(1) };
    }
    3
}
