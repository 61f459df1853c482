//! Sections of renacer.toml that are no rules: what each means is what the commands do.

mod programs;

use std::fs;
use std::path::Path;
use std::process::Output;

use programs::{can_trace, chic_trace, output, room, text};
use serde_json::Value;

fn run(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(words))
}

#[track_caller]
fn ends(run: &Output, code: i32) {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
}

fn write(dir: &Path, name: &str, content: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, content).expect("written");
}

const TRACES: &str = "[golden_traces]\ndirectory = \"golden_traces\"\nformat = \"renacer-json-v1\"\n\n\
    [[golden_traces.baselines]]\nname = \"first\"\nfile = \"golden_traces/first.json\"\n\n\
    [[golden_traces.baselines]]\nname = \"second\"\nfile = \"second.json\"\nmax_deviation_percent = 10.0\n";

#[test]
fn traces_that_are_program_output_are_each_named_before_anything_runs() {
    let room = room();
    let dir = room.path();
    write(dir, "renacer.toml", TRACES);
    write(dir, "golden_traces/first.json", "Backend: AVX2\n");
    write(dir, "golden_traces/second.json", "Selected: 4 lanes\n");
    ends(&run(dir, &["golden", "check", "--recorded-command"]), 2);
    let checked = run(dir, &["golden", "check", "first", "--", "/bin/sh", "-c", "echo ran > ran"]);
    ends(&checked, 2);
    let said = text(&checked.stderr);
    for (file, line) in
        [("golden_traces/first.json", "Backend: AVX2"), ("golden_traces/second.json", "Selected: 4 lanes")]
    {
        assert!(said.contains(file) && said.contains(line), "{said}");
    }
    assert!(said.contains("renacer.toml:5 names it") && said.contains("renacer.toml:9 names it"), "{said}");
    assert!(said.contains("max_deviation_percent has no effect"), "{said}");
    assert!(!dir.join("ran").exists());
    fs::remove_dir_all(dir.join("golden_traces")).expect("removed");
    let missing = run(dir, &["golden", "check", "second", "--", "/bin/true"]);
    ends(&missing, 4);
    assert!(text(&missing.stderr).contains("there is no second.json"), "{}", text(&missing.stderr));
}

#[test]
fn a_trace_is_a_golden_until_one_is_recorded() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    write(dir, "renacer.toml", TRACES);
    write(dir, "golden_traces/x", "");
    // Where /bin is a link, the kernel knows the first by the name of the second.
    for echo in ["/bin/echo", "/usr/bin/echo"] {
        let document = ["-f", "--format", "json", "-o", "golden_traces/first.json", "--", echo, "one"];
        ends(&run(dir, &document), 0);
        let same = run(dir, &["golden", "check", "first", "--", echo, "one"]);
        ends(&same, 0);
        let other = run(dir, &["golden", "check", "first", "--format", "json", "--", echo, "two"]);
        ends(&other, 1);
        assert!(text(&other.stdout).contains("out.bytes"), "{}", text(&other.stdout));
        assert!(!dir.join("goldens").exists(), "nothing waits to be accepted");
    }
    let child = "/bin/sh -c '/bin/echo one; :'";
    let document = ["-f", "--format", "json", "-o", "golden_traces/first.json", "--", "/bin/sh", "-c", child];
    ends(&run(dir, &document), 0);
    ends(&run(dir, &["golden", "check", "first", "--", "/bin/sh", "-c", child]), 0);

    // A golden of that name goes before it.
    let echo = "/bin/echo";
    ends(&run(dir, &["golden", "record", "first", "--", echo, "two"]), 0);
    ends(&run(dir, &["golden", "check", "first", "--", echo, "two"]), 0);
}

#[test]
fn a_trace_needs_name_and_file_and_no_name_twice() {
    let room = room();
    let dir = room.path();
    let entry = "[[golden_traces.baselines]]\nname = \"x\"\nfile = \"x.json\"\n";
    write(dir, "renacer.toml", &format!("{entry}\n{entry}\n[[golden_traces.baselines]]\nname = \"y\"\n"));
    let refused = run(dir, &["config", "--show-origin"]);
    ends(&refused, 2);
    let said = text(&refused.stderr);
    assert!(said.contains("the trace x is in lines 1 and 5") && said.contains("needs file"), "{said}");
}

