//! A program is traced freshly and compared with its golden: it passes as it is, and fails when it is
//! changed, with a sentence that says how. What waits is accepted by a person, never by CI.

mod harness;
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chic_trace::{assert_golden, golden};
use harness::terminal::Terminal;
use programs::{build, can_trace, chic_trace, output, room, text};

/// A directory with a program, a fixture and goldens.
struct Bench {
    room: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let room = room();
        for dir in ["bin", "fixture", "goldens"] {
            fs::create_dir(room.path().join(dir)).expect("made");
        }
        fs::write(room.path().join("fixture/note"), "first\n").expect("a note");
        Bench { room }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    /// Builds `notes` as it is or changed; it is always called the same.
    fn install(&self, changed: Option<&str>) {
        let program = build("notes", changed, self.room.path());
        fs::rename(program, self.path("bin/notes")).expect("installed");
    }

    fn case(&self, name: &str) -> golden::Case {
        golden::case(name)
            .command(self.path("bin/notes"))
            .fixture(self.path("fixture"))
            .dir(self.path("goldens"))
            .runs(3)
            .tracer(env!("CARGO_BIN_EXE_chic-trace"))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = chic_trace();
        command.args(line.split_whitespace()).current_dir(self.room.path());
        command
    }

    /// Runs `chic-trace golden LINE`.
    #[track_caller]
    fn golden(&self, line: &str, code: i32) -> Output {
        self.ended(&mut self.command(&format!("golden {line}")), line, code)
    }

    /// The same where CI is set.
    #[track_caller]
    fn in_ci(&self, line: &str, code: i32) -> Output {
        self.ended(self.command(&format!("golden {line}")).env("CI", "1"), line, code)
    }

    #[track_caller]
    fn ended(&self, command: &mut Command, line: &str, code: i32) -> Output {
        let run = output(command);
        assert_eq!(run.status.code(), Some(code), "{line}: {}{}", text(&run.stdout), text(&run.stderr));
        run
    }

    /// Every file below the goldens and its bytes.
    fn goldens(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    walk(&entry.path(), files);
                } else {
                    files.insert(entry.path(), fs::read(entry.path()).unwrap_or_default());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(&self.path("goldens"), &mut files);
        files
    }
}

const NOTES: &str = "notes --runs 3 --fixture fixture";

#[test]
fn a_program_is_still_the_accepted_one_until_it_is_changed() -> Result<(), golden::Error> {
    if !can_trace() {
        return Ok(());
    }
    let bench = Bench::new();
    bench.install(None);
    bench.case("notes").record()?;
    let outcome = bench.case("notes").check()?;
    assert!(outcome.is_same(), "{outcome}");
    for (changed, sentence) in [
        ("no_sync", "note: no longer synced before rename"),
        ("in_place", "note is overwritten in place, was replaced atomically"),
        ("fails", "exit status 0 -> 1"),
    ] {
        bench.install(Some(changed));
        let outcome = bench.case("notes").check()?;
        assert!(!outcome.is_same(), "{changed} was not noticed");
        assert_eq!(outcome.sentences().first().map(String::as_str), Some(sentence), "{outcome}");
        let text = outcome.to_string();
        assert!(text.starts_with("notes: different (protocol, confirmed 3/3), asserts "), "{text}");
        assert!(text.contains("accept with: chic-trace golden accept notes"), "{text}");
        assert!(text.contains("notes.golden.new"), "the panic text names what waits: {text}");
    }
    Ok(())
}

#[test]
fn the_macro_panics_with_the_report_and_for_a_name_used_twice() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    bench.case("twice").record().expect("recorded");
    bench.case("twice").assert_same();
    let panicked = |case: golden::Case| {
        let panic = std::panic::catch_unwind(|| case.assert_same()).expect_err("a panic");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    assert!(panicked(bench.case("twice")).contains("for the second time"));
    bench.case("broken").record().expect("recorded");
    bench.install(Some("fails"));
    let report = panicked(bench.case("broken"));
    assert!(report.contains("exit status 0 -> 1") && report.contains("golden accept broken"), "{report}");
}

#[test]
fn the_macro_takes_keys() {
    // No golden of this name is there, and none may be made: only the words are checked here.
    let call = || {
        assert_golden!(
            "no such golden/",
            ["true"],
            level = golden::Level::Outcome,
            env = [("LANG", "C")],
            runs = 3,
            stderr = golden::Stderr::NonEmpty,
            timeout = std::time::Duration::from_secs(9),
        )
    };
    let panic = std::panic::catch_unwind(call).expect_err("no name of a golden");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains("as the name of a golden"), "{text}");
}

