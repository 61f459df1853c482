//! Memory for tables: whole pages from the kernel, zero, and touched only where they are used.

use core::ptr;

/// `bytes` of zeroed memory, or null. Async-signal-safe.
pub fn map(bytes: usize) -> *mut u8 {
    // SAFETY: a new private mapping; no memory of the program is touched.
    let at = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED { ptr::null_mut() } else { at.cast() }
}

/// Gives back what [`map`] gave.
///
/// # Safety
/// `at` is the result of `map(bytes)` and nobody uses it any more.
pub unsafe fn unmap(at: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(at.cast(), bytes) };
}
