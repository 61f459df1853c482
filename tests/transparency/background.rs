//! Daemons: the session ends with the command, not with what it left behind.

use crate::harness::{Room, Trace, Tracer, Verdict, call_guest, ensure, processes};
use std::time::Duration;

pub fn goes_background(tracer: &Tracer) -> Verdict {
    leaves(tracer, &["-f"])
}

/// A filter can't be taken off: the tracer stays, mute, and the daemon's calls still work.
pub fn goes_background_with_filter(tracer: &Tracer) -> Verdict {
    leaves(tracer, &["-f", "-e", "trace=getppid,setsid"])
}

fn leaves(tracer: &Tracer, options: &[&str]) -> Verdict {
    let room = Room::new();
    let argv = call_guest("goes_background 60");
    let (outcome, trace) = room.traced_with(tracer, options, &argv)?;
    let daemon = room.number_in("daemon.pid").unwrap_or_default();
    ensure!(outcome.code() == 5, "ends with the command: {}", outcome.shown());
    ensure!(outcome.took < Duration::from_secs(4), "ends at most a second after the command: {:?}", outcome.took);
    ensure!(trace.recording()["left_running"] == 1, "one is left: {}", trace.end);
    trace.holds("setsid", 1)?;
    let said = outcome.notes.join("\n");
    ensure!(said.contains("guest"), "a line says who is left: {said:?}");
    ensure!(!processes::tasks(daemon).is_empty(), "the daemon is gone");
    let log = room.work().join("daemon.log");
    let length = || std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
    let before = length();
    let works = processes::until(Duration::from_secs(3), || length() > before + 6);
    ensure!(works, "the calls of the daemon work no longer: {:?}", processes::tasks(daemon));
    processes::kill(daemon, libc::SIGKILL);
    room.is_empty()
}

/// `--left=wait`: the daemon is traced to its end.
pub fn left_wait(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let (outcome, trace) = room.traced_with(tracer, &["-f", "--left=wait"], &call_guest("goes_background 1"))?;
    ensure!(outcome.code() == 5, "the status is the command's: {}", outcome.shown());
    ensure!(outcome.took >= Duration::from_secs(1), "waits for the daemon: {:?}", outcome.took);
    trace.is_complete()?;
    trace.holds("getppid", 10)?;
    trace.tells("exit", 3)?;
    room.is_empty()
}

/// `--left=kill`: nothing outlives the session.
pub fn left_kill(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let (outcome, trace): (_, Trace) =
        room.traced_with(tracer, &["-f", "--left=kill", "--grace=0.2"], &call_guest("goes_background 60"))?;
    ensure!(outcome.code() == 5, "the status is the command's: {}", outcome.shown());
    trace.holds("setsid", 1)?;
    room.is_empty()
}
