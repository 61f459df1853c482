//! Samples: where programs spend their time, as shares of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::programs::{build, can_trace, compiled, output, room, text};
use crate::{PYTHON, Profile, VARIABLES, is_there, run, word, works};

#[test]
fn python_shows_its_interpreter() {
    if !can_trace() || !is_there(PYTHON) {
        return;
    }
    let dir = room();
    let code = "sum(i*i for i in range(3000000))";
    let ran = run(dir.path(), &["--profile-out", "p/perf.json", "--profile-flamegraph", "--", PYTHON, "-c", code]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""), "{}", text(&ran.stderr));
    assert_eq!(
        text(&ran.stderr),
        "profiling artefacts written to p/perf.json (perf.json, perf.summary.json, perf.folded, perf.svg)\n"
    );
    let profile = Profile::read(dir.path(), "p/perf.json");
    profile.adds_up();
    if !profile.is_sampled() {
        return;
    }
    let sampled = profile.total() - profile.with(|frame| frame == "[idle]" || frame == "[unsampled]");
    let under_start = profile.with(|frame| frame == "_start");
    assert!(under_start * 100 >= sampled * 95, "{under_start} of {sampled}");
    let mut leaves: BTreeMap<&str, u64> = BTreeMap::new();
    for (stack, weight) in &profile.lines {
        *leaves.entry(stack.rsplit(';').next().unwrap_or(stack)).or_default() += weight;
    }
    // Which of its functions have no names is its packager's choice.
    leaves.retain(|name, _| !name.starts_with('['));
    let largest = leaves.iter().max_by_key(|(_, weight)| **weight).map(|(name, _)| *name);
    assert_eq!(largest, Some("_PyEval_EvalFrameDefault"), "{leaves:?}");
    let summary = profile.summary();
    assert_eq!(summary["processes"], 1);
    for key in ["cpu_user_ns", "cpu_system_ns", "max_rss_kb", "minor_faults", "voluntary_switches"] {
        assert!(summary[key].is_u64(), "{key}: {summary:#}");
    }
    let run = &profile.document["runs"][0];
    assert_eq!(run["meta"]["exit"]["code"], 0);
    assert_eq!(run["meta"]["cpu_source"], "on-cpu");
    assert_eq!(run["meta"]["command"][2], code);
}

/// Shares of the three functions in what was sampled of the program, percent.
fn shares(profile: &Profile) -> [f64; 3] {
    let share = |name: &str| profile.with(|frame| frame.ends_with(name)) as f64;
    let all = ["::sixty", "::thirty", "::ten"].map(share);
    let sum: f64 = all.iter().sum();
    all.map(|one| one * 100.0 / sum)
}

/// Within 5 points, or four deviations of what came of so many samples on each side.
#[track_caller]
fn near(found: [f64; 3], expected: [f64; 3], samples: &[f64]) {
    let each: f64 = samples.iter().map(|samples| 1.0 / samples).sum();
    let limit = |share: f64| (4.0 * (share * (100.0 - share) * each).sqrt()).max(5.0);
    let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= limit(expected));
    assert!(is_near, "{found:?} is not {expected:?}");
}

#[test]
fn functions_have_the_shares_that_they_take() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let program = build("shares", None, dir.path());
    let words = |stacks: &'static str, interval: &'static str| {
        [
            "--profile-out",
            "p/perf.json",
            "--profile-stacks",
            stacks,
            "--profile-sample-hz",
            interval,
            "--",
            word(&program),
            "800",
        ]
        .map(String::from)
    };
    for (stacks, hertz) in [("auto", "1000"), ("dwarf", "1000"), ("auto", "5000")] {
        let words = words(stacks, hertz);
        let profile = works(dir.path(), &words.each_ref().map(String::as_str));
        profile.adds_up();
        if !profile.is_sampled() {
            return;
        }
        near(shares(&profile), [60.0, 30.0, 10.0], &[profile.samples()]);
        let sampling = &profile.summary()["sampling"];
        assert_eq!(sampling["asked_hz"], hertz.parse::<f64>().expect("a number"));
        assert!(sampling["samples"].as_u64() > Some(50), "{sampling}");
    }
    let profile = works(dir.path(), &["--profile-out", "p/", "--profile-stacks", "none", "--", word(&program)]);
    assert!(profile.lines.keys().all(|stack| !stack.contains(';')), "{:?}", profile.lines);
    assert_eq!(profile.summary()["sampling"]["stacks"], "none");
}

