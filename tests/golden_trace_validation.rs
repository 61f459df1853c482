//! A program is traced freshly and compared with its golden: it passes as it is, and fails when it is
//! changed, with a sentence that says how.

mod programs;

use std::path::Path;

use chic_trace::golden;
use programs::{build, can_trace, room, run, text};

fn case(name: &str, program: &Path, room: &Path) -> golden::Case {
    golden::case(name)
        .command(program)
        .current_dir(room)
        .dir(room.join("goldens"))
        .tracer(env!("CARGO_BIN_EXE_chic-trace"))
}

/// A directory with a note in it, so that the first run finds what the later ones find.
fn room_with_note() -> tempfile::TempDir {
    let room = room();
    std::fs::write(room.path().join("note"), "first\n").expect("a note");
    room
}

#[test]
fn a_program_is_still_the_accepted_one_until_it_is_changed() -> Result<(), golden::Error> {
    if !can_trace() {
        return Ok(());
    }
    let room = room_with_note();
    let program = build("notes", None, room.path());
    case("notes", &program, room.path()).record()?;
    let outcome = case("notes", &program, room.path()).check()?;
    assert!(outcome.is_same(), "{outcome}");

    for (changed, sentence) in [
        ("no_sync", "P t0: no longer calls fsync"),
        ("in_place", "P t0: no longer calls rename"),
        ("fails", "P: exit status 1, was exit status 0"),
    ] {
        let other = build("notes", Some(changed), room.path());
        let outcome = case("notes", &other, room.path()).check()?;
        assert!(!outcome.is_same(), "{changed} was not noticed");
        let sentences = outcome.sentences();
        assert!(sentences.iter().any(|found| found == sentence), "{changed}: {sentences:?}\n{outcome}");
        assert!(outcome.to_string().starts_with("notes: different (calls, confirmed 3/3)"), "{outcome}");
    }
    Ok(())
}

#[test]
fn the_macro_panics_with_the_report() -> Result<(), golden::Error> {
    if !can_trace() {
        return Ok(());
    }
    let room = room_with_note();
    let program = build("notes", None, room.path());
    let fails = build("notes", Some("fails"), room.path());
    case("notes", &program, room.path()).record()?;
    case("notes", &program, room.path()).assert_same();
    let other = case("notes", &fails, room.path());
    let report = std::panic::catch_unwind(|| other.assert_same()).expect_err("another program");
    let report = report.downcast_ref::<String>().expect("a text");
    assert!(report.contains("exit status 1, was exit status 0"), "{report}");
    Ok(())
}

#[test]
fn without_a_golden_nothing_passes() {
    let room = room();
    let missing = case("nothing", Path::new("true"), room.path()).check();
    assert!(matches!(&missing, Err(golden::Error::NoGolden { .. })), "{missing:?}");
    let run = run(room.path(), &[&"golden", &"check", &"nothing", &"--", &"true"]);
    assert_eq!(run.status.code(), Some(4));
    assert!(text(&run.stderr).contains("chic-trace golden record nothing -- true"), "{}", text(&run.stderr));
}

#[test]
fn the_command_records_checks_and_says_what_to_type() {
    if !can_trace() {
        return;
    }
    let room = room_with_note();
    let program = build("notes", None, room.path());
    let changed = build("notes", Some("no_sync"), room.path());
    let golden = |word: &str, program: &Path| run(room.path(), &[&"golden", &word, &"notes", &"--", &program]);

    let recorded = golden("record", &program);
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded.stderr));
    assert!(text(&recorded.stdout).starts_with("recorded goldens/notes.golden from 3 runs: asserts "));
    let again = golden("record", &program);
    assert_eq!(again.status.code(), Some(1), "a golden is not replaced without --force");
    assert!(text(&again.stderr).contains("--force"), "{}", text(&again.stderr));

    let same = golden("check", &program);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    assert!(text(&same.stdout).starts_with("notes: same (calls), asserts "), "{}", text(&same.stdout));
    assert_eq!(text(&same.stdout).lines().count(), 1, "same is one line");

    let different = golden("check", &changed);
    assert_eq!(different.status.code(), Some(1), "{}", text(&different.stdout));
    let report = text(&different.stdout);
    assert!(report.contains("no longer calls fsync"), "{report}");
    assert!(report.contains("accept with: chic-trace golden record notes --force -- "), "{report}");

    let json = run(room.path(), &[&"golden", &"check", &"notes", &"--format", &"json", &"--", &changed]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON alone on standard output");
    assert_eq!(document["results"][0]["verdict"], "different");

    let broken = room.path().join("goldens/notes.golden");
    std::fs::write(&broken, "golden 9\n").expect("written");
    assert_eq!(golden("check", &program).status.code(), Some(2), "a newer golden is refused by name");
    assert_eq!(golden("check", Path::new("./no-such-program")).status.code(), Some(2));
}

#[test]
fn a_recording_is_judged_like_a_run() {
    if !can_trace() {
        return;
    }
    let room = room_with_note();
    let program = build("notes", None, room.path());
    let changed = build("notes", Some("no_sync"), room.path());
    assert!(run(room.path(), &[&"golden", &"record", &"notes", &"--", &program]).status.success());
    for (program, code) in [(&program, 0), (&changed, 1)] {
        // As judged runs have it: nothing to read, output into a file.
        let out = std::fs::File::create(room.path().join("printed")).expect("a file");
        let mut record = programs::chic_trace();
        record.current_dir(room.path()).args(["record", "-o", "run.ctrace", "--"]).arg(program);
        record.stdin(std::process::Stdio::null()).stdout(out);
        assert!(record.status().expect("it runs").success());
        let check = run(room.path(), &[&"golden", &"check", &"notes", &"--recording", &"run.ctrace"]);
        assert_eq!(check.status.code(), Some(code), "{}{}", text(&check.stdout), text(&check.stderr));
    }
    let bytes = std::fs::read(room.path().join("run.ctrace")).expect("a recording");
    std::fs::write(room.path().join("cut.ctrace"), &bytes[..bytes.len() - 100]).expect("written");
    let cut = run(room.path(), &[&"golden", &"check", &"notes", &"--recording", &"cut.ctrace"]);
    assert_eq!(cut.status.code(), Some(4), "an incomplete recording passes nothing");
}
