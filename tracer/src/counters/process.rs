//! Processes: the sum of their tasks, and what wait4(2) says of them.
//!
//! The usage that wait4 gives is that of the process *and of the children it waited for*
//! (`RUSAGE_BOTH` in the kernel). Each of those children ended before our eyes with a usage of its
//! own, so their part can be taken off again, exactly when the process waited for all of them: the
//! fault counts in /proc/PID/stat tell whether it did.

use recording::event::{Measure, Reading, reading};

use super::TaskFiles;
use super::account::{push, push_missing};
use crate::procfs::{self, ProcPath, Stat};

/// What is known of a living process.
#[derive(Debug, Default)]
pub(super) struct Process {
    /// Its real parent, 0 when unknown.
    pub parent: u32,
    /// Tasks that began.
    pub tasks: u64,
    /// Is it one task, that made no process (whose account would be added to its own)?
    pub is_alone: bool,
    /// Usage of the children that ended before it.
    pub children: Usage,
    /// What its tasks had used when we attached.
    pub base: Sum,
    base_stat: Option<Stat>,
    left: Sum,
    peak_bytes: Option<u64>,
    stat: Option<Stat>,
}

/// Sums over tasks.
#[derive(Debug, Default)]
pub(super) struct Sum {
    files: TaskFiles,
    tasks: u64,
    incomplete_sched: bool,
    incomplete_io: bool,
}

/// A resource usage in our units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    user_us: u64,
    system_us: u64,
    minor_faults: u64,
    major_faults: u64,
    voluntary: u64,
    involuntary: u64,
    blocks_in: u64,
    blocks_out: u64,
    any: bool,
}

impl Process {
    pub fn new(parent: u32) -> Self {
        Process { parent, ..Self::default() }
    }

    /// We attached to one of its tasks.
    pub fn attached(&mut self, pid: u32, buffer: &mut [u8]) {
        if self.base_stat.is_none() {
            self.base_stat = procfs::stat(procfs::read(&ProcPath::of(pid, "stat"), buffer));
        }
    }

    /// One of its tasks stands at its exit stop.
    pub fn task_left(&mut self, pid: u32, task: &TaskFiles, buffer: &mut [u8]) {
        self.left.add(task);
        // The memory and the process-wide sums are the same from every task; what counts is the last.
        // A process of many threads is read again only when the last of them leave.
        if self.left.tasks < self.tasks && self.left.tasks > 1 {
            return;
        }
        let status = procfs::read(&ProcPath::of(pid, "status"), buffer);
        if let Some(kib) = procfs::value(status, b"VmHWM") {
            self.peak_bytes = self.peak_bytes.max(Some(kib.saturating_mul(1024)));
        }
        if self.children.any || self.base_stat.is_some() {
            self.stat = procfs::stat(procfs::read(&ProcPath::of(pid, "stat"), buffer)).or(self.stat);
        }
    }

    /// Appends the readings of the whole process, and to `why` the reasons for those not measured.
    pub fn write(&self, usage: Option<&libc::rusage>, out: &mut Vec<Reading>, why: &mut String) {
        self.write_usage(usage, out, why);
        self.write_peak(usage, out, why);
        let mut files = self.left.files;
        let missed = self.tasks.saturating_sub(self.left.tasks);
        if missed > 0 || self.left.incomplete_sched || self.base.incomplete_sched {
            files.sched = None;
        }
        if missed > 0 || self.left.incomplete_io || self.base.incomplete_io {
            files.io = None;
        }
        files.subtract(&self.base.files);
        if files.write(out) {
            because(
                why,
                if missed > 0 {
                    "killed: a task ended without its exit stop, where its accounts are read"
                } else {
                    "the kernel keeps no such account, or /proc can't be read"
                },
            );
        }
    }

