//! The worked example of budgets: a program that keeps them, the same with a planted regression, and our own
//! command under the renacer.toml of this repository. Each verdict is of fresh runs.

mod programs;

use std::path::Path;
use std::process::Output;

use programs::{build, can_trace, chic_trace, output, room, text};
use serde_json::Value;

/// What the example program is allowed.
const BUDGETS: &str = r#"
[[assertion]]
name = "few_calls"
type = "span_count"
max_spans = 150

[[assertion]]
name = "quick"
type = "critical_path"
max_duration_ms = 2000

[[assertion]]
name = "small"
type = "memory_usage"
max_bytes = 1048576

[[assertion]]
name = "one_write"
type = "count_budget"
calls = ["write"]
max = 1

[[assertion]]
name = "writes_nothing"
type = "writes_only"
paths = ["none"]

[[assertion]]
name = "ends_well"
type = "custom"
expression = 'exit_code == 0 && errors("write") == 0'
"#;

fn assert_budgets(config: &Path, program: &Path, more: &[&str]) -> Output {
    output(chic_trace().arg("assert").arg("--config").arg(config).args(more).arg("--").arg(program))
}

/// Judges the example so many times: it keeps its budgets each time, and its regressions never do.
fn judge_the_example(times: usize) {
    let room = room();
    let config = room.path().join("renacer.toml");
    std::fs::write(&config, BUDGETS).expect("written");
    let unchanged = build("tally", None, room.path());
    for time in 0..times {
        let run = assert_budgets(&config, &unchanged, &["--runs", "2"]);
        let report = text(&run.stdout);
        assert_eq!(run.status.code(), Some(0), "run {time}: {report}{}", text(&run.stderr));
        assert_eq!(report.matches("  within  ").count(), 6, "{report}");
        assert!(report.ends_with("tally: within\n"), "{report}");
    }
    let chatty = build("tally", Some("chatty"), room.path());
    for time in 0..times.div_ceil(5) {
        let run = assert_budgets(&config, &chatty, &["--runs", "1"]);
        let report = text(&run.stdout);
        assert_eq!(run.status.code(), Some(1), "run {time}: {report}");
        assert!(report.contains("exceeds maximum 150") && report.contains("by write 1400"), "{report}");
        assert!(report.contains("Calls: 1400 exceeds maximum 1"), "{report}");
        assert!(report.contains("3 traced runs"), "one run above a budget is made again: {report}");
    }
}

#[test]
fn an_unchanged_program_passes_and_a_planted_regression_is_caught() {
    if can_trace() {
        judge_the_example(5);
    }
}

#[test]
#[ignore = "takes a minute: nightly"]
fn an_unchanged_program_passes_fifty_times_of_fifty() {
    if can_trace() {
        judge_the_example(50);
    }
}

