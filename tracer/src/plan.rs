//! The plan: what to run or attach to, what to keep, and what came of it.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use recording::session::{PayloadLimits, TargetStdout};
use recording::{Accesses, SinkError};

use crate::sampling;

/// A whole session as asked for.
#[derive(Debug)]
pub struct Plan {
    /// The program to start, if any.
    pub launch: Option<Launch>,
    /// Processes to attach to; one that is named twice is attached to once.
    pub attach: Vec<u32>,
    /// Told at once, in the order of `attach`, of each process that can't be attached to. When nothing at all
    /// can be traced, the last refusal is the error of the run instead.
    pub on_refusal: fn(&Error),
    /// Follow new tasks (and attach to all threads).
    pub follow: bool,
    /// The calls to record: `None` is all. Compiled to a kernel filter where that is possible.
    pub wanted: Option<Wanted>,
    /// Payload limits.
    pub limits: PayloadLimits,
    /// Golden mode: `FileState` events, descriptors noted at first use.
    pub golden: bool,
    /// Adaptive core placement.
    pub placement: Placement,
    /// Counters.
    pub counters: Counters,
    /// Read the running tasks' counters this often.
    pub interval: Option<Duration>,
    /// Stack samples of a program that we start, beside what is recorded of its calls: see [`Ended::sampling`].
    pub samples: Option<sampling::How>,
    /// Is a kernel that gives no samples an error before the target runs? Else the recording says why there are none.
    pub samples_required: bool,
    /// The stack of each recorded call, as a `Sample` of weight 0 before it (64-bit code of x86-64 only).
    pub call_stacks: bool,
    /// Answer programs that ask for a recorder of their tracepoints. `None`: they write their files as they do alone.
    pub tracepoints: Option<Tracepoints>,
    /// Functions of the program whose calls are counted. A target with breakpoints can't live without its tracer, and is
    /// killed with it.
    pub probes: Option<crate::probes::Program>,
    /// Record the tracepoints of programs of Chic that are executed later, by breakpoints. Only where calls are picked by a
    /// filter: a target with one is killed with its tracer anyway.
    pub chic: Option<crate::probes::chic::Executed>,
    /// What sets their probes.
    pub probes_by: crate::probes::Mechanism,
    /// Calls that are tampered with.
    pub injections: Vec<crate::inject::Injection>,
    /// Only those of them that touch one of these. It needs the notes of descriptors ([`PayloadLimits::notes`]).
    pub injects_only: Option<Accesses>,
    /// For the header: the words that asked for injections.
    pub tampered: Option<String>,
    /// Let a task go as soon as it has become another program (`-b execve`); the one we start has then just begun.
    pub detach_on_exec: bool,
    /// What signals to us do.
    pub interruptible: Interruptible,
    /// What happens to tasks that outlive the root command.
    pub left: Left,
    /// How long descendants may outlive the root before `left` applies.
    pub grace: Duration,
    /// Kill the target when the tracer dies, also without a filter.
    pub kill_on_exit: bool,
    /// Kill every task after so long: see [`Ended::timed_out`].
    pub deadline: Option<Duration>,
    /// Stop recording after so many events.
    pub max_events: Option<u64>,
    /// Stop recording after so many bytes of events.
    pub max_bytes: Option<u64>,
    /// Stop recording after so many calls.
    pub max_calls: Option<u64>,
    /// Somebody reads what the sink writes between what the program itself writes: no event waits for others.
    pub read_along: bool,
    /// Children of ours that are no targets (`-o '|cmd'`).
    pub helpers: Vec<u32>,
    /// For the header: the text of the filter.
    pub filter_text: Option<String>,
    /// For the header.
    pub target_stdout: TargetStdout,
    /// For the header: version of the program.
    pub version: String,
}

impl Default for Plan {
    /// Starts nothing; follows, keeps what is shown of calls, counts nothing, changes nothing.
    fn default() -> Self {
        Plan {
            launch: None,
            attach: vec![],
            on_refusal: |_| {},
            follow: true,
            wanted: None,
            limits: PayloadLimits::live(),
            golden: false,
            placement: Placement::Auto,
            counters: Counters::None,
            interval: None,
            samples: None,
            samples_required: false,
            call_stacks: false,
            tracepoints: None,
            probes: None,
            chic: None,
            probes_by: Default::default(),
            injections: vec![],
            injects_only: None,
            tampered: None,
            detach_on_exec: false,
            interruptible: Interruptible::PassedOn,
            left: Left::Leave,
            grace: Duration::from_millis(500),
            kill_on_exit: false,
            deadline: None,
            max_events: None,
            max_bytes: None,
            max_calls: None,
            read_along: false,
            helpers: vec![],
            filter_text: None,
            target_stdout: TargetStdout::Inherited,
            version: String::new(),
        }
    }
}

