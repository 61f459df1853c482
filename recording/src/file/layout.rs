//! Layout: where each byte of the file is. The only place that knows offsets and numbers.
//!
//! ```text
//! file header   0 magic 8 | 8 major u16 | 10 minor u16 | 12 header size u32 | 16 run id 16
//!              32 start REALTIME ns u64 | 40 tracer pid u32 | zero | 56 check u64        = 64
//! block header  0 `CBLK` | 4 type u8 | 5 codec u8 | 6 zero u16 | 8 number u64
//!              16 stored length u32 | 20 raw length u32 | 24 check u64                   = 32
//! body         `stored length` bytes, padded with zeros to 8
//!
//! events        0 clock triple 3 x u64 | 24 first entered u64 | 32 last entered u64
//!              40 count u32 | 44 zero u32 | 48 records
//! strings       entries: id u32 | length u32 | bytes, padded to 8
//! index         0 offset of the index before, or 0, u64 | 8 count u32 | 12 zero u32 | entries:
//!               offset u64 | first u64 | last u64 | events u32 | tasks u32 | tasks x (task u32,
//!               zero u32, first seq u64)
//! session, trailer   JSON, padded with spaces to 8
//! ```
//!
//! A check is XXH3-64 over the header, its check taken as zero, and the stored body. It finds damage,
//! not forgery.

use xxhash_rust::xxh3::xxh3_64;

use crate::session::ClockTriple;

/// First bytes of every file: a byte that is no text, a name, and both kinds of line end.
pub const MAGIC: [u8; 8] = [0x89, b'C', b'T', b'R', 0x0d, 0x0a, 0x1a, 0x0a];
/// Raised when an old reader would go wrong.
pub const MAJOR: u16 = 1;
/// Raised by additions that an old reader skips.
pub const MINOR: u16 = 0;
/// Bytes of the file header.
pub const FILE_HEADER: usize = 64;
/// First bytes of every block.
pub const BLOCK_MAGIC: [u8; 4] = *b"CBLK";
/// Bytes of a block header.
pub const BLOCK_HEADER: usize = 32;
/// Bytes before the records of an events block.
pub const EVENTS_HEAD: usize = 48;
/// Largest body a reader takes.
pub const MAX_BODY: usize = 64 << 20;
/// Largest file header a reader takes: a later minor version may append to it.
const MAX_FILE_HEADER: usize = 4096;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BlockType {
    /// The session header.
    Session = 1,
    /// Interned payloads.
    Strings = 2,
    /// Records.
    Events = 3,
    /// Where blocks are.
    Index = 4,
    /// Totals and end.
    Trailer = 5,
}

impl BlockType {
    /// The type of a raw byte; `None` for one of a later version.
    pub fn from_raw(raw: u8) -> Option<BlockType> {
        Some(match raw {
            1 => BlockType::Session,
            2 => BlockType::Strings,
            3 => BlockType::Events,
            4 => BlockType::Index,
            5 => BlockType::Trailer,
            _ => return None,
        })
    }
}

/// The header of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
    /// Bytes of the header, of a later minor version perhaps more than ours.
    pub size: usize,
    /// Drawn once per run.
    pub run_id: [u8; 16],
    /// CLOCK_REALTIME at the start, ns.
    pub start_realtime_ns: u64,
    /// Who wrote it.
    pub tracer_pid: u32,
    /// The check as stored.
    pub check: u64,
}

impl FileHeader {
    /// The bytes of a header of this version, with its check.
    pub fn encode(run_id: [u8; 16], start_realtime_ns: u64, tracer_pid: u32) -> [u8; FILE_HEADER] {
        let mut b = [0; FILE_HEADER];
        b[..8].copy_from_slice(&MAGIC);
        b[8..10].copy_from_slice(&MAJOR.to_le_bytes());
        b[10..12].copy_from_slice(&MINOR.to_le_bytes());
        b[12..16].copy_from_slice(&(FILE_HEADER as u32).to_le_bytes());
        b[16..32].copy_from_slice(&run_id);
        b[32..40].copy_from_slice(&start_realtime_ns.to_le_bytes());
        b[40..44].copy_from_slice(&tracer_pid.to_le_bytes());
        let check = xxh3_64(&b);
        b[56..64].copy_from_slice(&check.to_le_bytes());
        b
    }

    /// The header of a file that begins with `b`; `None` when it has another magic or is too short.
    /// The second value says whether its check and size hold.
    pub fn decode(b: &[u8]) -> Option<(FileHeader, bool)> {
        if b.len() < FILE_HEADER || b[..8] != MAGIC {
            return None;
        }
        let mut run_id = [0; 16];
        run_id.copy_from_slice(&b[16..32]);
        let size = u32_at(b, 12) as usize;
        let sized = (FILE_HEADER..=MAX_FILE_HEADER).contains(&size) && size.is_multiple_of(8) && size <= b.len();
        let header = FileHeader {
            major: u16::from_le_bytes([b[8], b[9]]),
            minor: u16::from_le_bytes([b[10], b[11]]),
            size: if sized { size } else { FILE_HEADER },
            run_id,
            start_realtime_ns: u64_at(b, 32),
            tracer_pid: u32_at(b, 40),
            check: u64_at(b, 56),
        };
        let mut own = b[..header.size].to_vec();
        own[56..64].fill(0);
        Some((header, sized && xxh3_64(&own) == header.check))
    }
}

