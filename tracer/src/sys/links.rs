//! Links below /proc, read without allocating.
#![allow(unsafe_code)]

use std::ffi::CStr;

/// readlink(2): the bytes of the link that fit into `buffer`; `None` when there is no such link.
pub(crate) fn read_link<'a>(path: &CStr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: `path` ends with NUL and `buffer` takes `buffer.len()` bytes; both outlive the call.
    let len = unsafe { libc::readlink(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    buffer.get(..usize::try_from(len).ok()?)
}
