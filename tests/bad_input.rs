//! What is brought to `golden` and can't be taken: one message each, which names what was tried, on what, why and
//! what to do; the exit code of its class; and nothing that was stored before is changed.

mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use programs::{can_trace, chic_trace, output, room, text};

/// A directory with goldens.
struct Bench {
    room: tempfile::TempDir,
}

/// What the program of these goldens does.
const SCRIPT: &str = "cat in > out; echo done";

impl Bench {
    fn new() -> Option<Bench> {
        if !can_trace() {
            return None;
        }
        let room = room();
        for dir in ["goldens", "fixture"] {
            fs::create_dir(room.path().join(dir)).expect("made");
        }
        fs::write(room.path().join("fixture/in"), "input\n").expect("written");
        Some(Bench { room })
    }

    /// With the golden `sh`.
    fn recorded(level: &str) -> Option<Bench> {
        let bench = Bench::new()?;
        bench.says(&["record", "sh", "--runs", "3", "--level", level, "--fixture", "fixture"], 0, &["recorded"]);
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    fn golden(&self) -> String {
        fs::read_to_string(self.path("goldens/sh.golden")).expect("a golden")
    }

    fn command(&self, words: &[&str], script: &str) -> Command {
        let mut command = chic_trace();
        command.arg("golden").args(words).current_dir(self.room.path());
        if !script.is_empty() {
            command.args(["--", "sh", "-c", script]);
        }
        command
    }

    /// Runs it on the script; the code, and parts of what it says.
    #[track_caller]
    fn says(&self, words: &[&str], code: i32, parts: &[&str]) -> String {
        says(&output(&mut self.command(words, SCRIPT)), code, parts)
    }

    /// The same, with another script or none.
    #[track_caller]
    fn says_of(&self, words: &[&str], script: &str, code: i32, parts: &[&str]) -> String {
        says(&output(&mut self.command(words, script)), code, parts)
    }

    /// Every file below the goldens with its bytes.
    fn stored(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        walk(&self.path("goldens"), &mut files);
        files
    }
}

fn walk(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => walk(&path, files),
            path => drop(files.insert(path.clone(), fs::read(path).unwrap_or_default())),
        }
    }
}

#[track_caller]
fn says(run: &Output, code: i32, parts: &[&str]) -> String {
    let said = text(&run.stdout) + &text(&run.stderr);
    assert_eq!(run.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said: {said}");
    }
    said
}

#[test]
fn a_golden_that_is_none_is_told_by_its_line() {
    let Some(bench) = Bench::recorded("protocol") else { return };
    let good = bench.golden();
    let after = |line: &str, more: &str| good.replacen(line, &format!("{line}{more}"), 1);
    let cases: &[(String, &str)] = &[
        (good.replacen("stdin null\n", "stdin n\u{fc}ll\n", 1), "0xc3"),
        (good.replace('\n', "\r\n"), "CR LF"),
        (format!("\u{feff}{good}"), "byte order mark"),
        (good.trim_end().to_owned(), "does not end in LF"),
        (good.replacen("stdin null\n", "sdtin null\n", 1), "unknown line \"sdtin\"; nearest is \"stdin\""),
        (good.replacen("level=", "levl=", 1), "unknown key \"levl\"; nearest is \"level\""),
        (good.replacen("  open r", "  opne r", 1), "unknown verb \"opne\"; nearest is \"open\""),
        (good.replacen("level=protocol", "level=protocl", 1), "unknown level \"protocl\"; nearest is \"protocol\""),
        (format!("{good}fact P mem.wy 1\n"), "wrong order"),
        (format!("{good}allow in.absnt P x y\n"), "nearest is \"in.absent\""),
        (after("stdin null\n", "stdin null\n"), "a duplicate line: stdin stands once"),
        (after("input load libc.so.6\n", "input load libc.so.6\n"), "duplicate"),
        (good.replacen("size=6 ", "size=[9..3] ", 1), "ends before"),
        (good.replacen("size=6 ", "size=9223372036854775809 ", 1), "above 2^63"),
        (after("stdin null\n", "<<<<<<< ours\n"), "merge marker: take one side"),
        (good.replacen("golden 1", "golden 2", 1), "version 2 of goldens"),
        (good.replacen("model=1", "model=2", 1), "model \"2\""),
        (good.replacen("asserts ", "asserts 9", 1), "asserts says"),
        (String::new(), "the file is empty"),
    ];
    for (broken, why) in cases {
        assert_ne!(*broken, good, "{why}");
        fs::write(bench.path("goldens/sh.golden"), broken).expect("written");
        let before = bench.stored();
        let said = bench.says(&["check", "sh"], 2, &["goldens/sh.golden:", why]);
        let line = said.split("sh.golden:").nth(1).and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
        assert!(line.is_some_and(|line| line >= 1), "no line is named: {said}");
        assert_eq!(bench.stored(), before, "{why}");
    }
    let nothing = "golden 1 level=protocol model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 0 0\n";
    fs::write(bench.path("goldens/sh.golden"), nothing).expect("written");
    bench.says(&["check", "sh"], 2, &["it could never fail"]);
}

