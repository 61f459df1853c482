//! Clocks and timers.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    drop_privileges();
    let mut out = [0u64; 32];
    call!(SYS_time, 0);
    call!(SYS_time, &mut out);
    call!(SYS_time, NOWHERE);
    call!(SYS_gettimeofday, &mut out, &mut [0u64; 2]);
    call!(SYS_gettimeofday, NOWHERE, 0);
    call!(SYS_settimeofday, &[1u64, 1_000_000], &[1u32, 2]);
    call!(SYS_settimeofday, NOWHERE, NOWHERE);
    call!(SYS_clock_settime, CLOCK_MONOTONIC, &[1u64, 2]);
    call!(SYS_clock_settime, CLOCK_REALTIME, &[1u64, u64::MAX]);
    for clock in [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 77, -6, -10, -11] {
        call!(SYS_clock_gettime, clock, &mut out);
        call!(SYS_clock_getres, clock, &mut out);
    }
    call!(SYS_clock_getres, CLOCK_REALTIME, 0);
    call!(SYS_clock_gettime, CLOCK_REALTIME, NOWHERE);
    let mut exchange = [0u64; 26];
    call!(SYS_adjtimex, &mut exchange);
    exchange[0] = 0x2043;
    call!(SYS_adjtimex, &mut exchange);
    call!(SYS_adjtimex, NOWHERE);
    exchange[0] = 0;
    call!(SYS_clock_adjtime, CLOCK_REALTIME, &mut exchange);
    call!(SYS_clock_adjtime, 77, &mut exchange);
    call!(SYS_nanosleep, &[0u64, 1], &mut out);
    call!(SYS_nanosleep, &[0u64, 1_000_000_000], &mut out);
    call!(SYS_nanosleep, NOWHERE, 0);
    call!(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &[0u64, 1], &mut out);
    call!(SYS_clock_nanosleep, CLOCK_REALTIME, 1, &[5u64, 1], 0);
    call!(SYS_clock_nanosleep, 77, 6, &[u64::MAX, 1], NOWHERE);
    call!(SYS_alarm, 1000);
    call!(SYS_alarm, 0);
    call!(SYS_setitimer, ITIMER_VIRTUAL, &[1u64, 2, 3, 4], &mut out);
    call!(SYS_setitimer, ITIMER_VIRTUAL, &[0u64; 4], 0);
    call!(SYS_setitimer, 77, NOWHERE, NOWHERE);
    call!(SYS_getitimer, ITIMER_PROF, &mut out);
    call!(SYS_getitimer, 77, &mut out);
    let own = call!(SYS_gettid) as u32;
    for (notify, thread) in [(0, 0), (1, 0), (2, 0), (4, own), (77, 0)] {
        let event = words32::<16>(&[(0, 5), (2, 12), (3, notify), (4, thread)]);
        let mut timer = [0u32; 2];
        call!(SYS_timer_create, CLOCK_MONOTONIC, &event, &mut timer);
        call!(SYS_timer_delete, timer[0]);
    }
    let mut timer = [0u32; 2];
    call!(SYS_timer_create, CLOCK_REALTIME, 0, &mut timer);
    call!(SYS_timer_create, 77, NOWHERE, NOWHERE);
    call!(SYS_timer_settime, timer[0], 0, &[0u64, 5, 1000, 7], 0);
    call!(SYS_timer_settime, timer[0], TIMER_ABSTIME, &[0u64; 4], &mut out);
    call!(SYS_timer_settime, 77, 6, NOWHERE, NOWHERE);
    call!(SYS_timer_gettime, timer[0], &mut out);
    call!(SYS_timer_gettime, 77, &mut out);
    call!(SYS_timer_getoverrun, timer[0]);
    call!(SYS_timer_getoverrun, 77);
    call!(SYS_timer_delete, timer[0]);
    call!(SYS_timer_delete, 77);
    call!(SYS_times, &mut out);
    call!(SYS_times, 0);
    call!(SYS_times, NOWHERE);
}
