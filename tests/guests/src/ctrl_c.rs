//! Keys that send signals: exactly one of each arrives, and the program decides what it means.
//!
//! `ctrl_c` says `keys?`, waits for SIGINT, says `interrupted`, waits for SIGQUIT, looks whether more of
//! them come, and ends with 6. `ctrl_c default` has no handlers.

use crate::posix::{LONG, check, handle, nap, say, until};
use crate::words::Words;
use std::sync::atomic::{AtomicUsize, Ordering};

static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);
static QUITS: AtomicUsize = AtomicUsize::new(0);
static FOREIGN: AtomicUsize = AtomicUsize::new(0);

pub fn run(words: &Words) -> i32 {
    if words.text(0) != "default" {
        handle(libc::SIGINT, 0, count);
        handle(libc::SIGQUIT, 0, count);
    }
    let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &no_core) };
    say!("keys?");
    check(until(LONG, || INTERRUPTS.load(Ordering::SeqCst) > 0), "the first key must arrive");
    say!("interrupted");
    check(until(LONG, || QUITS.load(Ordering::SeqCst) > 0), "the second key must arrive");
    for _ in 0..100 {
        nap(3000);
    }
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    say!("SIGINT {}, SIGQUIT {}, not from the terminal {}", count(&INTERRUPTS), count(&QUITS), count(&FOREIGN));
    6
}

extern "C" fn count(signal: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let counter = if signal == libc::SIGINT { &INTERRUPTS } else { &QUITS };
    counter.fetch_add(1, Ordering::SeqCst);
    if unsafe { (*info).si_code } != libc::SI_KERNEL {
        FOREIGN.fetch_add(1, Ordering::SeqCst);
    }
}
