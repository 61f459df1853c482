//! Sampling: where the tasks of a run were, many times a second, and when they were on a CPU.
//!
//! In: a task that waits before its exec. Out: [`Seen`] values in the order of their times, pushed by
//! [`Sampler::drain`] while the target runs, and a [`Report`] of what could not be had. The kernel takes
//! the samples (perf_event_open(2)); nothing is put into the target.
//!
//! ```text
//! Sampler::open(tid, how)     the task waits before its exec
//! drain(see)                  every few ms; rings hold some tenths of a second
//! finish(see) -> Report       the target is gone; then `names`
//! ```

pub(crate) mod order;
pub(crate) mod record;
mod refused;
mod run;
pub(crate) mod space;
mod stops;
mod unwind;

pub use crate::sys::perf_ring::Clock;
pub use run::{Sampled, run};

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::Error;
use crate::symbols::{Mapping, Symbols, UNKNOWN};
use crate::sys::clock;
use crate::sys::perf_ring::{self, Ring, Sampling};
use order::Queue;
pub(crate) use record::Registers;
use record::{Body, Stamp, Taken};
use space::Spaces;
use stops::Looks;
use unwind::Unwinding;

/// How stacks are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stacks {
    /// By frame pointers, by the kernel.
    FramePointers,
    /// By unwinding tables, from a copy of the upper 8 KiB of the stack.
    Tables,
    /// Both for the first 100 samples; then frame pointers alone if they mostly reached the beginning.
    #[default]
    Auto,
}

/// How to sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// What makes a sample.
    pub clock: Clock,
    /// How its stack is taken.
    pub stacks: Stacks,
    /// Also while the kernel works for a task, with the kernel's frames.
    pub kernel: bool,
}

impl Default for How {
    /// 1 ms on a CPU.
    fn default() -> Self {
        How { clock: Clock::Cpu(1_000_000), stacks: Stacks::Auto, kernel: false }
    }
}

/// An address of a stack: inside the instruction that ran, or that called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Frame {
    /// The address.
    pub ip: u64,
    /// What was mapped there then: an index into [`Sampler::mappings`], or [`NO_MAPPING`].
    pub mapping: u32,
}

impl Frame {
    /// Is it in the kernel? Its addresses are the upper half.
    pub fn is_kernel(&self) -> bool {
        self.ip >> 63 == 1
    }
}

/// Nothing known was mapped there.
pub const NO_MAPPING: u32 = u32::MAX;

/// A sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Process.
    pub pid: u32,
    /// Task.
    pub tid: u32,
    /// CLOCK_MONOTONIC, ns.
    pub at_ns: u64,
    /// Innermost first; never empty.
    pub frames: &'a [Frame],
    /// Does the last frame belong to the function in which the task began?
    pub complete: bool,
}

/// What was seen of a task. Times are CLOCK_MONOTONIC in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It ran, and was here.
    Sample(Sample<'a>),
    /// It came onto a CPU, or left it; of one task by turns, beginning with `on`.
    #[allow(missing_docs)]
    Switch {
        tid: u32,
        at_ns: u64,
        on: bool,
        /// It left although it would have run on.
        preempted: bool,
    },
    /// Its process mapped executable pages; before any frame that names them.
    #[allow(missing_docs)]
    Mapped {
        at_ns: u64,
        /// As in [`Frame::mapping`].
        index: u32,
        mapping: &'a Mapping,
    },
    /// It was born.
    #[allow(missing_docs)]
    Born { pid: u32, tid: u32, at_ns: u64 },
    /// It ended.
    #[allow(missing_docs)]
    Died { pid: u32, tid: u32, at_ns: u64 },
    /// It has this name, by an exec or by its own wish.
    #[allow(missing_docs)]
    Named { pid: u32, tid: u32, at_ns: u64, name: &'a [u8], exec: bool },
}

/// Who took the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// The kernel (perf_event_open(2)): [`Seen::Switch`] tells when tasks were on a CPU, too.
    #[default]
    Kernel,
    /// The tracer, which interrupted running tasks: nothing else is told of them.
    Tracer,
}

