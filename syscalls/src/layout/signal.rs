//! Signals.

use crate::names;

layouts! {
    /// The kernel's four fields (rt_sigaction).
    SIGACTION "sigaction" 32:
        0 8 sa_handler Ptr,
        24 8 sa_mask SigSet,
        8 8 sa_flags Flags(&names::SA_FLAGS),
        16 8 sa_restorer Ptr;

    /// sigaltstack(2).
    STACK_T "stack_t" 24:
        0 8 ss_sp Ptr,
        8 4 ss_flags Flags(&names::SS_FLAGS),
        16 8 ss_size UInt;

    /// sigevent(7).
    SIGEVENT "sigevent" 64:
        0 8 sigev_value Hex,
        8 4 sigev_signo Signal,
        12 4 sigev_notify Enum(&names::SIGEV_NOTIFY);

    /// sigaction(2).
    SIGINFO "siginfo" 128:
        0 4 si_signo Signal,
        4 4 si_errno Int,
        8 4 si_code Int;

    /// signalfd(2).
    SIGNALFD_SIGINFO "signalfd_siginfo" 128:
        0 4 ssi_signo Signal,
        4 4 ssi_errno Int,
        8 4 ssi_code Int,
        12 4 ssi_pid UInt,
        16 4 ssi_uid UInt,
        20 4 ssi_fd Int,
        24 4 ssi_tid UInt,
        28 4 ssi_band UInt,
        32 4 ssi_overrun UInt,
        36 4 ssi_trapno UInt,
        40 4 ssi_status Int,
        44 4 ssi_int Int,
        48 8 ssi_ptr Hex,
        56 8 ssi_utime UInt,
        64 8 ssi_stime UInt,
        72 8 ssi_addr Hex;
}
