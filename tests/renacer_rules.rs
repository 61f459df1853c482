//! Every type of rule of renacer.toml on a program that keeps it and on one that just does not: what is
//! measured is true, and named.

mod built;
mod mutation;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use programs::{build, can_trace, chic_trace, output, room, text};
use serde_json::Value;

/// A directory with the program under this name, and a place to run it in.
struct Stage {
    room: tempfile::TempDir,
}

impl Stage {
    fn new() -> Stage {
        let room = room();
        for dir in ["in", "out", "bin"] {
            fs::create_dir(room.path().join(dir)).expect("made");
        }
        fs::write(room.path().join("in/a"), "a\n").expect("written");
        Stage { room }
    }

    fn dir(&self) -> &Path {
        self.room.path()
    }

    /// The program that is called so.
    fn program(&self, name: &str) -> PathBuf {
        static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
        let (_, built) = BUILT.get_or_init(|| {
            let room = programs::room();
            let built = build("budgeted", None, room.path());
            (room, built)
        });
        let path = self.dir().join("bin").join(name);
        if !path.exists() {
            fs::copy(built, &path).expect("copied");
        }
        path
    }

    /// What `assert` says of a command line: the exit code and the document.
    fn judged(&self, rules: &str, more: &[&str], argv: &[&str]) -> (i32, Value) {
        let config = self.dir().join("rules.toml");
        fs::write(&config, rules).expect("written");
        let mut command = chic_trace();
        command.current_dir(self.dir()).args(["assert", "--format", "json", "--runs", "2", "--config"]).arg(&config);
        command.args(more);
        if !argv.is_empty() {
            command.arg("--").args(argv);
        }
        let run = output(&mut command);
        let document = serde_json::from_slice(&run.stdout)
            .unwrap_or_else(|error| panic!("{argv:?}: {error}: {}{}", text(&run.stdout), text(&run.stderr)));
        (run.status.code().unwrap_or(-1), document)
    }

    /// The same of a program of ours.
    fn guest(&self, rules: &str, name: &str) -> (i32, Value) {
        let program = self.program(name);
        self.judged(rules, &[], &[program.to_str().expect("text")])
    }
}

/// Rules of this verdict, by name.
fn rules_of<'d>(document: &'d Value, verdict: &str) -> Vec<&'d str> {
    let rows = document["results"].as_array().expect("results");
    rows.iter().filter(|row| row["verdict"] == verdict).filter_map(|row| row["name"].as_str()).collect()
}

fn row<'d>(document: &'d Value, name: &str) -> &'d Value {
    let rows = document["results"].as_array().expect("results");
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {document}"))
}

/// One rule of this type, named `r`.
fn rule(kind: &str, keys: &str) -> String {
    format!("[[assertion]]\nname = \"r\"\ntype = \"{kind}\"\n{keys}\n")
}

/// The verdict of the only rule.
fn verdict(document: &Value) -> &str {
    document["results"][0]["verdict"].as_str().expect("a verdict")
}

fn both_dialects() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assertions/tests/files/both_dialects.toml");
    // Half a second is little where others work, too; a second of sleep is above either.
    fs::read_to_string(path).expect("rules").replace("max_duration_ms = 500", "max_duration_ms = 990")
}

/// A configuration that a project published, where the samples are.
fn sample(name: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/renacer/toml");
    let text = fs::read_to_string(beside.join(name)).ok();
    if text.is_none() {
        println!("skipped: samples not here: {name}");
    }
    text
}

