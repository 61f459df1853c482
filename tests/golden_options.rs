//! Options of goldens, each by what it finds and by what it leaves alone.

mod harness;
mod programs;

use std::fs;
use std::path::Path;

use harness::terminal::Terminal;
use programs::{build, can_trace, chic_trace, output, room, text};

/// Runs `chic-trace golden`; what it said on both streams.
#[track_caller]
fn golden(dir: &Path, words: &[&str], code: i32) -> String {
    let run = output(chic_trace().arg("golden").args(words).current_dir(dir));
    let said = text(&run.stdout) + &text(&run.stderr);
    assert_eq!(run.status.code(), Some(code), "{words:?}: {said}");
    said
}

/// Stores a run of a shell script whose errors go where its output goes, or elsewhere.
fn store(dir: &Path, file: &str, script: &str, together: bool) {
    let out = fs::File::create(dir.join("printed")).expect("a file");
    let errors = if together { out.try_clone().expect("a copy") } else { tempfile::tempfile().expect("a file") };
    let mut record = chic_trace();
    record.args(["record", "--golden", "-o", file, "--", "sh", "-c", script]);
    let status = record.current_dir(dir).stdin(std::process::Stdio::null()).stdout(out).stderr(errors).status();
    assert!(status.is_ok_and(|status| status.success()), "{file}");
}

const ONE_TWO: &str = "echo one; echo two >&2; echo three";
const TWO_ONE: &str = "echo two >&2; echo one; echo three";

#[test]
fn the_order_of_output_against_errors_is_compared_when_asked() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let runs = ["--runs", "3", "--fixture", "-", "--level", "outcome"];
    let recorded = |name: &str, more: &[&str]| {
        golden(dir, &[&["record", name][..], &runs, more, &["--", "sh", "-c", ONE_TWO]].concat(), 0);
    };
    let check = |name: &str, more: &[&str], script: &str, code: i32| {
        golden(dir, &[&["check", name, "--root", "any"][..], more, &["--", "sh", "-c", script]].concat(), code)
    };
    recorded("merged", &["--interleave", "merged"]);
    recorded("apart", &[]);
    let kept = fs::read_to_string(dir.join("goldens/merged.golden.d/std.merged")).ok();
    assert_eq!(kept.as_deref(), Some("one\ntwo\nthree\n"));

    check("merged", &[], ONE_TWO, 0);
    let found = check("merged", &[], TWO_ONE, 1);
    assert!(found.contains("out.order") && found.contains("stdout and stderr: lines 1,2 swapped"), "{found}");
    let found = check("merged", &[], "printf o; printf t >&2; echo ne; echo wo >&2; echo three", 1);
    assert!(found.contains("stdout and stderr: written in another order"), "{found}");
    // What one of both says is told as that, and once.
    let found = check("merged", &[], "echo two >&2; echo 1; echo three", 1);
    assert!(found.contains("stdout: line 1: `one` -> `1`") && !found.contains("out.order"), "{found}");
    check("merged", &["--interleave", "per-stream"], TWO_ONE, 0);
    check("apart", &[], TWO_ONE, 0);
    let refused = check("apart", &["--interleave", "merged"], ONE_TWO, 2);
    assert!(refused.contains("recorded with less"), "{refused}");
    let refused = check("merged", &["--stderr", "ignore"], ONE_TWO, 2);
    assert!(refused.contains("what stands on standard error is not compared"), "{refused}");
}

#[test]
fn output_and_errors_of_a_recording_have_an_order_when_they_are_one_object() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    store(dir, "a.ctrace", ONE_TWO, true);
    store(dir, "b.ctrace", TWO_ONE, true);
    store(dir, "apart.ctrace", ONE_TWO, false);
    let diff = |b: &str, more: &[&str], code: i32| {
        golden(dir, &[&["diff", "a.ctrace", b, "--level", "outcome", "--root", "any"][..], more].concat(), code)
    };
    diff("b.ctrace", &[], 0);
    let found = diff("b.ctrace", &["--interleave", "merged"], 1);
    assert!(found.contains("stdout and stderr: lines 1,2 swapped"), "{found}");
    let found = diff("apart.ctrace", &["--interleave", "merged"], 4);
    assert!(found.contains("not measured: standard output and error were not one object"), "{found}");
}

