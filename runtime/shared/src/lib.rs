//! chic-trace-rt as a shared library: the same functions, and malloc, calloc, realloc and free that count.
//!
//! In: calls of a program that was linked with the library or started with it in LD_PRELOAD. The C library's own
//! functions do the work.

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};

use chic_trace_rt::counting::{Call, note};

// All exported functions of the library are in this one.
extern crate chic_trace_rt;

/// A function of the C library, found at first use.
struct Real {
    name: &'static CStr,
    at: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Real {
        Real { name, at: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Null: it is being looked for, by this very thread perhaps.
    fn find(&self) -> *mut c_void {
        let at = self.at.load(Acquire);
        if !at.is_null() {
            return at;
        }
        // SAFETY: a name that ends in NUL.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.at.store(found, Release);
        found
    }
}

static MALLOC: Real = Real::new(c"malloc");
static CALLOC: Real = Real::new(c"calloc");
static REALLOC: Real = Real::new(c"realloc");
static FREE: Real = Real::new(c"free");

/// Memory for what a loader allocates while it looks for `calloc`. Never given back.
const SPARE_BYTES: usize = 1 << 14;
#[repr(C, align(16))]
struct Spare(core::cell::UnsafeCell<[u8; SPARE_BYTES]>);
// SAFETY: each piece is handed out once.
unsafe impl Sync for Spare {}
static SPARE: Spare = Spare(core::cell::UnsafeCell::new([0; SPARE_BYTES]));
static SPARE_USED: AtomicUsize = AtomicUsize::new(0);
static LOOKING: AtomicUsize = AtomicUsize::new(0);

fn spare(size: usize) -> *mut c_void {
    let size = size.next_multiple_of(16);
    let from = SPARE_USED.fetch_add(size, Relaxed);
    if from.checked_add(size).is_none_or(|end| end > SPARE_BYTES) {
        return ptr::null_mut();
    }
    // SAFETY: inside, as just checked.
    unsafe { SPARE.0.get().cast::<u8>().add(from).cast() }
}

fn is_spare(at: *mut c_void) -> bool {
    let from = SPARE.0.get().addr();
    (from..from + SPARE_BYTES).contains(&at.addr())
}

/// Bytes that an allocation really has.
fn size_of_block(at: *mut c_void) -> usize {
    // SAFETY: null, or a block of the C library.
    unsafe { libc::malloc_usable_size(at) }
}

/// As malloc(3).
///
/// # Safety
/// As malloc(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    let real = MALLOC.find();
    if real.is_null() {
        return spare(size);
    }
    // SAFETY: that is its signature.
    let real: extern "C" fn(usize) -> *mut c_void = unsafe { core::mem::transmute(real) };
    let at = real(size);
    if !at.is_null() {
        note(Call::Alloc, size_of_block(at), 0);
    }
    at
}

/// As calloc(3).
///
/// # Safety
/// As calloc(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // A loader may ask for memory while it looks for this very function.
    if CALLOC.at.load(Acquire).is_null() && LOOKING.fetch_add(1, AcqRel) > 0 {
        LOOKING.fetch_sub(1, AcqRel);
        return count.checked_mul(size).map_or(ptr::null_mut(), spare);
    }
    let was_unknown = CALLOC.at.load(Acquire).is_null();
    let real = CALLOC.find();
    if was_unknown {
        LOOKING.store(0, Release);
    }
    if real.is_null() {
        return count.checked_mul(size).map_or(ptr::null_mut(), spare);
    }
    // SAFETY: that is its signature.
    let real: extern "C" fn(usize, usize) -> *mut c_void = unsafe { core::mem::transmute(real) };
    let at = real(count, size);
    if !at.is_null() {
        note(Call::AllocZeroed, size_of_block(at), 0);
    }
    at
}

/// As realloc(3).
///
/// # Safety
/// As realloc(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(at: *mut c_void, size: usize) -> *mut c_void {
    let real = REALLOC.find();
    if real.is_null() || is_spare(at) {
        // SAFETY: a new block; of the old one at most what it had.
        unsafe {
            let moved = malloc(size);
            if !moved.is_null() && is_spare(at) {
                let end = SPARE.0.get().addr() + SPARE_BYTES;
                ptr::copy_nonoverlapping(at.cast::<u8>(), moved.cast(), size.min(end - at.addr()));
            }
            return moved;
        }
    }
    let had = size_of_block(at);
    // SAFETY: that is its signature.
    let real: extern "C" fn(*mut c_void, usize) -> *mut c_void = unsafe { core::mem::transmute(real) };
    let moved = real(at, size);
    if !moved.is_null() {
        note(Call::Realloc, size_of_block(moved), had);
    }
    moved
}

/// As free(3).
///
/// # Safety
/// As free(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(at: *mut c_void) {
    if at.is_null() || is_spare(at) {
        return;
    }
    let real = FREE.find();
    if real.is_null() {
        return;
    }
    note(Call::Free, 0, size_of_block(at));
    // SAFETY: that is its signature.
    let real: extern "C" fn(*mut c_void) = unsafe { core::mem::transmute(real) };
    real(at);
}
