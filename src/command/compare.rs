//! `chic-trace compare`: two recordings, goldens, documents or tables, and what they show differently.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use goldens::document::{Compared, against, compare, compare_counts, counts, told};
use goldens::{Contents, Finding, Golden, Options, Report, Severity, Verdict};
use recording::document::{Brought, Document};

use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::Compare;
use crate::clusters::{self, Groups};
use crate::command::golden;
use crate::config;
use crate::emit;
use crate::exit::{Code, Ending, say};
use crate::message::{Problem, named, safe};
use crate::output::{self, reason};
use crate::ratios::{self, Expected};

/// Findings that are told.
const TOLD: usize = 10;

/// Reads both, compares, tells.
pub fn run(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    if ask.files.iter().all(|file| file.as_os_str().is_empty()) {
        return directories(general, ask);
    }
    pair(general, ask)
}

/// Compares the files of equal name in the two directories of `[semantic_equivalence]`.
fn directories(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    let configuration = config::read(general)?;
    let dir = |key: &str| configuration.as_ref()?.get(&format!("semantic_equivalence.{key}")).map(PathBuf::from);
    let Some((a, b)) = dir("python_trace_dir").zip(dir("rust_trace_dir")) else {
        return Err(Problem::usage("cannot compare anything: two files are needed")
            .hint("or [semantic_equivalence] python_trace_dir and rust_trace_dir in renacer.toml"));
    };
    let (of_a, of_b) = (files(&a)?, files(&b)?);
    for (dir, alone) in [(&a, of_a.difference(&of_b)), (&b, of_b.difference(&of_a))] {
        alone.for_each(|name| say(&format_args!("chic-trace: {} is compared with nothing", named(&dir.join(name)))));
    }
    let names: Vec<&OsString> = of_a.intersection(&of_b).collect();
    let one_form = !ask.form.json && !ask.form.junit && ask.emit.is_empty();
    match names.len() {
        0 => {
            let what = format!("cannot compare {} with {}: no two files have one name", named(&a), named(&b));
            return Err(Problem::new(Code::NOTHING_TO_JUDGE, what));
        }
        1 => {}
        many if !one_form => {
            let what = format!("cannot write {many} comparisons as one document");
            return Err(Problem::usage(what).hint("compare two files at a time, or as text"));
        }
        _ => {}
    }
    let mut codes = Vec::new();
    for name in names {
        let files = [a.join(name), b.join(name)];
        if one_form {
            match output::print(&format!("{} and {}:\n", named(&files[0]), named(&files[1])))? {
                Ending::Code(_) => {}
                other => return Ok(other),
            }
        }
        match pair(general, &Compare { files, ..ask.clone() }) {
            Ok(Ending::Code(code)) => codes.push(code),
            Ok(other) => return Ok(other),
            // Of several, each is told.
            Err(problem) => {
                say(&problem);
                codes.push(problem.code);
            }
        }
    }
    Ok(golden::worst(codes.into_iter()).into())
}

/// Names of the files in a directory.
fn files(dir: &Path) -> Result<BTreeSet<OsString>, Problem> {
    let cannot = |error: &std::io::Error| Problem::usage(format!("cannot read {}: {}", named(dir), reason(error)));
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir).map_err(|error| cannot(&error))? {
        let entry = entry.map_err(|error| cannot(&error))?;
        if entry.path().is_file() {
            names.insert(entry.file_name());
        }
    }
    Ok(names)
}

/// Compares two.
fn pair(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    let groups = Groups::of(ask.clusters.as_ref())?;
    let changes = groups.map(|groups| clusters::changes(&groups, ask)).transpose()?;
    let expected = Expected::of(config::read(general)?.as_ref());
    let ratios = expected.map(|expected| ratios::told(&expected, ask));
    let ending = judge(general, ask)?;
    for information in [changes, ratios].into_iter().flatten() {
        if ask.form.json || ask.form.junit {
            say(&information.trim_end());
        } else if ending != Ending::BrokenPipe {
            match output::print(&information)? {
                Ending::Code(_) => {}
                other => return Ok(other),
            }
        }
    }
    Ok(ending)
}

fn judge(general: &General, ask: &Compare) -> Result<Ending, Problem> {
    let [a, b] = &ask.files;
    let (document_a, document_b) = (is_document(a, &ask.reading)?, is_document(b, &ask.reading)?);
    if !document_a && !document_b {
        return golden::diff(general, ask);
    }
    let judging = golden::Judging::of(general, ask)?;
    let (a, b) = (side(a, ask, &judging)?, side(b, ask, &judging)?);
    let options = &judging.options;
    let compared = match (&a, &b) {
        (Side::Golden(golden, contents), Side::Bytes(path, bytes))
        | (Side::Bytes(path, bytes), Side::Golden(golden, contents)) => {
            let options = judging.against(golden, ask)?;
            with_golden((golden, contents), (path, bytes), ask, &options)?
        }
        (Side::Bytes(a, bytes_a), Side::Bytes(b, bytes_b)) => {
            documents(&judged(a, bytes_a, ask)?, &judged(b, bytes_b, ask)?, options, ask.as_recorded)
        }
        (Side::Golden(..), Side::Golden(..)) => return golden::diff(general, ask),
    };
    report(general, ask, compared)
}

