//! `baseline` by the command itself, with a compiler that is a shell script.

mod programs;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use programs::{chic_trace, output, room, text};
use serde_json::{Value, json};

const COLLECTED: [&str; 2] = [
    include_str!("../assertions/tests/baseline/collect.summary.json"),
    include_str!("../assertions/tests/baseline/collect.summary.md"),
];
const REPEATED: [&str; 2] = [
    include_str!("../assertions/tests/baseline/bench.summary.with_comparison.json"),
    include_str!("../assertions/tests/baseline/bench.summary.md"),
];

fn run(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).arg("baseline").args(words).env_remove("SOURCE_DATE_EPOCH"))
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

/// A compiler: what it writes as metrics, and what else it does (`$w` is its workload).
fn compiler(dir: &Path, metrics: &Value, more: &str) {
    let script = format!(
        "#!/bin/sh\nw=$2\nsleep 0.01\n{more}\ncase $w in bad*) exit 7;; nometrics*) exit 0;; esac\n\
         cat > \"$WASMOON_PERF_METRICS_FILE\" <<'END'\n{metrics}\nEND\n"
    );
    let path = dir.join("wasmoon");
    std::fs::remove_file(&path).ok();
    std::fs::write(&path, script).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Metrics of two functions: microseconds of the module, spills of the second.
fn metrics(compile_us: u64, spills: u64) -> Value {
    let function = |idx: u64, name: &str, spills: u64| {
        json!({"func_idx": idx, "func_name": name, "opt_level": 1, "ir_insts_before": 10, "ir_insts_after": 6,
            "optimize_us": compile_us / 4, "lower_us": 1, "regalloc_us": spills * 10, "emit_us": 1, "code_size": 50,
            "spill_slots": 1, "spills": spills, "reloads": 3, "reg_moves": 4, "spill_to_spill": 0,
            "ir_passes": [{"name": "egraph", "duration_us": compile_us / 8, "before_insts": 10, "after_insts": 8,
                "changed": true, "egraph_classes": 4, "egraph_nodes": 5, "egraph_rule_apps": 6}]})
    };
    json!({"schema_version": 1, "expected_functions": 2, "module_compile_us": compile_us,
        "functions": [function(1, "quiet", 2), function(2, "busy", spills)]})
}

fn workloads(dir: &Path, names: &[&str]) {
    for name in names {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, "x").expect("written");
    }
}

fn words<'a>(first: &[&'a str], workloads: &[&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(workloads.iter().flat_map(|name| ["--workload", *name])).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A process that was killed is gone as soon as the kernel comes to it.
#[track_caller]
fn gone(pid: &str) {
    let mut state = String::new();
    for _ in 0..1000 {
        state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it still runs: {state}");
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&read(path)).expect("JSON")
}

/// A summary without what differs from run to run: times, dates, who wrote it; in tables the columns of elapsed time.
fn masked(summary: &str, columns: &[usize]) -> String {
    let keys = ["elapsed_ms", "elapsed_ms_median", "generated_at_unix_sec", "elapsed_regression_pct", "python"];
    let line = |line: &str| -> String {
        if let Some((key, _)) = line.trim().split_once(": ")
            && keys.contains(&key.trim_matches('"'))
        {
            return format!("{key}: #{}", if line.ends_with(',') { "," } else { "" });
        }
        if line.starts_with("- Generated at") {
            return "- Generated at".to_owned();
        }
        let cells = line.split('|').enumerate();
        let cells: Vec<&str> = cells
            .map(
                |(at, cell)| {
                    if columns.contains(&at) && cell.contains(|c: char| c.is_ascii_digit()) { " # " } else { cell }
                },
            )
            .collect();
        cells.join("|")
    };
    summary.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn summaries_are_those_of_wasmoon_to_the_byte() {
    let room = room();
    let dir = room.path();
    compiler(dir, &metrics(1000, 3), "");
    let names = ["a/b.wasm", "./c.wasm", "bad.wasm", "nometrics.wasm"];
    workloads(dir, &names);
    let captured = run(dir, &words(&["capture", "--wasmoon-compat", "--out-dir", "o1"], &names));
    ends(&captured, 1);
    assert_eq!(masked(&read(&dir.join("o1/summary.json")), &[]), masked(COLLECTED[0], &[]));
    assert_eq!(masked(&read(&dir.join("o1/summary.md")), &[3]), masked(COLLECTED[1], &[3]));
    assert!(text(&captured.stderr).contains("bad.wasm: exit-nonzero: it ended with status 7"));
    assert!(text(&captured.stderr).contains("nometrics.wasm: metrics-missing: it wrote no metrics"));
}

#[test]
fn repeated_summaries_and_their_comparison_are_those_of_wasmoon() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["a.wasm"]);
    let repeated = ["capture", "--wasmoon-compat", "--iterations", "2", "--warmup", "1", "--workload", "a.wasm"];
    compiler(dir, &metrics(1000, 3), "");
    ends(&run(dir, &[&repeated[..], &["--out-dir", "p1"]].concat()), 0);
    compiler(dir, &metrics(2000, 3), "");
    let against = ["--out-dir", "p2", "--baseline", "p1/summary.json", "--threshold-elapsed-pct", "500"];
    let compared = run(dir, &[&repeated[..], &against].concat());
    ends(&compared, 1);
    assert_eq!(masked(&read(&dir.join("p2/summary.json")), &[]), masked(REPEATED[0], &[]));
    let (ours, theirs) = (read(&dir.join("p2/summary.md")), REPEATED[1]);
    assert_eq!(masked(&ours, &[3]), masked(theirs, &[3]));
    assert!(text(&compared.stderr).contains("chic-trace: a.wasm: compile regression 100.00% > 15.00%\n"));
    let missing = run(dir, &[&repeated[..], &["--out-dir", "p3", "--baseline", "none.json"]].concat());
    ends(&missing, 1);
    assert_eq!(
        json_of(&dir.join("p3/summary.json"))["comparison"]["failures"],
        json!(["Baseline file not found: none.json"])
    );
}

