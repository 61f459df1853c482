//! The memory of another task: many ranges in one call, and slower ways where that one is refused.
//!
//! `process_vm_readv` takes all ranges of a stop at once and never reads what the task itself could
//! not. `/proc/TID/mem` and `PTRACE_PEEKDATA` go one range and one word at a time, and read through
//! `PROT_NONE`; they serve where the first is missing, is refused, or would sleep: a page that
//! `userfaultfd` watches is filled by a thread of the target, which may wait for us.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Errno;

/// Most ranges one `process_vm_readv` takes (`IOV_MAX`, readv(2)).
const RANGES_AT_ONCE: usize = 1024;

/// Bytes that PEEKDATA reads of one range: it costs a system call for every eight.
const PEEK_BYTES: usize = 4096;

/// A range of remote memory, and where in the local buffer it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Remote address.
    pub addr: u64,
    /// Offset in the local buffer.
    pub at: usize,
    /// Bytes asked for.
    pub len: usize,
    /// Bytes that came; fewer than `len` when the memory behind them can't be read.
    pub got: usize,
}

/// How memory is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Readv,
    ProcMem,
    Peek,
}

/// A reader of remote memory. Keeps its scratch, and the way that works here.
pub struct RemoteMemory {
    local: Vec<libc::iovec>,
    remote: Vec<libc::iovec>,
    way: Way,
    /// `process_vm_readv` has worked: a refusal is about one task, not about this machine.
    readv_worked: bool,
    /// Why another way had to be taken; the first time only.
    fallback: Option<String>,
    told: bool,
}

impl RemoteMemory {
    /// A reader that has not read yet.
    pub fn new() -> Self {
        RemoteMemory {
            local: Vec::with_capacity(64),
            remote: Vec::with_capacity(64),
            way: Way::Readv,
            readv_worked: false,
            fallback: None,
            told: false,
        }
    }

    /// The reason for which a slower way is in use: once, when it is first taken.
    pub fn take_fallback(&mut self) -> Option<String> {
        self.fallback.take()
    }

    /// From here on never sleep for a page that a thread of the target has to fill.
    pub fn never_sleep(&mut self, because: &str) {
        if self.way == Way::Readv {
            self.way = Way::ProcMem;
            self.tell(because);
        }
    }

    fn tell(&mut self, why: &str) {
        if !self.told {
            self.told = true;
            self.fallback = Some(why.to_string());
        }
    }

    /// Fills `buffer` from the memory of `tid`, and each range's `got`. Ranges must lie in `buffer`;
    /// those that don't are left empty.
    pub fn read(&mut self, tid: u32, buffer: &mut [u8], ranges: &mut [Range]) {
        for range in ranges.iter_mut() {
            range.got = 0;
            if range.at.checked_add(range.len).is_none_or(|end| end > buffer.len()) {
                range.len = 0;
            }
        }
        match self.way {
            Way::Readv => {
                if !self.readv(tid, buffer, ranges) {
                    self.fall_back(tid, buffer, ranges);
                }
            }
            Way::ProcMem => {
                if !proc_mem(tid, buffer, ranges) {
                    peek(tid, buffer, ranges);
                }
            }
            Way::Peek => peek(tid, buffer, ranges),
        }
    }

    /// `process_vm_readv` refused: try the others, and keep to one if this is how the machine is.
    fn fall_back(&mut self, tid: u32, buffer: &mut [u8], ranges: &mut [Range]) {
        let why = Errno::last().text();
        let (way, instead) = if proc_mem(tid, buffer, ranges) {
            (Way::ProcMem, "memory is read by /proc/TID/mem")
        } else {
            peek(tid, buffer, ranges);
            // The kernel keeps what must not be dumped (prctl(2), PR_SET_DUMPABLE) from a tracer without
            // CAP_SYS_PTRACE, whatever way it takes.
            let any = ranges.iter().any(|range| range.got > 0);
            (Way::Peek, if any { "memory is read by PTRACE_PEEKDATA" } else { "no other way reads its memory either" })
        };
        if !self.readv_worked {
            self.way = way;
        }
        self.tell(&format!("process_vm_readv of task {tid}: {why}; {instead}"));
    }

    /// False when the call itself is refused (ENOSYS, EPERM, EACCES).
    fn readv(&mut self, tid: u32, buffer: &mut [u8], ranges: &mut [Range]) -> bool {
        let mut next = 0;
        while next < ranges.len() {
            let end = ranges.len().min(next + RANGES_AT_ONCE);
            let count = match self.readv_once(tid, buffer, &ranges[next..end]) {
                Ok(count) => count,
                Err(libc::ENOSYS | libc::EPERM | libc::EACCES) => return false,
                Err(libc::ESRCH) => return true,
                // EFAULT before the first byte, or a range that no address space holds (EINVAL).
                Err(_) => 0,
            };
            // A count that falls short ends where the fault is; what lies behind it is still to be read.
            let mut left = count;
            let mut whole = true;
            while next < end {
                let range = &mut ranges[next];
                range.got = range.len.min(left);
                left -= range.got;
                whole = range.got == range.len;
                next += 1;
                if !whole {
                    break;
                }
            }
            self.readv_worked |= count > 0 || whole;
        }
        true
    }

