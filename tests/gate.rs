//! `gate` by the command itself, on results of criterion that the tests write.

mod programs;

use std::path::{Path, PathBuf};
use std::process::Output;

use programs::{can_trace, chic_trace, output, room, text};
use serde_json::{Value, json};

const FIRST_SCHEMA: &str = include_str!("../assertions/tests/gate/frankenjax/perf_delta.v1.schema.json");

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assertions/tests/gate")
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(samples().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn gate(dir: &Path, words: &[&str]) -> Output {
    let mut command = chic_trace();
    for variable in ["CRITERION_HOME", "CARGO_TARGET_DIR", "SOURCE_DATE_EPOCH"] {
        command.env_remove(variable);
    }
    output(command.current_dir(dir).arg("gate").args(words))
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

/// Writes the files of a benchmark: 20 samples around a time, the same noise for all.
fn bench(dir: &Path, folder: &str, baseline: &str, id: &str, ns: f64) {
    let dir = dir.join("target/criterion").join(folder).join(baseline);
    std::fs::create_dir_all(&dir).expect("a folder");
    let noise = |at: u32| 1.0 + f64::from(at * 7 % 20) * 1e-4;
    let iters: Vec<f64> = (1..=20).map(|at| f64::from(at) * 100.0).collect();
    let times: Vec<f64> = (1..=20).zip(&iters).map(|(at, iters)| iters * ns * noise(at)).collect();
    let of = |value: f64| {
        json!({"confidence_interval": {"confidence_level": 0.95, "lower_bound": value * 0.999,
            "upper_bound": value * 1.001}, "point_estimate": value, "standard_error": value * 0.0005})
    };
    let group = id.split('/').next().expect("a group");
    let files = [
        (
            "benchmark.json",
            json!({"group_id": group, "function_id": null, "value_str": null, "throughput": null,
            "full_id": id, "directory_name": folder, "title": id}),
        ),
        ("sample.json", json!({"sampling_mode": "Linear", "iters": iters, "times": times})),
        (
            "estimates.json",
            json!({"mean": of(ns), "median": of(ns), "median_abs_dev": of(0.1), "std_dev": of(0.1),
            "slope": of(ns)}),
        ),
    ];
    for (name, document) in files {
        std::fs::write(dir.join(name), document.to_string()).expect("written");
    }
}

/// Baseline and last run of `emit/json` and `parse`, the first with this change.
fn project(dir: &Path, percent: f64) {
    bench(dir, "emit/json", "main", "emit/json", 100.0);
    bench(dir, "emit/json", "new", "emit/json", 100.0 + percent);
    bench(dir, "parse", "main", "parse", 50.0);
    bench(dir, "parse", "new", "parse", 50.0);
}

fn note(dir: &Path, name: &str, content: &str) {
    let notes = dir.join("artifacts/performance/risk_notes");
    std::fs::create_dir_all(&notes).expect("a folder");
    std::fs::write(notes.join(name), content).expect("written");
}

fn note_v2(most: f64) -> String {
    let mut note: Value = serde_json::from_str(&sample("frankenjax/risk_notes/valid.v2.risk_note.json")).expect("JSON");
    note["max_regression_percent"] = json!(most);
    note["expires_on"] = json!("2999-12-31");
    note["baseline_blake3"] = Value::Null;
    note.to_string()
}

#[test]
fn the_schema_of_a_note_takes_what_the_gate_takes() {
    let schema: Value = serde_json::from_str(report::schema("risk-note").expect("a schema")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let note: Value = serde_json::from_str(&note_v2(15.0)).expect("JSON");
    assert!(validator.is_valid(&note), "{note}");
    for name in ["valid.v2", "expired.v2", "too_small.v2"] {
        let note = sample(&format!("frankenjax/risk_notes/{name}.risk_note.json"));
        assert!(validator.is_valid(&serde_json::from_str(&note).expect("JSON")), "{name}");
    }
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/BUDGETS.md")).expect("a page");
    let shown = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a note");
    assert!(validator.is_valid(&serde_json::from_str(shown).expect("JSON")), "{shown}");
    for (key, value) in [
        ("bench_ids", json!([])),
        ("max_regression_percent", json!(-1)),
        ("expires_on", json!("tomorrow")),
        ("baseline_blake3", json!("abc")),
        ("reason", json!("")),
        ("more", json!(1)),
    ] {
        let mut bad = note.clone();
        bad[key] = value;
        assert!(!validator.is_valid(&bad), "{bad}");
        let dir = room();
        project(dir.path(), 12.0);
        self::note(dir.path(), "bad.risk_note.json", &bad.to_string());
        let (_, second, _) = checked(dir.path(), &[], 1);
        assert_eq!(second["risk_notes"][0]["status"], "invalid", "{bad}");
    }
}

fn read(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

#[track_caller]
fn valid(schema: &str, document: &Value) {
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    if let Err(error) = validator.validate(document) {
        panic!("{error} at {}: {document}", error.instance_path());
    }
}

/// Checks with both reports, which have to fit their schemas and the exit code.
#[track_caller]
fn checked(dir: &Path, words: &[&str], code: i32) -> (Output, Value, Option<Value>) {
    let all = [&["check", "--report", "out/v2.json", "--report-v1", "out/v1.json"], words].concat();
    let run = gate(dir, &all);
    ends(&run, code);
    let second = read(&dir.join("out/v2.json")).expect("a report");
    valid(report::schema("perf-delta").expect("a schema"), &second);
    let status = match code {
        0 => "pass",
        1 => "fail",
        _ => "inconclusive",
    };
    assert_eq!(second["overall_status"], status);
    let first = read(&dir.join("out/v1.json"));
    if let Some(first) = &first {
        valid(FIRST_SCHEMA, first);
        assert_eq!(first["overall_status"], if code == 0 { "pass" } else { "fail" });
        ends(&gate(dir, &["check", "--verify-report", "out/v1.json"]), 0);
    }
    (run, second, first)
}

fn verdict<'a>(report: &'a Value, id: &str) -> &'a str {
    let rows = report["benchmarks"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["bench_id"] == id).unwrap_or_else(|| panic!("no {id}: {report}"));
    row["verdict"].as_str().expect("a verdict")
}

#[test]
fn a_no_regression_passes() {
    let dir = room();
    project(dir.path(), 0.0);
    for rule in ["auto", "frankenjax-p95"] {
        let (run, second, first) = checked(dir.path(), &["--rule", rule], 0);
        assert_eq!(verdict(&second, "emit/json"), "pass");
        let first = first.expect("the form of the origin");
        assert_eq!(first["regressions"], json!([]));
        assert_eq!(first["baseline_id"], "main@unknown");
        assert!(text(&run.stdout).ends_with("gate: pass (2 pass)\n"), "{}", text(&run.stdout));
        assert_eq!(text(&run.stdout).contains("no error control: single runs, fixed threshold"), rule != "auto");
        assert_eq!(text(&run.stderr), "");
    }
}

#[test]
fn b_twice_the_time_fails() {
    let dir = room();
    project(dir.path(), 100.0);
    for rule in ["auto", "ci-upper"] {
        let (run, second, first) = checked(dir.path(), &["--rule", rule], 1);
        assert_eq!(verdict(&second, "emit/json"), "regressed");
        assert_eq!(verdict(&second, "parse"), "pass");
        let regressions = &first.expect("a report")["regressions"];
        assert_eq!(regressions[0]["bench_id"], "emit/json");
        assert_eq!(regressions[0]["justified"], false);
        assert!(text(&run.stderr).contains("chic-trace: emit/json regressed (+100.00 %)"), "{}", text(&run.stderr));
        let how =
            "chic-trace: a note in artifacts/performance/risk_notes accepts what became worse; chic-trace schema ";
        assert!(text(&run.stderr).contains(how), "{}", text(&run.stderr));
    }
}

#[test]
fn c_an_empty_note_justifies_nothing_and_a_good_one_does() {
    let dir = room();
    project(dir.path(), 100.0);
    note(dir.path(), "emit_json.risk_note.json", "{}");
    let (run, second, _) = checked(dir.path(), &[], 1);
    assert_eq!(verdict(&second, "emit/json"), "regressed");
    assert_eq!(second["risk_notes"][0]["status"], "invalid");
    assert!(text(&run.stderr).contains("emit_json.risk_note.json is invalid"), "{}", text(&run.stderr));

    project(dir.path(), 12.0);
    note(dir.path(), "emit_json.risk_note.json", &note_v2(15.0));
    let (_, second, first) = checked(dir.path(), &[], 0);
    assert_eq!(verdict(&second, "emit/json"), "risk_noted");
    assert_eq!(second["risk_notes"][0]["status"], "used");
    let first = first.expect("a report");
    assert_eq!(first["regressions"][0]["justified"], true);
    let path = "artifacts/performance/risk_notes/emit_json.risk_note.json";
    assert_eq!(first["regressions"][0]["risk_note_ref"], path);

    note(dir.path(), "emit_json.risk_note.json", &note_v2(5.0));
    let (_, second, _) = checked(dir.path(), &[], 1);
    assert_eq!(second["risk_notes"][0]["status"], "unused");
    let (_, second, _) = checked(dir.path(), &["--bench-filter", "parse", "--allow-unused-notes"], 0);
    assert_eq!(second["risk_notes"][0]["status"], "unused");
}

#[test]
fn d_e_without_results_it_fails() {
    let dir = room();
    std::fs::create_dir_all(dir.path().join("target/criterion")).expect("a folder");
    std::fs::create_dir_all(dir.path().join("out")).expect("a folder");
    std::fs::write(dir.path().join("out/v1.json"), sample("frankenjax/report.clean.json")).expect("written");
    let (run, second, first) = checked(dir.path(), &[], 1);
    assert_eq!((second["benchmarks"].clone(), first), (json!([]), None), "an older report is left");
    assert!(text(&run.stderr).contains("there is no benchmark data"), "{}", text(&run.stderr));
    std::fs::remove_dir_all(dir.path().join("target")).expect("removed");
    let (run, _, first) = checked(dir.path(), &[], 1);
    assert_eq!(first, None);
    assert!(text(&run.stderr).contains("cannot read criterion results target/criterion: "), "{}", text(&run.stderr));
    project(dir.path(), 0.0);
    let (run, ..) = checked(dir.path(), &["--bench-filter", "nothing"], 1);
    assert!(text(&run.stderr).contains("no benchmark data with \"nothing\" in its id"), "{}", text(&run.stderr));
    let (run, ..) = checked(dir.path(), &["--baseline", "other"], 1);
    assert!(text(&run.stderr).contains("there is no such baseline"), "{}", text(&run.stderr));
}

#[test]
fn f_what_makes_no_sense_is_refused_and_nothing_is_written() {
    let dir = room();
    project(dir.path(), 0.0);
    let cases: [&[&str]; 6] = [
        &["check", "--no-such-flag", "--report", "v2.json"],
        &["check", "--threshold", "1", "--report", "v2.json"],
        &["check", "--threshold", "x"],
        &["check", "--source", "nothing:x.json"],
        &["save", "--name", "new"],
        &["save", "--name", "../x"],
    ];
    for words in cases {
        ends(&gate(dir.path(), words), 2);
    }
    assert!(!dir.path().join("v2.json").exists());
    std::fs::write(dir.path().join("renacer.toml"), "[gate]\nlimit_precent = 4.0\n").expect("written");
    let run = gate(dir.path(), &["check"]);
    ends(&run, 2);
    assert!(text(&run.stderr).contains("limit_percent"), "{}", text(&run.stderr));
}

#[test]
fn g_a_benchmark_that_vanished_fails_and_a_new_one_does_not() {
    let dir = room();
    project(dir.path(), 0.0);
    std::fs::remove_dir_all(dir.path().join("target/criterion/parse/new")).expect("removed");
    bench(dir.path(), "fresh", "new", "fresh", 10.0);
    let (run, second, first) = checked(dir.path(), &[], 1);
    assert_eq!((verdict(&second, "parse"), verdict(&second, "fresh")), ("vanished", "new"));
    let rows = first.expect("a report")["benchmarks"].clone();
    let row =
        |id: &str| rows.as_array().expect("rows").iter().find(|row| row["bench_id"] == id).expect("a row").clone();
    assert_eq!(
        (row("parse")["candidate_p95_ns"].clone(), row("parse")["delta_percent"].clone()),
        (json!(0.0), json!(-100.0))
    );
    assert_eq!((row("fresh")["status"].clone(), row("fresh")["baseline_p95_ns"].clone()), (json!("pass"), json!(0.0)));
    let first = checked(dir.path(), &["--rule", "ci-upper"], 1).2.expect("a report");
    let fresh = first["benchmarks"].as_array().expect("rows").iter().find(|row| row["bench_id"] == "fresh");
    assert_eq!(fresh.expect("a row")["candidate_p95_ns"].as_f64().map(|ns| (ns * 100.0).round()), Some(1001.0));
    assert!(text(&run.stderr).contains("parse vanished"), "{}", text(&run.stderr));
}

#[test]
fn h_one_run_a_side_does_not_decide_four_percent() {
    let dir = room();
    project(dir.path(), 4.0);
    let (run, second, _) = checked(dir.path(), &[], 3);
    assert_eq!(verdict(&second, "emit/json"), "inconclusive");
    assert!(text(&run.stderr).contains("emit/json inconclusive"), "{}", text(&run.stderr));
    checked(dir.path(), &["--strict"], 1);
    checked(dir.path(), &["--inconclusive=pass"], 0);
}

#[test]
fn some_benchmarks_have_limits_of_their_own() {
    let dir = room();
    project(dir.path(), 12.0);
    let settings = |text: &str| std::fs::write(dir.path().join("renacer.toml"), text).expect("written");
    settings(
        "[gate]\nlimit_percent = 5\n[[gate.bench]]\nmatch = \"emit/*\"\nlimit_percent = 25\nmargin_percent = 20\n",
    );
    assert_eq!(verdict(&checked(dir.path(), &[], 0).1, "emit/json"), "pass");
    settings("[[gate.bench]]\nmatch = \"parse*\"\nlimit_percent = 25\n");
    assert_eq!(verdict(&checked(dir.path(), &[], 1).1, "emit/json"), "regressed");
    settings("[[gate.bench]]\nmatch = \"emit/*\"\nlimit_percent = 1\n");
    ends(&gate(dir.path(), &["check"]), 2);
    settings("[[gate.bench]]\nmatch = \"emit/*\"\nmetric = \"medain\"\n");
    let run = gate(dir.path(), &["check"]);
    ends(&run, 2);
    assert!(text(&run.stderr).contains("unknown metric \"medain\""), "{}", text(&run.stderr));
}

#[test]
fn budgets_choose_and_may_let_regressions_pass() {
    let dir = room();
    project(dir.path(), 100.0);
    let mut budgets: Value =
        serde_json::from_str(&sample("frankenjax/reliability_budgets.v1.sample.json")).expect("JSON");
    budgets["perf_regression"]["fail_on_unjustified_regression"] = json!(false);
    std::fs::write(dir.path().join("budgets.json"), budgets.to_string()).expect("written");
    let run = gate(dir.path(), &["check", "--budgets", "budgets.json", "--report", "v2.json"]);
    ends(&run, 0);
    let second = read(&dir.path().join("v2.json")).expect("a report");
    assert_eq!((verdict(&second, "emit/json"), &second["overall_status"]), ("regressed", &json!("pass")));
    assert!(text(&run.stderr).contains("regressed, which the budgets let pass"), "{}", text(&run.stderr));
    ends(&gate(dir.path(), &["check", "--budgets", "missing.json"]), 1);
    budgets["perf_regression"]["max"] = json!(1);
    std::fs::write(dir.path().join("budgets.json"), budgets.to_string()).expect("written");
    ends(&gate(dir.path(), &["check", "--budgets", "budgets.json"]), 2);
}

#[test]
fn the_sample_tree_needs_neither_store_nor_project() {
    let dir = room();
    let tree = samples().join("results/target_criterion");
    let tree = tree.to_str().expect("text");
    let words = ["--rule", "frankenjax-p95", "--baseline-name", "main", "--skip-run", "--criterion-dir", tree];
    let (run, second, first) = checked(dir.path(), &words, 0);
    assert_eq!(second["benchmarks"].as_array().map(Vec::len), Some(6));
    assert_eq!(verdict(&second, "dispatch/latency/flat"), "improved");
    let benchmarks = first.expect("a report")["benchmarks"].clone();
    let scalar =
        benchmarks.as_array().expect("rows").iter().find(|row| row["bench_id"] == "dispatch/latency/jit/scalar add");
    assert_eq!(scalar.expect("a row")["delta_percent"], -1.1542);
    assert_eq!(scalar.expect("a row")["group"], "dispatch/latency");
    assert!(text(&run.stdout).contains("-5.2103 %"), "{}", text(&run.stdout));
    let again = |out: &str| {
        let mut command = chic_trace();
        command.current_dir(dir.path()).env("SOURCE_DATE_EPOCH", "1").args(["gate", "check", "--criterion-dir", tree]);
        ends(&output(command.args(["--report", out])), 0);
        std::fs::read(dir.path().join(out)).expect("a report")
    };
    let first = again("a.json");
    assert_eq!(first, again("b.json"), "equal input gives equal bytes");
    std::thread::scope(|scope| {
        let again = &again;
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || again(&format!("{number}.json")))).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("it ran"), first, "whatever else runs");
        }
    });
}

