//! Output: a printer's bytes on their way out, gathered in a large buffer, with an account of how
//! many events are safely through when something breaks.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use recording::SinkError;

use crate::per_task::PerTask;

/// Bytes gathered before they are handed to the system.
const FULL: usize = 64 << 10;

/// What a reader waits for stands there after so long, ns of the clock of batches.
const PATIENCE_NS: u64 = 1_000_000_000;

/// `O_NOFOLLOW` of `open(2)`: nobody named these files, so nobody named a link of that name.
const NO_FOLLOW: i32 = if cfg!(any(target_arch = "aarch64", target_arch = "arm")) { 0o100_000 } else { 0o400_000 };

/// One stream with its buffer.
pub(crate) struct Stream {
    to: Box<dyn Write + Send>,
    name: String,
    buffer: Vec<u8>,
    events: u64,
    kept: u64,
    flushed_at: u64,
}

impl Stream {
    pub(crate) fn new(to: Box<dyn Write + Send>, name: String) -> Self {
        Stream { to, name, buffer: Vec::with_capacity(FULL + (8 << 10)), events: 0, kept: 0, flushed_at: 0 }
    }

    /// Where to append.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// An event is wholly in the buffer.
    pub(crate) fn event_written(&mut self) -> Result<(), SinkError> {
        self.events += 1;
        self.flush_when_full()
    }

    /// Hands the buffer on when it has grown large.
    pub(crate) fn flush_when_full(&mut self) -> Result<(), SinkError> {
        if self.buffer.len() >= FULL { self.flush() } else { Ok(()) }
    }

    /// Hands everything on when nothing was for so long that a reader would wait; `now`: ns of the monotonic clock.
    pub(crate) fn flush_when_due(&mut self, now: u64) -> Result<(), SinkError> {
        if now.saturating_sub(self.flushed_at) < PATIENCE_NS {
            return Ok(());
        }
        self.flushed_at = now;
        self.flush()
    }

    /// Hands everything on.
    pub(crate) fn flush(&mut self) -> Result<(), SinkError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.to.write_all(&self.buffer).and_then(|()| self.to.flush());
        self.buffer.clear();
        match written {
            Ok(()) => {
                self.kept = self.events;
                Ok(())
            }
            Err(source) => Err(self.failed(source)),
        }
    }

    /// An error of this stream, or on the way to it.
    pub(crate) fn failed(&self, source: io::Error) -> SinkError {
        SinkError { what: self.name.clone(), source, events_kept: self.kept }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("name", &self.name).field("events", &self.events).finish_non_exhaustive()
    }
}

/// One file a task, `BASE.TID`, made when its first bytes are written.
#[derive(Debug)]
pub(crate) struct TaskFiles {
    base: PathBuf,
    append: bool,
    tasks: PerTask<TaskFile>,
    events: u64,
    kept: u64,
}

#[derive(Debug, Default)]
struct TaskFile {
    buffer: Vec<u8>,
    file: Option<File>,
    made: bool,
}

impl TaskFiles {
    pub(crate) fn new(base: PathBuf, append: bool) -> Self {
        TaskFiles { base, append, tasks: PerTask::default(), events: 0, kept: 0 }
    }

    /// Where to append for a task.
    pub(crate) fn buffer(&mut self, task: u32) -> &mut Vec<u8> {
        &mut self.tasks.of(task).buffer
    }

    /// An event of a task is wholly in its buffer.
    pub(crate) fn event_written(&mut self, task: u32) -> Result<(), SinkError> {
        self.events += 1;
        if self.tasks.of(task).buffer.len() >= FULL { self.flush_one(task) } else { Ok(()) }
    }

    /// Nothing more comes for this task.
    pub(crate) fn close(&mut self, task: u32) -> Result<(), SinkError> {
        self.flush_one(task)?;
        self.tasks.remove(task);
        Ok(())
    }

    /// Hands everything on.
    pub(crate) fn flush(&mut self) -> Result<(), SinkError> {
        let mut waiting: Vec<u32> =
            self.tasks.iter().filter(|(_, entry)| !entry.buffer.is_empty()).map(|(task, _)| task).collect();
        waiting.sort_unstable();
        waiting.into_iter().try_for_each(|task| self.flush_one(task))?;
        self.kept = self.events;
        Ok(())
    }

    fn flush_one(&mut self, task: u32) -> Result<(), SinkError> {
        let entry = self.tasks.of(task);
        if entry.buffer.is_empty() {
            return Ok(());
        }
        let path = path_of(&self.base, task);
        if entry.file.is_none() {
            let opened = match open(&path, entry.made || self.append) {
                Err(error) if is_out_of_descriptors(&error) => {
                    // More tasks alive than files we may open: the others are opened again when
                    // their turn comes.
                    self.tasks.iter_mut().for_each(|(_, other)| other.file = None);
                    open(&path, self.tasks.of(task).made || self.append)
                }
                opened => opened,
            };
            let entry = self.tasks.of(task);
            match opened {
                Ok(file) => (entry.file, entry.made) = (Some(file), true),
                Err(source) => return Err(self.failed(&path, source)),
            }
        }
        let entry = self.tasks.of(task);
        let written = entry.file.as_mut().map_or(Ok(()), |file| file.write_all(&entry.buffer));
        entry.buffer.clear();
        written.map_err(|source| self.failed(&path, source))
    }

    fn failed(&self, path: &Path, source: io::Error) -> SinkError {
        SinkError { what: path.display().to_string(), source, events_kept: self.kept }
    }
}

fn path_of(base: &Path, task: u32) -> PathBuf {
    let mut path = base.as_os_str().to_os_string();
    path.push(format!(".{task}"));
    PathBuf::from(path)
}

fn open(path: &Path, append: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).custom_flags(NO_FOLLOW);
    if append {
        options.append(true)
    } else {
        options.write(true).truncate(true)
    };
    options.open(path)
}

/// EMFILE or ENFILE.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}
