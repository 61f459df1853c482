//! A profile of a traced run: the kernel's samples beside the stops, in one stream.
//!
//! The session's thread drains the sampler itself, every few milliseconds: stops end its wait, and so does
//! its timer. What the kernel tells comes late, so these events carry their own time and no number
//! (see `recording::event`).

use recording::event::{Frame, Kind, Mapped, Measure, Record, SampleClock, Switch, reading, text};
use recording::session::NotMeasured;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::look;
use crate::sampling::{Clock, How, Registers, Report, Sampler, Seen, Source};
use crate::session::{Calls, Session};
use crate::stop::Reason;
use crate::stream::Stream;
use crate::symbols::Mapping;
use crate::sys::memory::{Range, RemoteMemory};
use crate::sys::ptrace::{self, Stopped};
use crate::sys::{Tid, clock};
use crate::task::{Phase, Tasks};
use crate::{Error, Sampling};

/// Bytes of a `Counter`.
const COUNTER: usize = 64;

/// Samples of this session, if any are taken.
#[derive(Default)]
pub struct Profile {
    state: State,
    record: Record,
}

#[derive(Default)]
enum State {
    #[default]
    Off,
    On {
        sampler: Box<Sampler>,
        how: How,
        /// Where the kernel takes none.
        stops: Option<Box<Stops>>,
    },
    Over {
        sampler: Box<Sampler>,
        report: Report,
        not_measured: Vec<NotMeasured>,
    },
    Refused {
        error: Error,
        not_measured: [NotMeasured; 1],
    },
}

/// Bytes of a stack that are looked at.
const STACK_BYTES: usize = 8 << 10;

/// Interrupts the tasks that run.
struct Stops {
    period_ns: u64,
    next: u64,
    memory: RemoteMemory,
    stack: Vec<u8>,
}

impl Stops {
    fn new(how: How) -> Stops {
        let period_ns = match how.clock {
            Clock::Cpu(ns) => ns.max(1_000_000),
            Clock::Cycles(_) => 1_000_000,
        };
        Stops { period_ns, next: 0, memory: RemoteMemory::new(), stack: vec![0; STACK_BYTES] }
    }

    /// Those that sleep are left alone: a call that is interrupted may fail.
    fn interrupt(&mut self, tasks: &mut Tasks, now: u64) {
        if now < self.next {
            return;
        }
        self.next = now.saturating_add(self.period_ns - self.period_ns / 5);
        for task in tasks.iter_mut() {
            if task.phase == Phase::Running
                && !task.group_stopped
                && !task.sampled
                && look::runs(task.tid)
                && ptrace::interrupt(task.tid).is_ok()
            {
                task.sampled = true;
            }
        }
    }

    fn stack_of(&mut self, tid: Tid, sp: u64) -> &[u8] {
        let mut range = [Range { addr: sp, at: 0, len: self.stack.len(), got: 0 }];
        self.memory.read(tid.0, &mut self.stack, &mut range);
        self.stack.get(..range[0].got).unwrap_or_default()
    }
}

fn not_measured(reason: &str) -> NotMeasured {
    NotMeasured { what: "samples".into(), reason: reason.into() }
}

