//! Rings of a target's tasks: memory that it writes and we read, made of one of its memfds.
//!
//! The header of a ring is that of `runtime/src/ring.rs`. All that the target wrote is untrusted, and may
//! change while it is read: numbers are read once, and bytes are only copied.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

use super::{Errno, Tid, check};

/// Bytes of a slot and of a header.
const SLOT: usize = 32;
const HEADER: usize = 128;
const HEAD: usize = 16;
const DROPPED: usize = 24;
const TAIL: usize = 64;
const PAGE: usize = 4096;

/// Bytes of a ring of so many slots, rounded to pages.
pub fn ring_bytes(slots: u32) -> usize {
    (HEADER + slots as usize * SLOT).next_multiple_of(PAGE)
}

/// Rings side by side in one memory.
#[derive(Debug)]
pub struct Area {
    map: MmapRaw,
    slots: u32,
    count: usize,
}

impl Area {
    /// Makes room for `count` rings in a fresh memfd, so that nobody can change its size any more, and maps it.
    ///
    /// # Errors
    /// As ftruncate(2), fcntl(2) with F_ADD_SEALS, mmap(2).
    pub fn of(file: &File, slots: u32, count: usize) -> io::Result<Area> {
        let bytes = ring_bytes(slots) * count;
        file.set_len(bytes as u64)?;
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        // SAFETY: takes numbers only.
        check(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }.into())
            .map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
        // The pages must be there as long as they are mapped: the target can't take them away.
        if file.metadata()?.len() != bytes as u64 {
            return Err(io::Error::other("somebody else changed its size"));
        }
        let map = MmapOptions::new().len(bytes).map_raw(file)?;
        Ok(Area { map, slots, count })
    }

    /// Slots of each ring.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// How many rings there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where a ring begins.
    pub fn offset(&self, ring: usize) -> u64 {
        (ring_bytes(self.slots) * ring) as u64
    }

    /// Makes a ring empty, for this task.
    pub fn reset(&self, ring: usize, tid: Tid) {
        let words = [
            u64::from(u32::from_le_bytes(*b"CTRR")) | 1 << 32 | (HEADER as u64) << 48,
            u64::from(self.slots) | u64::from(tid.0) << 32,
        ];
        for (i, word) in words.into_iter().enumerate() {
            self.word(ring, 8 * i).store(word.to_le(), Ordering::Relaxed);
        }
        self.word(ring, HEAD).store(0, Ordering::Relaxed);
        self.word(ring, DROPPED).store(0, Ordering::Relaxed);
        self.word(ring, TAIL).store(0, Ordering::Release);
    }

    /// How many slots were ever written, as the task claims.
    pub fn head(&self, ring: usize) -> u64 {
        u64::from_le(self.word(ring, HEAD).load(Ordering::Acquire))
    }

    /// How many records found no room, as the task claims.
    pub fn dropped(&self, ring: usize) -> u64 {
        u64::from_le(self.word(ring, DROPPED).load(Ordering::Relaxed))
    }

    /// Gives slots back to the task.
    pub fn set_tail(&self, ring: usize, tail: u64) {
        self.word(ring, TAIL).store(tail.to_le(), Ordering::Release);
    }

    /// Copies whole slots from number `from` on, as many as `into` takes, at most all that the ring has.
    pub fn copy(&self, ring: usize, from: u64, into: &mut [u8]) {
        let count = (into.len() / SLOT).min(self.slots as usize);
        let begin = (from & u64::from(self.slots - 1)) as usize;
        let first = count.min(self.slots as usize - begin);
        let (low, high) = into[..count * SLOT].split_at_mut(first * SLOT);
        for (slot, piece) in [(begin, low), (0, high)] {
            let place = ring_bytes(self.slots) * ring + HEADER + slot * SLOT;
            assert!(ring < self.count && slot * SLOT + piece.len() <= self.slots as usize * SLOT);
            // SAFETY: the piece lies in its ring and the ring in the mapping, whose pages can't go away; bytes that
            // change meanwhile are bytes all the same.
            unsafe {
                std::ptr::copy_nonoverlapping(self.map.as_ptr().add(place), piece.as_mut_ptr(), piece.len());
            }
        }
    }

    fn word(&self, ring: usize, at: usize) -> &AtomicU64 {
        assert!(ring < self.count && at + 8 <= HEADER);
        // SAFETY: inside the mapping and aligned, because rings begin at pages; changed only atomically by us, and by
        // the target as it likes.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(ring_bytes(self.slots) * ring + at).cast()) }
    }
}

