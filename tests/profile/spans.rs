//! Spans: what programs with the runtime library tell of themselves.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::programs::{can_trace, chic_trace, output, room, text};
use crate::{Profile, VARIABLES, command, example, run, run_bare, word, works};

#[test]
fn spans_of_the_runtime_are_counted_exactly() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let guest = example("guest");
    let ran = run(dir.path(), &["--profile-out", "p/", "--", word(&guest), "threads", "5000"]);
    assert!(ran.status.success(), "{:?}: {}", ran.status, text(&ran.stderr));
    // A program with the library of its own asks for its recorder: nothing is put into it.
    assert!(!text(&ran.stderr).contains("breakpoints"), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    assert!(!dir.path().join("perf.json").exists(), "the program wrote its own");
    let metrics = profile.document["runs"][0]["metrics"].as_array().expect("metrics");
    assert!(!metrics.is_empty(), "{:#}", profile.document);
    let calls: u64 = metrics.iter().map(|metric| metric["calls"].as_u64().expect("a count")).sum();
    assert_eq!(profile.summary()["tracepoints"]["calls"], calls);
    let alone = room();
    assert!(output(Command::new(&guest).args(["threads", "5000"]).current_dir(alone.path())).status.success());
    let text = fs::read_to_string(alone.path().join("perf.json")).expect("its own document");
    let alone: Value = serde_json::from_str(&text).expect("JSON");
    for own in alone["runs"][0]["metrics"].as_array().expect("metrics") {
        let label = own["label"].as_str().expect("a label");
        let seen = profile.metric(label);
        for key in ["trace_id", "calls", "threads", "max_depth"] {
            assert_eq!(seen[key], own[key], "{label}: {key}");
        }
        assert!(profile.with(|frame| frame == label) > 0, "{label}: {:?}", profile.lines);
    }
}

#[test]
fn the_fake_clock_gives_the_same_bytes_recorded_and_alone() {
    if !can_trace() {
        return;
    }
    let play = example("play");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("report/tests/perf-json/fake-clock");
    for name in ["nested", "recursion", "threads", "broken-nesting", "labels"] {
        let dir = room();
        let script = samples.join(format!("{name}.script.json"));
        let words = ["--profile-out", "p/", "--", word(&play), word(&script)];
        let ran = output(command(dir.path(), &words).env("CHIC_TRACE_FAKE_CLOCK", "1"));
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        for ending in ["perf.json", "perf.summary.json", "perf.folded"] {
            let found = fs::read_to_string(dir.path().join("p").join(ending)).expect("written");
            let expected = fs::read_to_string(samples.join(format!("{name}.{ending}"))).expect("a sample");
            assert_eq!(found, expected, "{name}.{ending}");
        }
    }
}

#[test]
fn random_streams_are_kept_as_alone() {
    if !can_trace() {
        return;
    }
    let (dir, alone) = (room(), room());
    let guest = example("guest");
    let mut recorded = command(dir.path(), &["--profile-out", "p/", "--", word(&guest), "random"]);
    assert!(output(recorded.env("CHIC_RUN_LOG", "log.json")).status.success());
    let mut own = Command::new(&guest);
    for name in VARIABLES {
        own.env_remove(name);
    }
    assert!(output(own.arg("random").current_dir(alone.path()).env("CHIC_RUN_LOG", "log.json")).status.success());
    let read = |dir: &Path| fs::read_to_string(dir.join("log.json")).expect("a run log");
    assert_eq!(read(dir.path()), read(alone.path()));
    let log: Value = serde_json::from_str(&read(dir.path())).expect("JSON");
    assert_eq!(Profile::read(dir.path(), "p/perf.json").document["runs"][0]["run_log"], log);
    let seeds = output(chic_trace().current_dir(dir.path()).args(["seed", "p/perf.json", "-j"]));
    assert!(seeds.status.success() && text(&seeds.stdout).contains("0x"), "{}", text(&seeds.stdout));
}

