//! Fixtures: the files that a run finds, a fresh copy for each, and the hash that tells whether they changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use goldens::{Hash, Value};

use crate::message::{Problem, named};
use crate::output::reason;

/// 2000-01-01T00:00:00Z, seconds: what every file of a copy says when it was changed. Archives and listings
/// would carry the time of the copy otherwise.
const MTIME: u64 = 946_684_800;
/// Entries of a fixture at most.
const ENTRIES_MOST: usize = 1_000_000;

/// What a run finds in its working directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fixture {
    /// Whatever is there: the runs happen in place, one after the other.
    InPlace,
    /// Nothing.
    Empty,
    /// A copy of this directory.
    Copy(PathBuf),
}

impl Fixture {
    /// As `--fixture` gives it.
    pub fn of(word: Option<&Path>) -> Fixture {
        match word {
            None => Fixture::InPlace,
            Some(dir) if dir.as_os_str() == "-" => Fixture::Empty,
            Some(dir) => Fixture::Copy(dir.to_owned()),
        }
    }

    /// Its entries; `None` for runs in place.
    pub fn listing(&self) -> Result<Option<Listing>, Problem> {
        match self {
            Fixture::InPlace => Ok(None),
            Fixture::Empty => Ok(Some(Listing::default())),
            Fixture::Copy(dir) => Listing::of(dir).map(Some),
        }
    }

    /// Makes a fresh copy in this directory, which is empty.
    pub fn fill(&self, into: &Path) -> Result<(), Problem> {
        if let Fixture::Copy(dir) = self {
            copy(dir, into).map_err(|(path, error)| cannot_copy(&path, &error))?;
        }
        set_times(into).map_err(|(path, error)| cannot_copy(&path, &error))
    }
}

fn cannot_copy(path: &Path, error: &io::Error) -> Problem {
    Problem::usage(format!("cannot copy {} of the fixture: {}", named(path), reason(error)))
}

/// The entries of a fixture: one line each, `kind mode size b3 path`, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<String, String>);

impl Listing {
    fn of(dir: &Path) -> Result<Listing, Problem> {
        let mut lines = BTreeMap::new();
        list(dir, dir, &mut lines).map_err(|(path, error)| {
            Problem::usage(format!("cannot read the fixture {}: {}: {}", named(dir), named(&path), reason(&error)))
        })?;
        Ok(Listing(lines))
    }

    /// As a file that is kept beside the golden.
    pub fn text(&self) -> String {
        self.0.iter().map(|(path, line)| format!("{line} {path}\n")).collect()
    }

    /// What is stored in the golden.
    pub fn hash(&self) -> Hash {
        Hash::of(self.text().as_bytes())
    }

    /// What another listing, as it was kept, has otherwise: at most five paths.
    pub fn differs(&self, kept: &str) -> Vec<String> {
        let kept: BTreeMap<&str, &str> =
            kept.lines().filter_map(|line| line.rsplit_once(' ')).map(|(l, p)| (p, l)).collect();
        let changed = self.0.iter().filter_map(|(path, line)| match kept.get(path.as_str()) {
            None => Some(format!("{path} is new")),
            Some(old) if old != line => Some(format!("{path} is changed")),
            Some(_) => None,
        });
        let gone = kept.keys().filter(|path| !self.0.contains_key(**path)).map(|path| format!("{path} is gone"));
        changed.chain(gone).take(5).collect()
    }
}

type Failed = (PathBuf, io::Error);

fn at(path: &Path) -> impl FnOnce(io::Error) -> Failed + '_ {
    move |error| (path.to_owned(), error)
}