#[test]
fn perf_sees_the_same_shares() {
    let recorded = Command::new("perf").arg("--version").output();
    if !can_trace() || recorded.is_err() {
        println!("skipped: perf (linux-perf) is not installed");
        return;
    }
    let dir = room();
    let program = build("shares", None, dir.path());
    let mut perf = Command::new("perf");
    perf.current_dir(dir.path()).args(["record", "-q", "-e", "cpu-clock:u", "-F", "1000", "--call-graph", "dwarf"]);
    let ran = output(perf.args(["-o", "perf.data"]).arg(&program).arg("800"));
    if !ran.status.success() {
        println!("skipped: {}", text(&ran.stderr));
        return;
    }
    let mut perf = Command::new("perf");
    let report = perf.current_dir(dir.path()).args(["script", "-i", "perf.data", "-F", "ip,sym"]);
    let stacks = text(&output(report).stdout);
    let count = |name: &str| stacks.split("\n\n").filter(|stack| stack.contains(name)).count() as f64;
    let all = ["::sixty", "::thirty", "::ten"].map(count);
    let sum: f64 = all.iter().sum();
    let profile = works(dir.path(), &["--profile-out", "p/", "--", word(&program), "800"]);
    if profile.is_sampled() {
        near(shares(&profile), all.map(|one| one * 100.0 / sum), &[profile.samples(), sum]);
    }
}

#[test]
fn a_stripped_program_is_named_by_its_module() {
    if !can_trace() || !is_there("/usr/bin/strip") {
        return;
    }
    let dir = room();
    let program = build("shares", None, dir.path());
    assert!(output(Command::new("strip").arg(&program)).status.success());
    let profile = works(dir.path(), &["--profile-out", "p/", "--", word(&program)]);
    profile.adds_up();
    if profile.is_sampled() {
        let busy = profile.total() - profile.with(|frame| frame == "[idle]");
        assert!(profile.with(|frame| frame == "[shares]") * 10 > busy * 9, "{:?}", profile.lines);
    }
}

#[test]
fn a_static_program_of_musl_is_followed_to_its_beginning() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/probed/hot.c");
    let built =
        Command::new("musl-gcc").args(["-static", "-O1", "-g", "-o", "hot", source]).current_dir(dir.path()).status();
    if !built.is_ok_and(|status| status.success()) {
        return println!("skipped: no musl-gcc that links statically here");
    }
    let profile = works(dir.path(), &["--profile-out", "p/", "--", "./hot", "alone", "2000"]);
    profile.adds_up();
    if profile.is_sampled() {
        let busy = profile.total() - profile.with(|frame| frame == "[idle]");
        assert!(profile.with(|frame| frame == "main") * 10 > busy * 9, "{:?}", profile.lines);
        assert!(profile.with(|frame| frame == "[truncated]") * 20 < busy, "{:?}", profile.lines);
    }
}

#[test]
fn processes_stand_at_the_root_and_are_counted_once() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let program = build("shares", None, dir.path());
    // In turn, side by side, and a process between that only waits.
    let script = format!("{0} 5; {0} 5 & {0} 5; (exec sh -c '{0} 5; true'); wait", program.display());
    let profile = works(dir.path(), &["--profile-out", "p/", "--", "sh", "-c", &script]);
    let summary = profile.summary();
    let cpu = summary["cpu_user_ns"].as_u64().zip(summary["cpu_system_ns"].as_u64()).expect("measured");
    assert_eq!(summary["processes"].as_u64(), Some(6), "{:?}", profile.lines);
    if profile.is_sampled() {
        assert!(
            profile
                .lines
                .keys()
                .all(|stack| stack.starts_with("sh;") || stack.starts_with("shares;") || stack == "[idle]")
        );
        let on_cpu = (profile.total() - profile.with(|frame| frame == "[idle]")) * 1000;
        let all = cpu.0 + cpu.1;
        assert!(all.abs_diff(on_cpu) < all / 10 + 8_000_000, "{all} ns by accounts, {on_cpu} by switches");
    }
    let tids = works(dir.path(), &["--profile-out", "p/", "--profile-roots", "tid", "--", "sh", "-c", &script]);
    assert!(tids.lines.keys().any(|stack| stack.starts_with("shares-")), "{:?}", tids.lines.keys());
    let cpu = works(dir.path(), &["--profile-out", "p/", "--profile-weight", "cpu", "--", "sh", "-c", &script]);
    assert_eq!(cpu.with(|frame| frame == "[idle]" || frame == "[blocked]"), 0);
}

