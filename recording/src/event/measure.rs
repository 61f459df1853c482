//! Measures: what the kernel accounts for, and the state of one reading.

/// Measures of the kernel's accounts (`Account`) and of counters. The numbers are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
#[expect(missing_docs, reason = "name() and unit() say it")]
pub enum Measure {
    UserUs = 1,
    SysUs = 2,
    MaxRssBytes = 3,
    MinorFaults = 4,
    MajorFaults = 5,
    VoluntarySwitches = 6,
    InvoluntarySwitches = 7,
    BlocksIn = 8,
    BlocksOut = 9,
    RunNs = 10,
    WaitNs = 11,
    Slices = 12,
    Rchar = 13,
    Wchar = 14,
    Syscr = 15,
    Syscw = 16,
    ReadBytes = 17,
    WriteBytes = 18,
    CancelledWriteBytes = 19,
    TaskClock = 32,
    PageFaults = 33,
    ContextSwitches = 34,
    CpuMigrations = 35,
    Instructions = 36,
    Cycles = 37,
    CacheMisses = 38,
    BranchMisses = 39,
    CacheReferences = 40,
    Branches = 41,
    Samples = 48,
    SamplesComplete = 49,
    SamplesLost = 50,
    SamplesThrottled = 51,
    SamplesBroken = 52,
    SamplesFramePointersFrom = 53,
}

impl Measure {
    /// All of them, in the order of their numbers.
    pub const ALL: [Measure; 35] = {
        use Measure::*;
        [
            UserUs,
            SysUs,
            MaxRssBytes,
            MinorFaults,
            MajorFaults,
            VoluntarySwitches,
            InvoluntarySwitches,
            BlocksIn,
            BlocksOut,
            RunNs,
            WaitNs,
            Slices,
            Rchar,
            Wchar,
            Syscr,
            Syscw,
            ReadBytes,
            WriteBytes,
            CancelledWriteBytes,
            TaskClock,
            PageFaults,
            ContextSwitches,
            CpuMigrations,
            Instructions,
            Cycles,
            CacheMisses,
            BranchMisses,
            CacheReferences,
            Branches,
            Samples,
            SamplesComplete,
            SamplesLost,
            SamplesThrottled,
            SamplesBroken,
            SamplesFramePointersFrom,
        ]
    };

    /// Those of `/proc/PID/io`, in its order (proc_pid_io(5)).
    pub const IO: [Measure; 7] = {
        use Measure::*;
        [Rchar, Wchar, Syscr, Syscw, ReadBytes, WriteBytes, CancelledWriteBytes]
    };

    /// The measure of a raw number; `None` for one of a later version.
    pub fn from_raw(raw: u16) -> Option<Measure> {
        Measure::ALL.into_iter().find(|m| *m as u16 == raw)
    }

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::UserUs => "user_us",
            Measure::SysUs => "sys_us",
            Measure::MaxRssBytes => "max_rss_bytes",
            Measure::MinorFaults => "minor_faults",
            Measure::MajorFaults => "major_faults",
            Measure::VoluntarySwitches => "voluntary_switches",
            Measure::InvoluntarySwitches => "involuntary_switches",
            Measure::BlocksIn => "blocks_in",
            Measure::BlocksOut => "blocks_out",
            Measure::RunNs => "run_ns",
            Measure::WaitNs => "wait_ns",
            Measure::Slices => "slices",
            Measure::Rchar => "rchar",
            Measure::Wchar => "wchar",
            Measure::Syscr => "syscr",
            Measure::Syscw => "syscw",
            Measure::ReadBytes => "read_bytes",
            Measure::WriteBytes => "write_bytes",
            Measure::CancelledWriteBytes => "cancelled_write_bytes",
            Measure::TaskClock => "task-clock",
            Measure::PageFaults => "page-faults",
            Measure::ContextSwitches => "context-switches",
            Measure::CpuMigrations => "cpu-migrations",
            Measure::Instructions => "instructions",
            Measure::Cycles => "cycles",
            Measure::CacheMisses => "cache-misses",
            Measure::BranchMisses => "branch-misses",
            Measure::CacheReferences => "cache-references",
            Measure::Branches => "branches",
            Measure::Samples => "samples",
            Measure::SamplesComplete => "samples_complete",
            Measure::SamplesLost => "samples_lost",
            Measure::SamplesThrottled => "samples_throttled",
            Measure::SamplesBroken => "samples_broken",
            Measure::SamplesFramePointersFrom => "samples_frame_pointers_from",
        }
    }

    /// `us`, `ns`, `bytes` or `count` (blocks are of 512 bytes).
    pub const fn unit(self) -> &'static str {
        match self {
            Measure::UserUs | Measure::SysUs => "us",
            Measure::RunNs | Measure::WaitNs | Measure::TaskClock => "ns",
            Measure::MaxRssBytes
            | Measure::Rchar
            | Measure::Wchar
            | Measure::ReadBytes
            | Measure::WriteBytes
            | Measure::CancelledWriteBytes => "bytes",
            _ => "count",
        }
    }
}

/// Bits of a [`Reading`]'s status and of a `Counter`'s.
pub mod reading {
    /// Not measured; the event's text says why.
    pub const NOT_MEASURED: u16 = 1 << 0;
    /// Tracing itself moves this value.
    pub const DISTURBED: u16 = 1 << 1;
    /// Counted in user mode only.
    pub const USER_ONLY: u16 = 1 << 2;
    /// The peak of an image before the last exec may hide in it.
    pub const BEFORE_EXEC: u16 = 1 << 3;
}

/// One value of an `Account`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Raw number of a [`Measure`].
    pub measure: u16,
    /// Bits of [`reading`].
    pub status: u16,
    /// The value in the measure's unit.
    pub value: u64,
}