#[test]
fn our_own_command_keeps_the_budgets_of_this_repository() {
    if !can_trace() {
        return;
    }
    let room = room();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let program = env!("CARGO_BIN_EXE_chic-trace");
    let recording = room.path().join("true.ctrace");
    let recorded = output(chic_trace().arg("record").arg("-o").arg(&recording).arg("--").arg("true"));
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    let size = std::fs::metadata(&recording).expect("a recording").len();
    assert!(size <= 16 << 10, "a recording of true has {size} bytes");

    let stored = recording.to_str().expect("text");
    // What a tracer traces can't be followed, and what is then not seen is not measured.
    let alone = ["--no-follow", "--inconclusive", "pass"];
    for (run, argv, more, followed) in [
        ("help", &[program, "--help"][..], &[][..], "within"),
        ("report", &[program, "report", stored], &[], "within"),
        ("record", &[program, "record", "-o", "/dev/null", "--", "true"], &alone, "not-measured"),
    ] {
        let mut command = chic_trace();
        command.args(["assert", "--format", "json", "--name", run]).args(more);
        command.arg("--config").arg(&ours).arg("--").args(argv);
        let judged = output(&mut command);
        let document: Value = serde_json::from_slice(&judged.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", text(&judged.stdout), text(&judged.stderr)));
        assert_eq!(judged.status.code(), Some(0), "{document:#}");
        let rows = document["results"].as_array().expect("results");
        let verdict = |name: &str| rows.iter().find(|row| row["name"] == name).map(|row| row["verdict"].clone());
        for name in [&format!("budget {run}"), "small"] {
            assert_eq!(verdict(name), Some("within".into()), "{run}: {document:#}");
        }
        for name in ["short", "no_tight_loop", "no_network"] {
            assert_eq!(verdict(name), Some(followed.into()), "{run}: {document:#}");
        }
        assert_eq!(rows.iter().filter(|row| row["verdict"] == "not-run").count(), 2, "rows of the other runs");
    }
}

#[test]
fn each_budget_of_this_repository_catches_a_planted_regression() {
    if !can_trace() {
        return;
    }
    let room = room();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let planted = build("budgeted", None, room.path());
    for (name, broken) in [
        ("tiny_writes", &["budget help", "short", "no_tight_loop"][..]),
        ("sleeps", &["budget help"]),
        ("touches_64m", &["small"]),
        ("connects", &["no_network"]),
    ] {
        let program = room.path().join(name);
        std::fs::copy(&planted, &program).expect("copied");
        let run = assert_budgets(&ours, &program, &["--name", "help", "--runs", "1", "--format", "json"]);
        assert_eq!(run.status.code(), Some(1), "{name}: {}{}", text(&run.stdout), text(&run.stderr));
        let document: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        let rows = document["results"].as_array().expect("results");
        let over: Vec<&str> =
            rows.iter().filter(|row| row["verdict"] == "over").filter_map(|row| row["name"].as_str()).collect();
        // A busy machine breaks the budget of time as well.
        assert!(broken.iter().all(|name| over.contains(name)), "{name}: {over:?}: {document:#}");
        assert!(over.iter().all(|name| broken.contains(name) || *name == "budget help"), "{name}: {over:?}");
    }
}

#[test]
fn time_is_measured_without_tracing() {
    if !can_trace() {
        return;
    }
    let room = room();
    let config = room.path().join("renacer.toml");
    let rule = "[[assertion]]\nname = \"quick\"\ntype = \"critical_path\"\nmax_duration_ms = 250\n";
    std::fs::write(&config, rule).expect("written");
    let run = assert_budgets(&config, &build("tally", Some("sleepy"), room.path()), &["--runs", "2"]);
    let report = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{report}");
    assert!(report.contains("Critical path duration") && report.contains("exceeds maximum 250ms"), "{report}");
    assert!(report.contains("2 untraced runs"), "{report}");
}

#[test]
fn what_is_not_measured_is_no_pass() {
    if !can_trace() {
        return;
    }
    let room = room();
    let program = build("tally", None, room.path());
    let config = room.path().join("renacer.toml");
    let judged = |rules: &str, more: &[&str]| {
        std::fs::write(&config, rules).expect("written");
        let run = assert_budgets(&config, &program, more);
        (run.status.code(), text(&run.stdout) + &text(&run.stderr))
    };
    let unwritten = "[[assertion]]\nname = \"m\"\ntype = \"durable_replace\"\npath = \"final\"\n";
    let (code, report) = judged(unwritten, &[]);
    assert_eq!(code, Some(3), "{report}");
    assert!(report.contains("not-measured") && report.contains("nothing that matches was written"), "{report}");
    assert_eq!(judged(unwritten, &["--inconclusive", "fail"]).0, Some(1));
    assert_eq!(judged(unwritten, &["--inconclusive", "pass"]).0, Some(0));
    let warning = format!("{unwritten}fail_on_violation = false\n");
    assert_eq!(judged(&warning, &[]).0, Some(0), "what only warns changes no code");

    let (code, report) = judged("[lamport_clock]\nenabled = true\n", &[]);
    assert_eq!(code, Some(4), "{report}");
    assert!(report.contains("no rule in"), "{report}");
    let off = "[[assertion]]\nname = \"x\"\ntype = \"span_count\"\nmax_spans = 5\nenabled = false\n";
    let (code, report) = judged(off, &[]);
    assert_eq!(code, Some(4), "{report}");
    assert!(report.contains("the only rule of") && report.contains("is disabled"), "{report}");

    let typo = "[[assertion]]\nname = \"x\"\ntype = \"span_count\"\nmax_spans = 5\nspan_name_patern = \"write\"\n";
    let (code, report) = judged(typo, &[]);
    assert_eq!(code, Some(2), "{report}");
    assert!(report.contains(":5:1: unknown key span_name_patern") && report.contains("^^^^^^^^"), "{report}");
    assert!(report.contains("the nearest is span_name_pattern"), "{report}");
}

#[test]
fn a_recording_gives_counts_and_memory_and_no_time() {
    if !can_trace() {
        return;
    }
    let room = room();
    let (file, config) = (room.path().join("run.ctrace"), room.path().join("renacer.toml"));
    let peak =
        "[[assertion]]\nname = \"peak\"\ntype = \"memory_usage\"\ntracking_mode = \"rss\"\nmax_bytes = 1073741824\n";
    std::fs::write(&config, format!("{BUDGETS}{peak}")).expect("written");
    let recorded = output(chic_trace().arg("record").arg("-o").arg(&file).arg("--").arg("true"));
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    let run = output(
        chic_trace().args(["assert", "--format", "json", "--config"]).arg(&config).arg("--recording").arg(&file),
    );
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));
    let document: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let rows = document["results"].as_array().expect("results");
    let verdicts: Vec<&str> = rows.iter().filter_map(|row| row["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["within", "not-measured", "within", "within", "within", "within", "within"], "{document:#}");
    assert!(rows.iter().all(|row| row["source"] == "1 recording" || row["source"].is_null()), "{document:#}");
    assert_eq!(rows[1]["reason"], "time from a recording includes the cost of tracing");
    assert!(rows[6]["value"].as_u64() > Some(100_000), "{document:#}");
}

#[test]
fn a_program_that_does_not_start_is_no_verdict() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let run = assert_budgets(&ours, Path::new("./no-such-program"), &[]);
    assert_eq!(run.status.code(), Some(5), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("cannot run ./no-such-program"), "{}", text(&run.stderr));
}
