//! `profile --trace-fn`, `--trace-usdt`, `--list-fns`: functions of programs that nobody changed, by breakpoints and by the
//! kernel's own probes.

mod programs;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use programs::{build, build_with, can_trace, chic_trace, compiled, output, room, text};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

fn run(dir: &Path, words: &[&str]) -> Output {
    output(chic_trace().current_dir(dir).args(["--no-config", "profile", "--profile-out", "p/"]).args(words))
}

/// What sets probes.
const MECHANISMS: [&str; 2] = ["breakpoints", "uprobes"];

/// The same by one of them; `None` where the kernel's probes can't be had, with the reason said.
fn run_by(by: &str, dir: &Path, words: &[&str]) -> Option<Output> {
    let ran = run(dir, &[&["--trace-fn-by", by], words].concat());
    let said = text(&ran.stderr);
    let refused = "cannot trace functions by uprobes: ";
    match said.find(refused) {
        Some(at) if ran.status.code() == Some(2) && by == "uprobes" => {
            println!("skipped: uprobes: {}", said[at + refused.len()..].lines().next().unwrap_or_default());
            None
        }
        _ => Some(ran),
    }
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
    for by in MECHANISMS {
        let Some(ran) = run_by(by, dir.path(), &["--trace-fn", "^probed_", "--", program]) else { continue };
        assert_eq!((ran.status.code(), &ran.stdout), (Some(7), &bare.stdout), "{}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains(&format!("3 functions traced by {by}")), "{}", text(&ran.stderr));
        let document = document(dir.path());
        for (label, calls, threads) in [("probed_work", 10_000, 4), ("probed_tail", 10, 1), ("probed_even", 5, 1)] {
            let metric = metric(&document, label);
            assert_eq!(metric["calls"], calls, "{metric}");
            assert_eq!(metric["threads"], threads, "{metric}");
            assert_eq!(metric["source"], "function");
            assert_eq!(metric["trace_id"], report::perf::trace_id(label.as_bytes(), label.as_bytes()), "{metric}");
            assert!(metric.get("unclosed").is_none() && metric.get("abandoned").is_none(), "{metric}");
        }
        let missing = &document["summary"]["not_measured"];
        assert_eq!(missing.get("functions"), None);
        assert!(missing["overhead_ns_per_call"].as_str().is_some_and(|why| why.contains(by)), "{missing}");
    }
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
        for by in MECHANISMS {
            let words = ["--trace-fn", r"^(thrower|middle|deep|choose)\(int\)$", "--", program];
            let Some(ran) = run_by(by, dir.path(), &words) else { continue };
            assert_eq!(ran.status.code(), Some(5), "{by}, {flags:?}: {}", text(&ran.stderr));
            assert_eq!(text(&ran.stdout), text(&bare.stdout), "{by}, {flags:?}");
            let document = document(dir.path());
            for (label, calls, abandoned) in
                [("thrower(int)", 13, 3), ("middle(int)", 9, 3), ("deep(int)", 5, 2), ("choose(int)", 7, 0)]
            {
                let metric = metric(&document, label);
                assert_eq!(metric["calls"], calls, "{by}, {flags:?}: {metric}");
                assert_eq!(
                    metric.get("abandoned").and_then(Value::as_u64).unwrap_or(0),
                    abandoned,
                    "{by}, {flags:?}: {metric}"
                );
                assert_eq!(metric.get("unclosed"), None, "{by}, {flags:?}: {metric}");
            }
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
    for by in MECHANISMS {
        let Some(ran) = run_by(by, dir.path(), &["--trace-fn", "^(turn|load)$", "--", program]) else { continue };
        assert_eq!(ran.status, bare.status, "{}", text(&ran.stderr));
        assert_eq!(text(&ran.stdout), text(&bare.stdout));
        assert!(
            text(&ran.stdout).starts_with("fault in its place 1, address 0x8\nown trap\n5\n"),
            "{}",
            text(&ran.stdout)
        );
        let said = text(&ran.stderr);
        let turns: u64 = said.lines().find_map(|line| line.strip_prefix("turns ")?.parse().ok()).expect("turns");
        let document = document(dir.path());
        assert_eq!(metric(&document, "turn")["calls"], turns);
        assert_eq!(metric(&document, "turn").get("abandoned"), None);
        let load = metric(&document, "load");
        assert_eq!((&load["calls"], &load["abandoned"]), (&2.into(), &1.into()), "{load}");
    }
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
    for by in MECHANISMS {
        let words = ["--trace-usdt", "shop:*", "--", program.to_str().expect("UTF-8")];
        let Some(ran) = run_by(by, dir.path(), &words) else { continue };
        // The kernel counts each probe in the semaphore that they share.
        let listeners = if by == "uprobes" { "3\n" } else { "1\n" };
        assert_eq!((text(&ran.stdout).as_str(), ran.status.code()), (listeners, Some(0)), "{}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains("1 USDT span, 1 USDT probe traced"), "{}", text(&ran.stderr));
        let document = document(dir.path());
        let metric = metric(&document, "usdt:shop:sell");
        assert_eq!((&metric["calls"], &metric["source"]), (&7.into(), &"usdt".into()), "{metric}");
        let counters = document["summary"]["counters"].as_array().expect("counters");
        let single: Vec<&Value> =
            counters.iter().filter(|counter| counter["name"].as_str().is_some_and(|name| name.contains(':'))).collect();
        assert_eq!(single.len(), 1, "{counters:?}");
        assert_eq!((&single[0]["name"], &single[0]["unit"]), (&"usdt:shop:lonely".into(), &"count".into()));
        assert_eq!(single[0]["value"], 7, "{counters:?}");
        let metrics = document["runs"][0]["metrics"].as_array().expect("metrics");
        assert!(metrics.iter().all(|metric| metric["label"] != "usdt:shop:lonely"), "{metrics:?}");
    }
}

#[test]
fn tracepoints_of_programs_that_chic_built_are_recorded() {
    if !is_here() {
        return;
    }
    for flags in [&["-O1", "-pthread"][..], &["-O0", "-no-pie", "-pthread"], &["-O2", "-static", "-pthread"]] {
        let dir = room();
        let Some(program) = compiled(dir.path(), "chic.c", flags) else { return };
        let ran = run(dir.path(), &["--", program.to_str().expect("UTF-8")]);
        assert_eq!((text(&ran.stdout).as_str(), ran.status.code()), ("1\n", Some(3)), "{}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains("tracepoints of Chic recorded by breakpoints"), "{}", text(&ran.stderr));
        let document = document(dir.path());
        let parse = metric(&document, "Demo::Parse::hot; path=1");
        assert_eq!(parse["trace_id"], 15_779_266_557_447_574_969_u64);
        assert_eq!((&parse["calls"], &parse["max_depth"], &parse["threads"]), (&1005.into(), &4.into(), &3.into()));
        assert_eq!((&parse["budget_cpu_us"], &parse["budget_mem_bytes"]), (&2000.into(), &16384.into()), "{parse}");
        assert_eq!((&parse["budget_gpu_us"], &parse["source"]), (&7.into(), &"chic-hooks".into()), "{parse}");
        let walk = metric(&document, "Demo::walk");
        assert_eq!(
            (&walk["calls"], &walk["budget_cpu_us"], &walk["budget_gpu_us"]),
            (&1000.into(), &40.into(), &Value::Null)
        );
        assert_eq!(metric(&document, "trace:0000000000000006")["calls"], 1);
        let tracepoints = &document["summary"]["tracepoints"];
        assert_eq!(
            (&tracepoints["calls"], &tracepoints["unmatched_exits"]),
            (&2006.into(), &2.into()),
            "{tracepoints}"
        );
        assert!(tracepoints["budget_conflicts"].as_u64() >= Some(1), "{tracepoints}");
        let missing = document["summary"]["not_measured"]["tracepoints"].as_str().expect("a line that is broken");
        assert!(missing.contains("1 lines of .chic.meta"), "{missing}");
    }
}

#[test]
fn programs_of_chic_are_found_when_they_are_executed() {
    if !is_here() {
        return;
    }
    let dir = room();
    let built = [&["-O1", "-pthread"][..], &["-O0", "-no-pie", "-pthread"], &["-O1", "-pthread", "-s"]];
    for (name, flags) in ["first", "second", "third"].into_iter().zip(built) {
        let Some(program) = compiled(dir.path(), "chic.c", flags) else { return };
        fs::rename(program, dir.path().join(name)).expect("renamed");
    }
    let ran = run(dir.path(), &["--", "/bin/sh", "-c", "./first; ./second; /bin/true; ./third; ./first; exit $?"]);
    assert_eq!((text(&ran.stdout).as_str(), ran.status.code()), ("1\n1\n1\n1\n", Some(3)), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("first, recorded by breakpoints"), "{}", text(&ran.stderr));
    let document = document(dir.path());
    let parse = metric(&document, "Demo::Parse::hot; path=1");
    assert_eq!((&parse["calls"], &parse["max_depth"], &parse["threads"]), (&3015.into(), &4.into(), &9.into()));
    assert_eq!((&parse["budget_cpu_us"], &parse["source"]), (&2000.into(), &"chic-hooks".into()), "{parse}");
    assert_eq!(metric(&document, "Demo::walk")["calls"], 3000);
    let missing = &document["summary"]["not_measured"];
    let told = missing["tracepoints"].as_str().expect("a program without symbols");
    assert!(told.contains("third, and its tracepoints are not recorded: its symbols were taken off"), "{told}");
    assert_eq!(told.matches("1 lines of .chic.meta").count(), 2, "{told}");
    let cost = missing["overhead_ns_per_call"].as_str().expect("what they cost");
    assert!(cost.contains("second, recorded by breakpoints"), "{cost}");
    // Where nothing is executed later, nobody is told of it.
    let ran = run(dir.path(), &["--", "/bin/sh", "-c", "/bin/true; exit 5"]);
    assert!(ran.status.code() == Some(5) && !text(&ran.stderr).contains("Chic"), "{}", text(&ran.stderr));
}

#[test]
fn budgets_that_chics_callers_do_not_pass_are_none() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "chic.c", &["-O1", "-pthread"]) else { return };
    let program = program.to_str().expect("UTF-8");
    let mut command = chic_trace();
    command.current_dir(dir.path()).args(["--no-config", "profile", "--profile-out", "p/", "--", program]);
    let ran = output(command.env("CHIC_TRACE_ABI", "3"));
    assert_eq!(ran.status.code(), Some(3), "{}", text(&ran.stderr));
    let recorded = document(dir.path());
    assert_eq!(metric(&recorded, "Demo::walk")["budget_mem_bytes"], Value::Null);
    assert_eq!(metric(&recorded, "Demo::Parse::hot; path=1")["budget_mem_bytes"], 16384);
    // Switched off, nothing is probed.
    let ran = output(command.env("CHIC_TRACE", "off"));
    assert!(ran.status.code() == Some(3) && !text(&ran.stderr).contains("Chic"), "{}", text(&ran.stderr));
    assert_eq!(document(dir.path())["runs"][0]["metrics"], serde_json::json!([]));
    // Nobody knows where it tells its runtime when its symbols are gone.
    let Some(program) = compiled(dir.path(), "chic.c", &["-O1", "-pthread", "-s"]) else { return };
    let ran = run(dir.path(), &["--", program.to_str().expect("UTF-8")]);
    assert_eq!(ran.status.code(), Some(3));
    let missing = document(dir.path())["summary"]["not_measured"]["tracepoints"].to_string();
    assert!(missing.contains("stripped") && text(&ran.stderr).contains("stripped"), "{missing}");
}

#[test]
fn panics_pass_through_traced_functions() {
    if !is_here() {
        return;
    }
    let dir = room();
    let program = build_with("unwinds", None, &["-C", "panic=unwind"], dir.path());
    let program = program.to_str().expect("UTF-8");
    let bare = output(&mut Command::new(program));
    assert!(text(&bare.stdout).ends_with(" 10 30\n"), "{}", text(&bare.stdout));
    for by in MECHANISMS {
        let Some(ran) = run_by(by, dir.path(), &["--trace-fn", "^unwinds_", "--", program]) else { continue };
        assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(9), text(&bare.stdout)), "{}", text(&ran.stderr));
        let document = document(dir.path());
        for label in ["unwinds_inner", "unwinds_outer"] {
            let metric = metric(&document, label);
            assert_eq!((&metric["calls"], &metric["abandoned"]), (&30.into(), &10.into()), "{metric}");
        }
    }
}