impl Plan {
    /// Will a filter be installed in the target? Then the tracer must be able to outlive its caller: see
    /// [`crate::front`].
    pub fn installs_filter(&self) -> bool {
        crate::session::Calls::of(self) == crate::session::Calls::Filtered
    }

    /// Could the kernel pick the calls? A filter is inherited, so it needs following, can't be put on processes that run
    /// already, and can't be taken off: nobody may be let go. And from its stops no signal can be sent.
    pub(crate) fn allows_filter(&self) -> bool {
        let sends = self.injections.iter().any(|injection| injection.tamper.signal.is_some());
        let lets_go =
            self.detach_on_exec || matches!(self.interruptible, Interruptible::Anywhere | Interruptible::Waiting);
        self.follow && self.launch.is_some() && self.attach.is_empty() && !sends && !lets_go
    }
}

/// What programs that ask for a recorder of their tracepoints are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracepoints {
    /// The recorder writes the documents: the program writes none at its end.
    pub writes_family: bool,
    /// Hooks that the compiler put in are live.
    pub hooks_live: bool,
    /// Allocations are counted.
    pub count_allocations: bool,
    /// The fake clock.
    pub fake_clock: bool,
    /// Slots of a task's ring, a power of two from 2 to 2^16. A full ring costs a stop.
    pub ring_slots: u32,
}

impl Default for Tracepoints {
    /// The recorder writes; rings of 256 KiB.
    fn default() -> Self {
        Tracepoints {
            writes_family: true,
            hooks_live: false,
            count_allocations: false,
            fake_clock: false,
            ring_slots: 8192,
        }
    }
}

/// The calls to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Bit N of the whole: x86-64 (or native) number N is wanted. 512 bits.
    pub native: [u64; 8],
    /// The same for i386 numbers.
    pub i386: [u64; 8],
    /// Numbers without a name, and those beyond the table.
    pub unknown: bool,
}

impl Wanted {
    /// Is no call wanted at all?
    pub fn is_empty(&self) -> bool {
        !self.unknown && self.native.iter().chain(&self.i386).all(|word| *word == 0)
    }

    /// Is this call wanted?
    pub fn takes(&self, abi: syscalls::Abi, nr: u64) -> bool {
        let (set, nr) = match abi {
            syscalls::Abi::I386 | syscalls::Abi::Arm => (&self.i386, nr),
            syscalls::Abi::X32 => (&self.native, nr & !0x4000_0000),
            _ => (&self.native, nr),
        };
        match set.get((nr / 64) as usize) {
            Some(word) => word >> (nr % 64) & 1 == 1,
            None => self.unknown,
        }
    }
}

/// A program to start. What is not given is inherited.
#[derive(Debug, Default)]
pub struct Launch {
    /// Program and arguments; the program is searched in PATH as execvp does.
    pub argv: Vec<OsString>,
    /// Another `argv[0]`.
    pub argv0: Option<OsString>,
    /// Changes of the environment, in order.
    pub env: Vec<EnvChange>,
    /// Run as this user (`-u`): name or number.
    pub user: Option<String>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Descriptors 0 to 2.
    pub stdio: [Stdio; 3],
    /// umask.
    pub umask: Option<u32>,
    /// Are descriptors above 2 that we were left open closed for it?
    pub close_others: bool,
    /// Does it give up the terminal that controls us? It stays in our session and group, and is interrupted with us.
    pub no_terminal: bool,
    /// May it use one CPU only, the first of those that we may use?
    pub one_cpu: bool,
    /// The only CPU that it may use.
    pub cpu: Option<u32>,
    /// Does it lead a process group of its own, which can be ended as a whole?
    pub own_group: bool,
    /// Does its address space lie where it would without randomisation? Where that is refused it runs
    /// all the same: see [`crate::without_aslr`].
    pub no_aslr: bool,
    /// The tracer becomes a grandchild, the target stays the caller's direct child (`-D`): see
    /// [`crate::front::step_aside`], which the caller of this crate must have called.
    pub step_aside: Option<StepAside>,
}

/// Where a tracer goes that is no parent of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAside {
    /// Nowhere: it stays in the group and session of its caller (`-D`).
    Beside,
    /// Into a process group of its own (`-DD`).
    OwnGroup,
    /// Into a session of its own (`-DDD`).
    OwnSession,
}

/// What signals to the tracer do (`-I`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interruptible {
    /// With a program of ours, the terminal's signals are for that program, and SIGTERM and SIGHUP are passed on to
    /// it. Attached only, a signal lets the target go.
    #[default]
    PassedOn,
    /// What they do to any program (`-I 1`).
    Anywhere,
    /// One that asks us to end ends the trace: the program is sent it, too, and let go (`-I 2`).
    Waiting,
    /// SIGHUP, SIGINT, SIGQUIT and SIGTERM do nothing (`-I 3`).
    Never,
    /// Nor does SIGTSTP (`-I 4`).
    NeverNorStopped,
}

