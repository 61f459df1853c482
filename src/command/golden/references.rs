//! References: goldens that no test and no check speaks of.
//!
//! A golden is referred to by a file of the project that speaks of goldens at all and holds its name as a word.
//! A name that a program puts together is not found: whoever does that reads the report and refuses nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::cli::ask::Unreferenced;
use crate::config;
use crate::exit::{Code, say};
use crate::message::{Problem, named, safe};
use crate::output::reason;

/// Larger files are no tests and no scripts.
const LARGEST: u64 = 1 << 20;
/// Files of a project at most.
const FILES: usize = 200_000;
/// Directories that hold what others made: versions, builds, packages.
const FOREIGN: [&str; 3] = [".git", "target", "node_modules"];

/// Tells the goldens of this directory that nothing refers to, those checked right now aside; the code that
/// follows from it.
pub fn tell(place: &Place, checked: &[String], wish: Unreferenced) -> Result<Code, Problem> {
    let mut unknown: BTreeSet<String> = place.store.names().into_iter().collect();
    unknown.retain(|name| !checked.contains(name) && !checked.iter().any(|other| other == base(name)));
    if !unknown.is_empty() {
        let goldens = std::path::absolute(place.store.dir()).unwrap_or_else(|_| place.store.dir().to_owned());
        let mut project = Project { goldens: &goldens, unknown: &mut unknown, files: 0 };
        project.search(&root_of(&goldens)).map_err(|(path, error)| {
            Problem::usage(format!("cannot look for references in {}: {}", named(&path), reason(&error)))
        })?;
    }
    for name in &unknown {
        let path = named(&place.store.path(name));
        say(&safe(&format!("chic-trace: {path} is unreferenced: no test and no check speaks of {}", base(name))));
    }
    Ok(if wish == Unreferenced::Reject && !unknown.is_empty() { Code::FAILED } else { Code::OK })
}

/// The repository that holds the goldens, else where we are.
fn root_of(goldens: &Path) -> PathBuf {
    config::repository(goldens).map_or_else(|| std::env::current_dir().unwrap_or_else(|_| ".".into()), Path::to_owned)
}

/// `NAME` of `NAME@VARIANT`.
fn base(name: &str) -> &str {
    name.split_once('@').map_or(name, |(base, _)| base)
}

struct Project<'a> {
    goldens: &'a Path,
    /// Names that were not found so far.
    unknown: &'a mut BTreeSet<String>,
    files: usize,
}

impl Project<'_> {
    fn search(&mut self, dir: &Path) -> Result<(), (PathBuf, io::Error)> {
        let failed = |error| (dir.to_owned(), error);
        for entry in fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if self.unknown.is_empty() {
                return Ok(());
            }
            if kind.is_dir() {
                let foreign = FOREIGN.iter().any(|name| entry.file_name() == *name);
                if !foreign && path != self.goldens {
                    self.search(&path)?;
                }
            } else if kind.is_file() && entry.metadata().is_ok_and(|data| data.len() <= LARGEST) {
                self.files += 1;
                if self.files > FILES {
                    return Err((path, io::Error::other(format!("more than {FILES} files"))));
                }
                // What can't be read refers to nothing.
                self.read(&fs::read(&path).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn read(&mut self, text: &[u8]) {
        if !text.windows(6).any(|word| word.eq_ignore_ascii_case(b"golden")) {
            return;
        }
        let words: BTreeSet<&[u8]> = text.split(|byte| !is_of_name(*byte)).collect();
        self.unknown.retain(|name| !words.contains(name.as_bytes()) && !words.contains(base(name).as_bytes()));
    }
}

/// May this byte stand in the name of a golden?
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@')
}
