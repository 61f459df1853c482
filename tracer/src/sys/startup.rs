//! What this process was started with, read before the runtime of the language changes it: it
//! opens /dev/null on standard descriptors that were closed, and ignores SIGPIPE. A program that we
//! start must find both as our caller left them.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};

static CLOSED: AtomicU8 = AtomicU8::new(0);
static PIPE_IGNORED: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 2;

extern "C" fn look() {
    let mut closed = 0;
    for fd in 0..3 {
        // SAFETY: asks about a number, touches no memory.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            closed |= 1 << fd;
        }
    }
    CLOSED.store(closed, Ordering::Relaxed);
    let ignored = super::signals::disposition(libc::SIGPIPE).is_ok_and(|d| d.is_ignored());
    PIPE_IGNORED.store(u8::from(ignored), Ordering::Relaxed);
}

// SAFETY: functions in this section are called by the C runtime before main with the process's
// arguments, which `look` doesn't take; it only makes system calls and stores to atomics.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

/// Was this standard descriptor closed when we were started?
pub fn was_closed(fd: i32) -> bool {
    // Naming the static here keeps the linker from dropping its section.
    std::hint::black_box(&LOOK);
    (0..3).contains(&fd) && CLOSED.load(Ordering::Relaxed) >> fd & 1 == 1
}

/// Was SIGPIPE ignored when we were started? `None` when that was not seen.
pub fn pipe_was_ignored() -> Option<bool> {
    match PIPE_IGNORED.load(Ordering::Relaxed) {
        UNKNOWN => None,
        ignored => Some(ignored == 1),
    }
}
