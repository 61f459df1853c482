//! Processes: starting one under our eyes, and the small requests about ourselves and others.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::affinity::{self, Cpus};
use super::seccomp::{self, Instruction};
use super::signals::{self, Disposition, Mask};
use super::{Errno, Tid, check};
use crate::StepAside;

/// A program and everything its process changes before it runs, prepared so that the child only
/// makes async-signal-safe calls.
pub struct Program {
    /// The file to execute.
    pub path: CString,
    /// Its arguments.
    pub argv: Vec<CString>,
    /// Its environment.
    pub env: Vec<CString>,
    /// Working directory.
    pub cwd: Option<CString>,
    /// Identity to take.
    pub user: Option<User>,
    /// umask.
    pub umask: Option<u32>,
    /// Close descriptors above 2 at the exec.
    pub close_others: bool,
    /// Give up the controlling terminal.
    pub no_terminal: bool,
    /// CPUs that it may use.
    pub cpus: Option<Cpus>,
    /// Lead a process group of its own.
    pub own_group: bool,
    /// Ask for an address space that is not randomised.
    pub no_aslr: bool,
    /// What descriptors 0 to 2 become.
    pub stdio: [ChildFd; 3],
    /// Dispositions to restore.
    pub dispositions: Vec<(i32, Disposition)>,
    /// Signal mask to restore.
    pub mask: Mask,
    /// A filter to install last of all.
    pub filter: Option<Vec<Instruction>>,
    /// Set no_new_privs for it.
    pub no_new_privs: bool,
}

/// Numbers of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// What one of the descriptors 0 to 2 becomes in the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildFd {
    /// As it is.
    Keep,
    /// Closed.
    Close,
    /// A duplicate of this one.
    Copy(RawFd),
}

/// What the child was doing when it failed before its program ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// execve.
    Exec = 1,
    /// chdir.
    Cwd = 2,
    /// setgroups, setgid, setuid.
    User = 3,
    /// dup2.
    Stdio = 4,
    /// prctl, seccomp.
    Filter = 5,
}

/// A child, or with [`step_aside`] a grandparent, that waits for [`Child::go`].
#[derive(Debug)]
pub struct Child {
    /// Its pid.
    pub tid: Tid,
    go: OwnedFd,
    failure: OwnedFd,
}

impl Child {
    /// Lets it continue to its exec. Returns a handle on its failure, should it fail.
    pub fn go(self) -> FailurePipe {
        // SAFETY: writes one byte of ours. The child blocks on this pipe; should it be dead, the
        // EPIPE (SIGPIPE is ignored by the language runtime) is told by its wait status.
        unsafe { libc::write(self.go.as_raw_fd(), [1u8].as_ptr().cast(), 1) };
        FailurePipe(self.failure)
    }
}

/// Tells how a child failed before its program ran. Closed by the exec.
pub struct FailurePipe(OwnedFd);

impl FailurePipe {
    /// What it said, if the child has ended; a child that lives has run its program.
    pub fn said(&self, ended: bool) -> Option<(Step, Errno)> {
        if ended { self.read() } else { None }
    }

    /// What it said, if anything. Blocks until the child ran its program or ended.
    pub fn read(&self) -> Option<(Step, Errno)> {
        let mut said = [0u8; 5];
        loop {
            // SAFETY: reads at most the size of a buffer of ours.
            let n = unsafe { libc::read(self.0.as_raw_fd(), said.as_mut_ptr().cast(), said.len()) };
            if n == 5 {
                break;
            }
            if n >= 0 || Errno::last() != Errno(libc::EINTR) {
                return None;
            }
        }
        let step = match said[0] {
            1 => Step::Exec,
            2 => Step::Cwd,
            3 => Step::User,
            4 => Step::Stdio,
            5 => Step::Filter,
            _ => return None,
        };
        Some((step, Errno(i32::from_ne_bytes([said[1], said[2], said[3], said[4]]))))
    }
}

/// Forks a child that waits, then becomes `program`.
pub fn spawn(program: &Program) -> Result<Child, Errno> {
    let (go_read, go_write) = pipe()?;
    let (failure_read, failure_write) = pipe()?;
    let argv = pointers(&program.argv);
    let env = pointers(&program.env);
    // SAFETY: the child makes only async-signal-safe calls (`become_program`), touches only memory
    // prepared above, and never returns.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::last()),
        0 => {
            let ends = ChildEnds {
                go: go_read.as_raw_fd(),
                parents_go: go_write.as_raw_fd(),
                failure: failure_write.as_raw_fd(),
            };
            become_program(program, &argv, &env, &ends, || {})
        }
        pid => Ok(Child { tid: Tid(pid as u32), go: go_write, failure: failure_read }),
    }
}

