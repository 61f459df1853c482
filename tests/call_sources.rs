//! Where calls come from: `-k`, `--source`, `--function-time`, `--transpiler-map`.
#![cfg(target_arch = "x86_64")]

mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use programs::{can_trace, chic_trace, output, room, run, text};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name).with_extension("rs")
}

/// The number of the line that is marked.
fn line_of(name: &str, mark: &str) -> usize {
    let program = fs::read_to_string(source(name)).expect("the program");
    1 + program.lines().position(|line| line.ends_with(mark)).expect(mark)
}

fn rustc(dir: &Path, name: &str, options: &[&str]) -> bool {
    let beside = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut command = Command::new(if beside.is_file() { beside } else { "rustc".into() });
    command.current_dir(dir).args(["--edition", "2024", "-O", "-A", "unexpected_cfgs"]).args(options);
    let built = output(command.arg(source(name)));
    if !built.status.success() {
        println!("{options:?}: {}", text(&built.stderr));
    }
    built.status.success()
}

/// The program with debug information, as `calls`.
fn calls(dir: &Path, options: &[&str]) -> bool {
    rustc(dir, "calls_from", &[&["-g", "-o", "calls"], options].concat())
}

fn shown(dir: &Path, words: &[&str]) -> (String, String) {
    let run = output(chic_trace().current_dir(dir).args(words));
    assert!(run.status.success(), "{words:?}: {}", text(&run.stderr));
    (text(&run.stdout), text(&run.stderr))
}

fn file(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The line of a call, and the frames below it.
fn stack_of<'t>(trace: &'t str, call: &str) -> Vec<&'t str> {
    let mut lines = trace.lines().skip_while(|line| !line.contains(call));
    assert!(lines.next().is_some(), "{call}: {trace}");
    lines.take_while(|line| line.starts_with(" > ")).collect()
}

#[test]
fn every_kind_of_program_names_file_and_line() {
    if !can_trace() {
        return;
    }
    let kinds: [(&str, &[&str]); 4] = [
        ("position-independent", &[]),
        ("at a fixed address", &["-C", "relocation-model=static"]),
        ("static", &["-C", "target-feature=+crt-static"]),
        (
            "with a library",
            &["--cfg", "library", "-L", ".", "-l", "dylib=calls_library", "-C", "link-arg=-Wl,-rpath,$ORIGIN"],
        ),
    ];
    let path = source("calls_from").display().to_string();
    for (kind, options) in kinds {
        let room = room();
        let dir = room.path();
        assert!(rustc(
            dir,
            "calls_library",
            &["-g", "--crate-type", "cdylib", "-C", "panic=abort", "-o", "libcalls_library.so"]
        ));
        if !calls(dir, options) {
            println!("skipped: no {kind} program can be built here");
            continue;
        }
        shown(dir, &["-f", "--source", "-o", "trace", "-e", "trace=write,close,stat,statx", "./calls"]);
        let trace = file(dir, "trace");
        let has = |place: &str, call: &str| {
            let is = |line: &str| line.contains(&format!("{place} {call}"));
            assert!(trace.lines().any(is), "{kind}: {place} {call}\n{trace}");
        };
        let innermost = format!("{path}:{} in calls_from::innermost", line_of("calls_from", "line of innermost"));
        let inlined = format!("{path}:{} in calls_from::inlined", line_of("calls_from", "line of inlined"));
        let by_std = format!("{path}:{} in calls_from::main", line_of("calls_from", "line of std"));
        has(&innermost, "write(1, \"one\\n\", 4)");
        has(&innermost, "write(1, \"deep\\n\", 5)");
        has(&inlined, "close(77)");
        assert!(trace.contains(&by_std), "{kind}: {by_std}\n{trace}");
        if kind == "with a library" {
            let library = source("calls_library").display().to_string();
            let place = format!("{library}:{} in in_library", line_of("calls_library", "line of library"));
            has(&place, "write(1, \"library\\n\", 8)");
        }
        let by_loader = trace.lines().find(|line| line.contains(" close(3)")).map(|line| line.contains(".rs:"));
        assert!(kind == "static" || by_loader == Some(false), "{kind}: the loader's calls have no line\n{trace}");
    }
}