impl Profile {
    /// Opens the events on a task that waits before its exec.
    ///
    /// # Errors
    /// What the kernel refused; it is kept, too, and told at the end. The tracer samples by itself where it can.
    pub fn open(&mut self, tid: u32, how: How) -> Result<(), Error> {
        match Sampler::open(tid, how) {
            Ok(sampler) => self.state = State::On { sampler: Box::new(sampler), how, stops: None },
            Err(error) if cfg!(target_arch = "x86_64") && !how.kernel => {
                let sampler = Box::new(Sampler::by_stops(how, &error));
                let stops = Box::new(Stops::new(how));
                // What a sample stands for is the time between two interrupts.
                let how = How { clock: Clock::Cpu(stops.period_ns), ..how };
                self.state = State::On { sampler, how, stops: Some(stops) };
                return Err(error);
            }
            Err(error) => {
                self.refuse(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// There are none, for this reason.
    pub fn refuse(&mut self, error: Error) {
        let not_measured = [not_measured(&error.to_string())];
        self.state = State::Refused { error, not_measured };
    }

    /// A process has another image, or is gone.
    pub fn new_image(&mut self, pid: Tid) {
        if let State::On { sampler, stops: Some(_), .. } = &mut self.state {
            sampler.new_image(pid.0);
        }
    }

    /// Does the kernel take samples?
    pub fn comes_late(&self) -> bool {
        matches!(self.state, State::On { stops: None, .. })
    }

    /// Why there are no samples, or what is missing of them.
    pub fn not_measured(&self) -> &[NotMeasured] {
        match &self.state {
            State::Off | State::On { .. } => &[],
            State::Over { not_measured, .. } => not_measured,
            State::Refused { not_measured, .. } => not_measured,
        }
    }

    /// What became of it.
    pub fn take(&mut self) -> Option<Sampling> {
        match std::mem::take(&mut self.state) {
            State::Off => None,
            State::On { sampler, .. } => Some(Sampling::Done { report: Report::default(), sampler }),
            State::Over { sampler, report, .. } => Some(Sampling::Done { report, sampler }),
            State::Refused { error, .. } => Some(Sampling::Refused(error)),
        }
    }
}

/// A mapping with its number, as the recording has it.
pub(crate) fn mapped(number: u32, mapping: &Mapping) -> Mapped<'_> {
    Mapped {
        number,
        process: mapping.pid,
        start: mapping.start,
        length: mapping.end.saturating_sub(mapping.start),
        offset: mapping.offset,
        device: 0,
        inode: 0,
        path: mapping.path.as_os_str().as_bytes(),
        build_id: &mapping.build_id,
    }
}

/// Pushes what was seen. Births and ends are the engine's own to tell.
fn push(record: &mut Record, stream: &mut Stream<'_>, how: &How, seen: &Seen<'_>) {
    match *seen {
        Seen::Sample(sample) => {
            let (clock, weight) = match how.clock {
                Clock::Cpu(ns) => (SampleClock::Cpu, ns),
                Clock::Cycles(_) => (SampleClock::Cycles, 1),
            };
            let frames = sample.frames.iter().map(|frame| Frame { address: frame.ip, mapping: frame.mapping });
            record.sample(sample.tid, sample.pid, sample.at_ns, clock, weight, sample.complete, frames);
        }
        Seen::Switch { tid, at_ns, on, preempted } => {
            record.switch(tid, at_ns, Switch { on, preempted: (!on).then_some(preempted) });
        }
        Seen::Mapped { at_ns, index, mapping } => {
            record.mapped(at_ns, &mapped(index, mapping));
        }
        Seen::Born { .. } | Seen::Died { .. } | Seen::Named { .. } => return,
    }
    stream.push(record);
}

impl Session<'_> {
    /// Where the kernel takes no samples, tasks are interrupted when it is time.
    pub(crate) fn interrupt_if_due(&mut self) {
        if let State::On { stops: Some(stops), .. } = &mut self.profile.state {
            stops.interrupt(&mut self.tasks, self.now);
            let period = Duration::from_nanos(stops.period_ns);
            self.tick(period);
        }
    }

    /// Pushes the kernel's samples of before this time.
    pub(crate) fn drain_samples(&mut self, until: u64) {
        let State::On { sampler, how, stops: None } = &mut self.profile.state else { return };
        let (record, stream, tasks) = (&mut self.profile.record, &mut self.stream, &mut self.tasks);
        // Where no call stops, nobody else tells of names.
        let names = self.calls == Calls::None;
        let now = self.now;
        sampler.drain_until(until, &mut |seen| match seen {
            Seen::Named { tid, name, exec: false, .. } if names => {
                if let Some(task) = tasks.get_mut(Tid(tid)) {
                    record.named(tid, task.next_seq(), now, name);
                    stream.push(record);
                }
            }
            seen => push(record, stream, how, &seen),
        });
    }

    /// At the first stop after a task was interrupted, whichever that is (ptrace_stop(): any trap clears a pending STOP
    /// trap): where it was.
    pub(crate) fn sample_stopped(&mut self, stopped: &Stopped, reason: Reason) {
        let State::On { sampler, how, stops: Some(stops), .. } = &mut self.profile.state else { return };
        let Some(task) = self.tasks.get_mut(stopped.tid()) else { return };
        let elsewhere = matches!(reason, Reason::Exec | Reason::Leaving | Reason::GroupStop(_));
        if !std::mem::take(&mut task.sampled) || elsewhere || task.phase != Phase::Running || !self.stream.is_open() {
            return;
        }
        let Ok(Some(registers)) = stopped.general() else { return };
        let registers = Registers { ip: registers.ip(), sp: registers.sp(), bp: registers.bp() };
        let stack = stops.stack_of(task.tid, registers.sp);
        let (record, stream) = (&mut self.profile.record, &mut self.stream);
        let ids = (task.pid.0, task.tid.0);
        sampler.stopped(ids, self.now, registers, stack, &mut |seen| push(record, stream, how, &seen));
    }

    /// The target is over: the rest of its samples, and how sampling went, as counters of the root.
    pub(crate) fn finish_samples(&mut self) {
        self.now = clock::monotonic_ns();
        match std::mem::take(&mut self.profile.state) {
            State::On { mut sampler, how, .. } => {
                let (record, stream) = (&mut self.profile.record, &mut self.stream);
                let report = sampler.finish(&mut |seen| push(record, stream, &how, &seen));
                self.count_samples(&report);
                let not_measured = report.not_measured.iter().map(|reason| not_measured(reason)).collect();
                self.profile.state = State::Over { sampler, report, not_measured };
            }
            State::Refused { error, not_measured } => {
                let hints: String = error.hints.iter().map(|hint| format!("; {hint}")).collect();
                self.push_samples(Measure::Samples, None, Some(&format!("{error}{hints}")));
                self.profile.state = State::Refused { error, not_measured };
            }
            other => self.profile.state = other,
        }
    }

    fn count_samples(&mut self, report: &Report) {
        let instead = (report.source == Source::Tracer).then(|| report.not_measured.concat());
        for (measure, value) in [
            (Measure::Samples, Some(report.samples)),
            (Measure::SamplesComplete, Some(report.complete)),
            (Measure::SamplesLost, Some(report.lost)),
            (Measure::SamplesThrottled, Some(report.throttled)),
            (Measure::SamplesBroken, Some(report.broken)),
            (Measure::SamplesFramePointersFrom, report.switched_to_fp_at),
        ] {
            if value.is_some() {
                let why = instead.as_deref().filter(|_| measure == Measure::Samples);
                self.push_samples(measure, value, why);
            }
        }
    }

    fn push_samples(&mut self, measure: Measure, value: Option<u64>, why: Option<&str>) {
        // Where nothing was started, the trailer says it.
        let Some(root) = self.root else { return };
        let seq = self.next_seq_of_root(root);
        self.event.begin(Kind::Counter, COUNTER, root.0, seq, self.now);
        self.event.put_u32(32, u32::from(measure as u16));
        let status = if value.is_none() { reading::NOT_MEASURED } else { 0 };
        self.event.put_u32(36, u32::from(status));
        self.event.put_u64(40, value.unwrap_or(0));
        if let Some(why) = why {
            self.event.text(text::MAIN, why.as_bytes());
        }
        self.push_event();
    }

    /// The number of the root's next event, also once it is gone.
    fn next_seq_of_root(&mut self, root: Tid) -> u64 {
        match self.tasks.get_mut(root) {
            Some(task) => task.next_seq(),
            None => {
                self.root_seq += 1;
                self.root_seq - 1
            }
        }
    }
}
