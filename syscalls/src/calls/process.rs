//! Processes: birth, image, end, relations, limits, namespaces, confinement.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    clone [PROCESS] (
        clone_flags: CloneFlags, newsp: Ptr, parent_tidptr: IntRef(Out), child_tidptr: Ptr, tls: Ptr,
    ) -> Pid;
    // Arm and i386 have the last two the other way round.
    clone_backwards as "clone" [PROCESS] (
        clone_flags: CloneFlags, newsp: Ptr, parent_tidptr: IntRef(Out), tls: Ptr, child_tidptr: Ptr,
    ) -> Pid;
    clone3 [PROCESS] (uargs: Sized(&layout::CLONE_ARGS, In, 1), size: ULong) -> Pid;
    fork [PROCESS] () -> Pid;
    vfork [PROCESS] () -> Pid;
    execve [FILE PROCESS] (filename: Path, argv: Argv, envp: Envp) -> Int;
    execveat [DESC FILE PROCESS] (
        dfd: DirFd, filename: Path, argv: Argv, envp: Envp, flags: Flags(&names::AT_FLAGS),
    ) -> Int;
    exit [PROCESS] (error_code: Int) -> Never;
    exit_group [PROCESS] (error_code: Int) -> Never;
    wait4 [PROCESS] (
        upid: Pid, stat_addr: WaitStatus, options: Flags(&names::WAIT_OPTIONS), ru: output(&layout::RUSAGE),
    ) -> PidWaited;
    waitid [PROCESS] (
        which: Enum(&names::WAITID_TYPES), upid: Pid, infop: Siginfo(Out), options: Flags(&names::WAIT_OPTIONS),
        ru: output(&layout::RUSAGE),
    ) -> Int;

    getpid [PURE] () -> Pid;
    getppid [PURE] () -> Pid;
    gettid [PURE] () -> Pid;
    getpgrp [PURE] () -> PidNumber;
    getpgid [] (pid: Pid) -> PidNumber;
    setpgid [] (pid: Pid, pgid: Pid) -> Int;
    getsid [] (pid: Pid) -> PidNumber;
    setsid [] () -> PidNumber;
    set_tid_address [] (tidptr: Address) -> PidNumber;
    rseq [] (rseq: Address, rseq_len: Hex, flags: Flags(&names::RSEQ_FLAGS), sig: Hex) -> Int;
    rseq_slice_yield [] () -> Int;
    restart_syscall [] () -> Int;
    kcmp [] (pid1: Pid, pid2: Pid, type: Enum(&names::KCMP), idx1: Hex, idx2: Hex) by KCMP -> Int;
    pidfd_open [DESC] (pid: Pid, flags: Flags(&names::PIDFD_OPEN)) -> Fd;
    pidfd_getfd [DESC] (pidfd: Fd, fd: Int, flags: Hex) -> Fd;

    getrlimit [] (resource: Enum(&names::RLIMIT), rlim: output(&layout::RLIMIT)) -> Int;
    setrlimit [] (resource: Enum(&names::RLIMIT), rlim: input(&layout::RLIMIT)) -> Int;
    prlimit64 [] (
        pid: Pid, resource: Enum(&names::RLIMIT), new_rlim: input(&layout::RLIMIT), old_rlim: output(&layout::RLIMIT),
    ) -> Int;
    getrusage [] (who: Enum(&names::RUSAGE_WHO), ru: output(&layout::RUSAGE)) -> Int;
    personality [] (personality: EnumFlags(&names::PERSONALITY, &names::PERSONALITY_FLAGS)) -> Hex;

    unshare [] (unshare_flags: Flags(&names::UNSHARE)) -> Int;
    setns [DESC] (fd: Fd, flags: Flags(&names::SETNS)) -> Int;
    seccomp [] (op: Enum(&names::SECCOMP_OPS), flags: Hex, uargs: Ptr) by SECCOMP -> Int;
    landlock_create_ruleset [DESC] (
        attr: Sized(&layout::LANDLOCK_RULESET_ATTR, In, 1), size: ULong, flags: Flags(&names::LANDLOCK_RULESET),
    ) by LANDLOCK_RULESET -> Int;
    landlock_add_rule [DESC] (
        ruleset_fd: Fd, rule_type: Enum(&names::LANDLOCK_RULES), rule_attr: Ptr, flags: Hex,
    ) by LANDLOCK -> Int;
    landlock_restrict_self [DESC] (ruleset_fd: Fd, flags: Flags(&names::LANDLOCK_RESTRICT)) -> Int;
    lsm_get_self_attr [] (
        attr: Enum(&names::LSM_ATTR), ctx: Ptr, size: IntRef(InOut), flags: Flags(&names::LSM_FLAGS),
    ) -> Int;
    lsm_set_self_attr [] (attr: Enum(&names::LSM_ATTR), ctx: Raw(In, Arg(2)), size: UInt, flags: Hex) -> Int;
    lsm_list_modules [] (ids: Ptr, size: IntRef(InOut), flags: Hex) -> Int;

    iopl [] (level: Int) -> Int;
    ioperm [] (from: Hex, num: Hex, turn_on: Int) -> Int;
    modify_ldt [] (func: Int, ptr: Ptr, bytecount: ULong) -> Int;
    set_thread_area [] (u_info: exchange(&layout::USER_DESC)) -> Int;
    get_thread_area [] (u_info: exchange(&layout::USER_DESC)) -> Int;
    arch_prctl [] (option: Enum(&names::ARCH_PRCTL), arg2: Hex) by ARCH_PRCTL -> Int;
    // Entered from code that the kernel placed; a program never makes them by itself.
    uretprobe [] () -> Int;
    uprobe [] () -> Int;
}