#[test]
fn functions_that_are_called_too_often_are_let_go_and_that_is_told() {
    if !is_here() {
        return;
    }
    let dir = room();
    let program = build("probed", None, dir.path());
    let program = program.to_str().expect("UTF-8");
    let bare = output(Command::new(program).arg("60000"));
    let words = ["--trace-fn-by", "breakpoints", "--trace-fn", "^probed_work$", "--", program, "60000"];
    let ran = run(dir.path(), &words);
    assert_eq!((ran.status, &ran.stdout), (bare.status, &bare.stdout), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("each call costs 22 µs or more"), "{}", text(&ran.stderr));
    let document = document(dir.path());
    let calls = metric(&document, "probed_work")["calls"].as_u64().expect("a count");
    // A busy machine may be too slow for so many in a second.
    match document["summary"]["not_measured"]["functions"].as_str() {
        Some(why) => {
            assert!(
                why.starts_with("probed_work: its breakpoints were hit more than 20000 times in a second"),
                "{why}"
            );
            assert!(why.contains(" ms after the start on"), "{why}");
            assert!((10_000..60_000).contains(&calls), "{calls}");
        }
        None => assert_eq!(calls, 60_000),
    }
}

#[test]
fn collections_of_python_are_counted_as_it_counts_them() {
    if !is_here() {
        return;
    }
    let dir = room();
    let script = "import gc, os\nfor i in range(5): gc.collect()\n\
                  n = sum(g['collections'] for g in gc.get_stats())\nprint(n, flush=True)\nos._exit(0)";
    for by in MECHANISMS {
        let words = ["--trace-usdt", "python:gc__*", "--", PYTHON, "-c", script];
        let Some(ran) = run_by(by, dir.path(), &words) else { continue };
        if ran.status.code() == Some(2) {
            println!("skipped: {}", text(&ran.stderr));
            return;
        }
        let document = document(dir.path());
        assert_eq!(metric(&document, "usdt:python:gc")["calls"].to_string(), text(&ran.stdout).trim());
    }
}