/// The other way round: the calling process waits, then becomes `program`, and what returns from here
/// is a grandchild of it, which goes where it is to be. The caller must have one thread.
pub fn step_aside(program: &Program, aside: StepAside) -> Result<Child, Errno> {
    let (go_read, go_write) = pipe()?;
    let (failure_read, failure_write) = pipe()?;
    let argv = pointers(&program.argv);
    let env = pointers(&program.env);
    let own = own_pid();
    set_yama_tracer(libc::c_ulong::MAX);
    let Some(between) = fork().inspect_err(|_| set_yama_tracer(0))? else {
        return match fork() {
            Ok(None) => {
                // A process that is new leads neither a group nor a session, so neither is refused.
                match aside {
                    StepAside::Beside => 0,
                    // SAFETY: takes numbers only.
                    StepAside::OwnGroup => unsafe { libc::setpgid(0, 0) },
                    // SAFETY: takes nothing.
                    StepAside::OwnSession => unsafe { libc::setsid() },
                };
                Ok(Child { tid: own, go: go_write, failure: failure_read })
            }
            Ok(Some(_)) => exit_now(0),
            Err(errno) => exit_now(errno.0),
        };
    };
    let failed = exit_code_of(between);
    if failed != 0 {
        set_yama_tracer(0);
        return Err(Errno(failed));
    }
    let ends =
        ChildEnds { go: go_read.as_raw_fd(), parents_go: go_write.as_raw_fd(), failure: failure_write.as_raw_fd() };
    become_program(program, &argv, &env, &ends, || set_yama_tracer(0))
}

/// prctl(PR_SET_PTRACER): who may trace us though it is no ancestor; `MAX` is anybody of our user, 0 nobody.
/// A kernel without Yama refuses it and doesn't need it.
fn set_yama_tracer(pid: libc::c_ulong) {
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, pid, 0, 0, 0) };
}

/// Waits for the end of a child that ends at once.
fn exit_code_of(child: Tid) -> i32 {
    let mut status = 0;
    // SAFETY: fills a number of ours.
    while unsafe { libc::waitpid(child.raw(), &raw mut status, 0) } == -1 {
        if Errno::last() != Errno(libc::EINTR) {
            return Errno::last().0;
        }
    }
    libc::WEXITSTATUS(status)
}

struct ChildEnds {
    go: RawFd,
    parents_go: RawFd,
    failure: RawFd,
}

fn become_program(
    program: &Program,
    argv: &[*const libc::c_char],
    env: &[*const libc::c_char],
    ends: &ChildEnds,
    seized: fn(),
) -> ! {
    // Our copy of the parent's end must go, or the parent's death would not end the wait below.
    // SAFETY: a descriptor number of ours, not used again.
    unsafe { libc::close(ends.parents_go) };
    if !await_go(ends.go) {
        exit_now(125);
    }
    seized();
    let (step, errno) = prepare_and_exec(program, argv, env);
    let mut said = [0u8; 5];
    said[0] = step as u8;
    said[1..].copy_from_slice(&errno.0.to_ne_bytes());
    // SAFETY: writes a buffer of ours; nobody is left to be told when it fails.
    unsafe { libc::write(ends.failure, said.as_ptr().cast(), said.len()) };
    exit_now(status_of(step, errno, &program.path))
}

/// As a shell's: 127 for what is not there, 126 for what can't be executed, 125 for what went wrong before.
fn status_of(step: Step, errno: Errno, path: &CStr) -> i32 {
    // SAFETY: a NUL-terminated path; access(2) is async-signal-safe.
    let is_there = || unsafe { libc::access(path.as_ptr(), libc::F_OK) } == 0;
    match (step, errno.0) {
        (Step::Exec, libc::ENOENT | libc::ENOTDIR) if !is_there() => 127,
        (Step::Exec, _) => 126,
        _ => 125,
    }
}

fn await_go(fd: RawFd) -> bool {
    let mut byte = 0u8;
    loop {
        // SAFETY: reads one byte into one of ours.
        match unsafe { libc::read(fd, (&raw mut byte).cast(), 1) } {
            1 => return true,
            -1 if Errno::last() == Errno(libc::EINTR) => {}
            _ => return false,
        }
    }
}

