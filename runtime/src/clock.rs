//! Clocks: ticks while counting, nanoseconds when written.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Which clock stamps events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Clock {
    /// The processor's counter, where the kernel trusts it too.
    Tsc = 1,
    /// CLOCK_MONOTONIC in nanoseconds.
    Monotonic = 2,
    /// A counter of each thread: every enter and exit reads it and then adds [`FAKE_STEP`].
    Fake = 3,
}

/// Nanoseconds that an event takes by the fake clock.
pub const FAKE_STEP: u64 = 1_000;

static CHOSEN: AtomicU32 = AtomicU32::new(Clock::Monotonic as u32);
/// Both clocks at the start of the process: what ticks are measured against.
static START: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
/// CLOCK_REALTIME at the start of the process, in nanoseconds.
static STARTED_AT: AtomicU64 = AtomicU64::new(0);

#[inline(always)]
pub fn chosen() -> Clock {
    match CHOSEN.load(Relaxed) {
        1 => Clock::Tsc,
        3 => Clock::Fake,
        _ => Clock::Monotonic,
    }
}

impl Clock {
    /// The name in `meta.clock`.
    pub fn name(self) -> &'static str {
        match self {
            Clock::Tsc => "tsc",
            Clock::Monotonic => "monotonic",
            Clock::Fake => "fake",
        }
    }
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a timespec of ours; the clocks asked for always exist.
    unsafe { libc::clock_gettime(clock, &mut now) };
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}

/// CLOCK_MONOTONIC in nanoseconds.
pub fn monotonic() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn tsc() -> u64 {
    // SAFETY: no memory is touched. Not `rdtscp`, which some virtual machines trap.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn tsc() -> u64 {
    monotonic()
}

/// Ticks of a clock that all threads share; not for [`Clock::Fake`].
#[inline(always)]
pub fn ticks() -> u64 {
    if CHOSEN.load(Relaxed) == Clock::Tsc as u32 { tsc() } else { monotonic() }
}

/// Both clocks at one instant: of five tries the one with the shortest way between two reads of the counter.
fn pair() -> (u64, u64) {
    let mut best = (u64::MAX, 0, 0);
    for _ in 0..5 {
        let before = tsc();
        let ns = monotonic();
        let after = tsc();
        let way = after.wrapping_sub(before);
        if way < best.0 {
            best = (way, before.wrapping_add(way / 2), ns);
        }
    }
    (best.1, best.2)
}

/// Chooses the clock and reads it for the first time.
pub fn start(clock: Clock) {
    CHOSEN.store(clock as u32, Relaxed);
    let (ticks, ns) = pair();
    let [at_ticks, at_ns] = &START;
    at_ticks.store(if clock == Clock::Tsc { ticks } else { ns }, Relaxed);
    at_ns.store(ns, Relaxed);
    STARTED_AT.store(read(libc::CLOCK_REALTIME), Relaxed);
}

/// CLOCK_REALTIME at the start, in nanoseconds.
pub fn started_at() -> u64 {
    STARTED_AT.load(Relaxed)
}

/// Ticks at the start.
pub fn start_ticks() -> u64 {
    START.first().map_or(0, |ticks| ticks.load(Relaxed))
}

/// Whether the counter runs evenly in all states of the processor (CPUID 8000_0007h, EDX bit 8) and the kernel
/// keeps its own time by it.
#[cfg(target_arch = "x86_64")]
pub fn tsc_is_trusted() -> bool {
    use core::arch::x86_64::__cpuid;
    let invariant = __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & 1 << 8 != 0;
    invariant
        && std::fs::read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
            .is_ok_and(|name| name.trim_ascii() == b"tsc")
}

/// There is no such counter.
#[cfg(not(target_arch = "x86_64"))]
pub fn tsc_is_trusted() -> bool {
    false
}

/// How ticks become nanoseconds: as measured from the start up to the moment of asking.
#[derive(Clone, Copy)]
pub struct Scale {
    ns: u128,
    ticks: u128,
}

impl Scale {
    pub fn measure() -> Scale {
        if chosen() != Clock::Tsc {
            return Scale { ns: 1, ticks: 1 };
        }
        let (now, ns) = pair();
        let [ticks_0, ns_0] = START.each_ref().map(|at| at.load(Relaxed));
        match (now.saturating_sub(ticks_0), ns.saturating_sub(ns_0)) {
            (0, _) | (_, 0) => Scale { ns: 1, ticks: 1 },
            (ticks, ns) => Scale { ns: u128::from(ns), ticks: u128::from(ticks) },
        }
    }

    /// Nanoseconds, to the nearest.
    pub fn ns(&self, ticks: u64) -> u64 {
        u64::try_from((u128::from(ticks) * self.ns + self.ticks / 2) / self.ticks).unwrap_or(u64::MAX)
    }

    /// As [`Scale::ns`] for a sum.
    pub fn ns_wide(&self, ticks: u128) -> u128 {
        let (whole, rest) = (ticks / self.ticks, ticks % self.ticks);
        whole.saturating_mul(self.ns) + (rest * self.ns + self.ticks / 2) / self.ticks
    }

    /// Nanoseconds of a tick.
    pub fn factor(&self) -> f64 {
        self.ns as f64 / self.ticks as f64
    }

    /// Ticks of a duration.
    pub fn ticks(&self, ns: u64) -> u64 {
        u64::try_from(u128::from(ns) * self.ticks / self.ns).unwrap_or(u64::MAX)
    }

    /// Nanoseconds that the measure rests on.
    pub fn measured_over(&self) -> u128 {
        if self.ns == self.ticks { u128::MAX } else { self.ns }
    }
}
