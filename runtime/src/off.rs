//! The library switched off when it was built: the same names, nothing behind them.

use core::alloc::{GlobalAlloc, Layout};

/// Stands for an open span.
#[must_use = "the span ends when the guard is dropped"]
pub struct Guard;

/// A global allocator that only hands calls on.
pub struct ChicAlloc<A>(
    /// The allocator that works.
    pub A,
);

// SAFETY: every call is handed on unchanged.
unsafe impl<A: GlobalAlloc> GlobalAlloc for ChicAlloc<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.0.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.0.dealloc(at, layout) };
    }
}

/// Writes nothing.
///
/// # Errors
/// None.
pub fn flush(_path: Option<&std::path::Path>) -> std::io::Result<()> {
    Ok(())
}

/// The C interface, which C programs still link against.
mod abi {
    type Bytes = *const u8;

    #[repr(C)]
    struct Stats([usize; 8]);

    macro_rules! nothing {
        ($($name:ident($($type:ty),*);)*) => {
            $(#[unsafe(no_mangle)]
            extern "C" fn $name($(_: $type),*) {})*
        };
    }

    macro_rules! zero {
        ($($name:ident($($type:ty),*) -> $result:ty;)*) => {
            $(#[unsafe(no_mangle)]
            extern "C" fn $name($(_: $type),*) -> $result {
                0
            })*
        };
    }

    nothing! {
        chic_rt_trace_enter(u64, Bytes, u64, u64, u64, u64);
        chic_rt_trace_exit(u64);
        chic_rt_alloc_stats_fill(*mut u8);
        chic_rt_reset_alloc_stats();
        chic_trace_begin(u32);
        chic_trace_end(u32);
        chic_trace_rng_stream(u64, u64, u64);
        chic_trace_rng_event(u64, u32, u64);
        chic_trace_thread_name(Bytes, u64);
        __cyg_profile_func_enter(Bytes, Bytes);
        __cyg_profile_func_exit(Bytes, Bytes);
    }

    zero! {
        chic_rt_trace_flush(Bytes, u64) -> i32;
        chic_trace_register(Bytes) -> u32;
        chic_trace_id(Bytes, u64, Bytes, u64) -> u64;
        chic_trace_enabled() -> i32;
    }

    #[unsafe(no_mangle)]
    extern "C" fn chic_rt_alloc_stats() -> Stats {
        Stats([0; 8])
    }
}