#[test]
fn a_program_may_have_a_terminal_to_read_from() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let asks = "test -t 0 && echo terminal; stty size; cat; read line; echo $?";
    let words = |head: &[&'static str]| [head, &["--", "sh", "-c", asks]].concat();
    golden(dir, &words(&["record", "asks", "--runs", "3", "--fixture", "-", "--stdin", "tty"]), 0);
    let printed = fs::read_to_string(dir.join("goldens/asks.golden.d/std.stdout")).ok();
    assert_eq!(printed.as_deref(), Some("terminal\n24 80\n1\n"));
    let file = fs::read_to_string(dir.join("goldens/asks.golden")).expect("a golden");
    assert!(file.contains("\nstdin tty\n"), "{file}");
    // Our own input is none.
    golden(dir, &words(&["check", "asks"]), 0);
    let refused = golden(dir, &words(&["check", "asks", "--stdin", "null"]), 2);
    assert!(refused.contains("standard input is another"), "{refused}");
}

#[test]
fn goldens_that_nothing_speaks_of_are_told() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    fs::create_dir(dir.join(".git")).expect("made");
    for name in ["used", "left", "left@x86_64"] {
        golden(dir, &["record", name, "--level", "outcome", "--runs", "3", "--fixture", "-", "--", "true"], 0);
    }
    fs::create_dir(dir.join("tests")).expect("made");
    fs::write(dir.join("tests/same.rs"), "assert_golden!(\"used\");\n").expect("written");
    fs::write(dir.join("notes.txt"), "what is left of it\n").expect("written");
    fs::create_dir_all(dir.join("target/doc")).expect("made");
    fs::write(dir.join("target/doc/old.rs"), "assert_golden!(\"left\");\n").expect("written");
    let (report, reject) = ("--unreferenced", "--unreferenced=reject");
    for (flag, code) in [(report, 0), (reject, 1)] {
        let said = golden(dir, &["check", flag], code);
        assert!(said.contains("goldens/left.golden is unreferenced"), "{said}");
        assert!(said.contains("goldens/left@x86_64.golden is unreferenced"), "{said}");
        assert!(!said.contains("used.golden"), "{said}");
    }
    let said = golden(dir, &["check", "left", "--recorded-command", reject], 0);
    assert!(!said.contains("is unreferenced"), "it is checked right now: {said}");
    fs::write(dir.join("check.sh"), "chic-trace golden check left -- true\n").expect("written");
    assert_eq!(golden(dir, &["check", reject], 0), "");
}

