//! The mutation matrix: goldens of two guests are learned, each mutant is run against them and found where
//! that is promised, with the promised sentence, and passes in silence where silence is.
//!
//! `docs/mutation-matrix.md` is written from what is found and fails the test when it differs from the
//! committed page. The suite runs each mutant three times; `cargo test --test mutation_matrix -- --ignored`
//! twenty times, and that is what the page shows.

mod built;
mod judged;
mod mutation;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use goldens::{Comparison, Learned, Level, Run, Severity, Verdict};
use judged::{object_of, observe, shown};
use mutation::baselines::Calls;
use mutation::table::{Cell, MORE, ROWS, Row};
use mutation::{Guest, install, record, server};
use recording::file::Recording;

const LEVELS: [Level; 4] = [Level::Outcome, Level::Hermetic, Level::Protocol, Level::Calls];
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mutation-matrix.md");

/// What was learned of a guest: its goldens by level, and how it looks to the simple comparators.
struct Base {
    learned: Vec<Learned>,
    calls: Vec<Calls>,
}

fn calls(recording: &Path) -> Calls {
    let mut calls = Calls::default();
    Recording::open(recording).expect("a recording").replay(&mut calls).expect("it takes everything");
    calls
}

fn recordings(guest: Guest, mutant: &str, room: &Path, count: usize) -> Vec<PathBuf> {
    let program = install(guest, mutant, room);
    (0..count).map(|nth| record::run(guest, &program, room, nth)).collect()
}

fn learn(guest: Guest, room: &Path) -> Base {
    let recordings = recordings(guest, "base", room, 5);
    let runs: Vec<Run> = recordings.iter().map(|path| observe(path)).collect();
    let runs: Vec<&Run> = runs.iter().collect();
    Base {
        learned: LEVELS.map(|level| judged::learn(&runs, level)).into(),
        calls: recordings.iter().map(|path| calls(path)).collect(),
    }
}

/// What was found of one mutant.
struct Found {
    /// Runs in which each level did what it must.
    right: [usize; 4],
    /// First code, object, sentence of the weakest level that found something, and how often.
    first: BTreeMap<(String, String, String), usize>,
    /// What went wrong, in words.
    wrong: Vec<String>,
    renacer: usize,
    counts: usize,
}

fn found(row: &Row, base: &Base, room: &Path, runs: usize) -> Found {
    let mut found = Found { right: [0; 4], first: BTreeMap::new(), wrong: Vec::new(), renacer: 0, counts: 0 };
    for path in recordings(row.guest, row.name, room, runs) {
        let run = observe(&path);
        let calls = calls(&path);
        found.renacer += usize::from(base.calls.first().is_some_and(|base| base.renacer_finds(&calls)));
        found.counts += usize::from(!base.calls.iter().any(|base| base.counts() == calls.counts()));
        let mut told = false;
        for (level, cell) in row.cells.iter().enumerate() {
            let comparison = judged::compare(&base.learned[level], LEVELS[level], &[&run]);
            let right = is_right(*cell, &comparison);
            found.right[level] += usize::from(right);
            if !right {
                found.wrong.push(format!("{} at {:?}: {}", row.name, LEVELS[level], shown(&comparison)));
            }
            if *cell != Cell::Silent && !told {
                told = true;
                first(row, &comparison, &mut found);
            }
        }
    }
    found
}

fn is_right(cell: Cell, comparison: &Comparison) -> bool {
    let gravest = comparison.findings.iter().map(|finding| finding.severity).min();
    match cell {
        Cell::Error => gravest == Some(Severity::Error) && comparison.verdict == Verdict::Different,
        Cell::Warning => gravest == Some(Severity::Warning),
        Cell::Silent => !matches!(gravest, Some(Severity::Error | Severity::Warning)),
    }
}

/// Holds the first finding against the table.
fn first(row: &Row, comparison: &Comparison, found: &mut Found) {
    let shown_findings = comparison.findings.iter().filter(|finding| finding.follows_from.is_none()).count();
    if shown_findings > 3 {
        found.wrong.push(format!("{}: {shown_findings} findings: {}", row.name, shown(comparison)));
    }
    let Some(finding) = comparison.findings.first() else { return };
    let object = object_of(finding);
    let key = (finding.code.word().to_owned(), object.clone(), finding.sentence.clone());
    *found.first.entry(key).or_default() += 1;
    let fits = |wanted: &str, got: &str| wanted.is_empty() || wanted == got;
    if !fits(row.code, finding.code.word()) || !fits(row.object, &object) || !fits(row.sentence, &finding.sentence) {
        found.wrong.push(format!(
            "{}: {} {object} {:?}, wanted {} {} {:?}",
            row.name,
            finding.code.word(),
            finding.sentence,
            row.code,
            row.object,
            row.sentence
        ));
    }
}

