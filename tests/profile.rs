//! `profile` by the command itself: what it writes of programs that end well, badly, or not at all.

mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use programs::{build, can_trace, chic_trace, output, room, text};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";
const VARIABLES: [&str; 10] = [
    "CHIC_TRACE",
    "CHIC_TRACE_OUTPUT",
    "CHIC_TRACE_PROFILE",
    "CHIC_TRACE_TARGET",
    "CHIC_TRACE_SAMPLE_MS",
    "CHIC_TRACE_SAMPLE_HZ",
    "CHIC_TRACE_SAMPLE_NS",
    "CHIC_TRACE_FAKE_CLOCK",
    "CHIC_RUN_LOG",
    "SOURCE_DATE_EPOCH",
];

/// `chic-trace profile WORDS`, in this folder.
fn command(dir: &Path, words: &[&str]) -> Command {
    let mut command = chic_trace();
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.current_dir(dir).arg("--no-config").arg("profile").args(words);
    command
}

fn run(dir: &Path, words: &[&str]) -> Output {
    output(&mut command(dir, words))
}

#[track_caller]
fn works(dir: &Path, words: &[&str]) -> Profile {
    let ran = run(dir, words);
    assert!(ran.status.success(), "{:?}: {}", ran.status, text(&ran.stderr));
    Profile::read(dir, "p/perf.json")
}

/// What was written.
struct Profile {
    document: Value,
    lines: BTreeMap<String, u64>,
}

impl Profile {
    /// Each file fits its schema, and they agree with each other.
    #[track_caller]
    fn read(dir: &Path, name: &str) -> Profile {
        let path = dir.join(name);
        let file = |ending: &str| {
            let path = PathBuf::from(format!("{}{ending}", path.display().to_string().trim_end_matches(".json")));
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let document: Value = serde_json::from_str(&file(".json")).expect("JSON");
        let summary: Value = serde_json::from_str(&file(".summary.json")).expect("JSON");
        for (name, value) in [("perf", &document), ("perf-summary", &summary)] {
            let schema = serde_json::from_str(report::schema(name).expect("a schema")).expect("JSON");
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            let errors: Vec<String> =
                validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}\n{value:#}");
        }
        assert_eq!(document["summary"], summary);
        let line = |line: &str| {
            let (stack, count) = line.rsplit_once(' ').expect("a count");
            (stack.to_owned(), count.parse().expect("a number"))
        };
        Profile { document, lines: file(".folded").lines().map(line).collect() }
    }

    fn summary(&self) -> &Value {
        &self.document["summary"]
    }

    fn total(&self) -> u64 {
        self.lines.values().sum()
    }

    /// Weight of the stacks that have such a frame.
    fn with(&self, is: impl Fn(&str) -> bool) -> u64 {
        let lines = self.lines.iter().filter(|(stack, _)| stack.split(';').any(&is));
        lines.map(|(_, weight)| weight).sum()
    }

    fn metric(&self, label: &str) -> &Value {
        let metrics = self.document["runs"][0]["metrics"].as_array().expect("metrics");
        metrics.iter().find(|metric| metric["label"] == label).unwrap_or_else(|| panic!("no {label}: {metrics:?}"))
    }

    /// Are there samples? If not, why.
    fn is_sampled(&self) -> bool {
        let source = &self.summary()["sampling"]["source"];
        if source == "none" {
            println!("skipped: {}", self.summary()["not_measured"]["samples"]);
        }
        source != "none"
    }

    fn samples(&self) -> f64 {
        self.summary()["sampling"]["samples"].as_f64().expect("a number")
    }

    /// The weights of a single task are its wall time, to the microsecond.
    #[track_caller]
    fn adds_up(&self) {
        let wall = self.summary()["wall_time_ns"].as_u64().expect("a time");
        assert_eq!(self.total(), (wall + 500) / 1000, "{:?}", self.lines);
    }
}

fn is_there(program: &str) -> bool {
    let found = Path::new(program).is_file();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// A program of the runtime library's examples.
fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let beside = Path::new(env!("CARGO_BIN_EXE_chic-trace")).parent().expect("a folder");
        let target = beside.parent().expect("a target folder");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--offline", "-p", "chic-trace-rt", "--examples", "--target-dir"]).arg(target);
        let built = output(cargo.current_dir(env!("CARGO_MANIFEST_DIR")));
        assert!(built.status.success(), "{}", text(&built.stderr));
        target.join("debug/examples")
    });
    folder.join(name)
}

