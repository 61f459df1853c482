//! Reading: a recording given to a sink as if it were live.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::blocks::{Blocks, Next};
use super::faults::Faults;
use super::layout::{BLOCK_HEADER, BlockHeader, BlockType, FILE_HEADER, FileHeader, MAGIC, MAJOR, MINOR};
use super::live::Live;
use super::looks;
use super::restore::Restorer;
use super::window::Window;
use super::write::StoredTrailer;
use crate::event::Kind;
use crate::session::{ClockTriple, EndedBy, Header, Trailer};
use crate::{Sink, SinkError};

/// Bytes looked at to tell what a file is that is no recording.
const BEGINNING: usize = 4096;

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
    /// What a user should know beside the state, a sentence each: what is damaged, what was passed over.
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
pub struct Recording {
    header: Header,
    blocks: Blocks,
    /// What `open` came upon in the place of the session.
    first: Option<Next>,
    checks: blake3::Hasher,
    faults: Faults,
    live: Option<Live>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Recording {
    /// Opens a recording and reads its header.
    ///
    /// # Errors
    /// When the file can't be read, is no recording, or is of a newer version.
    pub fn open(path: &Path) -> Result<Recording, OpenError> {
        Recording::start(Box::new(file_at(path)?), path, None)
    }

    /// Opens a recording that may still be written: a replay waits for what comes, calls the sink's
    /// `idle` meanwhile, and ends with the trailer or when nobody writes any more.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn follow(path: &Path) -> Result<Recording, OpenError> {
        let file = file_at(path)?;
        let live = Live::new(&file).map_err(|source| OpenError::Io { path: path.to_path_buf(), source })?;
        Recording::start(Box::new(file), path, Some(live))
    }