/// The header of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// Raw [`BlockType`].
    pub kind: u8,
    /// 0 raw, 1 zstd.
    pub codec: u8,
    /// Dense from 0.
    pub number: u64,
    /// Bytes in the file.
    pub stored: usize,
    /// Bytes once unpacked.
    pub raw: usize,
    /// The check as stored.
    pub check: u64,
}

impl BlockHeader {
    /// The header that `b` begins with; `None` when it can't be one: wrong magic, lengths beyond the
    /// cap, or a raw block with two lengths.
    pub fn decode(b: &[u8]) -> Option<BlockHeader> {
        if b.len() < BLOCK_HEADER || b[..4] != BLOCK_MAGIC || b[6..8] != [0, 0] {
            return None;
        }
        let header = BlockHeader {
            kind: b[4],
            codec: b[5],
            number: u64_at(b, 8),
            stored: u32_at(b, 16) as usize,
            raw: u32_at(b, 20) as usize,
            check: u64_at(b, 24),
        };
        let lengths = header.stored <= MAX_BODY && header.raw <= MAX_BODY;
        let ratio = header.raw / 1000 <= header.stored;
        let same = header.codec != 0 || header.stored == header.raw;
        (lengths && ratio && same).then_some(header)
    }

    /// Header, body and padding.
    pub fn whole(&self) -> usize {
        BLOCK_HEADER + self.stored.next_multiple_of(8)
    }
}

/// Does the check of the block that fills `block` (header and stored body, no padding) hold? The
/// bytes are as before afterwards.
pub fn check_holds(block: &mut [u8], check: u64) -> bool {
    let Some(place) = block.get_mut(24..32) else { return false };
    place.fill(0);
    let found = xxh3_64(block);
    block[24..32].copy_from_slice(&check.to_le_bytes());
    found == check
}

/// A block under construction: room for its header, then the body.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
}

impl Block {
    /// An empty one with room for so many bytes of body.
    pub fn with_capacity(body: usize) -> Block {
        let mut bytes = Vec::with_capacity(BLOCK_HEADER + body);
        bytes.resize(BLOCK_HEADER, 0);
        Block { bytes }
    }

    /// Drops the body.
    pub fn clear(&mut self) {
        self.bytes.truncate(BLOCK_HEADER);
    }

    /// Bytes of the body so far.
    pub fn len(&self) -> usize {
        self.bytes.len() - BLOCK_HEADER
    }

    /// Is nothing in it?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything so far, header included: for appending and for filling in what was left open.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Fills in the header and gives the whole block with its check. Bodies are padded by whoever
    /// makes them, so that no byte of a block is outside its check.
    pub fn seal(&mut self, kind: BlockType, number: u64) -> (&[u8], u64) {
        let length = self.len() as u32;
        let b = &mut self.bytes;
        debug_assert!(length.is_multiple_of(8));
        b[..4].copy_from_slice(&BLOCK_MAGIC);
        b[4..8].copy_from_slice(&[kind as u8, 0, 0, 0]);
        b[8..16].copy_from_slice(&number.to_le_bytes());
        b[16..20].copy_from_slice(&length.to_le_bytes());
        b[20..24].copy_from_slice(&length.to_le_bytes());
        b[24..32].fill(0);
        let check = xxh3_64(b);
        b[24..32].copy_from_slice(&check.to_le_bytes());
        (b, check)
    }
}

/// What stands before the records of an events block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsHead {
    /// Clocks when the block was closed.
    pub clock: ClockTriple,
    /// Smallest entry time.
    pub first: u64,
    /// Largest entry time.
    pub last: u64,
    /// Records.
    pub count: u32,
}

impl EventsHead {
    /// Its bytes.
    pub fn encode(&self) -> [u8; EVENTS_HEAD] {
        let mut b = [0; EVENTS_HEAD];
        let words = [self.clock.ticks, self.clock.monotonic_ns, self.clock.realtime_ns, self.first, self.last];
        for (place, word) in b.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        b[40..44].copy_from_slice(&self.count.to_le_bytes());
        b
    }

    /// From the start of a body.
    pub fn decode(b: &[u8]) -> Option<EventsHead> {
        let b = b.get(..EVENTS_HEAD)?;
        Some(EventsHead {
            clock: ClockTriple { ticks: u64_at(b, 0), monotonic_ns: u64_at(b, 8), realtime_ns: u64_at(b, 16) },
            first: u64_at(b, 24),
            last: u64_at(b, 32),
            count: u32_at(b, 40),
        })
    }
}

/// A word; 0 beyond the bytes.
pub fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// A word; 0 beyond the bytes.
pub fn u64_at(b: &[u8], at: usize) -> u64 {
    match b.get(at..at + 8) {
        Some(b) => u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
        None => 0,
    }
}
