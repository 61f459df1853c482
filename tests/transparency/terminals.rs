//! Programs on a terminal: it belongs to them.

use crate::harness::terminal::Terminal;
use crate::harness::{Failure, Room, Trace, Tracer, Verdict, call_guest, ensure};
use std::ffi::OsStr;
use std::process::{Command, ExitStatus};

/// The same session at the keyboard, natively and traced.
fn both(
    tracer: &Tracer,
    words: &str,
    session: impl Fn(&mut Terminal) -> Verdict,
) -> Result<(ExitStatus, String, Trace), Failure> {
    let room = Room::new();
    let argv = call_guest(words);
    let file = room.beside("trace.jsonl");
    let options = ["-f", "--format", "jsonl", "-o"].map(OsStr::new).into_iter().chain([file.as_os_str()]);
    let traced = room.traced_command(tracer, &options.collect::<Vec<_>>(), &argv);
    let mut native = room.command(&argv[0]);
    native.args(&argv[1..]);
    let sit = |command: Command| {
        let mut terminal = Terminal::start(command)?;
        session(&mut terminal)?;
        let (status, shown) = terminal.finish()?;
        // A key that makes a signal also empties the queues: its echo may or may not be seen.
        Ok::<_, Failure>((status, shown.replace("^C", "").replace("^\\", "")))
    };
    let (status, shown) = sit(traced)?;
    room.is_empty()?;
    let alone = sit(native)?;
    ensure!((status, &shown) == (alone.0, &alone.1), "natively {alone:?}, traced {:?}", (status, &shown));
    let trace = Trace::read(&file)?;
    trace.is_complete()?;
    Ok((status, shown, trace))
}

pub fn terminal_owner(tracer: &Tracer) -> Verdict {
    let (status, shown, trace) = both(tracer, "terminal_owner", |terminal| {
        terminal.await_text("size?")?;
        terminal.resize(33, 101)?;
        terminal.await_text("line?")?;
        terminal.press(b"typed words\n")
    })?;
    ensure!(status.success(), "the guest ends well: {status}, {shown}");
    for line in [
        "foreground: yes",
        "stopped by signal 21",
        "lent: foreground yes",
        "1 change, 33 rows, 101 columns",
        "read \"typed words",
    ] {
        ensure!(shown.contains(line), "{line:?} is not shown: {shown}");
    }
    let changes = trace.of_kind("signal").filter(|event| event["signal"] == "SIGWINCH").count();
    ensure!(changes >= 1, "the change of size is recorded; {}", trace.summary());
    Ok(())
}

/// The whole line: a key that sends a signal throws away what the terminal has not shown yet
/// (termios(3), NOFLSH).
const KEYS: &str = "keys?\r\n";

/// One key, one signal: the tracer sits in the same group and must not hand on what came anyway.
pub fn ctrl_c(tracer: &Tracer) -> Verdict {
    let (status, shown, trace) = both(tracer, "ctrl_c", |terminal| {
        terminal.await_text(KEYS)?;
        terminal.press(b"\x03")?;
        terminal.await_text("interrupted\r\n")?;
        terminal.press(b"\x1c")
    })?;
    ensure!(status.code() == Some(6), "the guest decides how it ends: {status}");
    ensure!(shown.contains("SIGINT 1, SIGQUIT 1, not from the terminal 0"), "exactly one of each: {shown}");
    let interrupts = trace.of_kind("signal").filter(|event| event["signal"] == "SIGINT").count();
    ensure!(interrupts == 1, "one SIGINT, {interrupts} recorded");
    Ok(())
}

pub fn ctrl_c_without_handler(tracer: &Tracer) -> Verdict {
    use std::os::unix::process::ExitStatusExt;
    let (status, _, trace) = both(tracer, "ctrl_c default", |terminal| {
        terminal.await_text(KEYS)?;
        terminal.press(b"\x03")
    })?;
    ensure!(status.signal() == Some(libc::SIGINT), "died by SIGINT: {status}");
    trace.tells("exit", 1)
}