fn word(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

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
fn spans_of_the_runtime_are_counted_exactly() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let guest = example("guest");
    let profile = works(dir.path(), &["--profile-out", "p/", "--", word(&guest), "threads", "5000"]);
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
fn a_program_that_fails_or_dies_leaves_its_profile() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let ran = run(dir.path(), &["--profile-out", "p/", "--", "sh", "-c", "exit 7"]);
    assert_eq!(ran.status.code(), Some(7), "{}", text(&ran.stderr));
    assert_eq!(Profile::read(dir.path(), "p/perf.json").document["runs"][0]["meta"]["exit"]["code"], 7);
    let ran = run(dir.path(), &["--profile-out", "p/", "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(ran.status.signal(), Some(9), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    assert_eq!(profile.document["runs"][0]["meta"]["exit"]["signal"], 9);
}

#[test]
fn a_program_that_never_began_touches_no_file() {
    let dir = room();
    fs::create_dir(dir.path().join("p")).expect("made");
    fs::write(dir.path().join("p/perf.json"), "earlier").expect("written");
    fs::write(dir.path().join("text"), "no program").expect("written");
    for (program, code) in [("./no-such-program", 127), ("./text", 126)] {
        let ran = run(dir.path(), &["--profile-out", "p/", "--", program]);
        assert_eq!(ran.status.code(), Some(code), "{}", text(&ran.stderr));
        assert_eq!(fs::read_to_string(dir.path().join("p/perf.json")).expect("there"), "earlier");
        assert_eq!(fs::read_dir(dir.path().join("p")).expect("listed").count(), 1);
    }
}

#[test]
fn files_of_an_earlier_run_are_gone_when_the_program_runs() {
    if !can_trace() {
        return;
    }
    let dir = room();
    fs::create_dir(dir.path().join("p")).expect("made");
    for name in ["perf.json", "perf.svg", "perf.folded", "perf.summary.json", "perf.other"] {
        fs::write(dir.path().join("p").join(name), "earlier").expect("written");
    }
    // They go when the program begins, or some milliseconds later.
    let script = "until [ ! -e p/perf.svg ] && [ ! -e p/perf.json ] && [ ! -e p/perf.folded ]; do :; done; ls p";
    let ran = run(dir.path(), &["--profile-out", "p/", "--no-profile-flamegraph", "--", "sh", "-c", script]);
    assert_eq!(text(&ran.stdout), "perf.other\n", "{}", text(&ran.stderr));
    assert_eq!(
        text(&ran.stderr),
        "profiling artefacts written to p/perf.json (perf.json, perf.summary.json, perf.folded)\n"
    );
    assert!(!dir.path().join("p/perf.svg").exists());
}

#[test]
fn what_can_not_be_written_is_told_and_is_125() {
    if !can_trace() {
        return;
    }
    let dir = room();
    fs::write(dir.path().join("file"), "").expect("written");
    let ran = run(dir.path(), &["--profile-out", "file/perf.json", "--", "sh", "-c", "echo out; exit 3"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(125), "out\n"));
    let said = text(&ran.stderr);
    assert!(said.contains("cannot write file/perf.json") && said.contains("exit status 3"), "{said}");
    // One of them is a folder: the others are written all the same.
    fs::create_dir_all(dir.path().join("p/perf.folded/x")).expect("made");
    let ran = run(dir.path(), &["--profile-out", "p/", "--", "true"]);
    assert_eq!(ran.status.code(), Some(125), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("perf.folded"), "{}", text(&ran.stderr));
    assert!(dir.path().join("p/perf.json").is_file() && dir.path().join("p/perf.summary.json").is_file());
    // No room: one message, no part of a file.
    let script = format!(
        "ulimit -f 0; exec '{}' --no-config profile --profile-out q/ -- true",
        env!("CARGO_BIN_EXE_chic-trace")
    );
    let ran = output(Command::new("sh").arg("-c").arg(script).current_dir(dir.path()));
    assert_eq!(ran.status.code(), Some(125), "{:?} {}", ran.status, text(&ran.stderr));
    assert_eq!(text(&ran.stderr).matches("chic-trace: cannot").count(), 1, "{}", text(&ran.stderr));
    assert_eq!(fs::read_dir(dir.path().join("q")).expect("made").count(), 0, "part of a file is left");
}

#[test]
fn hostile_names_stay_names() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let program = build("shares", None, dir.path());
    let named = dir.path().join("[idle];\u{1b}[31m 12\n");
    fs::copy(&program, &named).expect("copied");
    fs::set_permissions(&named, fs::Permissions::from_mode(0o755)).expect("its mode");
    let script = format!("'{}' 3; true", named.display());
    let profile = works(dir.path(), &["--profile-out", "p/", "--profile-roots", "process", "--", "sh", "-c", &script]);
    assert!(profile.lines.keys().any(|stack| stack.starts_with("\\[idle]:\\x1b[31m")), "{:?}", profile.lines.keys());
    let picture = fs::read_to_string(dir.path().join("p/perf.svg")).expect("a picture");
    assert_eq!(picture.matches("<script").count(), 1);
    assert!(picture.bytes().all(|byte| byte >= b' ' || byte == b'\n' || byte == b'\t'), "a control character is in it");
}

#[test]
fn chics_own_types_read_the_compat_form() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let words =
        ["--profile-out", "my.run", "--chic-compat", "--profile-name", "debug", "--profile-target", "t", "--", "true"];
    let ran = run(dir.path(), &words);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let document: Value = serde_json::from_str(&read("my.run")).expect("JSON");
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&document), ["runs", "summary", "target", "version"]);
    assert_eq!(keys(&document["runs"][0]), ["metrics", "profile", "run_log"]);
    assert_eq!((&document["target"], &document["runs"][0]["profile"]), (&"t".into(), &"debug".into()));
    assert_eq!(document["summary"].as_object().map(serde_json::Map::len), Some(10));
    assert!(!read("my.run").ends_with('\n') && !read("my.run.summary.json").ends_with('\n'));
    assert!(read("my.run.folded").starts_with("[idle] "));
}

