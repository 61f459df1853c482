//! How a target is started: as if nobody stood between it and its caller.

use super::transparent;
use crate::harness::{Failure, Outcome, Room, Trace, Tracer, Verdict, call_guest, ensure, guest, is_root, skip};
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

pub fn clean_start(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "clean_start some words")?;
    trace.holds("getpriority", 1)?;
    trace.holds("sched_getscheduler", 1)
}

/// Runs a guest both ways after the same preparation of the new process.
fn prepared(tracer: &Tracer, words: &str, prepare: impl Fn(&mut Command)) -> Result<(Outcome, Trace), Failure> {
    let room = Room::new();
    let argv = call_guest(words);
    let file = room.beside("trace.jsonl");
    let options = ["-f", "--format", "jsonl", "-o"].map(OsStr::new).into_iter().chain([file.as_os_str()]);
    let mut traced = room.traced_command(tracer, &options.collect::<Vec<_>>(), &argv);
    prepare(&mut traced);
    let outcome = room.finish(traced)?;
    let trace = Trace::read(&file)?;
    room.is_empty()?;
    room.sweep();
    let mut native = room.command(&argv[0]);
    native.args(&argv[1..]);
    prepare(&mut native);
    outcome.same_as(&room.finish(native)?)?;
    trace.is_complete()?;
    Ok((outcome, trace))
}

/// Blocked and ignored signals, umask, nice value, limits, a timer slack: all are handed on.
pub fn clean_start_disturbed(tracer: &Tracer) -> Verdict {
    let (outcome, trace) = prepared(tracer, "clean_start", |command| {
        // SAFETY: these calls may be made between fork and exec; all memory they are given is local.
        unsafe {
            command.pre_exec(|| {
                let mut blocked: libc::sigset_t = std::mem::zeroed();
                libc::sigaddset(&mut blocked, libc::SIGUSR2);
                libc::sigaddset(&mut blocked, libc::SIGTERM);
                libc::sigaddset(&mut blocked, libc::SIGCHLD);
                libc::sigaddset(&mut blocked, libc::SIGTRAP);
                libc::sigaddset(&mut blocked, libc::SIGRTMAX());
                libc::sigprocmask(libc::SIG_SETMASK, &blocked, std::ptr::null_mut());
                for ignored in [libc::SIGINT, libc::SIGPIPE, libc::SIGHUP, libc::SIGCHLD, libc::SIGTTOU] {
                    libc::signal(ignored, libc::SIG_IGN);
                }
                libc::umask(0o027);
                libc::nice(3);
                libc::prctl(libc::PR_SET_TIMERSLACK, 70_000);
                let limit = libc::rlimit { rlim_cur: 100, rlim_max: 200 };
                libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
                let mut one: libc::cpu_set_t = std::mem::zeroed();
                libc::CPU_SET(0, &mut one);
                libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &one);
                Ok(())
            })
        };
    })?;
    for line in ["nice 3", "Umask:\t0027", "limit Max open files 100 200 files", "dumpable 1, timer slack 70000"] {
        ensure!(outcome.text().lines().any(|shown| shown == line), "{line:?} is not shown: {}", outcome.text());
    }
    trace.holds("getpriority", 1)
}

pub fn counts_cores(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "counts_cores 4000")?;
    let asked = trace.count("sched_getaffinity");
    ensure!(asked >= 20, "affinity was asked for again and again, {asked} recorded");
    let calls = trace.count("getppid");
    ensure!(calls >= 20_000, "five bursts of 4000 calls and more, {calls} recorded");
    trace.holds("sched_setaffinity", 2)
}

/// Descriptors as they were: usual, with more of them, and without stdin.
pub fn same_fds(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "same_fds")?;
    ensure!(trace.count("fcntl") >= 6, "two questions for each descriptor, {} recorded", trace.count("fcntl"));
    let (outcome, _) = prepared(tracer, "same_fds", |command| {
        // SAFETY: dup2 and close take numbers only and may be called between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::dup2(1, 7);
                libc::dup2(0, 530);
                libc::close(0);
                Ok(())
            })
        };
    })?;
    let numbers: Vec<&str> = outcome.stdout.split(|byte| *byte == b'\n').filter_map(first_word).collect();
    ensure!(["1", "2", "7", "530"].iter().all(|number| numbers.contains(number)), "open are {numbers:?}");
    ensure!(!numbers.contains(&"0"), "stdin was closed, open are {numbers:?}");
    Ok(())
}

fn first_word(line: &[u8]) -> Option<&str> {
    std::str::from_utf8(line).ok()?.split_once(':').map(|(number, _)| number)
}

