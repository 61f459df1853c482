//! Preloaded: the time of day is another by `CLOCK_SHIFT_NS` nanoseconds. All other clocks are as they are.
#![crate_type = "cdylib"]

const REALTIME: i32 = 0;
const CLOCK_GETTIME: i64 = if cfg!(target_arch = "x86_64") { 228 } else { 113 };
const SECOND: i64 = 1_000_000_000;

unsafe extern "C" {
    fn syscall(number: i64, ...) -> i64;
    fn getenv(name: *const i8) -> *const i8;
    fn atoll(text: *const i8) -> i64;
}

/// clock_gettime(2).
///
/// # Safety
/// `now` is a timespec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: i32, now: *mut [i64; 2]) -> i32 {
    let result = unsafe { syscall(CLOCK_GETTIME, clock, now) };
    let shift = unsafe { getenv(c"CLOCK_SHIFT_NS".as_ptr().cast()) };
    if clock == REALTIME && !shift.is_null() {
        unsafe {
            let at = (*now)[0] * SECOND + (*now)[1] + atoll(shift);
            *now = [at.div_euclid(SECOND), at.rem_euclid(SECOND)];
        }
    }
    result as i32
}