#[test]
fn a_recording_shows_what_a_live_run_shows() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(calls(dir, &[]));
    for (options, name) in [
        (&["-k"][..], "text"),
        (&["--source", "-k"], "both"),
        (&["-s"], "lines"),
        (&["-kk"], "with lines"),
        (&["-k", "--source", "--format", "json"], "json"),
    ] {
        let words = [&["-f", "--keep", "kept.ctrace", "-o", "live"], options, &["--", "./calls"]].concat();
        shown(dir, &words);
        shown(dir, &[&["report", "-f", "-o", "stored", "kept.ctrace"], options].concat());
        assert_eq!(file(dir, "live"), file(dir, "stored"), "{name}");
        assert!(file(dir, "live").contains("calls_from::innermost"), "{name}");
    }
    // Of a recording that was made for it the same can be asked later.
    shown(dir, &["record", "-k", "-o", "made.ctrace", "./calls"]);
    shown(dir, &["report", "-k", "-o", "later", "made.ctrace"]);
    let later = file(dir, "later");
    let stack = stack_of(&later, "write(1, \"deep\\n\"");
    assert_eq!(stack.iter().filter(|frame| frame.contains("calls_from::deep")).count(), 11, "{stack:?}");
    assert!(stack.iter().any(|frame| frame.contains("calls_from::main")), "{stack:?}");
    // Without stacks nothing is made up, and it is told.
    shown(dir, &["record", "-o", "plain.ctrace", "./calls"]);
    let (_, told) = shown(dir, &["report", "--source", "-o", "plain", "plain.ctrace"]);
    assert!(told.contains("no stacks were taken"), "{told}");
    assert!(!file(dir, "plain").contains(".rs:"));
}

#[test]
fn a_document_has_the_keys_source_and_stack() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(calls(dir, &[]));
    shown(dir, &["-k", "--source", "--format", "json", "-o", "all.json", "./calls"]);
    let document: serde_json::Value = serde_json::from_str(&file(dir, "all.json")).expect("JSON");
    let calls = document["syscalls"].as_array().expect("calls");
    let one = calls.iter().find(|call| call["args"][1] == "one\n").expect("the write");
    let line = line_of("calls_from", "line of innermost");
    let place = serde_json::json!({
        "file": source("calls_from"), "line": line, "function": "calls_from::innermost",
    });
    assert_eq!(one["source"], place);
    let stack = one["stack"].as_array().expect("a stack");
    let frame = stack.iter().find(|frame| frame["symbol"] == "calls_from::innermost").expect("a frame");
    assert_eq!((&frame["file"], &frame["line"]), (&place["file"], &place["line"]), "{frame}");
    assert!(frame["object"].as_str().is_some_and(|object| object.ends_with("/calls")), "{frame}");
    let by_loader = calls.iter().find(|call| call["name"] == "brk").expect("a call of the loader");
    assert!(by_loader.get("source").is_none() && by_loader["stack"].is_array(), "{by_loader}");
    // The first execve is the tracer's own doing: for it stands where the program begins.
    assert!(calls[0]["name"] == "execve" && calls[0].get("source").is_none(), "{}", calls[0]);
    assert_eq!(calls[0]["stack"].as_array().map(Vec::len), Some(1), "{}", calls[0]);

    shown(dir, &["--source", "--format", "json", "--compact", "-o", "compact.json", "./calls"]);
    let document: serde_json::Value = serde_json::from_str(&file(dir, "compact.json")).expect("JSON");
    assert!(document["syscalls"].as_array().expect("calls").iter().any(|call| call["source"] == place));
}

