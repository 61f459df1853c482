//! Gathering: pieces of remote memory that are read together, and those they lead to.
//!
//! ```text
//! want() ──> pieces ──> fetch(): one process_vm_readv for all that is pending
//!               ^                 │
//!               └── follow() <────┘   a string goes on, pointers lead to strings,
//!                                     a msghdr leads to its name, vector and control
//! ```
//!
//! The loop ends when nothing new is pending: one turn for plain buffers and short strings, two for
//! argument vectors and `iovec`s, three for `msghdr`s. A target chooses every address and length
//! here, so sums saturate, and the arena bounds what one stop can cost.

use recording::event::{PayloadHead, Record, Shape, status};
use syscalls::layout::{Layout, Lead, Many};

use crate::sys::memory::{Range, RemoteMemory};

/// Most bytes kept of one event (golden streams are read in chunks of their own).
pub(super) const EVENT_BYTES: usize = 1 << 20;
/// Most bytes read of one piece.
pub(super) const PIECE_BYTES: u64 = 64 << 10;
/// Pointers counted in a NULL-ended vector.
const POINTERS: u64 = PIECE_BYTES / 8;
/// What a name may hold (`PATH_MAX`, with its NUL).
pub(super) const NAME_BYTES: u64 = 4096;
/// First bite of a string; most end within it.
const FIRST_BITE: u64 = 512;
const PAGE: u64 = 4096;
/// `struct msghdr`, native 64 bits.
pub(super) const MSGHDR: u64 = 56;
/// `struct mmsghdr`, native 64 bits.
pub(super) const MMSGHDR: u64 = 64;
/// Bytes kept of a socket name (`struct sockaddr_storage`).
const SOCKADDR: u64 = 128;
/// Bytes kept of control messages.
const CONTROL: u64 = 4096;

/// The parts of a message, as `path` numbers them.
mod part {
    pub const NAME: u32 = 1;
    pub const VECTOR: u32 = 2;
    pub const CONTROL: u32 = 3;
}

/// `struct iocb` (io_submit(2)).
const IOCB: u64 = 64;

/// Of its operations those that lead to more.
mod iocb {
    pub const WRITE: u16 = 1;
    pub const READ_VECTOR: u16 = 7;
    pub const WRITE_VECTOR: u16 = 8;
}

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub arg: u8,
    pub phase: u8,
    pub shape: Shape,
    pub path: u32,
}

/// How much of moved data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// So many bytes of each buffer.
    Most(u64),
    /// All of it: set aside as [`Stream`]s.
    All,
    /// Nothing: the length only.
    Nothing,
}

/// A number in the memory behind an argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub arg: u8,
    /// Where it stands there.
    pub at: usize,
    pub width: Width,
}

/// What such a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// An `int`; below 0 it is no length.
    Int,
    /// An `unsigned int`.
    UInt,
    /// A `size_t`.
    Size,
}

/// What the bytes of a piece lead to once they are here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// Nothing more.
    Rest,
    /// They go on until a NUL, at most so many bytes.
    Text { most: u64 },
    /// Pointers until NULL, each to a string; `strings` of them are followed.
    Pointers { strings: u64 },
    /// `iovec`s; `moved` bytes of what they point to are of interest.
    Vectors { moved: u64, keep: Keep, status: u8 },
    /// One `msghdr`, likewise.
    Message { moved: u64, keep: Keep, status: u8 },
    /// `mmsghdr`s; `moved` is false when their lengths are not yet known.
    Messages { moved: bool, keep: Keep, status: u8 },
    /// As many elements of `size` bytes as the number says; at most `most` bytes.
    SizedBy { number: Number, size: u64, most: u64 },
    /// No more than the number says.
    CutBy(Number),
    /// A structure whose fields lead to more; `next` is the argument behind it.
    Fields { layout: &'static Layout, next: u64 },
    /// Addresses of blocks of asynchronous I/O, of whose data so much is kept.
    Blocks { keep: u64 },
    /// One such block.
    Block { keep: u64 },
    /// Their first word is an address, behind which so many bytes stand.
    Behind { bytes: u64 },
    /// Their word at this place is the address of a name.
    Name { at: usize },
    /// Their first word is a number of bytes, the one at 8 the address of those: at most `most`.
    Counted { most: u64 },
}