#[test]
fn a_compiler_and_its_children_are_profiled() {
    if !can_trace() || !is_there("/usr/bin/gcc") {
        return;
    }
    let dir = room();
    fs::write(dir.path().join("x.c"), "#include <stdio.h>\nint main(void) { puts(\"x\"); return 0; }\n")
        .expect("written");
    let profile = works(dir.path(), &["--profile-out", "p/", "--", "gcc", "-O2", "-o", "x", "x.c"]);
    assert!(dir.path().join("x").is_file());
    assert!(profile.summary()["processes"].as_u64() >= Some(4), "{}", profile.summary());
    if profile.is_sampled() {
        assert!(profile.lines.keys().any(|stack| stack.starts_with("cc1;")), "{:?}", profile.lines);
    }
}

#[test]
fn without_perf_events_the_rest_is_written_and_the_reason_told() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let (program, denied) = (build("shares", None, dir.path()), build("no_perf", None, dir.path()));
    let tracer = env!("CARGO_BIN_EXE_chic-trace");
    let profile = |words: &[&str]| {
        let mut command = Command::new(&denied);
        for name in VARIABLES {
            command.env_remove(name);
        }
        let words = [&["--no-config", "profile", "--profile-out", "p/"], words, &["--", word(&program), "5"]].concat();
        output(command.current_dir(dir.path()).arg(tracer).args(words))
    };
    let refused = profile(&["--profile-require-samples"]);
    assert_eq!(refused.status.code(), Some(125), "{}", text(&refused.stderr));
    assert!(!dir.path().join("p").exists(), "the program has not run");
    let ran = profile(&[]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    let summary = profile.summary();
    assert!(["none", "tracer"].iter().any(|source| summary["sampling"]["source"] == *source), "{summary:#}");
    let reason = summary["not_measured"]["samples"].as_str().expect("a reason");
    assert!(reason.contains("perf_event_paranoid") && reason.to_lowercase().contains("permission"), "{reason}");
    assert!(summary["cpu_user_ns"].is_u64(), "{summary:#}");
    assert_eq!(summary["sampling_interval_ns"].is_null(), summary["sampling"]["source"] == "none", "{summary:#}");
    assert_eq!(profile.document["runs"][0]["meta"]["cpu_source"], "wall");
    // What schedstat says is all that is known of one task.
    profile.adds_up();
    let shown = |frame: &str| frame == "[unsampled]" || frame.ends_with("::turn");
    assert!(profile.with(shown) > 0, "{:?}", profile.lines);
    assert!(dir.path().join("p/perf.svg").is_file());
}

#[test]
fn the_kernels_work_has_frames_where_that_is_allowed() {
    if !can_trace() || !is_there("/usr/bin/dd") && !is_there("/bin/dd") {
        return;
    }
    let dir = room();
    let ran = run(
        dir.path(),
        &["--profile-out", "p/", "--profile-kernel", "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=2000"],
    );
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    if !profile.is_sampled() {
        return;
    }
    assert_eq!(profile.summary()["sampling"]["kernel"], true);
    let kernel = profile.with(|frame| frame.ends_with("_[k]"));
    assert!(kernel * 2 > profile.total() - profile.with(|frame| frame == "[idle]"), "{:?}", profile.lines);
}

