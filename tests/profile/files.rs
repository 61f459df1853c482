//! Files: which are written, which removed, and what stands in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use serde_json::Value;

use crate::programs::{build, can_trace, chic_trace, output, room, text};
use crate::{Profile, VARIABLES, command, example, run, run_bare, word, works};

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
        (&["--trace-fn-libs", "--", "true"], "--trace-fn-libs names no function"),
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

/// The types by which Chic reads these documents (its `src/perf/mod.rs` and `src/run_log.rs`): keys that it knows, which of
/// them it demands; it passes over others.
mod chic {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Snapshot {
        pub version: String,
        pub target: String,
        pub runs: Vec<Run>,
        pub summary: Option<Summary>,
    }

    #[derive(Deserialize)]
    pub struct Run {
        pub profile: String,
        pub metrics: Vec<Metric>,
        pub run_log: Option<Log>,
    }

    #[derive(Deserialize)]
    pub struct Metric {
        pub trace_id: u64,
        pub mir_id: String,
        pub label: String,
        pub cpu_us: f64,
        pub budget_cpu_us: Option<u64>,
        pub budget_gpu_us: Option<u64>,
        pub budget_mem_bytes: Option<u64>,
    }

    #[derive(Deserialize)]
    pub struct Log {
        pub version: String,
        pub rng_streams: Vec<Stream>,
    }

    #[derive(Deserialize)]
    pub struct Stream {
        pub id: u64,
        pub seed: u128,
        pub events: Vec<Event>,
    }

    #[derive(Deserialize)]
    pub struct Event {
        pub index: u64,
        pub op: Op,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Op {
        Next { bits: u32 },
        Advance { by: u64 },
        Split { child: u64 },
    }

    #[derive(Deserialize)]
    pub struct Summary {
        pub profile: String,
        pub target: String,
        pub wall_time_ns: u128,
        pub cpu_user_ns: Option<u128>,
        pub cpu_system_ns: Option<u128>,
        pub max_rss_kb: Option<u64>,
        pub io_read_blocks: Option<u64>,
        pub io_write_blocks: Option<u64>,
        pub alloc: Option<Alloc>,
        pub sampling_interval_ns: Option<u128>,
    }

    #[derive(Deserialize)]
    pub struct Alloc {
        pub alloc_calls: u64,
        pub alloc_zeroed_calls: u64,
        pub realloc_calls: u64,
        pub free_calls: u64,
        pub alloc_bytes: u64,
        pub alloc_zeroed_bytes: u64,
        pub realloc_bytes: u64,
        pub freed_bytes: u64,
    }
}

#[test]
fn chics_own_types_read_every_document() {
    if !can_trace() {
        return;
    }
    let guest = example("guest");
    for form in [&[][..], &["--chic-compat"]] {
        let dir = room();
        let words =
            [&["--profile-out", "p/", "--profile-name", "debug"], form, &["--", word(&guest), "random"]].concat();
        let mut command = command(dir.path(), &words);
        let ran = output(command.env("CHIC_RUN_LOG", "log.json"));
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        let read =
            |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let document: chic::Snapshot = serde_json::from_str(&read("p/perf.json")).expect("Chic's type");
        let [run] = document.runs.as_slice() else { panic!("{} runs", document.runs.len()) };
        assert_eq!((document.version.as_str(), run.profile.as_str()), ("0.1.0", "debug"));
        let leaf = run.metrics.iter().find(|metric| metric.label == "guest::leaf").expect("a metric");
        assert_eq!(
            (leaf.trace_id, leaf.mir_id.as_str()),
            (report::perf::trace_id(b"guest::leaf", b"guest::leaf"), "guest::leaf")
        );
        assert!(leaf.cpu_us >= 0.0 && leaf.budget_cpu_us.or(leaf.budget_gpu_us).or(leaf.budget_mem_bytes).is_none());
        let log = run.run_log.as_ref().expect("a log");
        let [stream] = log.rng_streams.as_slice() else { panic!("{} streams", log.rng_streams.len()) };
        assert_eq!((log.version.as_str(), stream.id, stream.seed), ("0.1", 1, 0x0123_4567_89ab_cdef));
        let ops: Vec<(u64, &chic::Op)> = stream.events.iter().map(|event| (event.index, &event.op)).collect();
        let expected = [chic::Op::Next { bits: 64 }, chic::Op::Advance { by: 5 }, chic::Op::Split { child: 9 }];
        assert_eq!(ops, expected.iter().enumerate().map(|(i, op)| (i as u64, op)).collect::<Vec<_>>());
        let summary: chic::Summary = serde_json::from_str(&read("p/perf.summary.json")).expect("Chic's type");
        let whole = document.summary.expect("the same summary");
        assert_eq!(
            (&summary.profile, &summary.target, summary.wall_time_ns),
            (&whole.profile, &document.target, whole.wall_time_ns)
        );
        assert!(summary.cpu_user_ns.is_some() && summary.cpu_system_ns.is_some() && summary.max_rss_kb > Some(0));
        assert!(summary.io_read_blocks.is_some() && summary.io_write_blocks.is_some());
        let alloc = summary.alloc.expect("it counts");
        let calls = [alloc.alloc_calls, alloc.alloc_zeroed_calls, alloc.realloc_calls, alloc.free_calls];
        let bytes = [alloc.alloc_bytes, alloc.alloc_zeroed_bytes, alloc.realloc_bytes, alloc.freed_bytes];
        assert!(calls.iter().sum::<u64>() > 0 && bytes.iter().sum::<u64>() > 0);
        let _ = summary.sampling_interval_ns;
        let streams: chic::Log = serde_json::from_str(&read("log.json")).expect("Chic's type");
        assert_eq!(streams.rng_streams.len(), 1);
    }
}
