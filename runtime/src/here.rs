//! What a thread holds in its thread-local storage, reached without a call.
//!
//! A hook may run in a signal handler, before any set-up, and in a library that was loaded late: the model
//! "initial exec" needs neither a lock nor memory, and stable Rust offers it through assembly only.

use crate::allocations::Counts;
#[cfg(not(target_arch = "x86_64"))]
use crate::allocations::WORDS;
use crate::task::Task;

/// A thread, as its hooks find it. All zero in a new thread.
#[repr(C)]
pub struct Here {
    /// Its tables; null before its first event, and when it can have none.
    pub task: *mut Task,
    /// How far the set-up has come.
    pub stage: Stage,
    /// Above zero while the library itself works: its allocations are not the program's.
    pub quiet: u32,
    /// Live bytes that this thread allocated, and their high mark since the innermost enter.
    pub live: u64,
    pub high: u64,
    /// Its allocations.
    pub counts: Counts,
    /// Which share of the process-wide counters this thread adds to, plus one.
    pub shard: u32,
}

/// How far the set-up of a thread has come.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No event yet.
    Fresh = 0,
    /// In progress: an event of a signal handler in between is dropped.
    Starting = 1,
    /// `task` is there.
    Ready = 2,
    /// No memory, or the thread has ended.
    Never = 3,
}

const _: () = assert!(size_of::<Here>() <= 128);

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .tbss.chic_trace_rt,\"awT\",@nobits",
    ".globl chic_trace_rt_here",
    ".hidden chic_trace_rt_here",
    ".type chic_trace_rt_here,@object",
    ".size chic_trace_rt_here,128",
    ".p2align 6",
    "chic_trace_rt_here:",
    ".zero 128",
    ".popsection",
);

/// The calling thread. Valid as long as it runs.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn here() -> *mut Here {
    let at: *mut Here;
    // SAFETY: reads the offset of our own variable and adds the thread pointer to it, nothing else.
    unsafe {
        core::arch::asm!(
            "mov {at}, qword ptr [rip + chic_trace_rt_here@GOTTPOFF]",
            "add {at}, qword ptr fs:[0]",
            at = out(reg) at,
            options(pure, readonly, nostack)
        );
    }
    at
}

/// The calling thread. Valid as long as it runs.
#[cfg(not(target_arch = "x86_64"))]
pub fn here() -> *mut Here {
    use core::cell::UnsafeCell;
    thread_local! {
        static HERE: UnsafeCell<Here> = const { UnsafeCell::new(Here {
            task: core::ptr::null_mut(), stage: Stage::Fresh, quiet: 0,
            live: 0, high: 0, counts: [0; WORDS], shard: 0,
        }) };
    }
    HERE.with(UnsafeCell::get)
}

/// Allocations until the end of the scope are the library's own.
pub struct Quiet;

impl Quiet {
    pub fn begin() -> Quiet {
        // SAFETY: the calling thread's own storage.
        unsafe { (*here()).quiet += 1 };
        Quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: the calling thread's own storage.
        unsafe { (*here()).quiet -= 1 };
    }
}