/// Where samples were taken, by function: how many, and shares of the functions that begin with `hot_`, percent.
fn of_hot(leaves: impl Iterator<Item = (String, f64)>) -> BTreeMap<String, f64> {
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for (leaf, weight) in leaves.filter(|(leaf, _)| leaf.starts_with("hot_")) {
        *shares.entry(leaf).or_default() += weight;
    }
    let sum: f64 = shares.values().sum();
    shares.values_mut().for_each(|share| *share *= 100.0 / sum);
    shares
}

/// By perf: shares and samples. `None` where it can't be had, which is said.
fn by_perf(dir: &Path, words: &[&str]) -> Option<(BTreeMap<String, f64>, f64)> {
    let mut perf = Command::new("perf");
    perf.current_dir(dir).args(["record", "-q", "-e", "cpu-clock:u", "-F", "1000", "-o", "perf.data"]);
    match perf.args(words).output() {
        Ok(ran) if ran.status.success() => {}
        Ok(ran) => {
            println!("skipped: {}", text(&ran.stderr));
            return None;
        }
        Err(error) => {
            println!("skipped: perf (linux-perf): {error}");
            return None;
        }
    }
    let mut perf = Command::new("perf");
    let script = text(&output(perf.current_dir(dir).args(["script", "-i", "perf.data", "-F", "sym"])).stdout);
    let leaves: Vec<(String, f64)> = script.lines().map(|line| (line.trim().to_owned(), 1.0)).collect();
    let samples = leaves.iter().filter(|(leaf, _)| leaf.starts_with("hot_")).count();
    Some((of_hot(leaves.into_iter()), samples as f64))
}

/// The shares of functions that took more than 5 % are those of perf, and those that are known.
#[track_caller]
fn as_perf_sees(words: &[&str], known: &[(&str, f64)], make: &dyn Fn(&Path) -> bool) {
    let dir = room();
    if !can_trace() || !make(dir.path()) {
        return;
    }
    let profile = works(dir.path(), &[&["--profile-out", "p/", "--"], words].concat());
    if !profile.is_sampled() {
        return;
    }
    let leaf = |(stack, weight): (&String, &u64)| {
        let leaf = stack.rsplit(';').next().unwrap_or(stack);
        (leaf.to_owned(), *weight as f64)
    };
    let seen = of_hot(profile.lines.iter().map(leaf));
    let is_near = |found: &BTreeMap<String, f64>, name: &str, share: f64, samples: &[f64]| {
        let each: f64 = samples.iter().map(|samples| 1.0 / samples).sum();
        let limit = (4.0 * (share * (100.0 - share) * each).sqrt()).max(5.0);
        let found = found.get(name).copied().unwrap_or(0.0);
        assert!((found - share).abs() <= limit, "{name}: {found} is not {share} ({samples:?} samples)");
    };
    for (name, share) in known {
        is_near(&seen, name, *share, &[profile.samples()]);
    }
    let Some((perf, samples)) = by_perf(dir.path(), words).filter(|(_, samples)| *samples > 50.0) else { return };
    for (name, share) in perf.iter().filter(|(_, share)| **share > 5.0) {
        is_near(&seen, name, *share, &[profile.samples(), samples]);
    }
}

fn make_hot(dir: &Path) -> bool {
    compiled(dir, "hot.c", &["-O1", "-pthread"]).is_some()
}

#[test]
fn threads_have_the_shares_that_perf_sees() {
    as_perf_sees(&["./hot", "threads", "700"], &[("hot_most", 70.0), ("hot_some", 30.0)], &make_hot);
}

#[test]
fn a_recursion_has_the_shares_that_perf_sees() {
    as_perf_sees(&["./hot", "recursion", "2500"], &[("hot_down", 70.0), ("hot_some", 30.0)], &make_hot);
}

#[test]
fn jobs_of_make_have_the_shares_that_perf_sees() {
    let make = |dir: &Path| {
        let rules = "all: a b c d\n%: ;\na b c d:\n\t@./hot alone 600\n.PHONY: all a b c d\n";
        fs::write(dir.join("Makefile"), rules).expect("written");
        is_there("/usr/bin/make") && make_hot(dir)
    };
    as_perf_sees(&["make", "-s", "-j2"], &[("hot_most", 70.0), ("hot_some", 30.0)], &make);
}
