//! `gate check --baseline-bin OLD -- NEW`: programs that the test builds or writes, run in turns by the command itself.

mod programs;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use programs::{build, can_trace, chic_trace, output, room, text};
use serde_json::{Value, json};

const FIRST_SCHEMA: &str = include_str!("../assertions/tests/gate/frankenjax/perf_delta.v1.schema.json");

fn check(dir: &Path, words: &[&str]) -> Output {
    let mut command = chic_trace();
    command.current_dir(dir).args(["gate", "check", "--report", "v2.json"]).args(words);
    output(&mut command)
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

#[track_caller]
fn valid(schema: &str, document: &Value) {
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    if let Err(error) = validator.validate(document) {
        panic!("{error} at {}: {document}", error.instance_path());
    }
}

/// The report of the last check, which has to fit its schema.
fn report(dir: &Path) -> Value {
    let text = std::fs::read_to_string(dir.join("v2.json")).expect("a report");
    let report = serde_json::from_str(&text).expect("JSON");
    valid(report::schema("perf-delta").expect("a schema"), &report);
    report
}

fn row<'a>(report: &'a Value, metric: &str) -> &'a Value {
    let rows = report["benchmarks"].as_array().expect("rows");
    rows.iter().find(|row| row["metric"] == metric).unwrap_or_else(|| panic!("no {metric}: {report}"))
}

