//! Processes: born, replaced, waited for, related, limited, confined, scheduled.

use super::{NOWHERE, call, drop_privileges, words32};
use libc::*;

pub fn run() {
    drop_privileges();
    births();
    images();
    relations();
    limits();
    scheduling();
    namespaces();
    operations();
    tracing();
    confinement();
    call!(SYS_exit_group, 0);
}

/// A child that ends at once; it is waited for.
fn births() {
    let mut status = [0u32; 2];
    let mut usage = [0u64; 18];
    for (number, flags) in [(libc::SYS_fork, 0), (libc::SYS_clone, libc::SIGCHLD as u64)] {
        let child = call!(number, flags, 0, 0, 0, 0);
        if child == 0 {
            call!(SYS_exit, 7);
        }
        call!(SYS_wait4, child, &mut status, 0, &mut usage);
    }
    // The child of vfork borrows our stack: it may only end.
    let child: i64;
    unsafe {
        std::arch::asm!(
            "syscall", "test eax, eax", "jnz 2f", "mov eax, 60", "mov edi, 3", "syscall", "2:",
            inlateout("rax") libc::SYS_vfork => child, out("rcx") _, out("r11") _, inlateout("rdi") 0u64 => _,
        );
    }
    call!(SYS_waitid, P_PID, child, &mut [0u64; 16], WEXITED | WNOWAIT, 0);
    call!(SYS_waitid, P_ALL, 0, &mut [0u64; 16], WEXITED | WSTOPPED, &mut usage);
    call!(SYS_waitid, 77, -1, NOWHERE, 0x1000_0000, NOWHERE);
    call!(SYS_wait4, -1, &mut status, 0xe000_0003u64, 0);
    call!(SYS_wait4, -1, NOWHERE, 0, NOWHERE);
    let mut tid = [0u32; 2];
    let arguments = [0x10_0000u64, 0, 0, tid.as_mut_ptr() as u64, 17, 0, 0, 0, 0, 0, 0];
    let child = call!(SYS_clone3, &arguments, 88);
    if child == 0 {
        call!(SYS_exit, 0);
    }
    call!(SYS_wait4, child, 0, 0, 0);
    call!(SYS_clone3, &[0u64, NOWHERE, NOWHERE, NOWHERE, 77, NOWHERE, 1, 0, 0, 0, 0], 64);
    call!(SYS_clone3, &[0x2_0000_1000u64, 1, 2, 3, 0, 4, 5, 6, 0, 0, 99, 8], 96);
    call!(SYS_clone3, &[0x0d0f_0f00u64, 1, 2, 3, 0, 4, 5, 6, [1u32, 2].as_ptr() as u64, 2, 0], 88);
    call!(SYS_clone3, NOWHERE, 88);
    call!(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0);
    call!(SYS_clone, CLONE_THREAD | CLONE_SETTLS | CLONE_CHILD_CLEARTID, NOWHERE, 0x20, 0x30, 0x40);
    call!(SYS_set_tid_address, &mut tid);
    call!(SYS_rseq, NOWHERE, 32, 1, 0x5305_3053);
    call!(SYS_rseq, NOWHERE, 7, 2, 0);
    call!(471);
}

fn images() {
    let (one, two) = (c"one", c"two \"quoted\"");
    let argv = [one.as_ptr(), two.as_ptr(), std::ptr::null()];
    call!(SYS_execve, c"absent", &argv, &argv);
    call!(SYS_execve, c"absent", &argv, 0);
    call!(SYS_execve, c"absent", NOWHERE, NOWHERE);
    call!(SYS_execve, NOWHERE, &[NOWHERE, 0], 0);
    call!(SYS_execveat, AT_FDCWD, c"absent", &argv, &argv, AT_SYMLINK_NOFOLLOW);
    call!(SYS_execveat, 99, c"", &argv, &[0u64], AT_EMPTY_PATH | 0x8);
}