#[test]
fn what_is_not_to_be_checked_is_only_information() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    write(dir, "say.sh", "echo one\n");
    let record = ["golden", "record", "say", "--", "/bin/sh", "say.sh"];
    ends(&run(dir, &record), 0);
    write(dir, "say.sh", "echo two\n");
    let check = ["golden", "check", "say", "--", "/bin/sh", "say.sh"];
    ends(&run(dir, &check), 1);
    write(
        dir,
        "renacer.toml",
        "[semantic_equivalence]\ncheck_output_correctness = false\ncheck_memory_allocations = true\n",
    );
    let checked = run(dir, &check);
    // The script itself is an input that changed.
    let findings = run(dir, &["golden", "check", "say", "--format", "json", "--", "/bin/sh", "say.sh"]);
    let document: Value = serde_json::from_slice(&findings.stdout).expect("JSON");
    let all = text(&findings.stdout);
    assert!(all.contains("out.bytes"), "{all}");
    let severities: Vec<String> = severities_of(&document, "out.bytes");
    assert!(!severities.is_empty() && severities.iter().all(|severity| severity == "info"), "{all}");
    assert!(checked.status.code().is_some_and(|code| code < 2), "{}", text(&checked.stdout));
}

/// The severities of all findings of a code, wherever they stand.
fn severities_of(document: &Value, code: &str) -> Vec<String> {
    match document {
        Value::Object(object) => {
            let own = (object.get("code").and_then(Value::as_str) == Some(code))
                .then(|| object.get("severity").and_then(Value::as_str).unwrap_or_default().to_owned());
            own.into_iter().chain(object.values().flat_map(|value| severities_of(value, code))).collect()
        }
        Value::Array(list) => list.iter().flat_map(|value| severities_of(value, code)).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn workloads_are_taken_one_by_one_whatever_is_in_their_names() {
    let room = room();
    let dir = room.path();
    write(
        dir,
        "renacer.toml",
        "[baseline]\nbinary = \"./compiler\"\nsubcommand = \"none\"\nworkloads = [\"a, b.wasm\", \"c.wasm\"]\n",
    );
    write(dir, "a, b.wasm", "x");
    let missing = run(dir, &["baseline", "capture", "--out-dir", "out"]);
    ends(&missing, 1);
    assert!(text(&missing.stderr).contains("there is no c.wasm\n"), "{}", text(&missing.stderr));
    assert!(!dir.join("out").exists());
}

#[test]
fn regressions_fail_unless_ci_says_otherwise() {
    let room = room();
    let dir = room.path();
    let results = |name: &str, seconds: f64| {
        let times: Vec<f64> = (0..8).map(|run| seconds * (1.0 + f64::from(run) * 1e-3)).collect();
        write(
            dir,
            name,
            &serde_json::json!({"results": [{"command": "x", "mean": seconds, "times": times}]}).to_string(),
        );
    };
    results("old.json", 1.0);
    results("new.json", 1.5);
    ends(&run(dir, &["gate", "save", "--name", "main", "--source", "old.json"]), 0);
    ends(&run(dir, &["gate", "check", "--source", "new.json"]), 1);
    write(
        dir,
        "renacer.toml",
        "[ci]\nfail_on_regression = false\n[reporting]\nformats = [\"junit\"]\noutput_dir = \"out\"\n",
    );
    let passed = run(dir, &["gate", "check", "--source", "new.json"]);
    ends(&passed, 0);
    assert!(text(&passed.stderr).contains("regressed, which"), "{}", text(&passed.stderr));
    assert!(fs::read_to_string(dir.join("out/gate-check.xml")).is_ok_and(|xml| xml.contains("<testsuites")));
}

#[test]
fn rules_are_judged_by_a_document() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let rules = "[[assertion]]\nname = \"few\"\ntype = \"span_count\"\nmax_spans = 1\n\n\
        [[assertion]]\nname = \"one_exec\"\ntype = \"count_budget\"\ncalls = [\"execve\"]\nmax = 1\n\n\
        [[assertion]]\nname = \"little\"\ntype = \"byte_budget\"\ncalls = [\"write\"]\nmax_bytes = 3\n\n\
        [[assertion]]\nname = \"writes\"\ntype = \"must_call\"\ncalls = [\"write\"]\n\n\
        [[assertion]]\nname = \"no_tricks\"\ntype = \"must_not_call\"\ncalls = [\"ptrace\"]\n\n\
        [[assertion]]\nname = \"offline\"\ntype = \"no_network\"\n\n\
        [[assertion]]\nname = \"good\"\ntype = \"custom\"\n\
        expression = '''exit_code == 0 && errors(\"write\") == 0 && bytes_written == 4 && processes == 1'''\n\n\
        [[assertion]]\nname = \"reads\"\ntype = \"reads_only\"\npaths = [\"/**\"]\n\n\
        [[assertion]]\nname = \"quick\"\ntype = \"critical_path\"\nmax_duration_ms = 1000\n\n\
        [[assertion]]\nname = \"loops\"\ntype = \"anti_pattern\"\npattern = \"TightLoop\"\nthreshold = 0.5\n\n\
        [[assertion]]\nname = \"gpu\"\ntype = \"anti_pattern\"\npattern = \"PcieBottleneck\"\nthreshold = 0.5\n";
    write(dir, "renacer.toml", rules);
    ends(&run(dir, &["-f", "--format", "json", "-o", "t.json", "--", "/bin/echo", "one"]), 0);
    let verdicts = |file: &str, code: i32| {
        let judged = run(dir, &["assert", "--format", "json", "--recording", file]);
        ends(&judged, code);
        let document: Value = serde_json::from_slice(&judged.stdout).expect("JSON");
        let all = document["results"].as_array().expect("results").clone();
        all.iter()
            .map(|one| {
                format!("{} {}", one["name"].as_str().expect("a name"), one["verdict"].as_str().expect("a word"))
            })
            .collect::<Vec<_>>()
    };
    let expected = [
        "few over",
        "one_exec within",
        "little over",
        "writes within",
        "no_tricks within",
        "offline within",
        "good within",
        "reads not-measured",
        "quick not-measured",
        "loops not-measured",
        "gpu within",
    ];
    assert_eq!(verdicts("t.json", 1), expected);

    // What renacer writes knows less: calls without a name may be any, and nobody knows of other tasks.
    let call =
        |name: &str, result: i64| serde_json::json!({"name": name, "args": ["0x1", "0x2", "0x3"], "result": result});
    let calls = [call("brk", 0), call("unknown", 0), call("write", 4), call("exit_group", 0)];
    let document = serde_json::json!({"version": "0.6.2", "format": "renacer-json-v1", "syscalls": calls,
        "summary": {"total_syscalls": 4, "total_time_us": 0, "exit_code": 0}});
    write(dir, "r.json", &document.to_string());
    let expected = [
        "few over",
        "one_exec not-measured",
        "little over",
        "writes within",
        "no_tricks not-measured",
        "offline not-measured",
        "good not-measured",
    ];
    assert_eq!(verdicts("r.json", 1)[..7], expected);
    write(dir, "cut.json", &document.to_string().replace("\"total_syscalls\":4", "\"total_syscalls\":9"));
    ends(&run(dir, &["assert", "--recording", "cut.json"]), 4);
}

#[test]
fn traces_of_equal_name_in_two_directories_are_compared() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    ends(&run(dir, &["compare"]), 2);
    ends(&run(dir, &["compare", "one"]), 2);
    write(dir, "renacer.toml", "[semantic_equivalence]\npython_trace_dir = \"old\"\nrust_trace_dir = \"new\"\n");
    write(dir, "new/lonely.json", "{}");
    write(dir, "old/x", "");
    ends(&run(dir, &["compare"]), 4);
    let trace = |file: &str, word: &str| {
        ends(&run(dir, &["-f", "--format", "json", "-o", file, "--", "/bin/echo", word]), 0);
    };
    trace("old/a.json", "one");
    trace("new/a.json", "one");
    let same = run(dir, &["compare", "--as-recorded"]);
    ends(&same, 0);
    assert!(text(&same.stderr).contains("new/lonely.json is compared with nothing"), "{}", text(&same.stderr));
    trace("old/b.json", "one");
    trace("new/b.json", "two");
    let other = run(dir, &["compare", "--as-recorded"]);
    ends(&other, 1);
    let shown = text(&other.stdout);
    assert!(shown.starts_with("old/a.json and new/a.json:\nsame as recorded\n"), "{shown}");
    assert!(shown.contains("old/b.json and new/b.json:\ndifferent\n") && shown.contains("out.bytes"), "{shown}");
    ends(&run(dir, &["compare", "--format", "json"]), 2);
}