#[test]
fn saved_runs_in_turns_find_what_single_runs_cannot() {
    let dir = room();
    for run in 0..7u32 {
        for (name, ns) in [("old", 100.0), ("fast", 104.0)] {
            bench(dir.path(), "emit/json", "new", "emit/json", ns * (1.0 + f64::from(run) * 1e-3));
            let pair = run.to_string();
            let words = ["save", "--name", name, "--append", "--pair-index", pair.as_str()];
            ends(&gate(dir.path(), &words), 0);
        }
    }
    let (run, second, _) = checked(dir.path(), &["--baseline", "old", "--candidate", "fast"], 1);
    let row = &second["benchmarks"][0];
    assert_eq!((row["design"].clone(), row["k_baseline"].clone()), (json!("paired"), json!(7)));
    assert_eq!(row["confounded"], false);
    assert!(text(&run.stdout).contains("(7 pairs; smallest findable +2.0 %)"), "{}", text(&run.stdout));
    assert!(dir.path().join("target/criterion/emit/json/old/sample.json").is_file(), "cargo bench knows it, too");

    // Seven values in the history of one baseline; a replaced baseline keeps them.
    let history = gate(dir.path(), &["history", "--name", "old", "--format", "json"]);
    ends(&history, 0);
    let history: Value = serde_json::from_slice(&history.stdout).expect("JSON");
    valid(report::schema("history").expect("a schema"), &history);
    assert_eq!(history["series"][0]["points"].as_array().map(Vec::len), Some(7));
    ends(&gate(dir.path(), &["save", "--name", "old"]), 0);
    let manifest = read(&dir.path().join("artifacts/performance/baselines/old/manifest.json")).expect("a manifest");
    assert_eq!(
        (manifest["runs"].as_array().map(Vec::len), &manifest["runs"][0]["bench_ids"]),
        (Some(1), &json!(["emit/json"]))
    );
    let shown = text(&gate(dir.path(), &["history", "--name", "old"]).stdout);
    assert!(shown.contains("8 runs\n  ▁"), "{shown}");
    let rows = text(&gate(dir.path(), &["history", "--name", "old", "--format", "csv", "--last", "3"]).stdout);
    assert_eq!(rows.lines().count(), 4, "{rows}");

    // What was changed after it was saved is no baseline.
    let kept = dir.path().join("artifacts/performance/baselines/old/run-0001/criterion/emit/json/new/sample.json");
    std::fs::write(&kept, "{\"iters\":[1.0],\"times\":[1.0]}").expect("written");
    let (run, ..) = checked(dir.path(), &["--baseline", "old"], 1);
    assert!(text(&run.stderr).contains("it was changed after it was saved"), "{}", text(&run.stderr));
}

