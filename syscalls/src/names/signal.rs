//! Signals.

names! {
    /// `how` of `rt_sigprocmask` (sigprocmask(2)).
    SIG_HOW "SIG_???" from "asm/signal.h":
        0 SIG_BLOCK, 1 SIG_UNBLOCK, 2 SIG_SETMASK;

    /// `sa_flags` of `rt_sigaction` (sigaction(2)).
    SA_FLAGS "SA_???" from "asm/signal.h" "signal.h":
        0x4000000 SA_RESTORER, 0x8000000 SA_ONSTACK, 0x10000000 SA_RESTART, 0x20000000 SA_INTERRUPT,
        0x40000000 SA_NODEFER, 0x80000000 SA_RESETHAND, 0x400 SA_UNSUPPORTED, 0x800 SA_EXPOSE_TAGBITS, 4 SA_SIGINFO,
        1 SA_NOCLDSTOP, 2 SA_NOCLDWAIT;

    /// `ss_flags` of `sigaltstack` (sigaltstack(2)).
    SS_FLAGS "SS_???" from "linux/signal.h":
        1 SS_ONSTACK, 2 SS_DISABLE, 0x80000000 SS_AUTODISARM;

    /// `sigev_notify` (sigevent(7)).
    SIGEV_NOTIFY "SIGEV_???" from "asm/siginfo.h":
        0 SIGEV_SIGNAL, 1 SIGEV_NONE, 2 SIGEV_THREAD, 4 SIGEV_THREAD_ID;
}
