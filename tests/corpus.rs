//! Real programs: their goldens are learned here and hold here, in other directories, environments and
//! minutes. What varies in these programs from run to run is what a comparison has to see through.
//!
//! `cargo test --test corpus -- --ignored` checks each program twenty times.

mod built;
mod corpus_fixture;
#[path = "mutation/server.rs"]
mod server;

use std::path::Path;
use std::process::{Command, Output};

use corpus_fixture::{Program, needs, programs};

/// One program with its fixture and golden directory.
struct Case {
    program: Program,
    room: tempfile::TempDir,
}

impl Case {
    fn new(program: Program) -> Case {
        let room = tempfile::tempdir().expect("a temporary directory");
        corpus_fixture::make(program.fixture, &room.path().join("fixture"));
        Case { program, room }
    }

    fn golden(&self, words: &[&str], environment: &[(&str, &str)], dir: &Path) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chic-trace"));
        command.arg("golden").args(words).arg(self.program.name);
        command.arg("--dir").arg(self.room.path().join("goldens"));
        command.arg("--fixture").arg(self.room.path().join("fixture"));
        command.args(["--env", "LANG=C"]).args(self.program.options).arg("--").args(&self.program.command);
        command.current_dir(dir);
        for variable in
            ["CI", "TF_BUILD", "GITHUB_ACTIONS", "CHIC_GOLDEN", "CHIC_TRACE_NOT_MEASURED", "LD_LIBRARY_PATH"]
        {
            command.env_remove(variable);
        }
        command.envs(environment.iter().copied()).output().expect("chic-trace runs")
    }

    fn record(&self, level: &str) -> Output {
        // A home of its own: what this machine's holds is an input like others.
        let home = self.home("first");
        self.golden(&["record", "--level", level], &[("HOME", &home)], self.room.path())
    }

    fn home(&self, name: &str) -> String {
        let home = self.room.path().join("homes").join(name);
        std::fs::create_dir_all(&home).expect("a directory");
        home.display().to_string()
    }

    /// Checks from another directory with another home; `nth` chooses.
    fn check(&self, nth: usize) -> Output {
        self.check_with(nth, &[])
    }

    fn check_with(&self, nth: usize, options: &[&str]) -> Output {
        let dir = self.room.path().join("somewhere".repeat(nth % 4 + 1));
        std::fs::create_dir_all(&dir).expect("a directory");
        let home = self.home(&"another".repeat(nth + 1));
        self.golden(&[&["check"], options].concat(), &[("HOME", &home), ("USER", "somebody")], &dir)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Records every program at this level and checks it so often; what alarmed, in words.
fn alarms(level: &str, checks: usize) -> Vec<String> {
    let mut alarms = Vec::new();
    for program in programs() {
        if let Some(reason) = needs(&program) {
            println!("skipped: {}: {reason}", program.name);
            continue;
        }
        let case = Case::new(program);
        let recorded = case.record(level);
        if !recorded.status.success() {
            alarms.push(format!("{}: record: {}{}", case.program.name, text(&recorded.stdout), text(&recorded.stderr)));
            continue;
        }
        println!("{}", text(&recorded.stdout).trim_end());
        for nth in 0..checks {
            let checked = case.check(nth);
            if !checked.status.success() {
                let shown = format!("{}{}", text(&checked.stdout), text(&checked.stderr));
                // What did not come back in a second and third run is no alarm, and is shown.
                if checked.status.code() == Some(3) {
                    println!("{} check {nth} is flaky: {shown}", case.program.name);
                    continue;
                }
                alarms.push(format!("{} check {nth}: {:?}\n{shown}", case.program.name, checked.status.code()));
            }
        }
        // Weaker levels have a dozen facts, of which one that varies is much.
        if level == "protocol" {
            assertion_ratio(&case, &text(&recorded.stdout), &mut alarms);
        }
    }
    alarms
}

/// Nine steps of ten are asserted where the program is deterministic.
fn assertion_ratio(case: &Case, recorded: &str, alarms: &mut Vec<String>) {
    let percent = recorded.split("steps (").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    match percent {
        Some(percent) if case.program.deterministic && percent < 90 => {
            alarms.push(format!("{}: only {percent} % of its steps are asserted", case.program.name));
        }
        Some(_) => {}
        None => alarms.push(format!("{}: no share of asserted steps in {recorded:?}", case.program.name)),
    }
}

fn can_trace() -> bool {
    let run = Command::new(env!("CARGO_BIN_EXE_chic-trace")).args(["-o", "/dev/null", "true"]).output();
    let run = run.expect("chic-trace runs");
    if !run.status.success() {
        println!("skipped: {}", text(&run.stderr).lines().next().unwrap_or_default());
    }
    run.status.success()
}

fn hold(level: &str, checks: usize) {
    if can_trace() {
        let alarms = alarms(level, checks);
        assert!(alarms.is_empty(), "{} alarms\n{}", alarms.len(), alarms.join("\n"));
    }
}

#[test]
fn real_programs_hold_their_goldens() {
    hold("protocol", 2);
}

#[test]
#[ignore = "minutes: 240 checks"]
fn real_programs_hold_their_goldens_twenty_times() {
    hold("protocol", 20);
}

#[test]
#[ignore = "minutes: 240 checks"]
fn real_programs_hold_at_hermetic_twenty_times() {
    hold("hermetic", 20);
}

#[test]
#[ignore = "minutes: 240 checks"]
fn real_programs_hold_at_outcome_twenty_times() {
    hold("outcome", 20);
}

/// Levels, and of how many runs in a thousand one may alarm when none is confirmed.
const UNCONFIRMED: [(&str, usize); 3] = [("outcome", 3), ("hermetic", 10), ("protocol", 10)];

#[test]
#[ignore = "minutes: 720 checks, and prints a table"]
fn few_runs_alarm_without_confirmation() {
    const CHECKS: usize = 20;
    if !can_trace() {
        return;
    }
    let mut alarmed = [0; UNCONFIRMED.len()];
    let mut checked = 0;
    println!("alarms of {CHECKS} runs   {}", UNCONFIRMED.map(|(level, _)| format!("{level:>10}")).concat());
    for program in programs().into_iter().filter(|program| needs(program).is_none()) {
        let case = Case::new(program);
        let recorded = case.record("protocol");
        assert!(recorded.status.success(), "{}", text(&recorded.stderr));
        let of_level = UNCONFIRMED.map(|(level, _)| {
            let options = ["--confirm", "0", "--level", level];
            (0..CHECKS).filter(|nth| !case.check_with(*nth, &options).status.success()).count()
        });
        println!("{:<20} {}", case.program.name, of_level.map(|count| format!("{count:>10}")).concat());
        alarmed.iter_mut().zip(of_level).for_each(|(sum, count)| *sum += count);
        checked += CHECKS;
    }
    println!("{:<20} {}", "of all", alarmed.map(|count| format!("{count:>6}/{checked}")).concat());
    for ((level, most), count) in UNCONFIRMED.into_iter().zip(alarmed) {
        assert!(count * 1000 <= most * checked, "{count} of {checked} runs alarm at {level}");
    }
}