#[test]
fn history_keeps_hosts_apart_and_names_broken_lines() {
    let dir = room();
    ends(&gate(dir.path(), &["history"]), 1);
    let store = dir.path().join("artifacts/performance/baselines/main");
    std::fs::create_dir_all(&store).expect("a folder");
    let line = |host: &str, at: u64| {
        json!({"bench_id": "x", "metric": "median", "unit": "ns", "value": at as f64, "started_at_unix_ms": at,
            "git_sha": null, "host_digest": host})
        .to_string()
    };
    std::fs::write(store.join("history.jsonl"), [line("a", 2), line("b", 9), line("a", 1)].join("\n"))
        .expect("written");
    let all = gate(dir.path(), &["history", "--host", "all", "--format", "json"]);
    let all: Value = serde_json::from_slice(&all.stdout).expect("JSON");
    assert_eq!(all["series"].as_array().map(Vec::len), Some(2));
    let none = gate(dir.path(), &["history"]);
    ends(&none, 0);
    assert!(text(&none.stderr).contains("none of its 3 values is of this host"), "{}", text(&none.stderr));
    let values: Vec<&Value> =
        all["series"][0]["points"].as_array().expect("points").iter().map(|p| &p["value"]).collect();
    assert_eq!(values, [&json!(1.0), &json!(2.0)]);
    std::fs::write(store.join("history.jsonl"), format!("{}\n{{}}\n", line("a", 2))).expect("written");
    let run = gate(dir.path(), &["history", "--host", "all"]);
    ends(&run, 1);
    assert!(text(&run.stderr).contains("line 2: missing field"), "{}", text(&run.stderr));
}

