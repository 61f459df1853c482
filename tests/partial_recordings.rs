//! Recordings that end before their runs: what is there is compared, what is missing is no difference.

mod programs;

use std::fs;
use std::path::Path;

use programs::{can_trace, chic_trace, output, room, text};

/// Several processes, pipes, a name that changes, enough calls for several blocks.
const SCRIPT: &str = "echo one > a; ls /usr/lib | sort | tail -n 3; (echo x; echo y) | cat; mv a b; \
                      for i in 1 2 3 4 5 6; do cat b; done; rm b; echo done";

fn store(dir: &Path, file: &str, script: &str) -> Vec<u8> {
    let mut record = chic_trace();
    let out = fs::File::create(dir.join("printed")).expect("a file");
    record.args(["record", "--golden", "-o", file, "--", "sh", "-c", script]).current_dir(dir);
    let status = record.stdin(std::process::Stdio::null()).stdout(out).status();
    assert!(status.is_ok_and(|status| status.success()), "{file}");
    fs::read(dir.join(file)).expect("a recording")
}

fn compare(dir: &Path, level: &str, [a, b]: [&str; 2]) -> (Option<i32>, String) {
    let run = output(chic_trace().args(["compare", "--level", level, a, b]).current_dir(dir));
    (run.status.code(), text(&run.stdout) + &text(&run.stderr))
}

/// Wherever a recording is cut, it is not the same as the whole one, and never different.
#[test]
fn what_is_missing_is_no_difference() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let whole = store(dir, "whole", SCRIPT);
    let mut told = 0;
    // Most calls are in the first part; then come states of files.
    for part in [1, 2, 3, 4, 5, 6, 8, 10, 20, 40, 60, 90, 99] {
        fs::write(dir.join("cut"), &whole[..whole.len() * part / 100]).expect("written");
        for level in ["outcome", "protocol", "exact"] {
            for files in [["whole", "cut"], ["cut", "whole"], ["cut", "cut"]] {
                let (code, says) = compare(dir, level, files);
                assert_eq!(code, Some(4), "{part} % at {level}, {files:?}: {says}");
                told += usize::from(says.contains(": not measured: the recording has no end: incomplete at byte "));
            }
        }
    }
    assert!(told > 50, "{told} were compared at all");
}

/// What is there and should not be is a difference, however little follows.
#[test]
fn what_is_there_is_compared() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let script = |word: &str, listed: &str| {
        format!("{}; echo {word}; cat {listed}; for i in 1 2 3 4 5 6 7 8; do cat /etc/passwd; done", ": > c")
    };
    store(dir, "before", &script("hello", "/etc/passwd"));
    let after = store(dir, "after", &script("hullo", "/etc/hostname"));
    fs::write(dir.join("cut"), &after[..after.len() / 2]).expect("written");
    for (files, sentences) in [
        (["before", "cut"], ["line 1: `hello` -> `hullo`", "/etc/hostname"]),
        (["cut", "before"], ["line 1: `hullo` -> `hello`", "/etc/hostname"]),
    ] {
        for level in ["outcome", "protocol"] {
            let (code, says) = compare(dir, level, files);
            assert_eq!(code, Some(1), "{level}, {files:?}: {says}");
            assert!(says.contains("compared as far as it was recorded: the recording has no end: "), "{says}");
            for sentence in sentences {
                assert!(says.contains(sentence), "{level}, {files:?}: {sentence}: {says}");
            }
            assert!(!says.contains("proc.exit") && !says.contains("file.gone"), "{says}");
        }
    }
}

/// Also of a recording that a limit cut.
#[test]
fn a_limit_is_no_difference() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    store(dir, "whole", SCRIPT);
    let limited = ["record", "--golden", "--max-events", "200", "-o", "limited", "--", "sh", "-c", SCRIPT];
    let out = fs::File::create(dir.join("printed")).expect("a file");
    let run = chic_trace().args(limited).current_dir(dir).stdin(std::process::Stdio::null()).stdout(out).output();
    assert!(run.is_ok());
    for files in [["whole", "limited"], ["limited", "whole"]] {
        let (code, says) = compare(dir, "protocol", files);
        assert_eq!(code, Some(4), "{files:?}: {says}");
        assert!(says.contains("not measured: a limit cut the recording"), "{files:?}: {says}");
    }
}

/// Nor is a part of an output in which something varies from run to run.
#[test]
fn a_part_of_what_varies_is_no_difference() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    // What was written for a second is stored.
    let script = "cat /proc/sys/kernel/random/uuid; echo fixed; sleep 1.2; echo end";
    let words = ["golden", "record", "q", "--fixture", "-", "--runs", "3", "--vary", "none", "--level", "outcome"];
    let record = output(chic_trace().args(words).args(["--", "sh", "-c", script]).current_dir(dir));
    assert!(record.status.success() && text(&record.stdout).contains("1 masked"), "{}", text(&record.stderr));
    let whole = store(dir, "run", script);
    let blocks: Vec<usize> = (0..whole.len()).filter(|at| whole[*at..].starts_with(b"CBLK")).collect();
    let mut told = 0;
    for at in blocks.iter().skip(3) {
        fs::write(dir.join("cut"), &whole[..*at]).expect("written");
        let run = output(chic_trace().args(["golden", "check", "q", "--recording", "cut"]).current_dir(dir));
        let says = text(&run.stdout) + &text(&run.stderr);
        assert_eq!(run.status.code(), Some(4), "{at}: {says}");
        told += usize::from(says.contains("q: not measured: the recording has no end: "));
    }
    assert!(told > 2, "{told} were compared");
}
