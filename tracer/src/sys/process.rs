//! This process itself: limits and the disposition of signals.
#![allow(unsafe_code)]

/// No core file from here on: `setrlimit(RLIMIT_CORE, 0)`, setrlimit(2).
pub(crate) fn forbid_core() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel only reads `none`, which outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
}

/// The default action for `signal`, and no mask in its way: sigaction(2), sigprocmask(2).
pub(crate) fn expose_to(signal: i32) {
    // SAFETY: both structures are plain words for which zero is a valid value (SIG_DFL, no flags),
    // and both outlive the calls that read them. A signal number out of range is refused by the kernel.
    unsafe {
        let action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &action, std::ptr::null_mut());
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
    }
}

/// Sends `signal` to this process: kill(2). Real-time signals too.
pub(crate) fn send_to_self(signal: i32) {
    // SAFETY: no memory is involved.
    unsafe { libc::kill(libc::getpid(), signal) };
}