#[test]
fn comparing_takes_the_flags_of_a_check() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    store(dir, "a.ctrace", "echo one", false);
    store(dir, "b.ctrace", "echo one; cat /dev/null; :", false);
    store(dir, "c.ctrace", "echo two", false);
    let compare = |words: &[&str], code: i32| {
        let run = output(chic_trace().arg("compare").args(words).current_dir(dir));
        let said = text(&run.stdout) + &text(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{words:?}: {said}");
        said
    };
    let outcome = ["--level", "outcome", "--root", "any"];
    let with = |more: &[&'static str]| [&["a.ctrace", "c.ctrace"][..], &outcome, more].concat();
    let json: serde_json::Value = serde_json::from_str(&compare(&with(&["--format", "json"]), 1)).expect("a document");
    assert_eq!(json["results"][0]["verdict"], "different");
    assert_eq!(json["results"][0]["findings"][0]["code"], "out.bytes");
    assert!(compare(&with(&["--format", "junit"]), 1).contains("<failure type=\"different\""));
    compare(&with(&["--emit", "json:found.json", "--emit", "text:found.txt"]), 1);
    let kept = fs::read_to_string(dir.join("found.json")).expect("a report");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&kept).ok(), Some(json));
    assert!(fs::read_to_string(dir.join("found.txt")).expect("a report").contains("stdout: line 1"));
    assert!(compare(&with(&["--emit", "yaml:x"]), 2).contains("there is no such form"));
    let hermetic = |more: &[&'static str], code| {
        compare(&[&["a.ctrace", "b.ctrace", "--level", "hermetic", "--root", "any"][..], more].concat(), code)
    };
    assert!(hermetic(&["--processes", "ignore"], 1).contains("in.new"));
    golden(dir, &["import", "a.ctrace", "--single", "--name", "one", "--dir", "elsewhere"], 0);
    compare(&["one", "a.ctrace", "--dir", "elsewhere"], 0);
    compare(&["one", "c.ctrace", "--dir", "elsewhere", "--level", "outcome"], 1);
}

/// Runs `golden record` at a terminal, and presses these keys when it offers something.
fn recorded_at_a_terminal(dir: &Path, name: &str, keys: &[u8]) -> Result<String, harness::Failure> {
    let mut record = chic_trace();
    record.args(["golden", "record", name, "--level", "outcome", "--single", "--fixture", "-", "--", "true"]);
    record.current_dir(dir);
    let mut terminal = Terminal::start(record)?;
    if !keys.is_empty() {
        terminal.await_text("y yes, n no: ")?;
        terminal.press(keys)?;
    }
    let (status, shown) = terminal.finish()?;
    harness::ensure!(status.success(), "{status}: {shown}");
    Ok(shown)
}

#[test]
fn recording_offers_to_keep_what_waits_out_of_git() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let ignored = dir.join(".gitignore");
    let record = |name: &str, keys: &[u8]| {
        recorded_at_a_terminal(dir, name, keys).unwrap_or_else(|failure| panic!("{failure:?}"))
    };
    assert!(!record("outside", b"").contains(".gitignore"), "there is no repository");
    fs::create_dir(dir.join(".git")).expect("made");
    fs::write(&ignored, "target").expect("written");
    record("refused", b"n");
    assert_eq!(fs::read_to_string(&ignored).ok().as_deref(), Some("target"));
    record("taken", b"y");
    assert_eq!(fs::read_to_string(&ignored).ok().as_deref(), Some("target\n*.golden.new*\n"));
    assert!(!record("again", b"").contains(".gitignore"), "it is offered once");
}

/// Replaces a text in a golden's file.
fn edit(dir: &Path, name: &str, old: &str, new: &str) {
    let path = dir.join("goldens").join(format!("{name}.golden"));
    let text = fs::read_to_string(&path).expect("a golden");
    assert!(text.contains(old), "{old:?} is not in: {text}");
    fs::write(path, text.replacen(old, new, 1)).expect("written");
}

