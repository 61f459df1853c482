//! `profile --trace-fn`, `--trace-usdt`, `--list-fns`: functions of programs that nobody changed.

mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use programs::{build, can_trace, chic_trace, output, room, text};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

fn run(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(["--no-config", "profile", "--profile-out", "p/"]).args(words))
}

/// The document of a run, which fits its schema.
#[track_caller]
fn document(dir: &Path) -> Value {
    let value: Value = serde_json::from_slice(&fs::read(dir.join("p/perf.json")).expect("written")).expect("JSON");
    let schema = serde_json::from_str(report::schema("perf").expect("a schema")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    value
}

fn metric<'d>(document: &'d Value, label: &str) -> &'d Value {
    let metrics = document["runs"][0]["metrics"].as_array().expect("metrics");
    metrics.iter().find(|metric| metric["label"] == label).unwrap_or_else(|| panic!("no {label}: {metrics:?}"))
}

/// A program of `tests/probed`, if there is a compiler.
fn compiled(into: &Path, source: &str, flags: &[&str]) -> Option<PathBuf> {
    let compiler = if source.ends_with(".cpp") { "g++" } else { "gcc" };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probed").join(source);
    let program = into.join(source.split('.').next().unwrap_or_default());
    match Command::new(compiler).args(flags).arg(path).arg("-o").arg(&program).output() {
        Ok(built) if built.status.success() => Some(program),
        Ok(built) => {
            println!("skipped: {compiler} {flags:?}: {}", text(&built.stderr));
            None
        }
        Err(error) => {
            println!("skipped: {compiler}: {error}");
            None
        }
    }
}

fn is_here() -> bool {
    if !cfg!(target_arch = "x86_64") {
        println!("skipped: functions are traced on x86-64 only");
        return false;
    }
    can_trace()
}

#[test]
fn calls_of_four_threads_are_counted_exactly() {
    if !is_here() {
        return;
    }
    let dir = room();
    let program = build("probed", None, dir.path());
    let program = program.to_str().expect("UTF-8");
    let bare = output(&mut Command::new(program));
    let ran = run(dir.path(), &["--trace-fn", "^probed_", "--", program]);
    assert_eq!((ran.status.code(), &ran.stdout), (Some(7), &bare.stdout), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("3 functions traced by breakpoints of ptrace"), "{}", text(&ran.stderr));
    let document = document(dir.path());
    for (label, calls, threads) in [("probed_work", 10_000, 4), ("probed_tail", 10, 1), ("probed_even", 5, 1)] {
        let metric = metric(&document, label);
        assert_eq!(metric["calls"], calls, "{metric}");
        assert_eq!(metric["threads"], threads, "{metric}");
        assert_eq!(metric["source"], "function");
        assert_eq!(metric["trace_id"], report::perf::trace_id(label.as_bytes(), label.as_bytes()), "{metric}");
        assert!(metric.get("unclosed").is_none() && metric.get("abandoned").is_none(), "{metric}");
    }
    assert_eq!(document["summary"]["not_measured"].get("functions"), None);
}

#[test]
fn exceptions_pass_through_traced_functions() {
    if !is_here() {
        return;
    }
    for flags in [&["-O2", "-pie", "-fPIE"][..], &["-O2", "-no-pie"], &["-O0"], &["-O2", "-static"]] {
        let dir = room();
        let Some(program) = compiled(dir.path(), "thrown.cpp", flags) else { continue };
        let program = program.to_str().expect("UTF-8");
        let bare = output(&mut Command::new(program));
        let ran = run(dir.path(), &["--trace-fn", r"^(thrower|middle|deep|choose)\(int\)$", "--", program]);
        assert_eq!(ran.status.code(), Some(5), "{flags:?}: {}", text(&ran.stderr));
        assert_eq!(text(&ran.stdout), text(&bare.stdout), "{flags:?}");
        let document = document(dir.path());
        for (label, calls, abandoned) in
            [("thrower(int)", 13, 3), ("middle(int)", 9, 3), ("deep(int)", 5, 2), ("choose(int)", 7, 0)]
        {
            let metric = metric(&document, label);
            assert_eq!(metric["calls"], calls, "{flags:?}: {metric}");
            assert_eq!(metric.get("abandoned").and_then(Value::as_u64).unwrap_or(0), abandoned, "{flags:?}: {metric}");
            assert_eq!(metric.get("unclosed"), None, "{flags:?}: {metric}");
        }
    }
}

