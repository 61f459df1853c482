//! Tasks and processes as the session knows them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use recording::event::Record;

use crate::inject::Tampering;
use crate::sys::Tid;
use crate::sys::ptrace::Stopped;
use crate::sys::wait::WaitStatus;

/// One traced kernel task.
#[derive(Debug)]
pub struct Task {
    /// Its number.
    pub tid: Tid,
    /// Its process: the number of the thread group.
    pub pid: Tid,
    /// Number of its next event.
    pub seq: u64,
    /// Where it is in its life.
    pub phase: Phase,
    /// Where it is in a call.
    pub call: InCall,
    /// The call it is in, when that is [`InCall::Shown`].
    pub record: Record,
    /// Has the open record been announced?
    pub announced: bool,
    /// A call that was interrupted and may be continued.
    pub interrupted: Option<Interrupted>,
    /// What the exit of the current call has to be looked at for.
    pub watch: Watch,
    /// Is it in a group-stop that was told?
    pub group_stopped: bool,
    /// Stops in the current window of the placement.
    pub stops: u32,
    /// Has it just given itself a name?
    pub renamed: bool,
    /// Are its calls its runtime library's own (QUIET)?
    pub quiet: bool,
    /// Runs in the memory of this task, its parent by vfork, until its exec: writes into its ring.
    pub guest_of: Option<Tid>,
    /// Was it interrupted to be sampled?
    pub sampled: bool,
    /// Stops at every call although the session has a filter.
    pub every_call: bool,
    /// What was done to its calls, where any are tampered with.
    pub tampering: Option<Box<Tampering>>,
}

/// Where a task is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A child of ours that has not reached its exec: what it does is ours, not the target's.
    Starting,
    /// In the exec that makes it the target.
    FirstExec,
    /// Running the target's code.
    Running,
    /// Past its last stop: only its status is to come.
    Leaving,
    /// Our child again, because the exec failed: what it does is not the target's.
    Failed,
}

/// Where a task is in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InCall {
    /// In none, as far as was seen.
    No,
    /// In one that was not asked for.
    Hidden,
    /// In one that is being recorded.
    Shown,
}

/// A call that ended with a restart code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    /// Its number.
    pub nr: u64,
    /// Its words.
    pub args: [u64; 6],
    /// Its site.
    pub ip: u64,
}

/// Why the exit of a call matters to the session itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watch {
    /// It doesn't.
    #[default]
    Nothing,
    /// The target installs a filter of its own.
    InstallsFilter,
    /// The target asks for strict mode.
    AsksStrict,
    /// The target asks whether there is a filter.
    AsksSeccomp,
    /// The target asks for no_new_privs.
    AsksNoNewPrivs,
    /// The target sets no_new_privs.
    SetsNoNewPrivs,
    /// The target makes an io_uring.
    MakesIoUring,
    /// The target makes a task that asks not to be traced.
    MakesUntraced,
    /// The target asks to be traced by somebody, or traces.
    Traces,
    /// We changed this word of its memory for the time of the call.
    Changed {
        /// Where.
        at: u64,
        /// What stood there.
        word: u64,
    },
    /// The task gives itself a name.
    Renames,
    /// A signal handler returns: the interrupted call may have failed with EINTR.
    HandlerReturns,
}

impl Task {
    /// A task of this process, in no call.
    pub fn new(tid: Tid, pid: Tid, phase: Phase) -> Task {
        Task {
            tid,
            pid,
            seq: 0,
            phase,
            call: InCall::No,
            record: Record::default(),
            announced: false,
            interrupted: None,
            watch: Watch::Nothing,
            group_stopped: false,
            stops: 0,
            renamed: false,
            quiet: false,
            sampled: false,
            guest_of: None,
            every_call: false,
            tampering: None,
        }
    }

    /// The number for its next event.
    pub fn next_seq(&mut self) -> u64 {
        let seq = self.seq;
        self.seq += 1;
        seq
    }
}

/// One process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Process {
    /// Living tasks.
    pub tasks: u32,
    /// Has installed a seccomp filter.
    pub own_filter: bool,
    /// In seccomp's strict mode, which we keep up in the kernel's place.
    pub strict: bool,
    /// Set no_new_privs itself.
    pub no_new_privs: bool,
    /// Has asked for its CPUs: never pinned again.
    pub asked_cpus: bool,
    /// Its io_uring has been told of.
    pub io_uring: bool,
}

