//! The ring of a task: records for a recorder that shares its memory.
//!
//! A header of 128 bytes (magic, version, size, slots, tid; `head` at 16, records lost at 24, `tail` at 64), then slots of 32 bytes,
//! little-endian: time, descriptor, kind, flags, depth, two words. A record of several slots is published as one.
//!
//! A signal handler that runs between an event and its record puts its own records in front of it, where their depth
//! may be off by one. Times are always right: in their order, enters and exits of a ring nest.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::*};

use crate::allocations::Counts;
use crate::cell::replace;
use crate::registry::Descriptor;

/// Bytes of the header.
pub const HEADER: usize = 128;
/// Bytes of a slot.
pub const SLOT: usize = 32;
const MAGIC: u32 = u32::from_le_bytes(*b"CTRR");
const VERSION: u16 = 1;
const HEAD: usize = 16;
/// Records that found no room, for the recorder to tell.
const DROPPED: usize = 24;
const TAIL: usize = 64;
/// The word of an exit whose peak was not measured.
pub const NO_PEAK: u64 = u64::MAX;

/// What a record says.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Enter = 1,
    Exit = 2,
    Describe = 3,
    Stream = 4,
    Next = 5,
    Advance = 6,
    Split = 7,
    Allocations = 8,
}

/// First slot of a record.
#[derive(Clone, Copy)]
pub struct Record {
    pub time: u64,
    pub descriptor: u32,
    pub kind: Kind,
    pub depth: u16,
    pub a: u64,
    pub b: u64,
}

impl Record {
    fn words(&self) -> [u64; 4] {
        let second = u64::from(self.descriptor) | (self.kind as u64) << 32 | u64::from(self.depth) << 48;
        [self.time, second, self.a, self.b].map(u64::to_le)
    }
}

/// What to do when there is no room.
pub type Full = fn() -> bool;

/// The writing end. Used by one thread and its signal handlers.
pub struct Ring {
    base: *mut u8,
    slots: u64,
    /// Slots handed out, of which those up to `head` are published.
    reserved: AtomicU64,
    /// Records that are being written: a signal handler's begin inside another.
    writing: AtomicU64,
    full: Full,
}

impl Ring {
    /// A ring at `base`, or None when what stands there is none.
    ///
    /// # Safety
    /// `bytes` bytes at `base` are readable, writable, aligned to 8 and stay; nobody else writes to the ring.
    pub unsafe fn new(base: *mut u8, bytes: u64, full: Full) -> Option<Ring> {
        if base.is_null() || !base.addr().is_multiple_of(8) || bytes < (HEADER + SLOT) as u64 {
            return None;
        }
        // SAFETY: the header is inside, by the line above and the caller's promise.
        let (magic, version, header, slots) = unsafe {
            (
                u32::from_le(base.cast::<u32>().read()),
                u16::from_le(base.add(4).cast::<u16>().read()),
                u16::from_le(base.add(6).cast::<u16>().read()),
                u64::from(u32::from_le(base.add(8).cast::<u32>().read())),
            )
        };
        let fits = slots.is_power_of_two() && HEADER as u64 + slots * SLOT as u64 <= bytes;
        if magic != MAGIC || version != VERSION || usize::from(header) != HEADER || !fits {
            return None;
        }
        let ring = Ring { base, slots, reserved: AtomicU64::new(0), writing: AtomicU64::new(0), full };
        ring.reserved.store(ring.head().load(Relaxed), Relaxed);
        Some(ring)
    }

    fn counter(&self, at: usize) -> &AtomicU64 {
        // SAFETY: inside the header, aligned.
        unsafe { AtomicU64::from_ptr(self.base.add(at).cast()) }
    }

    fn head(&self) -> &AtomicU64 {
        self.counter(HEAD)
    }

    /// Room for `count` slots that belong to us alone; None when there is none and the recorder makes none.
    #[inline(always)]
    fn reserve(&self, count: u64, outer: u64) -> Option<u64> {
        if count > self.slots {
            return None;
        }
        loop {
            let from = self.reserved.load(Relaxed);
            if from.wrapping_add(count).wrapping_sub(self.counter(TAIL).load(Acquire)) > self.slots {
                if self.make_room(outer) {
                    continue;
                }
                return None;
            }
            if replace(&self.reserved, from, from.wrapping_add(count)) {
                return Some(from);
            }
        }
    }