fn relations() {
    let own = call!(SYS_getpid);
    call!(SYS_getppid);
    call!(SYS_gettid);
    call!(SYS_getpgrp);
    call!(SYS_getpgid, 0);
    call!(SYS_getpgid, 4_000_000);
    call!(SYS_getsid, 0);
    call!(SYS_getsid, 4_000_000);
    call!(SYS_setpgid, 0, 0);
    call!(SYS_setpgid, 4_000_000, -1);
    call!(SYS_setsid);
    let process = call!(SYS_pidfd_open, own, 0);
    call!(SYS_pidfd_open, -1, 0x880);
    call!(SYS_pidfd_getfd, process, 0, 0);
    call!(SYS_pidfd_getfd, 99, 98, 1);
    for kind in 0..9 {
        call!(SYS_kcmp, own, own, kind, 1, 2);
    }
    call!(SYS_kcmp, 4_000_000, 1, 7, 1, &[3u32, 4, 5]);
    call!(SYS_kcmp, own, own, 7, 1, &[3u32, 4, 5]);
}

fn limits() {
    let mut out = [0u64; 32];
    for resource in [0, 3, 6, 7, 13, 15, 77] {
        call!(SYS_getrlimit, resource, &mut out);
    }
    call!(SYS_setrlimit, RLIMIT_CORE, &[0u64, u64::MAX]);
    call!(SYS_setrlimit, RLIMIT_CORE, &[8192u64 * 1024, 0]);
    call!(SYS_setrlimit, 77, NOWHERE);
    call!(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &mut out);
    call!(SYS_prlimit64, 0, RLIMIT_CORE, &[0u64, 0], &mut out);
    call!(SYS_prlimit64, 4_000_000, 77, NOWHERE, NOWHERE);
    call!(SYS_getrusage, RUSAGE_SELF, &mut out);
    call!(SYS_getrusage, RUSAGE_CHILDREN, &mut out);
    call!(SYS_getrusage, 77, &mut out);
    call!(SYS_personality, 0xffff_ffffu64);
    call!(SYS_personality, 0x0004_0000);
    call!(SYS_personality, 8);
    call!(SYS_personality, 0x7_0077);
    call!(SYS_personality, 0);
    call!(SYS_sysinfo, &mut out);
    call!(SYS_sysinfo, NOWHERE);
    call!(SYS_uname, &mut [0u8; 400]);
    call!(SYS_uname, NOWHERE);
    call!(SYS_getcpu, &mut [0u32; 2], &mut [0u32; 2], 0);
    call!(SYS_getcpu, 0, NOWHERE, NOWHERE);
}

