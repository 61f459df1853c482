//! `chic-trace compare`: what two documents or tables show differently.

use std::fmt::Write as _;
use std::path::Path;

use goldens::document::{Compared, compare, compare_counts, counts, told};
use goldens::{Finding, Level, Options, ProcessRule, RootRule, StderrRule, Verdict};
use recording::document::{Brought, Document};

use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::{Compare, CompareAs, GoldenDiff, GoldenPlace, VerdictForm};
use crate::exit::{Code, Ending};
use crate::message::{Problem, named, safe};
use crate::output;

/// Findings that are told.
const TOLD: usize = 10;

/// Reads both, compares, tells.
pub fn run(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    let [a, b] = &ask.files;
    if !is_document(a, ask)? && !is_document(b, ask)? {
        return crate::command::golden::diff(general, &as_recordings(ask));
    }
    let (bytes_a, bytes_b) = (bytes(a, ask)?, bytes(b, ask)?);
    let (a, b) = (judged(a, &bytes_a, ask)?, judged(b, &bytes_b, ask)?);
    let options = options(ask);
    let compared = match (&a, &b) {
        (Brought::Document(a), Brought::Document(b)) => {
            compare(&told(a, &options), &told(b, &options), &options, ask.as_recorded)
        }
        (Brought::Table(a), Brought::Table(b)) => compare_counts(a, b, &options, ask.as_recorded),
        (Brought::Table(a), Brought::Document(b)) => compare_counts(a, &counts(b), &options, ask.as_recorded),
        (Brought::Document(a), Brought::Table(b)) => compare_counts(&counts(a), b, &options, ask.as_recorded),
    };
    let printed = output::print(&text(&compared, ask.as_recorded))?;
    Ok(match printed {
        Ending::BrokenPipe => Ending::BrokenPipe,
        _ => code(&compared.comparison.verdict).into(),
    })
}

/// Is it something that others wrote? Goldens and recordings are compared by what they do.
pub fn is_document(path: &Path, ask: &Compare) -> Result<bool, Problem> {
    let golden = path.extension().is_some_and(|ending| ending == "golden" || ending == "new");
    if golden || !path.exists() {
        return Ok(false);
    }
    Ok(matches!(brought::open(path, &ask.reading)?, File::Bytes(_)))
}

/// The same question about recordings and goldens.
fn as_recordings(ask: &Compare) -> GoldenDiff {
    let [before, after] = ask.files.clone();
    let compare = CompareAs {
        level: ask.level.clone(),
        root: ask.root.clone(),
        processes: ask.processes.clone(),
        stderr: ask.stderr.clone(),
        ..CompareAs::default()
    };
    GoldenDiff { before, after, place: GoldenPlace::default(), compare, fail_on: None, form: VerdictForm::default() }
}

fn code(verdict: &Verdict) -> Code {
    match verdict {
        Verdict::Same | Verdict::SameWithWarnings => Code::OK,
        Verdict::Different => Code::FAILED,
        Verdict::Flaky => Code::UNDECIDED,
        Verdict::NotMeasured(_) => Code::NOTHING_TO_JUDGE,
    }
}

fn bytes(path: &Path, ask: &Compare) -> Result<Vec<u8>, Problem> {
    match brought::open(path, &ask.reading)? {
        File::Bytes(bytes) => Ok(bytes),
        File::Recording => Err(Problem::usage(format!("cannot compare {} with a document: it is none", named(path)))
            .hint("chic-trace report FILE --format json -o DOCUMENT makes one of a recording")),
    }
}

/// Reads one side; an incomplete document is never judged.
fn judged<'t>(path: &Path, bytes: &'t [u8], ask: &Compare) -> Result<Brought<'t>, Problem> {
    let brought = brought::read(path, bytes, &ask.reading)?;
    if let Brought::Document(document) = &brought {
        complete(path, document)?;
    }
    Ok(brought)
}

fn complete(path: &Path, document: &Document<'_>) -> Result<(), Problem> {
    let why = match brought::incompleteness(document) {
        Some(reasons) => format!("it is incomplete: {reasons}"),
        None if document.calls.is_empty() => "it holds no calls".to_owned(),
        None => return Ok(()),
    };
    Err(Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot judge {}: {why}", named(path)))
        .hint(format!("chic-trace report {} shows what is there", named(path))))
}

fn options(ask: &Compare) -> Options {
    let level = ask.level.as_deref().and_then(Level::from_word).unwrap_or(Level::Protocol);
    Options {
        root: match ask.root.as_deref() {
            Some("any") => RootRule::Any,
            _ => RootRule::Same,
        },
        processes: match ask.processes.as_deref() {
            Some("commands") => ProcessRule::Commands,
            Some("ignore") => ProcessRule::Ignore,
            _ => ProcessRule::Exact,
        },
        stderr: match ask.stderr.as_deref() {
            Some("nonempty") => StderrRule::NonEmpty,
            Some("ignore") => StderrRule::Ignore,
            _ => StderrRule::Exact,
        },
        ..Options::at(level)
    }
}

fn text(compared: &Compared, as_recorded: bool) -> String {
    let comparison = &compared.comparison;
    let mut out = match &comparison.verdict {
        Verdict::NotMeasured(why) => format!("not measured: {}\n", safe(why)),
        Verdict::Same if as_recorded => "same as recorded\n".to_owned(),
        verdict => format!("{}\n", verdict.word()),
    };
    for finding in comparison.findings.iter().take(TOLD) {
        push(&mut out, finding);
    }
    if comparison.findings.len() > TOLD {
        let _ = writeln!(out, "and {} more", comparison.findings.len() - TOLD);
    }
    if !compared.not_compared.is_empty() {
        out.push_str("not compared:\n");
        for fact in &compared.not_compared {
            let _ = writeln!(out, "  {}", one_line(fact));
        }
    }
    out
}

fn push(out: &mut String, finding: &Finding) {
    let _ = writeln!(out, "{}: {}", finding.code.word(), one_line(&finding.sentence));
    for (mark, side) in [('-', &finding.before), ('+', &finding.after)] {
        for line in side {
            let _ = writeln!(out, "  {mark} {}", one_line(line));
        }
    }
}

fn one_line(text: &str) -> String {
    safe(text).replace('\n', "\\n")
}
