//! The session: what is known before the first event and after the last.

use serde::{Deserialize, Serialize};

/// One instant on three clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClockTriple {
    /// Ticks of the recording's clock (nanoseconds of CLOCK_MONOTONIC, or TSC cycles).
    pub ticks: u64,
    /// CLOCK_MONOTONIC, ns.
    pub monotonic_ns: u64,
    /// CLOCK_REALTIME, ns since 1970.
    pub realtime_ns: u64,
}

/// The clock that events carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockKind {
    /// CLOCK_MONOTONIC in ns: ticks are nanoseconds.
    #[default]
    Monotonic,
    /// The invariant time stamp counter.
    Tsc,
}

/// Where the target's descriptor 1 went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetStdout {
    /// Where the caller's went.
    #[default]
    Inherited,
    /// To our standard error, because the document is on standard output.
    Stderr,
}

/// Something that could not be measured or done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMeasured {
    /// Its name: `counters.hardware`, `engine.filter`, …
    pub what: String,
    /// The reason in words.
    pub reason: String,
}

/// Limits in force while payloads were taken, in bytes or elements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadLimits {
    /// Bytes of data moved that are kept per buffer (`-s`).
    pub data: u64,
    /// Elements of an argument vector.
    pub argv_elements: u64,
    /// Bytes of an argument vector in all.
    pub argv_bytes: u64,
    /// Elements of a structure array or vector.
    pub elements: u64,
    /// Is the environment kept?
    pub environment: bool,
    /// Descriptor notes: 0 none, 1 paths (`-y`), 2 and protocol addresses (`-yy`).
    pub notes: u8,
    /// Golden mode: all bytes moved over streams, up to this many in the run.
    pub content_max: Option<u64>,
    /// Is it noted how long tasks had run at the entry and the exit of each call?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cpu_time: bool,
}

impl PayloadLimits {
    /// Live text and JSON: 32 bytes of data, 32 elements.
    pub fn live() -> Self {
        PayloadLimits {
            data: 32,
            argv_elements: 32,
            argv_bytes: 32 * 4096,
            elements: 32,
            environment: false,
            notes: 0,
            content_max: None,
            cpu_time: false,
        }
    }

    /// `record`: 256 bytes of data, 1024 elements.
    pub fn stored() -> Self {
        PayloadLimits { data: 256, argv_elements: 1024, argv_bytes: 65536, elements: 1024, ..Self::live() }
    }

    /// `record --golden`: everything a golden stands on.
    pub fn golden(content_max: u64) -> Self {
        PayloadLimits { environment: true, notes: 2, content_max: Some(content_max), ..Self::stored() }
    }
}

/// A descriptor that was open at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFd {
    /// Its number.
    pub fd: i32,
    /// What `/proc/self/fd/N` links to, lossy.
    pub link: String,
    /// `file`, `dir`, `pipe`, `socket`, `char`, `block`, `anon`.
    pub kind: String,
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
    /// File offset, where it has one.
    pub offset: Option<u64>,
    /// Open flags.
    pub flags: u64,
}

/// The session header. Block 1 of the file, JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// Version of the program that recorded.
    pub version: String,
    /// Engines in force (`ptrace`).
    pub engines: Vec<String>,
    /// Engine asked for (`auto`).
    pub engine_asked: String,
    /// Kind of the events' clock.
    pub clock: ClockKind,
    /// The clock at the start: time zero of the recording.
    pub start: ClockTriple,
    /// Kernel release.
    pub kernel: String,
    /// Machine (`x86_64`).
    pub machine: String,
    /// `perf_event_paranoid`, where readable.
    pub perf_event_paranoid: Option<i64>,
    /// Yama's `ptrace_scope`, where there is one.
    pub ptrace_scope: Option<i64>,
    /// Effective capabilities, hex as in /proc.
    pub capabilities: String,
    /// Text of `-e trace=`, where one was given.
    pub filter: Option<String>,
    /// How calls were tampered with, as it was asked for (`-e inject=…`). Such a run is never judged.
    pub tampered: Option<String>,
    /// Is a seccomp filter of ours installed?
    pub kernel_filter: bool,
    /// Was `no_new_privs` set for it?
    pub no_new_privs: bool,
    /// C library that the program asks for (`glibc-2.36`, `musl-1.2.3`), where its loader says. Golden mode only.
    pub libc: Option<String>,
    /// Limits in force.
    pub limits: Option<PayloadLimits>,
    /// Are other tasks followed?
    pub follow: bool,
    /// Golden mode.
    pub golden: bool,
    /// argv of the root, lossy; empty when only attached.
    pub argv: Vec<String>,
    /// argv of the root, bytes as hex, only when some argument is not UTF-8.
    pub argv_hex: Option<Vec<String>>,
    /// Pids attached to.
    pub attached: Vec<u32>,
    /// Working directory, lossy.
    pub cwd: String,
    /// umask.
    pub umask: u32,
    /// Descriptors open at the start.
    pub open_fds: Vec<OpenFd>,
    /// CPUs the target may use.
    pub cpus: Vec<u32>,
    /// `TZ`, where set.
    pub tz: Option<String>,
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Our own pid.
    pub tracer_pid: u32,
    /// `auto` or `off`.
    pub placement: String,
    /// Where the target's stdout went.
    pub target_stdout: TargetStdout,
    /// Counters asked for: `none`, `process`, `task`.
    pub counters: String,
    /// What can't be seen, known in advance.
    pub unseen: Vec<String>,
    /// What can't be measured, known in advance.
    pub not_measured: Vec<NotMeasured>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// Every task ended.
    #[default]
    Complete,
    /// The root ended and others were left running.
    RootEnded,
    /// A limit cut the recording.
    Limit,
    /// We let go of the tasks.
    Detached,
    /// The target never ran.
    NotStarted,
    /// The file has no end: its writer was killed or could not go on. Only a reader says so.
    Incomplete,
    /// Parts of the file can't be read. Only a reader says so.
    Damaged,
}

/// The trailer. Last block of the file, JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trailer {
    /// How it ended.
    pub ended: EndedBy,
    /// wait4 status of the root, where it was seen.
    pub root_status: Option<i32>,
    /// errno of the failed start.
    pub not_started_errno: Option<i32>,
    /// Clock at the end.
    pub end: ClockTriple,
    /// Events by kind number.
    pub totals: std::collections::BTreeMap<u8, u64>,
    /// Calls by engine (`via`).
    pub by_engine: std::collections::BTreeMap<u8, u64>,
    /// Engine changes: reason, count.
    pub engine_changes: Vec<(String, u64)>,
    /// Events lost: reason, count.
    pub lost: Vec<(String, u64)>,
    /// Tasks left running: pid and name.
    pub left: Vec<(u32, String)>,
    /// What turned out not to be measurable.
    pub not_measured: Vec<NotMeasured>,
    /// How many ptrace stops there were.
    pub stops: u64,
    /// What is wrong with the file, in words, when `ended` is `Incomplete` or `Damaged`.
    pub fault: Option<String>,
}
