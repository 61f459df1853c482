//! Counters: what the kernel counted for the target's tasks and processes.
//!
//! Three sources, none of them read per call:
//!
//! - [`Meters`] reads a task's own files in /proc at its exit stop, where they still exist, adds them
//!   up by process, and joins them with the resource usage that wait4(2) gives for the process;
//! - [`tally`] adds them up for the whole target, at level `task` with perf_event counters opened
//!   before its exec;
//! - an interval reads running tasks once more.
//!
//! A value that is not there is said to be not measured, with the reason; it is never 0.

mod account;
mod process;
pub mod tally;

pub use account::Account;
pub use tally::Total;

use std::collections::HashMap;

use recording::event::{Measure, Reading, reading};
use recording::session::NotMeasured;

use crate::plan;
use crate::procfs::{self, Io, ProcPath, SchedStat};
use account::{push, push_missing};
use process::Process;
use tally::Tally;

/// Why a value of /proc is not there.
const UNREADABLE: &str = "the kernel keeps no such account, or /proc can't be read";

/// Reads counters at the ends of tasks and processes. One per session.
///
/// ```text
/// before_exec(root)          the root is stopped before its first exec
/// born(tid, pid, parent)     every task, the first and those attached to (attached: true) included
/// leaving(tid, pid)          PTRACE_EVENT_EXIT      -> Account of the task (level `task`)
/// ended(pid, usage)          its last task is gone  -> Account of the process
/// totals()                   the session ends       -> Counter events of the whole target
/// ```
pub struct Meters {
    level: plan::Counters,
    /// Are we told of every process that another one makes?
    sees_all: bool,
    processes: HashMap<u32, Process>,
    tally: Tally,
    readings: Vec<Reading>,
    samples: Vec<Total>,
    buffer: Vec<u8>,
    why: String,
    not_measured: Vec<NotMeasured>,
}

impl Meters {
    /// Meters of this level; `sees_all`: no process is made without a word to [`Meters::born`].
    pub fn new(level: plan::Counters, sees_all: bool) -> Self {
        Meters {
            level,
            sees_all,
            processes: HashMap::new(),
            tally: Tally::default(),
            readings: Vec::with_capacity(32),
            samples: Vec::with_capacity(8),
            buffer: vec![0; 8192],
            why: String::new(),
            not_measured: Vec::new(),
        }
    }

    /// The root stands before its first exec: opens the counters of the whole target.
    pub fn before_exec(&mut self, pid: u32) {
        if self.level == plan::Counters::Task {
            self.tally.open(pid);
            self.not_measured.extend(self.tally.refused());
        }
    }

    /// What is known not to be measurable so far; for the header and the trailer.
    pub fn not_measured(&self) -> &[NotMeasured] {
        &self.not_measured
    }

    /// A task began: `parent` is its process's real parent, 0 when unknown. Of a task we attached to
    /// only what it does from now on counts.
    pub fn born(&mut self, tid: u32, pid: u32, parent: u32, attached: bool) {
        if self.level == plan::Counters::None {
            return;
        }
        if tid == pid
            && let Some(parent) = self.processes.get_mut(&parent)
        {
            parent.is_alone = false;
        }
        let process = self.processes.entry(pid).or_insert_with(|| Process::new(parent));
        process.tasks += 1;
        process.is_alone = process.tasks == 1 && !attached;
        if attached {
            let base = read_task(tid, pid, &mut self.buffer);
            process.base.add(&base);
            process.attached(pid, &mut self.buffer);
            if self.level == plan::Counters::Task && self.not_measured.iter().all(|entry| entry.what != "counters.perf")
            {
                self.not_measured.push(NotMeasured {
                    what: "counters.perf".into(),
                    reason: "perf_event counters begin with a program that is started, not with one attached to".into(),
                });
            }
        }
    }