fn entries(dir: &Path) -> Result<Vec<(OsString, PathBuf)>, Failed> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let entry = entry.map_err(at(dir))?;
        entries.push((entry.file_name(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

fn list(root: &Path, dir: &Path, lines: &mut BTreeMap<String, String>) -> Result<(), Failed> {
    for (_, path) in entries(dir)? {
        if lines.len() >= ENTRIES_MOST {
            return Err((path, io::Error::other(format!("more than {ENTRIES_MOST} entries"))));
        }
        let data = fs::symlink_metadata(&path).map_err(at(&path))?;
        let mode = data.permissions().mode() & 0o7777;
        let name = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_bytes();
        let line = if data.is_dir() {
            list(root, &path, lines)?;
            format!("dir {mode:04o} - -")
        } else if data.is_symlink() {
            let target = fs::read_link(&path).map_err(at(&path))?;
            format!("symlink - - {}", Hash::of(target.as_os_str().as_bytes()))
        } else if data.is_file() {
            let bytes = fs::read(&path).map_err(at(&path))?;
            format!("file {mode:04o} {} {}", bytes.len(), Hash::of(&bytes))
        } else {
            return Err((path, io::Error::other("it is neither a file, a directory nor a symbolic link")));
        };
        lines.insert(Value::literal(name).to_string(), line);
    }
    Ok(())
}

/// Copies what is in a directory: contents, modes, links.
fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    for (name, path) in entries(from)? {
        let copied = to.join(name);
        let data = fs::symlink_metadata(&path).map_err(at(&path))?;
        if data.is_symlink() {
            let target = fs::read_link(&path).map_err(at(&path))?;
            symlink(target, &copied).map_err(at(&copied))?;
        } else if data.is_dir() {
            fs::create_dir(&copied).map_err(at(&copied))?;
            copy(&path, &copied)?;
            fs::set_permissions(&copied, data.permissions()).map_err(at(&copied))?;
        } else {
            fs::copy(&path, &copied).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Sets the times of everything, what is inside before what holds it.
fn set_times(dir: &Path) -> Result<(), Failed> {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(MTIME);
    let times = FileTimes::new().set_accessed(then).set_modified(then);
    let mut links = Vec::new();
    for (_, path) in entries(dir)? {
        let data = fs::symlink_metadata(&path).map_err(at(&path))?;
        if data.is_symlink() {
            links.push(path);
        } else if data.is_dir() {
            set_times(&path)?;
        } else {
            set_time_of_file(&path, &data, times).map_err(at(&path))?;
        }
    }
    set_times_of_links(&links);
    File::open(dir).and_then(|dir| dir.set_times(times)).map_err(at(dir))
}

/// A file that its owner may neither read nor write is opened all the same, for a moment.
fn set_time_of_file(path: &Path, data: &fs::Metadata, times: FileTimes) -> io::Result<()> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            let set = File::open(path).and_then(|file| file.set_times(times));
            fs::set_permissions(path, data.permissions())?;
            set
        }
        file => file?.set_times(times),
    }
}

/// The language has no call for the times of a link itself. Where touch(1) is missing they stay.
fn set_times_of_links(links: &[PathBuf]) {
    for some in links.chunks(500) {
        let mut touch = Command::new("touch");
        touch.arg("-h").arg("-d").arg(format!("@{MTIME}")).arg("--").args(some);
        let _ = touch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        let file = |name: &str, bytes: &[u8], mode: u32| {
            fs::write(dir.path().join(name), bytes).expect("written");
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).expect("set");
        };
        file("conf", "key=value\n".repeat(40).as_bytes(), 0o644);
        file("data", &[b'x'; 100], 0o644);
        fs::create_dir(dir.path().join("exists")).expect("made");
        fs::set_permissions(dir.path().join("exists"), fs::Permissions::from_mode(0o755)).expect("set");
        dir
    }

    #[test]
    fn a_listing_has_a_line_for_each_entry_and_tells_what_differs() {
        let dir = tree();
        let listing = Listing::of(dir.path()).expect("a listing");
        let text = listing.text();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("file 0644 400 f4f0961587a1bef20e565ca1d3df7b01 conf"));
        assert!(lines.next().is_some_and(|line| line.starts_with("file 0644 100 ") && line.ends_with(" data")));
        assert_eq!(lines.next(), Some("dir 0755 - - exists"));
        fs::write(dir.path().join("conf"), "other").expect("written");
        fs::write(dir.path().join("a b"), "new").expect("written");
        fs::remove_file(dir.path().join("data")).expect("removed");
        let now = Listing::of(dir.path()).expect("a listing");
        assert_ne!(now.hash(), listing.hash());
        assert_eq!(now.differs(&text), ["a%20b is new", "conf is changed", "data is gone"]);
        assert_eq!(Listing::default().hash(), Hash::of(b""));
        let published = "file 0644 400 f4f0961587a1bef20e565ca1d3df7b01 conf\n\
            file 0644 100 2caf4e0114b6034350bf2947d79fca66 data\ndir 0755 - - exists\n";
        assert_eq!(Hash::of(published.as_bytes()).to_string(), "2b3ee0544f74f20c9fc26507df0b174a");
    }

    #[test]
    fn a_copy_is_the_same_and_older_than_everything() {
        let dir = tree();
        symlink("conf", dir.path().join("link")).expect("linked");
        fs::write(dir.path().join("exists/secret"), "s").expect("written");
        fs::set_permissions(dir.path().join("exists/secret"), fs::Permissions::from_mode(0o000)).expect("set");
        let copied = tempfile::tempdir().expect("a directory");
        let fixture = Fixture::of(Some(dir.path()));
        let readable = fs::read(dir.path().join("exists/secret")).is_ok();
        if !readable {
            fs::set_permissions(dir.path().join("exists/secret"), fs::Permissions::from_mode(0o400)).expect("set");
        }
        fixture.fill(copied.path()).expect("copied");
        assert_eq!(Listing::of(copied.path()).expect("a listing"), Listing::of(dir.path()).expect("a listing"));
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(MTIME);
        for name in ["", "conf", "exists", "exists/secret"] {
            let modified = fs::symlink_metadata(copied.path().join(name)).and_then(|data| data.modified());
            assert_eq!(modified.expect("a time"), then, "{name}");
        }
    }

    #[test]
    fn a_fixture_that_is_not_there_is_told() {
        let problem = Fixture::Copy("nowhere/at/all".into()).listing().expect_err("missing");
        assert!(problem.to_string().contains("cannot read the fixture nowhere/at/all"), "{problem}");
    }
}
