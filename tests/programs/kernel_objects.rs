//! Counts with an eventfd, and makes a signalfd; no file has a name.

use std::ffi::{c_int, c_uint, c_void};

unsafe extern "C" {
    fn eventfd(count: c_uint, flags: c_int) -> c_int;
    fn signalfd(fd: c_int, mask: *const [u64; 16], flags: c_int) -> c_int;
    fn read(fd: c_int, into: *mut c_void, bytes: usize) -> isize;
    fn write(fd: c_int, from: *const c_void, bytes: usize) -> isize;
    fn close(fd: c_int) -> c_int;
}

const USR1: u64 = 1 << (10 - 1);
const CHLD: u64 = 1 << (17 - 1);

fn main() {
    let mut count = 1u64;
    let mut signals = [0; 16];
    signals[0] = USR1 | CHLD;
    // SAFETY: eight bytes are written and read where eight are, and a set of signals has 128.
    unsafe {
        let counter = eventfd(5, 0);
        write(counter, (&raw const count).cast(), 8);
        read(counter, (&raw mut count).cast(), 8);
        close(counter);
        close(signalfd(-1, &signals, 0));
    }
    assert_eq!(count, 6);
}