    /// A writer that waits for room has no slot: signal handlers may publish what they and others have written
    /// meanwhile, or the ring would stay full of records that nobody can read.
    #[cold]
    fn make_room(&self, outer: u64) -> bool {
        self.writing.store(outer, Relaxed);
        self.publish(outer);
        let has_room = (self.full)();
        self.writing.store(outer + 1, Relaxed);
        has_room
    }

    /// The outermost writer publishes for all: when a handler is done, the record it interrupted is not whole.
    #[inline(always)]
    fn publish(&self, outer: u64) {
        if outer == 0 {
            self.head().store(self.reserved.load(Relaxed), Release);
        }
    }

    #[inline(always)]
    fn put(&self, slot: u64, words: [u64; 4]) {
        let at = HEADER + ((slot & (self.slots - 1)) as usize) * SLOT;
        // SAFETY: inside the ring, as `new` checked; the slot is reserved for us.
        unsafe { self.base.add(at).cast::<[u64; 4]>().write_volatile(words) };
    }

    /// Writes a record whose further slots are `more`. False: it was lost.
    #[inline(always)]
    fn write(&self, record: &Record, more: u64, slots: impl Fn(u64) -> [u64; 4]) -> bool {
        let outer = self.writing.load(Relaxed);
        self.writing.store(outer + 1, Relaxed);
        let from = self.reserve(1 + more, outer);
        if let Some(from) = from {
            self.put(from, record.words());
            for i in 0..more {
                self.put(from.wrapping_add(1 + i), slots(i));
            }
        }
        self.writing.store(outer, Relaxed);
        self.publish(outer);
        if from.is_none() {
            self.counter(DROPPED).fetch_add(1, Relaxed);
        }
        from.is_some()
    }

    /// A record of one slot.
    #[inline(always)]
    pub fn push(&self, record: &Record) -> bool {
        self.write(record, 0, |_| [0; 4])
    }

    /// A record with one slot behind it.
    pub fn push_with(&self, record: &Record, words: [u64; 4]) -> bool {
        self.write(record, 1, |_| words.map(u64::to_le))
    }

    /// Allocations of a tracepoint, or of the thread (`id` 0).
    pub fn push_allocations(&self, time: u64, id: u64, counts: Counts) -> bool {
        let [calls, zeroed_calls, realloc_calls, free_calls, bytes, zeroed_bytes, realloc_bytes, freed] = counts;
        let record = Record { time, descriptor: 0, kind: Kind::Allocations, depth: 0, a: id, b: calls };
        let first = [bytes, freed, zeroed_calls, zeroed_bytes];
        let second = [realloc_calls, realloc_bytes, free_calls, 0];
        self.write(&record, 2, |i| if i == 0 { first } else { second }.map(u64::to_le))
    }

    /// What a tracepoint is, before its first enter in this ring.
    pub fn describe(&self, number: u32, what: &Descriptor) -> bool {
        let label = what.label();
        let budgets = what.budgets();
        let record =
            Record { time: 0, descriptor: number, kind: Kind::Describe, depth: 0, a: what.id, b: label.len() as u64 };
        self.write(&record, 2 + label.len().div_ceil(SLOT) as u64, |i| match i {
            0 => [budgets.cpu, budgets.mem, budgets.gpu, budgets.io].map(u64::to_le),
            1 => [what.site.load(Relaxed).to_le(), 0, 0, 0],
            _ => piece(label, (i - 2) as usize),
        })
    }
}

/// The bytes of a slot of a label, zero behind its end.
fn piece(label: &[u8], index: usize) -> [u64; 4] {
    let mut bytes = [0u8; SLOT];
    for (to, from) in bytes.iter_mut().zip(label.iter().skip(index * SLOT)) {
        *to = *from;
    }
    // SAFETY: 32 bytes are four words; any bits are a word.
    unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) }
}
