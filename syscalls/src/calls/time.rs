//! Clocks and timers.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::Dir::*;
use crate::{layout, names};

calls! {
    time [CLOCK] (tloc: LongRef(Out)) -> Int;
    gettimeofday [CLOCK] (tv: output(&layout::TIMEVAL), tz: output(&layout::TIMEZONE)) -> Int;
    settimeofday [CLOCK] (tv: input(&layout::TIMEVAL), tz: input(&layout::TIMEZONE)) -> Int;
    adjtimex [CLOCK] (txc_p: exchange(&layout::TIMEX)) -> Int;
    clock_settime [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: input(&layout::TIMESPEC)) -> Int;
    clock_gettime [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: output(&layout::TIMESPEC)) -> Int;
    clock_getres [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), tp: output(&layout::TIMESPEC)) -> Int;
    clock_adjtime [CLOCK] (which_clock: Enum(&names::CLOCK_IDS), utx: exchange(&layout::TIMEX)) -> Int;
    clock_nanosleep [] (
        which_clock: Enum(&names::CLOCK_IDS), flags: Flags(&names::TIMER_FLAGS), rqtp: input(&layout::TIMESPEC),
        rmtp: output(&layout::TIMESPEC),
    ) -> Int;
    nanosleep [] (rqtp: input(&layout::TIMESPEC), rmtp: output(&layout::TIMESPEC)) -> Int;
    alarm [] (seconds: UInt) -> Int;
    getitimer [] (which: Enum(&names::ITIMER), value: output(&layout::ITIMERVAL)) -> Int;
    setitimer [] (
        which: Enum(&names::ITIMER), value: input(&layout::ITIMERVAL), ovalue: output(&layout::ITIMERVAL),
    ) -> Int;
    timer_create [] (
        which_clock: Enum(&names::CLOCK_IDS), timer_event_spec: input(&layout::SIGEVENT),
        created_timer_id: IntRef(Out),
    ) -> Int;
    timer_settime [] (
        timer_id: Int, flags: Flags(&names::TIMER_FLAGS), new_setting: input(&layout::ITIMERSPEC),
        old_setting: output(&layout::ITIMERSPEC),
    ) -> Int;
    timer_gettime [] (timer_id: Int, setting: output(&layout::ITIMERSPEC)) -> Int;
    timer_getoverrun [] (timer_id: Int) -> Int;
    timer_delete [] (timer_id: Int) -> Int;
    times [] (tbuf: output(&layout::TMS)) -> Int;
}