fn prepare_and_exec(program: &Program, argv: &[*const libc::c_char], env: &[*const libc::c_char]) -> (Step, Errno) {
    if let Err(failure) = prepare(program) {
        return failure;
    }
    // SAFETY: path is NUL-terminated, both vectors end with a null pointer, and all strings live in
    // `program`.
    unsafe { libc::execve(program.path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    (Step::Exec, Errno::last())
}

fn prepare(program: &Program) -> Result<(), (Step, Errno)> {
    let failed = |step| move |errno| (step, errno);
    for (fd, change) in program.stdio.iter().enumerate() {
        set_fd(fd as RawFd, *change).map_err(failed(Step::Stdio))?;
    }
    if program.own_group {
        // SAFETY: takes numbers only; a child that has run no program may found a group (setpgid(2)).
        unsafe { libc::setpgid(0, 0) };
    }
    if program.no_terminal {
        give_up_terminal();
    }
    if let Some(user) = &program.user {
        become_user(user).map_err(failed(Step::User))?;
    }
    if let Some(cwd) = &program.cwd {
        // SAFETY: a NUL-terminated path of ours.
        check(unsafe { libc::chdir(cwd.as_ptr()) }.into()).map_err(failed(Step::Cwd))?;
    }
    if let Some(umask) = program.umask {
        // SAFETY: takes a number.
        unsafe { libc::umask(umask as libc::mode_t) };
    }
    if program.close_others {
        // Before Linux 5.11 there is no such flag: what was left open stays open.
        // SAFETY: takes numbers only; nothing is closed before the exec.
        unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    }
    if let Some(cpus) = &program.cpus {
        // A set that is refused leaves the one that it has: a program runs on any.
        let _ = affinity::set(Tid(0), cpus);
    }
    if program.no_aslr {
        let _ = disable_aslr();
    }
    for (signal, disposition) in &program.dispositions {
        // A disposition that can't be set was never changed either.
        let _ = signals::set_disposition(*signal, disposition);
    }
    signals::set_mask(&program.mask);
    if let Some(filter) = &program.filter {
        if program.no_new_privs {
            seccomp::set_no_new_privs().map_err(failed(Step::Filter))?;
        }
        seccomp::install(filter).map_err(failed(Step::Filter))?;
    }
    Ok(())
}

/// tty_ioctl(4): of a process that leads no session, only itself and what it starts lose the terminal.
fn give_up_terminal() {
    // SAFETY: a NUL-terminated path; without a terminal there is none to open.
    let fd = unsafe { libc::open(c"/dev/tty".as_ptr(), libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    if fd >= 0 {
        // SAFETY: takes numbers only, of a descriptor that is ours.
        unsafe {
            libc::ioctl(fd, libc::TIOCNOTTY);
            libc::close(fd);
        }
    }
}

/// personality(2): what the caller executes from now on is not randomised. Gives the persona before.
fn disable_aslr() -> Result<libc::c_ulong, Errno> {
    // SAFETY: takes a number; all ones asks without changing.
    let before = check(unsafe { libc::personality(0xffff_ffff) }.into())? as libc::c_ulong;
    // SAFETY: takes a number.
    check(unsafe { libc::personality(before | libc::ADDR_NO_RANDOMIZE as libc::c_ulong) }.into())?;
    Ok(before)
}

/// May address spaces be had without randomisation? Containers forbid it. Asks by trying, and puts it back.
pub fn can_disable_aslr() -> Result<(), Errno> {
    let before = disable_aslr()?;
    // SAFETY: takes a number.
    check(unsafe { libc::personality(before) }.into()).map(drop)
}

fn set_fd(fd: RawFd, change: ChildFd) -> Result<(), Errno> {
    match change {
        ChildFd::Keep => Ok(()),
        // SAFETY: the child gives up a number of its own; nothing here uses it afterwards.
        ChildFd::Close => check(unsafe { libc::close(fd) }.into()).map(drop),
        // SAFETY: as above; takes numbers only.
        ChildFd::Copy(from) if from == fd => check(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) }.into()).map(drop),
        // SAFETY: as above; takes numbers only.
        ChildFd::Copy(from) => check(unsafe { libc::dup2(from, fd) }.into()).map(drop),
    }
}

fn become_user(user: &User) -> Result<(), Errno> {
    // The raw calls change this task only, which is the whole child; the wrappers would look for
    // other threads to change, which is not async-signal-safe.
    // SAFETY: the group list is `len` numbers of ours.
    unsafe {
        check(libc::syscall(libc::SYS_setgroups, user.groups.len(), user.groups.as_ptr()))?;
        check(libc::syscall(libc::SYS_setresgid, user.gid, user.gid, user.gid))?;
        check(libc::syscall(libc::SYS_setresuid, user.uid, user.uid, user.uid))?;
    }
    Ok(())
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// pipe2(2), both ends out of the way and closed on exec.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [0; 2];
    // SAFETY: writes two numbers into an array of two.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }.into())?;
    // Out of the way of the low numbers, where targets look.
    Ok((raise_fd(ends[0])?, raise_fd(ends[1])?))
}

/// Moves a descriptor of ours to 512 or above where the limit allows it; closed on exec.
fn raise_fd(fd: RawFd) -> Result<OwnedFd, Errno> {
    // SAFETY: `fd` was just opened by us and is owned by nobody else.
    let low = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: takes numbers only.
    let high = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 512) };
    // SAFETY: a new descriptor that nobody else owns.
    Ok(if high < 0 { low } else { unsafe { OwnedFd::from_raw_fd(high) } })
}