#[test]
fn functions_of_libraries_are_traced_when_asked_for() {
    if !is_here() {
        return;
    }
    let dir = room();
    let folder = dir.path().to_str().expect("UTF-8");
    let library = ["-O1", "-shared", "-fPIC", "-DLIBRARY"];
    let Some(built) = compiled(dir.path(), "shared.c", &library) else { return };
    fs::rename(built, dir.path().join("libown.so")).expect("renamed");
    // What is named behind a source is looked for in what stands behind it.
    let flags = ["-O1", "-pthread", "-Wl,--no-as-needed", "-L", folder, "-lown", "-Wl,-rpath", "-Wl,$ORIGIN"];
    let Some(program) = compiled(dir.path(), "shared.c", &flags) else { return };
    let program = program.to_str().expect("UTF-8");
    let bare = output(&mut Command::new(program));
    assert!(bare.status.code() == Some(4) && text(&bare.stdout).ends_with(" 7\n"), "{}", text(&bare.stdout));
    let refused = run(dir.path(), &["--trace-fn", "^own_", "--", program]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    let listed = run(dir.path(), &["--list-fns", "--trace-fn-libs", "--trace-fn", "^own_", "--", program]);
    let mut lines: Vec<String> = text(&listed.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["libown.so: own_half: traceable", "libown.so: own_turn: traceable"]);
    let other = dir.path().join("other");
    fs::copy(program, &other).expect("copied");
    let other = other.to_str().expect("UTF-8");
    let link = dir.path().join("link");
    fs::hard_link(program, &link).expect("linked");
    let link = link.to_str().expect("UTF-8");
    for by in MECHANISMS {
        let words = ["--trace-fn", "^(own_|main$)", "--trace-fn-libs", "--", program];
        let Some(ran) = run_by(by, dir.path(), &words) else { continue };
        assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(4), text(&bare.stdout)), "{}", text(&ran.stderr));
        let document = document(dir.path());
        for (label, calls) in [("own_turn", 1001), ("own_half", 201), ("main", 1)] {
            let metric = metric(&document, label);
            assert_eq!((&metric["calls"], &metric["source"]), (&calls.into(), &"function".into()), "{metric}");
            assert!(metric.get("abandoned").is_none(), "{metric}");
        }
        assert_eq!(document["summary"]["not_measured"].get("functions"), None);
        // Of another program with the same library nothing is counted; what was hit there all the same is told.
        // The program is the same by another name, too.
        for (executed, calls, uncounted) in [(other, 1000, by == "uprobes"), (link, 2001, false)] {
            let ran = run_by(by, dir.path(), &[words.as_slice(), &[executed]].concat()).expect("as before");
            assert_eq!(ran.status.code(), Some(4), "{by}: {}", text(&ran.stderr));
            assert_eq!(text(&ran.stdout).lines().count(), 2, "{by}: {}", text(&ran.stdout));
            let document = self::document(dir.path());
            assert_eq!(metric(&document, "own_turn")["calls"], calls, "{by}");
            let missing = document["summary"]["not_measured"]["functions"].as_str();
            // Enters and exits of 1001 calls of one function and 201 of the other.
            let told = missing
                .is_some_and(|why| why.starts_with("2404 hits in ") && why.contains("libown.so are not counted"));
            assert_eq!((told, missing.is_some()), (uncounted, uncounted), "{by}, {executed}: {missing:?}");
        }
    }
}

