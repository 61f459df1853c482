//! What people bring in place of a recording: documents, tables, baseline directories.

use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use recording::document::{self, BadBaseline, BadDocument, Brought, Document, Fault, Options, Table};
use recording::file::may_be_document;
use report::Destination;
use report::json::{Json, JsonOptions};

use crate::bench::replay_whole;
use crate::exit::{Code, say};
use crate::message::{Problem, named, quoted, safe};
use crate::output::reason;

/// Bytes at the beginning of a file that tell what it is.
const BEGINNING: usize = 4096;

/// A file, as far as its beginning tells.
pub enum File {
    /// A recording, or something that is refused as one.
    Recording,
    /// Anything else, whole.
    Bytes(Vec<u8>),
}

/// Looks at a file, and takes it into memory when it is no recording.
pub fn open(path: &Path, options: &Options) -> Result<File, Problem> {
    let failed = |error: io::Error| Problem::usage(format!("cannot read {}: {}", named(path), reason(&error)));
    let meta = fs::metadata(path).map_err(failed)?;
    if meta.is_dir() {
        return Err(baseline(path));
    }
    // A recording may be followed through a pipe: what is no file is left to its reader.
    if !meta.is_file() {
        return Ok(File::Recording);
    }
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::with_capacity(BEGINNING);
    file.by_ref().take(BEGINNING as u64).read_to_end(&mut bytes).map_err(failed)?;
    if !may_be_document(&bytes) {
        return Ok(File::Recording);
    }
    if meta.len() > options.largest {
        let fault = Fault::TooLarge { bytes: meta.len(), largest: options.largest };
        return Err(unread(path, &BadDocument { spot: None, fault }));
    }
    file.take(options.largest).read_to_end(&mut bytes).map_err(failed)?;
    Ok(File::Bytes(bytes))
}

/// Reads what is no recording.
pub fn read<'t>(path: &Path, bytes: &'t [u8], options: &Options) -> Result<Brought<'t>, Problem> {
    document::read(bytes, options).map_err(|problem| unread(path, &problem))
}

/// The document that a recording makes, with all the bytes that were kept: what it is compared with knows no more.
/// One that is incomplete or empty is never judged.
pub fn as_document(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed =
        |error: io::Error| Problem::usage(format!("cannot make a document of {}: {}", named(path), reason(&error)));
    let mut file = tempfile::tempfile().map_err(failed)?;
    let to = Destination::one(file.try_clone().map_err(failed)?, "a file of our own");
    let options = JsonOptions { version: env!("CARGO_PKG_VERSION").into(), ..JsonOptions::default() };
    replay_whole(path, &mut Json::new(options, to))?;
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

fn unread(path: &Path, problem: &BadDocument) -> Problem {
    let code = if problem.is_nothing() { Code::NOTHING_TO_JUDGE } else { Code::USAGE };
    let told = Problem::new(code, format!("cannot read {}: {problem}", named(path)));
    match problem.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// A directory: a baseline of renacer, which says nothing.
fn baseline(dir: &Path) -> Problem {
    let problem = document::baseline(dir);
    let what = format!("cannot read {}: {problem}", named(dir));
    match problem {
        BadBaseline::Empty { command, .. } => {
            let words: Vec<String> = command.iter().map(|word| quoted(word.as_ref())).collect();
            let command = if words.is_empty() { "PROG".to_owned() } else { words.join(" ") };
            Problem::new(Code::NOTHING_TO_JUDGE, what)
                .hint(format!("record: chic-trace golden record NAME -- {command}"))
        }
        _ => Problem::usage(what),
    }
}

/// Says what was assumed of a document or table, and that an incomplete one is never judged.
pub fn tell(path: &Path, brought: &Brought<'_>, verbose: bool) {
    let name = named(path);
    let (head, warnings) = match brought {
        Brought::Document(document) => (heading(document), &document.warnings),
        Brought::Table(table) => (counted(table), &table.warnings),
    };
    say(&format_args!("chic-trace: {}: {}", safe(&name), safe(&head)));
    for warning in warnings {
        say(&format_args!("chic-trace: {}: {}", safe(&name), safe(warning)));
    }
    let Brought::Document(document) = brought else { return };
    if let Some(reasons) = incompleteness(document) {
        say(&format_args!(
            "chic-trace: {} is incomplete: {}; it is shown and never judged",
            safe(&name),
            safe(&reasons)
        ));
    }
    for key in document.unknown_keys.iter().filter(|_| verbose) {
        say(&format_args!("chic-trace: {}: the key {} is not known", safe(&name), safe(key)));
    }
}

/// Who wrote it, and how it is read.
fn heading(document: &Document<'_>) -> String {
    let calls = document.calls.len();
    let word = if calls == 1 { "call" } else { "calls" };
    format!("{calls} {word} written by {}, read in the notation `{}`", document.writer(), document.notation.word())
}

fn counted(table: &Table) -> String {
    let (calls, errors, names) = (table.total.calls, table.total.errors, table.rows.len());
    format!("a table of counts: {names} names, {calls} calls, {errors} errors")
}

/// Why it is incomplete, as one phrase.
pub fn incompleteness(document: &Document<'_>) -> Option<String> {
    (!document.is_complete()).then(|| document.incomplete.join("; "))
}
