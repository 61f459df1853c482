//! Links below /proc and what hangs on them and lies behind them, read without allocating.
#![allow(unsafe_code)]

use std::ffi::CStr;

/// readlink(2): the bytes of the link that fit into `buffer`; `None` when there is no such link.
pub(crate) fn read_link<'a>(path: &CStr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: `path` ends with NUL and `buffer` takes `buffer.len()` bytes; both outlive the call.
    let len = unsafe { libc::readlink(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    buffer.get(..usize::try_from(len).ok()?)
}

/// getxattr(2): the value of an attribute, without its NUL; `None` when there is none, or it is longer
/// than `buffer`.
pub(crate) fn read_attribute<'a>(path: &CStr, name: &CStr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: both texts end with NUL, `buffer` takes `buffer.len()` bytes; all outlive the call.
    let len = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    let value = buffer.get(..usize::try_from(len).ok()?)?;
    Some(value.strip_suffix(&[0]).unwrap_or(value))
}

/// Is this on a file system where set-user-id bits and file capabilities mean nothing: statvfs(3), MS_NOSUID?
pub(crate) fn is_without_suid(path: &CStr) -> bool {
    // SAFETY: all bits zero is a valid statvfs.
    let mut seen: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` ends with NUL; fills a statvfs of ours.
    unsafe { libc::statvfs(path.as_ptr(), &raw mut seen) == 0 && seen.f_flag & libc::ST_NOSUID != 0 }
}