/// A piece of remote memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub place: Place,
    pub status: u8,
    pub addr: u64,
    pub wanted: u64,
    at: usize,
    /// Bytes here.
    len: usize,
    /// Bytes to be fetched next, behind those.
    ask: usize,
    /// Arena reserved.
    room: usize,
    /// Followed to its end.
    done: bool,
    then: Then,
}

/// Data moved that is read chunk by chunk when the record is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub place: Place,
    pub status: u8,
    pub addr: u64,
    /// Bytes moved.
    pub wanted: u64,
    /// Bytes of them to be read.
    pub len: u64,
}

/// The scratch of one stop, reused by the next.
pub(super) struct Gather {
    pub memory: RemoteMemory,
    pieces: Vec<Piece>,
    streams: Vec<Stream>,
    ranges: Vec<Range>,
    arena: Vec<u8>,
    used: usize,
    words: Vec<u8>,
    /// Bytes of a pointer in the task.
    word: usize,
    /// Elements kept of a vector.
    elements: u64,
    /// Bytes kept of the strings of one vector.
    strings_bytes: u64,
}

impl Gather {
    pub fn new(elements: u64, strings_bytes: u64) -> Self {
        Gather {
            memory: RemoteMemory::new(),
            pieces: Vec::with_capacity(64),
            streams: Vec::with_capacity(8),
            ranges: Vec::with_capacity(64),
            arena: vec![0; 64 << 10],
            used: 0,
            words: Vec::with_capacity(1024),
            word: 8,
            elements,
            strings_bytes,
        }
    }

    /// Forgets the last stop.
    pub fn begin(&mut self, word: usize) {
        self.pieces.clear();
        self.streams.clear();
        self.used = 0;
        self.word = word;
    }

    /// Asks for `ask` of the `wanted` bytes at `addr`.
    pub fn want(&mut self, place: Place, addr: u64, wanted: u64, ask: u64, then: Then) {
        self.want_with(0, place, addr, wanted, ask, then);
    }

    /// The same, for a payload that carries `status` from the start.
    pub fn want_with(&mut self, status: u8, place: Place, addr: u64, wanted: u64, ask: u64, then: Then) {
        let mut piece =
            Piece { place, status, addr, wanted, at: self.used, len: 0, ask: 0, room: 0, done: false, then };
        self.reserve(&mut piece, ask.min(PIECE_BYTES) as usize);
        self.pieces.push(piece);
    }

    /// What was asked for of argument `arg` leads to `bytes` more, behind its first word.
    pub fn lead(&mut self, arg: u8, bytes: u64) {
        if let Some(piece) = self.pieces.iter_mut().find(|piece| piece.place.arg == arg) {
            piece.then = Then::Behind { bytes };
        }
    }

    /// Asks for a NUL-terminated string of at most `most` bytes.
    pub fn want_text(&mut self, place: Place, addr: u64, most: u64) {
        let ask = to_page_end(addr).min(FIRST_BITE).min(most);
        self.want(place, addr, 0, ask, Then::Text { most });
    }

    /// Asks for pointers up to NULL; the strings behind the first `strings` of them follow.
    pub fn want_pointers(&mut self, place: Place, addr: u64, strings: u64) {
        let ask = to_page_end(addr).min(FIRST_BITE);
        self.want(place, addr, 0, ask, Then::Pointers { strings });
    }

    /// Asks for data moved.
    pub fn want_data(&mut self, status: u8, place: Place, addr: u64, moved: u64, keep: Keep) {
        match keep {
            Keep::Nothing => {
                self.want_with(status | status::NOT_READ, place, addr, moved, 0, Then::Rest);
            }
            Keep::Most(most) if most <= PIECE_BYTES => {
                self.want_with(status, place, addr, moved, moved.min(most), Then::Rest);
            }
            Keep::Most(most) if moved.min(most) <= PIECE_BYTES => {
                self.want_with(status, place, addr, moved, moved, Then::Rest);
            }
            Keep::Most(most) => {
                self.streams.push(Stream { place, status, addr, wanted: moved, len: moved.min(most) });
            }
            Keep::All => self.streams.push(Stream { place, status, addr, wanted: moved, len: moved }),
        }
    }

