//! A lock that survives a fork and never blocks the thread that holds it.

use core::sync::atomic::{AtomicBool, Ordering};

/// Taken at the ends of threads, at flushes and at forks, never by an event.
pub struct Lock {
    taken: AtomicBool,
}

/// Held until it is dropped.
pub struct Held<'a>(&'a Lock);

impl Lock {
    pub const fn new() -> Lock {
        Lock { taken: AtomicBool::new(false) }
    }

    fn try_take(&self) -> bool {
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub fn take(&self) -> Held<'_> {
        while !self.try_take() {
            // SAFETY: a call without arguments.
            unsafe { libc::sched_yield() };
        }
        Held(self)
    }

    /// As [`Lock::take`], but gives up: a signal handler may have interrupted the holder.
    pub fn take_soon(&self) -> Option<Held<'_>> {
        for _ in 0..100_000 {
            if self.try_take() {
                return Some(Held(self));
            }
            // SAFETY: a call without arguments.
            unsafe { libc::sched_yield() };
        }
        None
    }

    /// Lets go without a [`Held`]: after a fork.
    pub fn release(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