#[test]
fn signals_find_a_task_where_it_would_be() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "signals.c", &["-O1"]) else { return };
    let program = program.to_str().expect("UTF-8");
    let bare = output(&mut Command::new(program));
    let ran = run(dir.path(), &["--trace-fn", "^(turn|load)$", "--", program]);
    assert_eq!(ran.status, bare.status, "{}", text(&ran.stderr));
    assert_eq!(text(&ran.stdout), text(&bare.stdout));
    assert!(text(&ran.stdout).starts_with("fault in its place 1, address 0x8\nown trap\n5\n"), "{}", text(&ran.stdout));
    let said = text(&ran.stderr);
    let turns: u64 = said.lines().find_map(|line| line.strip_prefix("turns ")?.parse().ok()).expect("turns");
    let document = document(dir.path());
    assert_eq!(metric(&document, "turn")["calls"], turns);
    assert_eq!(metric(&document, "turn").get("abandoned"), None);
    let load = metric(&document, "load");
    assert_eq!((&load["calls"], &load["abandoned"]), (&2.into(), &1.into()), "{load}");
}

#[test]
fn what_cannot_be_traced_is_said_before_anything_runs() {
    if !is_here() {
        return;
    }
    let dir = room();
    let program = build("probed", None, dir.path());
    let program = program.to_str().expect("UTF-8");
    let ran = run(dir.path(), &["--trace-fn", "no_such_function", "--", program]);
    assert_eq!((ran.status.code(), ran.stdout.len()), (Some(2), 0));
    assert!(text(&ran.stderr).contains("no symbol matches"), "{}", text(&ran.stderr));
    assert!(!dir.path().join("p").exists());
    let listed = run(dir.path(), &["--list-fns", "--trace-fn", "^probed_", "--", program]);
    assert_eq!(text(&listed.stdout), listing(&["probed_work", "probed_tail", "probed_even"], &text(&listed.stdout)));
    let Some(program) = compiled(dir.path(), "thrown.cpp", &["-O2", "-g"]) else { return };
    let program = program.to_str().expect("UTF-8");
    let ran = run(dir.path(), &["--trace-fn", "^small", "--", program]);
    assert_eq!((ran.status.code(), ran.stdout.len()), (Some(2), 0));
    let sentence = "is inlined at 2 places and has no code of its own: cannot be traced; it shows in samples of middle";
    assert!(text(&ran.stderr).contains(sentence), "{}", text(&ran.stderr));
    let Some(program) = compiled(dir.path(), "thrown.cpp", &["-O2", "-s"]) else { return };
    let ran = run(dir.path(), &["--trace-fn", "middle", "--", program.to_str().expect("UTF-8")]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran.stderr).contains("stripped"), "{}", text(&ran.stderr));
}

/// The lines that are expected, in the order in which the linker put the functions.
fn listing(names: &[&str], order: &str) -> String {
    let mut lines: Vec<String> = names.iter().map(|name| format!("{name}: traceable\n")).collect();
    lines.sort_by_key(|line| order.find(line.as_str()));
    lines.concat()
}

#[test]
fn probes_that_a_program_has_itself_are_counted() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "marked.c", &["-O1"]) else { return };
    let ran = run(dir.path(), &["--trace-usdt", "shop:*", "--", program.to_str().expect("UTF-8")]);
    assert_eq!((text(&ran.stdout).as_str(), ran.status.code()), ("1\n", Some(0)), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("1 USDT probe is not counted"), "{}", text(&ran.stderr));
    let document = document(dir.path());
    let metric = metric(&document, "usdt:shop:sell");
    assert_eq!((&metric["calls"], &metric["source"]), (&7.into(), &"usdt".into()), "{metric}");
}

#[test]
fn collections_of_python_are_counted_as_it_counts_them() {
    if !is_here() {
        return;
    }
    let dir = room();
    let script = "import gc, os\nfor i in range(5): gc.collect()\n\
                  n = sum(g['collections'] for g in gc.get_stats())\nprint(n, flush=True)\nos._exit(0)";
    let ran = run(dir.path(), &["--trace-usdt", "python:gc__*", "--", PYTHON, "-c", script]);
    if ran.status.code() == Some(2) {
        println!("skipped: {}", text(&ran.stderr));
        return;
    }
    let document = document(dir.path());
    assert_eq!(metric(&document, "usdt:python:gc")["calls"].to_string(), text(&ran.stdout).trim());
}
