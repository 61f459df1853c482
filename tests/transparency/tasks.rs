//! Births, deaths, and what tasks become.

use super::{transparent, transparent_with};
use crate::harness::{Failure, Room, Tracer, Verdict, call_guest, ensure, processes};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::time::Duration;

pub fn job_control(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "job_control 1 4")?;
    trace.holds("kill", 10)?;
    for signal in ["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"] {
        let stops = trace.of_kind("stopped").filter(|event| event["signal"] == signal).count();
        ensure!(stops >= 1, "no stop by {signal} is recorded; {}", trace.summary());
    }
    let sent = trace.named("kill").filter(|call| call.args.get(1).is_some_and(|signal| signal == "SIGCONT")).count();
    ensure!(sent == 4, "SIGCONT was sent 4 times, {sent} are recorded");
    Ok(())
}

pub fn early_child(tracer: &Tracer) -> Verdict {
    births_equal_deaths(tracer, 8, 50)
}

pub fn births_equal_deaths(tracer: &Tracer, parents: usize, rounds: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("early_child {parents} {rounds}"))?;
    let born = parents * rounds + parents;
    trace.tells("born", born)?;
    trace.tells("exit", born + 1)
}

pub fn exec_from_worker(tracer: &Tracer) -> Verdict {
    execs_from_workers(tracer, 8, 16)
}

pub fn execs_from_workers(tracer: &Tracer, threads: usize, rounds: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("exec_from_worker {threads} {rounds}"))?;
    let by_others = trace.of_kind("exec").filter(|event| event["old_tid"] != event["tid"]).count();
    ensure!(by_others == rounds, "{rounds} execs by workers, {by_others} recorded; {}", trace.summary());
    let started = trace.named("execve").filter(|call| call.result == 0 || !call.returned()).count();
    ensure!(started == rounds + 1, "{} programs were started, {started} recorded", rounds + 1);
    let leaders: BTreeSet<i64> = trace.of_kind("exec").filter_map(|event| event["tid"].as_i64()).collect();
    ensure!(leaders.len() == 1, "all execs happen in one process, recorded for {leaders:?}");
    Ok(())
}

pub fn spawn_storm(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "spawn_storm 8 10")?;
    let programs = trace.named("execve").filter(|call| call.result == 0 && call.returned()).count();
    ensure!(programs == 81, "80 programs and the guest were started, {programs} recorded; {}", trace.summary());
    // The guest, its 8 threads, and the programs.
    trace.tells("exit", 1 + 8 + 80)
}

/// The tracer is told to end while parents wait in the kernel for their children's exec.
pub fn spawn_storm_interrupted(tracer: &Tracer) -> Verdict {
    interrupt_storms(tracer, 6)
}

pub fn interrupt_storms(tracer: &Tracer, times: u64) -> Verdict {
    for time in 0..times {
        let room = Room::new();
        let file = room.beside("trace.jsonl");
        let options = ["-f".as_ref(), "--format".as_ref(), "jsonl".as_ref(), "-o".as_ref(), file.as_os_str()];
        let mut running = room.start(room.traced_command(tracer, &options, &call_guest("spawn_storm 8 0")))?;
        // A launched target shares our fate by SIGTERM: the first is handed on, the second kills.
        std::thread::sleep(Duration::from_millis(30 + time * 37 % 200));
        ensure!(!running.has_ended(), "an endless storm has ended: {}", running.finish()?.shown());
        let storms = room.left().into_iter().any(|process| processes::tracer_of(process.pid) != 0);
        processes::kill(running.pid(), libc::SIGTERM);
        processes::kill(running.pid(), libc::SIGTERM);
        let outcome = running.finish_within(Duration::from_secs(2))?;
        ensure!(storms, "nothing was traced");
        let ends = [128 + libc::SIGTERM, 128 + libc::SIGKILL];
        ensure!(ends.contains(&outcome.code()), "the end is not that of the guest: {}", outcome.shown());
        room.is_empty()?;
    }
    Ok(())
}

