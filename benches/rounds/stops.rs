//! What the stops of a tracer cost by themselves: a loop of wait and PTRACE_CONT that looks at nothing (ptrace(2)).
#![allow(unsafe_code, reason = "ptrace has no safe form here")]

use std::ffi::CString;
use std::ptr;
use std::time::Instant;

use libc::c_int;

/// Births, and the begin of what was born.
pub const BIRTHS: c_int =
    libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACECLONE;
/// Also execs, and the ends of tasks before they are gone.
pub const ALL: c_int = BIRTHS | libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_TRACEEXIT;

/// Runs a program and all it starts to its end with these stops, and lets each go on at once. Seconds.
pub fn alone(argv: &[String], options: c_int) -> f64 {
    let words: Vec<CString> = argv.iter().map(|word| CString::new(word.as_str()).expect("no NUL")).collect();
    let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(ptr::null());
    let started = Instant::now();
    // SAFETY: between fork and exec the child makes calls that are async-signal-safe, with what was made before.
    let root = unsafe { libc::fork() };
    if root == 0 {
        // SAFETY: as above.
        unsafe {
            libc::raise(libc::SIGSTOP);
            libc::execv(pointers[0], pointers.as_ptr());
            libc::_exit(127);
        }
    }
    assert!(root > 0, "a child");
    let mut status = 0;
    // SAFETY: takes numbers, and a number of ours to write to.
    unsafe {
        libc::waitpid(root, &mut status, libc::WUNTRACED);
        assert_eq!(libc::ptrace(libc::PTRACE_SEIZE, root, 0, options), 0, "it may be traced");
        libc::kill(root, libc::SIGCONT);
    }
    loop {
        // SAFETY: as above.
        let task = unsafe { libc::waitpid(-1, &mut status, libc::__WALL) };
        assert!(task > 0, "the root ends last");
        if libc::WIFSTOPPED(status) {
            let signal = if status >> 16 == 0 { libc::WSTOPSIG(status) } else { 0 };
            // SAFETY: takes numbers only.
            unsafe { libc::ptrace(libc::PTRACE_CONT, task, 0, signal) };
        } else if task == root {
            assert_eq!(status, 0, "{argv:?}");
            return started.elapsed().as_secs_f64();
        }
    }
}
