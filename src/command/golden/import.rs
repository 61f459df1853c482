//! `golden import`: a golden of runs that were stored before, or of what a document tells.
//!
//! In: several recordings, or one document. Out: a golden in its place; nothing is run.

use std::path::{Path, PathBuf};

use goldens::document::{NotImported, import};
use goldens::{HeaderFacts, Learned, Level, Options, Refused, Run, forms, learn};
use recording::document::Brought;

use super::check::replayed;
use super::place::{Place, not_in_ci, unwritten, valid};
use super::record::recorded;
use super::settings::{Settings, configuration};
use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::{CompareAs, GoldenImport};
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};
use crate::output;

/// Fewer recordings than this need `--single`.
const LEAST: usize = 3;

/// Reads what is given, learns, stores the golden.
pub fn run(general: &General, ask: &GoldenImport) -> Result<Ending, Problem> {
    let name = ask.name.clone().unwrap_or_else(|| ask.files.first().map(|file| name_of(file)).unwrap_or_default());
    valid(&name)?;
    let configuration = configuration(general)?;
    let settings = Settings(configuration.as_ref());
    let place = Place::of(&ask.place, configuration.as_ref())?;
    let path = place.store.path(&name);
    if path.exists() {
        if !ask.force {
            return Err(Problem::new(Code::FAILED, format!("cannot import {name}: {} exists", named(&path)))
                .hint("--force replaces it"));
        }
        not_in_ci(&format!("replace {}", named(&path)))?;
    }
    let (learned, told) = match document(ask)? {
        Some((file, bytes)) => {
            let (learned, summary) = of_document(&file, &bytes, ask)?;
            (learned, format!("{}: {summary}\n", named(&path)))
        }
        None => {
            let learned = of_recordings(&name, ask, &settings)?;
            let told = recorded(&path, &learned.golden);
            (learned, told)
        }
    };
    let keep = settings.keep_content(None)?;
    place.store.write(&path, &learned.golden, &learned.contents, keep).map_err(|error| unwritten(&error))?;
    output::print(&told)
}

/// The document, if that is what is given. It says all that it knows alone: there is no second one beside it.
fn document(ask: &GoldenImport) -> Result<Option<(PathBuf, Vec<u8>)>, Problem> {
    for file in &ask.files {
        let File::Bytes(bytes) = brought::open(file, &ask.reading)? else { continue };
        if ask.files.len() > 1 {
            let what = format!("cannot import {} with other files: it is no recording", named(file));
            return Err(Problem::usage(what).hint("a document is imported alone; recordings are learned together"));
        }
        return Ok(Some((file.clone(), bytes)));
    }
    Ok(None)
}

/// What several recordings of one program have in common.
fn of_recordings(name: &str, ask: &GoldenImport, settings: &Settings<'_>) -> Result<Learned, Problem> {
    let count = ask.files.len();
    if count < LEAST && !ask.single {
        let some = if count == 1 { "1 recording".to_owned() } else { format!("{count} recordings") };
        return Err(Problem::usage(format!("cannot learn from {some}: at least {LEAST} show what varies"))
            .hint("--single takes what there is"));
    }
    let options = Options {
        accept_loose: ask.accept_loose,
        single: ask.single,
        ..settings.options(&CompareAs { level: ask.level.clone(), ..CompareAs::default() })?
    };
    let runs: Vec<Run> = ask.files.iter().map(|file| replayed(file, &options)).collect::<Result<_, _>>()?;
    let forms = forms(&runs.iter().collect::<Vec<_>>(), None, &options);
    learn(&forms, &options, HeaderFacts::default()).map_err(|why| not_learned(name, &why, &ask.files))
}

/// Why nothing was learned, with the file where a run is meant.
fn not_learned(name: &str, refused: &Refused, files: &[PathBuf]) -> Problem {
    let file =
        |run: usize| run.checked_sub(1).and_then(|at| files.get(at)).map_or_else(String::new, |file| named(file));
    match refused {
        Refused::Gap { run, gap } => Problem::new(
            Code::NOTHING_TO_JUDGE,
            format!("cannot import {name}: cannot learn from {}: {}", file(*run), gap.why),
        )
        .hint("chic-trace record --golden keeps what a golden needs"),
        Refused::Outliers { outliers, .. } => {
            let differs = outliers.iter().flat_map(|outlier| outlier.differs.iter().map(move |it| (outlier.run, it)));
            let lines: Vec<String> = differs.map(|(run, it)| format!("\n  {}: {it}", file(run))).collect();
            let what = format!("cannot import {name}: the recordings do not agree:{}", lines.concat());
            Problem::new(Code::FAILED, what).hint("leave out those that went another way, or record more")
        }
        Refused::NeverMasked(_) => Problem::new(Code::FAILED, format!("cannot import {name}: {refused}"))
            .hint("--allow is an option of golden record"),
        _ => Problem::new(Code::FAILED, format!("cannot import {name}: {refused}")),
    }
}

/// What a document tells: its outcome at most.
fn of_document(file: &Path, bytes: &[u8], ask: &GoldenImport) -> Result<(Learned, String), Problem> {
    if let Some(level) = ask.level.as_deref().filter(|level| *level != Level::Outcome.word()) {
        return Err(Problem::usage(format!(
            "cannot import {} at level {level}: a document tells the outcome only",
            named(file)
        ))
        .hint("recordings tell more: chic-trace record --golden"));
    }
    let Brought::Document(document) = brought::read(file, bytes, &ask.reading)? else {
        return Err(Problem::usage(format!("cannot import {}: it is a table of counts", named(file)))
            .hint("chic-trace compare compares tables"));
    };
    let options = Options { accept_loose: ask.accept_loose, ..Options::at(Level::Outcome) };
    let imported = import(&document, &options).map_err(|why| refused(file, &why))?;
    let summary = imported.summary();
    Ok((imported.learned, summary))
}

/// `trivial_cli` of `x/trivial_cli_golden.json`.
fn name_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or_default();
    stem.strip_suffix("_golden").unwrap_or(stem).to_owned()
}

fn refused(file: &Path, why: &NotImported) -> Problem {
    let what = format!("cannot import {}: {why}", named(file));
    match why {
        NotImported::Incomplete(_) | NotImported::Empty => Problem::new(Code::NOTHING_TO_JUDGE, what),
        NotImported::TooLoose { .. } => {
            Problem::new(Code::FAILED, what).hint("--accept-loose takes it as it is; a recording tells more")
        }
        NotImported::Refused(_) => Problem::new(Code::FAILED, what),
    }
}