#[test]
fn single_calls_hold_on_the_versions_that_were_recorded() {
    if !can_trace() {
        return;
    }
    let libc = output(std::process::Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let Some(libc) = text(&libc.stdout).trim().strip_prefix("glibc ").map(String::from) else {
        println!("skipped: no glibc that says its version");
        return;
    };
    let room = room();
    let dir = room.path();
    let record = ["--level", "exact", "--runs", "3", "--fixture", "-", "--vary", "none", "--", "true"];
    golden(dir, &[&["record", "exact"][..], &record].concat(), 0);
    let check = |level: &str, code: i32| golden(dir, &["check", "exact", "--level", level, "--", "true"], code);
    check("exact", 0);
    let file = fs::read_to_string(dir.join("goldens/exact.golden")).expect("a golden");
    let kernel = file.split("seen kernel=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a kernel");
    assert!(file.contains(&format!("libc=glibc-{libc} ")), "{file}");

    edit(dir, "exact", &format!("kernel={kernel} "), "kernel=2.4 ");
    check("calls", 0);
    let said = check("exact", 4);
    let versions = format!("recorded on glibc {libc} on kernel 2.4, this is glibc {libc} on kernel {kernel}");
    assert!(said.contains(&versions), "{said}");
    edit(dir, "exact", &format!("libc=glibc-{libc} "), "libc=glibc-2.1 ");
    check("protocol", 0);
    for level in ["calls", "exact"] {
        let said = check(level, 4);
        assert!(said.contains("not measured: level") && said.contains("recorded on glibc 2.1"), "{said}");
        assert!(said.contains(&format!("this is glibc {libc}")), "{said}");
    }
}

#[test]
fn a_variable_that_was_asked_for_is_an_input() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let record = ["--level", "hermetic", "--runs", "3", "--fixture", "-", "--env", "MODE=fast", "--env", "SEED"];
    let run = |words: &[&str], seed: bool, code: i32| {
        let mut command = chic_trace();
        command.arg("golden").args(words).args(["--", "true"]).current_dir(dir).env_remove("SEED");
        if seed {
            command.env("SEED", "7");
        }
        let run = output(&mut command);
        let said = text(&run.stdout) + &text(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{words:?}: {said}");
        said
    };
    run(&[&["record", "seeded"][..], &record].concat(), true, 0);
    let file = fs::read_to_string(dir.join("goldens/seeded.golden")).expect("a golden");
    assert!(file.contains("\ninput env MODE\ninput env SEED\n"), "{file}");
    run(&["check", "seeded"], true, 0);
    run(&["check", "seeded", "--env", "MORE=1"], true, 0);
    let said = run(&["check", "seeded"], false, 1);
    assert!(said.contains("in.gone") && said.contains("no longer has SEED in its environment"), "{said}");
    run(&["check", "seeded", "--level", "outcome"], false, 0);

    // What is passed on from nowhere is no input.
    run(&[&["record", "unset"][..], &record].concat(), false, 0);
    let file = fs::read_to_string(dir.join("goldens/unset.golden")).expect("a golden");
    assert!(file.contains("input env MODE") && !file.contains("input env SEED"), "{file}");
    run(&["check", "unset"], true, 0);
}

#[test]
fn a_module_that_is_run_is_the_program_and_those_it_imports_are_read() {
    const PYTHON: &str = "/usr/bin/python3";
    if !can_trace() {
        return;
    }
    if !Path::new(PYTHON).exists() {
        println!("skipped: no {PYTHON}");
        return;
    }
    let room = room();
    let dir = room.path();
    let counts = "print(len(open('in').read().split()))";
    let file = |name: &str, text: &str| {
        let path = dir.join("fixture").join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    };
    file("in", "one two three\n");
    for name in ["alone.py", "pkg/__main__.py", "pkg/sub/__main__.py"] {
        file(name, counts);
    }
    for name in ["pkg/__init__.py", "pkg/sub/__init__.py"] {
        file(name, "");
    }
    file("uses/__init__.py", "");
    file("uses/helper.py", counts);
    file("uses/__main__.py", "from uses import helper");
    let record = |name: &str, module: &str| {
        let asked = ["--level", "hermetic", "--inputs", "no-runtime", "--runs", "3", "--fixture", "fixture"];
        golden(dir, &[&["record", name][..], &asked, &["--", PYTHON, "-B", "-m", module]].concat(), 0);
        let golden = fs::read_to_string(dir.join("goldens").join(format!("{name}.golden"))).expect("a golden");
        golden.lines().filter(|line| line.starts_with("input")).map(String::from).collect::<Vec<_>>()
    };
    for (name, module) in [("alone", "alone"), ("package", "pkg"), ("nested", "pkg.sub")] {
        assert_eq!(record(name, module), ["input read $CWD/in"], "{module}");
        golden(dir, &["check", name, "--root", "any", "--", PYTHON, "-c", counts], 0);
    }
    assert_eq!(record("uses", "uses"), ["input read $CWD/in", "input read $CWD/uses/helper.py"]);
    let found = golden(dir, &["check", "uses", "--root", "any", "--", PYTHON, "-c", counts], 1);
    assert!(found.contains("no longer reads uses/helper.py"), "{found}");
}

/// Lines of the golden's threads that hold this text, with their places.
fn calls_with<'g>(golden: &'g str, text: &str) -> Vec<(usize, &'g str)> {
    golden.lines().enumerate().filter(|(_, line)| line.starts_with("  ") && line.contains(text)).collect()
}

