//! The header: what is known of a session before its first event.

use std::ffi::OsStr;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use recording::session::{ClockKind, Header, NotMeasured, OpenFd};

use crate::session::Calls;
use crate::sys::process::Program;
use crate::sys::{Tid, affinity, clock, process};
use crate::{Counters, Launch, Placement, Plan, Stdio};

/// Of this plan, carried out this way.
pub fn of(plan: &Plan, calls: Calls, program: Option<&Program>) -> Header {
    let (kernel, machine) = process::kernel();
    let (uid, _, gid) = process::ids();
    let argv = plan.launch.as_ref().map_or(&[][..], |launch| &launch.argv);
    let hex = argv.iter().any(|word| word.to_str().is_none());
    Header {
        version: plan.version.clone(),
        engines: vec!["ptrace".into()],
        engine_asked: "auto".into(),
        clock: ClockKind::Monotonic,
        start: clock::triple(),
        kernel,
        machine,
        perf_event_paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
        ptrace_scope: ptrace_scope(),
        capabilities: capabilities().map_or_else(String::new, |caps| format!("{caps:016x}")),
        filter: plan.filter_text.clone(),
        tampered: plan.tampered.clone(),
        kernel_filter: calls == Calls::Filtered,
        no_new_privs: program.is_some_and(|p| p.no_new_privs),
        libc: plan.golden.then(|| c_library(plan, program)).flatten(),
        limits: Some(plan.limits.clone()),
        follow: plan.follow,
        golden: plan.golden,
        argv: argv.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        argv_hex: hex.then(|| argv.iter().map(|word| to_hex(word.as_bytes())).collect()),
        attached: plan.attach.clone(),
        cwd: working_directory(plan),
        umask: umask(plan),
        open_fds: open_fds(plan.launch.as_ref()),
        cpus: cpus(plan.launch.as_ref()),
        tz: std::env::var("TZ").ok(),
        uid,
        gid,
        tracer_pid: process::own_pid().0,
        placement: if plan.placement == Placement::Auto { "auto" } else { "off" }.into(),
        target_stdout: plan.target_stdout,
        counters: match plan.counters {
            Counters::None => "none",
            Counters::Process => "process",
            Counters::Task => "task",
        }
        .into(),
        unseen: vec!["calls answered by the vDSO".into()],
        not_measured: Vec::<NotMeasured>::new(),
    }
}

fn c_library(plan: &Plan, program: Option<&Program>) -> Option<String> {
    let path = match (program, plan.attach.first()) {
        (Some(program), _) => {
            let cwd = program.cwd.as_ref().map_or(Path::new("."), |cwd| Path::new(OsStr::from_bytes(cwd.as_bytes())));
            cwd.join(OsStr::from_bytes(program.path.as_bytes()))
        }
        (None, Some(pid)) => PathBuf::from(format!("/proc/{pid}/exe")),
        (None, None) => return None,
    };
    crate::c_library::of_program(&path)
}

/// Yama's restriction, where the kernel has it.
pub fn ptrace_scope() -> Option<i64> {
    number("/proc/sys/kernel/yama/ptrace_scope")
}

/// Effective capabilities.
pub fn capabilities() -> Option<u64> {
    status_word("CapEff:").and_then(|word| u64::from_str_radix(&word, 16).ok())
}

fn status_word(name: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_string())
}

fn number(path: &str) -> Option<i64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn umask(plan: &Plan) -> u32 {
    plan.launch
        .as_ref()
        .and_then(|launch| launch.umask)
        .or_else(|| status_word("Umask:").and_then(|word| u32::from_str_radix(&word, 8).ok()))
        .unwrap_or(0)
}

fn working_directory(plan: &Plan) -> String {
    let asked = plan.launch.as_ref().and_then(|launch| launch.cwd.clone());
    asked.or_else(|| std::env::current_dir().ok()).map_or_else(String::new, |dir| dir.to_string_lossy().into_owned())
}

/// The CPUs that the target may use when it begins.
fn cpus(launch: Option<&Launch>) -> Vec<u32> {
    let mut cpus = affinity::get(Tid(0)).map_or_else(|_| vec![], |cpus| cpus.list());
    if launch.is_some_and(|launch| launch.one_cpu) {
        cpus.truncate(1);
    }
    cpus
}

/// The descriptors that the target begins with.
fn open_fds(launch: Option<&Launch>) -> Vec<OpenFd> {
    let mut fds = own_fds();
    let Some(launch) = launch else { return fds };
    if launch.close_others {
        fds.retain(|open| open.fd <= 2);
    }
    for (fd, stdio) in (0..).zip(&launch.stdio) {
        let given = match stdio {
            Stdio::Inherit => continue,
            Stdio::Same(other) => open_fd(*other, false),
            Stdio::From(own) => open_fd(own.as_raw_fd(), true),
        };
        fds.retain(|open| open.fd != fd);
        fds.extend(given.map(|open| OpenFd { fd, ..open }));
    }
    fds.sort_by_key(|open| open.fd);
    fds
}

fn own_fds() -> Vec<OpenFd> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return vec![] };
    let mut fds: Vec<OpenFd> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|fd| open_fd(fd, false))
        .collect();
    fds.sort_by_key(|open| open.fd);
    fds
}

/// One of our descriptors; `given`: also one that an exec would close, because a duplicate is handed on.
fn open_fd(fd: i32, given: bool) -> Option<OpenFd> {
    const CLOSED_BY_EXEC: u64 = libc::O_CLOEXEC as u64;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let flags = u64::from_str_radix(field("flags:")?, 8).ok()?;
    if !given && (flags & CLOSED_BY_EXEC != 0 || crate::sys::startup::was_closed(fd)) {
        return None;
    }
    let path = format!("/proc/self/fd/{fd}");
    let link = std::fs::read_link(&path).ok()?.to_string_lossy().into_owned();
    let meta = std::fs::metadata(&path).ok();
    let kind = meta.as_ref().map_or("anon", |meta| {
        let of = meta.file_type();
        match () {
            () if of.is_file() => "file",
            () if of.is_dir() => "dir",
            () if of.is_fifo() => "pipe",
            () if of.is_socket() => "socket",
            () if of.is_char_device() => "char",
            () if of.is_block_device() => "block",
            () => "anon",
        }
    });
    Some(OpenFd {
        fd,
        offset: (kind == "file").then(|| field("pos:").and_then(|pos| pos.parse().ok())).flatten(),
        link,
        kind: kind.into(),
        device: meta.as_ref().map_or(0, MetadataExt::dev),
        inode: meta.as_ref().map_or(0, MetadataExt::ino),
        flags,
    })
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    })
}