#[test]
fn whatever_becomes_of_a_run_it_is_a_row_and_nothing_of_it_survives() {
    let room = room();
    let dir = room.path();
    let names = ["sleeps", "stale", "gone"];
    workloads(dir, &names);
    let more =
        "case $w in\nsleeps) trap '' TERM; sleep 300 & echo $! > pid; wait; wait;;\nstale) rm \"$0\"; exit 0;;\nesac";
    compiler(dir, &metrics(1000, 3), more);
    std::fs::create_dir_all(dir.join("out")).expect("a folder");
    std::fs::write(dir.join("out/stale.metrics.json"), metrics(1, 1).to_string()).expect("written");
    let captured = run(dir, &words(&["capture", "--out-dir", "out", "--timeout-sec", "1"], &names));
    ends(&captured, 1);
    let summary = json_of(&dir.join("out/summary.json"));
    let rows: Vec<_> = summary["results"].as_array().expect("rows").iter().collect();
    let statuses: Vec<&str> = rows.iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(statuses, ["timed-out", "metrics-missing", "spawn-failed"]);
    assert_eq!((&rows[1]["metrics_present"], &rows[2]["exit_code"]), (&json!(false), &json!(127)));
    assert!(rows[0]["elapsed_ns"].as_u64().is_some_and(|ns| ns >= 1_000_000_000), "{summary}");
    assert!(rows.iter().all(|row| row["error"].is_string() && row["workload_blake3"].is_string()), "{summary}");
    assert!(summary["provenance"]["host"]["n_cpus"].is_u64() && summary["provenance"]["binary_blake3"].is_null());
    assert_eq!(read(&dir.join("out/summary.md")).lines().count(), 9);
    gone(&read(&dir.join("pid")));
}

#[test]
fn what_runs_ends_with_us() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["sleeps"]);
    compiler(dir, &metrics(1000, 3), "sleep 300 & echo $! > pid.new; mv pid.new pid; wait");
    let mut command = chic_trace();
    let capture = command.current_dir(dir).args(["baseline", "capture", "--workload", "sleeps", "--out-dir", "out"]);
    let mut capture = capture.spawn().expect("it starts");
    while !dir.join("pid").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // SAFETY: kill(2) of a child of ours that was not waited for.
    assert_eq!(unsafe { libc::kill(capture.id() as i32, libc::SIGTERM) }, 0);
    let status = capture.wait().expect("it ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGTERM));
    gone(&read(&dir.join("pid")));
    assert!(!dir.join("out/summary.json").exists(), "half a capture is none");
}

