use recording::session::{ClockKind, ClockTriple, Header};
use recording::views::Clock;

const DAY: u64 = 1_700_000_000_000_000_000;

fn header(clock: ClockKind, ticks: u64) -> Header {
    Header { clock, start: ClockTriple { ticks, monotonic_ns: 5_000, realtime_ns: DAY }, ..Header::default() }
}

#[test]
fn monotonic_ticks_are_nanoseconds() {
    let mut clock = Clock::new(&header(ClockKind::Monotonic, 5_000));
    assert_eq!((clock.since_start(5_123), clock.since_start(4_000)), (123, 0));
    assert_eq!((clock.span(7_000, 9_500), clock.span(9_500, 7_000)), (2_500, 0));
    assert_eq!(clock.realtime(6_000), DAY + 1_000);
    // Reading two clocks one after the other makes noise, which moves nothing.
    clock.batch(ClockTriple { ticks: 9_000, monotonic_ns: 9_000, realtime_ns: DAY + 4_700 });
    assert_eq!(clock.realtime(6_000), DAY + 1_000);
}

#[test]
fn a_step_of_the_systems_clock_moves_the_time_of_day_and_no_duration() {
    let mut clock = Clock::new(&header(ClockKind::Monotonic, 5_000));
    let hour = 3_600_000_000_000;
    clock.batch(ClockTriple { ticks: 6_000, monotonic_ns: 6_000, realtime_ns: DAY + 1_000 - hour });
    assert_eq!(clock.realtime(6_500), DAY + 1_500 - hour);
    assert_eq!((clock.since_start(6_500), clock.span(6_000, 6_500)), (1_500, 500));
}

#[test]
fn cycles_are_scaled_by_what_the_clocks_said() {
    let mut clock = Clock::new(&header(ClockKind::Tsc, 1_000_000));
    // 3 GHz.
    clock.batch(ClockTriple { ticks: 4_000_000, monotonic_ns: 1_005_000, realtime_ns: DAY + 1_000_000 });
    assert_eq!(clock.since_start(1_300_000), 100_000);
    assert_eq!(clock.span(u64::MAX - 3, u64::MAX), 1);
}