#[test]
fn history_is_read_at_a_glance() {
    let dir = room();
    let store = dir.path().join("artifacts/performance/baselines/main");
    std::fs::create_dir_all(&store).expect("a folder");
    let line = |bench: &str, unit: &str, at: u64, value: f64| {
        json!({"bench_id": bench, "metric": "m", "unit": unit, "value": value, "started_at_unix_ms": at,
            "git_sha": null, "host_digest": "here"})
        .to_string()
    };
    let lines =
        [line("a", "ns", 1, 2_955.694), line("a", "ns", 2, 3_101.123_456), line("b", "count", 1, 87.0)].join("\n");
    std::fs::write(store.join("history.jsonl"), lines).expect("written");
    let shown = text(&gate(dir.path(), &["history", "--host", "all"]).stdout);
    assert_eq!(
        shown,
        "a m on here: first 2.956 µs, last 3.101 µs (+4.9 %), min 2.956 µs, median 3.028 µs, max 3.101 µs, 2 runs\n  \
         ▁█\nb m on here: first 87, last 87 (+0.0 %), min 87, median 87, max 87, 1 run\n  ▁\n"
    );
}

#[test]
fn history_tells_where_values_changed() {
    let dir = room();
    let store = dir.path().join("artifacts/performance/baselines/main");
    std::fs::create_dir_all(&store).expect("a folder");
    let line = |day: u64, value: f64| {
        json!({"bench_id": "x", "metric": "median", "unit": "ns", "value": value, "git_sha": format!("{day:040}"),
            "started_at_unix_ms": day * 86_400_000, "host_digest": "here"})
        .to_string()
    };
    let value = |day: u64| if day < 10 { 100.0 } else { 110.0 } + (day * 7 % 5) as f64 / 10.0;
    let lines: Vec<String> = (0..20).map(|day| line(day, value(day))).collect();
    std::fs::write(store.join("history.jsonl"), lines.join("\n")).expect("written");
    let shown = gate(dir.path(), &["history", "--host", "all"]);
    ends(&shown, 0);
    assert!(
        text(&shown.stdout).ends_with("  changed (+10.0 %) on 1970-01-11 at 000000000000\n"),
        "{}",
        text(&shown.stdout)
    );
    let all = gate(dir.path(), &["history", "--host", "all", "--format", "json"]);
    let all: Value = serde_json::from_slice(&all.stdout).expect("JSON");
    valid(report::schema("history").expect("a schema"), &all);
    assert_eq!(all["series"][0]["change_points"], json!([10]));
}

