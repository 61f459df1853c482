//! Counting events of perf_event_open(2).
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::FromRawFd;

use perf_event_open_sys::{bindings, perf_event_open};

/// A counter on a task and all it will start.
#[derive(Debug)]
pub(crate) struct Counter {
    file: File,
    /// Counts in user mode only: the kernel allows this user no more.
    pub user_only: bool,
}

/// What a counter read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    pub value: u64,
    /// ns since it was enabled, summed over tasks.
    pub enabled_ns: u64,
    /// ns of those in which it counted.
    pub running_ns: u64,
}

impl Counter {
    /// Opens one counter for task `tid` and its future children, wherever they run. It begins to count
    /// at the task's next exec.
    ///
    /// # Errors
    /// As perf_event_open(2); what is denied with the kernel's share is tried without it.
    pub fn open(kind: u32, config: u64, tid: u32) -> io::Result<Counter> {
        match Self::open_with(kind, config, tid, false) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
                Self::open_with(kind, config, tid, true)
            }
            result => result,
        }
    }

    /// A counter of instructions in user mode, which nobody else's work on this machine changes.
    ///
    /// # Errors
    /// As perf_event_open(2); ENOENT where the machine lends no hardware counters.
    pub fn instructions(tid: u32) -> io::Result<Counter> {
        Self::open_with(bindings::PERF_TYPE_HARDWARE, u64::from(bindings::PERF_COUNT_HW_INSTRUCTIONS), tid, true)
    }

    /// A counter of the page faults that user mode takes and that no disk is read for, or those that one is read for.
    ///
    /// # Errors
    /// As perf_event_open(2).
    pub fn faults(major: bool, tid: u32) -> io::Result<Counter> {
        let which =
            if major { bindings::PERF_COUNT_SW_PAGE_FAULTS_MAJ } else { bindings::PERF_COUNT_SW_PAGE_FAULTS_MIN };
        Self::open_with(bindings::PERF_TYPE_SOFTWARE, u64::from(which), tid, true)
    }

    fn open_with(kind: u32, config: u64, tid: u32, user_only: bool) -> io::Result<Counter> {
        let mut attr = bindings::perf_event_attr {
            type_: kind,
            size: size_of::<bindings::perf_event_attr>() as u32,
            config,
            read_format: u64::from(bindings::PERF_FORMAT_TOTAL_TIME_ENABLED | bindings::PERF_FORMAT_TOTAL_TIME_RUNNING),
            ..Default::default()
        };
        attr.set_inherit(1);
        attr.set_exclude_hv(1);
        attr.set_exclude_kernel(u64::from(user_only));
        attr.set_disabled(1);
        attr.set_enable_on_exec(1);
        Ok(Counter { file: open(&mut attr, tid, ANY_CPU)?, user_only })
    }

    /// The counter now, its children's shares included.
    ///
    /// # Errors
    /// As read(2); a short read is an error too.
    pub fn read(&self) -> io::Result<Count> {
        let mut bytes = [0; 24];
        (&self.file).read_exact(&mut bytes)?;
        let word = |at: usize| u64::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
        Ok(Count { value: word(0), enabled_ns: word(8), running_ns: word(16) })
    }
}

/// Wherever the task runs.
pub(super) const ANY_CPU: i32 = -1;

/// perf_event_open(2) on task `tid`, on one CPU or on any.
pub(super) fn open(attr: &mut bindings::perf_event_attr, tid: u32, cpu: i32) -> io::Result<File> {
    let mut fd = open_raw(attr, tid, cpu);
    // A kernel older than our structure says so, and writes the size it knows.
    if fd < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::E2BIG) {
        fd = open_raw(attr, tid, cpu);
    }
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor for us, and nobody else has it.
    Ok(unsafe { File::from_raw_fd(fd) })
}

fn open_raw(attr: &mut bindings::perf_event_attr, tid: u32, cpu: i32) -> i32 {
    let flags = libc::c_ulong::from(bindings::PERF_FLAG_FD_CLOEXEC);
    // SAFETY: `attr` is whole, says its own size, and outlives the call; the kernel may only write
    // the size it expects into it.
    unsafe { perf_event_open(attr, tid as libc::pid_t, cpu, -1, flags) }
}
