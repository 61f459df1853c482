//! Presence: what stood under a name before a call that may make it, or put something in its place.
//!
//! Afterwards it can't be known any more: an open with O_CREAT succeeds either way, a rename too.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use recording::event::{PayloadHead, Record, Shape, note};
use syscalls::Syscall;

use super::FileStates;

impl FileStates {
    /// Before a call: notes what it may replace, on the argument of its path.
    pub fn note_presence(&mut self, tid: u32, row: &Syscall, words: &[u64; 6], record: &mut Record) {
        let Some((arg, follow)) = target(row.name, words, record) else { return };
        let Some(path) = self.path_of(tid, row, words, arg, record) else { return };
        if self.places.elsewhere(tid) {
            return;
        }
        let path = Path::new(OsStr::from_bytes(&path));
        let found = if follow { path.metadata() } else { path.symlink_metadata() };
        let Ok(meta) = found else { return };
        let mut identity = [0; 24];
        identity[..8].copy_from_slice(&meta.dev().to_le_bytes());
        identity[8..16].copy_from_slice(&meta.ino().to_le_bytes());
        identity[16..20].copy_from_slice(&meta.mode().to_le_bytes());
        let head = PayloadHead {
            arg: arg as u8,
            phase: 0,
            shape: Shape::Note,
            status: 0,
            wanted: identity.len() as u64,
            addr: 0,
            path: note::PRESENT,
        };
        record.payload(head, &identity);
    }
}

/// The argument with the path of which this call makes or replaces what is there, and whether a link is
/// followed.
fn target(name: &str, words: &[u64; 6], record: &Record) -> Option<(usize, bool)> {
    match name {
        "creat" => Some((0, true)),
        "open" => may_create(words[1]).then_some((0, true)),
        "openat" => may_create(words[2]).then_some((1, true)),
        "openat2" => may_create(open_how(record)?).then_some((1, true)),
        "rename" => Some((1, false)),
        "renameat" | "renameat2" => Some((3, false)),
        _ => None,
    }
}

fn may_create(flags: u64) -> bool {
    flags & libc::O_CREAT as u64 != 0 && flags & libc::O_EXCL as u64 == 0
}

/// Flags of `openat2`: the first word of its structure.
fn open_how(record: &Record) -> Option<u64> {
    let view = record.view();
    let how = view.payloads().find(|p| p.head.arg == 2 && p.head.phase == 0 && p.head.shape == Shape::Struct)?;
    Some(u64::from_le_bytes(how.bytes.get(..8)?.try_into().ok()?))
}
