//! Emit: what a judging command found, written for the programs that run in front of it: GitHub, Jenkins, dashboards.
//!
//! In: [`Findings`], plain values that every judging command can make, and where what is to be written
//! (`--emit KIND:PATH`). Out: files. Nothing is judged here, and no exit code is chosen.

mod github;
mod junit;
mod markdown;
mod places;
mod sarif;
mod values;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use assertions::Configuration;
pub use places::Lines;
pub use values::LATENCY;

use crate::exit::say;
use crate::message::{Problem, named, quoted};
use crate::output::cannot_write;
use crate::perf;

/// What a judging command found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The command: `gate check`.
    pub command: &'static str,
    /// The word for all of it together, as in the command's own report.
    pub status: String,
    /// What was judged, one by one.
    pub cases: Vec<Case>,
    /// How long it took, milliseconds.
    pub took_ms: u64,
}

/// One thing that was judged: a golden, a rule, a benchmark.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What was found, the gravest first; nothing of a case that passed.
    pub found: Vec<Found>,
    /// What was measured of it.
    pub value: Option<Value>,
    /// The command that accepts what was found.
    pub accept: Option<String>,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// Good.
    #[default]
    Passed,
    /// Good, with something to look at.
    Warned,
    /// Not good.
    Failed,
    /// It can't be told.
    Undecided,
    /// There was nothing to judge it by, or it was not to be judged.
    NotMeasured,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Warned => "warning",
            Outcome::Failed => "failed",
            Outcome::Undecided => "undecided",
            Outcome::NotMeasured => "not measured",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Which rule it broke: a word that stays the same from run to run.
    pub rule: String,
    /// How grave it is; [`Outcome::Passed`] for what is only information.
    pub outcome: Outcome,
    /// A sentence; for budgets the value against the budget.
    pub message: String,
    /// Further lines.
    pub details: Vec<String>,
    /// Where.
    pub place: Option<Place>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As the user knows it.
    pub file: String,
    /// From 1 on.
    pub line: usize,
}

impl Place {
    /// `file:line`.
    pub fn of(text: &str) -> Option<Place> {
        let (file, line) = text.rsplit_once(':')?;
        let line = line.parse().ok().filter(|line| *line > 0)?;
        (!file.is_empty()).then(|| Place { file: file.to_owned(), line })
    }
}

/// Something that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Of which benchmark or rule.
    pub of: String,
    /// What: `latency`, `calls`.
    pub measure: String,
    /// `ns`, `bytes`, `count`.
    pub unit: String,
    /// The value.
    pub value: f64,
    /// Where it is between, where that is known.
    pub between: Option<(f64, f64)>,
}

/// A form that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command's own document.
    Json,
    /// The command's own lines.
    Text,
    /// JUnit's XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    /// A page for people.
    Markdown,
    /// Annotations of GitHub Actions.
    Github,
    /// Bencher's metric format.
    Bmf,
    /// Custom values of github-action-benchmark, of which smaller is better.
    ActionBenchmark,
    /// A row of a pipeline of gates.
    GateRow,
}

impl Kind {
    const ALL: [(&'static str, Kind); 9] = [
        ("json", Kind::Json),
        ("text", Kind::Text),
        ("junit", Kind::Junit),
        ("sarif", Kind::Sarif),
        ("markdown", Kind::Markdown),
        ("github", Kind::Github),
        ("bmf", Kind::Bmf),
        ("github-action-benchmark", Kind::ActionBenchmark),
        ("gate-row", Kind::GateRow),
    ];

    /// The form of this word of `--format`; the command's own lines where there is none.
    pub fn named(word: Option<&str>) -> Kind {
        Kind::ALL.iter().find(|(known, _)| Some(*known) == word).map_or(Kind::Text, |(_, kind)| *kind)
    }

    /// The ending of a file of this form.
    fn ending(self) -> &'static str {
        match self {
            Kind::Text | Kind::Github => "txt",
            Kind::Junit => "xml",
            Kind::Sarif => "sarif",
            Kind::Markdown => "md",
            Kind::Json | Kind::Bmf | Kind::ActionBenchmark | Kind::GateRow => "json",
        }
    }
}

/// Words of `--format` of what can be printed in all of them.
pub const WORDS: [&str; 6] = ["text", "json", "junit", "sarif", "markdown", "github"];

/// Forms of what has verdicts and no values.
pub const VERDICTS: &[Kind] = &[Kind::Json, Kind::Text, Kind::Junit, Kind::Sarif, Kind::Markdown, Kind::Github];

/// Forms of what has values, too.
pub const MEASURES: &[Kind] =
    &[Kind::Json, Kind::Text, Kind::Junit, Kind::Sarif, Kind::Markdown, Kind::Github, Kind::Bmf, Kind::ActionBenchmark];

/// Forms of a gate.
pub const GATE: &[Kind] = &[
    Kind::Json,
    Kind::Text,
    Kind::Junit,
    Kind::Sarif,
    Kind::Markdown,
    Kind::Github,
    Kind::Bmf,
    Kind::ActionBenchmark,
    Kind::GateRow,
];

