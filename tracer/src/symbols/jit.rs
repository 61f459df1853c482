//! Perf maps: what just-in-time compilers say of the code they make (`/tmp/perf-PID.map`).
//!
//! Lines `START SIZE NAME`, numbers hexadecimal with or without `0x`. The file grows, and addresses are
//! used again: a later line replaces what it overlaps.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use crate::procfs::{self, ProcPath};

/// Bytes read at a time.
const PIECE: usize = 64 << 10;
/// A longer line is skipped.
const LONGEST_LINE: usize = 64 << 10;

/// Code that a process made, as far as its map was read.
#[derive(Debug, Default)]
pub(super) struct Jit {
    file: Option<File>,
    refused: bool,
    rest: Vec<u8>,
    /// By first address: the address behind, and the name.
    code: BTreeMap<u64, (u64, Vec<u8>)>,
    skipped: u64,
}

impl Jit {
    /// Reads on from where the last call ended. A process without a map is no error.
    ///
    /// # Errors
    /// Why a map that is there is not read.
    pub fn read(&mut self, pid: u32) -> Result<(), String> {
        if self.file.is_none() && !self.refused {
            self.file = open(pid).inspect_err(|_| self.refused = true)?;
        }
        let mut piece = Vec::new();
        loop {
            let Some(file) = &mut self.file else { return Ok(()) };
            piece.resize(PIECE, 0);
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => self.add(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("cannot read the perf map of process {pid}: {error}")),
            }
        }
    }

    /// The name of the code at an address.
    pub fn name(&self, ip: u64) -> Option<&[u8]> {
        let (_, (end, name)) = self.code.range(..=ip).next_back()?;
        (ip < *end).then_some(name)
    }

    fn add(&mut self, bytes: &[u8]) {
        let mut text = std::mem::take(&mut self.rest);
        text.extend_from_slice(bytes);
        let mut lines = text.split(|&byte| byte == b'\n');
        // The last piece has no end yet.
        let rest = lines.next_back().unwrap_or_default();
        for line in lines {
            match parse(line) {
                Some((start, end, name)) => self.place(start, end, name),
                None => self.skipped += 1,
            }
        }
        if rest.len() <= LONGEST_LINE {
            self.rest = rest.to_vec();
        } else {
            self.skipped += 1;
        }
    }

    fn place(&mut self, start: u64, end: u64, name: &[u8]) {
        while let Some((&before, (behind, _))) = self.code.range(..end).next_back()
            && *behind > start
        {
            self.code.remove(&before);
        }
        self.code.insert(start, (end, name.to_vec()));
    }
}

/// A line; `None` when it is none.
fn parse(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let start = hex(words.next()?)?;
    let end = start.checked_add(hex(words.next()?)?)?;
    let name = words.next()?.trim_ascii();
    (end > start && !name.is_empty()).then_some((start, end, name))
}

fn hex(word: &[u8]) -> Option<u64> {
    let digits = word.strip_prefix(b"0x").unwrap_or(word);
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The map of a process, in its own /tmp and under its own number; `None` when there is none.
fn open(pid: u32) -> Result<Option<File>, String> {
    let mut buffer = vec![0; 8192];
    let status = procfs::read(&ProcPath::of(pid, "status"), &mut buffer);
    let Some(own) = own_pid(status) else { return Ok(None) };
    let Some(user) = procfs::value(status, b"Uid") else { return Ok(None) };
    let path = format!("/proc/{pid}/root/tmp/perf-{own}.map");
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = match options.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {path}: {error}")),
    };
    let meta = file.metadata().map_err(|error| format!("cannot read {path}: {error}"))?;
    if !meta.is_file() {
        return Err(format!("{path} is ignored: it is no regular file"));
    }
    if meta.uid() != 0 && u64::from(meta.uid()) != user {
        return Err(format!("{path} is ignored: it belongs to user {}, the process to {user}", meta.uid()));
    }
    Ok(Some(file))
}

/// The process's number in its own namespace: the last of `NSpid:`.
fn own_pid(status: &[u8]) -> Option<u32> {
    let line = status.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"NSpid:"))?;
    let last = line.split(u8::is_ascii_whitespace).rfind(|word| !word.is_empty())?;
    std::str::from_utf8(last).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_lines_replace_what_they_overlap() {
        let mut jit = Jit::default();
        jit.add(
            b"0x7f5eee84f000 3c even\n0x7f5eee84f079 9d wasm[0]::array_to_wasm_trampoline[0]\n7f5eee84f040 39 odd\n",
        );
        jit.add(b"junk\n3e80 120 LazyCompile:*f /a b.js:1");
        assert_eq!(jit.name(0x3e80), None, "a line without its end");
        jit.add(b":2\n");
        assert_eq!(jit.name(0x7f5eee84f03b), Some(&b"even"[..]));
        assert_eq!(jit.name(0x7f5eee84f03c), None);
        assert_eq!(jit.name(0x7f5eee84f041), Some(&b"odd"[..]));
        assert_eq!(jit.name(0x3e81), Some(&b"LazyCompile:*f /a b.js:1:2"[..]));
        jit.add(b"0x7f5eee84f000 99 wasm[0]::function[2]\n");
        assert_eq!(jit.name(0x7f5eee84f041), Some(&b"wasm[0]::function[2]"[..]));
        assert_eq!(jit.name(0x7f5eee84f100), None, "the trampoline was overlapped too");
        assert_eq!((jit.code.len(), jit.skipped), (2, 1));
    }

    #[test]
    fn a_process_is_known_by_its_innermost_number() {
        assert_eq!(own_pid(b"Pid:\t7\nNSpid:\t700\t7\n"), Some(7));
        assert_eq!(own_pid(b"Pid:\t7\n"), None);
    }
}