pub fn clone_flavours(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let argv = call_guest("clone_flavours");
    let native = room.native(&argv)?;
    ensure!(native.code() == 0, "the guest fails natively: {}", native.shown());
    let (outcome, trace) = room.traced(tracer, &argv)?;
    outcome.same_as(&native)?;
    trace.is_complete()?;
    let born: BTreeSet<i64> = trace.of_kind("born").filter_map(|event| event["tid"].as_i64()).collect();
    let tids = std::fs::read_to_string(room.work().join("tids"))?;
    ensure!(tids.lines().count() == 7, "seven children tell their ids: {tids}");
    for line in tids.lines() {
        let (flavour, tid) = line.split_once(' ').unwrap_or_default();
        let escaped = flavour.ends_with("untraced");
        let known = tid.parse().is_ok_and(|tid| born.contains(&tid));
        ensure!(known || escaped, "the birth of {flavour} {tid} is not recorded; {}", trace.summary());
    }
    let unseen = &trace.recording()["unseen"];
    ensure!(
        unseen.as_array().is_some_and(|list| !list.is_empty()),
        "children escape by CLONE_UNTRACED, unseen: {unseen}"
    );
    Ok(())
}

pub fn murdered_children(tracer: &Tracer) -> Verdict {
    murders(tracer, 16, 100)
}

pub fn murders(tracer: &Tracer, tasks: usize, kills: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("murdered_children {tasks} {kills}"))?;
    let leaders = |event: &&serde_json::Value| event["pid"] == event["tid"];
    let processes = trace.of_kind("exit").filter(|event| event["signal"] == "SIGKILL").filter(leaders).count();
    let expected = tasks + kills;
    ensure!(processes == expected, "{expected} processes were killed, {processes} recorded");
    trace.holds("kill", expected)
}

pub fn killed_while_leaving(tracer: &Tracer) -> Verdict {
    leave_and_die(tracer, 100)
}

pub fn leave_and_die(tracer: &Tracer, rounds: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("killed_while_leaving {rounds}"))?;
    let dead = trace.of_kind("exit").filter(|event| event["pid"] == event["tid"]).count();
    ensure!(dead == rounds + 1, "{} processes ended, {dead} recorded", rounds + 1);
    trace.holds("kill", rounds)
}

pub fn leader_leaves(tracer: &Tracer) -> Verdict {
    let (outcome, trace) = transparent(tracer, "leader_leaves 100")?;
    ensure!(outcome.code() == 7, "ended with {}", outcome.code());
    trace.holds("getppid", 150)?;
    trace.tells("exit", 4)?;
    ensure!(trace.end["summary"]["exit_code"] == 7, "the summary says {}", trace.end["summary"]);
    Ok(())
}

pub fn all_leave_at_once(tracer: &Tracer) -> Verdict {
    leave_together(tracer, 50, 5)
}

pub fn leave_together(tracer: &Tracer, threads: usize, rounds: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("all_leave_at_once {threads} {rounds}"))?;
    trace.tells("born", rounds * (threads + 1))?;
    trace.tells("exit", rounds * (threads + 1) + 1)?;
    let ended_all = trace.named("exit_group").filter(|call| call.args == ["9"]).count();
    ensure!(ended_all == rounds, "{rounds} exit_group(9), {ended_all} recorded");
    let waiting = trace.named("read").filter(|call| !call.returned()).count();
    ensure!(waiting > 0, "calls that never returned must be recorded as such; {}", trace.summary());
    Ok(())
}

pub fn ten_thousand(tracer: &Tracer) -> Verdict {
    alive_together(tracer, 500)
}

pub fn alive_together(tracer: &Tracer, threads: usize) -> Verdict {
    let (_, trace) = transparent(tracer, &format!("ten_thousand {threads}"))?;
    trace.tells("born", threads)?;
    trace.tells("exit", threads + 1)?;
    trace.holds("getppid", 3 * threads)
}

