//! Errors of calls, by name and in words.

use syscalls::errno::{errno, is_restart};

use crate::digits;

/// Appends the name of an errno or restart code.
pub(crate) fn write_name(out: &mut Vec<u8>, number: u16) {
    match errno(number) {
        Some(error) => out.extend_from_slice(error.name.as_bytes()),
        None => {
            out.extend_from_slice(b"errno_");
            digits::dec(out, u64::from(number));
        }
    }
}

/// Appends what stands behind the `=` of a call that failed.
pub(crate) fn write_result(out: &mut Vec<u8>, number: u16) {
    let Some(error) = errno(number) else {
        out.extend_from_slice(b"-1 (errno ");
        digits::dec(out, u64::from(number));
        out.push(b')');
        return;
    };
    out.extend_from_slice(if is_restart(number) { b"? " } else { b"-1 " });
    out.extend_from_slice(error.name.as_bytes());
    out.extend_from_slice(b" (");
    out.extend_from_slice(error.message.as_bytes());
    out.push(b')');
}