#[test]
fn a_forked_child_counts_for_itself() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let profile = works(dir.path(), &["--profile-out", "p/", "--", word(&example("guest")), "fork"]);
    assert_eq!(profile.summary()["processes"], 2);
    assert_eq!(
        (&profile.metric("guest::outer")["calls"], &profile.metric("guest::leaf")["calls"]),
        (&1.into(), &4.into())
    );
    let tracepoints = &profile.summary()["tracepoints"];
    assert_eq!(
        (&tracepoints["inherited_exits"], &tracepoints["unmatched_exits"]),
        (&1.into(), &0.into()),
        "{tracepoints}"
    );
    let ran = run(dir.path(), &["--profile-out", "p/", "--", word(&example("guest")), "quick-exit"]);
    assert!(ran.status.code().is_some(), "{}", text(&ran.stderr));
    assert_eq!(Profile::read(dir.path(), "p/perf.json").metric("guest::leaf")["calls"], 1);
}

/// What the program writes when it runs alone.
fn alone(program: &Path, words: &[&str]) -> Value {
    let dir = room();
    let mut own = Command::new(program);
    for name in VARIABLES {
        own.env_remove(name);
    }
    let ran = output(own.args(words).current_dir(dir.path()));
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    serde_json::from_str(&fs::read_to_string(dir.path().join("perf.json")).expect("its own document")).expect("JSON")
}

#[test]
fn allocations_are_those_of_a_run_alone() {
    if !can_trace() {
        return;
    }
    let guest = example("guest");
    for words in [&["allocations"][..], &["threads", "100"], &["nothing"]] {
        let dir = room();
        let ran = run(dir.path(), &[&["--profile-out", "p/", "--", word(&guest)], words].concat());
        assert!(ran.status.code().is_some(), "{}", text(&ran.stderr));
        let profile = Profile::read(dir.path(), "p/perf.json");
        let recorded = &profile.summary()["alloc"];
        assert!(recorded["alloc_calls"].as_u64() > Some(0) && recorded["freed_bytes"].as_u64() > Some(0), "{recorded}");
        assert_eq!(profile.summary()["not_measured"].get("alloc"), None);
        if words == ["nothing"] {
            continue;
        }
        let alone = alone(&guest, words);
        assert_eq!(*recorded, alone["summary"]["alloc"], "{words:?}");
        for own in alone["runs"][0]["metrics"].as_array().expect("metrics") {
            let label = own["label"].as_str().expect("a label");
            for key in ["alloc", "mem_bytes"] {
                assert_eq!(profile.metric(label).get(key), own.get(key), "{label}: {key}");
            }
        }
    }
}

#[test]
fn a_forked_child_tells_its_own_allocations() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let guest = example("guest");
    let profile = works(dir.path(), &["--profile-out", "p/", "--", word(&guest), "fork"]);
    // Alone the parent and the child write a document each.
    let apart = room();
    assert!(output(Command::new(&guest).arg("fork").current_dir(apart.path())).status.success());
    let parts = fs::read_dir(apart.path()).expect("listed").map(|entry| entry.expect("listed").path());
    let sums = parts.filter(|path| path.to_string_lossy().ends_with(".summary.json")).map(|path| {
        let summary: Value = serde_json::from_str(&fs::read_to_string(path).expect("read")).expect("JSON");
        summary["alloc"]["alloc_calls"].as_u64().expect("a count")
    });
    assert_eq!(profile.summary()["alloc"]["alloc_calls"].as_u64(), Some(sums.sum()), "{}", profile.summary()["alloc"]);
}