    fn write_usage(&self, usage: Option<&libc::rusage>, out: &mut Vec<Reading>, why: &mut String) {
        let own = usage.filter(|_| self.base_stat.is_none()).and_then(|usage| self.own(usage));
        match (own, self.stat) {
            (Some(own), _) => own.write(out),
            (None, Some(stat)) => {
                self.write_stat(&stat, out);
                because(why, "switches and blocks: the kernel adds those of children to them");
            }
            (None, None) => {
                push_missing(
                    out,
                    &[
                        Measure::UserUs,
                        Measure::SysUs,
                        Measure::MinorFaults,
                        Measure::MajorFaults,
                        Measure::VoluntarySwitches,
                        Measure::InvoluntarySwitches,
                        Measure::BlocksIn,
                        Measure::BlocksOut,
                    ],
                );
                because(why, "nobody told us the usage of this process: its end was not ours to wait for");
            }
        }
    }

    /// The process's own part of its usage; `None` when the children's can't be told from it.
    fn own(&self, usage: &libc::rusage) -> Option<Usage> {
        let mut own = Usage::default();
        own.add(usage);
        if !self.children.any {
            return Some(own);
        }
        let stat = self.stat?;
        if stat.child_minor_faults == 0 && stat.child_user == 0 && stat.child_system == 0 {
            return Some(own);
        }
        (stat.child_minor_faults == self.children.minor_faults && stat.child_major_faults == self.children.major_faults)
            .then(|| own.minus(&self.children))
    }

    /// From /proc/PID/stat: clock ticks for times, and since we attached.
    fn write_stat(&self, stat: &Stat, out: &mut Vec<Reading>) {
        let base = self.base_stat.unwrap_or_default();
        let us = |now: u64, then: u64| now.saturating_sub(then).saturating_mul(1_000_000 / TICKS_PER_SECOND);
        push(out, Measure::UserUs, 0, us(stat.user, base.user));
        push(out, Measure::SysUs, reading::DISTURBED, us(stat.system, base.system));
        push(out, Measure::MinorFaults, 0, stat.minor_faults.saturating_sub(base.minor_faults));
        push(out, Measure::MajorFaults, 0, stat.major_faults.saturating_sub(base.major_faults));
        push_missing(
            out,
            &[Measure::VoluntarySwitches, Measure::InvoluntarySwitches, Measure::BlocksIn, Measure::BlocksOut],
        );
    }

    fn write_peak(&self, usage: Option<&libc::rusage>, out: &mut Vec<Reading>, why: &mut String) {
        match (self.peak_bytes, usage) {
            (Some(bytes), _) => push(out, Measure::MaxRssBytes, 0, bytes),
            // That of an image before the last exec, or of a child, may hide in it.
            (None, Some(usage)) => push(
                out,
                Measure::MaxRssBytes,
                reading::BEFORE_EXEC,
                u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024),
            ),
            (None, None) => {
                push_missing(out, &[Measure::MaxRssBytes]);
                because(why, "peak memory: /proc could not be read at the end");
            }
        }
    }
}

/// `USER_HZ`, which Linux fixes at 100 for what it tells user space (time(7)).
const TICKS_PER_SECOND: u64 = 100;

fn because(why: &mut String, reason: &str) {
    if !why.is_empty() {
        why.push_str("; ");
    }
    why.push_str(reason);
}

impl Usage {
    /// Adds a usage of getrusage(2).
    pub fn add(&mut self, usage: &libc::rusage) {
        let us = |time: libc::timeval| {
            u64::try_from(time.tv_sec).unwrap_or(0).saturating_mul(1_000_000) + u64::try_from(time.tv_usec).unwrap_or(0)
        };
        let count = |value: libc::c_long| u64::try_from(value).unwrap_or(0);
        self.user_us = self.user_us.saturating_add(us(usage.ru_utime));
        self.system_us = self.system_us.saturating_add(us(usage.ru_stime));
        self.minor_faults = self.minor_faults.saturating_add(count(usage.ru_minflt));
        self.major_faults = self.major_faults.saturating_add(count(usage.ru_majflt));
        self.voluntary = self.voluntary.saturating_add(count(usage.ru_nvcsw));
        self.involuntary = self.involuntary.saturating_add(count(usage.ru_nivcsw));
        self.blocks_in = self.blocks_in.saturating_add(count(usage.ru_inblock));
        self.blocks_out = self.blocks_out.saturating_add(count(usage.ru_oublock));
        self.any = true;
    }

