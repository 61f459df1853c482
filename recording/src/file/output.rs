//! Output: where the blocks go, whole ones only.
//!
//! A regular file is written under a temporary name beside its own, locked, and takes its name when
//! the first block is in it; what stood there before is kept until then. FIFOs and devices are
//! written directly. The lock says that somebody records: a second writer is refused, and a reader
//! that follows knows when nobody writes any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a FIFO may be without a reader.
const READER_MAY_COME: Duration = Duration::from_secs(5);
/// `O_NONBLOCK` of open(2), the same on every architecture we know.
const O_NONBLOCK: i32 = 0o4000;
/// `O_TMPFILE` of open(2), which contains the architecture's `O_DIRECTORY`.
const O_TMPFILE: i32 = 0o20_000_000 | if cfg!(target_arch = "x86_64") { 0o200_000 } else { 0o40_000 };
/// `EOPNOTSUPP`: the file system can't.
const NO_SUCH_OPERATION: i32 = 95;
/// `EISDIR`: a kernel without `O_TMPFILE`.
const IS_A_DIRECTORY: i32 = 21;
/// Symbolic links followed when none of them leads to a file yet.
const MAX_LINKS: usize = 40;

/// Where blocks go.
pub enum Output {
    /// A regular file.
    File(FileOutput),
    /// A FIFO, a device, or a stream handed over.
    Stream(Box<dyn Write + Send>),
}

/// A regular file.
pub struct FileOutput {
    to: PathBuf,
    /// What has the name now, locked by us.
    replaces: Option<File>,
    /// Is that one emptied and written, because its directory takes no new files?
    in_place: bool,
    /// `None` before the first block.
    file: Option<File>,
    /// Where whole blocks end.
    end: u64,
}

impl Output {
    /// Prepares the path; nothing that exists is changed yet.
    pub fn create(path: &Path) -> io::Result<Output> {
        let to = followed(path)?;
        match fs::metadata(&to) {
            Ok(meta) if meta.is_file() => FileOutput::beside(&to, Some(existing(&to)?)).map(Output::File),
            Ok(meta) if meta.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(meta) if meta.file_type().is_fifo() => Ok(Output::Stream(Box::new(open_fifo(&to)?))),
            Ok(_) => Ok(Output::Stream(Box::new(OpenOptions::new().write(true).open(&to)?))),
            Err(error) if error.kind() == ErrorKind::NotFound => FileOutput::beside(&to, None).map(Output::File),
            Err(error) => Err(error),
        }
    }

    /// Writes whole blocks. After an error the file ends with the last whole block before these.
    pub fn put(&mut self, blocks: &[u8]) -> io::Result<()> {
        match self {
            Output::Stream(stream) => write_all(stream, blocks).and_then(|()| stream.flush()),
            Output::File(file) => file.put(blocks),
        }
    }
}

impl FileOutput {
    /// Nothing is made yet, only tried: a writer that is killed before its first block leaves nothing.
    fn beside(to: &Path, replaces: Option<File>) -> io::Result<FileOutput> {
        let in_place = match try_a_file_beside(to) {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::PermissionDenied && replaces.is_some() => true,
            Err(error) => return Err(error),
        };
        Ok(FileOutput { to: to.to_path_buf(), replaces, in_place, file: None, end: 0 })
    }

    fn put(&mut self, blocks: &[u8]) -> io::Result<()> {
        match &mut self.file {
            None => self.file = Some(self.begin(blocks)?),
            Some(file) => {
                if let Err(error) = write_all(file, blocks) {
                    // The position stays beyond the end; nobody writes after an error.
                    let _ = file.set_len(self.end);
                    return Err(error);
                }
            }
        }
        self.end += blocks.len() as u64;
        Ok(())
    }

    /// The file with its first block.
    fn begin(&mut self, first: &[u8]) -> io::Result<File> {
        if self.in_place
            && let Some(mut file) = self.replaces.take()
        {
            file.set_len(0)?;
            write_all(&mut file, first)?;
            return Ok(file);
        }
        let (temporary, mut file) = temporary_beside(&self.to)?;
        // A file system without locks records all the same.
        let _ = file.try_lock();
        self.keep_mode(&file);
        let done = write_all(&mut file, first).and_then(|()| self.take_the_name(&temporary));
        if done.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        done.map(|()| file)
    }

    /// A file that is replaced keeps its permissions.
    fn keep_mode(&self, file: &File) {
        if let Some(Ok(meta)) = self.replaces.as_ref().map(File::metadata) {
            let _ = file.set_permissions(meta.permissions());
        }
    }

    fn take_the_name(&mut self, temporary: &Path) -> io::Result<()> {
        match self.replaces.take() {
            Some(old) if still_there(&old, &self.to) => fs::rename(temporary, &self.to),
            Some(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "somebody else replaced it just now")),
            None => link_or_rename(temporary, &self.to),
        }
    }
}

/// Gives a new file its name unless somebody else was quicker and still records.
fn link_or_rename(temporary: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, to) {
        Ok(()) => {
            let _ = fs::remove_file(temporary);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let _lock = existing(to)?;
            fs::rename(temporary, to)
        }
        // Not every file system has links.
        Err(_) => fs::rename(temporary, to),
    }
}

/// Opens a file that is to be replaced, locked, so that two can't replace it at once.
fn existing(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(ErrorKind::ResourceBusy, "another process is recording into it"))
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

/// The file a path leads to. Links that the user named are followed, also to what does not exist yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        // /dev/stdout and the like lead to pipes, whose real path is no path.
        return Ok(if real.exists() { real } else { path.to_path_buf() });
    }
    let mut at = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&at) {
            Ok(target) => at = at.parent().map_or(target.clone(), |parent| parent.join(&target)),
            Err(_) => return Ok(at),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Does the directory take a new file? Asked with one that never has a name, so that nothing is left
/// of it however we end.
fn try_a_file_beside(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).custom_flags(O_TMPFILE).open(directory_of(path)) {
        // Not every file system knows files without a name.
        Err(error) if matches!(error.raw_os_error(), Some(NO_SUCH_OPERATION | IS_A_DIRECTORY)) => {
            temporary_beside(path).and_then(|(temporary, _)| fs::remove_file(temporary))
        }
        tried => tried.map(drop),
    }
}

/// A new file in the same directory that nobody else has, never through a link.
fn temporary_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let directory = directory_of(path);
    let mut refused = io::Error::from(ErrorKind::AlreadyExists);
    for attempt in 0..100 {
        let path = directory.join(format!(".chic-trace.{}.{attempt}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// Opens a FIFO for writing without sleeping in open for ever.
fn open_fifo(path: &Path) -> io::Result<File> {
    let since = Instant::now();
    loop {
        // Succeeds only when there is a reader, and keeps it while the blocking descriptor is opened.
        let probe = OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(path);
        match probe {
            Ok(_probe) => return OpenOptions::new().write(true).open(path),
            Err(error) if error.raw_os_error() == Some(NO_READER) => {
                if since.elapsed() >= READER_MAY_COME {
                    return Err(io::Error::new(ErrorKind::TimedOut, "nobody opened the FIFO for reading in 5 s"));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
}

/// `ENXIO`: no reader at the other end of a FIFO.
const NO_READER: i32 = 6;

/// `write_all` that also stands a descriptor which somebody made non-blocking.
fn write_all(to: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
