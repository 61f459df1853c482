//! Targets that withdraw from sight: undumpable, another user, other name spaces, another root, no /proc.
//! Tracing goes on, and what can't be had is said to be missing.

use crate::harness::{Failure, Room, Trace, Tracer, Verdict, call_guest, ensure, is_root, skip};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

const NOBODY: u32 = 65534;

/// Runs the case both ways as this user; the runs must be equal and hold the case's calls.
fn withdraw(tracer: &Tracer, case: &str, user: Option<u32>) -> Result<Trace, Failure> {
    let room = Room::new();
    let argv = call_guest(&format!("withdraws {case}"));
    if let Some(user) = user {
        for open in [room.work(), room.beside("")] {
            std::os::unix::fs::chown(&open, Some(user), None)?;
            std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o777))?;
        }
    }
    let own = |mut command: std::process::Command| {
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        command
    };
    let file = room.beside("trace.jsonl");
    let options = ["-f", "-y", "--format", "jsonl", "-o"].map(OsStr::new);
    let options: Vec<&OsStr> = options.into_iter().chain([file.as_os_str()]).collect();
    let outcome = room.finish(own(room.traced_command(tracer, &options, &argv)))?;
    let trace = Trace::read(&file)?;
    room.is_empty()?;
    room.clear();
    for left in std::fs::read_dir(room.work())?.flatten() {
        let _ = std::fs::remove_dir(left.path());
    }
    let mut native = room.command(&argv[0]);
    native.args(&argv[1..]);
    let native = room.finish(own(native))?;
    if native.code() == 77 {
        skip!("{}", native.text().trim());
    }
    ensure!(native.code() == 0, "the guest fails natively: {}", native.shown());
    outcome.same_as(&native)?;
    trace.is_complete()?;
    ensure!(trace.count("getppid") >= 6, "six getppid were made, {} recorded", trace.count("getppid"));
    trace.holds("execveat", 1)?;
    Ok(trace)
}

/// Both opens of the case are there with their path.
fn sees(trace: &Trace, case: &str) -> Verdict {
    let path = format!("/no such file of {case}");
    let seen = trace.named("openat").filter(|call| call.args.get(1) == Some(&path)).count();
    ensure!(seen == 2, "{path} was opened twice, recorded {seen} times; {}", trace.summary());
    let changes = &trace.recording()["engine_changes"];
    ensure!(changes.is_null(), "no other way was needed: {changes}");
    Ok(())
}

fn seen(tracer: &Tracer, case: &str) -> Verdict {
    sees(&withdraw(tracer, case, None)?, case)
}

pub fn becomes_undumpable(tracer: &Tracer) -> Verdict {
    seen(tracer, "undumpable")
}

/// Its memory and /proc are closed to a tracer without privilege: said, not guessed.
pub fn becomes_undumpable_to_nobody(tracer: &Tracer) -> Verdict {
    if !is_root() {
        skip!("becoming another user needs root");
    }
    let trace = withdraw(tracer, "undumpable", Some(NOBODY))?;
    let opens: Vec<_> = trace.named("openat").filter(|call| call.errno() == Some("ENOENT")).collect();
    let last = &opens[opens.len().saturating_sub(2)..];
    let unread = last.iter().filter(|call| call.all["unread"] == serde_json::json!([1])).count();
    ensure!(unread == 2, "two paths can't be read, recorded: {last:?}");
    let changes = trace.recording()["engine_changes"].to_string();
    ensure!(changes.contains("Operation not permitted; no other way reads its memory either"), "told: {changes}");
    let missing = trace.recording()["not_measured"].to_string();
    ensure!(missing.contains("\"rchar\""), "what /proc would tell is said to be missing: {missing}");
    Ok(())
}

pub fn becomes_another_user(tracer: &Tracer) -> Verdict {
    if !is_root() {
        skip!("becoming another user needs root");
    }
    seen(tracer, "user")
}

pub fn enters_namespaces(tracer: &Tracer) -> Verdict {
    let trace = withdraw(tracer, "namespaces", None)?;
    sees(&trace, "namespaces")
}

pub fn changes_its_root(tracer: &Tracer) -> Verdict {
    seen(tracer, "chroot")
}

pub fn unmounts_proc(tracer: &Tracer) -> Verdict {
    seen(tracer, "unmounted")
}

/// As when memory is short: the death is the kernel's word.
pub fn killed_from_without(tracer: &Tracer) -> Verdict {
    let trace = withdraw(tracer, "killed", None)?;
    sees(&trace, "killed")?;
    let killed = trace.of_kind("exit").filter(|event| event["signal"] == "SIGKILL").count();
    ensure!(killed == 1, "one process was killed, {killed} recorded; {}", trace.summary());
    Ok(())
}
