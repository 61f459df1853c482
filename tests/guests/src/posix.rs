//! The calls that guests share, with the checks that every guest wants.

use std::ffi::{CStr, CString};
use std::io::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub type Pid = libc::pid_t;

/// One line on stdout, in one write: nothing is buffered that a fork could print twice.
macro_rules! say {
    ($($word:tt)*) => {
        $crate::posix::write_all(1, format!("{}\n", format_args!($($word)*)).as_bytes())
    };
}
pub(crate) use say;

/// Writes all bytes; a descriptor that takes none ends the guest.
pub fn write_all(fd: i32, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } {
            taken if taken > 0 => bytes = &bytes[taken as usize..],
            _ if errno() == libc::EINTR => {}
            _ => unsafe { libc::_exit(102) },
        }
    }
}

/// What must hold does not: says so on stderr and ends this process with 101.
pub fn fail(what: &str) -> ! {
    let line = format!("guest: {what} (last error of the system: {})\n", Error::last_os_error());
    write_all(2, line.as_bytes());
    unsafe { libc::_exit(101) }
}

/// Ends the guest unless this holds.
pub fn check(holds: bool, what: &str) {
    if !holds {
        fail(what);
    }
}

/// Ends the guest when the call failed; hands its result on.
pub fn must(what: &str, result: impl TryInto<i64>) -> i64 {
    match result.try_into() {
        Ok(result) if result != -1 => result,
        _ => fail(what),
    }
}

pub fn errno() -> i32 {
    Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The result of a call as text: the number, or the name of the error.
pub fn outcome(result: impl TryInto<i64>) -> String {
    match result.try_into() {
        Ok(-1) => errno_name(errno()),
        Ok(result) => result.to_string(),
        Err(_) => "?".into(),
    }
}

/// The names of the errors that guests meet.
pub fn errno_name(errno: i32) -> String {
    let known = [
        (libc::E2BIG, "E2BIG"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::EBADF, "EBADF"),
        (libc::EBUSY, "EBUSY"),
        (libc::ECHILD, "ECHILD"),
        (libc::EEXIST, "EEXIST"),
        (libc::EFAULT, "EFAULT"),
        (libc::EINTR, "EINTR"),
        (libc::EINVAL, "EINVAL"),
        (libc::EIO, "EIO"),
        (libc::ENAMETOOLONG, "ENAMETOOLONG"),
        (libc::ENOENT, "ENOENT"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::EPERM, "EPERM"),
        (libc::EPIPE, "EPIPE"),
        (libc::ESRCH, "ESRCH"),
        (libc::ETIMEDOUT, "ETIMEDOUT"),
        (libc::EXDEV, "EXDEV"),
    ];
    known
        .iter()
        .find(|(number, _)| *number == errno)
        .map_or_else(|| format!("errno {errno}"), |(_, name)| (*name).into())
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Exited(i32),
    Killed(i32),
    Stopped(i32),
    Continued,
}

impl Ending {
    fn of(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            Self::Exited(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Self::Killed(libc::WTERMSIG(status))
        } else if libc::WIFSTOPPED(status) {
            Self::Stopped(libc::WSTOPSIG(status))
        } else {
            Self::Continued
        }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Killed(signal) => write!(f, "killed by signal {signal}"),
            Self::Stopped(signal) => write!(f, "stopped by signal {signal}"),
            Self::Continued => write!(f, "continued"),
        }
    }
}

/// A child process that runs this and ends with what it returns.
pub fn fork(child: impl FnOnce() -> i32) -> Pid {
    match must("fork", unsafe { libc::fork() }) {
        0 => {
            let code = child();
            unsafe { libc::_exit(code) }
        }
        pid => pid as Pid,
    }
}

/// Waits for the end of one child.
pub fn wait(pid: Pid) -> Ending {
    wait_for(pid, 0)
}

/// Waits for one child with these options; -1 is any.
pub fn wait_for(pid: Pid, options: i32) -> Ending {
    let mut status = 0;
    while unsafe { libc::waitpid(pid, &mut status, options) } == -1 {
        check(errno() == libc::EINTR, "waitpid");
    }
    Ending::of(status)
}

