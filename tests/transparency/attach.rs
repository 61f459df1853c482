//! Tracers that come and go while the target runs.

use crate::harness::{Failure, Room, Running, Trace, Tracer, Verdict, call_guest, ensure, processes};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Starts a guest that reads stdin, and waits until it has left its process id.
fn start_waiting<'a>(room: &'a Room, words: &str) -> Result<(Running<'a>, i32), Failure> {
    let argv = call_guest(words);
    let mut command = room.command(&argv[0]);
    command.args(&argv[1..]).stdin(Stdio::piped());
    let running = room.start(command)?;
    ensure!(processes::until(Duration::from_secs(20), || room.number_in("pid").is_some()), "the guest does not start");
    let pid = room.number_in("pid").unwrap_or_default();
    Ok((running, pid))
}

/// Attaches and waits until all tasks of the process are held.
fn attach<'a>(room: &'a Room, tracer: &Tracer, pid: i32, file: &Path) -> Result<Running<'a>, Failure> {
    let mut command = room.command(tracer.program());
    command.args(["-f", "--format", "jsonl", "-o"]).arg(file).args(["-p", &pid.to_string()]);
    let mut running = room.start(command)?;
    let mut ended = false;
    let all_held = || processes::tasks(pid).iter().all(|(tid, _, _)| processes::tracer_of(*tid) != 0);
    let held = processes::until(Duration::from_secs(10), || {
        ended = running.has_ended();
        ended || all_held()
    });
    if ended {
        let outcome = running.finish()?;
        return Err(Failure::Wrong(format!("the tracer did not stay: {}{:?}", outcome.shown(), outcome.notes)));
    }
    ensure!(held, "not all tasks are held: {:?}", processes::tasks(pid));
    Ok(running)
}

pub fn attach_churn(tracer: &Tracer) -> Verdict {
    churn(tracer, 16, 12)
}

/// After any number of visits all threads still count and none is stopped.
pub fn churn(tracer: &Tracer, threads: usize, cycles: u64) -> Verdict {
    let room = Room::new();
    let (mut guest, pid) = start_waiting(&room, &format!("attach_churn {threads}"))?;
    let file = room.beside("trace.jsonl");
    let mut calls = 0;
    for cycle in 0..cycles {
        let running = attach(&room, tracer, pid, &file)?;
        std::thread::sleep(Duration::from_micros(cycle * 1777 % 20_000));
        let signal = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP][(cycle % 3) as usize];
        processes::kill(running.pid(), signal);
        let outcome = running.finish_within(Duration::from_secs(5))?;
        ensure!(outcome.code() == 128 + signal, "detached and ended by the signal {signal}: {}", outcome.status);
        let trace = Trace::read(&file)?;
        ensure!(trace.end["summary"]["ended"] == "detached", "the trace says how it ended: {}", trace.end);
        calls += trace.count("getppid");
        let held: Vec<_> =
            processes::tasks(pid).into_iter().filter(|(_, _, state)| matches!(state, 't' | 'T')).collect();
        ensure!(held.is_empty(), "after cycle {cycle} tasks stand still: {held:?}");
        guest.tell(b"?")?;
    }
    let outcome = guest.finish()?;
    ensure!(outcome.code() == 0, "the guest is not well: {}", outcome.shown());
    let answers = outcome.text().matches("all still count").count();
    ensure!(answers as u64 == cycles, "all threads counted {answers} of {cycles} times");
    ensure!(calls > 0, "not a single call was recorded in {cycles} cycles");
    Ok(())
}

/// kill -9 of the tracer: without a filter the target lives on as if nothing had been.
pub fn orphaned_by_tracer(tracer: &Tracer) -> Verdict {
    orphaned(tracer, 5)
}

