//! Clocks, read through the vDSO.
#![allow(unsafe_code)]

use recording::session::ClockTriple;

fn read(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a timespec of ours; the clocks asked for always exist.
    unsafe { libc::clock_gettime(clock, &mut now) };
    (now.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(now.tv_nsec as u64)
}

/// CLOCK_MONOTONIC in nanoseconds: the clock of our recordings.
pub fn monotonic_ns() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// Both clocks at one instant, as near as two reads come.
pub fn triple() -> ClockTriple {
    let monotonic_ns = monotonic_ns();
    ClockTriple { ticks: monotonic_ns, monotonic_ns, realtime_ns: read(libc::CLOCK_REALTIME) }
}
