//! Notes: what the kernel says of the descriptors of a call.
//!
//! Payloads of shape `Note`. `arg` is the argument, or 6 for the result; `phase` 0 before the call, 1
//! for descriptors that the call made; `addr` the descriptor's number; `path` = element << 8 | part,
//! element 0 but for those that stand in memory: the second of a pair, `pollfd`s, sets, descriptors passed
//! in a message. The parts are those of [`note`]: the link text always, the detail for `-yy`, the identity
//! in golden mode. A message through a netlink socket has link and detail of its socket in any case, since
//! they say how the message is to be read.
//!
//! A descriptor that is not open has no note. In golden mode a descriptor is noted at its first use in
//! a process, and whenever a call makes it.

use std::collections::HashMap;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use recording::event::{ARG_NONE, PayloadHead, Record, Shape, note, status};
use syscalls::{Kind, Returns, Syscall};

use super::Who;
use super::nested::{self, Nested};
use super::plan::CallPlan;
use crate::procfs::{self, ProcPath};
use crate::sockets::Sockets;
use crate::sys::links::read_link;

/// Notes descriptors.
pub(super) struct Notes {
    level: u8,
    golden: bool,
    /// Golden mode: descriptors already noted, by process, one bit each.
    seen: HashMap<u32, Vec<u64>>,
    link: Vec<u8>,
    sockets: Sockets,
    /// Scratch: descriptors in the memory of a call.
    nested: Vec<Nested>,
}

impl Notes {
    pub fn new(level: u8, golden: bool) -> Self {
        Notes { level, golden, seen: HashMap::new(), link: vec![0; 4096], sockets: Sockets::default(), nested: vec![] }
    }

    /// Is anything to be noted?
    pub fn wanted(&self) -> bool {
        self.level > 0 || self.golden
    }

    /// Forgets what was noted for a process.
    pub fn forget(&mut self, pid: u32) {
        self.seen.remove(&pid);
    }

    /// Notes the descriptors among the arguments.
    pub fn before(&mut self, who: &Who, row: &Syscall, words: &[u64; 6], record: &mut Record) {
        for (i, arg) in row.args_for(words).iter().enumerate().take(6) {
            let fd = words[i] as i32;
            let is_fd = matches!(arg.kind, Kind::Fd | Kind::DirFd) && fd >= 0;
            let is_cwd = matches!(arg.kind, Kind::DirFd) && fd == libc::AT_FDCWD;
            if is_cwd || (is_fd && (!self.golden || self.first_use(who.pid, fd))) {
                self.note(who.tid, i as u8, 0, 0, fd, record);
            }
        }
        nested::find(&mut self.nested, row, words, record, |head| head.phase == 0);
        self.used(who, record);
    }

    /// Notes what `nested` holds, as descriptors that the call was given.
    fn used(&mut self, who: &Who, record: &mut Record) {
        for i in 0..self.nested.len() {
            let Nested { arg, fd } = self.nested[i];
            if !self.golden || self.first_use(who.pid, fd) {
                self.note(who.tid, arg, 0, i as u32, fd, record);
            }
        }
    }

    /// A message goes through this descriptor: notes whose it is if it is a netlink socket.
    pub fn netlink(&mut self, who: &Who, fd: i32, record: &mut Record) {
        let path = ProcPath::fd(who.tid, fd);
        let Ok(meta) = std::fs::metadata(path.as_str()) else { return };
        if meta.file_type().is_socket()
            && let Some(text) = self.sockets.describe(who.tid, &path, meta.ino())
            && text.starts_with(note::NETLINK)
        {
            let at = Place { arg: 0, phase: 0, element: 0, fd };
            add(record, at, note::LINK, format!("socket:[{}]", meta.ino()).as_bytes());
            add(record, at, note::DETAIL, &text);
        }
    }

