//! Ending as the target ended.

use crate::sys::process;
use crate::sys::signals::{self, Disposition};

/// Ends this process by `signal`, without a core file of its own, so that whoever waits for it sees
/// the death of the target. A signal that does not kill by default gives `128 + signal`, as a shell says it.
pub fn die_by(signal: i32) -> ! {
    process::forbid_core();
    process::expose_to(signal);
    process::send_to_self(signal);
    std::process::exit(128 + signal)
}

/// From now on a file that outgrows RLIMIT_FSIZE is told by EFBIG (setrlimit(2)) and not by death. For what is written
/// when the target is gone: who runs another program afterwards hands this on.
pub fn outlive_full_files() {
    let _ = signals::set_disposition(libc::SIGXFSZ, &Disposition::ignore());
}