    fn minus(self, other: &Usage) -> Usage {
        Usage {
            user_us: self.user_us.saturating_sub(other.user_us),
            system_us: self.system_us.saturating_sub(other.system_us),
            minor_faults: self.minor_faults.saturating_sub(other.minor_faults),
            major_faults: self.major_faults.saturating_sub(other.major_faults),
            voluntary: self.voluntary.saturating_sub(other.voluntary),
            involuntary: self.involuntary.saturating_sub(other.involuntary),
            blocks_in: self.blocks_in.saturating_sub(other.blocks_in),
            blocks_out: self.blocks_out.saturating_sub(other.blocks_out),
            any: true,
        }
    }

    fn write(&self, out: &mut Vec<Reading>) {
        push(out, Measure::UserUs, 0, self.user_us);
        push(out, Measure::SysUs, reading::DISTURBED, self.system_us);
        push(out, Measure::MinorFaults, 0, self.minor_faults);
        push(out, Measure::MajorFaults, 0, self.major_faults);
        push(out, Measure::VoluntarySwitches, reading::DISTURBED, self.voluntary);
        push(out, Measure::InvoluntarySwitches, reading::DISTURBED, self.involuntary);
        push(out, Measure::BlocksIn, 0, self.blocks_in);
        push(out, Measure::BlocksOut, 0, self.blocks_out);
    }
}

impl Sum {
    /// Adds a task.
    pub fn add(&mut self, task: &TaskFiles) {
        self.tasks += 1;
        self.incomplete_sched |= task.sched.is_none();
        self.incomplete_io |= task.io.is_none();
        self.files.add(task);
    }
}

impl TaskFiles {
    fn add(&mut self, other: &TaskFiles) {
        if let Some(other) = &other.sched {
            let own = self.sched.get_or_insert_default();
            own.run_ns = own.run_ns.saturating_add(other.run_ns);
            own.wait_ns = own.wait_ns.saturating_add(other.wait_ns);
            own.slices = own.slices.saturating_add(other.slices);
        }
        if let Some(other) = &other.io {
            let own = self.io.get_or_insert_default();
            own.rchar = own.rchar.saturating_add(other.rchar);
            own.wchar = own.wchar.saturating_add(other.wchar);
            own.syscr = own.syscr.saturating_add(other.syscr);
            own.syscw = own.syscw.saturating_add(other.syscw);
            own.read_bytes = own.read_bytes.saturating_add(other.read_bytes);
            own.write_bytes = own.write_bytes.saturating_add(other.write_bytes);
            own.cancelled_write_bytes = own.cancelled_write_bytes.saturating_add(other.cancelled_write_bytes);
        }
    }

    fn subtract(&mut self, base: &TaskFiles) {
        if let (Some(own), Some(base)) = (&mut self.sched, &base.sched) {
            own.run_ns = own.run_ns.saturating_sub(base.run_ns);
            own.wait_ns = own.wait_ns.saturating_sub(base.wait_ns);
            own.slices = own.slices.saturating_sub(base.slices);
        }
        if let (Some(own), Some(base)) = (&mut self.io, &base.io) {
            own.rchar = own.rchar.saturating_sub(base.rchar);
            own.wchar = own.wchar.saturating_sub(base.wchar);
            own.syscr = own.syscr.saturating_sub(base.syscr);
            own.syscw = own.syscw.saturating_sub(base.syscw);
            own.read_bytes = own.read_bytes.saturating_sub(base.read_bytes);
            own.write_bytes = own.write_bytes.saturating_sub(base.write_bytes);
            own.cancelled_write_bytes = own.cancelled_write_bytes.saturating_sub(base.cancelled_write_bytes);
        }
    }
}