    /// Notes the descriptors that the call made, and forgets those it took away.
    pub fn after(
        &mut self,
        who: &Who,
        row: &Syscall,
        words: &[u64; 6],
        result: i64,
        plan: CallPlan,
        record: &mut Record,
    ) {
        if (-4095..0).contains(&result) {
            return;
        }
        if self.golden {
            match row.name {
                "close" => self.unsee(who.pid, words[0] as i32),
                "close_range" | "execve" | "execveat" | "unshare" => self.forget(who.pid),
                _ => {}
            }
        }
        if plan.nests_fds {
            // Golden mode looks at what was sent when it is known how much.
            nested::find(&mut self.nested, row, words, record, |head| head.status & status::READ_AFTER != 0);
            self.used(who, record);
            nested::find(&mut self.nested, row, words, record, |head| head.phase == 1);
            for i in 0..self.nested.len() {
                let Nested { arg, fd } = self.nested[i];
                self.made(who, arg, i as u32, fd, record);
            }
        }
        if !plan.makes_fds {
            return;
        }
        if row.returns_for(words) == Returns::Fd {
            self.made(who, ARG_NONE, 0, result as i32, record);
        }
        for (i, arg) in row.args_for(words).iter().enumerate().take(6) {
            if let Kind::FdPair = arg.kind
                && let Some(pair) = pair_of(record, i as u8)
            {
                for (element, fd) in pair.into_iter().enumerate() {
                    self.made(who, i as u8, element as u32, fd, record);
                }
            }
        }
    }

    fn made(&mut self, who: &Who, arg: u8, element: u32, fd: i32, record: &mut Record) {
        if self.golden {
            self.first_use(who.pid, fd);
        }
        self.note(who.tid, arg, 1, element, fd, record);
    }

    fn note(&mut self, tid: u32, arg: u8, phase: u8, element: u32, fd: i32, record: &mut Record) {
        let path = if fd < 0 { ProcPath::of(tid, "cwd") } else { ProcPath::fd(tid, fd) };
        let Some(link) = read_link(path.as_c_str(), &mut self.link) else { return };
        let at = Place { arg, phase, element, fd };
        add(record, at, note::LINK, link);
        let counterpart = Counterpart::of(link);
        if self.level < 2 && !self.golden {
            return;
        }
        let Ok(meta) = std::fs::metadata(path.as_str()) else { return };
        if self.level >= 2 {
            let kind = meta.file_type();
            if kind.is_socket() {
                if !has_detail(record, &at)
                    && let Some(text) = self.sockets.describe(tid, &path, meta.ino())
                {
                    add(record, at, note::DETAIL, &text);
                }
            } else if kind.is_char_device() || kind.is_block_device() {
                let name = if kind.is_char_device() { "char" } else { "block" };
                let device = meta.rdev();
                let text = format!("{name} {}:{}", libc::major(device), libc::minor(device));
                add(record, at, note::DETAIL, text.as_bytes());
            } else if let Some(text) = counterpart.and_then(|what| what.describe(tid, fd)) {
                add(record, at, note::DETAIL, text.as_bytes());
            }
        }
        if self.golden {
            let mut identity = [0; 24];
            identity[..8].copy_from_slice(&meta.dev().to_le_bytes());
            identity[8..16].copy_from_slice(&meta.ino().to_le_bytes());
            identity[16..20].copy_from_slice(&meta.mode().to_le_bytes());
            add(record, at, note::IDENTITY, &identity);
        }
    }

    /// Marks a descriptor as noted; true when it was not.
    fn first_use(&mut self, pid: u32, fd: i32) -> bool {
        let Some((word, bit)) = place(fd) else { return true };
        let seen = self.seen.entry(pid).or_default();
        if seen.len() <= word {
            seen.resize(word + 1, 0);
        }
        let new = seen[word] & bit == 0;
        seen[word] |= bit;
        new
    }

    fn unsee(&mut self, pid: u32, fd: i32) {
        if let Some((word, bit)) = place(fd)
            && let Some(word) = self.seen.get_mut(&pid).and_then(|seen| seen.get_mut(word))
        {
            *word &= !bit;
        }
    }
}

/// What a descriptor without a file stands for, as proc_pid_fdinfo(5) tells it.
#[derive(Clone, Copy)]
enum Counterpart {
    Process,
    Counter,
    Signals,
}

