//! Streams: data moved that is kept whole, read and written in chunks of 64 KiB.

use recording::event::{PayloadHead, Record, Shape, status};

use super::gather::{EVENT_BYTES, Gather, Keep, PIECE_BYTES, Stream};
use crate::procfs::{self, FileKind};

/// Most bytes of golden content in one record, which a reader takes up to 4 MiB of; a digest beyond.
const CONTENT_IN_EVENT: u64 = 3 << 20;

/// What is left of the content that a golden run keeps.
pub(super) struct Content {
    left: u64,
}

impl Content {
    pub fn new(most: u64) -> Self {
        Content { left: most }
    }

    /// Bytes that may still be kept, for who keeps the content of files.
    pub fn left(&mut self) -> &mut u64 {
        &mut self.left
    }

    /// How much is kept of data that goes through `fd`: all of a stream, nothing of a file (its state
    /// tells), the ordinary limit where no descriptor is involved.
    pub fn keep(&self, tid: u32, fd: Option<u64>, most: u64) -> Keep {
        let Some(fd) = fd else { return Keep::Most(most) };
        let fd = fd as i32;
        if (0..=2).contains(&fd) {
            return Keep::All;
        }
        match procfs::descriptor_kind(tid, fd) {
            Some(FileKind::Pipe | FileKind::Socket | FileKind::Terminal) => Keep::All,
            Some(FileKind::Regular | FileKind::Directory) => Keep::Nothing,
            _ => Keep::Most(most),
        }
    }
}

/// Reads the streams of this stop and appends them.
pub(super) fn write(gather: &mut Gather, mut content: Option<&mut Content>, tid: u32, record: &mut Record) {
    let mut room = if content.is_some() { CONTENT_IN_EVENT } else { EVENT_BYTES as u64 };
    let mut index = 0;
    while let Some(stream) = gather.stream(index) {
        index += 1;
        let kept = match &mut content {
            Some(content) if stream.len > content.left.min(room) => {
                digest(gather, &stream, tid, record);
                continue;
            }
            Some(content) => {
                content.left -= stream.len;
                stream.len
            }
            None => stream.len.min(room),
        };
        room -= kept;
        chunks(gather, &stream, kept, tid, record);
    }
}

/// `kept` bytes of the stream, up to the first that can't be read.
fn chunks(gather: &mut Gather, stream: &Stream, kept: u64, tid: u32, record: &mut Record) {
    let mut done = 0;
    loop {
        let addr = stream.addr.wrapping_add(done);
        let ask = (kept - done).min(PIECE_BYTES);
        let bytes = gather.chunk(tid, addr, ask as usize);
        let faulted = (bytes.len() as u64) < ask;
        done += bytes.len() as u64;
        let last = faulted || done >= kept;
        let mut bits = stream.status;
        if faulted {
            bits |= status::FAULTED;
        } else if last && done < stream.wanted {
            bits |= status::CLIPPED;
        }
        record.payload(head(stream, stream.place.shape, bits, addr), bytes);
        if last {
            return;
        }
    }
}

/// Length and hash of the stream instead of its bytes.
fn digest(gather: &mut Gather, stream: &Stream, tid: u32, record: &mut Record) {
    let mut hasher = blake3::Hasher::new();
    let mut done = 0;
    let mut bits = stream.status | status::CLIPPED;
    while done < stream.len {
        let ask = (stream.len - done).min(PIECE_BYTES);
        let bytes = gather.chunk(tid, stream.addr.wrapping_add(done), ask as usize);
        hasher.update(bytes);
        done += bytes.len() as u64;
        if (bytes.len() as u64) < ask {
            bits |= status::FAULTED;
            break;
        }
    }
    let mut body = [0; 40];
    body[..8].copy_from_slice(&done.to_le_bytes());
    body[8..].copy_from_slice(hasher.finalize().as_bytes());
    record.payload(head(stream, Shape::Digest, bits, stream.addr), &body);
}

fn head(stream: &Stream, shape: Shape, bits: u8, addr: u64) -> PayloadHead {
    PayloadHead {
        arg: stream.place.arg,
        phase: stream.place.phase,
        shape,
        status: bits,
        wanted: stream.wanted,
        addr,
        path: stream.place.path,
    }
}