    /// Asks for an array of `iovec`s and the data behind it.
    pub fn want_vectors(&mut self, status: u8, place: Place, addr: u64, count: u64, moved: u64, keep: Keep) {
        let taken = count.min(self.elements).min(1024);
        let wanted = count.saturating_mul(16);
        self.want_with(
            status,
            place,
            addr,
            wanted,
            taken * 2 * self.word as u64,
            Then::Vectors { moved, keep, status },
        );
    }

    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.streams.is_empty()
    }

    /// Data to be read chunk by chunk.
    pub fn stream(&self, index: usize) -> Option<Stream> {
        self.streams.get(index).copied()
    }

    /// Reads everything that was asked for, and what it leads to.
    pub fn run(&mut self, tid: u32) {
        let mut done = 0;
        loop {
            self.fetch(tid);
            let seen = self.pieces.len();
            let again = self.follow(&mut done);
            if !again && self.pieces.len() == seen {
                return;
            }
        }
    }

    /// One chunk of a stream into the arena, for the caller to look at.
    pub fn chunk(&mut self, tid: u32, addr: u64, len: usize) -> &[u8] {
        let len = len.min(PIECE_BYTES as usize);
        if self.arena.len() < len {
            self.arena.resize(len, 0);
        }
        let mut range = [Range { addr, at: 0, len, got: 0 }];
        self.memory.read(tid, &mut self.arena, &mut range);
        &self.arena[..range[0].got]
    }

    /// Appends all pieces to the record as payloads.
    pub fn write(&mut self, record: &mut Record) {
        let mut cap = (u8::MAX, 0);
        for i in 0..self.pieces.len() {
            let mut piece = self.pieces[i];
            if piece.is_string_of_vector() {
                if cap.0 != piece.place.arg {
                    cap = (piece.place.arg, self.fair_share(piece.place.arg));
                }
                piece.len = piece.len.min(cap.1);
            }
            let mut status = piece.status;
            let units = match piece.then {
                Then::Pointers { strings } => {
                    self.widen(&piece, self.word, strings);
                    piece.wanted * 8
                }
                Then::Vectors { .. } => {
                    self.widen(&piece, self.word, u64::MAX);
                    piece.wanted
                }
                _ => piece.wanted,
            };
            let bytes = match piece.then {
                Then::Pointers { .. } | Then::Vectors { .. } => &self.words[..],
                _ => self.arena.get(piece.at..piece.at + piece.len).unwrap_or(&[]),
            };
            if status & (status::FAULTED | status::NOT_READ) == 0 && (bytes.len() as u64) < units {
                status |= status::CLIPPED;
            }
            let head = PayloadHead {
                arg: piece.place.arg,
                phase: piece.place.phase,
                shape: piece.place.shape,
                status,
                wanted: piece.wanted,
                addr: piece.addr,
                path: piece.place.path,
            };
            record.payload(head, bytes);
        }
    }

    /// The strings of one vector share a budget: the longest length at which all of them fit, cut there.
    fn fair_share(&self, arg: u8) -> usize {
        let fits = |cap: usize| {
            let strings = self.pieces.iter().filter(|p| p.is_string_of_vector() && p.place.arg == arg);
            strings.map(|p| p.len.min(cap) as u64).sum::<u64>() <= self.strings_bytes
        };
        let (mut fair, mut unfair) = (0, EVENT_BYTES);
        if fits(unfair) {
            return unfair;
        }
        while unfair - fair > 1 {
            let middle = fair + (unfair - fair) / 2;
            if fits(middle) { fair = middle } else { unfair = middle }
        }
        fair
    }

    /// The bytes of a piece that is here.
    fn bytes(&self, piece: &Piece) -> &[u8] {
        self.arena.get(piece.at..piece.at + piece.len).unwrap_or(&[])
    }

    /// Words of the task's width as 64-bit words into `words`, at most `most` of them.
    fn widen(&mut self, piece: &Piece, width: usize, most: u64) {
        self.words.clear();
        let bytes = self.arena.get(piece.at..piece.at + piece.len).unwrap_or(&[]);
        if width == 8 {
            let len = (bytes.len() / 8 * 8).min(usize::try_from(most.saturating_mul(8)).unwrap_or(usize::MAX));
            self.words.extend_from_slice(&bytes[..len]);
        } else {
            for word in bytes.chunks_exact(4).take(usize::try_from(most).unwrap_or(usize::MAX)) {
                self.words.extend_from_slice(word);
                self.words.extend_from_slice(&[0; 4]);
            }
        }
    }

    /// Finds room for `ask` more bytes behind those that the piece has; fewer when the arena is full.
    fn reserve(&mut self, piece: &mut Piece, ask: usize) {
        let need = piece.len + ask;
        if need > piece.room {
            let last = piece.at + piece.room == self.used;
            if !last && piece.len > 0 {
                // Doubled, so that a string that grows by pages is moved a few times only.
                let room = (need * 2).min(EVENT_BYTES - self.used);
                if room >= need {
                    self.grow_arena(self.used + room);
                    self.arena.copy_within(piece.at..piece.at + piece.len, self.used);
                    piece.at = self.used;
                    piece.room = room;
                    self.used += room;
                }
            } else {
                if !last {
                    piece.at = self.used;
                    piece.room = 0;
                }
                let room = need.min(EVENT_BYTES - piece.at);
                self.grow_arena(piece.at + room);
                piece.room = room;
                self.used = piece.at + room;
            }
        }
        piece.ask = ask.min(piece.room - piece.len);
        if piece.ask < ask {
            piece.status |= status::CLIPPED;
        }
    }

    fn grow_arena(&mut self, len: usize) {
        if self.arena.len() < len {
            self.arena.resize(len, 0);
        }
    }

    /// One read for everything pending.
    fn fetch(&mut self, tid: u32) {
        self.ranges.clear();
        for piece in &self.pieces {
            if piece.ask > 0 {
                self.ranges.push(Range {
                    addr: piece.addr.wrapping_add(piece.len as u64),
                    at: piece.at + piece.len,
                    len: piece.ask,
                    got: 0,
                });
            }
        }
        if self.ranges.is_empty() {
            return;
        }
        self.memory.read(tid, &mut self.arena, &mut self.ranges);
        let mut ranges = self.ranges.iter();
        for piece in &mut self.pieces {
            if piece.ask > 0 {
                let got = ranges.next().map_or(0, |r| r.got);
                if got < piece.ask {
                    piece.status |= status::FAULTED;
                }
                piece.len += got;
                piece.ask = 0;
            }
        }
    }

    /// Follows every piece from `done` on. True when some piece is to be read further; `done` then
    /// stays before it.
    fn follow(&mut self, done: &mut usize) -> bool {
        let mut again = false;
        let mut strings = (u8::MAX, 0u64);
        let end = self.pieces.len();
        for i in *done..end {
            let mut piece = self.pieces[i];
            if piece.place.shape == Shape::Element {
                if strings.0 != piece.place.arg {
                    strings = (piece.place.arg, 0);
                }
                strings.1 = strings.1.saturating_add(piece.len as u64);
            }
            let pending = match piece.then {
                Then::Rest => false,
                Then::Text { most } => {
                    let spent = piece.place.shape == Shape::Element && strings.1 >= self.strings_bytes;
                    self.follow_text(&mut piece, most, spent)
                }
                Then::Pointers { strings } => self.follow_pointers(&mut piece, strings),
                Then::Vectors { moved, keep, status } => {
                    if !piece.done {
                        piece.finish();
                        self.follow_vectors(&piece, moved, keep, status);
                    }
                    false
                }
                Then::Message { moved, keep, status } => {
                    if !piece.done {
                        piece.finish();
                        let header = self.copy_header(&piece, 0);
                        self.follow_message(&piece, &header, 0, moved, keep, status);
                    }
                    false
                }
                Then::Messages { moved, keep, status } => {
                    if !piece.done {
                        piece.finish();
                        self.follow_messages(&piece, moved, keep, status);
                    }
                    false
                }
                Then::Behind { bytes } => {
                    let addr = self.word_at(&piece, 0);
                    if !piece.done && addr != 0 {
                        self.want(Place { path: 1 << 16, ..piece.place }, addr, bytes, bytes, Then::Rest);
                    }
                    piece.finish();
                    false
                }
                Then::Name { at } => {
                    let addr = self.word_at(&piece, at);
                    if !piece.done && addr != 0 {
                        self.want_text(Place { shape: Shape::Text, path: 1 << 16, ..piece.place }, addr, NAME_BYTES);
                    }
                    piece.finish();
                    false
                }
                Then::Counted { most } => {
                    let bytes = int(self.bytes(&piece), 0).unwrap_or(0).min(most);
                    let addr = self.word_at(&piece, 8);
                    if !piece.done && addr != 0 && bytes > 0 {
                        self.want(Place { path: 1 << 16, ..piece.place }, addr, bytes, bytes, Then::Rest);
                    }
                    piece.finish();
                    false
                }
                Then::Fields { layout, next } => {
                    if !piece.done {
                        piece.finish();
                        self.follow_fields(&piece, layout, next);
                    }
                    false
                }
                Then::Blocks { keep } => {
                    if !piece.done {
                        piece.finish();
                        self.follow_blocks(&piece, keep);
                    }
                    false
                }
                Then::Block { keep } => {
                    if !piece.done {
                        piece.finish();
                        self.follow_block(&piece, keep);
                    }
                    false
                }
                Then::SizedBy { number, size, most } => match self.number_behind(number, piece.place.phase) {
                    Some(count) => {
                        piece.wanted = count.saturating_mul(size);
                        piece.then = Then::Rest;
                        let ask = piece.wanted.min(most).min(PIECE_BYTES) as usize;
                        self.reserve(&mut piece, ask);
                        piece.ask > 0
                    }
                    None => {
                        piece.then = Then::Rest;
                        piece.status |= status::FAULTED;
                        false
                    }
                },
                Then::CutBy(number) => {
                    if let Some(most) = self.number_behind(number, piece.place.phase) {
                        piece.wanted = piece.wanted.min(most);
                        piece.len = piece.len.min(usize::try_from(most).unwrap_or(usize::MAX));
                    }
                    piece.then = Then::Rest;
                    false
                }
            };
            again |= pending;
            self.pieces[i] = piece;
        }
        if !again {
            *done = end;
        }
        again
    }

    /// Looks for the end of a string; asks for more when it has not come.
    fn follow_text(&mut self, piece: &mut Piece, most: u64, spent: bool) -> bool {
        if piece.done {
            return false;
        }
        if let Some(end) = self.bytes(piece).iter().position(|&byte| byte == 0) {
            piece.len = end;
            piece.wanted = end as u64;
            piece.status &= !(status::FAULTED | status::CLIPPED);
            piece.finish();
            return false;
        }
        let len = piece.len as u64;
        // A string has no claim: one byte more than is here says that it goes on.
        piece.wanted = len + 1;
        if piece.status & status::FAULTED != 0 {
            piece.wanted = len;
            piece.finish();
            return false;
        }
        if len >= most || spent {
            piece.finish();
            return false;
        }
        let ask = to_page_end(piece.addr.wrapping_add(len)).min(most - len).min(PIECE_BYTES);
        self.reserve(piece, ask as usize);
        if piece.ask == 0 {
            piece.finish();
        }
        piece.ask > 0
    }

    /// Looks for NULL; then asks for the strings.
    fn follow_pointers(&mut self, piece: &mut Piece, strings: u64) -> bool {
        if piece.done {
            return false;
        }
        let width = self.word;
        let bytes = self.bytes(piece);
        let end = bytes.chunks_exact(width).position(|word| word.iter().all(|&b| b == 0));
        let count = end.unwrap_or(bytes.len() / width) as u64;
        let faulted = piece.status & status::FAULTED != 0;
        if end.is_none() && !faulted && count < POINTERS {
            let ask = to_page_end(piece.addr.wrapping_add(piece.len as u64)).min(PIECE_BYTES - piece.len as u64);
            self.reserve(piece, ask as usize);
            if piece.ask > 0 {
                return true;
            }
        }
        if end.is_some() {
            piece.status &= !(status::FAULTED | status::CLIPPED);
        } else if !faulted {
            piece.status |= status::CLIPPED;
        }
        piece.len = count as usize * width;
        piece.wanted = count;
        piece.finish();
        if strings == 0 {
            piece.status |= status::NOT_READ;
        }
        for i in 0..count.min(strings) {
            let addr = self.word_at(piece, i as usize * width);
            let place = Place { shape: Shape::Element, path: i as u32, ..piece.place };
            self.want_text(place, addr, self.strings_bytes);
        }
        false
    }

    /// Asks for the data behind an array of `iovec`s: `moved` bytes, from the first on.
    fn follow_vectors(&mut self, piece: &Piece, mut moved: u64, keep: Keep, status: u8) {
        let width = self.word;
        for i in 0..piece.len / (2 * width) {
            let addr = self.word_at(piece, i * 2 * width);
            let len = self.word_at(piece, i * 2 * width + width).min(moved);
            moved -= len;
            if addr == 0 || (moved == 0 && len == 0) {
                continue;
            }
            let place = Place { shape: Shape::Element, path: piece.place.path | i as u32, ..piece.place };
            self.want_data(status, place, addr, len, keep);
        }
    }

    /// The 64 bytes of one message header that are here; zero where they are not.
    fn copy_header(&self, piece: &Piece, from: usize) -> [u8; MMSGHDR as usize] {
        let mut header = [0; MMSGHDR as usize];
        let bytes = self.bytes(piece).get(from..).unwrap_or(&[]);
        let len = bytes.len().min(header.len());
        header[..len].copy_from_slice(&bytes[..len]);
        header
    }

    /// Asks for the parts of one message: recv(2), `struct msghdr`.
    fn follow_message(&mut self, piece: &Piece, header: &[u8; 64], base: u32, moved: u64, keep: Keep, status: u8) {
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
        let (name, name_len) = (word(0), word(8) & 0xffff_ffff);
        let (vector, vector_len) = (word(16), word(24));
        let (control, control_len) = (word(32), word(40));
        let of = |part: u32, shape| Place { shape, path: (base + part) << 16, ..piece.place };
        if name != 0 && name_len > 0 {
            let ask = name_len.min(SOCKADDR);
            self.want_with(status, of(part::NAME, Shape::Struct), name, name_len, ask, Then::Rest);
        }
        if vector != 0 && vector_len > 0 {
            self.want_vectors(status, of(part::VECTOR, Shape::Vector), vector, vector_len, moved, keep);
        }
        if control != 0 && control_len > 0 {
            let ask = control_len.min(CONTROL);
            self.want_with(status, of(part::CONTROL, Shape::Struct), control, control_len, ask, Then::Rest);
        }
    }

    /// Asks for the parts of each message of sendmmsg(2) or recvmmsg(2).
    fn follow_messages(&mut self, piece: &Piece, moved: bool, keep: Keep, status: u8) {
        for i in 0..piece.len / MMSGHDR as usize {
            let header = self.copy_header(piece, i * MMSGHDR as usize);
            let len = u32::from_le_bytes(std::array::from_fn(|i| header[MSGHDR as usize + i]));
            let moved = if moved { u64::from(len) } else { u64::MAX };
            self.follow_message(piece, &header, 4 + 4 * i as u32, moved, keep, status);
        }
    }

    /// A pointer or `size_t` of the task inside a piece.
    fn word_at(&self, piece: &Piece, at: usize) -> u64 {
        let mut word = [0; 8];
        if let Some(bytes) = self.bytes(piece).get(at..at + self.word) {
            word[..self.word].copy_from_slice(bytes);
        }
        u64::from_le_bytes(word)
    }

    /// Asks for what the fields of a structure lead to.
    fn follow_fields(&mut self, piece: &Piece, layout: &'static Layout, next: u64) {
        for (field, path) in layout.fields.iter().zip(1u32..) {
            let Some(lead) = field.leads else { continue };
            let addr = self.word_at(piece, field.at as usize);
            if addr == 0 {
                continue;
            }
            let place = |shape| Place { shape, path: path << 16, ..piece.place };
            match lead {
                Lead::Text => self.want_text(place(Shape::Text), addr, NAME_BYTES),
                Lead::Elements(size, many) => {
                    let count = match many {
                        Many::At(at) => uint(self.bytes(piece), at as usize).unwrap_or(0),
                        Many::Next => next,
                    };
                    let wanted = count.saturating_mul(u64::from(size));
                    let ask = count.min(self.elements) * u64::from(size);
                    self.want(place(Shape::Struct), addr, wanted, ask, Then::Rest);
                }
            }
        }
    }

    /// Asks for the blocks of io_submit(2).
    fn follow_blocks(&mut self, piece: &Piece, keep: u64) {
        for k in 0..piece.len / 8 {
            let addr = self.word_at(piece, 8 * k);
            if addr != 0 {
                let place = Place { path: (k as u32 + 1) << 16, ..piece.place };
                self.want(place, addr, IOCB, IOCB, Then::Block { keep });
            }
        }
    }

    /// Asks for what a block writes, or for the vector that it reads or writes.
    fn follow_block(&mut self, piece: &Piece, keep: u64) {
        let bytes = self.bytes(piece);
        let Some(operation) = bytes.get(16..18).map(|op| u16::from_le_bytes([op[0], op[1]])) else { return };
        let (addr, count) = (self.word_at(piece, 24), self.word_at(piece, 32));
        // More than any buffer can hold.
        if addr == 0 || i64::try_from(count).is_err() {
            return;
        }
        let of = |shape| Place { shape, ..piece.place };
        match operation {
            iocb::WRITE => self.want_data(0, of(Shape::Element), addr, count, Keep::Most(keep)),
            iocb::READ_VECTOR => self.want_vectors(0, of(Shape::Vector), addr, count, u64::MAX, Keep::Nothing),
            iocb::WRITE_VECTOR => self.want_vectors(0, of(Shape::Vector), addr, count, u64::MAX, Keep::Most(keep)),
            _ => {}
        }
    }

    /// A number behind an argument, read at this stop.
    fn number_behind(&self, number: Number, phase: u8) -> Option<u64> {
        let is_it = |p: &&Piece| p.place.arg == number.arg && p.place.phase == phase && p.place.path == 0;
        number.of(self.bytes(self.pieces.iter().find(is_it)?))
    }
}

impl Number {
    /// The number in these bytes.
    pub fn of(self, bytes: &[u8]) -> Option<u64> {
        match self.width {
            Width::Int => int(bytes, self.at),
            Width::UInt => uint(bytes, self.at),
            Width::Size => {
                let end = self.at.checked_add(8)?;
                Some(u64::from_le_bytes(bytes.get(self.at..end)?.try_into().ok()?))
            }
        }
    }
}

/// An int as a length.
fn int(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::try_from(uint(bytes, at)? as i32).unwrap_or(0))
}

fn uint(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u64::from(u32::from_le_bytes(word.try_into().ok()?)))
}

impl Piece {
    fn is_string_of_vector(&self) -> bool {
        self.place.shape == Shape::Element && matches!(self.then, Then::Text { .. })
    }

    fn finish(&mut self) {
        self.ask = 0;
        self.done = true;
    }
}

fn to_page_end(addr: u64) -> u64 {
    PAGE - addr % PAGE
}