#[test]
fn both_dialects_say_what_is_true_of_seven_programs() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    for (name, over, code) in [
        ("five_lines", &[][..], 0),
        ("six_lines", &["only_writes"], 1),
        ("tiny_writes", &["only_writes", "no_tight_loop"], 1),
        ("touches_64m", &["memory", "peak"], 1),
        ("sleeps", &["quick"], 1),
        ("closed_out", &["no_failed_writes"], 1),
        ("maps_40", &["few_mmaps"], 1),
    ] {
        let (found, document) = stage.guest(&both_dialects(), name);
        assert_eq!((found, rules_of(&document, "over")), (code, over.to_vec()), "{name}: {document:#}");
        assert_eq!(rules_of(&document, "disabled"), ["off"], "{name}");
        assert_eq!(rules_of(&document, "within").len(), 7 - over.len(), "{name}: {document:#}");
        match name {
            "touches_64m" => {
                for rule in ["memory", "peak"] {
                    let row = row(&document, rule);
                    assert!(row["value"].as_u64() >= Some(64 << 20) && row["unit"] == "bytes", "{row}");
                }
            }
            "sleeps" => assert!(row(&document, "quick")["value"].as_f64() >= Some(1000.0), "{document:#}"),
            "six_lines" => {
                let row = row(&document, "only_writes");
                assert_eq!(row["reason"], "Span count 6 exceeds maximum 5");
                assert_eq!((&row["calls"][0]["name"], &row["calls"][0]["calls"]), (&"write".into(), &6.into()));
            }
            "closed_out" => {
                let reason = row(&document, "no_failed_writes")["reason"].as_str().expect("a reason").to_owned();
                assert!(reason.contains("errors(\"write\") = 1") && reason.contains("exit_code = 0"), "{reason}");
            }
            _ => {}
        }
    }
}

#[test]
fn published_files_judge_what_renacer_let_pass() {
    let Some(rules) = sample("reprorusted-python-cli.renacer.toml").filter(|_| can_trace()) else { return };
    let stage = Stage::new();
    // The first failure would hide the others, and a busy machine takes longer than 15 ms for anything.
    let rules = rules.replace("fail_fast = true", "fail_fast = false").replace("= 15 ", "= 300 ");
    let over = |name: &str| rules_of(&stage.guest(&rules, name).1, "over").join(" ");
    assert!(over("touches_64m").contains("memory_allocation_budget"));
    assert_eq!(over("sleeps"), "cli_startup_latency");
    assert_eq!(over("burns"), "cli_startup_latency");
}

#[test]
fn every_bad_file_is_refused_before_anything_runs() {
    let stage = Stage::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("assertions/tests/files");
    let mut bad = 0;
    for entry in fs::read_dir(dir).expect("samples").flatten() {
        let name = entry.file_name().into_string().expect("text");
        let code = match name.as_str() {
            "both_dialects.toml" => continue,
            "all_disabled.toml" | "nothing_to_check.toml" => 4,
            _ => 2,
        };
        let mut command = chic_trace();
        command.current_dir(stage.dir()).args(["assert", "--config"]).arg(entry.path());
        let run = output(command.args(["--", "touch", "ran"]));
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{name}: {said}");
        assert!(run.stdout.is_empty() && said.contains(&name), "{name}: {said}");
        assert!(code == 4 || said.lines().any(|line| line.trim_start().starts_with('^')), "{name}: {said}");
        assert!(!stage.dir().join("ran").exists(), "{name}: the program was run");
        bad += 1;
    }
    assert_eq!(bad, 23);
}

#[test]
fn every_published_file_loads() {
    for (file, rules, off) in [
        ("reprorusted-python-cli.renacer.toml", 6, 1),
        ("renacer-examples.renacer.toml", 11, 1),
        ("trueno-db.renacer.toml", 6, 1),
        ("trueno.renacer.toml", 5 + 5 + 2, 0),
        ("both_dialects.toml", 7 + 1, 1),
    ] {
        let Some(text) = sample(file) else { return };
        let read = assertions::Configuration::read(file, &text).unwrap_or_else(|bad| panic!("{bad}"));
        let disabled = read.rules.iter().filter(|rule| !rule.enabled).count();
        assert_eq!((read.rules.len(), disabled), (rules, off), "{file}");
        assert_eq!(read.traces.len(), if file == "trueno.renacer.toml" { 5 } else { 0 }, "{file}");
    }
}