fn scheduling() {
    let mut out = [0u32; 32];
    call!(SYS_sched_yield);
    call!(SYS_sched_setparam, 0, &[0u32]);
    call!(SYS_sched_setparam, -1, NOWHERE);
    call!(SYS_sched_getparam, 0, &mut out);
    call!(SYS_sched_getparam, 4_000_000, &mut out);
    call!(SYS_sched_setscheduler, 0, 3, &[0u32]);
    call!(SYS_sched_setscheduler, 0, 0, &[0u32]);
    call!(SYS_sched_setscheduler, 0, 1 | 0x4000_0000, &[1u32]);
    call!(SYS_sched_setscheduler, -1, 77, NOWHERE);
    call!(SYS_sched_getscheduler, 0);
    call!(SYS_sched_getscheduler, -1);
    for policy in [0, 1, 5, 6, 77] {
        call!(SYS_sched_get_priority_max, policy);
        call!(SYS_sched_get_priority_min, policy);
    }
    call!(SYS_sched_rr_get_interval, 0, &mut [0u64; 2]);
    call!(SYS_sched_rr_get_interval, -1, NOWHERE);
    call!(SYS_sched_getaffinity, 0, 128, &mut out);
    call!(SYS_sched_getaffinity, 0, 3, &mut out);
    call!(SYS_sched_setaffinity, 4_000_000, 8, &[0x8000_0000_0000_0005u64]);
    call!(SYS_sched_setaffinity, 4_000_000, 16, &[0u64, 0]);
    call!(SYS_sched_setaffinity, 0, 8, NOWHERE);
    let attributes = |size: u32| {
        words32::<16>(&[(0, size), (1, 3), (2, 0x7f), (4, 5), (5, 6), (6, 7), (8, 9), (10, 11), (12, 1), (13, 2)])
    };
    for size in [0, 47, 48, 56, 60, 64] {
        call!(SYS_sched_setattr, 4_000_000, &attributes(size), 0);
    }
    call!(SYS_sched_setattr, 0, NOWHERE, 1);
    call!(SYS_sched_getattr, 0, &mut out, 48, 0);
    call!(SYS_sched_getattr, 0, &mut out, 56, 0);
    call!(SYS_sched_getattr, 0, &mut out, 128, 0);
    call!(SYS_sched_getattr, 0, &mut out, 47, 0);
    call!(SYS_sched_getattr, -1, NOWHERE, 56, 1);
    call!(SYS_getpriority, PRIO_PROCESS, 0);
    call!(SYS_getpriority, 77, 0);
    call!(SYS_setpriority, PRIO_PGRP, 4_000_000, -5);
    call!(SYS_setpriority, PRIO_USER, 4_000_000, 5);
    call!(SYS_ioprio_get, 1, 0);
    call!(SYS_ioprio_get, 77, -1);
    call!(SYS_ioprio_set, 1, 0, 2 << 13 | 4);
    call!(SYS_ioprio_get, 1, 0);
    call!(SYS_ioprio_set, 2, 4_000_000, 1 << 13 | 7);
    call!(SYS_ioprio_set, 3, 4_000_000, 7 << 13 | 0x1f);
}

fn namespaces() {
    call!(SYS_unshare, 0);
    call!(SYS_unshare, CLONE_NEWNS | CLONE_NEWUTS | CLONE_FILES | 0x1);
    call!(SYS_setns, 99, CLONE_NEWNET | CLONE_NEWTIME_);
    call!(SYS_setns, 0, 0x1);
    call!(SYS_iopl, 0);
    call!(SYS_iopl, 3);
    call!(SYS_ioperm, 0x80u64, 1, 1);
    let descriptor = words32::<4>(&[(0, 77), (1, 0x1000), (2, 0xfffff), (3, 0x51)]);
    call!(SYS_modify_ldt, 0, &mut [0u64; 8], 64);
    call!(SYS_modify_ldt, 1, &words32::<4>(&[(0, 9999), (3, 0x7f)]), 16);
    call!(SYS_modify_ldt, 0x11, &descriptor, 3);
    call!(SYS_modify_ldt, 77, NOWHERE, 16);
    call!(SYS_set_thread_area, &descriptor);
    call!(SYS_get_thread_area, NOWHERE);
    let mut out = [0u64; 16];
    for option in [0x1003, 0x1004, 0x1011, 0x1021, 0x1022, 0x1024, 0x5005, 0x77] {
        call!(SYS_arch_prctl, option, &mut out);
    }
    for option in [0x1003, 0x1021, 0x5001] {
        call!(SYS_arch_prctl, option, NOWHERE);
    }
    call!(SYS_arch_prctl, 0x1012, 1);
    call!(SYS_arch_prctl, 0x1023, 77);
    call!(SYS_arch_prctl, 0x1025, 77);
}

const CLONE_NEWTIME_: i32 = 0x80;

