//! CPU affinity and scheduling class of a task.
#![allow(unsafe_code)]

use super::{Errno, Tid, check};

/// A CPU mask of up to 1024 CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus([u64; 16]);

impl Cpus {
    /// Exactly one.
    pub fn only(cpu: usize) -> Cpus {
        let mut mask = [0; 16];
        if let Some(word) = mask.get_mut(cpu / 64) {
            *word = 1 << (cpu % 64);
        }
        Cpus(mask)
    }

    /// Is this one in it?
    pub fn has(&self, cpu: usize) -> bool {
        self.0.get(cpu / 64).is_some_and(|word| word >> (cpu % 64) & 1 == 1)
    }

    /// All of them, ascending.
    pub fn list(&self) -> Vec<u32> {
        (0..1024).filter(|cpu| self.has(*cpu)).map(|cpu| cpu as u32).collect()
    }

    /// How many.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }
}

/// sched_getaffinity(2); tid 0 is the caller.
pub fn get(tid: Tid) -> Result<Cpus, Errno> {
    let mut mask = [0u64; 16];
    // SAFETY: the kernel writes at most the size given into a mask of ours.
    check(unsafe { libc::syscall(libc::SYS_sched_getaffinity, tid.raw(), size_of_val(&mask), mask.as_mut_ptr()) })?;
    Ok(Cpus(mask))
}

/// sched_setaffinity(2); tid 0 is the caller.
pub fn set(tid: Tid, cpus: &Cpus) -> Result<(), Errno> {
    // SAFETY: the kernel reads the size given from a mask of ours.
    check(unsafe { libc::syscall(libc::SYS_sched_setaffinity, tid.raw(), size_of_val(&cpus.0), cpus.0.as_ptr()) })
        .map(drop)
}

/// The CPU on which the caller runs just now.
pub fn current_cpu() -> Option<usize> {
    // SAFETY: takes nothing, touches no memory.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Does the kernel place this task by fair shares (not real-time, not deadline, not idle)?
pub fn is_fair(tid: Tid) -> bool {
    // SAFETY: takes a number, touches no memory.
    let policy = unsafe { libc::sched_getscheduler(tid.raw()) };
    matches!(policy & !libc::SCHED_RESET_ON_FORK, libc::SCHED_OTHER | libc::SCHED_BATCH)
}