impl Counterpart {
    /// By the link text.
    fn of(link: &[u8]) -> Option<Counterpart> {
        match link {
            b"anon_inode:[pidfd]" => Some(Counterpart::Process),
            b"anon_inode:[eventfd]" => Some(Counterpart::Counter),
            b"anon_inode:[signalfd]" => Some(Counterpart::Signals),
            _ => link.starts_with(b"pidfd:[").then_some(Counterpart::Process),
        }
    }

    /// In the words of [`note::DETAIL`]; processes are numbered as we number them.
    fn describe(self, tid: u32, fd: i32) -> Option<String> {
        let mut buffer = [0; 512];
        let text = std::str::from_utf8(procfs::read(&ProcPath::fdinfo(tid, fd), &mut buffer)).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        match self {
            Counterpart::Process => value("Pid:")?.parse::<u32>().ok().map(|pid| format!("pid:{pid}")),
            Counterpart::Counter => {
                let count = u64::from_str_radix(value("eventfd-count:")?, 16).ok()?;
                let mut told =
                    if count == 0 { "{eventfd-count=0".to_owned() } else { format!("{{eventfd-count={count:#x}") };
                // The kernel tells them since 5.2 and 6.5.
                for key in ["eventfd-id", "eventfd-semaphore"] {
                    if let Some(number) = value(&format!("{key}:")).and_then(|number| number.parse::<u32>().ok()) {
                        told += &format!(", {key}={number}");
                    }
                }
                Some(told + "}")
            }
            Counterpart::Signals => {
                let set = u64::from_str_radix(value("sigmask:")?, 16).ok()?;
                Some(format!("signalfd:{}", signals(set)))
            }
        }
    }
}

/// `[USR1 CHLD]`, or `~[KILL STOP]` when most are in it.
fn signals(set: u64) -> String {
    let inverted = set.count_ones() >= u64::BITS * 2 / 3;
    let listed = if inverted { !set } else { set };
    let names: Vec<&str> = (1..=u64::BITS)
        .filter(|number| listed >> (number - 1) & 1 == 1)
        .map(|number| syscalls::signal::name(number).map_or("", |name| name.strip_prefix("SIG").unwrap_or(name)))
        .collect();
    format!("{}[{}]", if inverted { "~" } else { "" }, names.join(" "))
}

/// Where a note belongs.
#[derive(Clone, Copy)]
struct Place {
    arg: u8,
    phase: u8,
    element: u32,
    fd: i32,
}

fn add(record: &mut Record, at: Place, part: u32, bytes: &[u8]) {
    let head = PayloadHead {
        arg: at.arg,
        phase: at.phase,
        shape: Shape::Note,
        status: 0,
        wanted: bytes.len() as u64,
        addr: u64::from(at.fd as u32),
        path: at.element << 8 | part,
    };
    record.payload(head, bytes);
}

/// Was the detail noted already, because a message goes through the socket?
fn has_detail(record: &Record, at: &Place) -> bool {
    record.view().payloads().any(|p| {
        (p.head.shape, p.head.arg, p.head.phase, p.head.path)
            == (Shape::Note, at.arg, at.phase, at.element << 8 | note::DETAIL)
    })
}

/// Word and bit of a descriptor. Numbers that the bits are not kept for are noted each time: a target
/// may close what was never open.
fn place(fd: i32) -> Option<(usize, u64)> {
    let fd = usize::try_from(fd).ok().filter(|&fd| fd < 1 << 20)?;
    Some((fd / 64, 1 << (fd % 64)))
}

/// Two descriptors that the call wrote.
fn pair_of(record: &Record, arg: u8) -> Option<[i32; 2]> {
    let payload = record.view().payloads().find(|p| p.head.arg == arg && p.head.phase == 1)?;
    let word = |at: usize| payload.bytes.get(at..at + 4)?.try_into().ok().map(i32::from_le_bytes);
    Some([word(0)?, word(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_signals_is_told_by_its_smaller_side() {
        assert_eq!(signals(0), "[]");
        assert_eq!(signals(1 << 9 | 1 << 16), "[USR1 CHLD]");
        assert_eq!(signals(!(1 << 8 | 1 << 18)), "~[KILL STOP]");
    }
}
