//! Preloaded: every second reading of the time of day is an hour late. All other clocks are as they are.
#![crate_type = "cdylib"]

use std::sync::atomic::{AtomicU64, Ordering};

const REALTIME: i32 = 0;
const CLOCK_GETTIME: i64 = if cfg!(target_arch = "x86_64") { 228 } else { 113 };
const HOUR: i64 = 3600;

static READINGS: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    fn syscall(number: i64, ...) -> i64;
}

/// clock_gettime(2).
///
/// # Safety
/// `now` is a timespec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: i32, now: *mut [i64; 2]) -> i32 {
    let result = unsafe { syscall(CLOCK_GETTIME, clock, now) };
    if clock == REALTIME && READINGS.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
        unsafe { (*now)[0] -= HOUR };
    }
    result as i32
}
