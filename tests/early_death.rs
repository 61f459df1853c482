//! A tracer that is killed at any of its calls leaves its output whole, as it was, or not there at all.
//!
//! strace kills it, at the entry of the Nth call of each name, for every N there is.

mod harness;
mod programs;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::processes;
use programs::{can_trace, chic_trace, output, room};

/// The calls by which files come to be, those around them, and the one that comes last whatever else varies.
const CALLS: &[&str] =
    &["openat", "linkat", "rename", "unlink", "write", "flock", "fchmod", "ftruncate", "close", "exit_group"];
/// No run of ours makes so many calls of one name.
const ENOUGH: u32 = 400;

/// Runs our command, killed at this call; was it? Its program must end all the same.
fn killed_at(dir: &Path, words: &[&str], call: &str, nth: u32) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let mut strace = Command::new("strace");
    strace.current_dir(dir).args(["-qq", "-o", "/dev/null", "-e", &inject]).arg(chic_trace().get_program());
    strace.args(words).env("KILLED_IN", dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = strace.status().expect("it starts");
    let left = || processes::with_environment(&format!("KILLED_IN={}", dir.display()));
    let ended = processes::until(Duration::from_secs(10), || left().is_empty());
    let others = left();
    for process in &others {
        processes::kill(process.pid, libc::SIGKILL);
    }
    assert!(ended, "{words:?} killed at {call} {nth} leaves {others:?}");
    match std::os::unix::process::ExitStatusExt::signal(&status) {
        Some(9) => true,
        _ if status.success() => false,
        _ => panic!("killed at {call} {nth}: {status}"),
    }
}

fn has_strace() -> bool {
    let has = Command::new("strace").arg("-V").output().is_ok_and(|run| run.status.success());
    if !has {
        println!("skipped: no strace here");
    }
    has
}

fn names(dir: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("text");
    let mut names: Vec<String> = fs::read_dir(dir).expect("a directory").flatten().map(name).collect();
    names.sort();
    names
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89CTR") || bytes.starts_with(b"{") && bytes.ends_with(b"}\n")
}

/// Kills it at each call in turn; `see` looks at what is left. How often was it killed?
fn kill_everywhere(words: &[&str], before: Option<&[u8]>, mut see: impl FnMut(&Path, &str, u32)) -> u32 {
    let mut kills = 0;
    for call in CALLS {
        for nth in 1..ENOUGH {
            let room = room();
            if let Some(bytes) = before {
                fs::write(room.path().join("out"), bytes).expect("written");
            }
            if !killed_at(room.path(), words, call, nth) {
                break;
            }
            kills += 1;
            see(room.path(), call, nth);
        }
    }
    kills
}

const FORMS: &[&[&str]] =
    &[&["record", "-o", "out", "true"], &["--format", "json", "-o", "out", "true"], &["-q", "--keep", "out", "true"]];

#[test]
fn a_new_output_is_there_or_not() {
    if !can_trace() || !has_strace() {
        return;
    }
    for words in FORMS {
        let mut there = 0;
        let kills = kill_everywhere(words, None, |dir, call, nth| match names(dir).as_slice() {
            [] => {}
            [name] if name == "out" => {
                there += 1;
                let bytes = fs::read(dir.join("out")).expect("read");
                assert!(is_whole(&bytes), "{words:?} killed at {call} {nth} leaves {} bytes", bytes.len());
            }
            others => panic!("{words:?} killed at {call} {nth} leaves {others:?}"),
        });
        assert!(kills > 20 && there > 0, "{words:?}: killed {kills} times, there {there} times");
    }
}

#[test]
fn an_output_that_was_there_stands_or_is_replaced() {
    if !can_trace() || !has_strace() {
        return;
    }
    for words in FORMS {
        let mut left = 0;
        let kills = kill_everywhere(words, Some(b"precious"), |dir, call, nth| {
            let bytes = fs::read(dir.join("out")).expect("it is there");
            assert!(bytes == b"precious" || is_whole(&bytes), "{words:?} killed at {call} {nth}");
            let others: Vec<String> = names(dir).into_iter().filter(|name| name != "out").collect();
            if others == [".out.chic-trace"] && bytes == b"precious" {
                // Between its two names. The next one clears it away.
                left += 1;
                assert!(output(chic_trace().current_dir(dir).args(*words)).status.success());
                assert_eq!(names(dir), ["out"], "{words:?} after a kill at {call} {nth}");
            } else {
                assert!(others.is_empty(), "{words:?} killed at {call} {nth} leaves {others:?}");
            }
        });
        assert!(kills > 20 && left <= 1, "{words:?}: killed {kills} times, left {left} times");
    }
}
