//! The store: goldens and what waits to be accepted, as files of one directory.
//!
//! `NAME.golden` with its contents in `NAME.golden.d`; `NAME@x86_64-musl.golden` for a platform of its own;
//! `NAME.golden.new` (and `NAME.golden.new.d`) for one that waits. Files are written beside their name and then
//! renamed: whatever fails, what was there still stands.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::content::Contents;
use crate::golden::{BadContent, BadGolden, Golden, Limits, is_content_file};
use crate::model::Platform;
use crate::name::valid_name;

/// Bytes of a content that are kept beside a golden, unless it is said otherwise.
pub const KEPT: u64 = 4096;

/// The file that holds the entries of a fixture.
const LISTING: &str = "fixture.list";

/// A directory of goldens.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
    limits: Limits,
}

/// Why a golden can't be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none.
    #[error("there is no {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is no golden.
    #[error("{}:{bad}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        bad: BadGolden,
    },
    /// One of its content files is not what it says.
    #[error("{}: {bad}", path.display())]
    Content {
        /// The golden.
        path: PathBuf,
        /// What is wrong.
        bad: BadContent,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn io_error<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io { doing, path: path.to_owned(), source }
}

impl Store {
    /// The goldens of this directory, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Store {
        Store { dir: dir.into(), limits: Limits::default() }
    }

    /// The same, reading within other limits.
    pub fn within(self, limits: Limits) -> Store {
        Store { limits, ..self }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of a golden: of the platform's own variant where there is one, the most specific first.
    pub fn find(&self, name: &str, platform: &Platform) -> PathBuf {
        let Platform { arch, libc } = platform;
        let variants = [format!("{name}@{arch}-{libc}"), format!("{name}@{arch}"), format!("{name}@{libc}")];
        let paths = variants.iter().map(|variant| self.path(variant));
        paths.into_iter().find(|path| path.exists()).unwrap_or_else(|| self.path(name))
    }

    /// The file of a golden of exactly this name, `NAME` or `NAME@VARIANT`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.golden"))
    }

    /// Reads a golden and what is kept beside it.
    ///
    /// # Errors
    /// It is missing, unreadable, no golden, or its contents are others than it says.
    pub fn read(&self, path: &Path) -> Result<(Golden, Contents), StoreError> {
        let bytes = match read_at_most(path, self.limits.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { path: path.to_owned() });
            }
            Err(error) => return Err(io_error("read", path)(error)),
        };
        let golden =
            Golden::read(&bytes, &self.limits).map_err(|bad| StoreError::Bad { path: path.to_owned(), bad })?;
        let folder = folder(path);
        let mut failed = None;
        let contents = golden.contents_in(|file| {
            let path = folder.join(file);
            match read_at_most(&path, self.limits.file) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    failed.get_or_insert(io_error("read", &path)(error));
                    None
                }
            }
        });
        match failed {
            Some(error) => Err(error),
            None => Ok((golden, contents.map_err(|bad| StoreError::Content { path: path.to_owned(), bad })?)),
        }
    }

    /// Writes a golden to this file and its contents of at most `most` bytes beside it. What is there stands
    /// until the last moment.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, path: &Path, golden: &Golden, contents: &Contents, most: u64) -> Result<(), StoreError> {
        let dir = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(dir).map_err(io_error("make the directory", dir))?;
        let text = beside(path, golden.to_string().as_bytes()).map_err(io_error("write", path))?;
        let files = golden.kept_files(contents, most);
        let folder = folder(path);
        let written = empty_folder(&folder).and_then(|()| {
            if !files.is_empty() {
                fs::create_dir_all(&folder)?;
            }
            files.iter().try_for_each(|(name, bytes)| {
                let to = folder.join(name);
                beside(&to, bytes)?.take_its_place(&to)
            })
        });
        written.map_err(io_error("write", &folder))?;
        text.take_its_place(path).map_err(io_error("write", path))
    }

    /// Keeps the entries of a fixture beside its golden, so that a check can name what changed.
    ///
    /// # Errors
    /// The system's.
    pub fn keep_listing(&self, path: &Path, listing: Option<&str>) -> Result<(), StoreError> {
        let Some(listing) = listing else { return Ok(()) };
        let folder = folder(path);
        fs::create_dir_all(&folder).map_err(io_error("make the directory", &folder))?;
        let to = folder.join(LISTING);
        beside(&to, listing.as_bytes()).and_then(|file| file.take_its_place(&to)).map_err(io_error("write", &to))
    }

    /// The entries of the fixture that a golden was recorded with, where they were kept.
    pub fn listing(&self, path: &Path) -> Option<String> {
        let bytes = read_at_most(&folder(path).join(LISTING), self.limits.file).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// Names (`NAME`, `NAME@VARIANT`) of the goldens here, sorted.
    pub fn names(&self) -> Vec<String> {
        self.listed(".golden")
    }

    /// Names of those that wait to be accepted, sorted.
    pub fn waiting(&self) -> Vec<String> {
        self.listed(".golden.new")
    }

    fn listed(&self, ending: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let named = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(ending).map(str::to_owned);
        let mut names: Vec<String> = entries.filter_map(named).filter(|name| valid_full_name(name)).collect();
        names.sort();
        names
    }

    /// Puts what waits in the golden's place.
    ///
    /// # Errors
    /// Nothing waits, or the system's.
    pub fn accept(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        let waiting = waiting(&path);
        let (golden, contents) = self.read(&waiting)?;
        let listing = self.listing(&waiting);
        self.write(&path, &golden, &contents, u64::MAX)?;
        self.keep_listing(&path, listing.as_deref())?;
        self.reject(name)
    }

    /// Removes what waits; nothing may wait.
    ///
    /// # Errors
    /// The system's.
    pub fn reject(&self, name: &str) -> Result<(), StoreError> {
        self.reject_at(&self.path(name))
    }

    /// The same for what waits for this file.
    ///
    /// # Errors
    /// The system's.
    pub fn reject_at(&self, path: &Path) -> Result<(), StoreError> {
        let waiting = waiting(path);
        let folder = folder(&waiting);
        empty_folder(&folder).map_err(io_error("remove", &folder))?;
        match fs::remove_file(&waiting) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &waiting)(error)),
            _ => Ok(()),
        }
    }
}

