//! Privilege that a program would have had: a traced task gets none from the bits and attributes of the file
//! it executes, unless its tracer might have given it the same (execve(2), capabilities(7)).

use std::os::unix::fs::MetadataExt;

use recording::event::Hidden;

use crate::look::{self, Status};
use crate::procfs::ProcPath;
use crate::session::Session;
use crate::sys::Tid;
use crate::sys::links::{is_without_suid, read_attribute};

impl Session<'_> {
    /// After an exec: tells of what the file promises and the task did not get.
    pub(crate) fn warn_of_lost_privilege(&mut self, tid: Tid) {
        let exe = ProcPath::of(tid.0, "exe");
        let Ok(meta) = std::fs::metadata(exe.as_str()) else { return };
        // An attribute is not changed without this time.
        let version = (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec());
        let promised = |capabilities| Promised { mode: meta.mode(), uid: meta.uid(), gid: meta.gid(), capabilities };
        if self.without_capabilities == Some(version) && promised(0).is_nothing() {
            return;
        }
        let mut attribute = [0; 24];
        let capabilities = read_attribute(exe.as_c_str(), c"security.capability", &mut attribute).map_or(0, granted);
        if capabilities == 0 {
            self.without_capabilities = Some(version);
        }
        let promised = promised(capabilities);
        if promised.is_nothing() {
            return;
        }
        let Some(now) = Status::of(tid) else { return };
        let own_choice = now.no_new_privs && !self.sets_no_new_privs;
        let Some(what) = promised.lost(&now).filter(|_| !own_choice && !is_without_suid(exe.as_c_str())) else {
            return;
        };
        let path = String::from_utf8_lossy(&look::exe(tid)).into_owned();
        let what = format!("{path} {what}, but the kernel grants it nothing while it is traced");
        self.unseen(tid, Hidden::SetuidLost, &what);
        if !self.warnings.contains(&what) {
            self.warnings.push(what);
        }
    }
}

/// What a file promises to who executes it.
struct Promised {
    mode: u32,
    uid: u32,
    gid: u32,
    capabilities: u64,
}

impl Promised {
    fn sets_user(&self) -> bool {
        self.mode & libc::S_ISUID != 0
    }

    /// Without the group's execute bit it meant mandatory locks.
    fn sets_group(&self) -> bool {
        const BOTH: u32 = libc::S_ISGID | libc::S_IXGRP;
        self.mode & BOTH == BOTH
    }

    fn is_nothing(&self) -> bool {
        !self.sets_user() && !self.sets_group() && self.capabilities == 0
    }

    /// In words, what the task does not have.
    fn lost(&self, now: &Status) -> Option<&'static str> {
        if self.sets_user() && now.euid != self.uid {
            Some("is set-user-id")
        } else if self.sets_group() && now.egid != self.gid {
            Some("is set-group-id")
        } else if self.capabilities & now.capabilities_bound & !now.capabilities != 0 {
            Some("has file capabilities")
        } else {
            None
        }
    }
}

/// The permitted set of a `security.capability`: a revision, then pairs of permitted and inheritable words.
fn granted(attribute: &[u8]) -> u64 {
    let word = |at: usize| {
        let bytes = attribute.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    match word(0) >> 24 {
        1 => u64::from(word(4)),
        2 | 3 => u64::from(word(12)) << 32 | u64::from(word(4)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permitted_set_is_read_from_the_attribute() {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(granted(&words(&[0x0200_0001, 0x2000, 1, 0x100, 2])), 0x100_0000_2000);
        assert_eq!(granted(&words(&[0x0300_0000, 0x2000, 0, 0, 0, 1000])), 0x2000);
        assert_eq!(granted(&words(&[0x0100_0000, 5, 0])), 5);
        // The reader of attributes takes a last NUL off.
        assert_eq!(granted(&words(&[0x0200_0001, 0x2000, 0, 0, 0])[..19]), 0x2000);
        assert_eq!(granted(&words(&[0x0900_0000, 5, 0])), 0);
        assert_eq!(granted(&[]), 0);
    }

    #[test]
    fn only_what_is_missing_is_lost() {
        let now = Status { euid: 5, egid: 6, capabilities: 0b01, capabilities_bound: 0b11, ..Status::default() };
        let file = |mode, capabilities| Promised { mode, uid: 5, gid: 6, capabilities };
        assert_eq!(file(0o6755, 0b01).lost(&now), None);
        assert_eq!(file(0o755, 0b10).lost(&now), Some("has file capabilities"));
        assert_eq!(file(0o755, 0b100).lost(&now), None, "not in the bounding set");
        let other = Status { euid: 7, egid: 7, ..now };
        assert_eq!(file(0o4755, 0).lost(&other), Some("is set-user-id"));
        assert_eq!(file(0o2755, 0).lost(&other), Some("is set-group-id"));
        assert_eq!(file(0o2745, 0).lost(&other), None);
        assert!(file(0o755, 0).is_nothing() && !file(0o4755, 0).is_nothing());
    }
}