/// Waits for a change of one child: why (`CLD_...`) and the status or signal of it.
pub fn wait_change(pid: Pid, options: i32) -> (i32, i32) {
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    must("waitid", unsafe { libc::waitid(libc::P_PID, pid as u32, &mut info, options) });
    (info.si_code, unsafe { info.si_status() })
}

pub fn kill(pid: Pid, signal: i32) {
    must("kill", unsafe { libc::kill(pid, signal) });
}

/// Both ends of a pipe: read, write.
pub fn pipe() -> (i32, i32) {
    let mut ends = [0; 2];
    must("pipe2", unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) });
    (ends[0], ends[1])
}

pub fn close(fd: i32) {
    must("close", unsafe { libc::close(fd) });
}

/// One read of at most `buffer.len()` bytes: the count, 0 at the end, -1 with errno.
pub fn read(fd: i32, buffer: &mut [u8]) -> isize {
    unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) }
}

/// Replaces this program; ends it when that fails.
pub fn exec(argv: &[CString]) -> ! {
    let mut words: Vec<*const libc::c_char> = argv.iter().map(|word| word.as_ptr()).collect();
    words.push(std::ptr::null());
    unsafe { libc::execv(c"/proc/self/exe".as_ptr(), words.as_ptr()) };
    fail("exec of ourselves")
}

/// Counters in memory that is shared with all children made from now on.
pub fn shared(count: usize) -> &'static [AtomicU64] {
    let bytes = count.max(1) * size_of::<AtomicU64>();
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, prot, libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1, 0) };
    check(at != libc::MAP_FAILED, "mmap of shared memory");
    unsafe { std::slice::from_raw_parts(at.cast(), count) }
}

/// The handler of a signal from now on.
pub fn handle(signal: i32, flags: i32, handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void)) {
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = flags | libc::SA_SIGINFO;
    must("sigaction", unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) });
}

/// Default (`SIG_DFL`) or ignored (`SIG_IGN`) from now on. By the call itself: the C library refuses to
/// speak of 32 and 33, and whoever starts a program by posix_spawn leaves them ignored.
pub fn dispose(signal: i32, disposition: libc::sighandler_t) {
    let action = [disposition as u64, 0, 0, 0];
    let none = std::ptr::null_mut::<u64>();
    must("rt_sigaction", unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &action, none, 8) });
}

/// A set of these signals.
pub fn signals(members: &[i32]) -> libc::sigset_t {
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    unsafe { libc::sigemptyset(&mut set) };
    members.iter().for_each(|signal| unsafe {
        libc::sigaddset(&mut set, *signal);
    });
    set
}

/// Blocks these (`SIG_BLOCK`) or lets them through again (`SIG_UNBLOCK`), in this thread.
pub fn mask(how: i32, members: &[i32]) {
    let set = signals(members);
    check(unsafe { libc::pthread_sigmask(how, &set, std::ptr::null_mut()) } == 0, "pthread_sigmask");
}

pub fn tid() -> Pid {
    unsafe { libc::gettid() }
}

pub fn pid() -> Pid {
    unsafe { libc::getpid() }
}

/// The call that guests make to be counted: cheap, without arguments, and made by nobody else.
pub fn getppid() -> Pid {
    unsafe { libc::getppid() }
}

pub fn nap(micros: u64) {
    std::thread::sleep(Duration::from_micros(micros));
}

/// Asks again every half millisecond until it holds; false when `limit` has passed.
pub fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > limit {
            return false;
        }
        nap(500);
    }
    true
}

/// A limit that a hung program meets and a slow machine does not.
pub const LONG: Duration = Duration::from_secs(30);

/// Has every counter moved on within the limit?
pub fn all_move(counters: &[AtomicU64], limit: Duration) -> bool {
    let before: Vec<u64> = counters.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
    until(limit, || before.iter().zip(counters).all(|(old, counter)| counter.load(Ordering::Relaxed) != *old))
}

/// The state letter of a task as the kernel tells it (`/proc/PID/stat`); `None` when it is gone.
pub fn state(pid: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Numbers that look random and are the same on every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Opens a file for writing, made anew.
pub fn create(path: &CStr) -> i32 {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC;
    must("open of a new file", unsafe { libc::open(path.as_ptr(), flags, 0o644) }) as i32
}
