//! A program that owns its terminal: foreground group, background readers, window size, input.
//!
//! For a terminal as stdin. It says `size?` and waits for a change of the window size, then `line?`
//! and reads one line.

use crate::posix::{Pid, check, dispose, fork, handle, kill, must, read, say, wait, wait_for};
use crate::words::Words;
use std::sync::atomic::{AtomicUsize, Ordering};

static CHANGES: AtomicUsize = AtomicUsize::new(0);

pub fn run(_: &Words) -> i32 {
    handle(libc::SIGWINCH, 0, changed);
    say!("foreground: {}", in_foreground());
    let background = fork(|| {
        unsafe { libc::setpgid(0, 0) };
        read(0, &mut [0]);
        0
    });
    say!("a background reader is {}", wait_for(background, libc::WUNTRACED));
    kill(background, libc::SIGKILL);
    say!("the background reader {}", wait(background));
    lend();
    await_change();
    say!("line?");
    let mut line = [0; 80];
    let length = read(0, &mut line).max(0) as usize;
    say!("read {:?}", String::from_utf8_lossy(&line[..length]));
    0
}

fn in_foreground() -> &'static str {
    if unsafe { libc::tcgetpgrp(0) == libc::getpgrp() } { "yes" } else { "no" }
}

/// Gives the terminal to a child's group and takes it back, as a shell does.
fn lend() {
    dispose(libc::SIGTTOU, libc::SIG_IGN);
    let child = fork(|| {
        own_group(0);
        say!("lent: foreground {}", in_foreground());
        0
    });
    say!("the borrower {}", wait(child));
    own_group(unsafe { libc::getpgrp() });
    say!("taken back: foreground {}", in_foreground());
}

/// Makes this group (0: a new one of this process) the foreground of the terminal.
fn own_group(group: Pid) {
    if group == 0 {
        must("setpgid", unsafe { libc::setpgid(0, 0) });
    }
    must("tcsetpgrp", unsafe { libc::tcsetpgrp(0, libc::getpgrp()) });
}

extern "C" fn changed(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    CHANGES.fetch_add(1, Ordering::SeqCst);
}

fn await_change() {
    crate::posix::mask(libc::SIG_BLOCK, &[libc::SIGWINCH]);
    say!("size?");
    let others = crate::posix::signals(&[]);
    while CHANGES.load(Ordering::SeqCst) == 0 {
        unsafe { libc::sigsuspend(&others) };
    }
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    check(unsafe { libc::ioctl(0, libc::TIOCGWINSZ, &mut size) } == 0, "TIOCGWINSZ");
    say!("{} change, {} rows, {} columns", CHANGES.load(Ordering::SeqCst), size.ws_row, size.ws_col);
}