/// The kernel's definitions of probes in this file; `None` where nobody may read them, with the reason said. Where tracefs is
/// not mounted, a mount namespace of its own holds it meanwhile.
fn definitions(file: &Path) -> Option<Vec<String>> {
    let place = "/sys/kernel/tracing";
    let script = format!(
        "[ -e {place}/uprobe_events ] || mount -t tracefs tracefs {place} || exit 1; cat {place}/uprobe_events"
    );
    let list = Command::new("unshare").args(["-m", "sh", "-c", &script]).output();
    match list {
        Ok(list) if list.status.success() => {
            let named = format!("{}:", file.display());
            Some(text(&list.stdout).lines().filter(|line| line.contains(&named)).map(str::to_owned).collect())
        }
        Ok(list) => {
            println!("skipped: {}", text(&list.stderr));
            None
        }
        Err(error) => {
            println!("skipped: unshare: {error}");
            None
        }
    }
}

#[test]
fn no_definition_stays_behind_also_that_of_a_tracer_that_was_killed() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "waits.c", &["-O1"]) else { return };
    let program = program.canonicalize().expect("it is here");
    let words = ["--trace-fn", "^turn$", "--", program.to_str().expect("UTF-8")];
    let Some(ran) = run_by("uprobes", dir.path(), &words) else { return };
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), "begun\nover\n"), "{}", text(&ran.stderr));
    assert_eq!(metric(&document(dir.path()), "turn")["calls"], 4);
    let Some(left) = definitions(&program) else { return };
    assert_eq!(left, Vec::<String>::new());
    // `begun` is said when the probes are set; the program goes on when it can read.
    let mut command = chic_trace();
    command.current_dir(dir.path()).args(["--no-config", "profile", "--profile-out", "p/", "--trace-fn-by", "uprobes"]);
    let mut running = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = [0; 6];
    running.stdout.as_mut().expect("a pipe").read_exact(&mut said).expect("it says so");
    let set = definitions(&program).unwrap_or_default();
    let group = set.first().and_then(|line| line.strip_prefix("p:")?.split('/').next()).expect("a group");
    let tracer = group.split('_').nth(3).expect("a process");
    assert!(Command::new("kill").args(["-KILL", tracer]).status().expect("kill").success());
    drop(running.stdin.take());
    let _ = running.wait();
    let left = definitions(&program).unwrap_or_default();
    assert!(left.iter().all(|line| line.contains(group)) && !left.is_empty(), "{left:?}");
    let ran = run_by("uprobes", dir.path(), &words).expect("as before");
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), "begun\nover\n"), "{}", text(&ran.stderr));
    assert_eq!(definitions(&program), Some(Vec::new()));
}

