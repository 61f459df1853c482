//! Outputs that take no more: the target goes on, and the user is told once.

use crate::harness::{Failure, Outcome, Room, Tracer, Verdict, call_guest, ensure, is_root, processes, skip};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs the writer with its trace to `file`.
fn write_to(room: &Room, tracer: &Tracer, file: &Path, words: &str) -> Result<Outcome, Failure> {
    room.sweep();
    let options = ["-f", "--format", "jsonl", "-o"].map(OsStr::new).into_iter().chain([file.as_os_str()]);
    room.finish(room.traced_command(tracer, &options.collect::<Vec<_>>(), &call_guest(words)))
}

/// The target is as it was alone; we end with 125 and one message, which names its status.
fn told_once(outcome: &Outcome, room: &Room, words: &str, path: &Path) -> Verdict {
    ensure!(outcome.code() == 125, "the output failed: 125, not {}; notes {:?}", outcome.status, outcome.notes);
    let messages: Vec<_> = outcome.notes.iter().filter(|note| note.starts_with("chic-trace: ")).collect();
    ensure!(messages.len() == 1, "one message: {:?}", outcome.notes);
    let all = outcome.notes.join("\n");
    ensure!(all.contains(&*path.to_string_lossy()), "the message names {}: {all}", path.display());
    ensure!(all.contains('3'), "the message names the target's own status 3: {all}");
    let native = room.native(&call_guest(words))?;
    ensure!(
        outcome.stdout == native.stdout && outcome.stderr == native.stderr,
        "the target's output: {}",
        outcome.shown()
    );
    Ok(())
}

pub fn full_device(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let path = Path::new("/dev/full");
    told_once(&write_to(&room, tracer, path, "full_disk 2000")?, &room, "full_disk 2000", path)
}

pub fn full_file_system(tracer: &Tracer) -> Verdict {
    if !is_root() {
        skip!("mounting a small file system needs root");
    }
    let room = Room::new();
    let small = room.beside("small");
    std::fs::create_dir(&small)?;
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&small).status();
    if !mounted.is_ok_and(|status| status.success()) {
        skip!("no file system can be mounted here");
    }
    let path = small.join("trace.jsonl");
    let result = write_to(&room, tracer, &path, "full_disk 20000");
    let kept = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let _ = Command::new("umount").arg("-l").arg(&small).status();
    told_once(&result?, &room, "full_disk 20000", &path)?;
    ensure!(kept > 500_000, "what fitted is kept, {kept} bytes are");
    Ok(())
}

/// RLIMIT_FSIZE of the tracer alone, lowered while the target waits.
pub fn limited_file_size(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let path = room.beside("trace.jsonl");
    let options = ["-f", "--format", "jsonl", "-o"].map(OsStr::new).into_iter().chain([path.as_os_str()]);
    let words = "full_disk 20000 wait";
    let mut command = room.traced_command(tracer, &options.collect::<Vec<_>>(), &call_guest(words));
    command.stdin(Stdio::piped());
    let running = room.start(command)?;
    let ready = || room.number_in("pid").is_some_and(|pid| processes::tracer_of(pid) != 0);
    ensure!(processes::until(Duration::from_secs(10), ready), "the guest is not traced");
    let limit = libc::rlimit { rlim_cur: 100_000, rlim_max: 100_000 };
    let held_by = processes::tracer_of(room.number_in("pid").unwrap_or_default());
    // SAFETY: the limit outlives the call; the old one is not asked for.
    let lowered = unsafe { libc::prlimit(held_by, libc::RLIMIT_FSIZE, &limit, std::ptr::null_mut()) };
    ensure!(lowered == 0, "the limit of the tracer can be lowered: {}", std::io::Error::last_os_error());
    let outcome = running.finish()?;
    told_once(&outcome, &room, words, &path)
}