    fn readv_once(&mut self, tid: u32, buffer: &mut [u8], ranges: &[Range]) -> Result<usize, i32> {
        self.local.clear();
        self.remote.clear();
        for range in ranges {
            let Some(local) = buffer.get_mut(range.at..range.at + range.len) else { return Err(libc::EINVAL) };
            self.local.push(libc::iovec { iov_base: local.as_mut_ptr().cast(), iov_len: range.len });
            self.remote.push(libc::iovec { iov_base: range.addr as usize as *mut libc::c_void, iov_len: range.len });
        }
        let count = ranges.len() as libc::c_ulong;
        // SAFETY: each local piece was cut out of `buffer`, which is borrowed for writing until the
        // call returns; pieces may overlap, they are bytes. The remote addresses are another process's
        // and only checked there. Both vectors hold `count` elements.
        let got = unsafe {
            libc::process_vm_readv(tid as libc::pid_t, self.local.as_ptr(), count, self.remote.as_ptr(), count, 0)
        };
        self.local.clear();
        usize::try_from(got).map_err(|_| io::Error::last_os_error().raw_os_error().unwrap_or(libc::EFAULT))
    }
}

/// False when the file can't be opened; a range that can't be read keeps `got` short.
fn proc_mem(tid: u32, buffer: &mut [u8], ranges: &mut [Range]) -> bool {
    let Ok(file) = File::open(format!("/proc/{tid}/mem")) else { return false };
    for range in ranges {
        while range.got < range.len {
            let Some(addr) = range.addr.checked_add(range.got as u64) else { break };
            let Some(into) = buffer.get_mut(range.at + range.got..range.at + range.len) else { break };
            match file.read_at(into, addr) {
                Ok(0) | Err(_) => break,
                Ok(count) => range.got += count,
            }
        }
    }
    true
}

/// Fills `bytes` from the memory of a task, what it can't read itself included (`/proc/TID/mem`).
pub fn read(tid: u32, addr: u64, bytes: &mut [u8]) -> io::Result<()> {
    File::open(format!("/proc/{tid}/mem"))?.read_exact_at(bytes, addr)
}

/// Changes the memory of a task, what it can't write itself included; what it shares with a file becomes its own.
pub fn write(tid: u32, addr: u64, bytes: &[u8]) -> io::Result<()> {
    File::options().write(true).open(format!("/proc/{tid}/mem"))?.write_all_at(bytes, addr)
}

/// Word by word, at most [`PEEK_BYTES`] of each range. The task must be stopped and ours.
fn peek(tid: u32, buffer: &mut [u8], ranges: &mut [Range]) {
    for range in ranges {
        while range.got < range.len.min(PEEK_BYTES) {
            // Aligned words: one that begins before a fault never reaches over it.
            let Some(addr) = range.addr.checked_add(range.got as u64) else { break };
            let skip = (addr % 8) as usize;
            let Some(word) = peek_word(tid, addr - skip as u64) else { break };
            let bytes = word.to_ne_bytes();
            let take = (8 - skip).min(range.len - range.got);
            let Some(into) = buffer.get_mut(range.at + range.got..range.at + range.got + take) else { break };
            into.copy_from_slice(&bytes[skip..skip + take]);
            range.got += take;
        }
    }
}