#[test]
fn memory_that_can_not_be_touched_is_none() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let rules = rule("memory_usage", "max_bytes = 1048576");
    let (code, document) = stage.guest(&rules, "reserves_64m");
    assert_eq!((code, verdict(&document)), (0, "within"), "{document:#}");
    let (_, document) = stage.guest(&rules, "touches_64m");
    assert_eq!(document["results"][0]["calls"][0]["process"], "touches_64m", "{document:#}");
}

#[test]
fn anti_patterns_are_detected_and_near_misses_are_not() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let god = rule("anti_pattern", "pattern = \"GodProcess\"\nthreshold = 0.8");
    let tight = rule("anti_pattern", "pattern = \"TightLoop\"\nthreshold = 0.7");
    let gpu = rule("anti_pattern", "pattern = \"PCIeBottleneck\"\nthreshold = 0.7");
    for (rules, name, expected, says) in [
        (&god, "four_workers", "within", "four_workers made"),
        (&god, "one_works", "over", "one_works made"),
        (&god, "five_lines", "within", "only one process made calls"),
        (&tight, "tiny_writes", "over", "repeats write 20000 times"),
        (&tight, "almost_a_loop", "within", "no block of calls repeats"),
        (&tight, "large_writes", "within", "no block of calls repeats"),
        (&gpu, "five_lines", "within", "no GPU device was opened"),
        (&gpu, "opens_gpu", "within", "no GPU device was opened"),
    ] {
        // A machine with a GPU lets it be opened.
        let there = ["/dev/dri/card0", "/dev/nvidia0"].iter().any(|path| fs::File::open(path).is_ok());
        let (expected, says) =
            if name == "opens_gpu" && there { ("not-measured", "not visible") } else { (expected, says) };
        let (_, document) = stage.guest(rules, name);
        let reason = document["results"][0]["reason"].as_str().unwrap_or_default();
        assert_eq!(verdict(&document), expected, "{name}: {document:#}");
        assert!(reason.contains(says), "{name}: {reason}");
    }
    let others = god.replace("threshold", "process_name_pattern = \"^dash$\"\nthreshold");
    assert_eq!(verdict(&stage.guest(&others, "one_works").1), "within");
}