#[test]
fn uprobes_follow_nobody_where_that_is_asked_for() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "thrown.cpp", &["-O2"]) else { return };
    let program = program.to_str().expect("UTF-8");
    let bare = output(&mut Command::new(program));
    let words = ["--no-follow", "--trace-fn", r"^thrower\(int\)$", "--", program];
    let refused = run(dir.path(), &[&["--trace-fn-by", "breakpoints"], words.as_slice()].concat());
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{}", text(&refused.stderr));
    let Some(ran) = run_by("uprobes", dir.path(), &words) else { return };
    assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(5), text(&bare.stdout)), "{}", text(&ran.stderr));
    // 13 with that of the child.
    assert_eq!(metric(&document(dir.path()), "thrower(int)")["calls"], 12);
}

#[test]
fn a_program_that_uprobes_do_not_fit_is_traced_by_breakpoints() {
    if !is_here() {
        return;
    }
    let dir = room();
    let Some(program) = compiled(dir.path(), "tails.c", &["-O2", "-fcf-protection=none"]) else { return };
    let program = program.to_str().expect("UTF-8");
    let words = ["--trace-fn", "^(by_memory|padded)$", "--", program];
    let ran = run(dir.path(), &words);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(3), "14\n"), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("2 functions traced by breakpoints of ptrace"), "{}", text(&ran.stderr));
    for label in ["by_memory", "padded"] {
        assert_eq!(metric(&document(dir.path()), label)["calls"], 2, "{label}");
    }
    for (name, why) in [("by_memory", "through memory"), ("padded", "no-operation of five bytes")] {
        let refused = run(dir.path(), &["--trace-fn-by", "uprobes", "--trace-fn", &format!("^{name}$"), "--", program]);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{}", text(&refused.stderr));
        let said = text(&refused.stderr);
        assert!(said.contains("cannot trace functions by uprobes: "), "{said}");
        assert!(said.contains(why) || !said.contains(name), "{said}");
    }
    let ran = run(dir.path(), &["--trace-fn-by", "uprobes", "--", program]);
    assert!(ran.status.code() == Some(2) && text(&ran.stderr).contains("names no function"), "{}", text(&ran.stderr));
}