fn script(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Compares a program with itself, as the command does by itself; says how many of so many checks passed. None may
/// fail, and only what is busy may keep one from passing.
fn passes(count: usize) -> usize {
    let dir = room();
    let toils = build("toils", None, dir.path());
    let toils = toils.to_str().expect("text");
    let mut passed = 0;
    for _ in 0..count {
        let run = check(dir.path(), &["--pairs", "10", "--baseline-bin", toils, "--", toils]);
        assert_ne!(run.status.code(), Some(1), "{}{}", text(&run.stdout), text(&run.stderr));
        let report = report(dir.path());
        let busy = |why: &str| why.starts_with("interval-too-wide") || why.starts_with("host-busy");
        let open = |row: &&Value| !matches!(row["verdict"].as_str(), Some("pass" | "improved"));
        let mut open = report["benchmarks"].as_array().expect("rows").iter().filter(open);
        let undecided = open.all(|row| row["reason"].as_str().is_some_and(busy));
        match run.status.code() {
            Some(0) => passed += 1,
            Some(3) if undecided => println!("skipped: too much else is going on here: {}", text(&run.stderr)),
            _ => panic!("{}{}", text(&run.stdout), text(&run.stderr)),
        }
    }
    passed
}

#[test]
fn a_program_passes_against_itself() {
    passes(1);
}

#[test]
#[ignore = "twenty checks, on a machine that does nothing else"]
fn a_program_passes_against_itself_twenty_times_of_twenty() {
    assert_eq!(passes(20), 20);
}

#[test]
fn twice_the_work_fails() {
    let dir = room();
    // What other guests of the machine take is taken from both.
    std::fs::write(dir.path().join("renacer.toml"), "[gate]\nmax_steal_percent = 100\n").expect("written");
    let (old, new) = (build("toils", None, dir.path()), build("toils", Some("twice"), dir.path()));
    let (old, new) = (old.to_str().expect("text"), new.to_str().expect("text"));
    let run = check(dir.path(), &["--report-v1", "v1.json", "--samples", "3", "--baseline-bin", old, "--", new]);
    ends(&run, 1);
    let report = report(dir.path());
    assert_eq!(report["overall_status"], "fail");
    let cpu = row(&report, "cpu");
    assert_eq!(
        (&cpu["verdict"], &cpu["design"], &cpu["confounded"], &cpu["bench_id"]),
        (&json!("regressed"), &json!("paired"), &json!(false), &json!("toils-twice"))
    );
    assert!(cpu["lower_percent"].as_f64().expect("a bound") > 20.0, "{cpu}");
    assert_eq!(cpu["k_candidate"], 10, "the first look is enough");
    assert_eq!(row(&report, "wall")["unit"], "ns");
    let pairs = report["measurement"]["pairs"].as_array().expect("pairs");
    assert!(pairs.len() >= 10);
    assert!(pairs.iter().all(|pair| pair["candidate"].as_array().is_some_and(|samples| samples.len() == 3)));
    let missing = report["measurement"]["not_measured"].as_array().expect("what is missing");
    for missing in missing {
        let said = format!("chic-trace: {} is not compared: ", missing["metric"].as_str().expect("a name"));
        assert!(text(&run.stderr).contains(&said), "{}", text(&run.stderr));
    }
    assert!(text(&run.stderr).contains("chic-trace: toils-twice cpu regressed (+"), "{}", text(&run.stderr));
    assert!(text(&run.stdout).contains("(10 pairs; smallest findable +"), "{}", text(&run.stdout));

    let first: Value = serde_json::from_slice(&std::fs::read(dir.path().join("v1.json")).expect("v1")).expect("JSON");
    valid(FIRST_SCHEMA, &first);
    let listed: Vec<&Value> =
        first["regressions"].as_array().expect("some").iter().map(|listed| &listed["bench_id"]).collect();
    assert!(listed.contains(&&json!("toils-twice/cpu")), "{first}");
    let mut verify = chic_trace();
    ends(&output(verify.current_dir(dir.path()).args(["gate", "check", "--verify-report", "v1.json"])), 0);
}

#[test]
#[ignore = "twenty checks, on a machine that does nothing else"]
fn a_tenth_more_work_is_found_nineteen_times_of_twenty() {
    let dir = room();
    let (old, new) = (build("toils", None, dir.path()), build("toils", Some("tenth"), dir.path()));
    let (old, new) = (old.to_str().expect("text"), new.to_str().expect("text"));
    let words = ["--pairs", "10", "--baseline-bin", old, "--", new];
    let found = (0..20).filter(|_| {
        let run = check(dir.path(), &words);
        print!("{}", text(&run.stdout));
        run.status.code() == Some(1)
    });
    assert!(found.count() >= 19);
}

#[test]
fn runs_come_in_turns_and_begin_with_each_program_equally_often() {
    let dir = room();
    script(dir.path(), "old", "read word; printf 'A%s' \"$word$1\" >> order");
    script(dir.path(), "the-new-one", "read word; printf 'B%s' \"$word$1\" >> order");
    std::fs::write(dir.path().join("in"), "x\n").expect("written");
    // A measure of pairs alone: nothing is run to be counted.
    let words = ["--bench-filter=wall", "--pairs=4", "--inconclusive=pass", "--stdin=in", "--baseline-bin=./old", "--"];
    for samples in [Some(1), Some(3), None] {
        let asked = samples.map(|samples| format!("--samples={samples}"));
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        ends(&check(dir.path(), &[&asked[..], &words[..], &["./the-new-one", "y"]].concat()), 0);
        let order = std::fs::read_to_string(dir.path().join("order")).expect("an order").replace("xy", "");
        // One start of each that does not count, then pairs.
        assert!(order.starts_with("ABABBAABBA"), "{order}");
        let measurement = report(dir.path())["measurement"].clone();
        let (each, pairs) = (&measurement["samples"], measurement["pairs"].as_array().expect("pairs").len());
        let each = each.as_u64().expect("a number") as usize;
        assert_eq!(order.len(), 2 + 2 * pairs * each);
        assert!(samples.map_or(each > 1, |samples| each == samples), "{each} of a program that ends at once");
        std::fs::remove_file(dir.path().join("order")).expect("removed");
    }
}

#[test]
fn both_may_run_at_the_same_time() {
    let dir = room();
    script(dir.path(), "old", ":");
    script(dir.path(), "new", ":");
    let words = ["--duet", "--pairs", "4", "--inconclusive=pass", "--baseline-bin", "./old", "--", "./new"];
    let run = check(dir.path(), &words);
    ends(&run, 0);
    let measurement = report(dir.path())["measurement"].clone();
    match &measurement["side_by_side"] {
        Value::Array(cpus) => {
            assert!(cpus.len() == 2 && cpus[0] != cpus[1], "{measurement}");
            assert!(measurement["in_turns"].is_null());
        }
        _ => {
            let why = measurement["in_turns"].as_str().expect("why not");
            assert!(text(&run.stderr).contains(&format!("cannot run both at the same time: {why}")));
        }
    }
    assert!(measurement["pairs"].as_array().is_some_and(|pairs| pairs.len() >= 4));
    ends(&check(dir.path(), &["--duet", "--", "./new"]), 2);
}

#[test]
fn a_program_that_hangs_is_ended() {
    let dir = room();
    // Whoever it started goes with it.
    script(dir.path(), "hangs", "sleep 1000 & echo $! > child; wait");
    let began = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a pid").trim().to_owned();
    for words in [
        &["--timeout-sec", "0.5", "--baseline-bin", "./hangs", "--", "./hangs"][..],
        &["--timeout-sec", "0.5", "--duet", "--baseline-bin", "./hangs", "--", "./hangs"],
    ] {
        let run = check(dir.path(), words);
        ends(&run, 1);
        let said = "run-failed: ./hangs did not end within 0.5 s; --timeout-sec allows more";
        assert!(text(&run.stderr).contains(said), "{}", text(&run.stderr));
        assert_eq!(report(dir.path())["overall_status"], "fail");
        let child = Path::new("/proc").join(began("child")).join("cmdline");
        let lives = || std::fs::read(&child).is_ok_and(|words| words.starts_with(b"sleep"));
        // The signal was sent; when it arrives is the kernel's business.
        let gone = (0..1000).any(|_| {
            let lives = lives();
            if lives {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            !lives
        });
        assert!(gone, "{} lives", child.display());
    }
    ends(&check(dir.path(), &["--timeout-sec", "0", "--baseline-bin", "./hangs", "--", "./hangs"]), 2);
}

#[test]
fn what_both_do_is_counted_in_runs_that_are_not_timed() {
    if !can_trace() {
        return;
    }
    let dir = room();
    script(dir.path(), "old", ":");
    script(dir.path(), "new", ": < /dev/null");
    let run = check(dir.path(), &["--pairs", "4", "--inconclusive=pass", "--baseline-bin", "./old", "--", "./new"]);
    ends(&run, 1);
    let second = report(dir.path());
    let calls = row(&second, "calls.openat");
    assert_eq!((&calls["verdict"], &calls["design"]), (&json!("regressed"), &json!("counter-exact")));
    let (before, after) = (calls["baseline_value"].as_f64(), calls["candidate_value"].as_f64());
    assert_eq!(before.map(|calls| calls + 1.0), after);
    assert_eq!(row(&second, "bytes.written")["verdict"], "pass");
    assert_eq!(second["family_size"], 2, "counters need no statistics");
    let shown = text(&run.stdout);
    assert!(shown.contains("new calls.openat ") && shown.contains(" counters "), "{shown}");

    // A measure of pairs alone needs no such runs.
    let words = ["--bench-filter", "wall", "--pairs", "4", "--inconclusive=pass", "--baseline-bin", "./old", "--"];
    ends(&check(dir.path(), &[&words[..], &["./new"]].concat()), 0);
    assert_eq!(report(dir.path())["benchmarks"].as_array().map(Vec::len), Some(1));
    let words = ["--bench-filter", "calls.openat", "--pairs", "4", "--baseline-bin", "./old", "--", "./new"];
    ends(&check(dir.path(), &words), 1);
    assert_eq!(report(dir.path())["family_size"], 0);

    // What differs from run to run of itself says nothing. Starts 0 and 1 fill the caches, 2 to 17 are pairs, the old
    // program is counted in 18 to 22, the new one in 23 to 27.
    let flips = "read n < n || n=0; echo $((n + 1)) > n; [ $n -ge 25 ] && : < /dev/null\n:";
    script(dir.path(), "flips", flips);
    std::fs::write(dir.path().join("n"), "0\n").expect("written");
    let words = ["--samples=1", "--pairs=4", "--inconclusive=pass", "--baseline-bin=./flips", "--", "./flips"];
    let run = check(dir.path(), &words);
    ends(&run, 0);
    assert!(
        text(&run.stderr).contains("calls.openat is not compared: it differs from run to run"),
        "{}",
        text(&run.stderr)
    );
}

#[test]
fn page_faults_of_both_are_counted_from_their_exec_on() {
    let dir = room();
    let (old, new) = (build("touches", None, dir.path()), build("touches", Some("more"), dir.path()));
    let (old, new) = (old.to_str().expect("text"), new.to_str().expect("text"));
    let words = ["--bench-filter=faults", "--pairs=5", "--inconclusive=pass", "--baseline-bin", old, "--"];
    let run = check(dir.path(), &[&words[..], &[new]].concat());
    let report_of_two = report(dir.path());
    let missing = report_of_two["measurement"]["not_measured"].as_array().expect("what is missing");
    if let Some(refused) = missing.iter().find(|missing| missing["metric"] == "faults") {
        assert!(text(&run.stderr).contains("chic-trace: faults is not compared: counter-unavailable"), "{refused}");
        println!("skipped: {}", refused["reason"]);
        return;
    }
    ends(&run, 1);
    let faults = row(&report_of_two, "faults.minor");
    assert_eq!(faults["verdict"], "regressed", "{faults}");
    let of = |side: &str| faults[format!("{side}_value")].as_f64().expect("a count");
    let more = of("candidate") - of("baseline");
    assert!((95.0..=105.0).contains(&more), "{faults}");
    // Those of the tracer's own fork would be several hundred.
    assert!(of("baseline") < 320.0, "{faults}");
    let used = &report_of_two["measurement"]["pairs"][0]["candidate"][0];
    assert!(used["minor_faults"].as_f64().is_some_and(|faults| faults >= 300.0), "{used}");

    let run = check(dir.path(), &[&words[..], &[old]].concat());
    ends(&run, 0);
}

#[test]
fn few_pairs_decide_nothing() {
    let dir = room();
    let words = ["--pairs", "3", "--baseline-bin", "/bin/true", "--", "/bin/true"];
    ends(&check(dir.path(), &words), 3);
    let second = report(dir.path());
    assert_eq!(second["overall_status"], "inconclusive");
    let reason = row(&second, "cpu")["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("too-few-runs: 6 pairs, "), "{reason}");
    ends(&check(dir.path(), &[&["--strict"][..], &words].concat()), 1);
    assert_eq!(report(dir.path())["overall_status"], "fail");
}

#[test]
fn a_run_that_fails_is_no_measurement() {
    let dir = room();
    let toils = build("toils", None, dir.path());
    let toils = toils.to_str().expect("text");
    let cases: [(&[&str], &str); 4] = [
        (&["--baseline-bin", toils, "--", toils, "fails"], "ended with status 7"),
        (&["--baseline-bin", "./none", "--", toils], "run-failed: ./none did not start: cannot run ./none"),
        (&["--baseline-bin", "/bin/sh", "--", "/bin/sh", "-c", "kill -9 $$"], "was ended by signal 9"),
        (
            &["--bench-filter", "nothing", "--baseline-bin", toils, "--", toils],
            "no measure has \"nothing\" in its name",
        ),
    ];
    for (words, expected) in cases {
        let run = check(dir.path(), words);
        ends(&run, 1);
        assert!(text(&run.stderr).contains(expected), "{}", text(&run.stderr));
        assert_eq!(report(dir.path())["overall_status"], "fail");
    }
    let usage: [&[&str]; 4] = [
        &["--pairs", "10"],
        &["--pairs", "0", "--baseline-bin", toils, "--", toils],
        &["--baseline-bin", toils],
        &["--baseline", "main", "--baseline-bin", toils, "--", toils],
    ];
    for words in usage {
        std::fs::remove_file(dir.path().join("v2.json")).ok();
        ends(&check(dir.path(), words), 2);
        assert!(!dir.path().join("v2.json").exists(), "nothing was measured");
    }
}