pub fn orphaned(tracer: &Tracer, times: u64) -> Verdict {
    for time in 0..times {
        let room = Room::new();
        let file = room.beside("trace.jsonl");
        let options = ["-f".as_ref(), "--format".as_ref(), "jsonl".as_ref(), "-o".as_ref(), file.as_os_str()];
        let mut command = room.traced_command(tracer, &options, &call_guest("orphaned_by_tracer 4"));
        command.stdin(Stdio::piped());
        let mut running = room.start(command)?;
        let traced = || room.number_in("pid").is_some_and(|pid| processes::tracer_of(pid) != 0);
        ensure!(processes::until(Duration::from_secs(10), traced), "the guest is not traced");
        let pid = room.number_in("pid").unwrap_or_default();
        std::thread::sleep(Duration::from_micros(time * 7919 % 50_000));
        let input = running.child.stdin.take();
        processes::kill(processes::tracer_of(pid), libc::SIGKILL);
        let free = || room.left().iter().all(|process| !process.is_held());
        ensure!(processes::until(Duration::from_secs(3), free), "tasks stand still: {:?}", room.left());
        ensure!(!processes::tasks(pid).is_empty(), "the target died with its tracer");
        drop(input);
        let outcome = running.finish()?;
        ensure!(outcome.text().ends_with("4 children counted to the end\n"), "the guest: {}", outcome.shown());
        room.is_empty()?;
        let trace = Trace::read(&file);
        ensure!(trace.as_ref().map_or(true, |trace| trace.end.is_null()), "a killed tracer writes no end: {trace:?}");
    }
    Ok(())
}

/// With a filter nobody could answer its stops: the target must die with its tracer.
pub fn orphaned_by_tracer_with_filter(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let file = room.beside("trace.jsonl");
    let options = ["-f", "-e", "trace=getppid", "--format", "jsonl", "-o"].map(std::ffi::OsStr::new);
    let options: Vec<_> = options.into_iter().chain([file.as_os_str()]).collect();
    let mut command = room.traced_command(tracer, &options, &call_guest("orphaned_by_tracer 4"));
    command.stdin(Stdio::piped());
    let running = room.start(command)?;
    let traced = || room.number_in("pid").is_some_and(|pid| processes::tracer_of(pid) != 0);
    ensure!(processes::until(Duration::from_secs(10), traced), "the guest is not traced");
    let pid = room.number_in("pid").unwrap_or_default();
    processes::kill(processes::tracer_of(pid), libc::SIGKILL);
    room.is_empty()?;
    let outcome = running.finish()?;
    ensure!(outcome.code() != 0, "the tracer's death is told: {}", outcome.status);
    Ok(())
}

/// Attached in the middle of calls: each entry keeps its own exit.
pub fn parity(tracer: &Tracer) -> Verdict {
    pairs(tracer, 24)
}

pub fn pairs(tracer: &Tracer, threads: usize) -> Verdict {
    let room = Room::new();
    let (mut guest, pid) = start_waiting(&room, &format!("parity {threads}"))?;
    let file = room.beside("trace.jsonl");
    let running = attach(&room, tracer, pid, &file)?;
    // Held is not yet let go: the calls are entered again when every task has been asleep for a while.
    let mut asleep = 0;
    let settled = processes::until(Duration::from_secs(10), || {
        asleep = if processes::tasks(pid).iter().all(|(_, _, state)| *state == 'S') { asleep + 1 } else { 0 };
        asleep == 10
    });
    ensure!(settled, "not all tasks sleep again: {:?}", processes::tasks(pid));
    guest.tell(b"!")?;
    let outcome = guest.finish()?;
    ensure!(outcome.code() == 0, "the guest is not well: {}", outcome.shown());
    let ended = running.finish()?;
    ensure!(ended.code() == 0, "the attached process has ended: {}{:?}", ended.status, ended.notes);
    let trace = Trace::read(&file)?;
    trace.is_complete()?;
    let table = std::fs::read_to_string(room.work().join("tids"))?;
    let index_of: BTreeMap<i64, i64> = table
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(index, tid)| Some((tid.parse().ok()?, index.parse().ok()?)))
        .collect();
    ensure!(index_of.len() == threads, "{threads} threads: {table}");
    for (tid, index) in index_of {
        let own = || trace.calls.iter().filter(move |call| call.tid == tid);
        // An attached task enters its interrupted call again, so most are seen from their entry.
        let first = own().next().map_or("nothing", |call| &*call.name);
        let expected: &[&str] = [&["read"][..], &["poll", "restart_syscall"], &["futex"]][(index % 3) as usize];
        ensure!(expected.contains(&first), "thread {index} was inside {expected:?} when we came, recorded {first}");
        let results: Vec<i64> = own().filter(|call| &*call.name == "write").map(|call| call.result).collect();
        ensure!(results == [index + 1; 10], "thread {index} wrote {} bytes ten times, recorded {results:?}", index + 1);
        let asked =
            own().filter(|call| &*call.name == "write").all(|call| call.args.get(2) == Some(&(index + 1).to_string()));
        ensure!(asked, "the size that thread {index} asked for");
    }
    Ok(())
}
