//! Writing: events gathered into blocks, each put to the file with one write.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::beside::GiveName;
use super::gather::Gather;
use super::index::Index;
use super::layout::{BLOCK_HEADER, Block, BlockType, FILE_HEADER, FileHeader, u64_at};
use super::loss;
use super::output::Output;
use super::totals::Totals;
use crate::event::{Malformed, Record};
use crate::session::{ClockTriple, Header, Trailer};
use crate::{Batch, Sink, SinkError};

/// A block is written when its oldest event may be this old.
const OLDEST_NS: u64 = 1_000_000_000;
/// When the engine is about to sleep, a block this old is written, so that a reader who follows sees it.
const IDLE_NS: u64 = 50_000_000;

/// How a recording is written.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// The run id; random when `None`.
    pub run_id: Option<[u8; 16]>,
    /// How a file gets its name when its first block is ready. With `None` it has a hidden one until then,
    /// which a writer that is killed just before leaves behind.
    pub give_name: Option<GiveName>,
}

/// The trailer block.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredTrailer {
    /// blake3-256 over the checks of the file header and of all blocks before this one, hex.
    pub name: String,
    /// Blocks before this one.
    pub blocks: u64,
    /// The session's end.
    pub session: Trailer,
}

/// A sink that writes a recording file.
///
/// Between [`Sink::begin`] and [`Sink::end`] the file can be read at any moment; what is missing then
/// are the events of the last second or of the last 256 KiB, whichever is less.
pub struct Writer {
    name: String,
    run_id: [u8; 16],
    file: Blocks,
    gather: Gather,
    index: Index,
    totals: Totals,
    kept: u64,
    clock: ClockTriple,
    flushed_ns: u64,
    flushed: Instant,
    /// Has a batch come since the engine was idle last?
    touched: bool,
}

impl Writer {
    /// Prepares the file. An existing one is replaced when the first block is ready, a FIFO or a
    /// device is written directly, a symbolic link that was named is followed.
    ///
    /// # Errors
    /// When the file can't be made, or somebody records into it right now.
    pub fn create(path: &Path, options: WriteOptions) -> Result<Writer, SinkError> {
        let name = path.display().to_string();
        match Output::create(path, options.give_name) {
            Ok(output) => Ok(Writer::new(output, name, &options)),
            Err(source) => Err(SinkError { what: name, source, events_kept: 0 }),
        }
    }

    /// Writes to a stream that is already open: standard output, a pipe, memory. `name` is for messages.
    pub fn stream(to: Box<dyn io::Write + Send>, name: &str, options: WriteOptions) -> Writer {
        Writer::new(Output::Stream(to), name.to_owned(), &options)
    }

    /// Events that are safely in the file.
    pub fn events_kept(&self) -> u64 {
        self.kept
    }

    fn new(output: Output, name: String, options: &WriteOptions) -> Writer {
        Writer {
            name,
            run_id: options.run_id.unwrap_or_else(random_id),
            file: Blocks { output: Some(output), checks: blake3::Hasher::new(), count: 0, length: 0 },
            gather: Gather::new(),
            index: Index::new(),
            totals: Totals::new(),
            kept: 0,
            clock: ClockTriple::default(),
            flushed_ns: 0,
            flushed: Instant::now(),
            touched: false,
        }
    }

    fn start(&mut self, header: &Header) -> io::Result<()> {
        let file_header = FileHeader::encode(self.run_id, header.start.realtime_ns, header.tracer_pid);
        let mut session = json_block(header)?;
        self.clock = header.start;
        (self.flushed_ns, self.flushed) = (self.clock.monotonic_ns, Instant::now());
        self.file.begin(&file_header, &mut session)
    }

    fn take(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        self.clock = batch.clock;
        self.touched = true;
        let mut events = batch.events();
        for event in events.by_ref() {
            if !self.gather.has_room(event.bytes().len()) {
                self.flush()?;
            }
            self.totals.count(&event);
            self.gather.add(&event);
            if self.gather.is_full() {
                self.flush()?;
            }
        }
        if let (rest, Some(why)) = events.rest() {
            self.lose(rest.len(), why);
        }
        if self.age_ns() >= OLDEST_NS { self.flush() } else { Ok(()) }
    }

    /// A batch that is not made of records is a defect of the engine: the recording says so.
    fn lose(&mut self, bytes: usize, why: Malformed) {
        let mut record = Record::default();
        loss::lost(&mut record, self.clock.ticks, &format!("{bytes} bytes of a batch were no records: {why}"));
        self.totals.count(&record.view());
        self.gather.add(&record.view());
    }

