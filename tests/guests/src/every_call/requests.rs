//! `ioctl` with each request that is written in the file `requests`, one number a line: on no descriptor, so that
//! only what is asked is told.

use super::{NOWHERE, call, drop_privileges};
use libc::SYS_ioctl;

pub fn run() {
    drop_privileges();
    let text = std::fs::read_to_string("requests").expect("the file requests");
    // Small numbers, each another one: what is a length or an offset stays one.
    let mut memory = vec![0u32; 4096];
    memory.iter_mut().zip(1..).take(64).for_each(|(word, number)| *word = number);
    for request in text.lines().filter_map(|line| line.parse::<u64>().ok()) {
        for argument in [memory.as_ptr() as u64, 0, NOWHERE] {
            call!(SYS_ioctl, -1, request, argument);
        }
    }
    call!(SYS_ioctl, -1, 0x8008_77ffu64, 7);
    call!(SYS_ioctl, -1, libc::TCGETS, memory.as_ptr());
}
