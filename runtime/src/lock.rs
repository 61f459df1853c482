//! A lock that survives a fork and never blocks the thread that holds it.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::here::here;

/// Taken at the ends of threads, at flushes and at forks, never by an event.
pub struct Lock {
    /// Where the storage of the thread that holds it lies; 0: nobody does.
    holder: AtomicUsize,
}

/// Held until it is dropped.
pub struct Held<'a>(&'a Lock);

impl Lock {
    pub const fn new() -> Lock {
        Lock { holder: AtomicUsize::new(0) }
    }

    fn try_take(&self) -> bool {
        self.holder.compare_exchange(0, here().addr(), Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub fn take(&self) -> Held<'_> {
        while !self.try_take() {
            // SAFETY: a call without arguments.
            unsafe { libc::sched_yield() };
        }
        Held(self)
    }

    /// As [`Lock::take`]; `None` in a signal handler that interrupted the holder, which would wait for ever.
    pub fn take_unless_held(&self) -> Option<Held<'_>> {
        (self.holder.load(Ordering::Relaxed) != here().addr()).then(|| self.take())
    }

    /// Lets go without a [`Held`]: after a fork.
    pub fn release(&self) {
        self.holder.store(0, Ordering::Release);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