    /// Reads from a stream; `name` is for messages.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn from_stream(stream: Box<dyn io::Read>, name: &str) -> Result<Recording, OpenError> {
        Recording::start(stream, Path::new(name), None)
    }

    /// The session as it was at the start.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn start(source: Box<dyn io::Read>, path: &Path, live: Option<Live>) -> Result<Recording, OpenError> {
        let mut window = Window::new(source);
        let mut faults = Faults::default();
        let file_header = file_header(&mut window, path, &mut faults)?;
        let mut checks = blake3::Hasher::new();
        checks.update(&file_header.check.to_le_bytes());
        let mut blocks = Blocks::new(window);
        let first = blocks.next();
        let session = match &first {
            Next::Block(block) if block.kind == BlockType::Session as u8 && block.codec == 0 => {
                session(blocks.body(block), &mut faults)
            }
            _ => {
                faults.damage("the session header is missing".to_owned());
                None
            }
        };
        let header = session.unwrap_or_else(|| Header {
            start: ClockTriple { realtime_ns: file_header.start_realtime_ns, ..ClockTriple::default() },
            tracer_pid: file_header.tracer_pid,
            ..Header::default()
        });
        Ok(Recording { header, blocks, first: Some(first), checks, faults, live })
    }

    /// Gives all of it to the sink: `begin`, the events as in a live run, and `end`, also when the
    /// file has no trailer (then [`Trailer::ended`] says `Incomplete` or `Damaged`, and the totals are
    /// those of what was read; calls that were announced and whose exit it does not hold are given at
    /// the end with `NO_EXIT`, as an engine gives those that it leaves).
    ///
    /// # Errors
    /// Only the sink's; what is wrong with the file is told by [`Read`].
    pub fn replay(mut self, sink: &mut dyn Sink) -> Result<Read, SinkError> {
        sink.begin(&self.header)?;
        let mut restorer = Restorer::new(self.header.start);
        let stored = self.events(&mut restorer, sink)?;
        self.faults.odd(&restorer.odd);
        let trailer = stored.map(|stored| self.checked(stored, &restorer));
        if let Some(error) = self.blocks.window().take_error() {
            let at = self.blocks.window().offset();
            self.faults.damage(format!("the file can't be read beyond byte {at}: {error}"));
        }
        let state = match (&self.faults.damage, &trailer) {
            (Some(_), _) => State::Damaged,
            (None, None) => State::Incomplete { at_byte: self.blocks.window().offset() },
            (None, Some(_)) => State::Complete,
        };
        match (state, restorer.unfinished.count()) {
            // A whole file is given as it was live, where these were not seen to end either.
            (State::Complete, 0) => {}
            (State::Complete, open) => self.faults.note(format!("{open} calls were announced and never given whole")),
            _ => restorer.give_unfinished(sink)?,
        }
        let (trailer, name) = trailer.map_or((None, None), |stored| (Some(stored.session), Some(stored.name)));
        sink.end(&self.end(state, trailer.as_ref(), &restorer))?;
        Ok(Read {
            state,
            header: self.header,
            trailer,
            notes: self.faults.told(),
            events: restorer.totals.events(),
            calls: restorer.totals.of(Kind::Call),
            lost: restorer.totals.of(Kind::Lost),
            name,
        })
    }

    /// Gives every event of the file; the trailer, when one was met.
    fn events(&mut self, restorer: &mut Restorer, sink: &mut dyn Sink) -> Result<Option<StoredTrailer>, SinkError> {
        loop {
            match self.next(sink)? {
                Next::Block(block) => {
                    if let Some(trailer) = self.block(&block, restorer, sink)? {
                        self.blocks.done(&block);
                        self.look_behind();
                        return Ok(Some(trailer));
                    }
                    self.blocks.done(&block);
                }
                Next::Damage { from, to, first, until } => {
                    let why = damage(from, to, first, until);
                    restorer.lost(&why, sink)?;
                    self.faults.damage(why);
                }
                Next::End => return Ok(None),
                Next::Another => {
                    self.faults.another(self.blocks.window().offset());
                    return Ok(None);
                }
            }
        }
    }

    fn next(&mut self, sink: &mut dyn Sink) -> Result<Next, SinkError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        if let Some(live) = &mut self.live {
            while !self.blocks.is_at_hand() && live.is_written() {
                sink.idle()?;
                live.sleep();
            }
        }
        Ok(self.blocks.next())
    }

    /// What one block holds; the trailer, when it is that.
    fn block(
        &mut self,
        block: &BlockHeader,
        restorer: &mut Restorer,
        sink: &mut dyn Sink,
    ) -> Result<Option<StoredTrailer>, SinkError> {
        let Recording { blocks, faults, checks, .. } = self;
        let number = block.number;
        let kind = BlockType::from_raw(block.kind);
        if kind != Some(BlockType::Trailer) {
            checks.update(&block.check.to_le_bytes());
        }
        if block.codec != 0 {
            let how = if block.codec == 1 { "zstd".to_owned() } else { format!("codec {}", block.codec) };
            let why = format!("block {number} was written with {how}, which this build can't read");
            restorer.lost(&why, sink)?;
            faults.damage(why);
            return Ok(None);
        }
        let body = blocks.body(block);
        match kind {
            Some(BlockType::Session) if number > 0 => faults.note(format!("block {number} is a second session header")),
            Some(BlockType::Session | BlockType::Index) => {}
            Some(BlockType::Strings) => {
                if !restorer.strings.add(body) {
                    faults.damage(format!("some strings of block {number} can't be kept"));
                }
            }
            Some(BlockType::Events) => {
                if let Err(broken) = restorer.block(body, sink)? {
                    let from = blocks.window().offset() + (BLOCK_HEADER + broken.at) as u64;
                    let why = format!("damaged block {number}, malformed from byte {from}: {}", broken.why);
                    restorer.lost(&why, sink)?;
                    faults.damage(why);
                }
            }
            Some(BlockType::Trailer) => match serde_json::from_slice(body) {
                Ok(stored) => return Ok(Some(stored)),
                Err(error) => faults.damage(format!("the trailer in block {number} can't be read: {error}")),
            },
            None => faults.note(format!("block {number} is of type {}, which this version does not know", block.kind)),
        }
        Ok(None)
    }

    /// Compares the trailer with what was read, and says where they differ.
    fn checked(&mut self, stored: StoredTrailer, restorer: &Restorer) -> StoredTrailer {
        if self.faults.damage.is_some() {
            return stored;
        }
        let known = stored.session.totals.iter().filter(|(raw, _)| Kind::from_raw(**raw).is_some());
        if !known.eq(restorer.totals.by_kind().iter()) {
            self.faults.damage("the totals of the trailer differ from what was read".to_owned());
        }
        if stored.name != self.checks.finalize().to_hex().as_str() {
            self.faults.damage("the name in the trailer is not that of these blocks".to_owned());
        }
        stored
    }

    /// Says what stands behind the trailer. Not of a file that is followed: nothing comes there.
    fn look_behind(&mut self) {
        let window = self.blocks.window();
        if self.live.is_some() || !window.fill(1) {
            return;
        }
        let at = window.offset();
        window.fill(MAGIC.len());
        if window.bytes().starts_with(&MAGIC) {
            self.faults.another(at);
        } else {
            self.faults.note(format!("bytes from {at} on stand behind the trailer and were not read"));
        }
    }

    /// The trailer for the sink.
    fn end(&self, state: State, stored: Option<&Trailer>, restorer: &Restorer) -> Trailer {
        let mut trailer = stored.cloned().unwrap_or_default();
        match state {
            State::Complete => return trailer,
            State::Incomplete { at_byte } => {
                trailer.ended = EndedBy::Incomplete;
                trailer.fault = Some(format!("incomplete at byte {at_byte}"));
            }
            State::Damaged => {
                trailer.ended = EndedBy::Damaged;
                trailer.fault = self.faults.damage.clone();
            }
        }
        if stored.is_none() {
            trailer.end = restorer.clock();
        }
        restorer.totals.put_into(&mut trailer);
        trailer
    }
}

