//! A look at /proc: what a task is called, to whom it belongs, what it runs. Each look may find that
//! the task is gone, or that its /proc is not ours to read; then it finds nothing.

use std::os::unix::ffi::OsStringExt;

use crate::procfs::{self, ProcPath};
use crate::sys::Tid;

/// Facts of `/proc/TID/status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// The process.
    pub pid: u32,
    /// Its parent process.
    pub parent: u32,
    /// The task's number in its own PID namespace.
    pub own_tid: u32,
    /// Who traces it; 0 is nobody.
    pub tracer: u32,
    /// Effective user.
    pub euid: u32,
    /// Effective group.
    pub egid: u32,
    /// Permitted capabilities.
    pub capabilities: u64,
    /// The most it can ever have.
    pub capabilities_bound: u64,
    /// Has it given up to gain any by an exec?
    pub no_new_privs: bool,
}

impl Status {
    /// Of this task.
    pub fn of(tid: Tid) -> Option<Status> {
        const USUAL: usize = 8192;
        let mut buffer = [0; USUAL];
        let text = procfs::read(&ProcPath::of(tid.0, "status"), &mut buffer);
        match text {
            [] => None,
            // A task may have thousands of groups.
            _ if text.len() == USUAL => Some(Status::parse(&std::fs::read(format!("/proc/{tid}/status")).ok()?)),
            _ => Some(Status::parse(text)),
        }
    }

    fn parse(text: &[u8]) -> Status {
        let mut status = Status::default();
        for line in text.split(|b| *b == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some((name, rest)) = line.split_once(':') else { continue };
            let capabilities = || u64::from_str_radix(rest.trim(), 16).unwrap_or(0);
            let mut numbers = rest.split_ascii_whitespace().map(|word| word.parse().unwrap_or(0));
            match name {
                "Tgid" => status.pid = numbers.next().unwrap_or(0),
                "PPid" => status.parent = numbers.next().unwrap_or(0),
                "TracerPid" => status.tracer = numbers.next().unwrap_or(0),
                "Uid" => status.euid = numbers.nth(1).unwrap_or(0),
                "Gid" => status.egid = numbers.nth(1).unwrap_or(0),
                "CapPrm" => status.capabilities = capabilities(),
                "CapBnd" => status.capabilities_bound = capabilities(),
                "NoNewPrivs" => status.no_new_privs = numbers.next() == Some(1),
                "NSpid" => status.own_tid = numbers.next_back().unwrap_or(0),
                _ => {}
            }
        }
        status
    }
}

/// The name of a task, lossy; empty when it is gone.
pub fn comm(tid: Tid) -> String {
    String::from_utf8_lossy(&comm_bytes(tid)).into_owned()
}

/// The name of a task.
pub fn comm_bytes(tid: Tid) -> Vec<u8> {
    // TASK_COMM_LEN is 16; threads of the kernel have longer ones.
    let mut buffer = [0; 64];
    let name = procfs::read(&ProcPath::of(tid.0, "comm"), &mut buffer);
    name.strip_suffix(b"\n").unwrap_or(name).to_vec()
}

/// The path of the executable.
pub fn exe(tid: Tid) -> Vec<u8> {
    std::fs::read_link(format!("/proc/{tid}/exe")).map(|path| path.into_os_string().into_vec()).unwrap_or_default()
}

/// The argument vector, at most so many bytes of it.
pub fn argv(tid: Tid, max_bytes: u64) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = vec![];
    if let Ok(file) = std::fs::File::open(format!("/proc/{tid}/cmdline")) {
        let _ = file.take(max_bytes).read_to_end(&mut bytes);
    }
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

/// Does the image map a vDSO?
pub fn has_vdso(tid: Tid) -> bool {
    const AT_SYSINFO_EHDR: u64 = 33;
    let mut buffer = [0; 2048];
    procfs::read(&ProcPath::of(tid.0, "auxv"), &mut buffer).chunks_exact(16).any(|pair| {
        let word = |at: usize| pair[at..at + 8].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        word(0) == AT_SYSINFO_EHDR && word(8) != 0
    })
}

/// The CPU on which a task last ran: field 39 of its stat, counted behind the name.
pub fn last_cpu(tid: Tid) -> Option<usize> {
    let mut buffer = [0; 1024];
    behind_name(tid, &mut buffer)?.split_ascii_whitespace().nth(36)?.parse().ok()
}

/// Does a task run, or wait for nothing but a CPU? Field 3 of its stat.
pub fn runs(tid: Tid) -> bool {
    let mut buffer = [0; 1024];
    behind_name(tid, &mut buffer).is_some_and(|fields| fields.trim_start().starts_with('R'))
}

fn behind_name(tid: Tid, buffer: &mut [u8; 1024]) -> Option<&str> {
    let stat = procfs::read(&ProcPath::of(tid.0, "stat"), buffer);
    // The name is a program's own choice of bytes.
    let behind_name = stat.iter().rposition(|b| *b == b')')?;
    std::str::from_utf8(stat.get(behind_name + 1..)?).ok()
}

/// The tasks of a process.
pub fn tasks(pid: Tid) -> std::io::Result<Vec<Tid>> {
    let mut tids = vec![];
    for entry in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        if let Some(tid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            tids.push(Tid(tid));
        }
    }
    Ok(tids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_by_name() {
        let text = b"Name:\tx\nTgid:\t12\nPPid:\t3\nTracerPid:\t0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t5\t5\n\
            CapPrm:\t000001ffffffffff\nCapBnd:\t0000000000002000\nNoNewPrivs:\t1\nNSpid:\t12\t1\n\xff\nPid\n";
        let status = Status::parse(text);
        let expected = Status {
            pid: 12,
            parent: 3,
            own_tid: 1,
            tracer: 0,
            euid: 2,
            egid: 6,
            capabilities: 0x1ff_ffff_ffff,
            capabilities_bound: 0x2000,
            no_new_privs: true,
        };
        assert_eq!(status, expected);
        assert_eq!(Status::parse(b"Tgid:\t-1\nNSpid:\n"), Status::default());
    }

    #[test]
    fn we_can_look_at_ourselves() {
        let own = crate::sys::process::own_pid();
        assert_eq!(Status::of(own).map(|s| s.pid), Some(own.0));
        assert!(tasks(own).expect("tasks").contains(&own));
        assert!(!exe(own).is_empty() && !argv(own, 4096).is_empty() && !comm(own).is_empty());
        assert_eq!(Status::of(Tid(0)), None);
    }
}
