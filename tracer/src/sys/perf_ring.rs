//! Sampling events of perf_event_open(2), and the rings into which the kernel writes their records.
//!
//! An event that children inherit can be mapped only when it is bound to a CPU, so there is one event and one ring
//! per CPU. It samples, and tells of births, ends, names, mappings and switches besides: each further event makes every
//! fork, exec and switch of the target dearer.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use perf_event_open_sys::bindings;

use super::perf;

/// What makes the kernel take a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Time on a CPU, ns between samples.
    Cpu(u64),
    /// Hardware cycles in user mode, samples per second aimed at.
    Cycles(u64),
}

/// A sampling event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sampling {
    pub clock: Clock,
    /// Bytes of user stack and the registers to unwind it; 0 takes neither.
    pub stack_bytes: u32,
    /// Also in the kernel, with its frames.
    pub kernel: bool,
}

/// Registers that [`Sampling::stack_bytes`] brings along, in the order of their bits
/// (arch/x86/include/uapi/asm/perf_regs.h): bp, sp, ip.
const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;

/// Registers of a [`Hits`] sample, in the order of their bits: ax, bx, cx, dx, si, di, bp, sp, ip, flags, cs, ss, r8 to r15.
pub(crate) const GENERAL: usize = 20;
const GENERAL_REGISTERS: u64 = 0xff_0fff;

/// Each hit of a trace event, as a sample of the task's registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hits {
    /// The number of the event (`id` in tracefs).
    pub event: u64,
    /// Also those of tasks that the task starts.
    pub follow: bool,
}

/// The event of one task and all it will start, on one CPU, and its ring.
#[derive(Debug)]
pub(crate) struct Ring {
    event: File,
    map: MmapRaw,
    data: usize,
    size: usize,
}

/// What of an event could not be had.
#[derive(Debug)]
pub(crate) enum Refused {
    Event(io::Error),
    Memory(io::Error),
}

impl Ring {
    /// Opens the event on CPU `cpu` for task `tid`, with a ring of `bytes` (a power of two of pages). It begins with the
    /// task's next exec.
    ///
    /// # Errors
    /// As perf_event_open(2), or mmap(2) of its descriptor: EPERM there is `perf_event_mlock_kb`.
    pub fn open(tid: u32, cpu: i32, sampling: Sampling, bytes: usize) -> Result<Ring, Refused> {
        Ring::map(open_sampling(tid, cpu, sampling).map_err(Refused::Event)?, bytes)
    }

    /// Opens a trace event on CPU `cpu` for task `tid`, with a ring of `bytes`. It begins with the task's next exec, and tells
    /// of births, ends, names and mappings, too.
    ///
    /// # Errors
    /// As [`Ring::open`].
    pub fn of_hits(tid: u32, cpu: i32, hits: Hits, bytes: usize) -> Result<Ring, Refused> {
        Ring::map(open_hits(tid, cpu, hits).map_err(Refused::Event)?, bytes)
    }

    fn map(event: File, bytes: usize) -> Result<Ring, Refused> {
        let page = page_size();
        let map = MmapOptions::new().len(bytes.saturating_add(page)).map_raw(&event).map_err(Refused::Memory)?;
        Ok(Ring { event, map, data: page, size: bytes })
    }

    /// Appends all that the kernel wrote since the last call, whole records, and gives the room back.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        let page = self.map.as_mut_ptr().cast::<bindings::perf_event_mmap_page>();
        // SAFETY: the first page of the mapping is this structure, aligned; the kernel writes its head and we its
        // tail, both only atomically.
        let (head, tail) = unsafe {
            (
                AtomicU64::from_ptr(&raw mut (*page).data_head).load(Ordering::Acquire),
                AtomicU64::from_ptr(&raw mut (*page).data_tail),
            )
        };
        let from = tail.load(Ordering::Relaxed);
        let len = usize::try_from(head.wrapping_sub(from)).unwrap_or(0).min(self.size);
        let begin = from as usize & (self.size - 1);
        let first = len.min(self.size - begin);
        out.reserve(len);
        for (at, count) in [(begin, first), (0, len - first)] {
            // SAFETY: `at + count` lies in the data pages, which follow the first page; the kernel does not write
            // between tail and head until we move the tail; `out` has room for both pieces.
            unsafe {
                let end = out.len();
                std::ptr::copy_nonoverlapping(self.map.as_ptr().add(self.data + at), out.as_mut_ptr().add(end), count);
                out.set_len(end + count);
            }
        }
        tail.store(head, Ordering::Release);
    }
}

/// A ring for each CPU; of so many bytes, or of half as many as often as this user may lock no more memory, down to
/// `least`. How many it became.
///
/// # Errors
/// Those of `open`.
pub(crate) fn of_all_cpus(
    mut bytes: usize,
    least: usize,
    open: impl Fn(i32, usize) -> Result<Ring, Refused>,
) -> Result<(Vec<Ring>, usize), Refused> {
    let mut rings = Vec::new();
    for cpu in online_cpus() {
        rings.push(loop {
            match open(cpu, bytes) {
                Ok(ring) => break ring,
                Err(Refused::Memory(error)) if error.raw_os_error() == Some(libc::EPERM) && bytes > least => bytes /= 2,
                Err(refused) => return Err(refused),
            }
        });
    }
    Ok((rings, bytes))
}

