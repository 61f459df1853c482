//! Output: where the blocks go, whole ones only.
//!
//! A regular file is written beside its name, locked, and takes its name when the first block is in
//! it; what stood there before is kept until then. FIFOs and devices are written directly. The lock says that somebody records: a second writer is refused, and a reader
//! that follows knows when nobody writes any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::beside::{self, Beside, GiveName, O_NONBLOCK};

/// How long a FIFO may be without a reader.
const READER_MAY_COME: Duration = Duration::from_secs(5);
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
    give_name: Option<GiveName>,
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
    pub fn create(path: &Path, give_name: Option<GiveName>) -> io::Result<Output> {
        let regular = |to: &Path, replaces| FileOutput::beside(to, give_name, replaces).map(Output::File);
        let to = followed(path)?;
        match fs::metadata(&to) {
            Ok(meta) if meta.is_file() => regular(&to, Some(existing(&to)?)),
            Ok(meta) if meta.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(meta) if meta.file_type().is_fifo() => Ok(Output::Stream(Box::new(open_fifo(&to)?))),
            Ok(_) => Ok(Output::Stream(Box::new(OpenOptions::new().write(true).open(&to)?))),
            Err(error) if error.kind() == ErrorKind::NotFound => regular(&to, None),
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
    fn beside(to: &Path, give_name: Option<GiveName>, replaces: Option<File>) -> io::Result<FileOutput> {
        let in_place = match beside::try_beside(to) {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::PermissionDenied && replaces.is_some() => true,
            Err(error) => return Err(error),
        };
        Ok(FileOutput { to: to.to_path_buf(), give_name, replaces, in_place, file: None, end: 0 })
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
        let mut new = Beside::new(&self.to, self.give_name)?;
        self.keep_mode(new.file());
        write_all(&mut new.file(), first)?;
        self.take_the_name(&mut new)?;
        new.into_file()
    }

    /// A file that is replaced keeps its permissions.
    fn keep_mode(&self, file: &File) {
        if let Some(Ok(meta)) = self.replaces.as_ref().map(File::metadata) {
            let _ = file.set_permissions(meta.permissions());
        }
    }

    /// Unless somebody else was quicker and still records.
    fn take_the_name(&mut self, new: &mut Beside) -> io::Result<()> {
        match self.replaces.take() {
            Some(old) if beside::is_at(&old, &self.to) => new.replace(),
            Some(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "somebody else replaced it just now")),
            None => match new.take_free_name() {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let _lock = existing(&self.to)?;
                    new.replace()
                }
                done => done,
            },
        }
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