/// prctl(2). The last word of most must be 0, so that nothing is changed.
fn operations() {
    let mut out = [0u64; 16];
    let pointers = [2, 5, 9, 11, 16, 19, 25, 37, 40];
    for option in (1..=75).filter(|option| ![15, 22, 24, 26, 35, 38, 53, 54, 59, 62, 65].contains(option)) {
        let argument = if pointers.contains(&option) { out.as_mut_ptr() as u64 } else { 77 };
        call!(SYS_prctl, option, argument, 0, 0, 0);
    }
    for option in [2, 5, 9, 11, 19, 25, 37, 40] {
        call!(SYS_prctl, option, NOWHERE, 0, 0, 0);
    }
    call!(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR1);
    call!(SYS_prctl, PR_GET_PDEATHSIG, &mut out);
    call!(SYS_prctl, PR_SET_PDEATHSIG, 0);
    call!(SYS_prctl, PR_SET_DUMPABLE, 1);
    call!(SYS_prctl, PR_SET_DUMPABLE, 77);
    call!(SYS_prctl, PR_SET_NAME, c"a name that is far too long");
    call!(SYS_prctl, PR_SET_NAME, NOWHERE);
    call!(SYS_prctl, PR_GET_NAME, &mut out);
    call!(SYS_prctl, PR_SET_KEEPCAPS, 0);
    call!(SYS_prctl, PR_SET_UNALIGN, 3);
    call!(SYS_prctl, PR_SET_FPEXC, 0x8_00ff);
    call!(SYS_prctl, PR_SET_TIMING, 1);
    call!(SYS_prctl, PR_SET_ENDIAN, 2);
    call!(SYS_prctl, PR_SET_SECCOMP, 77, NOWHERE);
    call!(SYS_prctl, PR_CAPBSET_READ, 12);
    call!(SYS_prctl, PR_CAPBSET_READ, 77);
    call!(SYS_prctl, PR_CAPBSET_DROP, 77);
    call!(SYS_prctl, PR_SET_TSC, 77);
    call!(SYS_prctl, PR_SET_SECUREBITS, 0x7f);
    call!(SYS_prctl, PR_SET_TIMERSLACK, 50_000);
    call!(SYS_prctl, PR_MCE_KILL, 1, 2, 0, 0);
    call!(SYS_prctl, PR_MCE_KILL, 77, 2, 3, 4);
    for choice in [1, 8, 12, 13, 14, 77] {
        call!(SYS_prctl, PR_SET_MM, choice, NOWHERE, 16, 0);
    }
    call!(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0);
    call!(SYS_prctl, PR_SET_NO_NEW_PRIVS, 77, 0, 0, 0);
    call!(SYS_prctl, PR_SET_THP_DISABLE, 0, 0, 0, 0);
    for choice in [1, 2, 3, 4, 77] {
        call!(SYS_prctl, PR_CAP_AMBIENT, choice, 3, 0, 0);
    }
    for (choice, control) in [(0, 2), (1, 4), (2, 8), (0, 16), (77, 0xff00)] {
        call!(SYS_prctl, PR_GET_SPECULATION_CTRL, choice, 0, 0, 0);
        call!(SYS_prctl, PR_SET_SPECULATION_CTRL, choice, control, 1, 0);
    }
    call!(SYS_prctl, 54, 1, 2, 3, 4);
    call!(SYS_prctl, 59, 77, 1, 2, NOWHERE);
    call!(SYS_prctl, 62, 0, 4_000_000, 1, &mut out);
    call!(SYS_prctl, 62, 77, 0, 3, NOWHERE);
    call!(SYS_prctl, 65, 0xf, 0, 0, 1);
    call!(SYS_prctl, 0x5356_4d41, 0, NOWHERE, 0, c"name");
    call!(SYS_prctl, 0x5356_4d41, 77, NOWHERE, 0, NOWHERE);
    call!(SYS_prctl, 0x5961_6d61, -1);
    call!(SYS_prctl, 0x5961_6d61, 4_000_000);
    call!(SYS_prctl, 777, 1, 2, 3, 4);
}