/// Waits until a ring is a quarter full, or at most `ms` milliseconds. True when a ring's tasks are all gone.
pub(crate) fn wait(rings: &[Ring], ms: i32) -> bool {
    let mut fds: Vec<libc::pollfd> = rings
        .iter()
        .map(|ring| libc::pollfd { fd: ring.event.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    // SAFETY: an array of ours and its length.
    unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, ms) };
    fds.iter().any(|fd| fd.revents & (libc::POLLHUP | libc::POLLERR) != 0)
}

/// Bytes of a page.
pub(crate) fn page_size() -> usize {
    // SAFETY: takes a number.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

fn open_hits(tid: u32, cpu: i32, hits: Hits) -> io::Result<File> {
    let mut attr = common(bindings::PERF_TYPE_TRACEPOINT, hits.event);
    attr.sample_type |= u64::from(bindings::PERF_SAMPLE_IP | bindings::PERF_SAMPLE_REGS_USER);
    attr.sample_regs_user = GENERAL_REGISTERS;
    attr.__bindgen_anon_1.sample_period = 1;
    attr.set_inherit(u64::from(hits.follow));
    attr.set_enable_on_exec(1);
    tell_of_tasks(&mut attr);
    perf::open(&mut attr, tid, cpu)
}

/// May this user have records of its own tasks at all?
///
/// # Errors
/// As perf_event_open(2).
pub(crate) fn try_own() -> io::Result<()> {
    const SELF: u32 = 0;
    let mut attr = common(bindings::PERF_TYPE_SOFTWARE, u64::from(bindings::PERF_COUNT_SW_DUMMY));
    perf::open(&mut attr, SELF, perf::ANY_CPU).map(drop)
}

fn open_sampling(tid: u32, cpu: i32, sampling: Sampling) -> io::Result<File> {
    let (kind, config) = match sampling.clock {
        Clock::Cpu(_) => (bindings::PERF_TYPE_SOFTWARE, bindings::PERF_COUNT_SW_CPU_CLOCK),
        Clock::Cycles(_) => (bindings::PERF_TYPE_HARDWARE, bindings::PERF_COUNT_HW_CPU_CYCLES),
    };
    let mut attr = common(kind, u64::from(config));
    match sampling.clock {
        Clock::Cpu(ns) => attr.__bindgen_anon_1.sample_period = ns,
        Clock::Cycles(hz) => {
            attr.__bindgen_anon_1.sample_freq = hz;
            attr.set_freq(1);
        }
    }
    attr.sample_type |= u64::from(bindings::PERF_SAMPLE_IP | bindings::PERF_SAMPLE_CALLCHAIN);
    attr.set_exclude_kernel(u64::from(!sampling.kernel));
    attr.set_exclude_callchain_kernel(u64::from(!sampling.kernel));
    if sampling.stack_bytes > 0 {
        attr.sample_type |= u64::from(bindings::PERF_SAMPLE_REGS_USER | bindings::PERF_SAMPLE_STACK_USER);
        attr.sample_regs_user = REGISTERS;
        attr.sample_stack_user = sampling.stack_bytes;
    }
    attr.set_enable_on_exec(1);
    tell_of_tasks(&mut attr);
    attr.set_context_switch(1);
    // Build ids in mapping records: Linux 5.12.
    attr.set_build_id(1);
    perf::open(&mut attr, tid, cpu).or_else(|error| match error.raw_os_error() {
        Some(libc::EINVAL) => {
            attr.set_build_id(0);
            perf::open(&mut attr, tid, cpu)
        }
        _ => Err(error),
    })
}

/// With births, ends, names and mappings; who waits for the ring is woken at so many bytes.
fn tell_of_tasks(attr: &mut bindings::perf_event_attr) {
    attr.set_task(1);
    attr.set_comm(1);
    attr.set_comm_exec(1);
    attr.set_mmap(1);
    attr.set_mmap2(1);
    attr.set_watermark(1);
    attr.__bindgen_anon_2.wakeup_watermark = 64 << 10;
}

/// What all events share: user mode, heirs, and the task and time of each record.
fn common(kind: u32, config: u64) -> bindings::perf_event_attr {
    let mut attr = bindings::perf_event_attr {
        type_: kind,
        size: size_of::<bindings::perf_event_attr>() as u32,
        config,
        sample_type: u64::from(bindings::PERF_SAMPLE_TID | bindings::PERF_SAMPLE_TIME),
        clockid: libc::CLOCK_MONOTONIC,
        ..Default::default()
    };
    attr.set_disabled(1);
    attr.set_inherit(1);
    attr.set_exclude_kernel(1);
    attr.set_exclude_hv(1);
    attr.set_sample_id_all(1);
    attr.set_use_clockid(1);
    attr
}

/// CPUs that tasks may run on.
fn online_cpus() -> Vec<i32> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let mut cpus: Vec<i32> = text.trim().split(',').filter_map(cpu_range).flatten().collect();
    if cpus.is_empty() {
        let count = std::thread::available_parallelism().map_or(1, |count| count.get() as i32);
        cpus.extend(0..count);
    }
    cpus
}

/// `3`, `0-7`.
fn cpu_range(text: &str) -> Option<std::ops::RangeInclusive<i32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}