fn peek_word(tid: u32, addr: u64) -> Option<libc::c_long> {
    // The word is the result, so only errno tells an error from -1.
    // SAFETY: PEEKDATA touches no memory of ours; __errno_location is this thread's own errno.
    unsafe {
        *libc::__errno_location() = 0;
        let word = libc::ptrace(
            libc::PTRACE_PEEKDATA,
            tid as libc::pid_t,
            addr as usize as *mut libc::c_void,
            std::ptr::null_mut::<libc::c_void>(),
        );
        (*libc::__errno_location() == 0).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of our own; the last one is PROT_NONE.
    struct Pages {
        base: *mut u8,
        len: usize,
    }

    impl Pages {
        fn new(readable: usize) -> Pages {
            let len = (readable + 1) * 4096;
            // SAFETY: a fresh anonymous mapping; protection of its last page is taken away.
            let base = unsafe {
                let base = libc::mmap(
                    std::ptr::null_mut(),
                    len,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                );
                assert_ne!(base, libc::MAP_FAILED);
                let base: *mut u8 = base.cast();
                for i in 0..readable * 4096 {
                    base.add(i).write((i % 251) as u8);
                }
                assert_eq!(libc::mprotect(base.add(readable * 4096).cast(), 4096, libc::PROT_NONE), 0);
                base
            };
            Pages { base, len }
        }

        fn at(&self, offset: usize) -> u64 {
            self.base as u64 + offset as u64
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: the mapping made in `new`, nothing points into it any more.
            unsafe { libc::munmap(self.base.cast(), self.len) };
        }
    }

    fn expected(from: usize, len: usize) -> Vec<u8> {
        (from..from + len).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn a_fault_in_the_middle_costs_only_the_rest_of_its_range() {
        let pages = Pages::new(2);
        let mut buffer = vec![0xee; 1000];
        let mut ranges = [
            Range { addr: pages.at(10), at: 0, len: 100, got: 0 },
            Range { addr: pages.at(2 * 4096 - 30), at: 100, len: 100, got: 0 },
            Range { addr: 0, at: 200, len: 8, got: 0 },
            Range { addr: u64::MAX - 3, at: 300, len: 100, got: 0 },
            Range { addr: pages.at(4000), at: 400, len: 200, got: 0 },
            Range { addr: pages.at(0), at: 990, len: 100, got: 0 },
        ];
        let mut memory = RemoteMemory::new();
        memory.read(std::process::id(), &mut buffer, &mut ranges);
        assert_eq!(ranges.map(|r| r.got), [100, 30, 0, 0, 200, 0]);
        assert_eq!(buffer[..100], expected(10, 100));
        assert_eq!(buffer[100..130], expected(2 * 4096 - 30, 30));
        assert_eq!(buffer[130..400], vec![0xee; 270]);
        assert_eq!(buffer[400..600], expected(4000, 200));
        assert_eq!(memory.take_fallback(), None);
    }

    #[test]
    fn more_ranges_than_one_call_takes() {
        let pages = Pages::new(1);
        let mut buffer = vec![0; 3000];
        let mut ranges: Vec<Range> =
            (0..3000).map(|i| Range { addr: pages.at(i % 4096), at: i, len: 1, got: 0 }).collect();
        RemoteMemory::new().read(std::process::id(), &mut buffer, &mut ranges);
        assert!(ranges.iter().all(|r| r.got == 1));
        assert_eq!(buffer, expected(0, 3000));
    }

    #[test]
    fn proc_mem_reads_the_same_and_is_told_once() {
        let pages = Pages::new(1);
        let mut buffer = vec![0; 100];
        let mut ranges =
            [Range { addr: pages.at(7), at: 0, len: 50, got: 0 }, Range { addr: 16, at: 50, len: 50, got: 0 }];
        let mut memory = RemoteMemory::new();
        memory.never_sleep("the target watches its own page faults");
        memory.read(std::process::id(), &mut buffer, &mut ranges);
        assert_eq!(ranges.map(|r| r.got), [50, 0]);
        assert_eq!(buffer[..50], expected(7, 50));
        assert_eq!(memory.take_fallback().as_deref(), Some("the target watches its own page faults"));
        memory.read(std::process::id(), &mut buffer, &mut ranges);
        assert_eq!(memory.take_fallback(), None);
    }

    #[test]
    fn a_refused_call_is_replaced_for_good_unless_it_worked_before() {
        let pages = Pages::new(1);
        let mut buffer = vec![0; 50];
        let mut ranges = [Range { addr: pages.at(3), at: 0, len: 50, got: 0 }];
        let mut memory = RemoteMemory::new();
        // As `read` does when process_vm_readv says EPERM.
        memory.fall_back(std::process::id(), &mut buffer, &mut ranges);
        assert_eq!((ranges[0].got, &buffer[..]), (50, &expected(3, 50)[..]));
        assert_eq!(memory.way, Way::ProcMem);
        let why = memory.take_fallback().expect("told");
        assert!(why.contains("process_vm_readv") && why.contains("/proc/TID/mem"), "{why}");

        let mut memory = RemoteMemory::new();
        memory.read(std::process::id(), &mut buffer, &mut ranges);
        memory.fall_back(std::process::id(), &mut buffer, &mut ranges);
        assert_eq!(memory.way, Way::Readv, "one task refused, not the machine");
        assert!(memory.take_fallback().is_some());
    }

    #[test]
    fn a_task_that_is_gone_gives_nothing() {
        let mut child = std::process::Command::new("true").spawn().expect("true");
        child.wait().expect("wait");
        let mut ranges = [Range { addr: 0x1000, at: 0, len: 8, got: 0 }];
        RemoteMemory::new().read(child.id(), &mut [0; 8], &mut ranges);
        assert_eq!(ranges[0].got, 0);
    }
}