    fn finish(&mut self, trailer: &Trailer) -> io::Result<()> {
        if trailer.end.monotonic_ns >= self.clock.monotonic_ns {
            self.clock = trailer.end;
        }
        self.flush()?;
        if !self.index.is_empty() {
            self.put_index()?;
        }
        let mut stored = StoredTrailer {
            name: self.file.checks.finalize().to_hex().to_string(),
            blocks: self.file.count,
            session: trailer.clone(),
        };
        self.totals.put_into(&mut stored.session);
        self.file.put(BlockType::Trailer, &mut json_block(&stored)?)?;
        // Closed, and so unlocked: who follows sees that this was the end.
        self.file.output = None;
        Ok(())
    }

    /// How old the oldest event that is not written may be, by the clock of the last batch.
    fn age_ns(&self) -> u64 {
        self.clock.monotonic_ns.saturating_sub(self.flushed_ns)
    }

    /// Writes what was gathered.
    fn flush(&mut self) -> io::Result<()> {
        (self.flushed_ns, self.flushed) = (self.clock.monotonic_ns, Instant::now());
        if self.gather.is_empty() {
            return Ok(());
        }
        let head = self.gather.close(self.clock);
        if !self.gather.strings.is_empty() {
            self.file.put(BlockType::Strings, &mut self.gather.strings)?;
        }
        let offset = self.file.length;
        self.file.put(BlockType::Events, &mut self.gather.events)?;
        self.kept += self.gather.counted();
        self.index.add(offset, &head, &self.gather.tasks);
        self.gather.restart();
        if self.index.is_due(self.file.length) { self.put_index() } else { Ok(()) }
    }

    fn put_index(&mut self) -> io::Result<()> {
        let offset = self.file.length;
        self.file.put(BlockType::Index, self.index.close(offset))?;
        self.index.restart(self.file.length);
        Ok(())
    }

    /// After an error the file is closed as it is: nothing is appended behind a gap.
    fn told<T>(&mut self, done: io::Result<T>) -> Result<T, SinkError> {
        done.map_err(|source| {
            self.file.output = None;
            SinkError { what: self.name.clone(), source, events_kept: self.kept }
        })
    }
}

impl Sink for Writer {
    fn begin(&mut self, header: &Header) -> Result<(), SinkError> {
        let done = self.start(header);
        self.told(done)
    }

    fn events(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        let done = self.take(batch);
        self.told(done)
    }

    fn wants_entered(&self) -> bool {
        true
    }

    fn idle(&mut self) -> Result<(), SinkError> {
        // Called again without a batch in between: time passes, and only our own clock says how much.
        let old = match std::mem::replace(&mut self.touched, false) {
            true => self.age_ns() >= IDLE_NS,
            false => self.flushed.elapsed().as_nanos() >= u128::from(IDLE_NS),
        };
        let done = if old { self.flush() } else { Ok(()) };
        self.told(done)
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), SinkError> {
        let done = self.finish(trailer);
        self.told(done)
    }
}

/// The file as a row of blocks.
struct Blocks {
    /// `None` once closed.
    output: Option<Output>,
    /// Over all checks, in order.
    checks: blake3::Hasher,
    /// Blocks written.
    count: u64,
    /// Bytes written.
    length: u64,
}

impl Blocks {
    /// File header and session go out together, so that a file which has its name has both.
    fn begin(&mut self, header: &[u8; FILE_HEADER], session: &mut Block) -> io::Result<()> {
        let (block, check) = session.seal(BlockType::Session, self.count);
        self.write(&[header, block].concat())?;
        self.checks.update(&u64_at(header, 56).to_le_bytes());
        self.wrote(check);
        Ok(())
    }

    fn put(&mut self, kind: BlockType, block: &mut Block) -> io::Result<()> {
        let (bytes, check) = block.seal(kind, self.count);
        self.write(bytes)?;
        self.wrote(check);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let closed = || io::Error::other("it was closed after an error or at its end");
        self.output.as_mut().ok_or_else(closed)?.put(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn wrote(&mut self, check: u64) {
        self.checks.update(&check.to_le_bytes());
        self.count += 1;
    }
}

/// A block of JSON, padded with the spaces that JSON allows behind it.
fn json_block(value: &impl Serialize) -> io::Result<Block> {
    let mut block = Block::with_capacity(4096);
    serde_json::to_writer(block.bytes_mut(), value)?;
    let length = BLOCK_HEADER + block.len().next_multiple_of(8);
    block.bytes_mut().resize(length, b' ');
    Ok(block)
}

/// Two draws of the random keys that the standard library takes from the system.
fn random_id() -> [u8; 16] {
    let mut id = [0; 16];
    for half in id.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().hash_one(Instant::now()).to_le_bytes());
    }
    id
}
