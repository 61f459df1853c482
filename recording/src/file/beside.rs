//! Beside: a file without a name of its own until it is ready to take one.
//!
//! In: the name it is to have, and a way to give an open file a name. Out: the file, under that name or
//! gone. Where the file system knows files without names (`O_TMPFILE`) nothing is left of a writer that
//! is killed before, whenever that happens. Elsewhere the file stands under a hidden name meanwhile.
//!
//! To replace a file the new one needs a name for the moment between two calls. It is always the same one
//! for the same file, so what a kill between the two leaves is cleared away by the next writer.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Gives an open file without a name this one, as linkat(2) does, for which the standard library has no
/// function. `AlreadyExists` when the name is taken; a link there is not followed.
pub type GiveName = fn(&File, &Path) -> io::Result<()>;

/// `O_TMPFILE` of open(2), which contains the architecture's `O_DIRECTORY`.
const O_TMPFILE: i32 = 0o20_000_000 | if cfg!(target_arch = "x86_64") { 0o200_000 } else { 0o40_000 };
/// `O_NOFOLLOW` of open(2).
const O_NOFOLLOW: i32 = if cfg!(target_arch = "x86_64") { 0o400_000 } else { 0o100_000 };
/// `O_NONBLOCK` of open(2), the same on every architecture we know.
pub const O_NONBLOCK: i32 = 0o4000;
/// `EOPNOTSUPP`: the file system can't.
const NO_SUCH_OPERATION: i32 = 95;
/// `EISDIR`: a kernel without `O_TMPFILE`.
const IS_A_DIRECTORY: i32 = 21;
/// Bytes of a file's name that its hidden one shows; names have at most 255 (`NAME_MAX`).
const SHOWN_OF_NAME: usize = 100;

/// See the module.
#[derive(Debug)]
pub struct Beside {
    file: File,
    to: PathBuf,
    /// The hidden name, while it has one.
    hidden: Option<PathBuf>,
    give_name: Option<GiveName>,
}

impl Beside {
    /// A new, empty file in the directory of `to`, locked. Without `give_name` it has a hidden name at once.
    ///
    /// # Errors
    /// When the directory takes no file.
    pub fn new(to: &Path, give_name: Option<GiveName>) -> io::Result<Beside> {
        match give_name.map(|_| nameless(to)) {
            Some(Ok(file)) => Ok(Beside::of(file, to, None, give_name)),
            Some(Err(error)) if !is_unknown_here(&error) => Err(error),
            _ => {
                let (hidden, file) = hidden_file(to)?;
                Ok(Beside::of(file, to, Some(hidden), give_name))
            }
        }
    }

