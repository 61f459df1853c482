//! Signals: handlers, masks, waiting and sending.

use super::{NOWHERE, call, drop_privileges};
use libc::*;

pub fn run() {
    drop_privileges();
    let (own, ignore) = (call!(SYS_getpid), [1u64, 0x1000_0000, 0, 1 << 3]);
    let mut old = [0u64; 4];
    call!(SYS_rt_sigaction, SIGUSR1, &ignore, &mut old, 8);
    call!(SYS_rt_sigaction, SIGUSR1, 0, &mut old, 8);
    call!(SYS_rt_sigaction, SIGUSR2, &[0x1234_5678u64, 0xd400_000f, 0x8765_4321, u64::MAX], 0, 8);
    call!(SYS_rt_sigaction, SIGUSR2, &[0u64; 4], &mut old, 8);
    call!(SYS_rt_sigaction, SIGKILL, &ignore, NOWHERE, 8);
    call!(SYS_rt_sigaction, 77, NOWHERE, 0, 4);
    call!(SYS_rt_sigaction, 40, &[0u64, 0x0400_0000, 0x1000, 0xffff_ffff_0000_0000], 0, 8);
    call!(SYS_rt_sigprocmask, SIG_BLOCK, &[1u64 << 11 | 1 << 9], &mut [0u64], 8);
    call!(SYS_rt_sigprocmask, SIG_SETMASK, &[u64::MAX], 0, 8);
    call!(SYS_rt_sigprocmask, SIG_UNBLOCK, &[0xffff_ffff_0000_0000u64], &mut [0u64], 8);
    call!(SYS_rt_sigprocmask, 77, NOWHERE, NOWHERE, 8);
    call!(SYS_rt_sigprocmask, SIG_BLOCK, &[1u64], 0, 4);
    call!(SYS_rt_sigprocmask, SIG_BLOCK, &[1u64 << 39], 0, 8);
    call!(SYS_rt_sigaction, SIGUSR2, &[0u64; 4], 0, 8);
    call!(SYS_kill, own, SIGUSR2);
    call!(SYS_kill, own, 0);
    call!(SYS_kill, 4_000_000, 77);
    call!(SYS_tkill, own, SIGUSR1);
    call!(SYS_tkill, -5, SIGSTOP);
    call!(SYS_tgkill, own, own, SIGRTMIN_40);
    call!(SYS_tgkill, -1, -1, 0);
    call!(SYS_rt_sigpending, &mut [0u64], 8);
    call!(SYS_rt_sigpending, NOWHERE, 8);
    let queue = info(libc::SIGUSR2, -1, own);
    call!(SYS_rt_sigqueueinfo, own, SIGUSR2, &queue);
    call!(SYS_rt_sigqueueinfo, 4_000_000, SIGUSR2, NOWHERE);
    call!(SYS_rt_tgsigqueueinfo, own, own, SIGRTMIN_40, &info(SIGRTMIN_40, -2, own));
    call!(SYS_rt_tgsigqueueinfo, own, own, SIGUSR1, &info(libc::SIGUSR1, 1, own));
    let process = call!(SYS_pidfd_open, own, 0);
    call!(SYS_pidfd_send_signal, process, SIGUSR2, 0, 0);
    call!(SYS_pidfd_send_signal, process, SIGUSR2, &info(libc::SIGUSR2, -1, own), 0);
    call!(SYS_pidfd_send_signal, 99, 77, NOWHERE, 8);
    let mut told = [0u64; 16];
    for _ in 0..6 {
        call!(SYS_rt_sigtimedwait, &[1u64 << 11 | 1 << 39], &mut told, &[0u64, 0], 8);
    }
    call!(SYS_rt_sigtimedwait, &[1u64 << 11], 0, &[0u64, u64::MAX], 8);
    call!(SYS_rt_sigtimedwait, NOWHERE, NOWHERE, NOWHERE, 8);
    call!(SYS_rt_sigsuspend, NOWHERE, 8);
    call!(SYS_rt_sigsuspend, &[1u64], 4);
    let stack = [NOWHERE, 0, 0x2000];
    call!(SYS_sigaltstack, &[0u64, 2, 0], &mut old);
    call!(SYS_sigaltstack, &stack, 0);
    call!(SYS_sigaltstack, &[0x10000u64, 1 | 1 << 31, 0x10], NOWHERE);
    call!(SYS_sigaltstack, 0, &mut old);
    handled(own);
    faults();
}

const SIGRTMIN_40: i32 = 40;

/// `siginfo_t` as a process may send it.
fn info(signal: i32, code: i32, own: i64) -> [u32; 32] {
    let mut words = [0; 32];
    words[0] = signal as u32;
    words[2] = code as u32;
    words[4] = own as u32;
    (words[6], words[7]) = (0x1234, 0x5);
    words
}

extern "C" fn note(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}

/// A handler runs while the calls that only a signal ends wait for it.
fn handled(own: i64) {
    crate::posix::handle(libc::SIGUSR2, 0, note);
    call!(SYS_rt_sigprocmask, SIG_BLOCK, &[1u64 << 11], 0, 8);
    call!(SYS_tgkill, own, own, SIGUSR2);
    call!(SYS_rt_sigsuspend, &[0u64], 8);
    call!(SYS_rt_sigprocmask, SIG_UNBLOCK, &[1u64 << 11], 0, 8);
    call!(SYS_tgkill, own, own, SIGUSR2);
    crate::posix::handle(libc::SIGALRM, 0, note);
    call!(SYS_rt_sigprocmask, SIG_UNBLOCK, &[1u64 << 13], 0, 8);
    // Again and again: the first may come before we wait. How many come is chance.
    call!(SYS_setitimer, 0, &[0u64, 20_000, 0, 20_000], 0);
    call!(SYS_pause);
    call!(SYS_setitimer, 0, &[0u64; 4], 0);
    call!(SYS_restart_syscall);
}

/// Signals that the processor sends.
fn faults() {
    for fault in 0..4 {
        let child = call!(SYS_clone, libc::SIGCHLD, 0, 0, 0, 0);
        if child == 0 {
            match fault {
                0 => unsafe { std::ptr::null_mut::<u8>().write_volatile(1) },
                1 => unsafe { std::arch::asm!("ud2") },
                2 => unsafe { std::arch::asm!("xor ecx, ecx", "div ecx", out("eax") _, out("edx") _, out("ecx") _) },
                _ => unsafe { libc::abort() },
            }
        }
        call!(SYS_wait4, child, &mut [0u32], 0, 0);
    }
}
