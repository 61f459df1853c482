//! The front door: exit codes, messages, streams. Every case runs the real command.

mod programs;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use programs::{can_trace, chic_trace, output, room, text};

/// Runs `chic-trace` with these words in this directory.
fn at(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(words))
}

fn here(words: &[&str]) -> Output {
    at(Path::new("/"), words)
}

fn says(run: &Output) -> String {
    text(&run.stderr)
}

#[test]
fn every_exit_code_is_the_programs_own() {
    if !can_trace() {
        return;
    }
    std::thread::scope(|scope| {
        for part in 0..2 {
            scope.spawn(move || {
                for code in (0..=255).filter(|code| code % 2 == part) {
                    let run = here(&["-o", "/dev/null", "-e", "trace=none", "sh", "-c", &format!("exit {code}")]);
                    assert_eq!(run.status.code(), Some(code), "{}", says(&run));
                }
            });
        }
    });
}

#[test]
fn every_deadly_signal_is_our_death_too() {
    if !can_trace() {
        return;
    }
    for signal in 1..=64 {
        let kill = format!("ulimit -c 0; kill -{signal} $$; exit 7");
        // SIGSTOP and its like stop, SIGCHLD and its like do nothing: only what kills is compared.
        if [19, 20, 21, 22].contains(&signal) {
            continue;
        }
        let native = output(std::process::Command::new("sh").args(["-c", &kill]));
        let run = here(&["-o", "/dev/null", "sh", "-c", &kill]);
        assert_eq!(run.status.signal(), native.status.signal(), "signal {signal}: {}", says(&run));
        assert_eq!(run.status.code(), native.status.code(), "signal {signal}");
        assert!(!run.status.core_dumped(), "signal {signal} left a core of ours");
    }
}

