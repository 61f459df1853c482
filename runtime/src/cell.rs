//! Numbers that one thread writes, its signal handlers included, and others may read.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Adds in one instruction: a signal handler that adds to the same number in between loses nothing.
/// Cheaper than an atomic addition, because no other thread writes.
#[inline(always)]
pub fn add(cell: &AtomicU64, value: u64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: `cell` is eight bytes that may be written.
    unsafe {
        core::arch::asm!("add qword ptr [{at}], {value}", at = in(reg) cell.as_ptr(), value = in(reg) value, options(nostack));
    }
    #[cfg(not(target_arch = "x86_64"))]
    cell.fetch_add(value, Relaxed);
}

/// Adds to a number of 128 bits. The carry survives a signal handler, as all flags do.
#[inline(always)]
pub fn add_wide(cell: &[AtomicU64; 2], value: u128) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: `cell` is sixteen bytes that may be written.
    unsafe {
        core::arch::asm!(
            "add qword ptr [{at}], {low}",
            "adc qword ptr [{at} + 8], {high}",
            at = in(reg) cell.as_ptr(), low = in(reg) value as u64, high = in(reg) (value >> 64) as u64,
            options(nostack)
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let before = cell[0].fetch_add(value as u64, Relaxed);
        let carry = u64::from(before.checked_add(value as u64).is_none());
        cell[1].fetch_add(((value >> 64) as u64).wrapping_add(carry), Relaxed);
    }
}

/// Replaces `from` by `to`, in one instruction as [`add`]: false when it is another number by now.
#[inline(always)]
pub fn replace(cell: &AtomicU64, from: u64, to: u64) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let found: u64;
        // SAFETY: `cell` is eight bytes that may be written.
        unsafe {
            core::arch::asm!(
                "cmpxchg qword ptr [{at}], {to}",
                at = in(reg) cell.as_ptr(), to = in(reg) to, inout("rax") from => found, options(nostack)
            );
        }
        found == from
    }
    #[cfg(not(target_arch = "x86_64"))]
    cell.compare_exchange(from, to, Relaxed, Relaxed).is_ok()
}

/// The number of 128 bits.
pub fn wide(cell: &[AtomicU64; 2]) -> u128 {
    u128::from(cell[0].load(Relaxed)) | u128::from(cell[1].load(Relaxed)) << 64
}

/// Keeps the larger.
#[inline(always)]
pub fn raise(cell: &AtomicU64, value: u64) {
    let mut seen = cell.load(Relaxed);
    while value > seen {
        match cell.compare_exchange_weak(seen, value, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(other) => seen = other,
        }
    }
}

/// Keeps the smaller.
#[inline(always)]
pub fn lower(cell: &AtomicU64, value: u64) {
    let mut seen = cell.load(Relaxed);
    while value < seen {
        match cell.compare_exchange_weak(seen, value, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(other) => seen = other,
        }
    }
}
