//! The budgets of this repository's renacer.toml hold for a frugal program and are broken by one
//! that is not; each verdict is of a fresh run.

mod programs;

use std::path::Path;
use std::process::Output;

use programs::{build, can_trace, chic_trace, output, room, text};

fn assert_budgets(config: &Path, program: &Path, more: &[&str]) -> Output {
    output(chic_trace().arg("assert").arg("--config").arg(config).args(more).arg("--").arg(program))
}

#[test]
fn our_own_budgets_hold_for_a_frugal_program_and_are_broken_by_a_chatty_one() {
    if !can_trace() {
        return;
    }
    let room = room();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let frugal = assert_budgets(&ours, &build("tally", None, room.path()), &[]);
    let report = text(&frugal.stdout);
    assert_eq!(frugal.status.code(), Some(0), "{report}{}", text(&frugal.stderr));
    assert!(report.contains("few_calls  within") && report.contains("quick      within"), "{report}");
    assert!(report.ends_with("tally: within\n"), "{report}");

    let chatty = assert_budgets(&ours, &build("tally", Some("chatty"), room.path()), &["--runs", "1"]);
    let report = text(&chatty.stdout);
    assert_eq!(chatty.status.code(), Some(1), "{report}");
    assert!(report.contains("exceeds maximum 150") && report.contains("by write 1400"), "{report}");
    assert!(report.contains("3 traced runs"), "one run above a budget is made again: {report}");
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
    assert!(report.contains("Critical path duration 3") && report.contains("exceeds maximum 250ms"), "{report}");
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
    let (code, report) = judged("[[assertion]]\nname = \"m\"\ntype = \"memory_usage\"\nmax_bytes = 1\n", &[]);
    assert_eq!(code, Some(3), "{report}");
    assert!(report.contains("not-measured") && report.contains("not judged by this version"), "{report}");
    let memory = "[[assertion]]\nname = \"m\"\ntype = \"memory_usage\"\nmax_bytes = 1\n";
    assert_eq!(judged(memory, &["--inconclusive", "fail"]).0, Some(1));
    assert_eq!(judged(memory, &["--inconclusive", "pass"]).0, Some(0));

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
fn a_recording_gives_counts_and_no_time() {
    if !can_trace() {
        return;
    }
    let room = room();
    let file = room.path().join("run.ctrace");
    let recorded = output(chic_trace().arg("record").arg("-o").arg(&file).arg("--").arg("true"));
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let run =
        output(chic_trace().args(["assert", "--format", "json", "--config"]).arg(&ours).arg("--recording").arg(&file));
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));
    let document: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(document["results"][0]["verdict"], "within");
    assert_eq!(document["results"][0]["source"], "1 recording");
    assert_eq!(document["results"][1]["verdict"], "not-measured");
    assert_eq!(document["results"][1]["reason"], "time from a recording includes the cost of tracing");
}

#[test]
fn a_program_that_does_not_start_is_no_verdict() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("renacer.toml");
    let run = assert_budgets(&ours, Path::new("./no-such-program"), &[]);
    assert_eq!(run.status.code(), Some(5), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("cannot run ./no-such-program"), "{}", text(&run.stderr));
}
