//! A program with seccomp filters of its own, and everything it can observe of them.
//!
//! Each case runs in a child: every action, strict mode, and what prctl answers. 3 x getppid is denied
//! with EPERM, one is trapped, one gets ENOSYS because there is no tracer of its own.

use crate::posix::{Ending, check, errno_name, fork, handle, must, outcome, say, wait};
use crate::words::Words;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUALS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
const DENIED: i64 = libc::SYS_getppid;

pub fn run(_: &Words) -> i32 {
    say!("before: seccomp mode {}, no_new_privs {}", mode(), no_new_privs());
    for (name, case) in [
        ("allow", allow as fn() -> i32),
        ("errno", errno),
        ("trap", trap),
        ("kill thread", kill_thread),
        ("kill process", kill_process),
        ("trace", trace),
        ("user notification", user_notification),
        ("broken program", broken_program),
        ("strict", strict),
        ("strict, forbidden call", strict_forbidden),
        ("strict after filter", strict_after_filter),
    ] {
        let child = fork(case);
        say!("{name}: {}", wait(child));
    }
    say!("after: seccomp mode {}, no_new_privs {}", mode(), no_new_privs());
    0
}

/// The call itself: the C library's function takes no failure into account.
fn getppid() -> i64 {
    unsafe { libc::syscall(DENIED) }
}

fn mode() -> String {
    outcome(unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) })
}

fn no_new_privs() -> String {
    outcome(unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) })
}

/// Answers getppid with this action and allows the rest. The descriptor of the listener if asked for.
fn install(action: u32, flags: u64) -> i64 {
    must("PR_SET_NO_NEW_PRIVS", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
    let line = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        line(LOAD_NUMBER, 0, 0, 0),
        line(EQUALS, 0, 1, DENIED as u32),
        line(RETURN, 0, 0, action),
        line(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    must("seccomp", unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &program) })
}

fn allow() -> i32 {
    install(libc::SECCOMP_RET_ALLOW, 0);
    check(getppid() > 0, "an allowed call must be made");
    say!("  mode {}, no_new_privs {}", mode(), no_new_privs());
    0
}

fn errno() -> i32 {
    install(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0);
    for _ in 0..3 {
        say!("  getppid: {}", outcome(getppid()));
    }
    say!("  mode {}, no_new_privs {}", mode(), no_new_privs());
    0
}

static SEEN: AtomicU64 = AtomicU64::new(0);
static CODE: AtomicI64 = AtomicI64::new(0);
static FAULT: AtomicU64 = AtomicU64::new(0);

fn trap() -> i32 {
    handle(libc::SIGSYS, 0, trapped);
    install(libc::SECCOMP_RET_TRAP | 77, 0);
    let result = unsafe { libc::syscall(DENIED) };
    say!("  getppid: {result}; siginfo: call {}, code {}", SEEN.load(Ordering::SeqCst), CODE.load(Ordering::SeqCst));
    check(
        FAULT.load(Ordering::SeqCst) == 0,
        "siginfo and registers must tell the place, the data and the architecture",
    );
    0
}

/// The system-call part of siginfo (`struct _sigsys`): it follows three numbers and padding.
#[repr(C)]
struct CallInfo {
    head: [i32; 4],
    place: u64,
    number: i32,
    arch: u32,
}

extern "C" fn trapped(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let (call, siginfo) = unsafe { (&*info.cast::<CallInfo>(), &*info) };
    SEEN.store(call.number as u64, Ordering::SeqCst);
    CODE.store(siginfo.si_code.into(), Ordering::SeqCst);
    let mut wrong = u64::from(signal != libc::SIGSYS) | u64::from(siginfo.si_errno != 77) << 1;
    #[cfg(target_arch = "x86_64")]
    {
        let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        let place = registers[libc::REG_RIP as usize] as u64;
        let instruction = unsafe { std::slice::from_raw_parts((place - 2) as *const u8, 2) };
        wrong |= u64::from(call.place != place) << 2 | u64::from(instruction != [0x0f, 0x05]) << 3;
        wrong |= u64::from(registers[libc::REG_RAX as usize] != DENIED) << 4;
        wrong |= u64::from(call.arch != 0xc000_003e) << 5;
        registers[libc::REG_RAX as usize] = 777;
    }
    let _ = context;
    FAULT.store(wrong, Ordering::SeqCst);
}

fn kill_thread() -> i32 {
    extern "C" fn victim(_: *mut libc::c_void) -> *mut libc::c_void {
        install(libc::SECCOMP_RET_KILL_THREAD, 0);
        getppid();
        say!("  a killed thread goes on");
        std::ptr::null_mut()
    }
    let mut thread = 0;
    let none = std::ptr::null_mut();
    check(unsafe { libc::pthread_create(&mut thread, std::ptr::null(), victim, none) } == 0, "pthread_create");
    check(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) } == 0, "pthread_join");
    say!("  the process lives on, getppid {}", if getppid() > 0 { "works" } else { "fails" });
    0
}

fn kill_process() -> i32 {
    install(libc::SECCOMP_RET_KILL_PROCESS, 0);
    getppid();
    0
}

fn trace() -> i32 {
    for data in [0, 1, 0xffff] {
        let child = fork(|| {
            install(libc::SECCOMP_RET_TRACE | data, 0);
            say!("  getppid, data {data}: {}", outcome(getppid()));
            0
        });
        check(wait(child) == Ending::Exited(0), "a call for a tracer that is not there must fail and no more");
    }
    0
}

fn user_notification() -> i32 {
    let (send, receive) = std::sync::mpsc::channel();
    // Made before the filter, so it does not apply to this thread.
    let answering = std::thread::spawn(move || answer(receive.recv().expect("the listener")));
    let listener = install(libc::SECCOMP_RET_USER_NOTIF, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    send.send(listener as i32).expect("the answering thread");
    say!("  getppid: {}", outcome(getppid()));
    let asked = answering.join().unwrap_or_default();
    say!("  the listener was asked for call {asked}");
    0
}

fn answer(listener: i32) -> i32 {
    let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    must("SECCOMP_IOCTL_NOTIF_RECV", unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &mut notice) });
    let mut response: libc::seccomp_notif_resp = unsafe { std::mem::zeroed() };
    (response.id, response.val) = (notice.id, 4242);
    must("SECCOMP_IOCTL_NOTIF_SEND", unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &mut response) });
    notice.data.nr
}

fn broken_program() -> i32 {
    let mut nothing = libc::sock_filter { code: 0xffff, jt: 0, jf: 0, k: 0 };
    let program = libc::sock_fprog { len: 1, filter: &mut nothing };
    must("PR_SET_NO_NEW_PRIVS", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &program) };
    say!("  seccomp: {}, getppid {}", outcome(result), if getppid() > 0 { "works" } else { "fails" });
    0
}

fn strict() -> i32 {
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT, 0, 0, 0) };
    say!("  prctl: {}", outcome(result));
    // exit_group, which _exit uses, is forbidden now.
    unsafe { libc::syscall(libc::SYS_exit, 5) };
    1
}

fn strict_forbidden() -> i32 {
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_STRICT, 0, 0) };
    say!("  seccomp: {}", outcome(result));
    getppid();
    unsafe { libc::syscall(libc::SYS_exit, 1) };
    1
}

fn strict_after_filter() -> i32 {
    install(libc::SECCOMP_RET_ALLOW, 0);
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT, 0, 0, 0) };
    let error = if result == -1 { errno_name(crate::posix::errno()) } else { "done".into() };
    say!("  prctl: {error}, mode {}", mode());
    0
}