#[test]
fn a_golden_that_is_too_large_names_the_flag() {
    let Some(bench) = Bench::recorded("protocol") else { return };
    let good = bench.golden();
    let large = fs::OpenOptions::new().write(true).open(bench.path("goldens/sh.golden")).expect("a golden");
    large.set_len(257 << 20).expect("a file with a hole");
    bench.says(&["check", "sh"], 2, &["at most 268435456 are read", "--golden-max"]);
    let long = good.replacen("argv ", &format!("argv {} ", "x".repeat(1 << 20)), 1);
    fs::write(bench.path("goldens/sh.golden"), &long).expect("written");
    bench.says(&["check", "sh"], 2, &["a line of", "--golden-max"]);
    let many = good.replacen("  open ", "  x100000001 open ", 1);
    fs::write(bench.path("goldens/sh.golden"), many).expect("written");
    bench.says(&["check", "sh"], 2, &["more than 100000000 steps", "--golden-max"]);
}

#[test]
fn a_content_or_fixture_that_was_changed_is_named() {
    let Some(bench) = Bench::recorded("protocol") else { return };
    fs::write(bench.path("goldens/sh.golden.d/std.stdout"), "done?\n").expect("written");
    bench.says(&["check", "sh"], 2, &["std.stdout does not hold what the golden says"]);
    fs::write(bench.path("goldens/sh.golden.d/std.stdout"), "done\n").expect("written");
    fs::write(bench.path("fixture/in"), "other\n").expect("written");
    fs::write(bench.path("fixture/more"), "").expect("written");
    bench.says(&["check", "sh"], 2, &["in ", "more is new"]);
    fs::remove_file(bench.path("fixture/more")).expect("removed");
    fs::write(bench.path("fixture/in"), "input\n").expect("written");
    bench.says(&["check", "sh"], 0, &["sh: same"]);
}

#[test]
fn what_is_stronger_than_the_golden_is_refused() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    bench.says(&["check", "sh", "--level", "protocol"], 2, &["the golden holds outcome"]);
    bench.says(&["check", "a/b"], 2, &["\"a/b\"", "as the name of a golden"]);
    let loose = ["record", "loose", "--runs", "3", "--level", "outcome", "--fixture", "fixture"];
    bench.says(&[&loose[..], &["--root", "any", "--processes", "ignore", "--stderr", "ignore"]].concat(), 0, &[]);
    let before = bench.stored();
    for stronger in [["--root", "same"], ["--processes", "exact"], ["--stderr", "exact"]] {
        bench.says(&[&["check", "loose"][..], &stronger].concat(), 2, &[stronger[0].trim_start_matches('-')]);
    }
    assert_eq!(bench.stored(), before);
}

#[test]
fn a_golden_that_is_not_there_is_missed_with_its_neighbours() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    let before = bench.stored();
    bench.says_of(&["check", "hs", "--recorded-command"], "", 4, &["hs", "the nearest is sh", "golden record hs"]);
    assert_eq!(bench.stored(), before);
    bench.says(&["check", "hs", "--fixture", "fixture"], 4, &["hs.golden.new waits", "golden accept hs"]);
    bench.says_of(&["accept", "hs"], "", 0, &[]);
    bench.says(&["check", "hs"], 0, &["hs: same"]);
}

/// A stored run of a script in a fresh copy of the fixture.
fn store(bench: &Bench, file: &str, script: &str, options: &[&str]) {
    let elsewhere = room();
    fs::copy(bench.path("fixture/in"), elsewhere.path().join("in")).expect("copied");
    let mut record = chic_trace();
    record.arg("record").args(options).arg("-o").arg(bench.path(file)).args(["--", "sh", "-c", script]);
    let out = fs::File::create(bench.path("printed")).expect("a file");
    record.current_dir(elsewhere.path()).stdin(std::process::Stdio::null()).stdout(out);
    record.status().expect("chic-trace runs");
}

#[test]
fn a_recording_that_lacks_something_says_what_and_is_never_the_same() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    let judged = |file: &str, code: i32, parts: &[&str]| {
        bench.says_of(&["check", "sh", "--recording", file], "", code, parts);
    };
    store(&bench, "good.ctrace", SCRIPT, &["--golden"]);
    judged("good.ctrace", 0, &["sh: same"]);
    let bytes = fs::read(bench.path("good.ctrace")).expect("a recording");
    fs::write(bench.path("cut.ctrace"), &bytes[..bytes.len() - 100]).expect("written");
    judged("cut.ctrace", 4, &["sh: not measured: the recording has no end: incomplete at byte "]);
    store(&bench, "nothing.ctrace", SCRIPT, &["-e", "trace=none"]);
    judged("nothing.ctrace", 4, &["nothing.ctrace: it holds no calls"]);
    store(&bench, "some.ctrace", SCRIPT, &["-e", "trace=openat"]);
    judged("some.ctrace", 4, &["sh: not measured: only some calls were recorded: -e trace=openat"]);
    store(&bench, "plain.ctrace", SCRIPT, &[]);
    judged("plain.ctrace", 4, &["sh: not measured: recorded without golden mode: "]);
    fs::write(bench.path("empty.ctrace"), "").expect("written");
    judged("empty.ctrace", 2, &["cannot read empty.ctrace: 0 bytes: the file is empty"]);
}