#[test]
fn rules_beyond_the_origin_are_kept_and_violated() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let locks = rule("must_call", "calls = [\"flock\"]\npath = \"lock\"");
    let quiet = rule("must_not_call", "calls = [\"ptrace\", \"/^process_vm_/\"]");
    let mkdirs = rule("count_budget", "calls = [\"mkdir\", \"mkdirat\"]\nmax = 3");
    let log = rule("byte_budget", "calls = [\"write\"]\nmax_bytes = 100\npath = \"log\"");
    let written = rule("byte_budget", "max_bytes = 100\ndirection = \"written\"");
    let read = rule("byte_budget", "max_bytes = 100\ndirection = \"read\"\npath = \"log\"");
    let final_ = rule("durable_replace", "path = \"final\"");
    let network = rule("no_network", "");
    let loopback = rule("no_network", "allow = [\"loopback\"]");
    let writes = rule("writes_only", "paths = [\"out/**\"]");
    for (rules, name, expected, says) in [
        (&locks, "locks", "within", ""),
        (&locks, "five_lines", "over", ""),
        (&quiet, "five_lines", "within", ""),
        (&quiet, "traces", "over", "ptrace"),
        (&network, "talks_to_itself", "within", ""),
        (&network, "connects", "over", "127.0.0.1:1"),
        (&network, "sends", "over", "127.0.0.1:9"),
        (&loopback, "connects", "within", ""),
        (&loopback, "talks_to_itself", "over", "/no/such/socket"),
        (&mkdirs, "three_mkdirs", "within", ""),
        (&mkdirs, "four_mkdirs", "over", "mkdir"),
        (&log, "log_100", "within", ""),
        (&log, "log_101", "over", "/log"),
        (&written, "log_101", "over", "write"),
        (&read, "log_101", "within", ""),
        (&final_, "replaces", "within", ""),
        (&final_, "replaces_fdatasync", "within", ""),
        (&final_, "replaces_no_sync", "over", "/final"),
        (&final_, "replaces_then_syncs", "over", "/final"),
        (&final_, "replaces_no_dirsync", "over", "/final"),
        (&final_, "overwrites", "over", "/final"),
        (&final_, "five_lines", "not-measured", ""),
        (&writes, "hides_a_temporary", "over", "/tmp/budgeted.tmp"),
        (&writes, "five_lines", "within", ""),
    ] {
        let (code, document) = stage.guest(rules, name);
        assert_eq!(verdict(&document), expected, "{name}: {document:#}");
        assert_eq!(code, i32::from(expected == "over") + 3 * i32::from(expected == "not-measured"), "{name}");
        let calls = document["results"][0]["calls"].to_string();
        assert!(calls.contains(says), "{name}: {document:#}");
        assert!(says.is_empty() || calls.contains(&format!("\"process\":\"{name}\"")), "{name}: {calls}");
    }
    let no_directory = final_.replace("path", "directory = false\npath");
    assert_eq!(verdict(&stage.guest(&no_directory, "replaces_no_dirsync").1), "within");
    let held = fs::File::create(stage.dir().join("lock")).expect("a file");
    held.lock().expect("nobody else has it");
    assert_eq!(verdict(&stage.guest(&locks, "locked_out").1), "over", "a lock that was refused is none");
    drop(held);
    let errors =
        rule("count_budget", "calls = [\"%file\"]\nmax = 0\nerrors_only = true\nprocess_name_pattern = \"^x$\"");
    assert_eq!(verdict(&stage.guest(&errors, "four_mkdirs").1), "within", "no process is called x");
}

#[test]
fn files_that_are_read_and_written_are_those_that_are_listed() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let reads = rule("reads_only", "paths = [\"in/**\"]");
    let writes = rule("writes_only", "paths = [\"out/**\"]");
    let sh = |script: &'static str| ["sh", "-c", script];
    for (rules, argv, expected, says) in [
        (&reads, &["cat", "in/a"][..], "within", ""),
        (&reads, &["cat", "in/a", "/etc/hostname"], "over", "/etc/hostname"),
        (&reads, &["ls", "out"], "over", "/out"),
        (&reads, &sh("cat in/a"), "over", "/cat"),
        (&reads, &sh("echo x > out/y; read -r x < out/y"), "within", ""),
        (&writes, &sh("echo x > out/y; mv out/y out/z"), "within", ""),
        (&writes, &sh("echo x > ../y; rm ../y"), "over", "/y"),
        (&writes, &sh("mv in/a out/b; mv out/b in/a"), "over", "/in/a"),
        (&writes, &["chmod", "600", "in/a"], "over", "/in/a"),
        (&writes, &["ln", "-s", "x", "in/link"], "over", "/in/link"),
        (&writes, &["touch", "in/a"], "over", "/in/a"),
        (&writes, &["mkdir", "in/dir"], "over", "/in/dir"),
        (&writes, &["rmdir", "in/dir"], "over", "/in/dir"),
        (&writes, &["rmdir", "in/dir"], "within", ""),
        (&writes, &sh("echo x > /dev/null; cat in/a"), "within", ""),
    ] {
        // What a run changes, the next finds changed: one run decides.
        let recording = stage.dir().join("run.ctrace");
        let mut record = chic_trace();
        record.current_dir(stage.dir()).args(["record", "--golden", "-o"]).arg(&recording).arg("--").args(argv);
        output(&mut record);
        let (_, document) = stage.judged(rules, &["--recording", "run.ctrace"], &[]);
        assert_eq!(verdict(&document), expected, "{argv:?}: {document:#}");
        let paths = document["results"][0]["calls"].to_string();
        assert!(paths.contains(says), "{argv:?}: {paths}");
    }
    let all = reads.replace("paths", "runtime = false\npaths");
    assert_eq!(verdict(&stage.judged(&all, &[], &["cat", "in/a"]).1), "over", "libraries are files");
}