#[test]
fn what_did_not_start_is_explained() {
    let room = room();
    let file = |name: &str, content: &[u8], mode: u32| {
        let path = room.path().join(name);
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    };
    file("script", b"echo hi\n", 0o755);
    file("closed", b"#!/bin/sh\n", 0o644);
    file("orphan", b"#!/no/such/interpreter\n", 0o755);
    let mut arm = b"\x7fELF\x02\x01\x01".to_vec();
    arm.resize(64, 0);
    (arm[16], arm[18]) = (2, 183);
    file("arm", &arm, 0o755);
    if !can_trace() {
        return;
    }
    for (program, code, says_why) in [
        (
            "slep",
            127,
            "cannot run slep: no directory of PATH has a program of this name\n  hint: the nearest program is sleep",
        ),
        ("./nothing", 127, "cannot run ./nothing: there is no such file"),
        ("./script", 126, "cannot run ./script: it is a script without a first line #!"),
        ("./closed", 126, "cannot run ./closed: it is not executable\n  hint: chmod +x ./closed"),
        ("./orphan", 126, "cannot run ./orphan: its interpreter /no/such/interpreter does not exist"),
        ("./arm", 126, "cannot run ./arm: it is a program for 64-bit Arm"),
        ("/etc", 126, "cannot run /etc: it is a directory"),
    ] {
        let run = at(room.path(), &["-o", "/dev/null", program]);
        assert_eq!(run.status.code(), Some(code), "{program}: {}", says(&run));
        assert!(says(&run).contains(says_why), "{program}: {}", says(&run));
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_before_anything_runs() {
    let room = room();
    for (words, says_why) in [
        (
            &["--frmat", "json", "touch", "x"][..],
            "cannot take --frmat: there is no such flag\n  hint: the nearest is --format",
        ),
        (&["--ml-anomaly", "--", "touch", "x"], "--ml-anomaly: it is a flag of renacer that is not taken over"),
        (&["-e", "inject=all:error=EFOO", "touch", "x"], "\"EFOO\" is no error"),
        (&["-e", "kvm=vcpu", "touch", "x"], "cannot take -e kvm=: not built in this version"),
        (&["-e", "trace=opneat", "touch", "x"], "openat"),
        (&["-e", "signal=SIGFOO", "touch", "x"], "cannot take -e signal=SIGFOO"),
        (&["-e", "trace=", "touch", "x"], "cannot take -e trace="),
        (&["recrod", "--", "touch", "x"], "the nearest command is chic-trace record"),
        (&["visualize", "x"], "cannot run visualize: it is a word of renacer"),
        (&[], "cannot trace anything: neither a program nor -p PID is given"),
    ] {
        let run = at(room.path(), words);
        assert_eq!(run.status.code(), Some(2), "{words:?}: {}", says(&run));
        assert!(says(&run).starts_with("chic-trace: cannot "), "{words:?}: {}", says(&run));
        assert!(says(&run).contains(says_why), "{words:?}: {}", says(&run));
        assert!(run.stdout.is_empty());
    }
    assert_eq!(at(room.path(), &["validate", "--generate", "x"]).status.code(), Some(5));
    assert!(!room.path().join("x").exists(), "the program ran");
}

#[test]
fn a_document_is_alone_on_standard_output() {
    if !can_trace() {
        return;
    }
    for form in ["json", "jsonl"] {
        let run = here(&["--format", form, "--", "sh", "-c", "echo hi; echo there >&2"]);
        assert!(run.status.success(), "{}", says(&run));
        assert_eq!(says(&run), "hi\nthere\n", "what the program prints is seen on standard error");
        for document in
            text(&run.stdout).lines().filter(|_| form == "jsonl").chain((form == "json").then_some(&*text(&run.stdout)))
        {
            serde_json::from_str::<serde_json::Value>(document).unwrap_or_else(|e| panic!("{e}: {document}"));
        }
        assert!(text(&run.stdout).contains("\"stdout_moved\": true"), "{form}");
    }
}

#[test]
fn a_document_is_whole_beside_a_program_that_prints() {
    if !can_trace() {
        return;
    }
    let program = ["--", "sh", "-c", "echo hi; ls /"];
    let native = output(std::process::Command::new("sh").args(&program[2..]));
    let names = |document: &[u8]| {
        let document: serde_json::Value = serde_json::from_slice(document).expect("the document alone");
        let calls = document["syscalls"].as_array().expect("calls").clone();
        calls.iter().map(|call| call["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let moved = here(&[&["-f", "--format", "json"], &program[..]].concat());
    assert!(says(&moved).starts_with("hi\n"), "{}", says(&moved));
    assert_eq!(says(&moved), text(&native.stdout), "all that it prints is seen, in order");
    assert!(names(&moved.stdout).contains(&"getdents64".to_owned()));

    let room = room();
    let file = room.path().join("t.json");
    let beside = here(&[&["-f", "--format", "json", "-o", file.to_str().expect("a path")], &program[..]].concat());
    assert_eq!(text(&beside.stdout), text(&native.stdout), "standard output is the program's");
    assert!(names(&fs::read(&file).expect("a document")).contains(&"getdents64".to_owned()));
}

#[test]
fn with_a_file_standard_output_is_the_programs_own() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = at(room.path(), &["-f", "--format", "json", "-o", "t.json", "--", "/bin/echo", "Hello, GoldenTest!"]);
    assert_eq!(text(&run.stdout), "Hello, GoldenTest!\n");
    assert_eq!(says(&run), "");
    let file = fs::read_to_string(room.path().join("t.json")).expect("a document");
    let document: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let calls = document["syscalls"].as_array().expect("calls");
    let write = calls.iter().rfind(|call| call["name"] == "write").expect("a write");
    assert_eq!(write["result"], 19);
    assert_eq!(write["args"], serde_json::json!(["1", "Hello, GoldenTest!\n", "19"]));
    assert_eq!(fs::read_dir(room.path()).expect("listed").count(), 1, "a temporary file is left");
}

#[test]
fn outputs_go_where_they_are_sent() {
    if !can_trace() {
        return;
    }
    let room = room();
    let trace = "+++ exited with 0 +++";
    let run = at(room.path(), &["true"]);
    assert!(says(&run).contains(trace) && run.stdout.is_empty(), "text is on standard error");
    let run = at(room.path(), &["-o", "-", "true"]);
    assert!(text(&run.stdout).contains(trace) && run.stderr.is_empty());
    let run = at(room.path(), &["-o", "|cat", "true"]);
    assert!(text(&run.stdout).contains(trace), "a command gets it, and is waited for");
    let run = at(room.path(), &["-c", "true"]);
    assert!(says(&run).contains("% time     seconds") && !says(&run).contains(trace));
    let run = at(room.path(), &["-C", "true"]);
    assert!(says(&run).contains("% time     seconds") && says(&run).contains(trace));

    assert!(at(room.path(), &["-ff", "-o", "out", "sh", "-c", "true & wait"]).status.success());
    let files: Vec<String> =
        fs::read_dir(room.path()).expect("listed").flatten().map(|e| e.file_name().to_string_lossy().into()).collect();
    assert_eq!(files.len(), 2, "one file a task: {files:?}");
    assert!(files.iter().all(|name| name.strip_prefix("out.").is_some_and(|tid| tid.parse::<u32>().is_ok())));
}

#[test]
fn an_output_that_fails_is_told_and_the_program_goes_on() {
    if !can_trace() {
        return;
    }
    let room = room();
    for words in [&["-o", "/dev/full"][..], &["--format", "json", "-o", "/dev/full"], &["-c", "-o", "/dev/full"]] {
        let words = [words, &["sh", "-c", "echo ran > ran; exit 3"]].concat();
        let run = at(room.path(), &words);
        let report = says(&run);
        assert_eq!(run.status.code(), Some(125), "{words:?}: {report}");
        assert!(report.contains("cannot write /dev/full: No space left on device"), "{words:?}: {report}");
        assert!(report.contains("the program itself ended with exit status 3"), "{words:?}: {report}");
        fs::remove_file(room.path().join("ran")).expect("the program ran to its end");
    }
    let killed = at(room.path(), &["-o", "/dev/full", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(killed.status.code(), Some(125));
    assert!(says(&killed).contains("the program itself was killed by SIGTERM"), "{}", says(&killed));
    let gone = at(room.path(), &["-o", "no/such/dir/x", "true"]);
    assert_eq!(gone.status.code(), Some(125));
    assert!(says(&gone).contains("cannot write no/such/dir/x"), "{}", says(&gone));
    let stored = at(room.path(), &["record", "-o", "no/such/dir/x", "true"]);
    assert_eq!(stored.status.code(), Some(125));
    assert!(says(&stored).contains("no/such/dir/x"), "{}", says(&stored));
    let early = at(room.path(), &["-o", "|exec true", "sh", "-c", "sleep 0.3; ls / > listed; ls / >> listed"]);
    assert_eq!(early.status.code(), Some(125), "{}", says(&early));
    assert!(says(&early).contains("cannot write |exec true: Broken pipe"), "{}", says(&early));
    assert!(room.path().join("listed").exists());
}

#[test]
fn a_reader_that_leaves_ends_us_quietly_when_the_program_has_ended() {
    if !can_trace() {
        return;
    }
    let room = room();
    let mut command = chic_trace();
    command.current_dir(room.path()).args(["sh", "-c", "sleep 0.2; ls / > listed; sleep 0.1; echo > done"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(141));
    assert!(room.path().join("done").exists(), "the program was not left alone");
}

#[test]
fn half_a_document_has_no_name() {
    if !can_trace() {
        return;
    }
    let room = room();
    fs::write(room.path().join("t.json"), "old").expect("written");
    let run = at(room.path(), &["--format", "json", "-o", "t.json", "./no-such-program"]);
    assert_eq!(run.status.code(), Some(127));
    assert_eq!(fs::read_to_string(room.path().join("t.json")).expect("read"), "old");
    assert_eq!(fs::read_dir(room.path()).expect("listed").count(), 1, "a temporary file is left");
    std::os::unix::fs::symlink("t.json", room.path().join("link")).expect("a link");
    assert!(at(room.path(), &["--format", "json", "-o", "link", "true"]).status.success());
    assert!(room.path().join("link").is_symlink(), "a link that was named is followed, not replaced");
    assert!(fs::read_to_string(room.path().join("t.json")).expect("read").starts_with('{'));
}

#[test]
fn live_and_stored_output_are_equal_byte_for_byte() {
    if !can_trace() {
        return;
    }
    let room = room();
    let script = "ls / | wc -l; exec /bin/echo end";
    for flags in [
        &["-f"][..],
        &["-f", "-T", "-ttt", "-e", "trace=%file,write"],
        &["-f", "-z", "-e", "signal=none"],
        &["-f", "-T", "--format", "json"],
        &["-f", "--format", "json", "--compact"],
        &["-f", "-T", "-c", "--format", "jsonl"],
        &["-f", "-c"],
        &["-f", "-c", "-S", "calls"],
    ] {
        let live = [flags, &["-o", "live", "--keep", "run.ctrace", "--", "sh", "-c", script]].concat();
        let run = at(room.path(), &live);
        assert!(run.status.success(), "{flags:?}: {}", says(&run));
        let stored = [&["report", "run.ctrace", "-o", "stored"], flags].concat();
        let run = at(room.path(), &stored);
        assert!(run.status.success(), "{flags:?}: {}", says(&run));
        let read = |name: &str| fs::read_to_string(room.path().join(name)).expect("an output");
        assert!(read("live").lines().count() > 5, "{flags:?}: {}", read("live"));
        assert_eq!(read("live"), read("stored"), "{flags:?}");
    }
}

#[test]
fn a_recording_is_shown_and_what_is_none_is_named() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = at(room.path(), &["record", "sh", "-c", "ls / >/dev/null; exit 9"]);
    assert_eq!(run.status.code(), Some(9), "{}", says(&run));
    let shown = at(room.path(), &["report", "chic-trace.ctrace"]);
    assert_eq!(shown.status.code(), Some(0), "showing is no judging");
    assert!(says(&shown).contains("+++ exited with 9 +++"));

    let bytes = fs::read(room.path().join("chic-trace.ctrace")).expect("a recording");
    fs::write(room.path().join("cut"), &bytes[..bytes.len() - 40]).expect("written");
    let cut = at(room.path(), &["report", "cut"]);
    assert_eq!(cut.status.code(), Some(0));
    assert!(says(&cut).contains("cut is incomplete"), "{}", says(&cut));

    fs::write(room.path().join("t.json"), "{\"runs\": []}").expect("written");
    for (file, why) in [("t.json", "perf.json"), ("missing", "No such file")] {
        let run = at(room.path(), &["report", file]);
        assert_eq!(run.status.code(), Some(2), "{file}");
        assert!(says(&run).contains(file) && says(&run).contains(why), "{}", says(&run));
    }
}

#[test]
fn a_recording_goes_into_streams_too() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = at(room.path(), &["record", "-o", "-", "sh", "-c", "echo moved; exit 9"]);
    assert_eq!(run.status.code(), Some(9), "{}", says(&run));
    assert_eq!(says(&run), "moved\n", "what the program says makes room for the recording");
    fs::write(room.path().join("stdout"), &run.stdout).expect("written");
    let run = at(room.path(), &["record", "-o", "|cat >piped", "sh", "-c", "echo stays; exit 9"]);
    assert_eq!((run.status.code(), text(&run.stdout)), (Some(9), "stays\n".into()), "{}", says(&run));
    for file in ["stdout", "piped"] {
        let shown = at(room.path(), &["report", file]);
        assert_eq!(shown.status.code(), Some(0), "{}", says(&shown));
        assert!(says(&shown).contains("+++ exited with 9 +++"), "{file}: {}", says(&shown));
        assert!(!says(&shown).contains("incomplete"), "{file}: {}", says(&shown));
    }
    let names: Vec<_> = fs::read_dir(room.path()).expect("listed").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "files named after streams: {names:?}");
}

/// A room in which each verdict can be had: a golden `g` of a program that can be told to differ, one that
/// differs every other time, recordings, and rules.
fn courtroom() -> tempfile::TempDir {
    let room = room();
    let done = |words: &[&str]| {
        let run = at(room.path(), words);
        assert!(run.status.success(), "{words:?}: {}", says(&run));
    };
    done(&["golden", "record", "g", "--", "cat", "/dev/null"]);
    done(&["golden", "record", "odd", "--single", "--", "sh", "-c", ODD]);
    done(&["record", "--golden", "-o", "whole", "--", "cat", "/dev/null"]);
    done(&["-f", "-e", "trace=openat", "-o", "/dev/null", "--keep", "part", "--", "cat", "/dev/null"]);
    let golden = fs::read_to_string(room.path().join("goldens/g.golden")).expect("a golden");
    let file = |name: &str, content: &[u8]| fs::write(room.path().join(name), content).expect("written");
    let bytes = fs::read(room.path().join("whole")).expect("a recording");
    file("cut", &bytes[..bytes.len() - 40]);
    file("goldens/far.golden", golden.replace("platform=", "platform=far_from_").as_bytes());
    file("goldens/bad.golden", b"golden 9\n");
    let rule = |key: &str| format!("[[assertion]]\nname = \"r\"\ntype = {key}\n");
    file("within", rule("\"span_count\"\nmax_spans = 100000").as_bytes());
    file("over", rule("\"span_count\"\nmax_spans = 3").as_bytes());
    file("warns", rule("\"span_count\"\nmax_spans = 3\nfail_on_violation = false").as_bytes());
    file("removals", rule("\"span_count\"\nmax_spans = 0\nspan_name_pattern = \"unlink\"").as_bytes());
    file("unwritten", rule("\"durable_replace\"\npath = \"final\"").as_bytes());
    file("typo", rule("\"span_cuont\"\nmax_spans = 3").as_bytes());
    file("off", rule("\"span_count\"\nmax_spans = 3\nenabled = false").as_bytes());
    file("none", b"");
    room
}

/// Other calls every other time.
const ODD: &str = "if [ -e odd ]; then rm odd; else echo >odd; fi";

#[test]
fn every_code_of_a_judging_command_is_given_for_its_reason() {
    if !can_trace() {
        return;
    }
    let room = courtroom();
    let cat = ["--", "cat", "/dev/null"];
    let other = ["--", "cat", "/no/such/file"];
    let odd = ["--", "sh", "-c", ODD];
    let lost = ["--", "./no-such-program"];
    let check = ["golden", "check"];
    for (code, begin, words, end, says_why) in [
        (0, &["golden", "record"][..], &["new"][..], &cat[..], "recorded goldens/new.golden from 5 runs"),
        (1, &["golden", "record"], &["g"], &cat, "--force replaces it"),
        (2, &["golden", "record"], &["../g"], &cat, "cannot take \"../g\" as the name of a golden"),
        (5, &["golden", "record"], &["lost"], &lost, "cannot run ./no-such-program"),
        (0, &check, &["g"], &cat, "g: same (protocol)"),
        (0, &check, &["g", "--level", "outcome", "--recording", "whole"], &[], "g: same (outcome)"),
        (1, &check, &["g"], &other, "exit status 0 -> 1"),
        (2, &check, &["bad"], &cat, "version 9 of goldens"),
        (2, &check, &["g", "--recording", "goldens/g.golden"], &[], "goldens/g.golden"),
        (2, &check, &["g", "--frmat", "json"], &cat, "--format"),
        (3, &check, &["odd"], &odd, "odd: flaky (protocol, seen 1 of 2)"),
        (0, &check, &["odd", "--inconclusive", "pass"], &odd, "odd: flaky"),
        (1, &check, &["odd", "--inconclusive", "fail"], &odd, "odd: flaky"),
        (4, &check, &["missing"], &cat, "chic-trace golden record missing -- cat /dev/null"),
        (4, &check, &["g", "--recording", "cut"], &[], "not measured: the recording has no end"),
        (4, &check, &["g", "--recording", "part"], &[], "g: not measured"),
        (4, &check, &["far"], &cat, "recorded on far_from_"),
        (5, &check, &["g"], &lost, "cannot run ./no-such-program"),
        (0, &["assert"], &["--config", "within"], &cat, "cat: within"),
        (0, &["assert"], &["--config", "warns"], &cat, "(a warning)"),
        (1, &["assert"], &["--config", "over"], &cat, "exceeds maximum 3"),
        (1, &["assert"], &["--config", "over", "--recording", "whole"], &[], "exceeds maximum 3"),
        (2, &["assert"], &["--config", "typo"], &cat, "the nearest is span_count"),
        (2, &["assert"], &["--config", "missing"], &cat, "missing"),
        (2, &["assert"], &["--config", "within", "--recording", "typo"], &[], "typo"),
        (3, &["assert"], &["--config", "unwritten"], &cat, "not-measured"),
        (3, &["assert"], &["--config", "removals"], &odd, "inconclusive"),
        (0, &["assert"], &["--config", "unwritten", "--inconclusive", "pass"], &cat, "not-measured"),
        (1, &["assert"], &["--config", "unwritten", "--inconclusive", "fail"], &cat, "not-measured"),
        (4, &["assert"], &["--config", "none"], &cat, "no rule in none"),
        (4, &["assert"], &["--config", "off"], &cat, "is disabled"),
        (4, &["assert"], &["--config", "within", "--recording", "cut"], &[], "cut: it is incomplete"),
        (5, &["assert"], &["--config", "within"], &lost, "cannot run ./no-such-program"),
    ] {
        let words = [begin, words, end].concat();
        let run = at(room.path(), &words);
        let told = text(&run.stdout) + &says(&run);
        assert_eq!(run.status.code(), Some(code), "{words:?}: {told}");
        assert!(told.contains(says_why), "{words:?}: {told}");
    }
    let mut in_ci = chic_trace();
    in_ci.current_dir(room.path()).env("CI", "1").args(["golden", "record", "g", "--force"]).args(cat);
    let run = output(&mut in_ci);
    assert_eq!(run.status.code(), Some(2), "{}", says(&run));
    assert!(says(&run).contains("never changed in CI"), "{}", says(&run));
}

#[test]
fn showing_has_codes_of_its_own() {
    if !can_trace() {
        return;
    }
    let room = room();
    assert_eq!(at(room.path(), &["record", "sh", "-c", "exit 9"]).status.code(), Some(9));
    for (code, words, says_why) in [
        (0, &["report", "chic-trace.ctrace"][..], "+++ exited with 9 +++"),
        (2, &["report", "missing"], "missing"),
        (2, &["report", "chic-trace.ctrace", "-e", "trace=opneat"], "openat"),
        (125, &["report", "chic-trace.ctrace", "-o", "/dev/full"], "cannot write /dev/full"),
        (125, &["report", "chic-trace.ctrace", "--format", "json", "-o", "/dev/full"], "cannot write /dev/full"),
        (0, &["config"], ""),
        (0, &["schema", "assert"], ""),
        (0, &["schema", "golden-check"], ""),
        (2, &["schema", "golden-chek"], "the nearest is golden-check"),
    ] {
        let run = at(room.path(), words);
        assert_eq!(run.status.code(), Some(code), "{words:?}: {}", says(&run));
        assert!(says(&run).contains(says_why), "{words:?}: {}", says(&run));
    }
}

#[test]
fn a_document_of_a_recording_has_what_was_kept() {
    if !can_trace() {
        return;
    }
    let room = room();
    let long = "0123456789".repeat(30);
    assert!(at(room.path(), &["record", "echo", &long]).status.success());
    for (flags, kept) in [(&[][..], 256), (&["-s", "9"], 9), (&["-s", "4000"], 256)] {
        let run = at(room.path(), &[&["report", "chic-trace.ctrace", "--format", "json"], flags].concat());
        let document: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
        assert_eq!(document["recording"]["payload_limit"], kept, "{flags:?}");
        let calls = document["syscalls"].as_array().expect("calls");
        let write = calls.iter().find(|call| call["name"] == "write").expect("a write");
        assert_eq!(write["args"][1], long[..kept], "{flags:?}");
        assert_eq!(write["payloads"][0]["len"], 301, "{flags:?}");
        assert_eq!(write["payloads"][0]["kept"], kept, "{flags:?}");
    }
    let shown = at(room.path(), &["report", "chic-trace.ctrace", "-e", "trace=write"]);
    assert!(says(&shown).contains(&format!("write(1, \"{}\"..., 301)", &long[..32])), "{}", says(&shown));
}

#[test]
fn the_call_that_a_program_sleeps_in_is_seen_while_it_sleeps() {
    if !can_trace() {
        return;
    }
    let room = room();
    let mut command = chic_trace();
    command.current_dir(room.path()).args(["-o", "live", "--keep", "stored", "cat"]);
    let mut run = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let live = || fs::read_to_string(room.path().join("live")).unwrap_or_default();
    let stored = || says(&at(room.path(), &["report", "stored"]));
    let since = Instant::now();
    while !(live().ends_with("read(0, ") && stored().contains("read(0, ")) {
        assert!(since.elapsed().as_secs() < 20, "live: {}\nstored: {}", live(), stored());
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(run.stdin.take());
    assert!(run.wait().expect("it ends").success());
    assert!(live().contains("read(0, \"\", 131072)") && !live().contains("unfinished"), "{}", live());
    assert_eq!(stored(), live(), "live and stored");
}

#[test]
fn attaching_to_nobody_says_so() {
    let mut child = std::process::Command::new("true").spawn().expect("it starts");
    let pid = child.id().to_string();
    child.wait().expect("it ends");
    let run = here(&["-p", &pid]);
    assert_eq!(run.status.code(), Some(125), "{}", says(&run));
    assert!(says(&run).contains(&format!("cannot attach to process {pid}")), "{}", says(&run));
    let own = here(&["-p", "0"]);
    assert_eq!(own.status.code(), Some(2), "{}", says(&own));
}

#[test]
fn a_running_program_is_attached_to_and_let_go() {
    if !can_trace() {
        return;
    }
    let room = room();
    let mut sleeper = std::process::Command::new("sh")
        .args(["-c", "while :; do sleep 0.05; done"])
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut tracer = chic_trace()
        .current_dir(room.path())
        .args(["-o", "trace", "-p", &sleeper.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let seen = || fs::read_to_string(room.path().join("trace")).unwrap_or_default();
    let patience = Instant::now();
    while !seen().contains("wait4") && patience.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = tracer.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    let status = tracer.wait().expect("it ends");
    let mut said = String::new();
    tracer.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(status.signal(), Some(15), "a signal to us is ours: {said}");
    assert!(seen().contains("wait4"), "{}{said}", seen());
    assert!(sleeper.try_wait().expect("asked").is_none(), "the program did not survive");
    sleeper.kill().expect("killed");
    sleeper.wait().expect("it ends");
}

#[test]
fn the_environment_of_the_program_is_changed_as_asked() {
    if !can_trace() {
        return;
    }
    let mut command = chic_trace();
    command.env("GONE", "1").args(["-o", "/dev/null", "-E", "NEW=a b", "-E", "GONE", "env"]);
    let run = output(&mut command);
    let printed = text(&run.stdout);
    assert!(printed.lines().any(|line| line == "NEW=a b"), "{printed}");
    assert!(!printed.lines().any(|line| line.starts_with("GONE=")), "{printed}");
}

#[test]
fn a_program_may_be_named_like_a_command() {
    if !can_trace() {
        return;
    }
    let room = room();
    let program = room.path().join("record");
    fs::write(&program, "#!/bin/sh\necho mine \"$@\"\n").expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    let mut command = chic_trace();
    command.env("PATH", format!("{}:/usr/bin:/bin", room.path().display()));
    let run = output(command.args(["-o", "/dev/null", "--", "record", "-o", "--format"]));
    assert_eq!(text(&run.stdout), "mine -o --format\n", "{}", says(&run));
}

#[test]
fn settings_say_where_they_are_from() {
    let room = room();
    fs::create_dir(room.path().join(".git")).expect("made");
    fs::write(room.path().join("renacer.toml"), "[goldens]\nruns = 7\n").expect("written");
    let mut command = chic_trace();
    command.current_dir(room.path()).env("CHIC_GOLDEN", "no").env("NO_COLOR", "1");
    let run = output(command.args(["config", "--show-origin"]));
    let lines: Vec<String> =
        text(&run.stdout).lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "goldens.runs = 7 # renacer.toml:2",
        "golden.write = no # environment CHIC_GOLDEN",
        "color = never # environment NO_COLOR",
        "goldens.dir = goldens # default",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:#?}");
    }
    fs::write(room.path().join("renacer.toml"), "[goldens]\nrun = 7\n").expect("written");
    let bad = at(room.path(), &["config"]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(says(&bad).contains("renacer.toml:2:1: unknown key run in goldens"), "{}", says(&bad));
    assert!(at(room.path(), &["--no-config", "config"]).status.success());
    let engine = output(chic_trace().env("CHIC_TRACE_ENGINE", "magic").args(["touch", "/no/such/dir/x"]));
    assert_eq!(engine.status.code(), Some(2), "{}", says(&engine));
    assert!(says(&engine).contains("CHIC_TRACE_ENGINE: there is no such engine"), "{}", says(&engine));
}

#[test]
fn we_describe_ourselves() {
    assert!(text(&here(&["--help"]).stdout).contains("Exit codes of a traced run"));
    assert!(text(&here(&["record", "--help"]).stdout).contains("--golden"));
    assert_eq!(text(&here(&["-V"]).stdout), format!("chic-trace {}\n", env!("CARGO_PKG_VERSION")));
    assert!(text(&here(&["completions", "bash"]).stdout).contains("complete -F"));
    assert!(text(&here(&["man"]).stdout).contains(".TH chic-trace 1"));
    let schema = here(&["schema", "renacer-json"]);
    let document: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("a schema is JSON");
    assert_eq!(document["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let unknown = here(&["schema", "renacer-jsn"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(says(&unknown).contains("the nearest is renacer-json"), "{}", says(&unknown));
}

#[test]
fn a_recording_cut_by_a_limit_says_so() {
    if !can_trace() {
        return;
    }
    let room = room();
    let run = at(room.path(), &["--max-events", "5", "-o", "cut.txt", "echo", "hi"]);
    assert_eq!((run.status.code(), text(&run.stdout)), (Some(0), "hi\n".into()), "{}", says(&run));
    assert!(says(&run).contains("the recording was limited to 5 events"), "{}", says(&run));
    let kept = fs::read_to_string(room.path().join("cut.txt")).expect("the text was written");
    assert!(kept.starts_with("execve(") && !kept.contains("exit_group"), "{kept}");
}
