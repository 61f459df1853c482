//! Links below /proc and what hangs on them and lies behind them, read without allocating; and the names
//! of files that have none.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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

/// linkat(2): gives an open file that has no name (`O_TMPFILE`) this one. A link that has the name is not
/// followed.
///
/// # Errors
/// `AlreadyExists` when somebody has the name; what else the system says.
pub fn give_name(file: &File, name: &Path) -> io::Result<()> {
    let name = CString::new(name.as_os_str().as_bytes())?;
    match link(file.as_raw_fd(), c"", &name, libc::AT_EMPTY_PATH) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            // That is a privilege on older kernels; this needs /proc.
            let number = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
            link(libc::AT_FDCWD, &number, &name, libc::AT_SYMLINK_FOLLOW)
        }
        done => done,
    }
}

fn link(directory: i32, from: &CStr, to: &CStr, flags: i32) -> io::Result<()> {
    // SAFETY: both texts end with NUL and outlive the call; all else are numbers.
    match unsafe { libc::linkat(directory, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