/// A file that a process has open, also for us: pidfd_getfd(2), or by way of /proc where there is none.
///
/// # Errors
/// As open(2).
pub fn take_file(process: Tid, task: Tid, fd: i32) -> io::Result<File> {
    match pidfd_getfd(process, fd) {
        Ok(file) => Ok(file),
        Err(_) => File::options().read(true).write(true).open(format!("/proc/{task}/fd/{fd}")),
    }
}

fn pidfd_getfd(process: Tid, fd: i32) -> Result<File, Errno> {
    let open = |result: libc::c_long| {
        // SAFETY: the kernel just made this descriptor for us, and nobody else has it.
        check(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as i32) })
    };
    // SAFETY: takes numbers only.
    let pidfd = open(unsafe { libc::syscall(libc::SYS_pidfd_open, process.raw(), 0) })?;
    // SAFETY: as above; the pidfd lives to the end of the call.
    open(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) }).map(File::from)
}

/// Flags of memfd_create(2): closed at an exec, with seals, never to be executed (Linux 6.3).
pub const MEMFD_FLAGS: u64 = (libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) as u64 | 8;
/// The same for older kernels.
pub const OLD_MEMFD_FLAGS: u64 = (libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) as u64;

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> File {
        // SAFETY: a name that ends; the descriptor is ours alone.
        unsafe { File::from_raw_fd(libc::memfd_create(c"test".as_ptr(), OLD_MEMFD_FLAGS as u32)) }
    }

    #[test]
    fn what_is_written_around_the_end_is_copied_in_order() {
        let file = memory();
        let area = Area::of(&file, 4, 2).expect("an area");
        area.reset(1, Tid(7));
        // SAFETY: the same pages, for this test alone.
        let mut target = unsafe { memmap2::MmapMut::map_mut(&file).expect("mapped") };
        let ring = area.offset(1) as usize;
        assert_eq!(target[ring..ring + 16], *b"CTRR\x01\0\x80\0\x04\0\0\0\x07\0\0\0");
        for slot in 0..4 {
            target[ring + HEADER + slot * SLOT..][..SLOT].fill(slot as u8);
        }
        target[ring + HEAD..][..8].copy_from_slice(&6u64.to_le_bytes());
        assert_eq!(area.head(1), 6);
        let mut out = [9u8; 4 * SLOT];
        area.copy(1, 3, &mut out[..3 * SLOT]);
        assert_eq!([out[0], out[SLOT], out[2 * SLOT], out[3 * SLOT]], [3, 0, 1, 9]);
        let mut more = vec![9u8; 6 * SLOT];
        area.copy(1, u64::MAX, &mut more);
        assert_eq!((more[0], more[SLOT], more[4 * SLOT]), (3, 0, 9), "never more than there are");
        area.set_tail(1, 6);
        assert_eq!(target[ring + TAIL..][..8], 6u64.to_le_bytes());
        area.reset(1, Tid(8));
        assert_eq!(area.head(1), 0);
    }

    #[test]
    fn nobody_takes_the_pages_away() {
        let file = memory();
        let area = Area::of(&file, 64, 1).expect("an area");
        assert!(file.set_len(0).is_err(), "sealed");
        assert_eq!(area.head(0), 0);
        assert!(Area::of(&file, 64, 1).is_err(), "sealed already");
    }
}
