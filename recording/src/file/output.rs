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
    file: File,
    /// Where whole blocks end.
    end: u64,
    publish: Publish,
}

/// What is still to be done when the first block is there.
enum Publish {
    /// Nothing.
    Done,
    /// Give the temporary file its name. What has that name now is locked by us.
    Rename { temporary: PathBuf, to: PathBuf, replaces: Option<File> },
    /// Empty the file: its directory takes no new ones.
    Truncate,
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
    fn beside(to: &Path, replaces: Option<File>) -> io::Result<FileOutput> {
        let directory = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let (temporary, file) = match temporary_in(directory) {
            Ok(made) => made,
            Err(error) => return FileOutput::in_place(replaces, error),
        };
        // A file system without locks records all the same.
        let _ = file.try_lock();
        let output =
            FileOutput { file, end: 0, publish: Publish::Rename { temporary, to: to.to_path_buf(), replaces } };
        output.keep_mode();
        Ok(output)
    }

    /// A directory that takes no new file may hold one that can be written.
    fn in_place(replaces: Option<File>, why_no_new_file: io::Error) -> io::Result<FileOutput> {
        match (replaces, why_no_new_file.kind()) {
            (Some(file), ErrorKind::PermissionDenied) => Ok(FileOutput { file, end: 0, publish: Publish::Truncate }),
            _ => Err(why_no_new_file),
        }
    }

    /// A file that is replaced keeps its permissions.
    fn keep_mode(&self) {
        if let Publish::Rename { replaces: Some(old), .. } = &self.publish
            && let Ok(meta) = old.metadata()
        {
            let _ = self.file.set_permissions(meta.permissions());
        }
    }

    fn put(&mut self, blocks: &[u8]) -> io::Result<()> {
        if let Publish::Truncate = self.publish {
            self.file.set_len(0)?;
            self.publish = Publish::Done;
        }
        let done = write_all(&mut self.file, blocks).and_then(|()| self.take_the_name());
        match done {
            Ok(()) => self.end += blocks.len() as u64,
            // The position stays beyond the end; nobody writes after an error.
            Err(_) => drop(self.file.set_len(self.end)),
        }
        done
    }

    fn take_the_name(&mut self) -> io::Result<()> {
        let Publish::Rename { temporary, to, replaces } = &self.publish else { return Ok(()) };
        match replaces {
            Some(old) if still_there(old, to) => fs::rename(temporary, to)?,
            Some(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "somebody else replaced it just now")),
            None => link_or_rename(temporary, to)?,
        }
        self.publish = Publish::Done;
        Ok(())
    }
}

impl Drop for FileOutput {
    fn drop(&mut self) {
        if let Publish::Rename { temporary, .. } = &self.publish {
            let _ = fs::remove_file(temporary);
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

/// A new file that nobody else has, never through a link.
fn temporary_in(directory: &Path) -> io::Result<(PathBuf, File)> {
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