#[test]
fn a_program_that_can_not_be_started_or_traced_says_why() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    let before = bench.stored();
    let with = |words: &[&str], program: &str| {
        let mut command = bench.command(words, "");
        output(command.args(["--", program]))
    };
    for words in [&["record", "x"][..], &["check", "sh"]] {
        let no = "no directory of PATH has a program of this name";
        says(&with(words, "no-such-program"), 5, &["cannot run no-such-program", no]);
        says(&with(words, "fixture/no"), 5, &["cannot run", "fixture/no", "there is no such file"]);
    }
    says(&with(&["record", "x"], "fixture/in"), 5, &["cannot run", "fixture/in: it is not executable", "chmod +x"]);
    // Under another tracer nothing can be traced.
    let mut outer = chic_trace();
    outer.current_dir(bench.room.path()).args(["-f", "-o", "/dev/null", env!("CARGO_BIN_EXE_chic-trace")]);
    let inner = output(outer.args(["golden", "record", "x", "--", "true"]));
    says(&inner, 5, &["cannot trace the program", "a task can have one tracer"]);
    assert_eq!(bench.stored(), before);
}

#[test]
fn a_run_that_does_not_end_is_ended_with_all_its_processes() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    let before = bench.stored();
    let pid = bench.path("pid");
    let script = format!("sleep 60 & echo $! > {}; wait", pid.display());
    let is_gone = || {
        let pid = fs::read_to_string(&pid).expect("it was written").trim().to_owned();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        assert!(matches!(state, None | Some('Z')), "the process {pid} is left: {stat}");
        fs::remove_file(bench.path("pid")).expect("removed");
    };
    let record = ["record", "x", "--runs", "3", "--fixture", "-", "--timeout", "1"];
    bench.says_of(&record, &script, 5, &["run 1", "does not end within 1 s", "--timeout"]);
    is_gone();
    bench.says_of(&["check", "sh", "--timeout", "1"], &script, 1, &["exit", "does not end within 1 s"]);
    is_gone();
    assert_eq!(bench.stored(), before);
}

#[test]
fn runs_that_disagree_are_told_run_by_run() {
    let Some(bench) = Bench::new() else { return };
    let count = bench.path("count");
    fs::write(&count, "0").expect("written");
    let count = count.display();
    let script = format!("n=$(cat {count}); echo $((n+1)) > {count}; test $n != 1");
    let record = ["record", "sh", "--runs", "5", "--fixture", "-"];
    bench.says_of(&record, &script, 1, &["cannot record sh", "run 2", "exit 1"]);
    assert!(bench.stored().is_empty());
}

#[test]
fn a_directory_that_can_not_be_written_keeps_what_it_holds() {
    let Some(bench) = Bench::recorded("outcome") else { return };
    let mounted = |size: &str, then: &str| {
        let script = format!(
            "mkdir -p full; mount -t tmpfs -o size={size} none full || exit 99; cp -r goldens/. full; {then} 2>/dev/null; \
             \"$T\" golden record sh --force --dir full --runs 3 --keep-content 100000 --fixture fixture \
             -- sh -c 'head -c 65000 /dev/zero; cat in > out'; code=$?; \
             cmp full/sh.golden goldens/sh.golden; exit $code"
        );
        let mut unshare = Command::new("unshare");
        unshare.args(["-m", "sh", "-c", &script]).env("T", chic_trace().get_program()).current_dir(bench.room.path());
        for variable in ["CI", "TF_BUILD", "GITHUB_ACTIONS", "CHIC_GOLDEN"] {
            unshare.env_remove(variable);
        }
        output(&mut unshare)
    };
    for (size, then, why) in [
        ("64k", "head -c 200000 /dev/zero > full/other", "No space left on device"),
        ("1m", "mount -o remount,ro full", "Read-only file system"),
    ] {
        let run = mounted(size, then);
        if matches!(run.status.code(), Some(99)) || text(&run.stderr).contains("unshare failed") {
            return println!("skipped: no mount can be made here: {}", text(&run.stderr).trim_end());
        }
        let said = says(&run, 2, &["cannot write full/sh.golden", why]);
        assert!(!said.contains("differ"), "the old golden stands: {said}");
    }
}
