//! tracefs: where trace events are defined (Linux, Documentation/trace/uprobetracer.rst).
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where it usually is; the older place behind it.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
/// A file that every tracefs with probes has.
const KNOWN_BY: &str = "uprobe_events";

// linux/mount.h
const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;

/// Its root.
#[derive(Debug)]
pub(crate) struct Tracefs(OwnedFd);

impl Tracefs {
    /// The one that is mounted, else one that is mounted nowhere and gone with this value.
    ///
    /// # Errors
    /// Which call was refused, and how: as fsopen(2), fsconfig(2), fsmount(2) (Linux 5.2; CAP_SYS_ADMIN).
    pub fn open() -> Result<Tracefs, (&'static str, io::Error)> {
        if let Some(place) = PLACES.into_iter().find(|place| Path::new(place).join(KNOWN_BY).exists()) {
            let root = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(place);
            return root.map(|root| Tracefs(root.into())).map_err(|error| ("open", error));
        }
        let name = c"tracefs";
        // SAFETY: a text that ends in NUL, and numbers.
        let made = unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), FSOPEN_CLOEXEC) };
        let made = descriptor(made).map_err(|error| ("fsopen", error))?;
        let none = std::ptr::null::<libc::c_char>();
        // SAFETY: a descriptor of fsopen(2); this command takes neither key nor value.
        let created =
            unsafe { libc::syscall(libc::SYS_fsconfig, made.as_raw_fd(), FSCONFIG_CMD_CREATE, none, none, 0) };
        if created < 0 {
            return Err(("fsconfig", io::Error::last_os_error()));
        }
        // SAFETY: the same descriptor, and numbers.
        let root = unsafe { libc::syscall(libc::SYS_fsmount, made.as_raw_fd(), FSMOUNT_CLOEXEC, 0) };
        descriptor(root).map(Tracefs).map_err(|error| ("fsmount", error))
    }

    /// What a file says.
    ///
    /// # Errors
    /// As openat(2) and read(2).
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(path, libc::O_RDONLY)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A file to which lines are added. One without O_APPEND and with O_TRUNC would end everybody's definitions.
    ///
    /// # Errors
    /// As openat(2).
    pub fn append(&self, path: &str) -> io::Result<File> {
        self.file(path, libc::O_WRONLY | libc::O_APPEND)
    }

    fn file(&self, path: &str, flags: libc::c_int) -> io::Result<File> {
        let path = CString::new(path)?;
        // SAFETY: a descriptor that is open, a text that ends in NUL, and numbers.
        let fd = unsafe { libc::openat(self.0.as_raw_fd(), path.as_ptr(), flags | libc::O_CLOEXEC) };
        descriptor(fd.into()).map(File::from)
    }
}

fn descriptor(made: libc::c_long) -> io::Result<OwnedFd> {
    if made < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor for us, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(made as libc::c_int) })
}
