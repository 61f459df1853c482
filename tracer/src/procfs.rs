//! What /proc says of a task, parsed without allocating and without trusting it.
//!
//! Each parser takes bytes and gives what it understood; odd lines are skipped, missing ones stay
//! `None`. All formats: proc(5) and its parts.

use std::ffi::CStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// A path below /proc, built on the stack.
pub(crate) struct ProcPath {
    bytes: [u8; 48],
    len: usize,
}

impl ProcPath {
    /// `/proc/TID/what`.
    pub fn of(tid: u32, what: &str) -> Self {
        Self::write(format_args!("/proc/{tid}/{what}"))
    }

    /// `/proc/TID/fd/FD`.
    pub fn fd(tid: u32, fd: i32) -> Self {
        Self::write(format_args!("/proc/{tid}/fd/{fd}"))
    }

    /// `/proc/TID/fdinfo/FD`.
    pub fn fdinfo(tid: u32, fd: i32) -> Self {
        Self::write(format_args!("/proc/{tid}/fdinfo/{fd}"))
    }

    /// `/proc/PID/task/TID/what`.
    pub fn task(pid: u32, tid: u32, what: &str) -> Self {
        Self::write(format_args!("/proc/{pid}/task/{tid}/{what}"))
    }

    fn write(text: std::fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; 48];
        let mut rest = &mut bytes[..47];
        // Too long can't be: the longest is a number of ten digits and a name of ours. It would be
        // cut, and name a file that does not exist.
        let _ = rest.write_fmt(text);
        let left = rest.len();
        ProcPath { bytes, len: 47 - left }
    }

    /// For calls that take a C string.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// As a path.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}

/// The first bytes of a file below /proc that the kernel writes in one piece, as many as `buffer` takes; empty when it
/// can't be read. All of a task's own files but `maps` and `smaps` are: one read has all of it (seq_file.c, `single_open`).
pub(crate) fn read<'a>(path: &ProcPath, buffer: &'a mut [u8]) -> &'a [u8] {
    let Ok(mut file) = File::open(path.as_str()) else { return &[] };
    let len = loop {
        match file.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            count => break count.unwrap_or(0),
        }
    };
    &buffer[..len]
}

/// What stands behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Regular,
    Directory,
    Pipe,
    Socket,
    /// A character device that is a terminal by its number: tty, pty, console.
    Terminal,
    Device,
    Link,
    /// Nothing with a file type: eventfd, epoll and their like.
    Anonymous,
}

impl FileKind {
    /// The kind of `stat`'s answer.
    pub fn of(meta: &std::fs::Metadata) -> FileKind {
        let kind = meta.file_type();
        if kind.is_file() {
            FileKind::Regular
        } else if kind.is_dir() {
            FileKind::Directory
        } else if kind.is_fifo() {
            FileKind::Pipe
        } else if kind.is_socket() {
            FileKind::Socket
        } else if kind.is_char_device() && is_terminal(meta.rdev()) {
            FileKind::Terminal
        } else if kind.is_char_device() || kind.is_block_device() {
            FileKind::Device
        } else if kind.is_symlink() {
            FileKind::Link
        } else {
            FileKind::Anonymous
        }
    }
}

/// Majors of terminals: virtual consoles and serial lines, /dev/tty and /dev/console, Unix98 ptys
/// (Documentation/admin-guide/devices.txt).
fn is_terminal(device: u64) -> bool {
    matches!(libc::major(device), 2..=5 | 128..=143 | 204 | 229)
}

/// What kind of file descriptor `fd` of a task is; `None` when there is none.
pub(crate) fn descriptor_kind(tid: u32, fd: i32) -> Option<FileKind> {
    std::fs::metadata(ProcPath::fd(tid, fd).as_str()).ok().map(|meta| FileKind::of(&meta))
}

/// Times a task ran: ns on a CPU, ns waiting for one, slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SchedStat {
    pub run_ns: u64,
    pub wait_ns: u64,
    pub slices: u64,
}

/// `/proc/TID/schedstat`: three numbers.
pub(crate) fn schedstat(text: &[u8]) -> Option<SchedStat> {
    let mut words = text.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    Some(SchedStat { run_ns: number(words.next()?)?, wait_ns: number(words.next()?)?, slices: number(words.next()?)? })
}

/// `/proc/PID/io`, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Io {
    pub rchar: u64,
    pub wchar: u64,
    pub syscr: u64,
    pub syscw: u64,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub cancelled_write_bytes: u64,
}

/// `/proc/PID/io`; `None` when a line is missing.
pub(crate) fn io(text: &[u8]) -> Option<Io> {
    Some(Io {
        rchar: value(text, b"rchar")?,
        wchar: value(text, b"wchar")?,
        syscr: value(text, b"syscr")?,
        syscw: value(text, b"syscw")?,
        read_bytes: value(text, b"read_bytes")?,
        write_bytes: value(text, b"write_bytes")?,
        cancelled_write_bytes: value(text, b"cancelled_write_bytes")?,
    })
}