#[test]
fn the_guest_that_replaces_a_file_is_durable_and_three_of_its_mutants_are_not() {
    if !can_trace() {
        return;
    }
    if let Err(why) = mutation::server::start() {
        println!("skipped: {why}");
        return;
    }
    let stage = Stage::new();
    let rules = rule("durable_replace", "path = \"final\"");
    for (mutant, expected) in [
        ("base", "within"),
        ("fdatasync", "within"),
        ("no_tmp", "over"),
        ("no_fsync", "over"),
        ("fsync_after_rename", "over"),
        ("no_dirsync", "over"),
    ] {
        let program = mutation::install(mutation::Guest::Mut, mutant, stage.dir());
        let recording = mutation::record::run(mutation::Guest::Mut, &program, stage.dir(), 0);
        let (_, document) = stage.judged(&rules, &["--recording", recording.to_str().expect("text")], &[]);
        assert_eq!(verdict(&document), expected, "{mutant}: {document:#}");
    }
}

#[test]
fn what_a_recording_left_out_is_not_measured_unless_it_was_broken() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let program = stage.program("six_lines");
    let mut record = chic_trace();
    record.current_dir(stage.dir()).args(["-f", "-e", "trace=write", "-o", "/dev/null", "--keep", "part", "--"]);
    assert!(output(record.arg(&program)).status.success());
    let judged = |rules: &str| verdict(&stage.judged(rules, &["--recording", "part"], &[]).1).to_owned();
    assert_eq!(judged(&rule("span_count", "max_spans = 6\nspan_name_pattern = \"^write$\"")), "within");
    assert_eq!(judged(&rule("span_count", "max_spans = 6")), "not-measured");
    assert_eq!(judged(&rule("span_count", "max_spans = 5")), "over");
    assert_eq!(judged(&rule("count_budget", "calls = [\"write\"]\nmax = 6")), "within");
    assert_eq!(judged(&rule("must_not_call", "calls = [\"ptrace\"]")), "not-measured");
    assert_eq!(judged(&rule("must_call", "calls = [\"write\"]")), "within");
    assert_eq!(judged(&rule("reads_only", "paths = [\"/**\"]")), "not-measured");
    assert_eq!(judged(&rule("custom", "expression = 'calls(\"write\") == 6'")), "within");
    assert_eq!(judged(&rule("custom", "expression = 'calls == 6'")), "not-measured");
    assert_eq!(judged(&rule("custom", "expression = 'wall_ms < 10000'")), "not-measured");
}

#[test]
fn conditions_take_each_value_from_the_run_that_is_good_for_it() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let condition = |text: &str| rule("custom", &format!("expression = '{text}'"));
    for (text, name, expected) in [
        ("wall_ms >= 1000 && cpu_ms < wall_ms", "sleeps", "within"),
        ("user_ms > 0 && cpu_ms <= wall_ms + 100 && wall_ms >= 400", "burns", "within"),
        ("max_rss_bytes >= 67108864 && alloc_bytes >= 67108864", "touches_64m", "within"),
        ("processes == 5 && tasks == 5 && bytes(\"write\") == 2000 && bytes_written == 2000", "four_workers", "within"),
        ("exit_code == 0 && signals == 0 && errors(\"write\") == 1", "closed_out", "within"),
        ("p50_us(\"write\") <= p99_us(\"write\") && p99_us(\"write\") <= max_us(\"write\")", "tiny_writes", "within"),
        ("time_ms(\"write\") > 0 && calls(\"write\") == 20000", "tiny_writes", "within"),
        ("errors == 0 || calls < 3", "four_mkdirs", "over"),
    ] {
        let (_, document) = stage.guest(&condition(text), name);
        assert_eq!(verdict(&document), expected, "{text}: {document:#}");
    }
    let (_, document) = stage.guest(&condition("max_us(\"write\") > 0"), "five_lines");
    let source = document["results"][0]["source"].as_str().expect("a source");
    assert!(source.contains("times at stops"), "{source}");
}