/// Writes all of it, or as much as the other side takes.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: writes a buffer of ours.
        let n = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        if n > 0 {
            bytes = bytes.get(n as usize..).unwrap_or_default();
        } else if Errno::last() != Errno(libc::EINTR) {
            return;
        }
    }
}

/// One read(2); 0 at the end and on errors.
pub fn read_some(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> usize {
    // SAFETY: reads at most the size of a buffer of ours.
    let n = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(n).unwrap_or(0)
}

/// Waits until there is something to read, or the other side is gone, or time is over.
pub fn wait_readable(fd: BorrowedFd<'_>, time: std::time::Duration) -> bool {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd of ours.
    unsafe { libc::poll(&mut poll, 1, time.as_millis() as libc::c_int) > 0 }
}

/// A session of our own, and /dev/null as standard descriptors: nobody waits for us any more.
pub fn leave_terminal() {
    // SAFETY: takes nothing.
    unsafe { libc::setsid() };
    if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        for fd in 0..3 {
            // SAFETY: replaces standard descriptors, which nothing owns.
            unsafe { libc::dup2(null.as_raw_fd(), fd) };
        }
    }
}

/// _exit(2): no handlers, no buffers.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

/// fork(2) of the whole program. The caller must have one thread.
pub fn fork() -> Result<Option<Tid>, Errno> {
    // SAFETY: with one thread the child is a whole program again: no lock is held by a thread that
    // does not exist any more.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::last()),
        0 => Ok(None),
        pid => Ok(Some(Tid(pid as u32))),
    }
}

/// kill(2).
pub fn kill(pid: Tid, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::kill(pid.raw(), signal) }.into()).map(drop)
}

/// kill(2) of a process group.
pub fn kill_group(group: Tid, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::kill(-group.raw(), signal) }.into()).map(drop)
}

/// tgkill(2).
pub fn kill_task(pid: Tid, tid: Tid, signal: i32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::syscall(libc::SYS_tgkill, pid.raw(), tid.raw(), signal) }).map(drop)
}

/// Our own pid.
pub fn own_pid() -> Tid {
    Tid(std::process::id())
}

/// prctl(PR_SET_DUMPABLE): 0 keeps other processes of the user from reading or tracing us.
pub fn set_dumpable(dumpable: bool) {
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(dumpable), 0, 0, 0) };
}

/// Real and effective user ids and the real group id.
pub fn ids() -> (u32, u32, u32) {
    // SAFETY: these calls take nothing and can't fail.
    unsafe { (libc::getuid(), libc::geteuid(), libc::getgid()) }
}

/// access(2) with the effective ids: may we execute this?
pub fn may_execute(path: &CStr) -> Result<(), Errno> {
    // SAFETY: a NUL-terminated path of ours.
    check(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) }.into()).map(drop)
}

/// Kernel release and machine (`6.18.0`, `x86_64`).
pub fn kernel() -> (String, String) {
    // SAFETY: all bits zero is a valid utsname.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: fills a utsname of ours.
    if unsafe { libc::uname(&mut names) } != 0 {
        return Default::default();
    }
    let text = |field: &[libc::c_char]| {
        let bytes: Vec<u8> = field.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    (text(&names.release), text(&names.machine))
}

/// No core file from here on: `setrlimit(RLIMIT_CORE, 0)`, setrlimit(2).
pub fn forbid_core() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads a limit of ours.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

/// The default action for `signal`, and no mask in its way.
pub fn expose_to(signal: i32) {
    signals::let_kill(signal);
}

/// Sends `signal` to this task. The raw call also takes the two signals the C library keeps.
pub fn send_to_self(signal: i32) {
    // SAFETY: takes numbers only.
    unsafe {
        libc::syscall(libc::SYS_tgkill, libc::syscall(libc::SYS_getpid), libc::syscall(libc::SYS_gettid), signal)
    };
}

/// getrusage(2): user and system time of this process so far, all its threads.
pub fn own_times() -> (std::time::Duration, std::time::Duration) {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is ours; all zeros is a rusage, too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        let (seconds, micros) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_usec).unwrap_or(0));
        std::time::Duration::from_micros(seconds * 1_000_000 + micros)
    };
    (time(usage.ru_utime), time(usage.ru_stime))
}
