//! SIGTRAP of the program's own making: raised, queued, by breakpoint, by the trap flag; handled,
//! ignored, blocked, and deadly. A tracer lives by SIGTRAP and must leave these alone.

use crate::posix::{check, dispose, exec, fork, handle, mask, pid, say, wait};
use crate::words::Words;
use std::sync::atomic::{AtomicI32, Ordering};

static RUNS: AtomicI32 = AtomicI32::new(0);
static CODE: AtomicI32 = AtomicI32::new(0);

pub fn run(words: &Words) -> i32 {
    handle(libc::SIGTRAP, 0, trapped);
    told("raised", raise);
    told("by kill", || crate::posix::kill(pid(), libc::SIGTRAP));
    told("queued", || {
        let value = libc::sigval { sival_ptr: 5 as _ };
        unsafe { libc::sigqueue(pid(), libc::SIGTRAP, value) };
    });
    told("breakpoint", breakpoint);
    told("trap flag", one_step);
    told("blocked, then let through", || {
        mask(libc::SIG_BLOCK, &[libc::SIGTRAP]);
        raise();
        check(RUNS.load(Ordering::SeqCst) == 0, "a blocked signal must wait");
        mask(libc::SIG_UNBLOCK, &[libc::SIGTRAP]);
    });
    dispose(libc::SIGTRAP, libc::SIG_IGN);
    told("ignored", raise);
    say!("breakpoint while ignored: {}", wait(fork(|| quietly(breakpoint))));
    dispose(libc::SIGTRAP, libc::SIG_DFL);
    say!("raised without a handler: {}", wait(fork(|| quietly(raise))));
    say!("breakpoint without a handler: {}", wait(fork(|| quietly(breakpoint))));
    mask(libc::SIG_BLOCK, &[libc::SIGTRAP]);
    say!("breakpoint while blocked: {}", wait(fork(|| quietly(breakpoint))));
    let next = words.call("nothing", &[]);
    say!("exec while blocked: {}", wait(fork(|| exec(&next))));
    0
}

fn raise() {
    unsafe { libc::raise(libc::SIGTRAP) };
}

/// Without a core file.
fn quietly(act: impl FnOnce()) -> i32 {
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &no_core) };
    act();
    0
}

fn told(what: &str, act: impl FnOnce()) {
    RUNS.store(0, Ordering::SeqCst);
    CODE.store(0, Ordering::SeqCst);
    act();
    say!("{what}: handled {} times, code {}", RUNS.load(Ordering::SeqCst), CODE.load(Ordering::SeqCst));
}

extern "C" fn trapped(_: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    RUNS.fetch_add(1, Ordering::SeqCst);
    CODE.store(unsafe { (*info).si_code }, Ordering::SeqCst);
    #[cfg(target_arch = "x86_64")]
    {
        let flags = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        flags[libc::REG_EFL as usize] &= !0x100;
    }
    let _ = context;
}

#[cfg(target_arch = "x86_64")]
fn breakpoint() {
    unsafe { std::arch::asm!("int3") };
}

/// The trap flag makes the processor trap after the next instruction.
#[cfg(target_arch = "x86_64")]
fn one_step() {
    unsafe { std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq", "nop", "nop") };
}

#[cfg(target_arch = "aarch64")]
fn breakpoint() {
    unsafe { std::arch::asm!("brk #0", "nop") };
}

#[cfg(target_arch = "aarch64")]
fn one_step() {}