#[test]
fn what_a_port_was_expected_to_gain_stands_beside_a_comparison() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let trace = |file: &str, script: &str| {
        ends(&run(dir, &["-f", "--format", "json", "-o", file, "--", "/bin/sh", "-c", script]), 0);
    };
    trace("old.json", "sleep 0.3; echo one");
    trace("new.json", "echo one");
    let compared = run(dir, &["compare", "old.json", "new.json", "--as-recorded", "--root", "any"]);
    assert!(!text(&compared.stdout).contains("ratios"), "{}", text(&compared.stdout));
    let expected = "[semantic_equivalence]\nexpected_speedup_min = 1.5\nexpected_speedup_max = 1000000.0\n\
        expected_memory_reduction_min = 50.0\n";
    write(dir, "renacer.toml", expected);
    let with = run(dir, &["compare", "old.json", "new.json", "--as-recorded", "--root", "any"]);
    let shown = text(&with.stdout);
    assert_eq!(with.status.code(), compared.status.code(), "no verdict depends on ratios: {shown}");
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("ratios of these runs")).collect();
    let [_, speed, memory] = lines.as_slice() else { panic!("{shown}") };
    assert!(
        speed.contains(", expected 1.5 to 1000000 (wall time while traced ") && speed.contains(" ms -> "),
        "{speed}"
    );
    assert!(memory.contains(", expected at least 50: it is less (peak resident set "), "{memory}");
    // A document is alone on standard output.
    let as_json = run(dir, &["compare", "old.json", "new.json", "--as-recorded", "--root", "any", "--format", "json"]);
    assert!(serde_json::from_slice::<Value>(&as_json.stdout).is_ok(), "{}", text(&as_json.stdout));
    assert!(text(&as_json.stderr).contains("  speed-up "), "{}", text(&as_json.stderr));
    // Of recordings the same is known.
    for (file, script) in [("old.ctrace", "sleep 0.3; echo one"), ("new.ctrace", "echo one")] {
        ends(&run(dir, &["record", "-o", file, "--", "/bin/sh", "-c", script]), 0);
    }
    let recorded = text(&run(dir, &["compare", "old.ctrace", "new.ctrace", "--root", "any"]).stdout);
    assert!(recorded.contains("\n  speed-up ") && recorded.contains("\n  memory reduction "), "{recorded}");
}

