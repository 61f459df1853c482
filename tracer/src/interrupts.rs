//! Interrupts: signals that ask us to end while we wait for a program that is not traced.

use crate::sys::signals::{self, Disposition, disposition, set_disposition};

/// From now on such signals are kept until they are [`taken`], so that what was started can be ended first. Those that
/// are ignored stay ignored.
pub fn hold() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        if disposition(signal).is_ok_and(|now| !now.is_ignored()) {
            let _ = set_disposition(signal, &Disposition::count());
        }
    }
}

/// One that came: its number.
pub fn taken() -> Option<i32> {
    signals::take()
}