#[test]
fn four_commands_lead_from_nothing_to_green() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    let recorded = bench.golden(&format!("record {NOTES} -- bin/notes"), 0);
    let said = text(&recorded.stdout);
    assert!(said.starts_with("recorded goldens/notes.golden from 3 runs (protocol): asserts "), "{said}");
    assert_eq!(fs::read_to_string(bench.path("goldens/notes.golden.d/std.stdout")).ok().as_deref(), Some("noted\n"));
    let again = bench.golden(&format!("record {NOTES} -- bin/notes"), 1);
    assert!(text(&again.stderr).contains("--force"), "a golden is not replaced without it");
    let same = text(&bench.golden("check notes -- bin/notes", 0).stdout);
    assert!(same.starts_with("notes: same (protocol), asserts ") && same.lines().count() == 1, "{same}");

    bench.install(Some("no_sync"));
    let red = text(&bench.golden("check notes -- bin/notes", 1).stdout);
    assert!(red.contains("dur.fsync  P  note") && red.contains("no longer synced before rename"), "{red}");
    let shown = text(&bench.golden("review", 1).stdout);
    assert!(shown.contains("notes (1 of 1)\nnotes: different (protocol, confirmed 5/5"), "{shown}");
    assert!(shown.contains("dur.fsync  P  note") && shown.contains("no longer synced before rename"), "{shown}");
    bench.golden("accept notes", 0);
    bench.golden("check notes -- bin/notes", 0);
    assert!(text(&bench.golden("review", 0).stdout).contains("nothing waits"));

    bench.install(None);
    bench.golden("check notes -- bin/notes", 1);
    bench.golden("reject --all", 0);
    bench.golden("accept notes", 4);
    bench.golden("check notes -- bin/notes", 1);
    bench.install(Some("no_sync"));
    bench.golden("check notes -- bin/notes", 0);
    assert!(!bench.path("goldens/notes.golden.new").exists(), "what waited for a difference that is gone is stale");
}

#[test]
fn ci_never_changes_a_golden() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    bench.in_ci(&format!("record {NOTES} -- bin/notes"), 0);
    let before = bench.goldens();
    bench.install(Some("no_sync"));
    let red = bench.in_ci("check notes -- bin/notes", 1);
    assert!(bench.path("target/chic-trace/notes.golden.new").exists(), "{}", text(&red.stdout));
    bench.in_ci("check missing --runs 3 --fixture fixture -- bin/notes", 4);
    assert!(bench.path("target/chic-trace/missing.golden.new").exists());
    bench.in_ci(&format!("record {NOTES} --force -- bin/notes"), 2);
    bench.in_ci("accept --all", 2);
    bench.in_ci("more notes --fixture fixture -- bin/notes", 2);
    for word in ["overwrite", "unseen", "new"] {
        let mut check = bench.command("golden check notes -- bin/notes");
        bench.ended(check.env("CI", "true").env("CHIC_GOLDEN", word), word, 1);
    }
    assert_eq!(bench.goldens(), before);
    let mut overwrites = bench.command("golden check notes -- bin/notes");
    bench.ended(overwrites.env("CHIC_GOLDEN", "overwrite"), "outside of CI", 0);
    assert_ne!(bench.goldens(), before, "outside of CI it is accepted at once");
    bench.golden("check notes -- bin/notes", 0);
}

