//! C and C++ programs, linked with the static library or started with the shared one.

mod harness;

use harness::{Ran, calls, command, expected, metric, run};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Folder with libchic_trace_rt.a and .so. Cargo builds neither for a test.
fn libraries() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| harness::build(&["-p", "chic-trace-rt", "-p", "chic-trace-rt-shared"]))
}

/// Builds a program of `tests/c`. None, and told by name: there is no such compiler.
fn build(compiler: &str, source: &str, flags: &[&str], folder: &Path) -> Option<PathBuf> {
    if Command::new(compiler).arg("--version").output().is_err() {
        println!("skipped: no {} compiler", if compiler == "c++" { "C++" } else { "C" });
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.join("program");
    let output = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/c").join(source))
        .args(flags)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("the compiler runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(program)
}

/// Builds with the static library and runs.
fn run_static(compiler: &str, source: &str, flags: &[&str], set: impl Fn(&mut Command) -> &mut Command) -> Option<Ran> {
    let folder = tempfile::tempdir().expect("a folder");
    let library = libraries().join("libchic_trace_rt.a");
    let library = library.to_str().expect("a path in UTF-8");
    let flags: Vec<&str> = [library, "-lpthread", "-ldl"].iter().chain(flags).copied().collect();
    let program = build(compiler, source, &flags, folder.path())?;
    let mut command = command(program);
    set(&mut command);
    Some(run(&mut command))
}

#[test]
fn a_foreign_program_calls_the_six_functions() {
    let Some(ran) = run_static("cc", "foreign.c", &[], |command| command.arg("mine.json")) else { return };
    assert_eq!(ran.stdout(), "0\n-4\n-4\n");
    let ran = ran.succeeded();
    let perf = ran.perf();
    assert_eq!(ran.family("mine")["runs"][0]["metrics"][1], perf["runs"][0]["metrics"][1]);
    let hot = metric(&perf, "hot \"path\"; \u{fffd}");
    assert_eq!(hot["label_hex"], "686f7420227061746822".to_owned() + "3b20ff");
    assert_eq!((&hot["calls"], &hot["budget_cpu_us"], &hot["budget_gpu_us"]), (&4.into(), &100.into(), &9.into()));
    assert_eq!(hot["budget_mem_bytes"], 4096);
    assert_eq!(metric(&perf, "trace:0000000000000008")["calls"], 3);
    assert_eq!(metric(&perf, &"x".repeat(4096))["calls"], 1);
    let counts = &perf["summary"]["tracepoints"];
    assert_eq!((&counts["unmatched_exits"], &counts["id_collisions"]), (&1.into(), &1.into()));
    assert_eq!((&counts["budget_conflicts"], &counts["bad_labels"]), (&1.into(), &1.into()));
}

#[test]
fn a_program_that_is_linked_whole_writes_the_same() {
    let Some(ran) = run_static("cc", "foreign.c", &["-static"], |command| command) else { return };
    let ran = ran.succeeded();
    assert_eq!(metric(&ran.perf(), "trace:0000000000000008")["calls"], 3);
    assert_eq!(ran.files().len(), 3);
}

#[test]
fn garbage_of_three_words_is_ignored_when_that_is_said() {
    let Some(ran) = run_static("cc", "three_words.c", &[], |command| command.env("CHIC_TRACE_ABI", "3")) else {
        return;
    };
    let perf = ran.succeeded().perf();
    let seven = metric(&perf, "seven");
    assert_eq!(seven["calls"], 4);
    assert!(seven["budget_cpu_us"].is_null() && seven["budget_mem_bytes"].is_null());
    assert!(perf["summary"]["tracepoints"].get("budget_conflicts").is_none());
    // Without the word the one that no caller can mean is dropped and counted.
    let Some(ran) = run_static("cc", "three_words.c", &[], |command| command) else { return };
    let perf = ran.succeeded().perf();
    assert!(metric(&perf, "seven")["budget_mem_bytes"].is_null());
    assert!(perf["summary"]["tracepoints"]["budget_conflicts"].as_u64() >= Some(1));
}

#[test]
fn scopes_close_themselves() {
    let Some(ran) = run_static("cc", "scopes.c", &["-pthread"], |command| command) else { return };
    let ran = ran.succeeded();
    let perf = ran.perf();
    let wanted = [("early", 2), ("handler", 1), ("jump", 1), ("loop", 3), ("work", 1)];
    assert_eq!(calls(&perf), expected(&wanted));
    assert_eq!(metric(&perf, "handler")["abandoned"], 1);
    assert_eq!(metric(&perf, "work")["budget_io_bytes"], 77);
    assert_eq!(perf["summary"]["tracepoints"]["unclosed"], 0);
    let folded = ran.folded();
    assert!(
        folded.lines().all(|line| ["program;", "worker;work", "[idle] "].iter().any(|it| line.starts_with(it))),
        "{folded}"
    );
}

#[test]
fn an_exception_closes_a_scope() {
    let Some(ran) = run_static("c++", "scopes.cc", &[], |command| command) else { return };
    let ran = ran.succeeded();
    assert_eq!(ran.stdout(), "caught\ncaught\ncaught\n");
    let perf = ran.perf();
    assert_eq!(calls(&perf), expected(&[("throws", 3)]));
    assert_eq!(perf["summary"]["tracepoints"]["abandoned"], 0);
}

#[test]
fn compiler_hooks_are_dead_until_they_are_woken() {
    let flags = ["-finstrument-functions", "-fno-inline"];
    let Some(ran) = run_static("cc", "hooks.c", &flags, |command| command) else { return };
    assert_eq!(ran.succeeded().files().len(), 0);
    let Some(ran) = run_static("cc", "hooks.c", &flags, |command| command.env("CHIC_PROFILE_AUTO_TRACE", "on")) else {
        return;
    };
    let perf = ran.succeeded().perf();
    let metrics = perf["runs"][0]["metrics"].as_array().expect("metrics");
    let counts: Vec<Option<u64>> = metrics.iter().map(|metric| metric["calls"].as_u64()).collect();
    assert_eq!(counts, [Some(1), Some(1), Some(2)], "main, twice, leaf: {perf:#}");
    for metric in metrics {
        assert_eq!(metric["source"], "compiler-hooks");
        assert!(metric["label"].as_str().is_some_and(|label| label.starts_with("program+0x")), "{metric:#}");
    }
}

#[test]
fn the_shared_library_counts_allocations() {
    let folder = tempfile::tempdir().expect("a folder");
    let libraries = libraries();
    let path = libraries.to_str().expect("a path in UTF-8");
    let flags = [&format!("-L{path}"), "-lchic_trace_rt", &format!("-Wl,-rpath,{path}")];
    // The linker prefers the shared library where both lie side by side.
    let Some(program) = build("cc", "allocates.c", &flags, folder.path()) else { return };
    let perf = run(&mut command(program)).succeeded().perf();
    let allocates = metric(&perf, "allocates");
    assert_eq!(allocates["alloc"]["calls"], 3);
    let peak = allocates["mem_bytes"].as_u64().expect("bytes");
    assert!((6_000..6_100).contains(&peak), "{peak}");
    assert_eq!(allocates["over_mem_calls"], 1);
    assert!(perf["summary"]["alloc"]["realloc_calls"].as_u64() >= Some(1));
}

#[test]
fn any_program_runs_with_the_shared_library_in_front() {
    for program in ["true", "ls", "python3"] {
        let mut command = command(program);
        command.env("LD_PRELOAD", libraries().join("libchic_trace_rt.so"));
        if program == "python3" {
            command.args(["-c", "import threading; t = threading.Thread(target=lambda: None); t.start(); t.join()"]);
        }
        if Command::new(program).arg("--version").output().is_err() {
            println!("skipped: no {program}");
            continue;
        }
        let ran = run(&mut command).succeeded();
        assert_eq!(ran.files(), Vec::<String>::new(), "{program}");
    }
}

#[test]
fn the_shared_library_may_be_loaded_late_and_closed_early() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(program) = build("cc", "loads.c", &["-ldl", "-lpthread"], folder.path()) else { return };
    let ran = run(command(program).arg(libraries().join("libchic_trace_rt.so"))).succeeded();
    assert_eq!(calls(&ran.perf()), expected(&[("late", 1)]));
}

#[test]
fn a_program_that_is_killed_leaves_what_it_flushed_or_nothing() {
    let Some(ran) = run_static("cc", "killed.c", &[], |command| command) else { return };
    assert_eq!((ran.output.status.code(), ran.files().len()), (None, 0));
    let Some(ran) = run_static("cc", "killed.c", &[], |command| command.arg("flush")) else { return };
    assert_eq!(ran.output.status.code(), None);
    assert_eq!(calls(&ran.perf()), expected(&[("before", 1)]));
    // After exec there is another program, which has counted nothing.
    let Some(ran) = run_static("cc", "killed.c", &[], |command| command.args(["exec", "/bin/true"])) else { return };
    assert_eq!(ran.succeeded().files().len(), 0);
}
