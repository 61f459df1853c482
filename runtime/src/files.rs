//! Where the documents go, and how they get there whole.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Names of the three files.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    pub perf: PathBuf,
    pub summary: PathBuf,
    pub folded: PathBuf,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum Error {
    /// The name is one that a document of another kind would have.
    Name(PathBuf),
    /// A file could not be made.
    Open(PathBuf, io::Error),
    /// A file could not be filled or given its name.
    Write(PathBuf, io::Error),
    /// No memory to write from.
    Memory,
    /// The thread was writing, or ending, when a signal handler asked for it.
    Busy,
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        match self {
            Error::Name(path) => write!(
                f,
                "cannot write perf.json to `{}`: the name is that of another document; give one that ends in .json",
                path.display().to_string().escape_debug()
            ),
            Error::Open(path, error) => {
                write!(f, "cannot make {}: {error}", path.display().to_string().escape_debug())
            }
            Error::Write(path, error) => {
                write!(f, "cannot write {}: {error}", path.display().to_string().escape_debug())
            }
            Error::Memory => write!(f, "cannot write perf.json: no memory"),
            Error::Busy => write!(f, "cannot write perf.json: the thread is in the midst of it"),
        }
    }
}

fn with(name: &OsStr, end: &str) -> OsString {
    let mut whole = name.to_owned();
    whole.push(end);
    whole
}

impl Names {
    /// The names that a given path means. A forked child's have its process id in them.
    ///
    /// # Errors
    /// [`Error::Name`]: it ends in `.summary.json`, `.folded`, `.svg`, or is `-`.
    pub fn of(path: &Path, pid: Option<u32>) -> Result<Names, Error> {
        let bytes = path.as_os_str().as_bytes();
        let is_other = [".summary.json", ".folded", ".svg"].iter().any(|end| bytes.ends_with(end.as_bytes()));
        if is_other || bytes == b"-" || bytes.is_empty() {
            return Err(Error::Name(path.to_owned()));
        }
        if bytes.ends_with(b"/") || path.is_dir() {
            return Names::of(&path.join("perf.json"), pid);
        }
        let pid = pid.map_or(String::new(), |pid| format!(".{pid}"));
        let (stem, end) = match bytes.strip_suffix(b".json") {
            Some(stem) => (with(OsStr::from_bytes(stem), &pid), ".json"),
            None => (with(path.as_os_str(), &pid), ""),
        };
        Ok(Names {
            perf: with(&stem, end).into(),
            summary: with(&stem, ".summary.json").into(),
            folded: with(&stem, ".folded").into(),
        })
    }
}

/// Writes a file under another name first, so that it is never seen half.
///
/// # Errors
/// [`Error::Open`], [`Error::Write`]; nothing is left behind then.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    let temporary = PathBuf::from(with(path.as_os_str(), &format!(".{}.part", std::process::id())));
    let mut file = File::create(&temporary).map_err(|error| Error::Open(path.to_owned(), error))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // What can't be taken away stays; the error that is told is the first one.
        let _ = fs::remove_file(&temporary);
        Error::Write(path.to_owned(), error)
    })
}

/// Whether two names are one file.
pub fn are_same(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    match (identity(a), identity(b)) {
        (Some(a), Some(b)) => a == b,
        _ => canonical(a) == canonical(b),
    }
}

/// The name with its folder made canonical; the file need not exist.
fn canonical(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}

/// A path from bytes of a caller; a NUL behind it is none of it.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec()).into()
}
