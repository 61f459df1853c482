//! Times, clocks and timers.

use crate::names;

layouts! {
    /// A time in nanoseconds (timespec(3)).
    TIMESPEC "timespec" 16:
        0 8 tv_sec Int,
        8 8 tv_nsec Int;

    /// A time in microseconds (timeval(3)).
    TIMEVAL "timeval" 16:
        0 8 tv_sec Int,
        8 8 tv_usec Int;

    /// gettimeofday(2).
    TIMEZONE "timezone" 8:
        0 4 tz_minuteswest Int,
        4 4 tz_dsttime Int;

    /// timer_settime(2).
    ITIMERSPEC "itimerspec" 32:
        0 16 it_interval Nested(&TIMESPEC),
        16 16 it_value Nested(&TIMESPEC);

    /// getitimer(2).
    ITIMERVAL "itimerval" 32:
        0 16 it_interval Nested(&TIMEVAL),
        16 16 it_value Nested(&TIMEVAL);

    /// utime(2).
    UTIMBUF "utimbuf" 16:
        0 8 actime Int,
        8 8 modtime Int;

    /// times(2), in clock ticks.
    TMS "tms" 32:
        0 8 tms_utime Int,
        8 8 tms_stime Int,
        16 8 tms_cutime Int,
        24 8 tms_cstime Int;

    /// adjtimex(2).
    TIMEX "timex" 208:
        0 4 modes Flags(&names::ADJTIMEX_MODES),
        8 8 offset Int,
        16 8 freq Int,
        24 8 maxerror Int,
        32 8 esterror Int,
        40 4 status Flags(&names::ADJTIMEX_STATUS),
        48 8 constant Int,
        56 8 precision Int,
        64 8 tolerance Int,
        72 16 time Nested(&TIMEVAL),
        88 8 tick Int,
        96 8 ppsfreq Int,
        104 8 jitter Int,
        112 4 shift Int,
        120 8 stabil Int,
        128 8 jitcnt Int,
        136 8 calcnt Int,
        144 8 errcnt Int,
        152 8 stbcnt Int,
        160 4 tai Int;
}
