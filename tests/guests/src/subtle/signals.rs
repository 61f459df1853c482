//! Signals, waiting and time limits.

use crate::{check, fork, reap, spin};
use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

extern "C" fn nothing(_: libc::c_int) {}

/// Installs a handler that does nothing; calls are not restarted.
fn handle(signal: libc::c_int) -> Result<()> {
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
    check(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) }).map(drop)
}

fn empty() -> libc::sigset_t {
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    unsafe { libc::sigemptyset(&mut set) };
    set
}

fn pipe() -> Result<[OwnedFd; 2]> {
    let mut fds = [0; 2];
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the pipe is new and nobody else's.
    Ok(fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

fn poll(fd: i32, milliseconds: i32) -> i32 {
    let mut asked = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    unsafe { libc::poll(&mut asked, 1, milliseconds) }
}

/// Three children end; their signals arrive in `number` deliveries, each within a call that answers EINTR.
pub fn handlers(number: u32) -> Result<()> {
    handle(libc::SIGCHLD)?;
    let (none, mut blocked) = (empty(), empty());
    unsafe { libc::sigaddset(&mut blocked, libc::SIGCHLD) };
    check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &blocked, std::ptr::null_mut()) })?;
    let [read, _write] = pipe()?;
    for nth in 0..3 {
        let child = fork(|| Ok(()))?;
        reap(child)?;
        let mask = if nth < number { &none } else { &blocked };
        let mut asked = libc::pollfd { fd: read.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        unsafe { libc::ppoll(&mut asked, 1, &now, mask) };
    }
    Ok(())
}

/// A handler is installed 25 times and more, a descriptor asked 4 times and more.
pub fn polls(number: u32) -> Result<()> {
    for _ in 0..25 + number {
        handle(libc::SIGALRM)?;
    }
    let [read, _write] = pipe()?;
    for _ in 0..4 + number {
        poll(read.as_raw_fd(), 0);
    }
    Ok(())
}

/// Futex words that changed meanwhile, a wait that children interrupt, a time limit that ends a child a moment
/// earlier or later.
pub fn storms(number: u32) -> Result<()> {
    let word = 1u32;
    for _ in 0..number * 11 {
        let wait = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        unsafe { libc::syscall(libc::SYS_futex, &word, wait, 0, std::ptr::null::<libc::timespec>()) };
    }
    let [read, _write] = pipe()?;
    let children: Vec<_> = (0..3)
        .map(|nth| {
            fork(|| {
                spin(if nth < number { 20 } else { 0 });
                Ok(())
            })
        })
        .collect::<Result<_>>()?;
    spin(8);
    poll(read.as_raw_fd(), 60);
    children.into_iter().try_for_each(reap)?;
    let slow = fork(|| {
        loop {
            poll(-1, 3);
        }
    })?;
    spin(24 + 8 * number);
    check(unsafe { libc::kill(slow, libc::SIGKILL) })?;
    reap(slow)
}

/// Dies of SIGPIPE, in every run.
pub fn broken_pipe(number: u32) -> Result<()> {
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let [read, write] = pipe()?;
    drop(read);
    spin(number);
    check(unsafe { libc::write(write.as_raw_fd(), b"x".as_ptr().cast(), 1) }).map(drop)
}

/// A read of a named pipe is interrupted by an alarm, and tried again; with a number it is given up.
pub fn interrupted(number: u32) -> Result<()> {
    handle(libc::SIGALRM)?;
    check(unsafe { libc::mkfifo(c"fifo".as_ptr(), 0o644) })?;
    // Open for both, so that neither side waits for the other.
    let fifo = std::fs::File::options().read(true).write(true).open("fifo")?;
    let soon = libc::timeval { tv_sec: 0, tv_usec: 10_000 };
    let once = libc::itimerval { it_interval: unsafe { std::mem::zeroed() }, it_value: soon };
    let child = fork(|| {
        spin(60);
        check(unsafe { libc::write(fifo.as_raw_fd(), b"x".as_ptr().cast(), 1) }).map(drop)
    })?;
    check(unsafe { libc::setitimer(libc::ITIMER_REAL, &once, std::ptr::null_mut()) })?;
    let mut byte = [0u8];
    loop {
        let got = unsafe { libc::read(fifo.as_raw_fd(), byte.as_mut_ptr().cast(), 1) };
        if got != -1 || Error::last_os_error().raw_os_error() != Some(libc::EINTR) || number > 0 {
            break;
        }
    }
    reap(child)
}

/// Waits in `poll` for nothing but the time to pass, when there is a number.
pub fn naps(number: u32) -> Result<()> {
    if number > 0 {
        check(unsafe { libc::poll(std::ptr::null_mut(), 0, 50) })?;
    }
    println!("rested");
    Ok(())
}
