//! Names of the files of the family, by the name that was given for it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The document.
    pub document: PathBuf,
    /// Its summary alone.
    pub summary: PathBuf,
    /// The stacks.
    pub folded: PathBuf,
    /// The picture.
    pub picture: PathBuf,
}

/// A name that is one of a sibling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it ends in {ending}: that is the name of a file beside the document")]
pub struct BadPath {
    /// What it ends in.
    pub ending: &'static str,
}

impl Paths {
    /// By the name of the document: a directory holds `perf.json`; `.json` is taken off before the siblings get theirs,
    /// anything else stays.
    pub fn of(given: &Path) -> Result<Self, BadPath> {
        let text = given.as_os_str().as_bytes();
        if text == b"-" {
            return Err(BadPath { ending: "-" });
        }
        let siblings = [".summary.json", ".folded", ".svg"];
        if let Some(ending) = siblings.into_iter().find(|ending| text.ends_with(ending.as_bytes())) {
            return Err(BadPath { ending });
        }
        let document = if text.ends_with(b"/") || given.is_dir() { given.join("perf.json") } else { given.to_owned() };
        Ok(Paths::beside(document))
    }

    /// The siblings of a document.
    pub fn beside(document: PathBuf) -> Self {
        let text = document.as_os_str().as_bytes();
        let stem = text.strip_suffix(b".json").unwrap_or(text);
        let named = |ending: &str| PathBuf::from(OsString::from_vec([stem, ending.as_bytes()].concat()));
        let (summary, folded, picture) = (named(".summary.json"), named(".folded"), named(".svg"));
        Paths { document, summary, folded, picture }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_are_named_after_the_document() {
        let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let inside = dir.path().join("perf.json");
        let rows = [
            ("a/perf.json", "a/perf.json", "a/perf.summary.json", "a/perf.folded"),
            ("a/run1", "a/run1", "a/run1.summary.json", "a/run1.folded"),
            ("my.run", "my.run", "my.run.summary.json", "my.run.folded"),
            ("b/", "b/perf.json", "b/perf.summary.json", "b/perf.folded"),
        ];
        for (given, document, summary, folded) in rows {
            let paths = Paths::of(Path::new(given)).unwrap_or_else(|error| panic!("{given}: {error}"));
            assert_eq!(paths.document, Path::new(document));
            assert_eq!(paths.summary, Path::new(summary));
            assert_eq!(paths.folded, Path::new(folded));
        }
        assert_eq!(Paths::of(dir.path()).map(|paths| paths.document), Ok(inside));
        for bad in ["-", "x.svg", "a/x.folded", "perf.summary.json"] {
            assert!(Paths::of(Path::new(bad)).is_err(), "{bad} was taken");
        }
    }
}