#[test]
fn frames_are_those_of_strace() {
    let Some(has_stacks) = Command::new("strace").args(["-k", "-o", "/dev/null", "true"]).output().ok() else {
        return println!("skipped: no strace here");
    };
    if !has_stacks.status.success() {
        return println!("skipped: strace has no -k here: {}", text(&has_stacks.stderr));
    }
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let frames = |name: &str| -> Vec<String> {
        let trace = file(dir, name);
        let place = |frame: &str| {
            let object = frame.split('(').next().unwrap_or_default();
            format!("{object} {}", frame.rsplit(' ').next().unwrap_or_default())
        };
        trace.lines().filter(|line| line.starts_with(" > ")).map(place).collect()
    };
    for program in [&["cat", "/dev/null"][..], &["sh", "-c", "cd /; exit 3"]] {
        output(
            Command::new("strace")
                .env_remove("LD_LIBRARY_PATH")
                .current_dir(dir)
                .args(["-k", "-o", "theirs"])
                .args(program),
        );
        output(chic_trace().current_dir(dir).args(["-k", "-o", "ours"]).args(program));
        let (ours, theirs) = (frames("ours"), frames("theirs"));
        assert!(ours.len() > 50, "{program:?}: {ours:?}");
        let other = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
        assert_eq!((other, ours.len()), (None, theirs.len()), "{program:?}");
    }
    let named = |name: &str| stack_of(&file(dir, name), "chdir(\"/\")")[0].to_owned();
    assert_eq!(named("ours"), named("theirs"));
}

#[test]
fn lines_stand_behind_frames_when_asked_for() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(calls(dir, &[]));
    let place = format!("{}:{}", source("calls_from").display(), line_of("calls_from", "line of innermost"));
    for words in [&["-kk"][..], &["-k", "-k"], &["--stack-trace=source"]] {
        shown(dir, &[words, &["-o", "trace", "-e", "trace=write", "--", "./calls"]].concat());
        let trace = file(dir, "trace");
        let stack = stack_of(&trace, "write(1, \"one");
        assert!(stack.iter().any(|frame| frame.ends_with(&format!("] {place}"))), "{words:?}: {stack:?}");
    }
    let limited = |words: &[&str]| {
        shown(dir, &[words, &["-o", "trace", "-e", "trace=write", "./calls"]].concat());
        stack_of(&file(dir, "trace"), "write(1, \"one").iter().map(|line| line.to_string()).collect::<Vec<_>>()
    };
    let whole = limited(&["-k"]);
    assert!(whole.len() > 2, "{whole:#?}");
    let two = limited(&["-k", "--stack-trace-frame-limit=2"]);
    assert_eq!((two.len(), &two[..]), (2, &whole[..2]));
    for words in [&["-k"][..], &["--stack-trace"], &["--stack-trace=symbol"]] {
        shown(dir, &[words, &["-o", "trace", "-e", "trace=write", "--", "./calls"]].concat());
        let trace = file(dir, "trace");
        assert!(!trace.contains(".rs:") && stack_of(&trace, "write(1, \"one").len() > 3, "{words:?}: {trace}");
    }
    let bad = output(chic_trace().args(["--stack-trace=lines", "true"]));
    assert_eq!(bad.status.code(), Some(2), "{}", text(&bad.stderr));
}

#[test]
fn a_stripped_program_has_addresses_only() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(rustc(dir, "calls_from", &["-C", "strip=symbols", "-o", "calls"]));
    shown(dir, &["-k", "--source", "-o", "trace", "-e", "trace=write", "./calls"]);
    let trace = file(dir, "trace");
    assert!(!trace.contains(".rs:"), "{trace}");
    let stack = stack_of(&trace, "write(1, \"one");
    let own = stack.iter().filter(|frame| frame.contains("/calls() [0x")).count();
    assert!(own >= 3, "{stack:?}");
}

