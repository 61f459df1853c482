//! The Rust interface: a static for each place, a guard for each span.

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::sync::atomic::AtomicU32;
use core::task::{Context, Poll};

use crate::abi;
use crate::process;
use crate::registry::{Budgets, Place};

/// A place in a program. Made by the macros of this crate, in a static.
pub struct Tracepoint {
    function: &'static str,
    label: &'static str,
    budgets: Budgets,
    file: &'static str,
    line: u32,
    number: AtomicU32,
}

impl Tracepoint {
    /// A place with the id of `function` and `label`.
    pub const fn new(function: &'static str, label: &'static str, file: &'static str, line: u32) -> Tracepoint {
        let budgets = Budgets { cpu: 0, mem: 0, gpu: 0, io: 0 };
        Tracepoint { function, label, budgets, file, line, number: AtomicU32::new(0) }
    }

    /// With a budget of CPU time for each call, in µs.
    pub const fn cpu(mut self, us: u64) -> Tracepoint {
        self.budgets.cpu = us;
        self
    }

    /// With a budget for the growth of the heap in each call, in bytes.
    pub const fn mem(mut self, bytes: u64) -> Tracepoint {
        self.budgets.mem = bytes;
        self
    }

    /// With a budget of GPU time for each call, in µs.
    pub const fn gpu(mut self, us: u64) -> Tracepoint {
        self.budgets.gpu = us;
        self
    }

    /// With a budget of bytes read and written in each call.
    pub const fn io(mut self, bytes: u64) -> Tracepoint {
        self.budgets.io = bytes;
        self
    }

    /// Opens a span, until the guard is dropped.
    #[inline(always)]
    pub fn enter(&'static self) -> Guard {
        if !process::is_on() {
            return Guard { number: None, stays_here: PhantomData };
        }
        let number = abi::number_in(&self.number, || self.register());
        abi::chic_trace_begin(number);
        Guard { number: Some(number), stays_here: PhantomData }
    }

    #[cold]
    fn register(&self) -> u32 {
        let place = Place { file: self.file.as_bytes(), line: self.line };
        abi::register(self.function.as_bytes(), self.label.as_bytes(), self.budgets, place)
    }
}

/// An open span. It ends where it began: in its thread.
#[must_use = "the span ends when the guard is dropped"]
pub struct Guard {
    number: Option<u32>,
    stays_here: PhantomData<*const ()>,
}

impl Drop for Guard {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(number) = self.number {
            abi::chic_trace_end(number);
        }
    }
}

/// A future with a span around every poll.
pub struct Polled<F> {
    tracepoint: &'static Tracepoint,
    future: F,
}

/// Puts a span around every poll of a future.
pub fn polled<F: Future>(tracepoint: &'static Tracepoint, future: F) -> Polled<F> {
    Polled { tracepoint, future }
}

impl<F: Future> Future for Polled<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _span = self.tracepoint.enter();
        // SAFETY: `future` is never moved out of the pinned value; Polled has no drop of its own.
        unsafe { self.map_unchecked_mut(|polled| &mut polled.future) }.poll(context)
    }
}

/// Writes perf.json and its siblings with what was counted so far.
///
/// # Errors
/// What stood in the way: the file that could not be made or written.
pub fn flush(path: Option<&std::path::Path>) -> std::io::Result<()> {
    match process::flush_asked_for(path) {
        0 => Ok(()),
        -2 => Err(std::io::ErrorKind::OutOfMemory.into()),
        -4 => Err(std::io::Error::other("cannot make perf.json or a file beside it")),
        _ => Err(std::io::Error::other("cannot write perf.json or a file beside it")),
    }
}
