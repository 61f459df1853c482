//! Signals that reach the tracer itself: dispositions, the mask, and a timer that ends a wait.
//!
//! A wait for tasks can't also wait for a signal, and one that comes just before the wait begins
//! would not end it. So handlers only count, and set a periodic timer going: the next tick ends the
//! wait. Nothing of this costs anything per stop.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::time::Duration;

use super::{Errno, check};

/// A signal's disposition as the kernel keeps it.
#[derive(Clone, Copy)]
pub struct Disposition(libc::sigaction);

impl Disposition {
    /// Is the signal ignored?
    pub fn is_ignored(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    /// SIG_DFL.
    pub fn default_action() -> Disposition {
        plain(libc::SIG_DFL)
    }

    /// Has the signal a handler?
    pub fn is_handled(&self) -> bool {
        self.0.sa_sigaction != libc::SIG_DFL && self.0.sa_sigaction != libc::SIG_IGN
    }

    /// SIG_DFL for SIGCHLD, which the kernel then sends for deaths only and not for each stop
    /// (SA_NOCLDSTOP, sigaction(2)). Waits find the stops all the same.
    pub fn deaths_only() -> Disposition {
        let mut action = plain(libc::SIG_DFL);
        action.0.sa_flags = libc::SA_NOCLDSTOP;
        action
    }

    /// SIG_IGN.
    pub fn ignore() -> Disposition {
        plain(libc::SIG_IGN)
    }

    /// Our own: counts the signal (see [`received`]).
    pub fn count() -> Disposition {
        plain(on_signal as *const () as libc::sighandler_t)
    }
}

fn plain(handler: libc::sighandler_t) -> Disposition {
    // SAFETY: all bits zero is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    Disposition(action)
}

/// The disposition in force. Async-signal-safe.
pub fn disposition(signal: i32) -> Result<Disposition, Errno> {
    let mut old = plain(libc::SIG_DFL);
    // SAFETY: writes the disposition into a sigaction of ours.
    check(unsafe { libc::sigaction(signal, std::ptr::null(), &mut old.0) }.into())?;
    Ok(old)
}

/// Changes a disposition, returns the former one. Async-signal-safe.
pub fn set_disposition(signal: i32, new: &Disposition) -> Result<Disposition, Errno> {
    let mut old = plain(libc::SIG_DFL);
    // SAFETY: both are sigactions of ours; the handlers installed are SIG_DFL, SIG_IGN, one read
    // before, or `on_signal`, which is async-signal-safe.
    check(unsafe { libc::sigaction(signal, &new.0, &mut old.0) }.into())?;
    Ok(old)
}

/// Default action, and not blocked in this task. By the calls themselves: the C library refuses to speak
/// of the two signals it keeps, and its posix_spawn leaves these ignored in the programs it starts.
pub fn let_kill(signal: i32) {
    const SET_BYTES: usize = size_of::<u64>();
    // The kernel's sigaction: handler, flags, restorer, mask; all zero is SIG_DFL.
    let action = [0_u64; 4];
    let set = 1_u64 << (signal - 1).clamp(0, 63);
    // SAFETY: the kernel reads the two local values and writes nothing.
    unsafe {
        libc::syscall(libc::SYS_rt_sigaction, signal, &action, std::ptr::null_mut::<u64>(), SET_BYTES);
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_UNBLOCK, &set, std::ptr::null_mut::<u64>(), SET_BYTES);
    }
}

/// A signal mask.
#[derive(Clone, Copy)]
pub struct Mask(libc::sigset_t);

/// Lets these signals through to this thread; returns the mask before.
pub fn unblock(signals: &[i32]) -> Mask {
    // SAFETY: sets are ours; an empty one is valid before it is filled.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in signals {
            libc::sigaddset(&mut set, *signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, &mut old);
        Mask(old)
    }
}

/// Sets this thread's mask. Async-signal-safe.
pub fn set_mask(mask: &Mask) {
    // SAFETY: reads a set of ours.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &mask.0, std::ptr::null_mut()) };
}

static COUNTS: [AtomicU32; 65] = [const { AtomicU32::new(0) }; 65];
static ANY: AtomicU32 = AtomicU32::new(0);
/// The timer that a handler sets going; null while no session wants it.
static NUDGE: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn on_signal(signal: libc::c_int) {
    if signal == libc::SIGALRM {
        return;
    }
    if let Some(count) = COUNTS.get(signal as usize) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    ANY.fetch_add(1, Ordering::Relaxed);
    let timer = NUDGE.load(Ordering::Relaxed);
    if !timer.is_null() {
        settime(timer, TICK);
    }
}

const TICK: Duration = Duration::from_millis(10);

/// Has any signal been counted since the last [`take`]? Costs one load.
pub fn received() -> bool {
    ANY.load(Ordering::Relaxed) != 0
}

/// Takes one of the counted signals.
pub fn take() -> Option<i32> {
    for (signal, count) in COUNTS.iter().enumerate() {
        if count.load(Ordering::Relaxed) > 0 {
            count.fetch_sub(1, Ordering::Relaxed);
            ANY.fetch_sub(1, Ordering::Relaxed);
            return Some(signal as i32);
        }
    }
    None
}

/// A timer that interrupts this thread's wait with SIGALRM until it is stopped.
pub struct Timer {
    id: libc::timer_t,
    running: Option<Duration>,
}

impl Timer {
    /// For the calling thread.
    pub fn new() -> Result<Timer, Errno> {
        let mut id: libc::timer_t = std::ptr::null_mut();
        // SAFETY: gettid takes nothing; all bits zero is a valid sigevent, and the fields set name
        // this thread; `id` is ours.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = libc::SIGALRM;
            event.sigev_notify_thread_id = libc::syscall(libc::SYS_gettid) as libc::c_int;
            check(libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut id).into())?;
        }
        Ok(Timer { id, running: None })
    }

    /// From now on a tick every so often.
    pub fn every(&mut self, period: Duration) {
        if self.running != Some(period) {
            settime(self.id, period);
            self.running = Some(period);
        }
    }

    /// No more ticks.
    pub fn stop(&mut self) {
        if self.running.take().is_some() {
            settime(self.id, Duration::ZERO);
        }
    }

    /// Handlers set this timer going (see [`received`]); the caller stops it.
    pub fn nudge_by_signals(&self) {
        NUDGE.store(self.id, Ordering::Relaxed);
    }

    /// After a handler may have set it going.
    pub fn assume_running(&mut self) {
        self.running = Some(TICK);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let _ = NUDGE.compare_exchange(self.id, std::ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed);
        // SAFETY: the timer is ours and is not used after this.
        unsafe { libc::timer_delete(self.id) };
    }
}

fn settime(timer: libc::timer_t, period: Duration) {
    let step =
        libc::timespec { tv_sec: period.as_secs() as libc::time_t, tv_nsec: period.subsec_nanos() as libc::c_long };
    let spec = libc::itimerspec { it_interval: step, it_value: step };
    // SAFETY: the timer lives as long as NUDGE or its `Timer` names it; async-signal-safe.
    unsafe { libc::timer_settime(timer, 0, &spec, std::ptr::null_mut()) };
}