#[test]
fn files_of_two_workloads_are_never_the_same() {
    let room = room();
    let dir = room.path();
    compiler(dir, &metrics(1000, 3), "");
    let names = ["a/b", "a__b"];
    workloads(dir, &names);
    ends(&run(dir, &words(&["capture", "--out-dir", "out"], &names)), 0);
    let kept = std::fs::read_dir(dir.join("out")).expect("files").count();
    assert_eq!(kept, 6 + 2, "three files each, and two summaries");
    let refused = run(dir, &words(&["capture", "--out-dir", "other", "--wasmoon-compat"], &names));
    ends(&refused, 1);
    assert!(text(&refused.stderr).contains("files of a/b and a__b would have the same names"));
    let refused = run(dir, &words(&["capture", "--out-dir", "other"], &["a/b", "x.wasm", "y.wasm"]));
    ends(&refused, 1);
    assert!(text(&refused.stderr).contains("there is no x.wasm, no y.wasm"), "{}", text(&refused.stderr));
    ends(&run(dir, &["capture", "--out-dir", "other"]), 1);
    assert!(!dir.join("other").exists(), "nothing is made before all workloads are there");
    ends(&run(dir, &words(&["capture", "--timeout-sec", "x"], &names)), 2);
}

#[test]
fn runs_of_workloads_come_in_turns_and_settings_come_from_renacer_toml() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["x", "y"]);
    compiler(dir, &metrics(1000, 3), "printf '%s ' \"$w\" >> order");
    let settings = "[baseline]\nworkloads = [\"x\", \"y\"]\nout_dir = \"kept\"\ntimeout_sec = 50\n";
    std::fs::write(dir.join("renacer.toml"), settings).expect("written");
    ends(&run(dir, &["capture", "--iterations", "2", "--warmup", "1"]), 0);
    assert_eq!(read(&dir.join("order")), "x y x y x y ");
    let summary = json_of(&dir.join("kept/summary.json"));
    let (first, config) = (&summary["workloads"][0], &summary["config"]);
    assert_eq!(
        (&first["num_runs"], &first["num_failed_runs"], &config["timeout_sec"]),
        (&json!(2), &json!(0), &json!(50))
    );
    assert_eq!(summary["host"].get("python"), None);
    assert_eq!(first["runs"][0]["metrics_file"], "kept/raw/x.warmup0.metrics.json");
    // Runs that failed have no say in the medians.
    compiler(dir, &metrics(9000, 3), "test -e once || { touch once; exit 3; }");
    ends(&run(dir, &["capture", "--iterations", "2", "--workload", "x"]), 1);
    let first = json_of(&dir.join("kept/summary.json"))["workloads"][0].clone();
    assert_eq!(
        (&first["num_failed_runs"], &first["aggregates"]["module_compile_us_median"]),
        (&json!(1), &json!(9000))
    );
}

/// Compares two captures; whatever they take, time is not to decide.
fn compare(dir: &Path, words: &[&str], code: i32) -> (Value, Output) {
    let all =
        [&["compare", "a/summary.json", "b/summary.json", "--threshold-elapsed-pct", "1000", "--out", "c.json"], words];
    let compared = run(dir, &all.concat());
    ends(&compared, code);
    (json_of(&dir.join("c.json")), compared)
}