#[test]
fn what_can_not_be_judged_says_why_and_changes_nothing() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    bench.golden(&format!("record {NOTES} --level outcome -- bin/notes"), 0);
    let before = bench.goldens();
    let says = |line: &str, code: i32, word: &str| {
        let run = bench.golden(line, code);
        let said = text(&run.stderr) + &text(&run.stdout);
        assert!(said.contains(word), "{line}: {said}");
    };
    says("check ../notes -- bin/notes", 2, "as the name of a golden");
    says("check notse --recorded-command", 4, "the nearest is notes");
    says("check notes", 2, "--recorded-command");
    says("check notes --level protocol -- bin/notes", 2, "the golden holds outcome");
    says("check notes --stdin fixture/note -- bin/notes", 2, "standard input is another");
    says("check notes -- bin/no-such-program", 5, "there is no such file");
    says("explain out.bytse", 2, "the nearest is out.bytes");
    says("record other --timeout 0.3 --single -- sleep 60", 5, "does not end within 0.3 s");
    says("check notes --timeout 0.3 -- sleep 60", 1, "does not end within 0.3 s");
    says("explain notes", 0, "notes: level outcome, learned from 3 runs");
    says("explain io.shape", 0, "visible from level protocol on");
    assert_eq!(bench.goldens(), before);

    fs::write(bench.path("fixture/other"), "x").expect("written");
    says("check notes -- bin/notes", 2, "other is new");
    fs::remove_file(bench.path("fixture/other")).expect("removed");
    let golden = fs::read_to_string(bench.path("goldens/notes.golden")).expect("a golden");
    fs::write(bench.path("goldens/notes.golden"), golden.replacen("level=outcome", "level=outcoem", 1))
        .expect("written");
    says("check notes -- bin/notes", 2, "goldens/notes.golden:1: unknown level \"outcoem\"; nearest is \"outcome\"");
    fs::write(bench.path("goldens/notes.golden"), golden.replacen("golden 1", "golden 2", 1)).expect("written");
    says("check notes -- bin/notes", 2, "version 2 of goldens");
    fs::write(bench.path("goldens/notes.golden"), &golden).expect("written");
    fs::write(bench.path("goldens/notes.golden.d/std.stdout"), "other\n").expect("written");
    says("check notes -- bin/notes", 2, "does not hold what the golden says");
}

#[test]
fn the_text_names_what_changed_with_both_sides() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    let shell = |script: &str| {
        let mut command = bench.command("golden");
        command.args(["record", "sh", "--runs", "3", "--fixture", "-", "--", "sh", "-c", script]);
        command
    };
    bench.ended(&mut shell("echo one > out.txt"), "record", 0);
    let mut check = bench.command("golden check sh --root any -- sh -c");
    check.arg("echo two > out.txt; cat /etc/hostname");
    let mut stronger = bench.command("golden check sh -- sh -c");
    stronger.arg("echo two > out.txt; cat /etc/hostname");
    for check in [&mut check, &mut stronger] {
        let run = output(check);
        let said = text(&run.stdout);
        assert_eq!(run.status.code(), Some(1), "{said}{}", text(&run.stderr));
        for word in ["out.txt", "one", "two", "/etc/hostname"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn a_recording_is_judged_like_a_run() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    bench.golden(&format!("record {NOTES} --level outcome -- {}", bench.path("bin/notes").display()), 0);
    for (changed, code) in [(None, 0), (Some("fails"), 1)] {
        bench.install(changed);
        let elsewhere = room();
        let cwd = elsewhere.path().join("run");
        fs::create_dir(&cwd).expect("made");
        fs::copy(bench.path("fixture/note"), cwd.join("note")).expect("copied");
        let mut record = chic_trace();
        record
            .args(["record", "--golden", "-o"])
            .arg(bench.path("run.ctrace"))
            .arg("--")
            .arg(bench.path("bin/notes"))
            .current_dir(&cwd);
        let out = fs::File::create(bench.path("printed")).expect("a file");
        record.stdin(std::process::Stdio::null()).stdout(out);
        assert!(record.status().is_ok());
        bench.golden("check notes --recording run.ctrace", code);
        bench.golden("diff goldens/notes.golden run.ctrace", code);
        // Its end may have held a difference, and takes none away.
        let bytes = fs::read(bench.path("run.ctrace")).expect("a recording");
        fs::write(bench.path("cut.ctrace"), &bytes[..bytes.len() - 100]).expect("written");
        bench.golden("check notes --recording cut.ctrace", if code == 0 { 4 } else { code });
    }
}

/// Stores a run of `bin/notes`, made in a directory of its own as every run is.
fn store_run(bench: &Bench, file: &str, more: &[&str]) {
    let elsewhere = room();
    fs::copy(bench.path("fixture/note"), elsewhere.path().join("note")).expect("copied");
    let mut record = chic_trace();
    record.arg("record").args(more).arg("-o").arg(bench.path(file)).arg("--").arg(bench.path("bin/notes"));
    let out = fs::File::create(bench.path("printed")).expect("a file");
    record.current_dir(elsewhere.path()).stdin(std::process::Stdio::null()).stdout(out);
    let code = record.status().expect("it runs").code();
    assert!(matches!(code, Some(0 | 1)), "{file}: {code:?}");
}

#[test]
fn recordings_become_a_golden() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    for file in ["a.ctrace", "b.ctrace", "c.ctrace", "same.ctrace"] {
        store_run(&bench, file, &["--golden"]);
    }
    let said = |line: &str, code: i32, word: &str| {
        let run = bench.golden(line, code);
        let said = text(&run.stdout) + &text(&run.stderr);
        assert!(said.contains(word), "{line}: {said}");
    };
    said("import a.ctrace b.ctrace --name notes --dir goldens", 2, "cannot learn from 2 recordings: at least 3");
    assert!(bench.goldens().is_empty(), "nothing was learned, nothing is written");
    let all = "import a.ctrace b.ctrace c.ctrace --name notes --dir goldens";
    said(all, 0, "recorded goldens/notes.golden from 3 runs (protocol): asserts ");
    said("check notes --recording same.ctrace", 0, "notes: same (protocol), asserts ");
    said(all, 1, "goldens/notes.golden exists");
    said(&format!("{all} --force --level outcome"), 0, "from 3 runs (outcome)");
    said("import a.ctrace --single --dir goldens", 0, "recorded goldens/a.golden from 1 run (protocol)");
    said("check a --recording same.ctrace", 0, "a: same (protocol)");

    bench.install(Some("fails"));
    store_run(&bench, "fails.ctrace", &["--golden"]);
    for name in ["notes", "a"] {
        said(&format!("check {name} --recording fails.ctrace"), 1, "exit status 0 -> 1");
    }
    let mixed = "import a.ctrace b.ctrace fails.ctrace --name mixed --dir goldens";
    said(mixed, 1, "cannot import mixed");
    fs::write(bench.path("document.json"), "{}").expect("written");
    said("import a.ctrace b.ctrace document.json --name mixed", 2, "document.json with other files");
    let bytes = fs::read(bench.path("a.ctrace")).expect("a recording");
    fs::write(bench.path("cut.ctrace"), &bytes[..bytes.len() - 100]).expect("written");
    said("import a.ctrace b.ctrace cut.ctrace --name cut", 4, "cut.ctrace");
    let mut replaces = bench.command(&format!("golden {all} --force"));
    bench.ended(replaces.env("CI", "1"), "in CI", 2);
}

