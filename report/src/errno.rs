//! Errors of calls by name.

use crate::digits;

/// Appends the name of an errno or restart code.
pub(crate) fn write_name(out: &mut Vec<u8>, errno: u16) {
    out.extend_from_slice(b"errno_");
    digits::dec(out, u64::from(errno));
}