#[test]
fn time_is_told_by_function() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(calls(dir, &[]));
    let (_, table) = shown(dir, &["-f", "--function-time", "-o", "trace", "-e", "trace=write,close,brk", "./calls"]);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table.split_whitespace().take(2).collect::<Vec<_>>(), ["Function", "Calls"], "{table}");
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {table}"));
    assert_eq!((row("calls_from::innermost")[1], row("calls_from::innermost")[4]), ("3", "3"));
    assert_eq!((row("calls_from::inlined")[1], row("calls_from::inlined")[4]), ("1", "1"));
    assert_ne!(row("[unknown]")[1], "0");
    let trace = file(dir, "trace");
    assert!(trace.lines().filter(|line| line.contains("write(1")).all(|line| line.ends_with('>')), "{trace}");
}

#[test]
fn generated_code_is_shown_as_what_it_came_from() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    assert!(calls(dir, &[]));
    let line = line_of("calls_from", "line of innermost");
    let map = |generated: &str, line: usize| {
        let map = serde_json::json!({
            "version": 1, "source_language": "lisp", "source_file": "a.lisp", "generated_file": generated,
            "mappings": [{"rust_line": line, "rust_function": "innermost", "python_line": 143, "python_function": "say",
                "python_context": "(write one)"}],
            "function_map": {"inlined": "let-go"},
        });
        fs::write(dir.join("map.json"), map.to_string()).expect("written");
    };
    let shown_as = |words: &[&str]| {
        let words =
            [&["--transpiler-map", "map.json", "-o", "trace", "-e", "trace=write,close"], words, &["./calls"]].concat();
        let (_, told) = shown(dir, &words);
        (file(dir, "trace"), told)
    };
    map("programs/calls_from.rs", line);
    let (trace, told) = shown_as(&[]);
    assert!(trace.contains("a.lisp:143 in say [lisp] write(1, \"one\\n\", 4)"), "{trace}");
    assert!(trace.contains("a.lisp in let-go [lisp] close(77)"), "{trace}");
    assert_eq!(told, "");
    let (trace, _) = shown_as(&["--show-transpiler-context"]);
    assert!(trace.contains("a.lisp:143 in say [lisp] [(write one)] write(1"), "{trace}");
    let (lines, _) = shown_as(&["--format", "jsonl"]);
    let write = lines.lines().find(|line| line.contains("one\\n")).expect("the write");
    let write: serde_json::Value = serde_json::from_str(write).expect("JSON");
    let original = serde_json::json!({
        "file": "a.lisp", "line": 143, "function": "say", "language": "lisp", "context": "(write one)",
    });
    assert_eq!((&write["source"]["original"], &write["source"]["line"]), (&original, &line.into()));

    // The same line of another file is another line.
    map("other_calls_from.rs", line);
    let (trace, told) = shown_as(&[]);
    assert!(!trace.contains("lisp") && trace.contains("calls_from.rs:"), "{trace}");
    assert!(told.contains("no call came from other_calls_from.rs"), "{told}");
}

#[test]
fn a_bad_map_is_one_clear_error_before_anything_runs() {
    let room = room();
    let dir = room.path();
    for (content, says) in [
        ("{\"version\": 2}", "it has version 2, 1 is read"),
        ("{", "EOF"),
        ("{\"version\": 1}", "`source_language` missing"),
        ("[]", "it is no JSON object"),
    ] {
        fs::write(dir.join("map.json"), content).expect("written");
        let run = run(dir, &[&"--transpiler-map", &"map.json", &"touch", &"made"]);
        assert_eq!(run.status.code(), Some(2), "{content}");
        let told = text(&run.stderr);
        assert!(told.contains("cannot read the map map.json") && told.contains(says), "{content}: {told}");
        assert!(!dir.join("made").exists(), "{content}");
    }
    for (name, says) in [
        ("transpiler_map.v2.json", "it has version 2, 1 is read"),
        ("transpiler_map.missing_field.json", "/mappings/0: `python_line` missing"),
    ] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/renacer/broken").join(name);
        if !sample.exists() {
            println!("skipped: samples not here: {name}");
            continue;
        }
        let run = run(dir, &[&"--transpiler-map", &sample, &"touch", &"made"]);
        assert_eq!(run.status.code(), Some(2), "{name}");
        assert!(text(&run.stderr).contains(says), "{name}: {}", text(&run.stderr));
    }
}