#[test]
fn settings_come_from_flags_variables_and_the_file_in_this_order() {
    let dir = room();
    fs::create_dir(dir.path().join(".git")).expect("made");
    fs::write(dir.path().join("renacer.toml"), "[profile]\nout = \"from-file/\"\nsample_ms = 7\n").expect("written");
    let shown = |env: &[(&str, &str)]| {
        let mut command = chic_trace();
        for name in VARIABLES {
            command.env_remove(name);
        }
        let ran = output(command.current_dir(dir.path()).envs(env.iter().copied()).args(["config", "--show-origin"]));
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        text(&ran.stdout)
    };
    let has = |shown: &str, key: &str, origin: &str| {
        let line = shown.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        assert!(line.ends_with(origin), "{key} {origin}: {shown}");
    };
    let plain = shown(&[]);
    has(&plain, "profile.out = from-file/", "renacer.toml:2");
    has(&plain, "profile.sample_ms = 7", "renacer.toml:3");
    has(&plain, "profile.stacks = auto", "default");
    let set = shown(&[("CHIC_TRACE_OUTPUT", "x"), ("CHIC_TRACE_SAMPLE_NS", "250000"), ("CHIC_TRACE_SAMPLE_MS", "3")]);
    has(&set, "profile.out = x", "environment CHIC_TRACE_OUTPUT");
    has(&set, "profile.sample_ms = 0.25", "environment CHIC_TRACE_SAMPLE_NS");
    for (words, says) in [
        (
            &["--profile-sample-ms", "x", "--", "true"][..],
            "unable to parse sample interval `x` (expected milliseconds)",
        ),
        (&["--profile-sample-ms", "1", "--profile-sample-hz", "9", "--", "true"], "together with"),
        (&["--profile-out", "a.svg", "--", "true"], "it ends in .svg"),
        (&["--profile-stacks", "fb", "--", "true"], "known are auto, fp, dwarf, none"),
        (&["--backend", "wasm", "--", "true"], "WASM support is not built"),
        (&["--", "x.wasm"], "WASM support is not built"),
        (&[], "no program is given"),
        (&["--trace-fn-libs", "--", "true"], "not built in this version"),
        (&["--trace-fn", "(", "--", "true"], "cannot read the regular expression"),
    ] {
        let ran = run(dir.path(), words);
        assert_eq!(ran.status.code(), Some(2), "{words:?}: {}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains(says), "{words:?}: {}", text(&ran.stderr));
    }
    fs::write(dir.path().join("renacer.toml"), "[profile]\nsampel_ms = 7\n").expect("written");
    let ran = output(chic_trace().current_dir(dir.path()).args(["profile", "--", "true"]));
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran.stderr).contains("sample_ms"), "{}", text(&ran.stderr));
}

/// `chic-trace WORDS`, in this folder.
fn run_bare(dir: &Path, words: &[&str]) -> Output {
    let mut command = chic_trace();
    for name in VARIABLES {
        command.env_remove(name);
    }
    output(command.current_dir(dir).arg("--no-config").args(words))
}

#[test]
fn a_run_that_is_shown_can_be_profiled_too() {
    if !can_trace() {
        return;
    }
    let dir = room();
    let mut command = chic_trace();
    for name in VARIABLES {
        command.env_remove(name);
    }
    let ran = output(command.current_dir(dir.path()).args([
        "-f",
        "-o",
        "trace.txt",
        "--profile-out",
        "p/",
        "--",
        "ls",
        "-d",
        ".",
    ]));
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    assert_eq!(text(&ran.stdout), ".\n");
    let trace = fs::read_to_string(dir.path().join("trace.txt")).expect("a trace");
    assert!(trace.contains("execve(") && trace.contains("write(1,"), "{trace}");
    let profile = Profile::read(dir.path(), "p/perf.json");
    let syscalls = &profile.summary()["syscalls"];
    assert!(syscalls["by_name"]["write"].as_u64() >= Some(1), "{syscalls}");
    assert!(profile.summary()["not_measured"]["syscalls.time_ns"].is_string());
    // Without -f other processes are none of the run.
    let ran = run_bare(dir.path(), &["-c", "--profile-out", "p/", "--", "sh", "-c", "ls >/dev/null; true"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let profile = Profile::read(dir.path(), "p/perf.json");
    assert_eq!(profile.summary()["processes"], 1, "{:?}", profile.lines);
    assert!(profile.summary()["cpu_user_ns"].is_u64());
    let attached = run_bare(dir.path(), &["--profile", "-p", "1"]);
    assert_eq!(attached.status.code(), Some(2), "{}", text(&attached.stderr));
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