/// One change of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvChange {
    /// Set a variable.
    Set(OsString, OsString),
    /// Remove one.
    Remove(OsString),
    /// Start from nothing.
    Clear,
}

/// Where one of the descriptors 0 to 2 of the target comes from.
#[derive(Debug, Default)]
pub enum Stdio {
    /// As ours; closed stays closed.
    #[default]
    Inherit,
    /// A duplicate of another of our descriptors (1 -> 2 when the document is on stdout).
    Same(i32),
    /// This descriptor.
    From(OwnedFd),
}

/// Core placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// Pin tracer and hot tasks together while that pays.
    #[default]
    Auto,
    /// Never touch affinity.
    Off,
}

/// How many counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counters {
    /// None.
    None,
    /// Process totals at its end.
    #[default]
    Process,
    /// And per task.
    Task,
}

/// What happens to tasks that outlive the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Left {
    /// Let them run, untraced or mute.
    #[default]
    Leave,
    /// Trace until the last ends.
    Wait,
    /// Kill them.
    Kill,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// By exit with this code.
    Exited(u8),
    /// By a signal, 1 to 64.
    Killed {
        /// The signal.
        signal: i32,
        /// Was a core dumped?
        core: bool,
    },
}

/// How a session ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Status of the launched command; `None` when nothing was launched or its end was not seen.
    pub root: Option<Status>,
    /// The command could not be executed.
    pub not_started: Option<StartFailure>,
    /// Tasks left running: process id and name.
    pub left: Vec<(u32, String)>,
    /// Was the target killed at [`Plan::deadline`]?
    pub timed_out: bool,
    /// The signal that made us detach.
    pub signal: Option<i32>,
    /// The sink that failed, if one did.
    pub sink_error: Option<SinkError>,
    /// How many processes could not be attached to, see [`Plan::on_refusal`]; the others went on.
    pub refused: usize,
    /// One-line warnings for the user (a set-user-id program, an untraced child, …).
    pub warnings: Vec<String>,
    /// What became of [`Plan::samples`].
    pub sampling: Option<Sampling>,
    /// Is anything still traced mutely by this process (it must not exit before [`Mute::linger`])?
    pub mute: Option<Mute>,
}

/// What became of sampling.
#[derive(Debug)]
pub enum Sampling {
    /// It went so.
    Done {
        /// In numbers, and what is missing.
        report: sampling::Report,
        /// Has the names of the frames in `Sample` events: a frame's mapping is the number of its `Mapped` event.
        sampler: Box<sampling::Sampler>,
    },
    /// The kernel refused; the recording says it too.
    Refused(Error),
}

/// Tasks under a filter that outlive the session: their tracer has to stay, or each call that the
/// filter picks would fail.
pub struct Mute(pub(crate) Box<crate::session::Session<'static>>);

impl Mute {
    /// Keeps them running, records nothing, and returns when the last has ended.
    pub fn linger(mut self) {
        self.0.linger();
    }
}

impl std::fmt::Debug for Mute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mute({} tasks)", self.0.tasks.len())
    }
}

/// Why a program did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFailure {
    /// errno of the last execve, or ENOENT when PATH held no such name.
    pub errno: i32,
    /// The file tried, where one was found.
    pub path: Option<PathBuf>,
    /// Was it found (126) or not (127)?
    pub found: bool,
}

/// What could not be done: what was tried, on what, why, and what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {doing} {what}: {why}")]
pub struct Error {
    /// Verb.
    pub doing: String,
    /// Object.
    pub what: String,
    /// Reason.
    pub why: String,
    /// At most three lines of advice.
    pub hints: Vec<String>,
    /// The system's error, where there is one.
    pub errno: Option<i32>,
}

/// What a bare run used.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Status of the root.
    pub status: Option<Status>,
    /// Not started.
    pub not_started: Option<StartFailure>,
    /// exec to end of the root.
    pub wall: Duration,
    /// CPU time in user mode.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// Peak resident set as wait4 tells it (may be that of an image before the last exec), bytes.
    pub max_rss_bytes: u64,
    /// Instructions in user mode, of the program and all it started; or why they were not counted.
    pub instructions: Result<u64, String>,
    /// Page faults of the same in user mode that no disk was read for. What wait4 accounts for has those of our own
    /// fork among them.
    pub minor_faults: Result<u64, String>,
    /// The same that a disk was read for.
    pub major_faults: Result<u64, String>,
    /// Was it ended because its time was over?
    pub timed_out: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan to start nothing.
    pub fn plan() -> Plan {
        Plan { grace: Duration::ZERO, ..Plan::default() }
    }
}