#[test]
fn results_of_other_tools_are_compared() {
    let dir = room();
    let export = |factor: f64| {
        let times: Vec<f64> = (0..8).map(|run| factor * (1.0 + f64::from(run) * 1e-3)).collect();
        json!({"results": [{"command": "sleep 1", "mean": 1.0, "median": 1.0, "times": times, "exit_codes": [0, 0]}]})
    };
    std::fs::write(dir.path().join("a.json"), export(1.0).to_string()).expect("written");
    std::fs::write(dir.path().join("b.json"), export(1.2).to_string()).expect("written");
    ends(&gate(dir.path(), &["save", "--name", "tools", "--source", "a.json"]), 0);
    let words = ["--baseline", "tools", "--source", "hyperfine:a.json"];
    assert_eq!(verdict(&checked(dir.path(), &words, 0).1, "sleep 1"), "pass");
    let (_, second, _) = checked(dir.path(), &["--baseline", "tools", "--source", "b.json"], 1);
    assert_eq!(second["benchmarks"][0]["design"], "sequential");
    assert_eq!(verdict(&second, "sleep 1"), "regressed");
    std::fs::write(dir.path().join("bad.json"), "{\"results\": [{}]}").expect("written");
    let (run, ..) = checked(dir.path(), &["--baseline", "tools", "--source", "bad.json"], 1);
    assert!(text(&run.stderr).contains("cannot read results bad.json: line 1"), "{}", text(&run.stderr));
}