    /// A task stands at its exit stop. Its own account, at level `task`.
    pub fn leaving(&mut self, tid: u32, pid: u32) -> Option<Account<'_>> {
        if self.level == plan::Counters::None {
            return None;
        }
        let process = self.processes.entry(pid).or_insert_with(|| Process::new(0));
        let task = if self.sees_all && process.is_alone && tid == pid {
            // Then the files of the process are those of its task. They lie less deep, and the kernel makes each folder of
            // /proc that is entered, and takes it away when the process ends.
            read_files(|name| ProcPath::of(pid, name), &mut self.buffer)
        } else {
            read_task(tid, pid, &mut self.buffer)
        };
        process.task_left(pid, &task, &mut self.buffer);
        if self.level != plan::Counters::Task {
            return None;
        }
        self.readings.clear();
        let missing = task.write(&mut self.readings);
        let why = if missing { UNREADABLE } else { "" };
        Some(Account { process: false, readings: &self.readings, why })
    }

    /// A process ended: `usage` is what wait4(2) gave for its leader, when we waited for it.
    pub fn ended(&mut self, pid: u32, usage: Option<&libc::rusage>) -> Option<Account<'_>> {
        if self.level == plan::Counters::None {
            return None;
        }
        let process = self.processes.remove(&pid).unwrap_or_else(|| Process::new(0));
        if let Some(usage) = usage
            && let Some(parent) = self.processes.get_mut(&process.parent)
        {
            parent.children.add(usage);
        }
        self.readings.clear();
        self.why.clear();
        process.write(usage, &mut self.readings, &mut self.why);
        self.tally.add(&self.readings);
        Some(Account { process: true, readings: &self.readings, why: &self.why })
    }

    /// A process was let go while it lives: nothing more is known of it.
    pub fn forget(&mut self, pid: u32) {
        self.processes.remove(&pid);
    }

    /// The counters of the whole target, once, at the end.
    pub fn totals(&mut self) -> &[Total] {
        if self.level == plan::Counters::None {
            return &[];
        }
        self.tally.read()
    }

    /// A running task now, for `--interval`: nanoseconds run, bytes read and written.
    pub fn sample(&mut self, tid: u32, pid: u32) -> &[Total] {
        let task = read_task(tid, pid, &mut self.buffer);
        self.samples.clear();
        let mut push = |measure, value: Option<u64>| {
            self.samples.push(match value {
                Some(value) => Total::of(measure, value),
                None => Total::missing(measure, UNREADABLE),
            });
        };
        push(Measure::RunNs, task.sched.map(|sched| sched.run_ns));
        push(Measure::Rchar, task.io.map(|io| io.rchar));
        push(Measure::Wchar, task.io.map(|io| io.wchar));
        &self.samples
    }
}

/// What a task's own files say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TaskFiles {
    pub sched: Option<SchedStat>,
    pub io: Option<Io>,
}

fn read_task(tid: u32, pid: u32, buffer: &mut [u8]) -> TaskFiles {
    read_files(|name| ProcPath::task(pid, tid, name), buffer)
}

/// `path`: where a file of this name lies.
fn read_files(path: impl Fn(&str) -> ProcPath, buffer: &mut [u8]) -> TaskFiles {
    TaskFiles {
        sched: procfs::schedstat(procfs::read(&path("schedstat"), buffer)),
        io: procfs::io(procfs::read(&path("io"), buffer)),
    }
}

impl TaskFiles {
    /// Appends the readings; true when some are missing.
    fn write(&self, out: &mut Vec<Reading>) -> bool {
        match &self.sched {
            Some(sched) => {
                push(out, Measure::RunNs, 0, sched.run_ns);
                push(out, Measure::WaitNs, reading::DISTURBED, sched.wait_ns);
                push(out, Measure::Slices, reading::DISTURBED, sched.slices);
            }
            None => push_missing(out, &[Measure::RunNs, Measure::WaitNs, Measure::Slices]),
        }
        match &self.io {
            Some(io) => {
                push(out, Measure::Rchar, 0, io.rchar);
                push(out, Measure::Wchar, 0, io.wchar);
                push(out, Measure::Syscr, 0, io.syscr);
                push(out, Measure::Syscw, 0, io.syscw);
                push(out, Measure::ReadBytes, 0, io.read_bytes);
                push(out, Measure::WriteBytes, 0, io.write_bytes);
                push(out, Measure::CancelledWriteBytes, 0, io.cancelled_write_bytes);
            }
            None => push_missing(out, &Measure::IO),
        }
        self.sched.is_none() || self.io.is_none()
    }
}