#[test]
fn exact_has_attempts_in_their_place() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let program = dir.join("again");
    let install = |changed| {
        let built = build("again", changed, &dir.join("built"));
        fs::rename(built, &program).expect("installed");
    };
    fs::create_dir(dir.join("built")).expect("made");
    install(None);
    let command = ["--", "./again"];
    golden(dir, &[&["record", "again", "--level", "exact", "--runs", "3"][..], &command].concat(), 0);
    let file = fs::read_to_string(dir.join("goldens/again.golden")).expect("a golden");
    let attempts = calls_with(&file, " attempt=EAGAIN = again");
    let written = calls_with(&file, "fd=3 0..3 ");
    let (Some((attempt, _)), Some((write, line))) = (attempts.first(), written.last()) else {
        panic!("{attempts:?} {written:?} in {file}");
    };
    assert!(attempts.len() == 1 && attempt < write, "{attempts:?} {line}");
    let check =
        |level: &str, code: i32| golden(dir, &[&["check", "again", "--level", level][..], &command].concat(), code);
    check("exact", 0);
    check("calls", 0);
    install(Some("patient"));
    let found = check("exact", 1);
    assert!(found.contains("call.gone"), "{found}");
    check("calls", 0);
}

#[test]
fn exact_has_names_as_they_were() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    let command = ["--", "mktemp", "made.XXXXXXXX"];
    golden(dir, &[&["record", "names", "--level", "exact", "--runs", "3", "--fixture", "-"][..], &command].concat(), 0);
    let file = fs::read_to_string(dir.join("goldens/names.golden")).expect("a golden");
    let opened = calls_with(&file, "{TMP1} name=made.");
    assert!(!opened.is_empty(), "{file}");
    for level in ["exact", "calls", "protocol"] {
        golden(dir, &[&["check", "names", "--level", level][..], &command].concat(), 0);
    }
}

/// Two goldens are told by their lines, and in the forms of a check by what a run of the second would show.
#[test]
fn two_goldens_differ_in_every_form() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    for word in ["one", "two"] {
        let script = format!("echo {word} > x; echo done");
        golden(dir, &["record", word, "--runs", "3", "--fixture", "-", "--", "sh", "-c", &script], 0);
    }
    let compare = |words: &[&str], code: i32| golden(dir, &[&["diff"][..], words].concat(), code);
    assert_eq!(compare(&["one", "one"], 0), "one and one: same (protocol)\n");
    let lines = compare(&["one", "two"], 1);
    assert!(lines.starts_with("one and two: different (protocol)\n- argv sh -c echo%20one"), "{lines}");
    let json: serde_json::Value =
        serde_json::from_str(&compare(&["one", "two", "--format", "json"], 1)).expect("a document");
    let result = &json["results"][0];
    assert_eq!(result["verdict"], "different");
    let codes: Vec<&str> =
        result["findings"].as_array().into_iter().flatten().filter_map(|it| it["code"].as_str()).collect();
    assert!(codes.contains(&"proc.args") && codes.contains(&"file.bytes"), "{codes:?}");
    compare(&["one", "two", "--emit", "junit:told.xml"], 1);
    let told = fs::read_to_string(dir.join("told.xml")).expect("written");
    assert!(told.contains("failures=\"1\"") && told.contains("instead of `echo one &gt; x; echo done`"), "{told}");
}