/// A `summary.json` of iai-callgrind 0.16 with these instructions, new and old.
fn callgrind(new: u64, old: u64) -> Value {
    let change = ((new as f64 - old as f64) / old as f64 * 100.0).to_string();
    let ir = json!({"diffs": {"diff_pct": change, "factor": (new as f64 / old as f64).to_string()},
        "metrics": {"Both": [{"Int": new}, {"Int": old}]}});
    let summary = json!({"Callgrind": {"Ir": ir, "L1hits": {"diffs": null, "metrics": {"Left": {"Int": 7}}}}});
    let info = json!({"command": "target/release/deps/sums", "details": null, "parent_pid": null, "part": null,
        "path": "callgrind.out", "pid": 7, "thread": null});
    let regression = json!({"Soft": {"diff_pct": change, "limit": "1", "metric": {"Callgrind": "Ir"},
        "new": {"Int": new}, "old": {"Int": old}}});
    let profile = |tool: &str, summary: Value| {
        json!({"tool": tool, "log_paths": ["x.log"], "out_paths": ["x.out"], "flamegraphs": [],
            "summaries": {"parts": [{"details": {"Left": info}, "metrics_summary": summary}],
                "total": {"summary": summary, "regressions": [regression]}}})
    };
    json!({"version": "6", "kind": "LibraryBenchmark", "module_path": "sums::group::sum", "function_name": "sum",
        "id": "large", "details": null, "baselines": ["old", null], "benchmark_exe": "/x/sums", "benchmark_file":
        "/x/sums.rs", "package_dir": "/x", "project_root": "/x", "summary_output": null,
        "profiles": [profile("Callgrind", summary), profile("Massif", json!("None"))]})
}