/// `-D`: the program is its caller's own child, and ends as it ends.
pub fn direct_child(tracer: &Tracer) -> Verdict {
    without_us_between(tracer, &["-D", "-f"], 10)
}

/// The same where a filter keeps the tracer with the program.
pub fn direct_child_with_filter(tracer: &Tracer) -> Verdict {
    without_us_between(tracer, &["-D", "-f", "-e", "trace=execve"], 2)
}

fn without_us_between(tracer: &Tracer, options: &[&str], at_least: usize) -> Verdict {
    let room = Room::new();
    let script = "echo parent $PPID; (exit 3); /bin/true; kill -15 $$";
    let argv: Vec<OsString> = ["sh", "-c", script].map(OsString::from).into();
    // The tracer holds the output open until it has written all.
    let (outcome, trace) = room.traced_with(tracer, options, &argv)?;
    ensure!(outcome.text() == format!("parent {}\n", std::process::id()), "not our child: {}", outcome.shown());
    let native = room.native(&argv)?;
    outcome.same_as(&native)?;
    trace.is_complete()?;
    ensure!(trace.calls.len() >= at_least, "{}", trace.summary());
    trace.holds("execve", 2)?;
    room.is_empty()
}

/// `-D`: what can't be started is told, and the status is the caller's to see.
pub fn direct_child_not_started(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let script = room.beside("script");
    std::fs::write(&script, "no first line\n")?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    let (outcome, trace) = room.traced_with(tracer, &["-D"], &[script.into_os_string()])?;
    ensure!(outcome.code() == 126, "there, and not executable: {}", outcome.shown());
    ensure!(outcome.notes.join("\n").contains("#!"), "the reason is told: {:?}", outcome.notes);
    trace.holds("execve", 1)?;
    ensure!(trace.calls[0].errno() == Some("ENOEXEC"), "{:?}", trace.calls[0]);
    room.is_empty()
}

/// A binary with the set-user-id bit of another user, run by root.
pub fn setuid_probe(tracer: &Tracer) -> Verdict {
    if !is_root() {
        skip!("a set-user-id binary of another user needs root");
    }
    let room = Room::new();
    let probe = room.beside("probe");
    std::fs::copy(guest(), &probe)?;
    std::os::unix::fs::chown(&probe, Some(65534), None)?;
    std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o4755))?;
    let argv = [probe.into_os_string(), "setuid_probe".into()];
    let native = room.native(&argv)?;
    if !native.text().starts_with("uid 0, euid 65534") {
        skip!("the file system ignores the set-user-id bit: {}", native.text());
    }
    let (outcome, trace) = room.traced(tracer, &argv)?;
    outcome.same_as(&native)?;
    trace.is_complete()?;
    let asked: Vec<i64> = trace.named("geteuid").map(|call| call.result).collect();
    ensure!(asked == [65534], "geteuid gave 65534, recorded {asked:?}");
    Ok(())
}

/// A file's capabilities are lost under a tracer that has none: that is told.
pub fn lost_capabilities(tracer: &Tracer) -> Verdict {
    const NOBODY: u32 = 65534;
    if !is_root() {
        skip!("giving a file capabilities needs root");
    }
    let room = Room::new();
    for open in [room.work(), room.beside("")] {
        std::os::unix::fs::chown(open, Some(NOBODY), None)?;
    }
    let probe = room.beside("probe");
    std::fs::copy(guest(), &probe)?;
    // Revision 2, effective; CAP_NET_RAW permitted.
    let capability: Vec<u8> = [0x0200_0001u32, 1 << 13, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    if !set_attribute(&probe, c"security.capability", &capability) {
        skip!("the file system takes no capabilities: {}", std::io::Error::last_os_error());
    }
    let file = room.beside("trace.jsonl");
    let argv = [probe.into_os_string(), "setuid_probe".into()];
    let options = ["-f", "--format", "jsonl", "-o"].map(OsStr::new);
    let options: Vec<&OsStr> = options.into_iter().chain([file.as_os_str()]).collect();
    let mut command = room.traced_command(tracer, &options, &argv);
    command.uid(NOBODY).gid(NOBODY);
    let outcome = room.finish(command)?;
    ensure!(outcome.code() == 0, "{}", outcome.shown());
    let trace = Trace::read(&file)?;
    trace.is_complete()?;
    let said = outcome.notes.join("\n");
    ensure!(said.contains("has file capabilities, but the kernel grants it nothing"), "not told: {said:?}");
    let unseen = trace.recording()["unseen"].to_string();
    ensure!(unseen.contains("file capabilities"), "not in the recording: {unseen}");
    room.is_empty()
}

fn set_attribute(path: &std::path::Path, name: &std::ffi::CStr, value: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: texts that end with NUL and a value of the length given; all outlive the call.
    unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) == 0 }
}