/// A file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    kind: Kind,
    path: PathBuf,
    /// Is its folder made, too?
    folder: bool,
}

impl Wanted {
    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What the words `KIND:PATH` ask for; a command has these forms.
pub fn wanted(words: &[OsString], forms: &[Kind]) -> Result<Vec<Wanted>, Problem> {
    words.iter().map(|word| one(word, forms)).collect()
}

fn one(word: &OsStr, forms: &[Kind]) -> Result<Wanted, Problem> {
    let bytes = word.as_bytes();
    let known = || Kind::ALL.into_iter().filter(|(_, kind)| forms.contains(kind));
    let hint = || {
        let words: Vec<String> = known().map(|(word, _)| format!("{word}:PATH")).collect();
        words.join(", ")
    };
    let at = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
    let (name, path) = (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default());
    let Some((_, kind)) = known().find(|(word, _)| word.as_bytes() == name) else {
        return Err(Problem::usage(format!("cannot emit {}: there is no such form", quoted(word))).hint(hint()));
    };
    if path.is_empty() {
        return Err(Problem::usage(format!("cannot emit {}: no file is named", quoted(word))).hint(hint()));
    }
    Ok(Wanted { kind, path: PathBuf::from(OsStr::from_bytes(path)), folder: false })
}

/// What `[ci] export_format`, `export_path` and `[reporting] formats`, `output_dir` of renacer.toml ask for: files in a
/// folder, named after the command.
pub fn configured(configuration: &Configuration, command: &str, forms: &[Kind]) -> Result<Vec<Wanted>, Problem> {
    let mut all: Vec<Wanted> = Vec::new();
    for (key, dir) in [("ci.export_format", "ci.export_path"), ("reporting.formats", "reporting.output_dir")] {
        let Some(setting) = configuration.settings.get(key) else { continue };
        let one = [setting.value.clone()];
        let words = if key == "ci.export_format" { &one[..] } else { &setting.items[..] };
        let dir = Path::new(configuration.get(dir).unwrap_or(KEPT));
        for word in words {
            let known = Kind::ALL.iter().find(|(known, kind)| known == word && forms.contains(kind));
            let Some((_, kind)) = known else {
                let name = &configuration.name;
                return Err(Problem::usage(format!("cannot take {key} {word:?} of {name}: there is no such form")));
            };
            let path = dir.join(format!("{command}.{}", kind.ending()));
            let wanted = Wanted { kind: *kind, path, folder: true };
            if !all.contains(&wanted) {
                all.push(wanted);
            }
        }
    }
    Ok(all)
}

/// The forms that a command makes itself.
#[derive(Clone, Copy)]
pub struct Own<'a> {
    /// Its document.
    pub json: &'a dyn Fn() -> String,
    /// Its lines.
    pub text: &'a dyn Fn() -> String,
    /// JUnit's XML, where it has one of its own.
    pub junit: Option<&'a dyn Fn() -> String>,
}

/// Writes what was asked for. In GitHub Actions also annotations, the summary of the step, and files to be kept.
pub fn write(wanted: &[Wanted], own: Own<'_>, findings: &Findings) -> Result<(), Problem> {
    for Wanted { kind, path, folder } in wanted {
        if let Some(dir) = path.parent().filter(|dir| *folder && !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
        }
        perf::write(path, form(*kind, own, findings).as_bytes())?;
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        in_github(own, findings)?;
    }
    Ok(())
}

/// Findings in a form.
pub fn form(kind: Kind, own: Own<'_>, findings: &Findings) -> String {
    match kind {
        Kind::Json => (own.json)(),
        Kind::Text => (own.text)(),
        Kind::Junit => own.junit.map_or_else(|| junit::junit(findings), |junit| junit()),
        Kind::Sarif => sarif::sarif(findings),
        Kind::Markdown => markdown::markdown(findings),
        Kind::Github => github::annotations(findings),
        Kind::Bmf => values::bmf(findings),
        Kind::ActionBenchmark => values::action_benchmark(findings),
        Kind::GateRow => values::gate_row(findings),
    }
}

/// Files that a job keeps, on a pass too.
const KEPT: &str = "target/chic-trace";

fn in_github(own: Own<'_>, findings: &Findings) -> Result<(), Problem> {
    // Commands are read from both streams; standard output may be a document.
    let annotations = github::annotations(findings);
    if !annotations.is_empty() {
        say(&annotations.trim_end());
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        let written = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(markdown::markdown(findings).as_bytes()));
        written.map_err(|error| cannot_write(&path, &error))?;
    }
    let dir = Path::new(KEPT);
    std::fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
    let stem = findings.command.replace(' ', "-");
    for kind in [Kind::Json, Kind::Text, Kind::Junit, Kind::Sarif, Kind::Markdown] {
        let path = dir.join(format!("{stem}.{}", kind.ending()));
        perf::write(&path, form(kind, own, findings).as_bytes())?;
    }
    say(&format_args!("chic-trace: reports of this step lie in {}", named(dir)));
    Ok(())
}

#[cfg(test)]
mod tests;
