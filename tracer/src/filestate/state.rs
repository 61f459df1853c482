//! States: one look at a file, and the events that carry it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use recording::event::{ARG_NONE, FileWhat, Kind, PayloadHead, Record, Shape, content, status, text};

use crate::procfs::{FileKind, ProcPath};

/// Bytes of a `FileState` before its payloads.
const FIXED: usize = 72;
/// Bytes of one piece.
const PIECE: usize = 64 << 10;
/// Pieces of one event.
const PIECES: usize = 16;

/// What was seen of a path.
#[derive(Debug)]
pub(super) struct State {
    path: Vec<u8>,
    what: FileWhat,
    errno: i32,
    at_the_end: bool,
    device: u64,
    inode: u64,
    mode: u32,
    size: u64,
    link: Option<Vec<u8>>,
    /// Length and blake3-256 of what was read.
    digest: Option<(u64, [u8; 32])>,
    /// The bytes do not follow, although this is the end.
    clipped: bool,
}

impl State {
    /// A file that a task has open, through its descriptor.
    pub fn of_open_file(path: Vec<u8>, magic: &ProcPath, meta: &Metadata) -> State {
        let mut state = State::of_metadata(path, meta);
        state.read(|| File::open(magic.as_str()));
        state
    }

    fn nothing(path: Vec<u8>, what: FileWhat, errno: i32) -> State {
        State {
            path,
            what,
            errno,
            at_the_end: false,
            device: 0,
            inode: 0,
            mode: 0,
            size: 0,
            link: None,
            digest: None,
            clipped: false,
        }
    }

    fn of_metadata(path: Vec<u8>, meta: &Metadata) -> State {
        let what = match FileKind::of(meta) {
            FileKind::Regular => FileWhat::File,
            FileKind::Directory => FileWhat::Dir,
            FileKind::Link => FileWhat::Link,
            FileKind::Pipe => FileWhat::Fifo,
            FileKind::Socket => FileWhat::Socket,
            FileKind::Terminal | FileKind::Device => FileWhat::Device,
            FileKind::Anonymous => FileWhat::Unknown,
        };
        State {
            device: meta.dev(),
            inode: meta.ino(),
            mode: meta.mode(),
            size: meta.len(),
            ..State::nothing(path, what, 0)
        }
    }

    /// The path as it is when all is over.
    fn at_the_end(path: Vec<u8>, elsewhere: bool) -> State {
        if elsewhere {
            return State { at_the_end: true, ..State::nothing(path, FileWhat::Unknown, libc::EXDEV) };
        }
        let place = place_of(&path);
        let mut state = match std::fs::symlink_metadata(&place) {
            Ok(meta) => State::of_metadata(path, &meta),
            Err(error) => match error.raw_os_error().unwrap_or(libc::EIO) {
                libc::ENOENT | libc::ENOTDIR => State::nothing(path, FileWhat::Gone, 0),
                errno => State::nothing(path, FileWhat::Unknown, errno),
            },
        };
        state.at_the_end = true;
        match state.what {
            FileWhat::Link => {
                state.link = std::fs::read_link(&place).ok().map(|to| to.into_os_string().into_vec());
            }
            FileWhat::File => state.read(|| open(&place)),
            _ => {}
        }
        state
    }

    /// Reads the file through for its hash.
    fn read(&mut self, open: impl FnOnce() -> io::Result<File>) {
        if self.path.starts_with(b"/proc/") || self.path.starts_with(b"/sys/") {
            return;
        }
        match open().and_then(hash) {
            Ok(digest) => self.digest = Some(digest),
            Err(error) => self.errno = error.raw_os_error().unwrap_or(libc::EIO),
        }
    }

    /// Makes `record` the event of this state.
    pub fn write(&self, record: &mut Record, task: u32, seq: u64, at: u64) {
        self.write_head(record, task, seq, at);
        self.write_digest(record);
    }

    fn write_head(&self, record: &mut Record, task: u32, seq: u64, at: u64) {
        record.begin(Kind::FileState, FIXED, task, seq, at);
        record.put_u64(32, self.device);
        record.put_u64(40, self.inode);
        record.put_u64(48, self.size);
        record.put_u32(56, self.mode);
        record.put_u32(60, self.what as u32);
        record.put_u32(64, self.errno as u32);
        record.put_u32(68, u32::from(self.at_the_end));
        record.text(text::MAIN, &self.path);
        if let Some(link) = &self.link {
            record.text(text::LINK, link);
        }
    }

    fn write_digest(&self, record: &mut Record) {
        let Some((len, hash)) = &self.digest else { return };
        let mut body = [0; 40];
        body[..8].copy_from_slice(&len.to_le_bytes());
        body[8..].copy_from_slice(hash);
        let bits = if self.clipped { status::CLIPPED } else { 0 };
        record.payload(head(Shape::Digest, content::DIGEST, bits, *len, 0), &body);
    }
}

/// A state of the end on its way into events, piece by piece.
#[derive(Debug)]
pub(super) struct Reading {
    state: State,
    /// The file and how much of it was written.
    file: Option<(File, u64)>,
    begun: bool,
    piece: Vec<u8>,
}

impl Reading {
    /// Looks at a path for the last time; takes the bytes it will write off `left`.
    pub fn at_the_end(path: Vec<u8>, elsewhere: bool, left: &mut u64) -> Reading {
        let mut state = State::at_the_end(path, elsewhere);
        let mut file = None;
        if let Some((len, _)) = state.digest {
            match left.checked_sub(len) {
                Some(rest) => {
                    *left = rest;
                    file = open(&place_of(&state.path)).ok().filter(|_| len > 0).map(|file| (file, 0));
                }
                None => state.clipped = true,
            }
        }
        Reading { state, file, begun: false, piece: Vec::new() }
    }

    /// Has everything been written?
    pub fn is_over(&self) -> bool {
        self.begun && self.file.is_none()
    }

    /// Makes `record` the next event of this state.
    pub fn write(&mut self, record: &mut Record, task: u32, seq: u64, at: u64) {
        self.state.write_head(record, task, seq, at);
        if !self.begun {
            self.begun = true;
            self.state.write_digest(record);
        }
        let wanted = self.state.digest.map_or(0, |(len, _)| len);
        for _ in 0..PIECES {
            let Some((file, done)) = &mut self.file else { return };
            // No more than was hashed, should the file grow under our hands.
            let most = usize::try_from(wanted - *done).unwrap_or(PIECE).min(PIECE);
            self.piece.resize(PIECE, 0);
            let got = fill(file, &mut self.piece[..most]);
            let offset = *done;
            *done += got as u64;
            let last = *done >= wanted || got == 0;
            let bits = if got < most { status::FAULTED } else { 0 };
            record.payload(head(Shape::Bytes, content::BYTES, bits, wanted, offset), &self.piece[..got]);
            if last {
                self.file = None;
            }
        }
    }
}

fn place_of(path: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()))
}

/// Without following a link, and without waiting should it have become a FIFO.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

fn hash(mut file: File) -> io::Result<(u64, [u8; 32])> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; PIECE];
    let mut len = 0u64;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((len, *hasher.finalize().as_bytes())),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                len += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads until `buffer` is full or nothing more comes.
fn fill(file: &mut File, buffer: &mut [u8]) -> usize {
    let mut len = 0;
    while len < buffer.len() {
        match file.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(count) => len += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    len
}

fn head(shape: Shape, path: u32, status: u8, wanted: u64, addr: u64) -> PayloadHead {
    PayloadHead { arg: ARG_NONE, phase: 1, shape, status, wanted, addr, path }
}