/// So many tasks at a time take so little of the tracer's memory.
pub fn alive_in_little_memory(tracer: &Tracer, threads: usize, most_kib: u64) -> Verdict {
    let words = format!("ten_thousand {threads}");
    let peak = counted_in_little_memory(tracer, &["-f", "-c"], &words, 3 * threads as u64)?;
    ensure!(peak < most_kib, "{threads} tasks: {peak} KiB");
    Ok(())
}

/// A run of any length takes no more memory than a short one.
pub fn counted_in_flat_memory(tracer: &Tracer, options: &[&str], calls: usize, most_kib: u64) -> Verdict {
    let peak = counted_in_little_memory(tracer, options, &format!("many_calls 3 8 {calls}"), 24 * calls as u64)?;
    ensure!(peak < most_kib, "{calls} calls by each of 24 threads: {peak} KiB");
    Ok(())
}

/// Runs a guest that makes so many getppid, and looks for just them in the table of what was written. Gives the
/// most memory that the tracer had, KiB.
fn counted_in_little_memory(tracer: &Tracer, options: &[&str], words: &str, calls: u64) -> Result<u64, Failure> {
    let room = Room::new();
    let file = room.beside("written");
    let options: Vec<&OsStr> = options.iter().map(OsStr::new).chain(["-o".as_ref(), file.as_os_str()]).collect();
    let running = room.start(room.traced_command(tracer, &options, &call_guest(words)))?;
    let (outcome, peak) = running.finish_measured()?;
    ensure!(outcome.code() == 0, "{}{:?}", outcome.shown(), outcome.notes);
    let table = if options[0] == "record" {
        let mut report = room.command(tracer.program());
        report.arg("report").arg("-c").arg(&file);
        let (shown, of_report) = room.start(report)?.finish_measured()?;
        println!("{words}: the recording has {} bytes, its report took {of_report} KiB", file.metadata()?.len());
        ensure!(shown.code() == 0 && shown.notes.is_empty(), "{}{:?}", shown.shown(), shown.notes);
        shown.text() + &String::from_utf8_lossy(&shown.stderr)
    } else {
        std::fs::read_to_string(&file)?
    };
    println!("{words} took {:.1} s and {peak} KiB", outcome.took.as_secs_f64());
    let row = table.lines().find(|line| line.ends_with(" getppid")).unwrap_or("no row of getppid");
    let counted = row.split_whitespace().nth(3).and_then(|word| word.parse().ok());
    ensure!(counted == Some(calls), "{calls} calls were made, counted: {row}");
    Ok(peak)
}

pub fn many_calls(tracer: &Tracer) -> Verdict {
    counted(tracer, 3, 8, 1000)
}

/// Every call counted, and with a filter nothing else.
pub fn counted(tracer: &Tracer, processes: usize, threads: usize, calls: usize) -> Verdict {
    let words = format!("many_calls {processes} {threads} {calls}");
    let (_, trace) = transparent(tracer, &words)?;
    trace.holds("getppid", processes * threads * calls)?;
    let (_, trace) = transparent_with(tracer, &["-f", "-e", "trace=getppid"], &words)?;
    trace.holds("getppid", processes * threads * calls)?;
    ensure!(trace.calls.len() == trace.count("getppid"), "calls that nobody asked for: {}", trace.summary());
    Ok(())
}

pub fn nested_pids(tracer: &Tracer) -> Verdict {
    let (_, trace) = transparent(tracer, "nested_pids")?;
    let inner: Vec<_> = trace.named("getpid").filter(|call| call.result == 1).collect();
    ensure!(!inner.is_empty(), "a process is number 1 inside; {}", trace.summary());
    ensure!(inner.iter().all(|call| call.tid > 2), "its number outside is another: {inner:?}");
    trace.tells("born", 3)
}