/// How sampling went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Who took them.
    pub source: Source,
    /// Samples handed over.
    pub samples: u64,
    /// Of those, how many stacks reached the beginning of their task.
    pub complete: u64,
    /// Records the kernel could not keep.
    pub lost: u64,
    /// Times the kernel slowed sampling down.
    pub throttled: u64,
    /// Records that could not be read.
    pub broken: u64,
    /// At [`Stacks::Auto`], the number of the sample behind which stacks came by frame pointers only.
    pub switched_to_fp_at: Option<u64>,
    /// What is missing or was refused, one line each.
    pub not_measured: Vec<String>,
}

/// Bytes of stack with a sample (perf-json: 8 KiB).
const STACK_BYTES: u32 = 8 << 10;
/// Bytes of a ring; halved where the kernel allows less. Below the lower number that is told.
const RING_BYTES: usize = 2 << 20;
const ENOUGH_RING_BYTES: usize = 512 << 10;
const LEAST_RING_BYTES: usize = 32 << 10;
/// Samples by which [`Stacks::Auto`] decides, and how many of 100 chains must reach the beginning.
const TRIED: u64 = 100;
const ENOUGH: u64 = 80;
/// A record gets its time before it is in its ring: none is older than this when it arrives there.
const LATE: Duration = Duration::from_millis(5);

/// Of what the kernel records, all that happened before this time is in its ring by now.
pub(crate) fn recorded_until() -> u64 {
    clock::monotonic_ns().saturating_sub(LATE.as_nanos() as u64)
}

/// Samples a task and all it starts.
pub struct Sampler {
    rings: Vec<Ring>,
    /// Of the smallest.
    ring_bytes: usize,
    queue: Queue,
    state: State,
    looks: Looks,
}

/// What records change.
struct State {
    spaces: Spaces,
    symbols: Symbols,
    unwinding: Unwinding,
    stacks: Stacks,
    tried: u64,
    chains_complete: u64,
    /// Processes that ran code of no file.
    jits: HashSet<u32>,
    /// Tasks on a CPU.
    running: HashSet<u32>,
    /// Is this frame in the function in which its task began?
    entries: HashMap<Frame, bool>,
    frames: Vec<Frame>,
    chain: Vec<Frame>,
    kernel: Vec<Frame>,
    with_kernel: bool,
    report: Report,
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sampler({} rings, {} samples)", self.rings.len(), self.state.report.samples)
    }
}

impl Sampler {
    /// Opens the events on task `tid`, which waits before its exec. They begin with it.
    ///
    /// # Errors
    /// What the kernel refused, why, and what to do.
    pub fn open(tid: u32, how: How) -> Result<Sampler, Error> {
        let stack_bytes = if how.stacks == Stacks::FramePointers { 0 } else { STACK_BYTES };
        let sampling = Sampling { clock: how.clock, stack_bytes, kernel: how.kernel };
        let (rings, bytes) =
            perf_ring::of_all_cpus(RING_BYTES, LEAST_RING_BYTES, |cpu, bytes| Ring::open(tid, cpu, sampling, bytes))
                .map_err(|refused| refused::error(tid, how, &refused))?;
        Ok(Sampler::with_rings(rings, bytes, how))
    }

    fn with_rings(rings: Vec<Ring>, ring_bytes: usize, how: How) -> Sampler {
        let state = State { with_kernel: how.kernel, ..State::new(how.stacks) };
        let (queue, looks) = (Queue::with_room(ring_bytes.saturating_mul(rings.len())), Looks::default());
        Sampler { rings, ring_bytes, queue, state, looks }
    }

    /// Waits until there is much to drain, or at most `ms` milliseconds. True when the tasks seem to be gone.
    pub fn wait(&self, ms: u16) -> bool {
        perf_ring::wait(&self.rings, i32::from(ms))
    }

