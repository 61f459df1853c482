//! `perf` and `seed` by the command itself: what they print, what they end with, what they refuse.

mod programs;

use std::path::{Path, PathBuf};
use std::process::Output;

use programs::{chic_trace, output, room, text};
use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("report/tests/perf-json")
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(samples().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs the command in a folder of the samples.
fn run_in(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(words))
}

fn run(dir: &str, words: &[&str]) -> Output {
    run_in(&samples().join(dir), words)
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

#[test]
fn reports_are_those_of_the_samples() {
    let cases: [(&[&str], &str); 7] = [
        (&["perf", "report", "current.json", "-b", "baseline.json"], "expected.txt"),
        (&["perf", "current.json", "--baseline", "baseline.json"], "expected.txt"),
        (&["perf-report", "current.json", "-b", "baseline.json", "-p", "debug"], "expected.txt"),
        (&["perf", "report", "current.json", "-b", "baseline.json", "--json"], "expected.json"),
        (&["perf", "report", "current.json"], "expected.no-baseline.txt"),
        (&["perf", "current.json"], "expected.no-baseline.txt"),
        (&["perf", "report", "-j", "current.json"], "expected.no-baseline.json"),
    ];
    for (words, expected) in cases {
        let run = run("report", words);
        ends(&run, 0);
        assert_eq!(text(&run.stdout), sample(&format!("report/{expected}")), "{words:?}");
        assert_eq!(text(&run.stderr), "", "{words:?}");
    }
    let failing = run("report", &["perf", "current.json", "-b", "baseline.json", "--fail-on-regressions"]);
    ends(&failing, 1);
    assert_eq!(text(&failing.stdout), sample("report/expected.txt"));
    assert_eq!(text(&failing.stderr), "chic-trace: perf regressions detected; rerun with --json for details\n");
    let one = text(&run("report", &["perf", "current.json", "--top", "1"]).stdout);
    assert!(one.contains("0db2398e5a4f9880") && !one.contains("ea09842f2884274a"), "{one}");
}

/// A document of one run with these metrics.
fn document(metrics: &[Value], cpu_source: Option<&str>) -> Value {
    let mut run = json!({"profile": "debug", "metrics": metrics});
    if let Some(source) = cpu_source {
        run["meta"] = json!({"clock": "monotonic", "cpu_source": source});
    }
    json!({"version": "0.1.0", "target": "t", "runs": [run]})
}

fn metric(id: u64, cpu_us: f64) -> Value {
    json!({"trace_id": id, "mir_id": "f", "label": "f", "cpu_us": cpu_us,
        "budget_cpu_us": null, "budget_gpu_us": null, "budget_mem_bytes": null})
}

fn with(mut metric: Value, key: &str, value: u64) -> Value {
    metric[key] = value.into();
    metric
}

/// What `perf report --fail-on-regressions` says of two documents.
fn judged(current: &Value, baseline: &Value, more: &[&str]) -> Output {
    let room = room();
    for (name, document) in [("current.json", current), ("baseline.json", baseline)] {
        std::fs::write(room.path().join(name), document.to_string()).expect("written");
    }
    let words = ["perf", "report", "current.json", "-b", "baseline.json", "--fail-on-regressions"];
    run_in(room.path(), &[&words, more].concat())
}

#[test]
fn each_change_has_its_exit_code() {
    let one = |cpu_us: f64| document(&[metric(1, cpu_us)], None);
    let two = document(&[metric(1, 100.0), metric(2, 100.0)], None);
    let base = one(100.0);
    let budget = document(&[with(metric(1, 100.0), "budget_cpu_us", 0)], None);
    let memory = document(&[with(metric(1, 100.0), "budget_mem_bytes", 10)], None);
    let on_cpu = document(&[metric(1, 100.0)], Some("on-cpu"));
    let wall = document(&[metric(1, 100.0)], Some("wall"));
    let none: &[&str] = &[];
    for (what, current, baseline, more, code) in [
        ("equal", &base, &base, none, 0),
        ("+4.9 %", &one(104.9), &base, none, 0),
        ("+5 %", &one(105.0), &base, none, 0),
        ("+5 % of little", &one(21.0), &one(20.0), none, 0),
        ("+5.1 %", &one(105.1), &base, none, 1),
        ("0 to 0.5", &one(0.5), &one(0.0), none, 0),
        ("0 to 1.5", &one(1.5), &one(0.0), none, 1),
        ("added", &two, &base, none, 0),
        ("removed", &base, &two, none, 1),
        ("removed, which may be", &base, &two, &["--allow-removed"], 0),
        ("missing profile", &base, &base, &["-p", "release"], 2),
        ("budget 0", &budget, &base, none, 1),
        ("no memory measure", &memory, &base, none, 3),
        ("wall against on-CPU", &wall, &on_cpu, none, 3),
        ("tolerance nan", &base, &base, &["--tolerance", "nan"], 2),
        ("negative tolerance", &base, &base, &["--tolerance", "-1"], 2),
        ("no finite minimum", &base, &base, &["--min-us", "inf"], 2),
        ("more tolerance", &one(105.1), &base, &["--tolerance", "6"], 0),
        ("larger minimum", &one(105.1), &base, &["--min-us", "5.2"], 0),
        ("faster", &one(50.0), &base, none, 0),
        ("nothing measured", &document(&[], None), &document(&[], None), none, 4),
    ] {
        let run = judged(current, baseline, more);
        assert_eq!(run.status.code(), Some(code), "{what}: {}{}", text(&run.stdout), text(&run.stderr));
    }
    let missing = text(&judged(&base, &base, &["-p", "release"]).stderr);
    assert!(missing.contains("it holds debug"), "{missing}");
}

#[test]
fn what_is_found_is_listed_with_its_reason() {
    let over = with(with(metric(1, 100.0), "budget_mem_bytes", 10), "mem_bytes", 11);
    let over = with(with(over, "budget_io_bytes", 5), "io_bytes", 6);
    let run =
        judged(&document(&[over, metric(2, 50.0)], None), &document(&[metric(1, 100.0), metric(2, 100.0)], None), &[]);
    ends(&run, 1);
    let told = text(&run.stdout);
    assert!(told.contains("over budget: 1 |") && told.contains("improved: 1 |"), "{told}");
    assert!(
        told.contains("  over-budget-mem:\n    0000000000000001 f ")
            && told.contains("mem_bytes 11 above its budget 10")
    );
    assert!(told.contains("io_bytes 6 above its budget 5") && told.contains("baseline -50.00us (-50.0%)"), "{told}");
    let mixed = judged(&document(&[metric(1, 1.0)], Some("wall")), &document(&[metric(1, 1.0)], Some("on-cpu")), &[]);
    let told = text(&mixed.stdout);
    assert!(told.contains("  inconclusive:\n") && told.contains("it is wall time, the baseline on-CPU time"), "{told}");
    let mut hostile = metric(1, 1.0);
    hostile["label"] = "\u{1b}[31m\u{202e}ä\nx".into();
    let told = text(&judged(&document(&[hostile], None), &document(&[], None), &[]).stdout);
    assert!(told.contains("\\u{1b}[31m\\u{202e}ä\\u{a}x"), "{told}");
}

/// A document of several runs with one metric.
fn runs(values: &[f64]) -> Value {
    let runs: Vec<Value> = values.iter().map(|us| json!({"profile": "debug", "metrics": [metric(1, *us)]})).collect();
    json!({"version": "0.1.0", "target": "t", "runs": runs})
}

#[test]
fn several_runs_are_told_by_their_medians_and_many_by_intervals() {
    let base = runs(&[100.0, 101.2, 99.4]);
    let run = judged(&runs(&[110.0, 108.0, 500.0]), &base, &["-j"]);
    ends(&run, 1);
    let report: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(report["entries"][0]["method"], "median-threshold");
    assert_eq!(report["entries"][0]["cpu_us"], 110.0);
    let many = [1000.0, 1012.0, 994.0, 1003.0, 1021.0, 1008.0, 997.0, 1015.0];
    let times = |factor: f64| runs(&many.map(|us| us * factor));
    for (factor, code) in [(1.0, 0), (1.02, 0), (1.05, 3), (1.2, 1), (0.8, 0)] {
        let run = judged(&times(factor), &runs(&many), &[]);
        assert_eq!(run.status.code(), Some(code), "{factor}: {}", text(&run.stdout));
        assert!(text(&run.stdout).contains("method: runs-unpaired 5.0%"), "{}", text(&run.stdout));
    }
}

#[test]
fn seeds_are_those_of_the_samples() {
    for (file, more, name) in [
        ("../full/perf.compat.json", &["--profile", "release"][..], "perf-full"),
        ("../run_log/u128-max.json", &[], "u128-max"),
        ("../run_log/empty.json", &[], "empty"),
    ] {
        for (form, words) in [("txt", vec!["seed", file]), ("json", vec!["seed", "-j", "--from-run", file])] {
            let run = run("seed", &[&words, more].concat());
            ends(&run, 0);
            assert_eq!(text(&run.stdout), sample(&format!("seed/{name}.{form}")), "{words:?}");
        }
    }
    let in_place = run("full", &["seed"]);
    ends(&in_place, 0);
    assert!(text(&in_place.stdout).starts_with("rng seeds from perf.json:\n  stream 0000000000000001: 0x0000"));
    for (words, says) in [
        (&["seed", "no-such.json"][..], "failed to read run log no-such.json: "),
        (&["seed", "broken/rng-index-gap.json"], "failed to decode run log broken/rng-index-gap.json: line "),
        (&["seed", "--frobnicate"], "unrecognised seed option `--frobnicate`"),
        (&["seed", "accepted/run-log-null.json"], " does not include RNG data"),
        (&["seed", "chic/post.perf.json"], "profiling run debug does not include RNG data"),
        (&["seed", "accepted/no-runs.json"], "is missing run data"),
        (&["seed", "full/perf.json", "--profile", "x"], "it holds release"),
    ] {
        let run = run("", words);
        ends(&run, 2);
        assert!(text(&run.stderr).contains(says), "{words:?}: {}", text(&run.stderr));
        assert_eq!(text(&run.stdout), "", "{words:?}");
    }
}

#[test]
fn what_is_broken_is_refused_by_name_place_and_reason() {
    let rows: Vec<Value> = serde_json::from_str(&sample("broken/INDEX.json")).expect("JSON");
    for row in &rows {
        let name = row["file"].as_str().expect("a name");
        let run = run("broken", &["perf", "report", name]);
        let told = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{name}: {told}");
        assert!(told.starts_with(&format!("chic-trace: cannot read {name}: ")), "{told}");
        let words = row["message_has"].as_array().expect("words").iter().filter_map(Value::as_str);
        for says in words.chain(row["pointer"].as_str()) {
            assert!(told.contains(says), "{name}: {says} is not in: {told}");
        }
        assert_eq!(text(&run.stdout), "", "{name}");
    }
    assert_eq!(rows.len(), 35);
    let rows: Vec<Value> = serde_json::from_str(&sample("accepted/INDEX.json")).expect("JSON");
    for row in &rows {
        let name = row["file"].as_str().expect("a name");
        let run = run("accepted", &["perf", name]);
        ends(&run, if name == "no-runs.json" { 4 } else { 0 });
        for note in row["notes"].as_array().expect("notes").iter().filter_map(Value::as_str) {
            assert!(text(&run.stderr).contains(note), "{name}: {}", text(&run.stderr));
        }
    }
}

#[test]
fn documents_are_merged_with_what_lies_beside_them() {
    let room = room();
    let (dir, out) = (samples().join("merge"), room.path().join("all.json"));
    let to = out.to_str().expect("a name");
    let read = |name: &str| std::fs::read_to_string(room.path().join(name)).expect("it was written");

    ends(&run_in(&dir, &["perf", "merge", "-o", to, "perf.json", "perf.4711.json"]), 0);
    assert_eq!(read("all.json"), sample("merge/expected.two-runs.json"));
    assert_eq!(read("all.folded"), "[idle] 7\njob::other 1\njob::step 16\n");
    assert!(!room.path().join("all.summary.json").exists(), "several runs have no summary");

    let parts = dir.to_str().expect("a name");
    for inputs in [&["--one-run", "perf.json", "perf.4711.json"][..], &[parts]] {
        std::fs::remove_file(&out).expect("it was written");
        ends(&run_in(&dir, &[&["perf", "merge", "-o", to], inputs].concat()), 0);
        assert_eq!(read("all.json"), sample("merge/expected.one-run.json"), "{inputs:?}");
        assert_eq!(read("all.folded"), sample("merge/expected.one-run.folded"), "{inputs:?}");
        let whole: Value = serde_json::from_str(&read("all.json")).expect("JSON");
        let summary: Value = serde_json::from_str(&read("all.summary.json")).expect("JSON");
        assert_eq!(whole["summary"], summary);
    }
}

#[test]
fn unknown_keys_survive_in_copies_and_are_named_when_they_can_not() {
    let room = room();
    let out = room.path().join("all.json");
    let to = out.to_str().expect("a name");
    let inputs = ["unknown-keys.json", "unknown-keys.json"];
    let copied = run("accepted", &[&["perf", "merge", "-o", to], &inputs[..]].concat());
    ends(&copied, 0);
    assert!(std::fs::read_to_string(&out).expect("written").contains("\"zz\": 1"));
    let joined = run("accepted", &[&["perf", "merge", "--one-run", "-o", to], &inputs[..]].concat());
    ends(&joined, 0);
    assert!(!std::fs::read_to_string(&out).expect("written").contains("zz"));
    assert!(text(&joined.stderr).contains("unknown keys are left out: future, runs/metrics/zz"));
}

#[test]
fn what_can_not_be_merged_or_written_is_refused() {
    let room = room();
    let other = document(&[], Some("on-cpu"));
    std::fs::write(room.path().join("other.json"), other.to_string()).expect("written");
    std::fs::create_dir(room.path().join("empty")).expect("made");
    let here = samples().join("merge/perf.json");
    let here = here.to_str().expect("a name");
    for (words, code, says) in [
        (&["-o", "x.json", here, "other.json"][..], 2, "one is of target x86_64-unknown-linux-gnu, another of t"),
        (&["-o", "x.svg", here], 2, "it ends in .svg"),
        (&["-o", "-", here], 2, "it ends in -"),
        (&["-o", "x.json", "empty"], 2, "neither perf.json nor perf.PID.json"),
        (&["-o", "no/such/x.json", here], 125, "cannot write no/such/x"),
        (&["-o", "x.json"], 2, "missing"),
    ] {
        let run = run_in(room.path(), &[&["perf", "merge"], words].concat());
        ends(&run, code);
        assert!(text(&run.stderr).contains(says), "{words:?}: {}", text(&run.stderr));
    }
    assert!(!room.path().join("x.json").exists());
}

#[test]
fn stacks_are_drawn_whole_or_not_at_all() {
    let room = room();
    let svg = room.path().join("hostile.svg");
    std::fs::copy(samples().join("folded/hostile.folded"), room.path().join("hostile.folded")).expect("copied");
    std::fs::copy(samples().join("folded/empty.folded"), room.path().join("empty.folded")).expect("copied");
    ends(&run_in(room.path(), &["perf", "svg", "hostile.folded"]), 0);
    let picture = std::fs::read_to_string(&svg).expect("it was written");
    assert_eq!((picture.matches("<script").count(), picture.matches("<title>").count()), (1, 33));
    is_xml(&svg);

    let empty = run_in(room.path(), &["perf", "svg", "empty.folded"]);
    ends(&empty, 0);
    let said = "profiling skipped flamegraph generation: no samples found at empty.folded\n";
    assert_eq!(text(&empty.stderr), said);
    let missing = run_in(room.path(), &["perf", "svg", "none.folded"]);
    ends(&missing, 2);
    assert!(text(&missing.stderr).contains("profiling output missing folded stacks at none.folded"));
    let refused = samples().join("folded/refused.float.folded");
    let refused = run_in(room.path(), &["perf", "svg", refused.to_str().expect("a name"), "-o", "float.svg"]);
    ends(&refused, 2);
    assert!(text(&refused.stderr).contains("line 1: its count 1.5"), "{}", text(&refused.stderr));
    let names = std::fs::read_dir(room.path()).expect("listed").count();
    assert_eq!(names, 3, "only one picture");
}

/// By the parser of python3, where there is one.
fn is_xml(path: &Path) {
    let script = "import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])";
    match std::process::Command::new("python3").args(["-c", script]).arg(path).output() {
        Ok(run) => assert!(run.status.success(), "{}", text(&run.stderr)),
        Err(error) => println!("skipped: python3 not here: {error}"),
    }
}

#[test]
fn a_program_called_perf_can_still_be_traced() {
    let help = run("", &["perf", "--help"]);
    ends(&help, 0);
    assert!(text(&help.stdout).contains("merge") && text(&help.stdout).contains("--fail-on-regressions"));
    let program = run("", &["--", "perf-that-is-not-here", "stat"]);
    ends(&program, 127);
}

fn validator(name: &str) -> jsonschema::Validator {
    let schema = report::schema(name).unwrap_or_else(|| panic!("no schema {name}"));
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

#[track_caller]
fn accepts(validator: &jsonschema::Validator, what: &str, document: &str) {
    let document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{what}: {error}"));
    if let Err(error) = validator.validate(&document) {
        panic!("{what}: {error} at {}", error.instance_path());
    }
}

#[test]
fn schemas_take_what_is_written_and_refuse_what_is_marked_so() {
    let perf = validator("perf");
    for dir in ["broken", "accepted"] {
        let rows: Vec<Value> = serde_json::from_str(&sample(&format!("{dir}/INDEX.json"))).expect("JSON");
        for row in rows {
            let name = row["file"].as_str().expect("a name");
            let bytes = std::fs::read(samples().join(dir).join(name)).expect("a sample");
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            let document: Option<Value> = serde_json::from_slice(bytes).ok();
            match (row["schema"].as_str(), document) {
                (Some("not json"), document) => assert!(document.is_none(), "{dir}/{name} is JSON"),
                // The validator holds numbers as doubles: 2^128 is its limit itself.
                _ if name == "seed-129-bits.json" => {}
                (verdict, Some(document)) => {
                    assert_eq!(perf.is_valid(&document), verdict == Some("valid"), "{dir}/{name}");
                }
                (verdict, None) => panic!("{dir}/{name} is no JSON, but {verdict:?}"),
            }
        }
    }
    let scripts = ["nested", "recursion", "threads", "broken-nesting", "labels"];
    for name in ["full/perf.json", "full/perf.compat.json", "minimal/perf.json", "chic/post.perf.json"] {
        accepts(&perf, name, &sample(name));
    }
    for name in scripts.map(|name| format!("fake-clock/{name}.perf.json")) {
        accepts(&perf, &name, &sample(&name));
    }
    accepts(&validator("perf-summary"), "summary", &sample("full/perf.summary.json"));
    for name in ["flat", "op", "both", "u128-max", "empty"] {
        accepts(&validator("run-log"), name, &sample(&format!("run_log/{name}.json")));
    }
}

#[test]
fn what_the_command_prints_and_writes_is_valid() {
    let report = validator("perf-report");
    for words in [
        &["perf", "current.json", "-b", "baseline.json", "-j"][..],
        &["perf", "current.json", "-j"],
        &["perf", "../full/perf.json", "-b", "../full/perf.json", "-j"],
        &["perf", "../minimal/perf.json", "-j"],
    ] {
        accepts(&report, &format!("{words:?}"), &text(&run("report", words).stdout));
    }
    let seeds = text(&run("run_log", &["seed", "-j", "u128-max.json"]).stdout);
    accepts(&validator("seed"), "seed", &seeds);
    let room = room();
    let out = room.path().join("perf.json");
    for inputs in [&["perf.json", "perf.4711.json"][..], &["."]] {
        let words = [&["perf", "merge", "-o", out.to_str().expect("a name")], inputs].concat();
        ends(&run("merge", &words), 0);
        accepts(&validator("perf"), "merged", &std::fs::read_to_string(&out).expect("written"));
    }
    let summary = std::fs::read_to_string(room.path().join("perf.summary.json")).expect("written");
    accepts(&validator("perf-summary"), "summary", &summary);
}

#[test]
fn limits_and_the_baseline_may_stand_in_the_file() {
    let dir = room();
    std::fs::write(dir.path().join("base.json"), runs(&[100.0]).to_string()).expect("written");
    std::fs::write(dir.path().join("perf.json"), runs(&[108.0]).to_string()).expect("written");
    let code = |file: &str, words: &[&str]| {
        std::fs::write(dir.path().join("renacer.toml"), file).expect("written");
        let words = [&["perf", "report", "--fail-on-regressions"], words].concat();
        run_in(dir.path(), &words)
    };
    ends(&code("", &["-b", "base.json"]), 1);
    ends(&code("[perf]\nbaseline = \"base.json\"\n", &[]), 1);
    ends(&code("[perf]\nbaseline = \"base.json\"\ntolerance_percent = 10\n", &[]), 0);
    ends(&code("[perf]\nbaseline = \"base.json\"\nmin_us = 20.5\n", &[]), 0);
    ends(&code("[perf]\nbaseline = \"base.json\"\ntolerance_percent = 10\n", &["--tolerance", "5"]), 1);
    let refused = code("[perf]\ntolerence_percent = 10\n", &[]);
    ends(&refused, 2);
    assert!(text(&refused.stderr).contains("tolerance_percent"), "{}", text(&refused.stderr));
}

#[test]
fn random_streams_of_two_runs_are_compared() {
    let dir = room();
    let log = |name: &str, seed: u64, events: &[Value]| {
        let events: Vec<Value> = (0..).zip(events).map(|(index, op)| json!({"index": index, "op": op})).collect();
        let streams = json!([{"id": 1, "seed": seed, "events": events}, {"id": 9, "seed": 0, "events": []}]);
        let log = json!({"version": "0.1", "rng_streams": streams});
        std::fs::write(dir.path().join(name), log.to_string()).expect("written");
    };
    let (next, advance) = (json!({"kind": "next", "bits": 64}), json!({"kind": "advance", "by": 3}));
    log("a", 5, &[next.clone(), advance.clone()]);
    log("same", 5, &[next.clone(), advance.clone()]);
    log("seed", 6, &[next.clone(), advance.clone()]);
    log("event", 5, &[next.clone(), next.clone()]);
    log("short", 5, &[next]);
    std::fs::write(dir.path().join("none"), json!({"version": "0.1", "rng_streams": []}).to_string()).expect("written");
    for (other, code, says) in [
        ("same", 0, "the same: 2 streams\n"),
        ("seed", 1, "stream 0000000000000001: seed 0x00000000000000000000000000000005 in a, 0x"),
        ("event", 1, "stream 0000000000000001: event 1: advance 3 in a, next 64 in event\n"),
        ("short", 1, "stream 0000000000000001: event 1: advance 3 in a, nothing in short\n"),
        ("none", 1, "stream 0000000000000001: it is only in a\n"),
        ("missing", 2, ""),
    ] {
        let run = run_in(dir.path(), &["seed", "--compare", "a", other]);
        ends(&run, code);
        assert!(text(&run.stdout).starts_with(says), "{other}: {}", text(&run.stdout));
    }
}
