//! `prctl`: the operations and what each takes.

use super::text_out;
use crate::Kind::*;
use crate::kind::Dir::*;
use crate::names;

calls! {
    prctl [CREDS] (option: Enum(&names::PRCTL_OPS), arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) by PRCTL -> Int;
}

operations! {
    PRCTL: 0 & 0xffff_ffff (option: Enum(&names::PRCTL_OPS)) {
        // PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE.
        1 => (arg2: Signal) -> Int,
        2 => (arg2: SignalRef) -> Int,
        3 => () -> Int,
        4 => (arg2: Enum(&names::PRCTL_DUMPABLE)) -> Int,
        // Unaligned accesses, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, floating point.
        5 => (arg2: IntRef(Out)) -> Int,
        6 => (arg2: Flags(&names::PRCTL_UNALIGN)) -> Int,
        7 => () -> Int,
        8 => (arg2: ULong) -> Int,
        9 => (arg2: IntRef(Out)) -> Int,
        10 => (arg2: ULong) -> Int,
        11 => (arg2: IntRef(Out)) -> Int,
        12 => (arg2: ULong) -> Int,
        // PR_GET_TIMING, PR_SET_TIMING, PR_SET_NAME, PR_GET_NAME.
        13 => () -> Int,
        14 => (arg2: ULong) -> Int,
        15 => (arg2: Str) -> Int,
        16 => (arg2: text_out(16)) -> Int,
        // PR_GET_ENDIAN, PR_SET_ENDIAN, PR_GET_SECCOMP, PR_SET_SECCOMP.
        19 => (arg2: IntRef(Out)) -> Int,
        20 => (arg2: ULong) -> Int,
        21 => () -> Int,
        22 => (arg2: Enum(&names::SECCOMP_MODES), arg3: Ptr) -> Int,
        // PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC.
        23 => (arg2: Enum(&names::CAPABILITIES)) -> Int,
        24 => (arg2: Enum(&names::CAPABILITIES)) -> Int,
        25 => (arg2: EnumRef(Out, &names::PRCTL_TSC)) -> Int,
        26 => (arg2: Enum(&names::PRCTL_TSC)) -> Int,
        // Secure bits, timer slack, perf events.
        27 => () -> Hex,
        28 => (arg2: Flags(&names::SECUREBITS)) -> Int,
        29 => (arg2: ULong) -> Int,
        30 => () -> Int,
        31 => () -> Int,
        32 => () -> Int,
        // PR_MCE_KILL, PR_MCE_KILL_GET, PR_SET_MM.
        33 => (arg2: Enum(&names::PRCTL_MCE_KILL), arg3: Enum(&names::PRCTL_MCE_POLICY), arg4: Hex, arg5: Hex) -> Int,
        34 => (arg2: Hex, arg3: Hex, arg4: Hex, arg5: Hex) -> Int,
        35 => (arg2: Enum(&names::PRCTL_SET_MM), arg3: Hex, arg4: Hex, arg5: Hex) -> Int,
        // PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS.
        36 => (arg2: ULong) -> Int,
        37 => (arg2: IntRef(Out)) -> Int,
        38 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        39 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        // PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE.
        40 => (arg2: PtrRef(Out)) -> Int,
        41 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        42 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        // PR_CAP_AMBIENT, speculation, tagged addresses, PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER.
        47 => (
            arg2: Enum(&names::PRCTL_CAP_AMBIENT), arg3: Enum(&names::CAPABILITIES), arg4: ULong, arg5: ULong,
        ) -> Int,
        52 => (arg2: Enum(&names::PRCTL_SPEC)) -> Hex,
        53 => (arg2: Enum(&names::PRCTL_SPEC), arg3: Flags(&names::PRCTL_SPEC_CONTROL)) -> Int,
        55 => (arg2: Hex, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        56 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Hex,
        57 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        58 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        // PR_SET_SYSCALL_USER_DISPATCH, PR_SCHED_CORE, PR_SET_MDWE, PR_GET_MDWE.
        59 => (arg2: Enum(&names::PRCTL_DISPATCH), arg3: Hex, arg4: Hex, arg5: Ptr) -> Int,
        62 => (arg2: Int, arg3: Pid, arg4: Int, arg5: Ptr) -> Int,
        65 => (arg2: Hex, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        66 => (arg2: ULong, arg3: ULong, arg4: ULong, arg5: ULong) -> Int,
        // PR_SET_VMA (its own magic), PR_SET_PTRACER.
        0x5356_4d41 => (arg2: Enum(&names::PRCTL_SET_VMA), arg3: Ptr, arg4: ULong, arg5: Str) -> Int,
        0x5961_6d61 => (arg2: Pid) -> Int,
    }
}
