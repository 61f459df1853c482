//! What no tracer sees: calls answered without entering the kernel. And one that only a filter shows.
//!
//! 1000 clock_gettime and 1000 sched_getcpu by the vDSO; one `time` by the vsyscall page where there is one.

use crate::posix::{check, say};
use crate::words::Words;

pub fn run(_: &Words) -> i32 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    for _ in 0..1000 {
        check(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) } == 0, "clock_gettime");
        check(unsafe { libc::sched_getcpu() } >= 0, "sched_getcpu");
    }
    say!("1000 times asked for clock and core");
    say!("vsyscall page: {}", vsyscall());
    0
}

#[cfg(target_arch = "x86_64")]
fn vsyscall() -> &'static str {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    if !maps.contains("[vsyscall]") {
        return "there is none";
    }
    let time: extern "C" fn(*mut i64) -> i64 = unsafe { std::mem::transmute(0xffff_ffff_ff60_0400_usize) };
    let before = unsafe { libc::time(std::ptr::null_mut()) };
    let told = time(std::ptr::null_mut());
    if (before..before + 60).contains(&told) { "it tells the time" } else { "it tells another time" }
}

#[cfg(not(target_arch = "x86_64"))]
fn vsyscall() -> &'static str {
    "there is none"
}