#[test]
fn a_plain_run_keeps_tracepoints_and_leaves_the_documents_to_the_program() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let guest = example("guest");
    let guest = word(&guest);
    let ran = run_bare(dir.path(), &["-f", "-o", "trace", "--keep", "kept.ctrace", "--", guest, "threads", "50"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let own: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("perf.json")).expect("its own")).expect("JSON");
    let calls: u64 = own["runs"][0]["metrics"]
        .as_array()
        .expect("metrics")
        .iter()
        .map(|metric| metric["calls"].as_u64().expect("a count"))
        .sum();
    assert_eq!(calls, 8 * 50 * 2);
    // What the library does for itself is none of the program's calls.
    let trace = fs::read_to_string(dir.path().join("trace")).expect("a trace");
    assert!(trace.contains("execve(") && trace.contains("exit_group("), "{trace}");
    for hidden in ["0x43484943", "memfd_create", "perf.json"] {
        assert!(!trace.contains(hidden), "{hidden}: {trace}");
    }
    let again = run_bare(dir.path(), &["report", "-f", "-o", "later", "kept.ctrace"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(dir.path().join("later")).expect("shown"), trace);
    let kept = fs::read(dir.path().join("kept.ctrace")).expect("a recording");
    let label = own["runs"][0]["metrics"][0]["label"].as_str().expect("a label").as_bytes();
    assert!(kept.windows(label.len()).any(|piece| piece == label), "its tracepoints are not in the recording");
}

#[test]
fn recordings_are_merged_as_the_documents_of_their_runs() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let guest = example("guest");
    for (name, turns) in [("a.ctrace", "50"), ("b.ctrace", "70")] {
        let ran = run_bare(dir.path(), &["record", "-o", name, "--", word(&guest), "threads", turns]);
        assert!(ran.status.success(), "{}", text(&ran.stderr));
    }
    let own: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("perf.json")).expect("its own")).expect("JSON");
    let merge = |words: &[&str]| run_bare(dir.path(), &[&["perf", "merge"], words].concat());
    let merged = merge(&["--one-run", "-o", "all.json", "a.ctrace", "b.ctrace"]);
    assert!(merged.status.success(), "{}", text(&merged.stderr));
    let all = Profile::read(dir.path(), "all.json");
    for metric in own["runs"][0]["metrics"].as_array().expect("metrics") {
        let label = metric["label"].as_str().expect("a label");
        // What the second run did, and 50 for each 70 of it by the first.
        let calls = metric["calls"].as_u64().expect("a count");
        assert_eq!(all.metric(label)["calls"].as_u64(), Some(calls + calls / 70 * 50), "{label}");
        assert!(all.lines.iter().any(|(stack, _)| stack.split(';').any(|frame| frame == label)), "{:?}", all.lines);
    }
    assert_eq!(all.document["runs"][0]["meta"]["engines"], serde_json::json!(["ptrace"]));
    assert_eq!(all.document["runs"][0]["meta"]["cpu_source"], "wall");
    assert_eq!(all.summary()["not_measured"]["samples"], "none were asked for");
    // Beside a document of a run of the same program.
    let both = merge(&["-o", "both.json", "a.ctrace", "perf.json"]);
    assert!(both.status.success(), "{}", text(&both.stderr));
    let both: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("both.json")).expect("written")).expect("JSON");
    let runs = both["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["meta"]["exit"], serde_json::json!({"code": 0}));
    assert_eq!(runs[1]["metrics"], own["runs"][0]["metrics"]);
    // What is cut says so; what is none is refused.
    let whole = fs::read(dir.path().join("a.ctrace")).expect("read");
    fs::write(dir.path().join("cut.ctrace"), &whole[..whole.len() - 40]).expect("written");
    assert!(merge(&["-o", "cut.json", "cut.ctrace"]).status.success());
    let cut = Profile::read(dir.path(), "cut.json");
    let why = cut.document["runs"][0]["meta"]["incomplete"].as_str().unwrap_or_default();
    assert!(why.contains("recording"), "{why}");
    fs::write(dir.path().join("no.ctrace"), &whole[..20]).expect("written");
    let refused = merge(&["-o", "no.json", "no.ctrace"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("cannot") && !dir.path().join("no.json").exists());
}
