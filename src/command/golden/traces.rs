//! `[golden_traces]` of renacer.toml: documents that stand for goldens until those are recorded.

use std::path::{Path, PathBuf};

use assertions::{Configuration, Trace};
use goldens::document::{NotImported, import};
use goldens::{Learned, Level, Options};
use recording::document::{self, Brought};

use crate::brought::{self, File};
use crate::exit::Code;
use crate::message::{Problem, named};

/// The traces that a file names, and where they lie.
pub struct Traces<'c> {
    listed: &'c [Trace],
    name: &'c str,
    dir: Option<&'c Path>,
    warnings: &'c [String],
}

impl<'c> Traces<'c> {
    /// Of this file.
    pub fn of(configuration: Option<&'c Configuration>) -> Traces<'c> {
        Traces {
            listed: configuration.map(|all| all.traces.as_slice()).unwrap_or_default(),
            name: configuration.map_or("", |all| &all.name),
            warnings: configuration.map(|all| all.warnings.as_slice()).unwrap_or_default(),
            dir: configuration.and_then(|all| all.get("golden_traces.directory")).map(Path::new),
        }
    }

    /// What of them has no effect.
    pub fn warnings(&self) -> impl Iterator<Item = &'c str> {
        self.warnings.iter().map(String::as_str).filter(|warning| warning.contains("max_deviation_percent"))
    }

    /// Their names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &'c str> {
        self.listed.iter().map(|trace| trace.name.as_str())
    }

    /// The file of this name: as it is named, else below the directory.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let trace = self.listed.iter().find(|trace| trace.name == name)?;
        let below = self.dir.map(|dir| dir.join(&trace.file)).filter(|path| path.exists());
        let plain = PathBuf::from(&trace.file);
        Some(if plain.exists() { plain } else { below.unwrap_or(plain) })
    }

    /// What the document of this name tells, as a golden of its outcome: it was chosen by name, so that it may assert
    /// little.
    pub fn golden(&self, name: &str, reading: &document::Options) -> Result<Option<Learned>, Problem> {
        let Some(path) = self.path(name) else { return Ok(None) };
        let line = self.listed.iter().find(|trace| trace.name == name).map_or(0, |trace| trace.line);
        let named_here = |problem: Problem| problem.hint(format!("{}:{line} names it", self.name));
        if !path.exists() {
            let what = format!("cannot check {name}: there is no {}", named(&path));
            return Err(named_here(Problem::new(Code::NOTHING_TO_JUDGE, what)));
        }
        let File::Bytes(bytes) = brought::open(&path, reading).map_err(named_here)? else {
            let what = format!("cannot check {name}: {} is a recording, a trace is a document", named(&path));
            return Err(named_here(
                Problem::usage(what).hint(format!("chic-trace golden import {} --single", named(&path))),
            ));
        };
        let Brought::Document(document) = brought::read(&path, &bytes, reading).map_err(named_here)? else {
            let what = format!("cannot check {name}: {} is a table of counts", named(&path));
            return Err(named_here(Problem::usage(what)));
        };
        let options = Options { accept_loose: true, ..Options::at(Level::Outcome) };
        let imported = import(&document, &options).map_err(|why| {
            let what = format!("cannot check {name} by {}: {why}", named(&path));
            named_here(match why {
                NotImported::Incomplete(_) | NotImported::Empty => Problem::new(Code::NOTHING_TO_JUDGE, what),
                NotImported::TooLoose { .. } | NotImported::Refused(_) => Problem::new(Code::FAILED, what),
            })
        })?;
        Ok(Some(imported.learned))
    }
}
