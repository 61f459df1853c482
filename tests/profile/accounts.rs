//! Accounts: what the kernel says of a run, and which calls it made.

use std::fs;

use serde_json::Value;

use crate::programs::{can_trace, compiled, room, text};
use crate::{Profile, is_there, run, word, works};

#[test]
fn calls_are_told_by_the_class_of_their_objects() {
    if !can_trace() || !is_there("/bin/dd") {
        return;
    }
    let dir = room();
    let script = "dd if=/dev/zero of=x bs=1000 count=7 status=none; dd if=x bs=500 status=none | cat >/dev/null";
    let profile = works(dir.path(), &["--profile-out", "p/", "--profile-syscalls", "on", "--", "sh", "-c", script]);
    let summary = profile.summary();
    let classes = &summary["io_by_class"];
    assert_eq!(classes["pipe"]["written_bytes"], 7000, "{classes}");
    assert_eq!(classes["pipe"]["read_bytes"], 7000, "{classes}");
    assert_eq!(classes["device"]["read_bytes"], 7000, "{classes}");
    assert_eq!(classes["device"]["written_bytes"], 7000, "{classes}");
    assert!(
        classes["file"]["written_bytes"] == 7000 && classes["file"]["read_bytes"].as_u64() >= Some(7000),
        "{classes}"
    );
    // A reader of a pipe may find several writes at once.
    assert!(summary["syscalls"]["by_name"]["write"].as_u64() >= Some(7 + 14 + 1), "{}", summary["syscalls"]);
    assert_eq!(summary["io"]["wchar"], 7000 * 3, "{}", summary["io"]);
    assert!(summary["not_measured"]["syscalls.time_ns"].is_string());
}

#[test]
fn bytes_are_told_by_class_whichever_call_moves_them() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "moves.c", &["-O1"]) else { return };
    let ran = run(dir.path(), &["--profile-out", "p/", "--profile-syscalls", "on", "--", word(&program)]);
    if ran.status.code() == Some(9) {
        println!("skipped: {}", text(&ran.stderr));
        return;
    }
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    let classes = &profile.summary()["io_by_class"];
    let bytes = |class: &str| (classes[class]["read_bytes"].as_u64(), classes[class]["written_bytes"].as_u64());
    // sendfile into the pipe, splice out of it.
    assert_eq!(bytes("pipe"), (Some(1000), Some(1000)), "{classes}");
    assert_eq!(bytes("socket-unix"), (Some(700), Some(700)), "{classes}");
    assert_eq!(bytes("memory"), (Some(0), Some(60)), "{classes}");
    // write, pwrite, pwritev, splice, copy_file_range; what the loader reads of its libraries comes to the reads.
    assert_eq!(bytes("file").1, Some(5000 + 500 + 100 + 1000 + 3000), "{classes}");
    assert!(bytes("file").0 >= Some(400 + 100 + 1000 + 3000), "{classes}");
    // pwrite64 of 5000 and 500, and so on: each call once, those between two objects once for each.
    assert_eq!(classes["pipe"]["calls"], 2, "{classes}");
    if fs::read_dir("/dev/pts").is_ok_and(|mut entries| entries.next().is_some()) {
        assert_eq!(bytes("terminal").1, Some(300), "{classes}");
    }
    assert_eq!(profile.summary()["not_measured"].get("io_by_class"), None);
}

#[test]
fn the_kernels_accounts_are_those_that_the_program_sees() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "accounts.c", &["-O1"]) else { return };
    let ran = run(dir.path(), &["--profile-out", "p/", "--", word(&program)]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let said = text(&ran.stdout);
    let own = |name: &str| -> Option<u64> {
        said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
    };
    let profile = Profile::read(dir.path(), "p/perf.json");
    let summary = profile.summary();
    // It looked a little before its end: what it says is not more, and what came behind that is little.
    let near = |name: &str, seen: &Value, behind: u64| {
        let Some(own) = own(name) else {
            println!("skipped: the program does not see its {name}");
            return;
        };
        let seen = seen.as_u64().unwrap_or_else(|| panic!("{name}: {seen}"));
        assert!((own..=own + behind).contains(&seen), "{name}: it saw {own}, {seen} is told");
    };
    for name in ["minor_faults", "major_faults", "voluntary_switches", "involuntary_switches"] {
        near(name, &summary[name], 100);
    }
    for name in ["io_read_blocks", "io_write_blocks"] {
        near(name, &summary[name], 16);
    }
    // The kernel brings its counters of pages together now and then only.
    near("max_rss_kb", &summary["max_rss_kb"], 4096);
    let cpu = ["cpu_user_ns", "cpu_system_ns"].map(|key| summary[key].as_u64().expect("a time"));
    near("cpu_us", &((cpu[0] + cpu[1]) / 1000).into(), 20_000);
    // Its own look at its account and its words.
    for name in ["rchar", "wchar"] {
        near(name, &summary["io"][name], 4096);
    }
    for name in ["syscr", "syscw"] {
        near(name, &summary["io"][name], 8);
    }
    for name in ["read_bytes", "write_bytes", "cancelled_write_bytes"] {
        near(name, &summary["io"][name], 8192);
    }
    let counters = summary["counters"].as_array().expect("counters");
    let counter = |name: &str| counters.iter().find(|counter| counter["name"] == name);
    match counter("page-faults") {
        // Those of the exec itself came before it counted.
        Some(faults) => assert!(faults["value"].as_u64().is_some_and(|faults| faults > 4000), "{faults}"),
        None => assert!(summary["not_measured"]["counters.page-faults"].is_string(), "{summary}"),
    }
    for name in ["instructions", "cycles"] {
        let is_told = summary["not_measured"][format!("counters.{name}")].is_string();
        assert!(counter(name).is_some() != is_told, "{name}: {summary}");
    }
}