#[test]
fn the_chain_of_tasks_that_determined_the_time_is_shown() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let (code, document) = stage.guest(&rule("critical_path", "max_duration_ms = 200"), "waits_for_sleep");
    assert_eq!(code, 1, "{document:#}");
    let source = document["results"][0]["source"].as_str().expect("a source");
    let chain = source.split("chain while traced: ").nth(1).expect("a chain");
    let links: Vec<&str> = chain.split(" > ").filter_map(|link| link.split(' ').next()).collect();
    assert_eq!(links, ["waits_for_sleep", "sleep", "waits_for_sleep"], "{source}");
}

#[test]
fn the_second_dialect_is_judged() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let rules = r#"
[performance.budgets]
six_lines = { max_syscalls = 3, max_time_ms = 10000.0 }
other = { max_syscalls = 1 }

[[assertions]]
name = "share"
check = "syscall_percentage"
syscall = "write"
max_percentage = 100.0

[[assertions]]
name = "none"
check = "syscall_count"
syscall = "socket"
max_count = 0

[[assertions]]
name = "long"
check = "min_time"
min_time_ms = 60000.0
applies_to = ["six_*"]

[[anti_patterns.rules]]
name = "writes"
check = "syscall_count"
syscall = "write"
max_count = 5
severity = "warning"
"#;
    let (code, document) = stage.guest(rules, "six_lines");
    assert_eq!(code, 1);
    assert_eq!(rules_of(&document, "over"), ["budget six_lines", "long", "writes"], "{document:#}");
    assert_eq!(rules_of(&document, "within"), ["share", "none"]);
    assert_eq!(rules_of(&document, "not-run"), ["budget other"]);
    assert_eq!(row(&document, "writes")["fails"], false);
    assert_eq!(row(&document, "share")["unit"], "percent");
}

#[test]
fn every_check_of_the_second_dialect_is_kept_and_violated() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let check = |keys: &str| format!("[[assertions]]\nname = \"r\"\n{keys}\n");
    let pattern = |keys: &str| format!("[[anti_patterns.rules]]\nname = \"r\"\n{keys}\n");
    let row = |keys: &str| format!("[performance.budgets]\n{keys}\n");
    for (rules, name, expected) in [
        (check("check = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 6"), "six_lines", "within"),
        (check("check = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 5"), "six_lines", "over"),
        (check("check = \"syscall_percentage\"\nsyscall = \"socket\"\nmax_percentage = 0.1"), "tiny_writes", "within"),
        (check("check = \"syscall_percentage\"\nsyscall = \"write\"\nmax_percentage = 1.0"), "tiny_writes", "over"),
        (check("check = \"total_time\"\nmax_time_ms = 60000.0"), "sleeps", "within"),
        (check("check = \"total_time\"\nmax_time_ms = 900.0"), "sleeps", "over"),
        (check("check = \"min_time\"\nmin_time_ms = 900.0"), "sleeps", "within"),
        (check("check = \"min_time\"\nmin_time_ms = 60000.0"), "five_lines", "over"),
        (pattern("check = \"ratio\"\nsyscalls = [\"socket\"]\nmin_ratio = 0.01"), "tiny_writes", "within"),
        (
            pattern("check = \"ratio\"\nsyscalls = [\"socket\", \"write\"]\nmin_ratio = 0.01\nseverity = \"error\""),
            "tiny_writes",
            "over",
        ),
        (pattern("check = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 5"), "five_lines", "within"),
        (
            pattern("check = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 5\nseverity = \"error\""),
            "six_lines",
            "over",
        ),
        (row("sleeps = { max_time_ms = 60000.0, max_syscalls = 10000 }"), "sleeps", "within"),
        (row("sleeps = { max_time_ms = 900.0 }"), "sleeps", "over"),
        (row("six_lines = { max_syscalls = 5 }"), "six_lines", "over"),
    ] {
        let (code, document) = stage.guest(&rules, name);
        assert_eq!(verdict(&document), expected, "{rules}{name}: {document:#}");
        assert_eq!(code, i32::from(expected == "over"), "{rules}{name}: {document:#}");
    }
    let warns = pattern("check = \"syscall_count\"\nsyscall = \"write\"\nmax_count = 5\nseverity = \"warning\"");
    let (code, document) = stage.guest(&warns, "six_lines");
    assert_eq!((code, verdict(&document)), (0, "over"), "a warning fails nothing: {document:#}");
}