#[test]
fn without_the_privilege_breakpoints_do() {
    if !is_here() {
        return;
    }
    let dir = room();
    let program = build("probed", None, dir.path());
    let program = program.to_str().expect("UTF-8");
    let run = |by: &str| {
        let mut command = Command::new("setpriv");
        command
            .args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--"])
            .arg(env!("CARGO_BIN_EXE_chic-trace"));
        let words =
            ["--no-config", "profile", "--profile-out", "p/", "--trace-fn-by", by, "--trace-fn", "^probed_tail$"];
        command.current_dir(dir.path()).args(words).args(["--", program]).output()
    };
    let ran = match run("auto") {
        Ok(ran) if !text(&ran.stderr).starts_with("setpriv") => ran,
        other => return println!("skipped: setpriv: {other:?}"),
    };
    assert_eq!(ran.status.code(), Some(7), "{}", text(&ran.stderr));
    let said = text(&ran.stderr);
    if Path::new("/sys/kernel/tracing/uprobe_events").exists() && said.contains("1 function traced by uprobes") {
        return println!("skipped: tracefs is mounted here, and its owner needs no privilege");
    }
    assert!(said.contains("1 function traced by breakpoints of ptrace") && said.contains("; no uprobes: "), "{said}");
    let refused = run("uprobes").expect("as before");
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("uprobes need root, or CAP_SYS_ADMIN"), "{}", text(&refused.stderr));
}
