//! Where goldens lie and whether they may be written: names, directories, CI.

use std::path::{Path, PathBuf};

use assertions::Configuration;
use goldens::{Contents, Golden, Limits, Store, StoreError, folder, valid_full_name, waiting};

use crate::cli::ask::GoldenPlace;
use crate::config;
use crate::exit::Code;
use crate::message::{Problem, named};

/// What may be written when something is different or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// A golden that waits to be accepted.
    New,
    /// Nothing.
    No,
    /// New names at once, others wait.
    Unseen,
    /// All at once.
    Overwrite,
}

/// The store, and the rules of writing into it.
pub struct Place {
    /// The goldens.
    pub store: Store,
    /// What may be written.
    pub writing: Writing,
}

/// Goldens that only say what CI found.
const ARTEFACTS: &str = "target/chic-trace";

impl Place {
    /// By flags, renacer.toml and the environment.
    pub fn of(ask: &GoldenPlace, configuration: Option<&Configuration>) -> Result<Place, Problem> {
        let dir = config::golden_dir(ask.dir.as_deref(), configuration).value;
        let limits =
            ask.most.map_or_else(Limits::default, |most| Limits::of_file(usize::try_from(most).unwrap_or(usize::MAX)));
        let writing = match config::golden_writing()?.value.as_str() {
            "no" => Writing::No,
            "unseen" => Writing::Unseen,
            "overwrite" => Writing::Overwrite,
            _ => Writing::New,
        };
        // A flag is a path of any bytes, a setting is text.
        let dir = ask.dir.clone().unwrap_or_else(|| PathBuf::from(dir));
        Ok(Place { store: Store::new(dir).within(limits), writing })
    }

    /// Reads the golden of this name for the platform at hand.
    pub fn read(&self, name: &str) -> Result<(PathBuf, Golden, Contents), Problem> {
        let path = self.find(name)?;
        let (golden, contents) = self.store.read(&path).map_err(|error| unreadable(&error))?;
        Ok((path, golden, contents))
    }

    /// The file of this name for the platform at hand.
    pub fn find(&self, name: &str) -> Result<PathBuf, Problem> {
        valid(name)?;
        Ok(if name.contains('@') { self.store.path(name) } else { self.store.find(name, &crate::platform::here()) })
    }

    /// There is no golden of this name: what to do.
    pub fn missing(&self, name: &str, path: &Path, command: &str) -> Problem {
        let mut problem =
            Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot check {name}: there is no {}", named(path)));
        let names = self.store.names();
        if let Some(near) = syscalls::nearest(name, names.iter().map(String::as_str)) {
            problem = problem.hint(format!("the nearest is {near}"));
        }
        problem.hint(format!("chic-trace golden record {name} -- {command}"))
    }

    /// Writes what was learned where it has to wait; where it must not be written at all, as an artefact of CI.
    /// `None`: nowhere.
    pub fn keep_waiting(
        &self,
        path: &Path,
        golden: &Golden,
        contents: &Contents,
        most: u64,
    ) -> Result<Option<PathBuf>, Problem> {
        let to = match self.writing {
            Writing::No if !config::in_ci() => return Ok(None),
            Writing::No => {
                let name = waiting(path).file_name().map(PathBuf::from).unwrap_or_default();
                Path::new(ARTEFACTS).join(name)
            }
            _ => waiting(path),
        };
        self.store.write(&to, golden, contents, most).map_err(|error| unwritten(&error))?;
        Ok(Some(to))
    }
}

/// Refused in CI: the goldens of a repository are changed by people.
pub fn not_in_ci(what: &str) -> Result<(), Problem> {
    if !config::in_ci() {
        return Ok(());
    }
    Err(Problem::usage(format!("cannot {what}: goldens are never changed in CI"))
        .hint("CI or TF_BUILD is set; do it where you work, and commit the golden"))
}

/// A name, or a name with a variant.
pub fn valid(name: &str) -> Result<(), Problem> {
    if valid_full_name(name) {
        return Ok(());
    }
    Err(Problem::usage(format!("cannot take {name:?} as the name of a golden"))
        .hint("1 to 128 of letters, digits, dot, underscore and dash; no dot in front; NAME@VARIANT for a platform"))
}

/// A golden that can't be read.
pub fn unreadable(error: &StoreError) -> Problem {
    match error {
        StoreError::Missing { .. } => Problem::new(Code::NOTHING_TO_JUDGE, format!("cannot go on: {error}")),
        StoreError::Content { path, .. } => Problem::usage(format!("cannot read {error}"))
            .hint(format!("nothing was changed; restore the files of {}", named(&folder(path)))),
        _ => Problem::usage(format!("cannot read {error}").replace("cannot read cannot read", "cannot read"))
            .hint("nothing was changed"),
    }
}

/// A golden that can't be written.
pub fn unwritten(error: &StoreError) -> Problem {
    Problem::usage(error.to_string()).hint("what was there still stands")
}