/// ptrace(2), of a process that is not there.
fn tracing() {
    let mut out = [0u64; 64];
    out[0] = out[8..].as_ptr() as u64;
    out[1] = 16;
    for request in (0..=33).chain(0x4200..=0x4212) {
        // Of some the last word is a number.
        if ![15, 21, 24, 31, 32, 33, 0x4200, 0x4203, 0x4206].contains(&request) {
            call!(SYS_ptrace, request, 4_000_000, 3, &mut out);
        }
        call!(SYS_ptrace, request, 4_000_000, NOWHERE, 9);
    }
    for set in [1, 2, 3, 4, 6, 0x200, 0x201, 0x202] {
        call!(SYS_ptrace, PTRACE_GETREGSET, 4_000_000, set, &mut out);
    }
    call!(SYS_ptrace, PTRACE_SETOPTIONS, 4_000_000, 0, 0x30_00ff);
    call!(SYS_ptrace, PTRACE_SEIZE, 4_000_000, 0, 0x7f);
    call!(SYS_ptrace, PTRACE_PEEKUSER, 4_000_000, 120, &mut out);
    call!(SYS_ptrace, PTRACE_POKEUSER, 4_000_000, 128, 1);
    call!(SYS_ptrace, PTRACE_SETSIGMASK, 4_000_000, 8, &[0x4001u64]);
    call!(SYS_ptrace, PTRACE_SETSIGINFO, 4_000_000, 0, &words32::<32>(&[(0, 10), (2, 0xffff_ffff), (4, 3)]));
}

fn confinement() {
    let (allow, ignored) = (0x7fff_0000u32, [0u64; 2]);
    for action in [0, 0x3_0000, 0x5_0000, 0x7ff0_0000, 0x7ffc_0000, allow, 0x8000_0000, 0x7fc0_0000, 0x77_0000] {
        call!(SYS_seccomp, 2, 0, &[action]);
    }
    call!(SYS_seccomp, 2, 1, NOWHERE);
    call!(SYS_seccomp, 3, 0, &mut [0u16; 4]);
    call!(SYS_seccomp, 3, 1, NOWHERE);
    call!(SYS_seccomp, 77, 1, &ignored);
    call!(SYS_seccomp, 0, 1, NOWHERE);
    // Load the number, go on if it is that of getpid, allow.
    let filter: [u64; 4] = [0x20, 0x27_0100_0015, 0x0005_0001_0000_0006, 0x7fff_0000_0000_0006];
    let program = [4u64, filter.as_ptr() as u64];
    call!(SYS_seccomp, 1, 0x3f, &program);
    call!(SYS_seccomp, 1, 0x100, &[70_000u64, NOWHERE]);
    call!(SYS_seccomp, 1, 0, NOWHERE);
    call!(SYS_prctl, PR_SET_SECCOMP, 2, &[0u64, 0]);
    let rules = [0x1fffu64, 3, 3];
    call!(SYS_landlock_create_ruleset, 0, 0, 1);
    let set = call!(SYS_landlock_create_ruleset, &rules, 8, 0);
    call!(SYS_landlock_create_ruleset, &rules, 4, 0);
    call!(SYS_landlock_create_ruleset, &[1u64, 0, 0, 5], 32, 0);
    call!(SYS_landlock_create_ruleset, NOWHERE, 8, 0x10);
    call!(SYS_landlock_add_rule, set, 1, &[0xfu64, 99], 0);
    call!(SYS_landlock_add_rule, set, 1, NOWHERE, 0);
    call!(SYS_landlock_add_rule, 99, 77, &rules, 1);
    call!(SYS_landlock_restrict_self, 99, 0);
    call!(SYS_landlock_restrict_self, 99, 0x80);
    call!(459, 100, &mut [0u64; 32], &mut [256u32, 0], 0);
    call!(460, 100, &[0u64; 4], 32, 0);
    call!(461, &mut [0u64; 16], &mut [128u32, 0], 0);
}