/// Presses these keys, and no Enter, at the question of a review, each when it is asked, and awaits what is said then.
#[track_caller]
fn reviewed(bench: &Bench, answers: &[(&str, &str)]) -> String {
    let review = || -> Result<String, harness::Failure> {
        let mut terminal = Terminal::start(bench.command("golden review"))?;
        terminal.await_text("q quit: ")?;
        for (answer, says) in answers {
            terminal.press(answer.as_bytes())?;
            terminal.await_text(says)?;
        }
        let (status, shown) = terminal.finish()?;
        harness::ensure!(status.success(), "{status}: {shown}");
        Ok(shown)
    };
    review().unwrap_or_else(|failure| panic!("{failure:?}"))
}

#[test]
fn a_person_decides_at_a_terminal() {
    if !can_trace() {
        return;
    }
    let bench = Bench::new();
    bench.install(None);
    for name in ["a", "b", "c"] {
        bench.golden(&format!("record {name} --level outcome --runs 3 --fixture fixture -- bin/notes"), 0);
    }
    let accepted = bench.goldens();
    bench.install(Some("fails"));
    for name in ["a", "b", "c"] {
        bench.golden(&format!("check {name} --confirm 0 -- bin/notes"), 1);
    }
    let file = |name: &str| fs::read_to_string(bench.path(&format!("goldens/{name}.golden"))).unwrap_or_default();
    let waits = |name: &str| bench.path(&format!("goldens/{name}.golden.new")).exists();

    // Whoever quits, or only looks and skips, changes nothing.
    let shown = reviewed(&bench, &[("x", "q quit: "), ("d", "+ proc P exit=1"), ("q", "")]);
    assert!(shown.contains("a: different (outcome") && shown.contains("exit status 0 -> 1"), "{shown}");
    assert!(!shown.contains("b (2 of 3)"), "{shown}");
    assert!(["a", "b", "c"].into_iter().all(waits));
    let shown = reviewed(&bench, &[("s", "b (2 of 3)"), ("r", "c (3 of 3)"), ("a", "accepted c")]);
    assert!(shown.contains("rejected b"), "{shown}");
    assert_eq!((waits("a"), waits("b"), waits("c")), (true, false, false));
    assert!(file("c").contains("proc P exit=1"), "{}", file("c"));
    for name in ["a", "b"] {
        assert_eq!(accepted.get(&bench.path(&format!("goldens/{name}.golden"))), Some(&file(name).into_bytes()));
    }
}