fn file_at(path: &Path) -> Result<File, OpenError> {
    let open = || {
        let file = File::open(path)?;
        match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        }
    };
    open().map_err(|source| OpenError::Io { path: path.to_path_buf(), source })
}

fn file_header(window: &mut Window, path: &Path, faults: &mut Faults) -> Result<FileHeader, OpenError> {
    window.fill(BEGINNING);
    if let Some(source) = window.take_error() {
        return Err(OpenError::Io { path: path.to_path_buf(), source });
    }
    let Some((header, holds)) = FileHeader::decode(window.bytes()) else {
        let looks_like = looks::like(window.first(BEGINNING));
        return Err(OpenError::NotARecording { path: path.to_path_buf(), looks_like });
    };
    if header.major > MAJOR {
        return Err(OpenError::Newer { path: path.to_path_buf(), found: header.major, known: MAJOR });
    }
    if !holds {
        faults.damage(format!("damaged file header, bytes 0..{FILE_HEADER}"));
    } else if header.minor > MINOR {
        let minor = header.minor;
        faults.note(format!(
            "format version {MAJOR}.{minor} is newer than {MAJOR}.{MINOR}: what is new in it is passed over"
        ));
    }
    window.skip(header.size);
    Ok(header)
}

fn session(body: &[u8], faults: &mut Faults) -> Option<Header> {
    match serde_json::from_slice(body) {
        Ok(header) => Some(header),
        Err(error) => {
            faults.damage(format!("the session header can't be read: {error}"));
            None
        }
    }
}

/// The sentence for bytes that are no block.
fn damage(from: u64, to: u64, first: u64, until: u64) -> String {
    let blocks = match until.saturating_sub(first) {
        0 | 1 => format!("block {first}"),
        _ => format!("blocks {first} to {}", until - 1),
    };
    if to > from { format!("damaged {blocks}, bytes {from}..{to}") } else { format!("missing {blocks} at byte {from}") }
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
