//! `chic-trace golden import`: a golden of what a document tells.

use std::path::Path;

use goldens::document::{NotImported, import};
use goldens::{KEPT, Level, Options, Store};
use recording::document::Brought;

use crate::brought::{self, File};
use crate::cli::General;
use crate::cli::ask::GoldenImport;
use crate::command::golden::place::path_of;
use crate::exit::{Code, Ending};
use crate::message::{Problem, named};
use crate::output;

/// Reads the document, makes the golden, stores it.
pub fn run(general: &General, ask: &GoldenImport) -> Result<Ending, Problem> {
    let name = ask.name.clone().unwrap_or_else(|| name_of(&ask.file));
    let path = path_of(general, &name, ask.dir.as_deref())?;
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "0" && value != "false") {
        return Err(Problem::usage(format!("cannot write {}: CI is set, and nothing is accepted there", named(&path))));
    }
    if path.exists() && !ask.force {
        return Err(Problem::usage(format!("cannot write {}: it exists", named(&path))).hint("--force replaces it"));
    }
    let bytes = match brought::open(&ask.file, &ask.reading)? {
        File::Bytes(bytes) => bytes,
        File::Recording => {
            return Err(Problem::usage(format!("cannot import {}: it is no document", named(&ask.file))));
        }
    };
    let Brought::Document(document) = brought::read(&ask.file, &bytes, &ask.reading)? else {
        return Err(Problem::usage(format!("cannot import {}: it is a table of counts", named(&ask.file)))
            .hint("chic-trace compare compares tables"));
    };
    let options = Options { accept_loose: ask.accept_loose, ..Options::at(Level::Outcome) };
    let imported = import(&document, &options).map_err(|why| refused(&ask.file, &why))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let store = Store::new(dir);
    store
        .write(&path, &imported.learned.golden, &imported.learned.contents, KEPT)
        .map_err(|error| Problem::usage(format!("cannot keep the golden: {error}")))?;
    output::print(&format!("{}: {}\n", named(&path), imported.summary()))
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