#[test]
fn one_spill_more_fails_and_who_spilled_is_named() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["x", "y"]);
    let capture = |out: &str, value: &Value, names: &[&str]| {
        compiler(dir, value, "");
        ends(&run(dir, &words(&["capture", "--out-dir", out], names)), 0);
    };
    capture("a", &metrics(1000, 3), &["x"]);
    capture("b", &metrics(1000, 3), &["x"]);
    let (same, _) = compare(dir, &[], 0);
    let schema: Value = serde_json::from_str(report::schema("baseline-compare").expect("a schema")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    validator.validate(&same).unwrap_or_else(|error| panic!("{error} at {}: {same}", error.instance_path()));
    assert_eq!((&same["overall_status"], &same["findings"][0]["status"]), (&json!("pass"), &json!("ok")));
    assert!(same["findings"][0]["exact"].as_array().is_some_and(|fields| fields.len() == 12), "{same}");

    capture("b", &metrics(1000, 4), &["x"]);
    let emits = ["--emit", "sarif:s.out", "--emit", "junit:j.out", "--md", "c.md"];
    let (worse, compared) = compare(dir, &emits, 1);
    validator.validate(&worse).unwrap_or_else(|error| panic!("{error} at {}: {worse}", error.instance_path()));
    let first = &worse["findings"][0]["blame"][0];
    assert_eq!((&first["field"], &first["name"], &first["func_idx"]), (&json!("spills"), &json!("busy"), &json!(2)));
    assert_eq!(worse["failures"], json!(["x: spills 6 > 5"]));
    assert!(
        text(&compared.stdout).contains("\n  spills of function busy (index 2): 3 -> 4\n"),
        "{}",
        text(&compared.stdout)
    );
    assert!(read(&dir.join("s.out")).contains("spills of function busy: 3 -> 4"));
    assert!(read(&dir.join("j.out")).contains("<failure ") && read(&dir.join("c.md")).contains("\n## Blame\n"));
    let (_, allowed) = compare(dir, &["--exact-tolerance-pct", "20"], 0);
    assert_eq!(text(&allowed.stderr), "");
    let (unjudged, _) = compare(dir, &["--no-exact"], 0);
    assert_eq!(unjudged["findings"][0]["exact"][6]["status"], Value::Null);

    capture("b", &metrics(1000, 2), &["x", "y"]);
    let (better, _) = compare(dir, &[], 0);
    let statuses: Vec<_> =
        better["findings"].as_array().expect("findings").iter().map(|f| f["status"].clone()).collect();
    assert_eq!(statuses, [json!("improved"), json!("missing-baseline")]);
    capture("a", &metrics(1000, 2), &["x", "y"]);
    capture("b", &metrics(1000, 2), &["x"]);
    let (_, dropped) = compare(dir, &[], 1);
    assert!(text(&dropped.stderr).contains("chic-trace: y: it is in the baseline only"), "{}", text(&dropped.stderr));

    // Metrics that lie beside a summary only partly are never taken for whole.
    let mut partial = metrics(1000, 2);
    partial["expected_functions"] = json!(7);
    std::fs::write(dir.join("b/x.metrics.json"), partial.to_string()).expect("written");
    let (_, incomplete) = compare(dir, &[], 1);
    assert!(
        text(&incomplete.stderr).contains("x: incomplete-metrics: 2 functions of 7"),
        "{}",
        text(&incomplete.stderr)
    );
}

#[test]
fn times_are_judged_by_runs_where_there_are_enough() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["x"]);
    for (out, us) in [("a", 1000), ("b", 1300)] {
        compiler(dir, &metrics(us, 3), "");
        ends(&run(dir, &["capture", "--out-dir", out, "--iterations", "7", "--workload", "x"]), 0);
    }
    let (compared, _) = compare(dir, &[], 1);
    let compile = compared["findings"][0]["measures"][1].clone();
    assert_eq!((&compile["measure"], &compile["method"]), (&json!("compile"), &json!("runs-unpaired")));
    assert_eq!(
        (&compile["status"], &compared["failures"][0]),
        (&json!("regressed"), &json!("x: compile regression 30.00% > 15.00%"))
    );
    assert!(compared["findings"][0]["blame"][0]["field"] == "compile_us", "{compared}");
    let (compat, _) = compare(dir, &["--wasmoon-compat", "--no-exact"], 1);
    assert_eq!(compat["findings"][0]["compile_regression_pct"], 30.0);
    assert_eq!(compat["baseline"], "a/summary.json");
}

#[test]
fn what_can_not_be_compared_is_no_pass() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["x"]);
    compiler(dir, &metrics(1000, 3), "");
    for out in ["a", "b"] {
        ends(&run(dir, &["capture", "--out-dir", out, "--workload", "x"]), 0);
    }
    std::fs::remove_file(dir.join("b/x.metrics.json")).expect("removed");
    let (_, open) = compare(dir, &[], 3);
    assert!(text(&open.stderr).contains("x: not-measured: no run that ended well has it"), "{}", text(&open.stderr));
    compare(dir, &["--strict"], 1);
    compare(dir, &["--inconclusive=pass"], 0);
    let mut other = json_of(&dir.join("a/summary.json"));
    other["provenance"]["host"]["machine"] = json!("riscv64");
    std::fs::write(dir.join("a/summary.json"), other.to_string()).expect("written");
    let (mismatch, _) = compare(dir, &[], 1);
    let failure = format!("Baseline arch mismatch: current={}, baseline=riscv64", std::env::consts::ARCH);
    assert_eq!((&mismatch["failures"][0], &mismatch["findings"]), (&json!(failure), &json!([])));
    compare(dir, &["--allow-arch-mismatch"], 3);
    std::fs::remove_file(dir.join("a/summary.json")).expect("removed");
    let (missing, _) = compare(dir, &[], 1);
    assert_eq!(missing["failures"], json!(["Baseline file not found: a/summary.json"]));
    ends(&run(dir, &["compare", "a/summary.json"]), 2);
}