    fn of(file: File, to: &Path, hidden: Option<PathBuf>, give_name: Option<GiveName>) -> Beside {
        // A file system without locks writes all the same.
        let _ = file.try_lock();
        Beside { file, to: to.to_path_buf(), hidden, give_name }
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Takes its name if nobody has it. The file is then to be had by [`Beside::into_file`].
    ///
    /// # Errors
    /// `AlreadyExists`, or what else the system says.
    pub fn take_free_name(&mut self) -> io::Result<()> {
        if self.hidden.is_none() {
            match self.named_as(&self.to) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => self.copy_to_hidden()?,
                done => return done,
            }
        }
        let Some(hidden) = &self.hidden else { return Ok(()) };
        match fs::hard_link(hidden, &self.to) {
            Ok(()) => {
                let _ = fs::remove_file(hidden);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // Not every file system has links.
            Err(_) => fs::rename(hidden, &self.to)?,
        }
        self.hidden = None;
        Ok(())
    }

    /// Takes its name from whoever has it.
    ///
    /// # Errors
    /// What the system says; then the other one is untouched.
    pub fn replace(&mut self) -> io::Result<()> {
        if self.hidden.is_none() {
            match self.give_hidden_name() {
                Ok(hidden) => self.hidden = Some(hidden),
                Err(_) => self.copy_to_hidden()?,
            }
        }
        if let Some(hidden) = &self.hidden {
            fs::rename(hidden, &self.to)?;
            self.hidden = None;
        }
        Ok(())
    }

    /// The file, to be written on. One that has not taken its name is gone.
    pub fn into_file(mut self) -> io::Result<File> {
        self.clear_away();
        self.file.try_clone()
    }

    fn named_as(&self, name: &Path) -> io::Result<()> {
        let give_name = self.give_name.ok_or(ErrorKind::Unsupported)?;
        give_name(&self.file, name)
    }

    fn give_hidden_name(&self) -> io::Result<PathBuf> {
        let mut refused = io::Error::from(ErrorKind::AlreadyExists);
        for name in hidden_names(&self.to) {
            match self.named_as(&name) {
                Ok(()) => return Ok(name),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    refused = error;
                    let free = is_left_behind(&name) && fs::remove_file(&name).is_ok();
                    if free && self.named_as(&name).is_ok() {
                        return Ok(name);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    /// Where a file without a name can't get one after all, a file with one takes what it holds.
    fn copy_to_hidden(&mut self) -> io::Result<()> {
        let (hidden, mut file) = hidden_file(&self.to)?;
        let copied = fill(&mut file, &self.file);
        let (to, give_name) = (self.to.clone(), self.give_name);
        *self = Beside::of(file, &to, Some(hidden), give_name);
        copied
    }

    fn clear_away(&mut self) {
        if let Some(hidden) = self.hidden.take() {
            let _ = fs::remove_file(hidden);
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.clear_away();
    }
}

/// Does the directory of `to` take a new file? Asked with one that never has a name where that is possible.
///
/// # Errors
/// Why not.
pub fn try_beside(to: &Path) -> io::Result<()> {
    match nameless(to) {
        Err(error) if is_unknown_here(&error) => hidden_file(to).and_then(|(hidden, _)| fs::remove_file(hidden)),
        tried => tried.map(drop),
    }
}

fn nameless(to: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(O_TMPFILE).open(directory_of(to))
}

/// Not every file system, and no old kernel, knows files without a name.
fn is_unknown_here(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(NO_SUCH_OPERATION | IS_A_DIRECTORY))
}

/// A new file with a hidden name that nobody else has, never through a link.
fn hidden_file(to: &Path) -> io::Result<(PathBuf, File)> {
    let mut refused = io::Error::from(ErrorKind::AlreadyExists);
    // The first name is for files that are locked before they get it.
    for name in hidden_names(to).skip(1) {
        match OpenOptions::new().read(true).write(true).create_new(true).open(&name) {
            Ok(file) => return Ok((name, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// `.run.ctrace.chic-trace`, and should somebody be there with `.PID.N` behind it.
fn hidden_names(to: &Path) -> impl Iterator<Item = PathBuf> {
    let name = to.file_name().unwrap_or(OsStr::new("output")).as_bytes();
    let shown = name.get(..name.len().min(SHOWN_OF_NAME)).unwrap_or_default();
    let usual = OsString::from_vec([b".", shown, b".chic-trace"].concat());
    let directory = directory_of(to).to_path_buf();
    let others = (0..100).map({
        let usual = usual.clone();
        move |n| {
            let mut name = usual.clone();
            name.push(format!(".{}.{n}", std::process::id()));
            name
        }
    });
    std::iter::once(usual).chain(others).map(move |name| directory.join(name))
}

/// Does a hidden name belong to a writer that is no more? A living one holds the lock of its file.
fn is_left_behind(name: &Path) -> bool {
    let opened = OpenOptions::new().write(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(name);
    let Ok(file) = opened else { return false };
    file.metadata().is_ok_and(|meta| meta.is_file())
        && !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
        && is_at(&file, name)
}

/// Is this the file that has the name now?
pub fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

fn fill(file: &mut File, from: &File) -> io::Result<()> {
    file.set_permissions(from.metadata()?.permissions())?;
    let mut from = from.try_clone()?;
    from.rewind()?;
    io::copy(&mut from, file).map(drop)
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