    /// Hands over what happened until some milliseconds ago.
    pub fn drain(&mut self, see: &mut dyn FnMut(Seen<'_>)) {
        self.drain_until(recorded_until(), see);
    }

    /// The same until this time, which is not behind [`recorded_until`].
    pub(crate) fn drain_until(&mut self, until: u64, see: &mut dyn FnMut(Seen<'_>)) {
        self.take_until(until, see);
        for pid in &self.state.jits {
            self.state.symbols.read_jit(*pid);
        }
    }

    /// Hands over the rest. How it went.
    pub fn finish(&mut self, see: &mut dyn FnMut(Seen<'_>)) -> Report {
        self.take_until(u64::MAX, see);
        for pid in &self.state.jits {
            self.state.symbols.read_jit(*pid);
        }
        let mut report = self.state.report.clone();
        report.broken = self.queue.broken;
        let missing = &mut report.not_measured;
        if self.ring_bytes < ENOUGH_RING_BYTES {
            let kib = self.ring_bytes >> 10;
            missing.push(format!("the rings have {kib} KiB each: perf_event_mlock_kb allows no more"));
        }
        if report.lost > 0 {
            missing.push(format!("the kernel lost {} records: the rings were full", report.lost));
        }
        if report.throttled > 0 {
            missing.push(format!("the kernel slowed sampling down {} times", report.throttled));
        }
        if report.broken > 0 {
            missing.push(format!("{} records of the kernel could not be read", report.broken));
        }
        report
    }

    /// Names of the functions of a frame, innermost first, at least one. Reads files, so better after the run.
    pub fn names(&mut self, frame: Frame) -> Vec<String> {
        if frame.is_kernel() {
            return vec![self.state.symbols.kernel_name(frame.ip)];
        }
        match self.state.spaces.mapping(frame.mapping) {
            Some(mapping) => self.state.symbols.names(mapping, frame.ip),
            None => vec![UNKNOWN.into()],
        }
    }

    /// All mappings seen so far.
    pub fn mappings(&self) -> &[Mapping] {
        self.state.spaces.mappings()
    }

    /// What of files could not be read, one line each.
    pub fn problems(&self) -> &[String] {
        self.state.symbols.problems()
    }

    fn take_until(&mut self, time_ns: u64, see: &mut dyn FnMut(Seen<'_>)) {
        for ring in &mut self.rings {
            self.queue.add(|out| ring.take(out));
        }
        let state = &mut self.state;
        self.queue.until(time_ns, |stamp, body| state.record(stamp, body, see));
        if state.stacks == Stacks::Auto && state.tried >= TRIED {
            state.decide();
        }
    }
}

impl State {
    fn new(stacks: Stacks) -> State {
        State {
            spaces: Spaces::default(),
            symbols: Symbols::default(),
            unwinding: Unwinding::default(),
            stacks,
            tried: 0,
            chains_complete: 0,
            jits: HashSet::new(),
            running: HashSet::new(),
            entries: HashMap::new(),
            frames: Vec::new(),
            chain: Vec::new(),
            kernel: Vec::new(),
            with_kernel: false,
            report: Report::default(),
        }
    }

    /// How stacks are taken from here on. Where that is by frame pointers the kernel still hands over both: the event that
    /// would not is one more to inherit at each fork, which costs more than the copies do.
    fn decide(&mut self) {
        if self.chains_complete * 100 < self.tried * ENOUGH {
            self.stacks = Stacks::Tables;
        } else {
            self.stacks = Stacks::FramePointers;
            self.report.switched_to_fp_at = Some(self.report.samples);
        }
    }

    fn record(&mut self, stamp: Stamp, body: Body<'_>, see: &mut dyn FnMut(Seen<'_>)) {
        let Stamp { pid, tid, at_ns } = stamp;
        match body {
            Body::Sample(taken) => self.sample(stamp, &taken, see),
            Body::Mapped(mapped) => {
                let index = self.spaces.map(pid, &mapped);
                if self.stacks != Stacks::FramePointers {
                    self.unwinding.map(pid, index, self.spaces.mappings(), &mut self.symbols);
                }
                if let Some(mapping) = self.spaces.mapping(index) {
                    see(Seen::Mapped { at_ns, index, mapping });
                }
            }
            Body::Named { name, exec } => {
                if exec {
                    self.spaces.exec(pid);
                    self.unwinding.forget(pid);
                }
                see(Seen::Named { pid, tid, at_ns, name, exec });
                // The events begin inside the first exec: that the task came onto its CPU was not told.
                if exec && self.running.insert(tid) {
                    see(Seen::Switch { tid, at_ns, on: true, preempted: false });
                }
            }
            Body::Forked { parent, pid, tid, .. } => {
                if parent == pid {
                    self.spaces.thread(pid);
                } else {
                    self.spaces.fork(parent, pid);
                    self.unwinding.fork(parent, pid);
                }
                see(Seen::Born { pid, tid, at_ns });
            }
            Body::Exited { pid, tid } => {
                if self.spaces.exited(pid) {
                    self.unwinding.forget(pid);
                    if self.jits.remove(&pid) {
                        self.symbols.read_jit(pid);
                    }
                }
                // Its events end with it, before it leaves its CPU.
                if self.running.remove(&tid) {
                    see(Seen::Switch { tid, at_ns, on: false, preempted: false });
                }
                see(Seen::Died { pid, tid, at_ns });
            }
            Body::Switched { out, preempted } => {
                let changed = if out { self.running.remove(&tid) } else { self.running.insert(tid) };
                if changed {
                    see(Seen::Switch { tid, at_ns, on: !out, preempted: out && preempted });
                }
            }
            Body::Lost(count) => self.report.lost = self.report.lost.saturating_add(count),
            Body::Throttled => self.report.throttled += 1,
            Body::Other => {}
        }
    }

    /// Fills `frames` by tables; with nothing but the address of the registers where nothing is known of it.
    fn unwind(&mut self, pid: u32, registers: Registers, stack: &[u8]) -> bool {
        self.frames.clear();
        let spaces = &self.spaces;
        let complete = self.unwinding.unwind(pid, registers, stack, |ip| spaces.frame(pid, ip), &mut self.frames);
        if self.frames.is_empty() {
            self.frames.push(self.spaces.frame(pid, registers.ip));
        }
        complete
    }

    fn sample(&mut self, stamp: Stamp, taken: &Taken<'_>, see: &mut dyn FnMut(Seen<'_>)) {
        self.chain.clear();
        self.kernel.clear();
        // The kernel's frames come first. Of both the first is where it was, the others are where calls return to. Where none
        // are asked for, such an address is what a frame pointer that is none led to, and so is all behind it.
        for ip in taken.chain() {
            if ip >> 63 == 1 && !self.with_kernel {
                break;
            }
            let part = if ip >> 63 == 1 && self.chain.is_empty() { &mut self.kernel } else { &mut self.chain };
            let ip = if part.is_empty() { ip } else { ip.saturating_sub(1) };
            part.push(self.spaces.frame(stamp.pid, ip));
        }
        if self.chain.is_empty() && self.kernel.is_empty() {
            self.chain.push(self.spaces.frame(stamp.pid, taken.ip));
        }
        self.frames.clear();
        let mut complete = false;
        if let Some(registers) = taken.registers.filter(|_| self.stacks != Stacks::FramePointers) {
            let spaces = &self.spaces;
            let place = |ip| spaces.frame(stamp.pid, ip);
            complete = self.unwinding.unwind(stamp.pid, registers, taken.stack, place, &mut self.frames);
            // Where tables end is where the task began, if a function stands there that nobody calls.
            complete = complete || self.frames.last().copied().is_some_and(|last| self.is_entry(last));
        }
        let chain_complete = self.begins_a_task(complete);
        if self.stacks == Stacks::Auto && taken.registers.is_some() {
            self.tried += 1;
            self.chains_complete += u64::from(chain_complete);
        }
        // Tables that lead nowhere may still be beaten by frame pointers.
        if !complete && (chain_complete || self.chain.len() > self.frames.len()) {
            std::mem::swap(&mut self.frames, &mut self.chain);
            complete = chain_complete;
        }
        if !self.kernel.is_empty() {
            self.kernel.append(&mut self.frames);
            std::mem::swap(&mut self.kernel, &mut self.frames);
        }
        if self.frames.iter().any(|frame| self.spaces.is_made(*frame)) {
            self.jits.insert(stamp.pid);
        }
        self.report.samples += 1;
        self.report.complete += u64::from(complete);
        let Stamp { pid, tid, at_ns } = stamp;
        see(Seen::Sample(Sample { pid, tid, at_ns, frames: &self.frames, complete }));
    }

    /// Does the chain by frame pointers end where the task began? It does where the tables led, too.
    fn begins_a_task(&mut self, frames_complete: bool) -> bool {
        let Some(last) = self.chain.last() else { return false };
        // Below the function that a thread begins in is only what made the thread.
        if frames_complete && self.frames.iter().rev().take(2).any(|frame| frame == last) {
            self.entries.insert(*last, true);
            return true;
        }
        let last = *last;
        self.is_entry(last)
    }

    fn is_entry(&mut self, frame: Frame) -> bool {
        *self.entries.entry(frame).or_insert_with(|| {
            self.spaces.mapping(frame.mapping).is_some_and(|mapping| self.symbols.is_entry(mapping, frame.ip))
        })
    }
}