/// The tasks of a session.
#[derive(Debug, Default)]
pub struct Tasks {
    tasks: HashMap<Tid, Task, ByNumber>,
    processes: HashMap<Tid, Process, ByNumber>,
}

/// Hashes a task number by one multiplication: the numbers are the kernel's, not an adversary's choice.
pub type ByNumber = BuildHasherDefault<NumberHasher>;

/// See [`ByNumber`].
#[derive(Debug, Default, Clone, Copy)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u32(u32::from(*b));
        }
    }
    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }
}

impl Tasks {
    /// One task.
    pub fn get(&self, tid: Tid) -> Option<&Task> {
        self.tasks.get(&tid)
    }

    /// One task.
    pub fn get_mut(&mut self, tid: Tid) -> Option<&mut Task> {
        self.tasks.get_mut(&tid)
    }

    /// One process.
    pub fn process(&self, pid: Tid) -> Option<&Process> {
        self.processes.get(&pid)
    }

    /// One process.
    pub fn process_mut(&mut self, pid: Tid) -> Option<&mut Process> {
        self.processes.get_mut(&pid)
    }

    /// Has the process of this task installed a filter?
    pub fn has_own_filter(&self, tid: Tid) -> bool {
        self.get(tid).and_then(|task| self.process(task.pid)).is_some_and(|process| process.own_filter)
    }

    /// Adds a task; `like` is what a new process inherits.
    pub fn add(&mut self, mut task: Task, like: Process) {
        task.every_call = like.own_filter || like.strict;
        let process = self.processes.entry(task.pid).or_insert(Process { tasks: 0, asked_cpus: false, ..like });
        process.tasks += 1;
        self.tasks.insert(task.tid, task);
    }

    /// Removes a task; says whether its process ended with it.
    pub fn remove(&mut self, tid: Tid) -> Option<(Task, bool)> {
        let task = self.tasks.remove(&tid)?;
        let last = match self.processes.get_mut(&task.pid) {
            Some(process) => {
                process.tasks = process.tasks.saturating_sub(1);
                process.tasks == 0
            }
            None => true,
        };
        if last {
            self.processes.remove(&task.pid);
        }
        Some((task, last))
    }

    /// The task becomes its process's leader by an exec. The former leader must be removed before.
    pub fn rename(&mut self, from: Tid, to: Tid) {
        if let Some(mut task) = self.tasks.remove(&from) {
            task.tid = to;
            self.tasks.insert(to, task);
        }
    }

    /// A new window of the placement begins.
    pub fn forget_stops(&mut self) {
        for task in self.tasks.values_mut() {
            task.stops = 0;
        }
    }

    /// The tasks of one process.
    pub fn of_process(&self, pid: Tid) -> Vec<Tid> {
        self.tasks.values().filter(|task| task.pid == pid).map(|task| task.tid).collect()
    }

    /// Its tasks stop at every call from now on, and so do those it starts.
    pub fn stop_at_every_call(&mut self, pid: Tid) {
        for task in self.tasks.values_mut().filter(|task| task.pid == pid) {
            task.every_call = true;
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// None left?
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// All of them, in no order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Task> {
        self.tasks.values_mut()
    }

    /// The numbers of all, ascending.
    pub fn tids(&self) -> Vec<Tid> {
        let mut tids: Vec<Tid> = self.tasks.keys().copied().collect();
        tids.sort_unstable();
        tids
    }

    /// The numbers of all processes, ascending.
    pub fn pids(&self) -> Vec<Tid> {
        let mut pids: Vec<Tid> = self.processes.keys().copied().collect();
        pids.sort_unstable();
        pids
    }
}

/// Tasks whose first stop, or whose end, came before their parent's event.
#[derive(Debug, Default)]
pub struct Early {
    /// Held in their first stop, since when.
    pub stopped: HashMap<Tid, (Stopped, Instant), ByNumber>,
    /// Ended already, with this wait status.
    pub ended: HashMap<Tid, WaitStatus, ByNumber>,
    /// Taken in without their parent's event, should it come after all.
    pub adopted: HashSet<Tid, ByNumber>,
}