/// The reader of our stdout goes away: quiet, 141, after the target has ended.
pub fn closed_pipe(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let script = "\"$0\" -f --format jsonl -- \"$1\" full_disk 20000; echo \"ended with $?\" >&2";
    let mut command = room.command("sh");
    command.arg("-c").arg(format!("{{ {script}; }} | head -1"));
    command.arg(tracer.program()).arg(crate::harness::guest());
    let outcome = room.finish(command)?;
    let first = outcome.text();
    ensure!(first.lines().count() == 1 && first.contains("renacer-json-v1"), "one line of the document: {first:?}");
    let told = String::from_utf8_lossy(&outcome.stderr).into_owned();
    ensure!(told.contains("ended with 141"), "ended by SIGPIPE: {told}");
    ensure!(outcome.notes.is_empty(), "nothing is said: {:?}", outcome.notes);
    // The document is on stdout, so the target speaks on stderr: to its end.
    ensure!(told.contains("20000 calls made"), "the target went on to its end: {told}");
    Ok(())
}

/// A command that takes our output is a child of ours, but no target.
pub fn helper_child(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let file = room.beside("through-cat");
    let argv = call_guest("early_child 2 20");
    let pipe = format!("|cat > {}", file.display());
    let options = ["-f", "--format", "jsonl", "-o", &pipe].map(OsStr::new);
    let outcome = room.finish(room.traced_command(tracer, &options, &argv))?;
    let trace = crate::harness::Trace::read(&file)?;
    outcome.same_as(&room.native(&argv)?)?;
    trace.is_complete()?;
    trace.tells("exit", 43)?;
    ensure!(trace.named("execve").count() == 1, "the helper is no target; {}", trace.summary());
    // A helper that ends early: the target goes on, and we say so.
    let options = ["-f", "--format", "jsonl", "-o", "|true"].map(OsStr::new);
    let outcome = room.finish(room.traced_command(tracer, &options, &call_guest("full_disk 20000")))?;
    ensure!(outcome.code() == 125, "what was asked for could not be written: 125, not {}", outcome.status);
    ensure!(outcome.text().ends_with("20000 calls made\n"), "the target went on: {}", outcome.shown());
    Ok(())
}

/// The tracer is killed while it writes, and the file is cut: what is whole reads back.
pub fn cut_short(tracer: &Tracer) -> Verdict {
    let room = Room::new();
    let file = room.beside("run.ctrace");
    let mut command = room.command(tracer.program());
    command.args(["record", "-o"]).arg(&file).arg("--").args(call_guest("cut_short 0"));
    let mut running = room.start(command)?;
    let large = || std::fs::metadata(&file).is_ok_and(|metadata| metadata.len() > 600_000);
    ensure!(processes::until(Duration::from_secs(20), large), "the recording does not grow");
    ensure!(!running.has_ended(), "an endless guest has ended");
    let pid = room.number_in("pid").unwrap_or_default();
    processes::kill(processes::tracer_of(pid), libc::SIGKILL);
    processes::kill(running.pid(), libc::SIGKILL);
    let alive = processes::until(Duration::from_secs(2), || processes::tracer_of(pid) == 0);
    ensure!(alive, "the guest is still held");
    processes::kill(pid, libc::SIGKILL);
    running.finish()?;
    let bytes = std::fs::read(&file)?;
    let whole = calls_read_back(&room, tracer, &file)?;
    ensure!(whole >= 1000, "a killed tracer leaves what it had written, {whole} calls read back");
    // Cut at many places: never an error, never more calls.
    for cut in (0..12).map(|part| bytes.len() - 1 - part * bytes.len() / 30) {
        std::fs::write(&file, &bytes[..cut])?;
        let left = calls_read_back(&room, tracer, &file)?;
        ensure!(left <= whole && left > 0, "{left} of {whole} calls read back from {cut} bytes");
    }
    Ok(())
}

/// Prints the recording: 0, a note that it is not complete, and so many calls.
fn calls_read_back(room: &Room, tracer: &Tracer, file: &Path) -> Result<usize, Failure> {
    let mut command = room.command(tracer.program());
    command.arg("report").arg(file).args(["--format", "jsonl"]);
    let outcome = room.finish(command)?;
    ensure!(outcome.code() == 0, "a cut recording can be printed: {}{:?}", outcome.status, outcome.notes);
    let notes = outcome.notes.join("\n");
    ensure!(notes.contains("incomplete"), "it is said to be incomplete: {notes:?}");
    let trace = crate::harness::Trace::parse(&outcome.stdout)?;
    Ok(trace.count("getppid"))
}