#[test]
fn the_picture_of_a_profile_goes_where_the_file_says() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let toils = programs::build("toils", None, dir);
    let profile = |words: &[&str]| {
        let all = [&["profile"], words, &["--", toils.to_str().expect("text")]].concat();
        let run = run(dir, &all);
        ends(&run, 0);
        text(&run.stderr)
    };
    write(dir, "renacer.toml", "[profiling]\nenable_flamegraphs = true\nflamegraph_dir = \"out/flames\"\n");
    let said = profile(&[]);
    if said.contains("skipped flamegraph generation") {
        println!("skipped: no samples here: {said}");
        return;
    }
    assert!(dir.join("out/flames/perf.svg").is_file() && dir.join("profiling/latest/perf.json").is_file(), "{said}");
    assert!(!dir.join("profiling/latest/perf.svg").exists() && said.contains("out/flames/perf.svg"), "{said}");
    profile(&["--profile-out", "own/"]);
    assert!(dir.join("own/perf.svg").is_file());
    write(dir, "renacer.toml", "[profiling]\nenable_flamegraphs = false\n");
    profile(&["--profile-out", "bare/"]);
    assert!(dir.join("bare/perf.json").is_file() && !dir.join("bare/perf.svg").exists());
    profile(&["--profile-out", "drawn/", "--profile-flamegraph"]);
    assert!(dir.join("drawn/perf.svg").is_file());
}

#[test]
fn a_section_that_changes_nothing_is_told_to_who_asks() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    write(dir, "renacer.toml", "[compression]\nenabled = true\nalgorithm = \"rle\"\nmin_file_size_kb = 100\n");
    let said = |words: &[&str]| text(&run(dir, &[words, &["-o", "/dev/null", "--", "/bin/true"]].concat()).stderr);
    let remark =
        "chic-trace: renacer.toml:2: [compression] has no effect: recordings have a compression of their own\n";
    assert!(said(&["-v"]).contains(remark), "{}", said(&["-v"]));
    assert!(!said(&[]).contains("compression"));
    write(dir, "renacer.toml", "[compression]\nalgorithm = \"lz4\"\n");
    let refused = run(dir, &["assert", "--", "/bin/true"]);
    ends(&refused, 2);
    assert!(text(&refused.stderr).contains("algorithm"), "{}", text(&refused.stderr));
}