/// What is compared with a document.
enum Side<'a> {
    /// A document or a table, or the document that a recording makes.
    Bytes(&'a Path, Vec<u8>),
    Golden(Box<Golden>, Contents),
}

fn side<'a>(path: &'a Path, ask: &Compare, judging: &golden::Judging) -> Result<Side<'a>, Problem> {
    if let Some((golden, contents)) = judging.golden(path)? {
        return Ok(Side::Golden(Box::new(golden), contents));
    }
    Ok(Side::Bytes(
        path,
        match brought::open(path, &ask.reading)? {
            File::Bytes(bytes) => bytes,
            File::Recording => brought::as_document(path)?,
        },
    ))
}

/// Is it something that others wrote? Goldens and recordings are compared by what they do.
pub fn is_document(path: &Path, reading: &recording::document::Options) -> Result<bool, Problem> {
    let golden = path.extension().is_some_and(|ending| ending == "golden" || ending == "new");
    if golden || !path.exists() {
        return Ok(false);
    }
    Ok(matches!(brought::open(path, reading)?, File::Bytes(_)))
}

fn documents(a: &Brought<'_>, b: &Brought<'_>, options: &Options, as_recorded: bool) -> Compared {
    match (a, b) {
        (Brought::Document(a), Brought::Document(b)) => {
            compare(&told(a, options), &told(b, options), options, as_recorded)
        }
        (Brought::Table(a), Brought::Table(b)) => compare_counts(a, b, options, as_recorded),
        (Brought::Table(a), Brought::Document(b)) => compare_counts(a, &counts(b), options, as_recorded),
        (Brought::Document(a), Brought::Table(b)) => compare_counts(&counts(a), b, options, as_recorded),
    }
}

fn with_golden(
    (golden, contents): (&Golden, &Contents),
    (path, bytes): (&Path, &[u8]),
    ask: &Compare,
    options: &Options,
) -> Result<Compared, Problem> {
    match judged(path, bytes, ask)? {
        Brought::Document(document) => {
            Ok(against(golden, contents, &told(&document, options), options, ask.as_recorded))
        }
        Brought::Table(_) => {
            Err(Problem::usage(format!("cannot compare {} with a golden: it is a table", named(path)))
                .hint("a table is compared with a table or a document"))
        }
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

/// Refuses a document that is never judged.
pub fn complete(path: &Path, document: &Document<'_>) -> Result<(), Problem> {
    let why = match brought::incompleteness(document) {
        Some(reasons) => format!("it is incomplete: {reasons}"),
        None if document.calls.is_empty() => "it holds no calls".to_owned(),
        None => return Ok(()),
    };
    Err(Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot judge {}: {why}", named(path)))
        .hint(format!("chic-trace report {} shows what is there", named(path))))
}

/// Tells it in the form that was asked for; what was not compared is a note of each.
fn report(general: &General, ask: &Compare, compared: Compared) -> Result<Ending, Problem> {
    let [a, b] = &ask.files;
    let name = format!("{} and {}", named(a), named(b));
    let text = text(&compared, ask.as_recorded);
    let Compared { mut comparison, not_compared } = compared;
    comparison.notes.extend(not_compared.iter().map(|fact| format!("not compared: {fact}")));
    let report = Report { name: &name, comparison: &comparison, pending: None, accept: None };
    let emit = emit::wanted(&ask.emit, emit::VERDICTS)?;
    let telling = golden::Telling { command: "compare", form: ask.form, emit: &emit, verbose: ask.verbose };
    let code = golden::code_of(&comparison.verdict, ask.form);
    golden::tell(general, &[report], &|_| text.clone(), telling, code)
}

fn text(compared: &Compared, as_recorded: bool) -> String {
    let comparison = &compared.comparison;
    let mut out = match &comparison.verdict {
        Verdict::NotMeasured(why) => format!("not measured: {}\n", safe(why)),
        Verdict::Same if as_recorded => "same as recorded\n".to_owned(),
        verdict => format!("{}\n", verdict.word()),
    };
    let findings: Vec<&Finding> =
        comparison.findings.iter().filter(|finding| finding.severity < Severity::Info).collect();
    for finding in findings.iter().take(TOLD) {
        push(&mut out, finding);
    }
    if findings.len() > TOLD {
        let _ = writeln!(out, "and {} more", findings.len() - TOLD);
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
    let source = finding.source.as_ref().map(|source| format!(" ({})", one_line(source))).unwrap_or_default();
    let _ = writeln!(out, "{}: {}{source}", finding.code.word(), one_line(&finding.sentence));
    for (mark, side) in [('-', &finding.before), ('+', &finding.after)] {
        for line in side {
            let _ = writeln!(out, "  {mark} {}", one_line(line));
        }
    }
}

fn one_line(text: &str) -> String {
    safe(text).replace('\n', "\\n")
}