/// A line `name: 123 …` of status or io; sizes in kB are not converted.
pub(crate) fn value(text: &[u8], name: &[u8]) -> Option<u64> {
    number(word(text, name)?)
}

/// The same for an octal number, as fdinfo has its flags.
pub(crate) fn octal(text: &[u8], name: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(word(text, name)?).ok()?, 8).ok()
}

/// The first word behind `name:`.
fn word<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(name)?.strip_prefix(b":"))?;
    line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty())
}

/// The fields of `/proc/PID/stat` that we use. Those of the process: sums over its threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stat {
    /// The real parent.
    pub parent: u32,
    pub minor_faults: u64,
    /// Minor faults of children that were waited for.
    pub child_minor_faults: u64,
    pub major_faults: u64,
    /// Major faults of those children.
    pub child_major_faults: u64,
    /// Clock ticks.
    pub user: u64,
    /// Clock ticks.
    pub system: u64,
    /// Clock ticks of children that were waited for.
    pub child_user: u64,
    /// Clock ticks of those children.
    pub child_system: u64,
}

/// `/proc/PID/stat`: the name in the middle may hold spaces and parentheses, so count from its end.
pub(crate) fn stat(text: &[u8]) -> Option<Stat> {
    let end = text.iter().rposition(|&b| b == b')')?;
    let mut fields = text.get(end + 1..)?.split(|&b| b == b' ').filter(|w| !w.is_empty());
    // state is field 3.
    let mut next = |skip: usize| number(fields.nth(skip)?);
    Some(Stat {
        parent: u32::try_from(next(1)?).ok()?,
        minor_faults: next(5)?,
        child_minor_faults: next(0)?,
        major_faults: next(0)?,
        child_major_faults: next(0)?,
        user: next(0)?,
        system: next(0)?,
        child_user: next(0)?,
        child_system: next(0)?,
    })
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.trim_ascii().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_parentheses_does_not_shift_the_fields() {
        let text = b"77 (a) R 1 (b)) S 12 77 77 0 -1 4194560 100 200 3 4 50 60 7 8 20 0 1 0 5";
        let stat = stat(text).expect("fields");
        assert_eq!(stat.parent, 12);
        assert_eq!((stat.minor_faults, stat.child_minor_faults), (100, 200));
        assert_eq!((stat.major_faults, stat.child_major_faults), (3, 4));
        assert_eq!((stat.user, stat.system, stat.child_user, stat.child_system), (50, 60, 7, 8));
    }

    #[test]
    fn cut_or_foreign_text_gives_none() {
        for text in [&b""[..], b"77", b"77 (a", b"77 (a) S", b"77 (a) S 1 2 3", b")", b"x) S y z", b"\xff\xfe)"] {
            assert_eq!(stat(text), None, "{text:?}");
        }
        assert_eq!(schedstat(b""), None);
        assert_eq!(schedstat(b"1 2"), None);
        assert_eq!(schedstat(b"1 2 -3"), None);
        assert_eq!(schedstat(b"5 6 7\n"), Some(SchedStat { run_ns: 5, wait_ns: 6, slices: 7 }));
        assert_eq!(io(b"rchar: 1\nwchar: 2\n"), None);
        assert_eq!(value(b"VmHWM:\t    1234 kB\nVmRSS:\t 9 kB\n", b"VmHWM"), Some(1234));
        assert_eq!(value(b"VmHWM:\n", b"VmHWM"), None);
        assert_eq!(value(b"VmHWMx: 3\n", b"VmHWM"), None);
        assert_eq!(value(b"a: 99999999999999999999\n", b"a"), None);
    }

    #[test]
    fn our_own_files_parse() {
        let mut buffer = [0; 4096];
        let pid = std::process::id();
        assert!(stat(read(&ProcPath::of(pid, "stat"), &mut buffer)).is_some_and(|s| s.minor_faults > 0));
        assert!(value(read(&ProcPath::of(pid, "status"), &mut buffer), b"VmHWM").is_some_and(|kb| kb > 100));
        assert_eq!(read(&ProcPath::of(pid, "no such file"), &mut buffer), b"");
        assert_eq!(descriptor_kind(pid, 100_000), None);
    }

    #[test]
    fn kinds_of_descriptors() {
        use std::os::fd::AsRawFd;
        let kind = |fd: &dyn AsRawFd| descriptor_kind(std::process::id(), fd.as_raw_fd());
        let (reader, _writer) = std::io::pipe().expect("pipe");
        assert_eq!(kind(&reader), Some(FileKind::Pipe));
        assert_eq!(kind(&File::open("/dev/null").expect("null")), Some(FileKind::Device));
        assert_eq!(kind(&File::open("/").expect("root")), Some(FileKind::Directory));
        assert_eq!(kind(&File::open("/proc/self/exe").expect("exe")), Some(FileKind::Regular));
        assert_eq!(kind(&std::net::UdpSocket::bind("127.0.0.1:0").expect("udp")), Some(FileKind::Socket));
    }
}