/// `NAME`, or `NAME@VARIANT`.
pub fn valid_full_name(name: &str) -> bool {
    match name.split_once('@') {
        Some((name, variant)) => valid_name(name) && valid_name(variant) && !variant.contains('@'),
        None => valid_name(name),
    }
}

/// The file in which a candidate for this one waits.
pub fn waiting(golden: &Path) -> PathBuf {
    with_ending(golden, ".new")
}

/// The directory of contents of a golden.
pub fn folder(golden: &Path) -> PathBuf {
    with_ending(golden, ".d")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// No more than a golden may have: the parser says so of a longer one.
fn read_at_most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(File::open(path)?, (most as u64).saturating_add(1)), &mut bytes)?;
    Ok(bytes)
}

/// Removes content files, and the directory when nothing else is in it.
fn empty_folder(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_content_file) {
            fs::remove_file(entry.path())?;
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
        _ => Ok(()),
    }
}

/// A file under another name in the directory of the one that it is to be. Removed when it stays there.
struct Beside(Option<PathBuf>);

fn beside(path: &Path, bytes: &[u8]) -> io::Result<Beside> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or("golden");
    for attempt in 0.. {
        let own = dir.join(format!(".{name}.{}.{attempt}", std::process::id()));
        match File::options().write(true).create_new(true).open(&own) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => continue,
            Err(error) => return Err(error),
            Ok(mut file) => {
                let beside = Beside(Some(own));
                file.write_all(bytes)?;
                return Ok(beside);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

impl Beside {
    fn take_its_place(mut self, path: &Path) -> io::Result<()> {
        let Some(own) = self.0.take() else { return Ok(()) };
        fs::rename(&own, path).inspect_err(|_| drop(fs::remove_file(&own)))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(own) = self.0.take() {
            let _ = fs::remove_file(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    const TEXT: &str = "golden 1 level=outcome model=1 runs=3 platform=any\nargv x\nstdin null\nasserts 2 2\n\
        proc P exit=0 x\nend std stdout size=3 b3:";

    fn golden(output: &[u8]) -> (Golden, Contents) {
        let mut contents = Contents::default();
        let content = Content::known(output.to_vec());
        contents.keep(&content);
        let text = format!("{TEXT}{}\n", content.hash.expect("known"));
        (Golden::parse(&text).expect("a golden"), contents)
    }

    fn entries(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_waits_takes_the_place_of_the_golden_with_its_contents() {
        let room = tempfile::tempdir().expect("a directory");
        let store = Store::new(room.path().join("deep/goldens"));
        let path = store.path("cli");
        let (one, contents) = golden(b"one");
        store.write(&path, &one, &contents, KEPT).expect("written");
        fs::write(folder(&path).join("counters.json"), "{}").expect("written");
        let (two, contents) = golden(b"two");
        store.write(&waiting(&path), &two, &contents, KEPT).expect("written");
        assert_eq!((store.names(), store.waiting()), (vec!["cli".to_owned()], vec!["cli".to_owned()]));

        store.accept("cli").expect("accepted");
        let (read, contents) = store.read(&path).expect("a golden");
        assert_eq!(read, two);
        assert_eq!(contents.get(crate::content::Hash::of(b"two")).map(|bytes| bytes.to_vec()), Some(b"two".to_vec()));
        assert_eq!(fs::read(folder(&path).join("std.stdout")).ok(), Some(b"two".to_vec()));
        assert!(folder(&path).join("counters.json").exists(), "a file of others was removed");
        assert_eq!(entries(store.dir()), ["cli.golden", "cli.golden.d"]);

        store.write(&waiting(&path), &one, &Contents::default(), KEPT).expect("written");
        store.reject("cli").expect("rejected");
        store.reject("cli").expect("nothing waits, which is what was wanted");
        assert_eq!(entries(store.dir()), ["cli.golden", "cli.golden.d"]);
        assert!(matches!(store.accept("cli"), Err(StoreError::Missing { .. })));
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let room = tempfile::tempdir().expect("a directory");
        let store = Store::new(room.path());
        let path = store.path("cli");
        let (one, contents) = golden(b"one");
        store.write(&path, &one, &contents, KEPT).expect("written");
        // A directory stands where the file of contents should go.
        fs::remove_file(folder(&path).join("std.stdout")).expect("removed");
        fs::create_dir(folder(&path).join("std.stdout")).expect("made");
        let (two, contents) = golden(b"two");
        let error = store.write(&path, &two, &contents, KEPT).expect_err("in the way").to_string();
        assert!(error.starts_with("cannot write ") && error.contains("cli.golden.d"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("readable"), one.to_string());
        assert_eq!(entries(store.dir()), ["cli.golden", "cli.golden.d"], "nothing is left over");
    }

    #[test]
    fn a_bad_golden_is_told_by_path_and_line_and_so_is_a_changed_content() {
        let room = tempfile::tempdir().expect("a directory");
        let store = Store::new(room.path());
        let path = store.path("ls");
        fs::write(&path, format!("{TEXT}\n")).expect("written");
        let error = store.read(&path).expect_err("no golden").to_string();
        assert!(error.ends_with("ls.golden:6: \"b3:\" is no hash: b3: and 32 digits 0-9a-f, or b3:*"), "{error}");
        let (one, contents) = golden(b"one");
        store.write(&path, &one, &contents, KEPT).expect("written");
        fs::write(folder(&path).join("std.stdout"), "two").expect("written");
        let error = store.read(&path).expect_err("changed").to_string();
        assert!(error.contains("ls.golden: std.stdout does not hold what the golden says"), "{error}");
        fs::remove_file(folder(&path).join("std.stdout")).expect("removed");
        assert!(store.read(&path).is_ok(), "a missing content only shortens findings");
    }

    #[test]
    fn the_most_specific_variant_wins() {
        let room = tempfile::tempdir().expect("a directory");
        let store = Store::new(room.path());
        let here = Platform { arch: "x86_64".into(), libc: "musl".into() };
        assert_eq!(store.find("a", &here), store.path("a"));
        for variant in ["a@musl", "a@x86_64", "a@x86_64-musl"] {
            fs::write(store.path(variant), "").expect("written");
            assert_eq!(store.find("a", &here), store.path(variant));
        }
        let there = Platform { arch: "aarch64".into(), libc: "glibc".into() };
        assert_eq!(store.find("a", &there), store.path("a"));
        for (name, valid) in [("a@b-c", true), ("a@", false), ("@a", false), ("a@b@c", false), ("a@../b", false)] {
            assert_eq!(valid_full_name(name), valid, "{name}");
        }
    }
}