#[test]
fn a_pattern_takes_the_longest_execution_of_a_tracepoint() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    // In place of the runtime library: its document goes where the variable says.
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime/tests/data/fake-clock/labels.perf.json");
    let script = format!("cp {} \"$CHIC_TRACE_OUTPUT\"", sample.display());
    let document: Value = serde_json::from_slice(&fs::read(&sample).expect("a sample")).expect("JSON");
    let metrics = document["runs"][0]["metrics"].as_array().expect("metrics");
    let (label, longest) = metrics
        .iter()
        .filter_map(|metric| Some((metric["label"].as_str()?, metric["wall"]["max_us"].as_f64()?)))
        .find(|(label, _)| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "_ :".contains(c)))
        .expect("a label");
    let longest = (longest * 1000.0).floor() / 1_000_000.0;
    let quick = |pattern: &str| {
        rule("critical_path", &format!("max_duration_ms = 100000\ntrace_name_pattern = \"^{pattern}$\""))
    };
    let (_, judged) = stage.judged(&quick(label), &[], &["sh", "-c", &script]);
    assert_eq!(verdict(&judged), "within", "{label}: {judged:#}");
    let value = judged["results"][0]["value"].as_f64().expect("a value");
    assert!((value - longest).abs() <= 0.001, "{label}: {value} is not {longest}");
    let (code, judged) = stage.judged(&quick("no such label"), &[], &["sh", "-c", &script]);
    assert_eq!((code, verdict(&judged)), (3, "not-measured"), "{judged:#}");
}

#[test]
fn without_the_children_nothing_is_said_of_them() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    let program = stage.program("four_workers");
    let argv = [program.to_str().expect("text")];
    let few = rule("span_count", "max_spans = 1000\nspan_name_pattern = \"^write$\"");
    assert_eq!(verdict(&stage.judged(&few, &[], &argv).1), "over");
    let (_, document) = stage.judged(&few, &["--no-follow"], &argv);
    assert_eq!(document["results"][0]["reason"], "children and threads were not followed", "{document:#}");
}

#[test]
fn goldens_beside_budgets_are_counted_and_judged_elsewhere() {
    if !can_trace() {
        return;
    }
    let stage = Stage::new();
    fs::create_dir(stage.dir().join("kept")).expect("made");
    fs::write(stage.dir().join("kept/x.golden"), "").expect("written");
    let section = "[goldens]\ndir = \"kept\"\n[ci]\ncompare_with_baseline = true\n";
    let rules = format!("{}{section}", rule("span_count", "max_spans = 100000"));
    let (code, document) = stage.guest(&rules, "five_lines");
    assert_eq!((code, rules_of(&document, "not-run")), (0, vec!["compare_with_baseline"]), "{document:#}");
    let reason = &row(&document, "compare_with_baseline")["reason"];
    assert_eq!(reason, "1 golden in kept: chic-trace golden check judges them");
}
