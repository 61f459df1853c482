//! Places: the absolute path that a task means, as we would have to say it.
//!
//! All by what /proc shows at the stop: the working directory, the root and the descriptors of the
//! task are links that the kernel resolves, so that no table of ours can go stale.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::procfs::ProcPath;
use crate::sys::links::read_link;

/// Resolves paths of tasks.
#[derive(Debug, Default)]
pub(super) struct Places {
    link: Vec<u8>,
    /// Our own mount namespace.
    mounts: Vec<u8>,
    /// Whether a task's mount namespace is another one, by the namespace's name.
    seen: HashMap<Vec<u8>, bool>,
}

impl Places {
    /// The text of a link of /proc.
    pub fn link(&mut self, path: &ProcPath) -> Option<Vec<u8>> {
        self.link.resize(4096, 0);
        read_link(path.as_c_str(), &mut self.link).map(<[u8]>::to_vec)
    }

    /// Where `path` of a task is, seen from descriptor `base`: its directory with all links followed,
    /// then the name itself, which may be a link or not be there.
    pub fn resolve(&mut self, tid: u32, base: i32, path: &[u8]) -> Option<Vec<u8>> {
        let from = match path.first() {
            // An empty path means the descriptor itself.
            None if base == libc::AT_FDCWD => return None,
            None => return self.link(&ProcPath::fd(tid, base)),
            Some(b'/') => ProcPath::of(tid, "root"),
            Some(_) if base == libc::AT_FDCWD => ProcPath::of(tid, "cwd"),
            Some(_) => ProcPath::fd(tid, base),
        };
        let mut whole = PathBuf::from(from.as_str());
        let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
        let relative = &path[start..];
        whole.push(OsStr::from_bytes(relative));
        match (whole.file_name(), whole.parent()) {
            (Some(name), Some(dir)) if !relative.is_empty() => {
                Some(canonical(dir)?.join(name).into_os_string().into_vec())
            }
            // It ends in `..`, or is the root: a directory that is there.
            _ => Some(canonical(&whole)?.into_os_string().into_vec()),
        }
    }

    /// Does the task live in another mount namespace than ours, where our paths mean other files?
    pub fn elsewhere(&mut self, tid: u32) -> bool {
        if self.mounts.is_empty() {
            self.mounts = self.link(&ProcPath::of(std::process::id(), "ns/mnt")).unwrap_or_default();
        }
        match self.link(&ProcPath::of(tid, "ns/mnt")) {
            Some(theirs) => {
                let other = !self.mounts.is_empty() && theirs != self.mounts;
                *self.seen.entry(theirs).or_insert(other)
            }
            // Not readable: say nothing against it.
            None => false,
        }
    }
}

fn canonical(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}