/// The page, and what is wrong.
fn matrix(runs: usize) -> Option<(String, Vec<String>)> {
    if let Err(reason) = server::start() {
        println!("skipped: {reason}");
        return None;
    }
    let room = tempfile::tempdir().expect("a temporary directory");
    let bases: Vec<(Guest, Base)> =
        [Guest::Mut, Guest::Order].into_iter().map(|guest| (guest, learn(guest, room.path()))).collect();
    let mut page = String::from(HEAD);
    let mut wrong = Vec::new();
    let (mut renacer, mut counts, mut mutants) = (0, 0, 0);
    for row in ROWS.iter().chain(MORE) {
        let Some((_, base)) = bases.iter().find(|(guest, _)| *guest == row.guest) else { continue };
        let found = found(row, base, room.path(), runs);
        line(&mut page, row, &found, runs);
        wrong.extend(found.wrong);
        mutants += 1;
        renacer += usize::from(found.renacer == runs);
        counts += usize::from(found.counts == runs);
    }
    let _ = writeln!(page, "\nOf {mutants} mutants renacer's rule finds {renacer}, counts of calls find {counts}.");
    Some((page, wrong))
}

const HEAD: &str = "# Mutation matrix\n\nWritten by `cargo test --test mutation_matrix -- --ignored`: two guests, their goldens learned \
from five runs, and each\nmutant run twenty times against them. **R** an error must be reported, **W** a warning, \
**-** nothing; behind it in how\nmany runs that was so. The last columns show two simple comparators on the same recordings: renacer's \
rule (names and\nsigns by position) and exact counts of calls.\n\n\
| mutant | outcome | hermetic | protocol | calls | first code | object | sentence | renacer's rule | call counts |\n\
|---|---|---|---|---|---|---|---|---|---|\n";

fn line(page: &mut String, row: &Row, found: &Found, runs: usize) {
    let _ = write!(page, "| {} ", row.name);
    for (cell, right) in row.cells.iter().zip(found.right) {
        let letter = match cell {
            Cell::Error => "R",
            Cell::Warning => "W",
            Cell::Silent => "-",
        };
        let _ = write!(page, "| {letter} {right}/{runs} ");
    }
    let commonest = found.first.iter().max_by_key(|(_, count)| **count);
    let empty = Default::default();
    let ((code, object, sentence), _) = commonest.unwrap_or((&empty, &0));
    let cell = |text: &str| text.replace('|', "\\|");
    let _ = write!(page, "| `{}` | {} | {} ", cell(code), cell(object), cell(sentence));
    let word = |count: usize| {
        if count == runs {
            "found"
        } else if count == 0 {
            "silent"
        } else {
            "sometimes"
        }
    };
    let _ = writeln!(page, "| {} | {} |", word(found.renacer), word(found.counts));
}

fn can_trace() -> bool {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_chic-trace")).args(["-o", "/dev/null", "true"]).status();
    let can = run.is_ok_and(|status| status.success());
    if !can {
        println!("skipped: programs can't be traced here");
    }
    can
}

#[test]
fn every_mutant_is_found_where_that_is_promised() {
    if !can_trace() {
        return;
    }
    let Some((page, wrong)) = matrix(3) else { return };
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong.join("\n"));
    let committed = std::fs::read_to_string(PAGE).expect("docs/mutation-matrix.md is there");
    // The page shows twenty runs, this test makes three: a cell that is whole here must be whole there. What the
    // simple comparators see of a run may depend on its timing, and is only on the page.
    let comparable = |page: &str, runs: &str| -> Vec<String> {
        let rows = page.lines().filter(|line| line.starts_with("| "));
        rows.map(|line| line.rsplitn(4, " | ").nth(3).unwrap_or(line).replace(runs, "all")).collect()
    };
    assert_eq!(
        comparable(&page, "3/3"),
        comparable(&committed, "20/20"),
        "the page is out of date: run it with --ignored"
    );
}

#[test]
#[ignore = "minutes: each mutant twenty times, and writes the page"]
fn every_mutant_is_found_in_twenty_of_twenty_runs() {
    let Some((page, wrong)) = matrix(20) else { return };
    std::fs::write(PAGE, page).expect("the page is written");
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong.join("\n"));
}