operations! {
    // With a flag it asks for a version and makes nothing.
    LANDLOCK_RULESET: 2 & 0xffff_ffff (
        attr: Sized(&layout::LANDLOCK_RULESET_ATTR, In, 1), size: ULong, flags: Flags(&names::LANDLOCK_RULESET),
    ) {
        0 => () -> Fd,
    }
}

operations! {
    KCMP: 2 & 0xffff_ffff (pid1: Pid, pid2: Pid, type: Enum(&names::KCMP)) {
        0 => (idx1: Int, idx2: Int) -> Int,
        1 => () -> Int,
        2 => () -> Int,
        3 => () -> Int,
        4 => () -> Int,
        5 => () -> Int,
        6 => () -> Int,
        7 => (idx1: UInt, idx2: input(&layout::KCMP_EPOLL)) -> Int,
    }
}

operations! {
    SECCOMP: 0 & 0xffff_ffff (op: Enum(&names::SECCOMP_OPS)) {
        0 => (flags: Hex, uargs: Ptr) -> Int,
        1 => (flags: Flags(&names::SECCOMP_FLAGS), uargs: input(&layout::SOCK_FPROG)) -> Int,
        2 => (flags: Hex, uargs: EnumRef(In, &names::SECCOMP_ACTIONS)) -> Int,
        3 => (flags: Hex, uargs: output(&layout::SECCOMP_SIZES)) -> Int,
    }
}

operations! {
    LANDLOCK: 1 & 0xffff_ffff (ruleset_fd: Fd, rule_type: Enum(&names::LANDLOCK_RULES)) {
        1 => (rule_attr: input(&layout::LANDLOCK_PATH_BENEATH), flags: Hex) -> Int,
        2 => (rule_attr: input(&layout::LANDLOCK_NET_PORT), flags: Hex) -> Int,
    }
}

operations! {
    ARCH_PRCTL: 0 & 0xffff_ffff (option: Enum(&names::ARCH_PRCTL)) {
        0x1001 => (arg2: Ptr) -> Int,
        0x1002 => (arg2: Ptr) -> Int,
        0x1003 => (arg2: PtrRef(Out)) -> Int,
        0x1004 => (arg2: PtrRef(Out)) -> Int,
        0x1011 => () -> Int,
        0x1012 => (arg2: Hex) -> Int,
        0x1021 => (arg2: PtrRef(Out)) -> Int,
        0x1022 => (arg2: PtrRef(Out)) -> Int,
        0x1023 => (arg2: UInt) -> Int,
        0x1024 => (arg2: PtrRef(Out)) -> Int,
        0x1025 => (arg2: UInt) -> Int,
        0x5001 => (arg2: Hex) -> Int,
        0x5002 => (arg2: Hex) -> Int,
        0x5003 => (arg2: Hex) -> Int,
        0x5004 => (arg2: Hex) -> Int,
        0x5005 => (arg2: PtrRef(Out)) -> Int,
    }
}
