//! A target or its tracer that somebody else holds up, or ends: by a control group, by SIGSTOP. No patience of ours
//! runs out.

use crate::harness::{Failure, Room, Running, Trace, Tracer, Verdict, call_guest, ensure, processes, skip};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A control group of our own (version 1), below the one we are in; gone with the test.
struct Group(PathBuf);

impl Group {
    fn new(controller: &str) -> Result<Group, Failure> {
        let groups = std::fs::read_to_string("/proc/self/cgroup")?;
        let ours = groups.lines().find_map(|line| line.split_once(&format!(":{controller}:")));
        let Some((_, ours)) = ours else { skip!("there is no control group for {controller}") };
        let root = Path::new("/sys/fs/cgroup").join(controller);
        // Inside a container the group's path may be another's.
        let parent = [root.join(ours.trim_start_matches('/')), root].into_iter().find(|dir| dir.is_dir());
        let Some(parent) = parent else { skip!("no control groups are mounted for {controller}") };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let group = parent.join(format!("chic-trace-test-{}-{number}", std::process::id()));
        match std::fs::create_dir(&group) {
            Ok(()) => Ok(Group(group)),
            Err(why) => skip!("no control group can be made: {why}"),
        }
    }

    fn set(&self, file: &str, value: &str) -> Verdict {
        match std::fs::write(self.0.join(file), value) {
            Ok(()) => Ok(()),
            Err(why) => skip!("{file} of a control group can't be set: {why}"),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0.join("freezer.state"), "THAWED");
        processes::until(Duration::from_secs(2), || std::fs::remove_dir(&self.0).is_ok());
    }
}

/// Memory is short: the kernel kills, and that is what is recorded.
pub fn killed_for_memory(tracer: &Tracer) -> Verdict {
    let group = Group::new("memory")?;
    group.set("memory.limit_in_bytes", "33554432")?;
    let room = Room::new();
    let argv = call_guest(&format!("eats_memory {}", group.0.display()));
    let native = room.native(&argv)?;
    if native.code() != 128 + libc::SIGKILL {
        skip!("nobody is killed for memory here: {}", native.shown());
    }
    let (outcome, trace) = room.traced(tracer, &argv)?;
    outcome.same_as(&native)?;
    room.is_empty()?;
    trace.is_complete()?;
    trace.holds("getppid", 3)?;
    let killed = trace.of_kind("exit").filter(|event| event["signal"] == "SIGKILL").count();
    ensure!(killed == 1, "it was killed, recorded {killed} times; {}", trace.summary());
    Ok(())
}

/// Starts a guest under the tracer that counts until its stdin ends, and waits for it.
fn start<'a>(room: &'a Room, tracer: &Tracer, file: &Path) -> Result<(Running<'a>, i32), Failure> {
    let options: [&OsStr; 5] = ["-f".as_ref(), "--format".as_ref(), "jsonl".as_ref(), "-o".as_ref(), file.as_os_str()];
    let mut command = room.traced_command(tracer, &options, &call_guest("orphaned_by_tracer 4"));
    command.stdin(Stdio::piped());
    let running = room.start(command)?;
    let traced = || room.number_in("pid").is_some_and(|pid| processes::tracer_of(pid) != 0);
    ensure!(processes::until(Duration::from_secs(20), traced), "the guest is not traced");
    let pid = room.number_in("pid").unwrap_or_default();
    Ok((running, pid))
}

fn goes_on(room: &Room, mut running: Running<'_>, file: &Path) -> Verdict {
    drop(running.child.stdin.take());
    let outcome = running.finish()?;
    ensure!(outcome.code() == 0, "{}", outcome.shown());
    ensure!(outcome.text().ends_with("4 children counted to the end\n"), "the guest: {}", outcome.shown());
    room.is_empty()?;
    let trace = Trace::read(file)?;
    trace.is_complete()?;
    let ended = trace.of_kind("exit").count();
    ensure!(ended >= 5, "the guest and its children ended, {ended} recorded; {}", trace.summary());
    Ok(())
}

/// A frozen target is waited for.
pub fn frozen(tracer: &Tracer) -> Verdict {
    let group = Group::new("freezer")?;
    let room = Room::new();
    let file = room.beside("trace.jsonl");
    let (running, pid) = start(&room, tracer, &file)?;
    let family = room.left().into_iter().map(|process| process.pid).filter(|pid| *pid != running.pid());
    for member in family {
        group.set("cgroup.procs", &member.to_string())?;
    }
    group.set("freezer.state", "FROZEN")?;
    // Longer than anything of ours waits for a task.
    std::thread::sleep(Duration::from_millis(2500));
    ensure!(processes::tracer_of(pid) != 0, "the tracer has left a frozen target");
    group.set("freezer.state", "THAWED")?;
    goes_on(&room, running, &file)
}

/// A stopped tracer goes on where it was.
pub fn stopped_tracer(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let file = room.beside("trace.jsonl");
    let (running, pid) = start(&room, tracer, &file)?;
    let tracing = processes::tracer_of(pid);
    processes::kill(tracing, libc::SIGSTOP);
    std::thread::sleep(Duration::from_millis(700));
    processes::kill(tracing, libc::SIGCONT);
    goes_on(&room, running, &file)
}
