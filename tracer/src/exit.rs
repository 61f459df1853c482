//! Ending as the target ended.

use crate::sys::process;

/// Ends this process by `signal`, without a core file of its own, so that whoever waits for it sees
/// the death of the target. A signal that does not kill by default gives `128 + signal`, as a shell says it.
pub fn die_by(signal: i32) -> ! {
    process::forbid_core();
    process::expose_to(signal);
    process::send_to_self(signal);
    std::process::exit(128 + signal)
}
