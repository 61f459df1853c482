//! Kinds: the numbered words of the format, and the bits of its flags.

macro_rules! raw_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value),+ }
        impl $name {
            /// The value of a raw byte; `None` for one that nobody defined.
            pub const fn from_raw(raw: u8) -> Option<Self> {
                match raw { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

pub(super) use raw_enum;

raw_enum! {
    /// What happened.
    Kind {
        /// A system call.
        Call = 1,
        /// A signal was delivered.
        Signal = 2,
        /// The process stopped for job control.
        Stopped = 3,
        /// It was continued.
        Continued = 4,
        /// A task began.
        Born = 5,
        /// A process replaced its image.
        Exec = 6,
        /// A task ended.
        Died = 7,
        /// The engine let a task go.
        Detached = 8,
        /// A file was mapped executable.
        Mapped = 9,
        /// The runtime library, a hook or a probe spoke.
        Tracepoint = 10,
        /// A stack sample.
        Sample = 11,
        /// A counter was read.
        Counter = 12,
        /// Events are missing.
        Lost = 13,
        /// Something the engine can't see by nature.
        Unseen = 14,
        /// A task or process changed engine.
        Engine = 15,
        /// A limit ended the recording.
        Limit = 16,
        /// The state of a file (golden mode).
        FileState = 17,
        /// The kernel's accounts of a task or process.
        Account = 18,
        /// A task was switched in or out.
        Switch = 19,
        /// A task's name changed.
        Named = 20,
    }
}

raw_enum! {
    /// How far a record is.
    State {
        /// Never issued.
        Free = 0,
        /// Entered, not left: an announcement; the whole record follows with the same `seq`.
        Open = 1,
        /// Whole.
        Done = 2,
        /// Reserved, never issued.
        Void = 3,
        /// Left by a jump, without a result.
        Abandoned = 4,
        /// Interrupted before it began.
        Interrupted = 5,
    }
}

raw_enum! {
    /// How the call was noticed.
    Via {
        /// Two stops by PTRACE_SYSCALL.
        Ptrace = 0,
        /// A seccomp stop.
        Seccomp = 1,
        /// A patched site.
        Patched = 2,
        /// A perf_event record.
        Perf = 3,
        /// An eBPF record.
        Bpf = 4,
    }
}

/// Bits of a call's `flags`.
pub mod flag {
    /// Some payload was clipped to its limit.
    pub const CLIPPED: u32 = 1 << 0;
    /// Some payload could not be read.
    pub const FAULTED: u32 = 1 << 1;
    /// This entry continues an interrupted call of the same task.
    pub const RESTARTED: u32 = 1 << 2;
    /// The result is a restart code.
    pub const INTERRUPTED: u32 = 1 << 3;
    /// Attached in the middle: arguments unknown.
    pub const NO_ENTRY: u32 = 1 << 4;
    /// The task died or was let go inside.
    pub const NO_EXIT: u32 = 1 << 5;
    /// We changed what the call did: an error, a result, a signal, a delay or bytes of ours. Which,
    /// `INJECTED`, `DELAYED` and `POKED` say.
    pub const TAMPERED: u32 = 1 << 6;
    /// Refused by the target's own seccomp filter.
    pub const DENIED: u32 = 1 << 7;
    /// Times were taken at the stops.
    pub const TIMES_AT_STOP: u32 = 1 << 8;
    /// Made by our runtime library for itself: never shown, counted or judged.
    pub const INSTRUMENTATION: u32 = 1 << 9;
    /// The result is ours: the call itself was not made, or another one in its place.
    pub const INJECTED: u32 = 1 << 10;
    /// The task was held back before or after the call.
    pub const DELAYED: u32 = 1 << 11;
    /// With `NO_EXIT`: the task was let go inside, it did not die.
    pub const DETACHED: u32 = 1 << 12;
    /// We wrote into memory that the arguments point to.
    pub const POKED: u32 = 1 << 13;
    /// Names of the bits, lowest first.
    pub const NAMES: [&str; 14] = [
        "CLIPPED",
        "FAULTED",
        "RESTARTED",
        "INTERRUPTED",
        "NO_ENTRY",
        "NO_EXIT",
        "TAMPERED",
        "DENIED",
        "TIMES_AT_STOP",
        "INSTRUMENTATION",
        "INJECTED",
        "DELAYED",
        "DETACHED",
        "POKED",
    ];
}

raw_enum! {
    /// How a task came to be.
    BornHow {
        /// `fork`.
        Fork = 0,
        /// `vfork`.
        Vfork = 1,
        /// `clone` of a process.
        Clone = 2,
        /// `clone` of a thread.
        Thread = 3,
        /// The root command.
        First = 4,
        /// Attached to.
        Attached = 5,
    }
}

raw_enum! {
    /// What a path is (`FileState`).
    FileWhat {
        /// Nothing there any more.
        Gone = 0,
        /// A regular file.
        File = 1,
        /// A directory.
        Dir = 2,
        /// A symbolic link.
        Link = 3,
        /// A FIFO.
        Fifo = 4,
        /// A socket.
        Socket = 5,
        /// A device.
        Device = 6,
        /// Could not be looked at; the errno says why.
        Unknown = 7,
    }
}

raw_enum! {
    /// What an engine can't see (`Unseen`).
    Hidden {
        /// Calls answered by the vDSO without the kernel.
        Vdso = 1,
        /// A child made with CLONE_UNTRACED.
        UntracedChild = 2,
        /// Operations of an io_uring.
        IoUring = 3,
        /// A task traced by somebody else.
        OtherTracer = 4,
        /// A set-user-id program that lost its privilege under trace.
        SetuidLost = 5,
        /// An attempt on the tracer itself.
        AttackOnTracer = 6,
        /// Sites without a patch (fast path without its filter).
        UnpatchedSites = 7,
        /// Anything else; the text says what.
        Other = 8,
    }
}