/// Twenty files for each CPU, with names and contents by their number.
const BY_CPUS: &str = "n=$(nproc); for i in $(seq $((n * 20))); do echo $i of $n > part.$n.$i; done; cat part.$n.1";

#[test]
fn what_follows_the_cpus_is_recorded_on_one() {
    let several = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > 1);
    if !can_trace() || !several {
        println!("skipped: one CPU here, or no tracing");
        return;
    }
    let room = room();
    let dir = room.path();
    let script = |text: &str| ["--", "sh", "-c", text].map(str::to_owned);
    let run = |words: &[&str], text: &str, code: i32| {
        let command = script(text);
        let words = words.iter().copied().chain(command.iter().map(String::as_str));
        golden(dir, &words.collect::<Vec<_>>(), code)
    };
    let said = run(&["record", "parts", "--fixture", "-"], BY_CPUS, 0);
    assert!(said.contains("(100 %)"), "{said}");
    assert!(said.contains("not varied: CPUs, what the program does follows their number"), "{said}");
    let text = fs::read_to_string(dir.join("goldens/parts.golden")).expect("a golden");
    assert!(text.contains("\noptions cpus=1\n") && text.contains(" cpus=1 "), "{text}");
    assert!(text.contains("$CWD/part.1.20") && !text.contains("$CWD/part.1.21"), "{text}");

    run(&["check", "parts"], BY_CPUS, 0);
    let found = run(&["check", "parts", "--root", "any"], &BY_CPUS.replace("* 20", "* 20 + 1"), 1);
    assert!(found.contains("part.1.21"), "{found}");

    store(dir, "free.ctrace", BY_CPUS, false);
    let found = golden(dir, &["check", "parts", "--recording", "free.ctrace"], 4);
    assert!(found.contains("not measured: the golden holds on one CPU"), "{found}");

    // One run that went another way is no matter of CPUs.
    fs::write(dir.join("count"), "").expect("a file");
    let odd = format!("echo x >> {0}/count; test $(wc -l < {0}/count) != 2", dir.display());
    let refused = run(&["record", "odd", "--fixture", "-"], &odd, 1);
    assert!(refused.contains("run 2") && refused.contains("--drop-outliers"), "{refused}");

    // Little of this follows them: the golden holds on any number.
    run(&["record", "prints", "--fixture", "-"], "nproc > n; cat /etc/hostname", 0);
    let text = fs::read_to_string(dir.join("goldens/prints.golden")).expect("a golden");
    assert!(!text.contains("cpus=1"), "{text}");
}

#[test]
fn what_is_done_over_and_over_stands_in_a_golden_once() {
    if !can_trace() {
        return;
    }
    let room = room();
    let dir = room.path();
    fs::write(dir.join("conf"), "v=1\n").expect("a file");
    let poll = |times: usize| {
        let rounds: Vec<String> = (1..=times).map(|round| round.to_string()).collect();
        format!("for i in {}; do read x < conf; echo $x; done", rounds.join(" "))
    };
    golden(dir, &["record", "poll", "--", "sh", "-c", &poll(40)], 0);
    let text = fs::read_to_string(dir.join("goldens/poll.golden")).expect("a golden");
    assert!(text.contains("file P $CWD/conf\n  x40:4 open r\n  dup\n  close\n  read 0..4 b3:"), "{text}");
    golden(dir, &["check", "poll", "--", "sh", "-c", &poll(40)], 0);
    let found = golden(dir, &["check", "poll", "--root", "any", "--", "sh", "-c", &poll(42)], 1);
    assert!(found.contains("$CWD/conf") || found.contains("conf"), "{found}");
    assert!(found.contains("out.bytes") || found.contains("out.more"), "{found}");
}
