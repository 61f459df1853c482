//! Processes, limits and scheduling.

use super::time::TIMEVAL;
use super::{Lead, Many};
use crate::names;

layouts! {
    /// getrlimit(2).
    RLIMIT "rlimit" 16:
        0 8 rlim_cur UInt,
        8 8 rlim_max UInt;

    /// getrusage(2).
    RUSAGE "rusage" 144:
        0 16 ru_utime Nested(&TIMEVAL),
        16 16 ru_stime Nested(&TIMEVAL),
        32 8 ru_maxrss UInt,
        40 8 ru_ixrss UInt,
        48 8 ru_idrss UInt,
        56 8 ru_isrss UInt,
        64 8 ru_minflt UInt,
        72 8 ru_majflt UInt,
        80 8 ru_nswap UInt,
        88 8 ru_inblock UInt,
        96 8 ru_oublock UInt,
        104 8 ru_msgsnd UInt,
        112 8 ru_msgrcv UInt,
        120 8 ru_nsignals UInt,
        128 8 ru_nvcsw UInt,
        136 8 ru_nivcsw UInt;

    /// uname(2).
    UTSNAME "utsname" 390:
        0 65 sysname Text,
        65 65 nodename Text,
        130 65 release Text,
        195 65 version Text,
        260 65 machine Text,
        325 65 domainname Text;

    /// sysinfo(2).
    SYSINFO "sysinfo" 112:
        0 8 uptime Int,
        8 24 loads Array(8),
        32 8 totalram UInt,
        40 8 freeram UInt,
        48 8 sharedram UInt,
        56 8 bufferram UInt,
        64 8 totalswap UInt,
        72 8 freeswap UInt,
        80 2 procs UInt,
        88 8 totalhigh UInt,
        96 8 freehigh UInt,
        104 4 mem_unit UInt;

    /// sched_setparam(2); the kernel's structure is its priority alone.
    SCHED_PARAM "sched_param" 4:
        0 4 sched_priority Int;

    /// sched_setattr(2).
    SCHED_ATTR "sched_attr" 56:
        0 4 size UInt,
        4 4 sched_policy Enum(&names::SCHED_POLICIES),
        8 8 sched_flags Flags(&names::SCHED_FLAGS),
        16 4 sched_nice Int,
        20 4 sched_priority UInt,
        24 8 sched_runtime UInt,
        32 8 sched_deadline UInt,
        40 8 sched_period UInt,
        48 4 sched_util_min UInt,
        52 4 sched_util_max UInt;

    /// clone3, clone(2).
    CLONE_ARGS "clone_args" 88:
        0 8 flags Flags(&names::CLONE3),
        8 8 pidfd Ptr,
        16 8 child_tid Ptr,
        24 8 parent_tid Ptr,
        32 8 exit_signal Signal,
        40 8 stack Ptr,
        48 8 stack_size Hex,
        56 8 tls Hex,
        64 8 set_tid Int => Lead::Elements(4, Many::At(72)),
        72 8 set_tid_size UInt,
        80 8 cgroup Fd;

    /// set_robust_list(2).
    ROBUST_LIST_HEAD "robust_list_head" 24:
        0 8 list Ptr,
        8 8 futex_offset Int,
        16 8 list_op_pending Ptr;

    /// futex_waitv(2).
    FUTEX_WAITV_ENTRY "futex_waitv" 24:
        0 8 val Hex,
        8 8 uaddr Ptr,
        16 4 flags Flags(&names::FUTEX_WAITV);

    /// rseq(2).
    RSEQ "rseq" 32:
        0 4 cpu_id_start UInt,
        4 4 cpu_id UInt,
        8 8 rseq_cs Ptr,
        16 4 flags Hex;

    /// capget(2).
    USER_CAP_HEADER "user_cap_header" 8:
        0 4 version Enum(&names::CAP_VERSIONS),
        4 4 pid Int;

    /// capget(2), one of two.
    USER_CAP_DATA "user_cap_data" 12:
        0 4 effective Hex,
        4 4 permitted Hex,
        8 4 inheritable Hex;

    /// A socket or seccomp filter (seccomp(2)).
    SOCK_FPROG "sock_fprog" 16:
        0 2 len UInt,
        8 8 filter Ptr;

    /// modify_ldt(2), set_thread_area(2).
    USER_DESC "user_desc" 16:
        0 4 entry_number Int,
        4 4 base_addr Hex,
        8 4 limit Hex;

    /// PTRACE_GETREGS (ptrace(2)).
    USER_REGS "user_regs_struct" 216:
        0 8 r15 Hex,
        8 8 r14 Hex,
        16 8 r13 Hex,
        24 8 r12 Hex,
        32 8 rbp Hex,
        40 8 rbx Hex,
        48 8 r11 Hex,
        56 8 r10 Hex,
        64 8 r9 Hex,
        72 8 r8 Hex,
        80 8 rax Hex,
        88 8 rcx Hex,
        96 8 rdx Hex,
        104 8 rsi Hex,
        112 8 rdi Hex,
        120 8 orig_rax Hex,
        128 8 rip Hex,
        136 8 cs Hex,
        144 8 eflags Hex,
        152 8 rsp Hex,
        160 8 ss Hex,
        168 8 fs_base Hex,
        176 8 gs_base Hex,
        184 8 ds Hex,
        192 8 es Hex,
        200 8 fs Hex,
        208 8 gs Hex;
}