#[test]
fn a_document_of_callgrind_that_fits_its_schema_is_read_with_left_as_new() {
    let dir = room();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/criterion");
    match std::fs::read_to_string(published.join("iai-callgrind-summary.v6.schema.json")) {
        Ok(schema) => {
            let schema: Value = serde_json::from_str(&schema).expect("JSON");
            let validator = jsonschema::draft7::new(&schema).expect("a schema");
            let document = callgrind(105, 100);
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| format!("{error} at {}", error.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new());
        }
        Err(_) => println!("skipped: samples not here: iai-callgrind-summary.v6.schema.json"),
    }
    for (new, old, code, expected) in [(105, 100, 1, "regressed"), (100, 100, 0, "pass"), (95, 100, 0, "improved")] {
        std::fs::write(dir.path().join("summary.json"), callgrind(new, old).to_string()).expect("written");
        let (_, second, _) = checked(dir.path(), &["--source", "summary.json"], code);
        let rows = second["benchmarks"].as_array().expect("rows");
        let ir = rows.iter().find(|row| row["metric"] == "Ir").expect("Ir");
        assert_eq!((&ir["verdict"], &ir["design"]), (&json!(expected), &json!("counter-exact")), "{ir}");
        assert_eq!((&ir["candidate_value"], &ir["baseline_value"]), (&json!(new as f64), &json!(old as f64)));
        let hits = rows.iter().find(|row| row["metric"] == "L1hits").expect("L1hits");
        assert_eq!(hits["verdict"], "new");
    }
}

#[test]
fn results_may_be_made_first_and_left_overs_do_not_count() {
    let dir = room();
    project(dir.path(), 0.0);
    ends(&gate(dir.path(), &["save", "--name", "x", "--run", "exit 3"]), 1);
    assert!(!dir.path().join("artifacts").exists(), "nothing is saved");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for folder in ["emit/json", "parse"] {
        let file = dir.path().join("target/criterion").join(folder).join("new/benchmark.json");
        std::fs::File::options().append(true).open(file).and_then(|file| file.set_modified(old)).expect("dated");
    }
    let touch = "touch target/criterion/parse/new/benchmark.json; echo noise";
    let (run, second, _) = checked(dir.path(), &["--run", touch], 1);
    assert_eq!((verdict(&second, "emit/json"), verdict(&second, "parse")), ("vanished", "pass"));
    assert!(!text(&run.stdout).contains("noise") && text(&run.stderr).contains("noise"));
}