#[test]
fn metrics_are_shown_written_anew_and_drawn() {
    let room = room();
    let dir = room.path();
    std::fs::write(dir.join("m.metrics.json"), metrics(1000, 3).to_string()).expect("written");
    let shown = run(dir, &["show", "m.metrics.json", "--by", "spills", "--top", "1"]);
    ends(&shown, 0);
    assert!(
        text(&shown.stdout).ends_with("busy                            2              3\n"),
        "{}",
        text(&shown.stdout)
    );
    let compat = run(dir, &["show", "m.metrics.json", "--format", "json", "--wasmoon-compat"]);
    let schema: Value = serde_json::from_str(report::schema("compile-metrics").expect("a schema")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for words in [&[][..], &["--wasmoon-compat"]] {
        let written = run(dir, &[&["show", "m.metrics.json", "--format", "json"], words].concat());
        let document: Value = serde_json::from_slice(&written.stdout).expect("JSON");
        validator.validate(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
    }
    assert!(text(&compat.stdout).contains("\"module_compile_us\": \"1000\""));
    let folded = text(&run(dir, &["show", "m.metrics.json", "--format", "folded"]).stdout);
    assert!(folded.contains("m;busy;optimize;egraph 125\n") && folded.contains("m;busy;regalloc 30\n"), "{folded}");
    ends(&run(dir, &["show", "m.metrics.json", "--by", "colour"]), 2);
    std::fs::write(dir.join("m.metrics.json"), "{}").expect("written");
    let broken = run(dir, &["show", "m.metrics.json"]);
    ends(&broken, 2);
    assert!(text(&broken.stderr).contains("/schema_version: it is missing"), "{}", text(&broken.stderr));

    // Those that are published, read in place.
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/wasmoon");
    for name in ["aead.metrics.full.json", "aead.metrics.2funcs.json"] {
        let path = published.join(name);
        let Ok(original) = std::fs::read(&path) else {
            println!("skipped: samples not here: {name}");
            continue;
        };
        let path = path.to_str().expect("text");
        let compat = run(dir, &["show", path, "--format", "json", "--wasmoon-compat"]);
        assert!(name.contains("2funcs") || compat.stdout == original, "{name} is written otherwise");
        for words in [&[][..], &["--wasmoon-compat"]] {
            let written = run(dir, &[&["show", path, "--format", "json"], words].concat());
            let document: Value = serde_json::from_slice(&written.stdout).expect("JSON");
            assert!(validator.is_valid(&document), "{name}");
        }
    }
    for name in ["wasmtime-parity-summary.json", "round10_summary.json", "wasmoon_aead.json"] {
        let path = published.join(name);
        if !path.exists() {
            println!("skipped: samples not here: {name}");
            continue;
        }
        let path = path.to_str().expect("text");
        let compared = run(dir, &["compare", path, path]);
        ends(&compared, 0);
        assert!(text(&compared.stdout).contains("elapsed +0.00 %"), "{}", text(&compared.stdout));
    }
}

#[test]
fn modules_of_one_process_count_together() {
    let room = room();
    let dir = room.path();
    workloads(dir, &["a.wasm"]);
    let second = |spills: u64| {
        let second = metrics(500, spills);
        format!("f=${{WASMOON_PERF_METRICS_FILE%.json}}\ncat > \"$f.2.json\" <<'END'\n{second}\nEND")
    };
    let capture = |out: &str| run(dir, &words(&["capture", "--iterations", "2", "--out-dir", out], &["a.wasm"]));
    compiler(dir, &metrics(1000, 3), &second(4));
    ends(&capture("old"), 0);
    let runs = json_of(&dir.join("old/summary.json"))["workloads"][0]["runs"][0].clone();
    assert_eq!((&runs["module_compile_us"], &runs["total_code_size"]), (&json!(1500), &json!(200)));
    // One spill more in the second module.
    compiler(dir, &metrics(1000, 3), &second(5));
    ends(&capture("new"), 0);
    let compared = run(dir, &["compare", "old/summary.json", "new/summary.json"]);
    ends(&compared, 1);
    assert!(text(&compared.stdout).contains("module 2: busy"), "{}", text(&compared.stdout));
    // A second module of an earlier process counts no more.
    compiler(dir, &metrics(1000, 3), "");
    ends(&capture("new"), 0);
    let runs = json_of(&dir.join("new/summary.json"))["workloads"][0]["runs"][0].clone();
    assert_eq!(runs["module_compile_us"], json!(1000));
}