#[test]
fn calls_of_a_program_are_counted_and_compared() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let script = |text: &str| std::fs::write(dir.path().join("work.sh"), text).expect("written");
    script("test -e a\ntest -e b\n");
    let argv = ["--", "/bin/sh", "work.sh"];
    let with = |words: &[&str]| gate(dir.path(), &[words, &argv].concat());
    let saved = with(&["save", "--name", "sh"]);
    ends(&saved, 0);
    assert!(text(&saved.stdout).contains("of 5 runs in artifacts/performance/baselines/sh/counters.json"));
    let counters = read(&dir.path().join("artifacts/performance/baselines/sh/counters.json")).expect("counters");
    valid(report::schema("counters").expect("a schema"), &counters);
    let all = counters["counters"].as_array().expect("counters");
    let of = |name: &str| all.iter().find(|counter| counter["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(
        (&of("calls.execve")["values"], &of("calls.execve")["class"]),
        (&json!([1, 1, 1, 1, 1]), &json!("exact"))
    );
    assert!(all.iter().any(|counter| counter["name"] == "calls.%file"));
    assert_eq!(
        (&of("bytes.written")["values"], &of("bytes.written")["unit"]),
        (&json!([0, 0, 0, 0, 0]), &json!("bytes"))
    );
    assert!(of("bytes.read")["values"][0].as_u64().is_some_and(|bytes| bytes > 20), "{counters}");
    for name in ["instructions", "faults.minor", "faults.major"] {
        let counted = all.iter().any(|counter| counter["name"] == name);
        let said = text(&saved.stderr).contains(&format!("{name} are not counted: "));
        assert!(counted != said, "{name}: {}", text(&saved.stderr));
    }

    let same = [&["--baseline", "sh"][..], &argv].concat();
    let (_, second, first) = checked(dir.path(), &same, 0);
    assert_eq!((second["benchmarks"][0]["design"].clone(), first), (json!("counter-exact"), None));
    // Each save adds a value to the history; those of other hosts are kept apart.
    ends(&with(&["save", "--name", "sh"]), 0);
    let store = dir.path().join("artifacts/performance/baselines/sh/history.jsonl");
    let lines = std::fs::read_to_string(&store).expect("a history");
    let elsewhere = lines.replace("\"host_digest\":\"", "\"host_digest\":\"elsewhere-");
    std::fs::write(&store, format!("{lines}{elsewhere}")).expect("written");
    ends(&with(&["save", "--name", "sh"]), 0);
    let history = |words: &[&str]| gate(dir.path(), &[&["history", "--name", "sh"], words].concat());
    let shown: Value =
        serde_json::from_slice(&history(&["--metric", "calls", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(shown["series"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["series"][0]["points"].as_array().map(Vec::len), Some(3), "{shown}");
    assert!(text(&history(&["--metric", "calls"]).stdout).contains("3 runs\n  ▁▁▁\n"));

    script("test -e a\ntest -e b\ntest -e c\n");
    let (run, second, _) = checked(dir.path(), &same, 1);
    let worse: Vec<&Value> = second["benchmarks"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["verdict"] == "regressed")
        .map(|row| &row["metric"])
        .collect();
    assert!(worse.contains(&&json!("calls")) && worse.contains(&&json!("calls.%file")), "{worse:?}");
    let is_stat = |name: &str| name.starts_with("calls.") && (name.contains("stat") || name.contains("access"));
    assert!(worse.iter().any(|name| name.as_str().is_some_and(is_stat)), "{worse:?}");
    assert!(text(&run.stderr).contains("chic-trace: sh calls.%file regressed"), "{}", text(&run.stderr));
    std::fs::write(dir.path().join("renacer.toml"), "[regression]\nsyscall_threshold_percent = 50\n").expect("written");
    let calls = [&["--bench-filter", "errors", "--baseline", "sh"][..], &argv].concat();
    checked(dir.path(), &calls, 1);
    let (run, ..) = checked(dir.path(), &[&["--baseline", "none"][..], &argv].concat(), 1);
    assert!(text(&run.stderr).contains("cannot read counters "), "{}", text(&run.stderr));
    ends(&with(&["save", "--name", "sh", "--runs", "4"]), 2);

    // Beside a golden, which never reads them.
    script("test -e a\n");
    ends(&with(&["save", "--golden", "sh"]), 1);
    ends(
        &output(
            chic_trace().current_dir(dir.path()).args(["golden", "record", "sh", "--"]).args(["/bin/sh", "work.sh"]),
        ),
        0,
    );
    ends(&with(&["save", "--golden", "sh"]), 0);
    assert!(dir.path().join("goldens/sh.golden.d/counters.json").is_file());
    checked(dir.path(), &[&["--golden", "sh"][..], &argv].concat(), 0);
    ends(
        &output(
            chic_trace().current_dir(dir.path()).args(["golden", "check", "sh", "--"]).args(["/bin/sh", "work.sh"]),
        ),
        0,
    );
    script("test -e a\ntest -e b\n");
    checked(dir.path(), &[&["--golden", "sh"][..], &argv].concat(), 1);
}

#[test]
fn ids_are_whole_at_any_depth_and_saved_there() {
    let dir = room();
    let all = [
        ("top", "top"),
        ("chain_add/10", "chain_add/10"),
        ("chain_add/100", "chain_add/100"),
        ("a/b/1000", "a/b/1000"),
    ];
    let elsewhere = dir.path().join("elsewhere");
    for (folder, id) in all {
        bench(&elsewhere, folder, "new", id, 100.0);
    }
    let home = elsewhere.join("target/criterion");
    let with_home = |words: &[&str]| {
        let mut command = chic_trace();
        command.env_remove("CARGO_TARGET_DIR").env_remove("SOURCE_DATE_EPOCH").env("CRITERION_HOME", &home);
        output(command.current_dir(dir.path()).arg("gate").args(words))
    };
    ends(&with_home(&["save", "--name", "main"]), 0);
    for (folder, _) in all {
        assert!(home.join(folder).join("main/sample.json").is_file(), "{folder} is not saved");
    }
    bench(&elsewhere, "chain_add/100", "new", "chain_add/100", 200.0);
    ends(&with_home(&["check", "--report", "v2.json"]), 1);
    let second = read(&dir.path().join("v2.json")).expect("a report");
    let verdicts: Vec<_> = all.iter().map(|(_, id)| verdict(&second, id)).collect();
    assert_eq!(verdicts, ["pass", "pass", "regressed", "pass"]);
    assert_eq!(second["benchmarks"].as_array().map(Vec::len), Some(4), "each is one benchmark");
}
