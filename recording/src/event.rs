//! The raw event: fixed little-endian records with payloads behind them.
//!
//! [`Record`] writes one, [`Events`] reads many, [`Event`] is a checked view of one. Views copy
//! nothing and can't fail: a record that is malformed never becomes a view.
//!
//! ```text
//! every record   0 size u32 | 4 kind u8 | 5 state u8 | 6 via u8 | 7 abi u8 | 8 task u32
//!               12 flags u32 | 16 seq u64 | 24 at u64 (a call: entered)
//! call          32 left | 40 nr | 48 args 6 x u64 | 96 result i64 | 104 ip | 112 sp
//!              120 payload_bytes u32 | 124 exit_flags u32                              = 128
//! signal        32 signo u32 | 36 disposition u8 | 40 ip u64 | 48 siginfo 128 bytes     = 176
//! stopped, continued   32 signo u32                                                    = 40
//! born          32 parent u32 | 36 how u8 | 40 clone flags u64 | 48 process u32 | 52 own tid u32 = 56
//! exec          32 old tid u32 | 36 process u32                                        = 40
//! died          32 code i32 | 36 how u8 (0 exited, 1 killed, 2 superseded by the execve of task `code`) | 37 core u8 | 38 last u8
//!               (1: its process ended with it) | 40 process u32 | 44 process status u32 (as wait4) = 48
//! detached      32 reason u32                                                          = 40
//! mapped        32 start | 40 length | 48 offset | 56 device | 64 inode                = 72
//! tracepoint, sample, switch   32 body length u32, body behind it                      = 40
//! counter       32 source u32 | 36 status u32 (0 measured) | 40 value | 48 enabled | 56 running = 64
//! lost          32 count | 40 first | 48 last | 56 engine u32                          = 64
//! unseen        32 what u32                                                            = 40
//! engine        32 from u8 | 33 to u8                                                  = 40
//! limit         32 which u32 | 40 value u64                                            = 48
//! file state    32 device | 40 inode | 48 size | 56 mode u32 | 60 what u32 (see FileWhat)
//!               | 64 errno u32 | 68 when u32 (0 at close, 1 at end)                    = 72
//! account       32 scope u32 (0 task, 1 process) | 36 count u32 | 40 count x Reading   = 40
//!                    Reading: measure u16 | status u16 | pad u32 | value u64
//! named         32                                                                     = 32
//! ```
//!
//! Texts (a reason, a path, a comm) are payloads with `arg` 6 and a number in `path`, given by
//! [`text`]. The argument vector of a first or attached `born`, and of an `exec`, is one payload per
//! argument: `arg` 1 as of execve, shape [`Shape::Element`], the index in `path`; the environment, only
//! on request, the same with `arg` 2.

/// Bytes before the kind's own fields.
pub const HEAD: usize = 32;
/// Bytes of a call without payloads.
pub const CALL: usize = 128;
/// Bytes before the content of a payload.
pub const PAYLOAD_HEAD: usize = 32;
/// Largest record a reader accepts: 1 MiB of payloads and room for their heads.
pub const MAX_RECORD: usize = 4 << 20;

macro_rules! raw_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value),+ }
        impl $name {
            /// The value of a raw byte; `None` for one that nobody defined.
            pub const fn from_raw(raw: u8) -> Option<Self> {
                match raw { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

raw_enum! {
    /// What happened.
    Kind {
        /// A system call.
        Call = 1,
        /// A signal was delivered.
        Signal = 2,
        /// The process stopped for job control.
        Stopped = 3,
        /// It was continued.
        Continued = 4,
        /// A task began.
        Born = 5,
        /// A process replaced its image.
        Exec = 6,
        /// A task ended.
        Died = 7,
        /// The engine let a task go.
        Detached = 8,
        /// A file was mapped executable.
        Mapped = 9,
        /// The runtime library, a hook or a probe spoke.
        Tracepoint = 10,
        /// A stack sample.
        Sample = 11,
        /// A counter was read.
        Counter = 12,
        /// Events are missing.
        Lost = 13,
        /// Something the engine can't see by nature.
        Unseen = 14,
        /// A task or process changed engine.
        Engine = 15,
        /// A limit ended the recording.
        Limit = 16,
        /// The state of a file (golden mode).
        FileState = 17,
        /// The kernel's accounts of a task or process.
        Account = 18,
        /// A task was switched in or out.
        Switch = 19,
        /// A task's name changed.
        Named = 20,
    }
}

raw_enum! {
    /// How far a record is.
    State {
        /// Never issued.
        Free = 0,
        /// Entered, not left: an announcement; the whole record follows with the same `seq`.
        Open = 1,
        /// Whole.
        Done = 2,
        /// Reserved, never issued.
        Void = 3,
        /// Left by a jump, without a result.
        Abandoned = 4,
        /// Interrupted before it began.
        Interrupted = 5,
    }
}

raw_enum! {
    /// How the call was noticed.
    Via {
        /// Two stops by PTRACE_SYSCALL.
        Ptrace = 0,
        /// A seccomp stop.
        Seccomp = 1,
        /// A patched site.
        Patched = 2,
        /// A perf_event record.
        Perf = 3,
        /// An eBPF record.
        Bpf = 4,
    }
}

/// Bits of a call's `flags`.
pub mod flag {
    /// Some payload was clipped to its limit.
    pub const CLIPPED: u32 = 1 << 0;
    /// Some payload could not be read.
    pub const FAULTED: u32 = 1 << 1;
    /// This entry continues an interrupted call of the same task.
    pub const RESTARTED: u32 = 1 << 2;
    /// The result is a restart code.
    pub const INTERRUPTED: u32 = 1 << 3;
    /// Attached in the middle: arguments unknown.
    pub const NO_ENTRY: u32 = 1 << 4;
    /// The task died or was let go inside.
    pub const NO_EXIT: u32 = 1 << 5;
    /// Injected error, value or delay.
    pub const TAMPERED: u32 = 1 << 6;
    /// Refused by the target's own seccomp filter.
    pub const DENIED: u32 = 1 << 7;
    /// Times were taken at the stops.
    pub const TIMES_AT_STOP: u32 = 1 << 8;
    /// Made by our runtime library for itself: never shown, counted or judged.
    pub const INSTRUMENTATION: u32 = 1 << 9;
    /// Names of the bits, lowest first.
    pub const NAMES: [&str; 10] = [
        "CLIPPED",
        "FAULTED",
        "RESTARTED",
        "INTERRUPTED",
        "NO_ENTRY",
        "NO_EXIT",
        "TAMPERED",
        "DENIED",
        "TIMES_AT_STOP",
        "INSTRUMENTATION",
    ];
}

raw_enum! {
    /// What the bytes of a payload are.
    Shape {
        /// Plain bytes.
        Bytes = 0,
        /// A NUL-terminated string, without its NUL.
        Text = 1,
        /// A vector of pointers or of `iovec`.
        Vector = 2,
        /// One element of a vector; its index in `path`.
        Element = 3,
        /// A structure, or an array of one.
        Struct = 4,
        /// u64 length and blake3-256 instead of the bytes.
        Digest = 5,
        /// What the kernel says of a number (a descriptor's link text, a task's comm), or a reason.
        Note = 6,
    }
}

/// Bits of a payload's `status`.
pub mod status {
    /// Clipped to the limit.
    pub const CLIPPED: u8 = 1 << 0;
    /// Faulted: the bytes up to the fault are kept.
    pub const FAULTED: u8 = 1 << 1;
    /// Not read on request.
    pub const NOT_READ: u8 = 1 << 2;
    /// Read after the call although the phase is `before`.
    pub const READ_AFTER: u8 = 1 << 3;
    /// The bytes are a u32 string id (in a file only; a reader puts the bytes back).
    pub const INTERNED: u8 = 1 << 4;
}

/// Numbers of the texts of an event; see [`Record::text`] and [`Event::text`].
pub mod text {
    /// The event's own text: why (detached, lost, engine, unseen, limit, counter), the comm (born,
    /// named), the path (mapped, file state), the executable (exec).
    pub const MAIN: u32 = 0;
    /// The comm after an exec.
    pub const COMM: u32 = 1;
    /// The executable of a first or attached born.
    pub const EXE: u32 = 2;
    /// The target of a link (file state).
    pub const LINK: u32 = 3;
}

/// `path` of the payloads of a `FileState` that are no texts; all have `arg` [`ARG_NONE`].
pub mod content {
    /// Shape `Digest`: u64 length and blake3-256. `CLIPPED`: at the end, and the bytes are not kept.
    pub const DIGEST: u32 = 4;
    /// Shape `Bytes`: a piece; its offset in the file is `addr`, the length of the file `wanted`. What
    /// does not fit into one event goes on in the next of the same path.
    pub const BYTES: u32 = 5;
}

/// Parts of a note on a descriptor: the low byte of its `path`; the rest is the element's index. The
/// number of the descriptor is `addr` (32 bits, `AT_FDCWD` too).
pub mod note {
    /// The link text of `/proc/TID/fd/N`, of `/proc/TID/cwd` for `AT_FDCWD`.
    pub const LINK: u32 = 0;
    /// `TCP:[127.0.0.1:5000->127.0.0.1:80]`, `UNIX-STREAM:[123,"/run/x"]`, which stand for the link
    /// text; `char 1:3`, `block 8:0`, which follow it.
    pub const DETAIL: u32 = 1;
    /// Device u64, inode u64, mode u32, 0 u32.
    pub const IDENTITY: u32 = 2;
}

/// Payload `arg` of a result buffer without an argument, and of the texts of events that are no call.
pub const ARG_NONE: u8 = 6;

/// Where a payload belongs and how it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadHead {
    /// Argument 0 to 5, or [`ARG_NONE`].
    pub arg: u8,
    /// 0: the bytes as before the call; 1: as after it.
    pub phase: u8,
    /// What the bytes are.
    pub shape: Shape,
    /// Bits of [`status`].
    pub status: u8,
    /// Full length as the target stated it: a claim, never an allocation size.
    pub wanted: u64,
    /// Address in the target; 0 where there is none.
    pub addr: u64,
    /// Element index; of a nested vector the parent's index stands in the upper half.
    pub path: u32,
}

impl PayloadHead {
    /// Appends a payload with this head, these further bits of status and these bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>, more_status: u8, bytes: &[u8]) {
        out.extend_from_slice(&[self.arg, self.phase, self.shape as u8, self.status | more_status]);
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.wanted.to_le_bytes());
        out.extend_from_slice(&self.addr.to_le_bytes());
        out.extend_from_slice(&u64::from(self.path).to_le_bytes());
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(8), 0);
    }
}

/// One payload of a record.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Where it belongs.
    pub head: PayloadHead,
    /// What was kept.
    pub bytes: &'a [u8],
}

/// A record under construction. The buffer is reused: after the first few events nothing allocates.
#[derive(Debug, Default, Clone)]
pub struct Record {
    bytes: Vec<u8>,
}

impl Record {
    /// An empty record with room for a common call.
    pub fn with_capacity(bytes: usize) -> Self {
        Record { bytes: Vec::with_capacity(bytes) }
    }

    /// Starts a record of `kind` with `fixed` bytes before the payloads, all zero but for the head.
    pub fn begin(&mut self, kind: Kind, fixed: usize, task: u32, seq: u64, at: u64) {
        debug_assert!(fixed >= HEAD && fixed.is_multiple_of(8));
        self.bytes.clear();
        self.bytes.resize(fixed, 0);
        self.bytes[4] = kind as u8;
        self.bytes[5] = State::Done as u8;
        self.put_u32(8, task);
        self.put_u64(16, seq);
        self.put_u64(24, at);
        self.seal();
    }

    /// Starts an open call.
    #[expect(clippy::too_many_arguments, reason = "the fixed part of a call has this many fields")]
    pub fn begin_call(
        &mut self,
        via: Via,
        abi: u8,
        task: u32,
        seq: u64,
        entered: u64,
        nr: u64,
        args: &[u64; 6],
        ip: u64,
        sp: u64,
    ) {
        self.begin(Kind::Call, CALL, task, seq, entered);
        self.bytes[5] = State::Open as u8;
        self.bytes[6] = via as u8;
        self.bytes[7] = abi;
        self.put_u64(40, nr);
        for (i, word) in args.iter().enumerate() {
            self.put_u64(48 + 8 * i, *word);
        }
        self.put_u64(104, ip);
        self.put_u64(112, sp);
    }

    /// Completes an open call.
    pub fn finish_call(&mut self, state: State, left: u64, result: i64) {
        self.bytes[5] = state as u8;
        self.put_u64(32, left);
        self.put_u64(96, result as u64);
    }

    /// Sets bits of `flags`.
    pub fn add_flags(&mut self, flags: u32) {
        let now = self.view().flags() | flags;
        self.put_u32(12, now);
    }

    /// Writes a word at an offset of the fixed part.
    pub fn put_u8(&mut self, at: usize, value: u8) {
        self.bytes[at] = value;
    }

    /// Writes a word at an offset of the fixed part.
    pub fn put_u32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes a word at an offset of the fixed part.
    pub fn put_u64(&mut self, at: usize, value: u64) {
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes bytes at an offset of the fixed part.
    pub fn put_bytes(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Appends a payload. Sets `CLIPPED` and `FAULTED` of a call by its status.
    pub fn payload(&mut self, head: PayloadHead, content: &[u8]) {
        let at = self.bytes.len();
        let padded = content.len().next_multiple_of(8);
        self.bytes.resize(at + PAYLOAD_HEAD + padded, 0);
        self.bytes[at] = head.arg;
        self.bytes[at + 1] = head.phase;
        self.bytes[at + 2] = head.shape as u8;
        self.bytes[at + 3] = head.status;
        self.put_u32(at + 4, content.len() as u32);
        self.put_u64(at + 8, head.wanted);
        self.put_u64(at + 16, head.addr);
        self.put_u32(at + 24, head.path);
        self.bytes[at + PAYLOAD_HEAD..at + PAYLOAD_HEAD + content.len()].copy_from_slice(content);
        self.seal();
        if self.bytes[4] == Kind::Call as u8 {
            let flags = u32::from(head.status) & (flag::CLIPPED | flag::FAULTED);
            if flags != 0 {
                self.add_flags(flags);
            }
        }
    }

    /// Appends a text (a reason, a path, a comm) to an event that is no call. `which` tells several apart.
    pub fn text(&mut self, which: u32, text: &[u8]) {
        let head = PayloadHead {
            arg: ARG_NONE,
            phase: 0,
            shape: Shape::Note,
            status: 0,
            wanted: text.len() as u64,
            addr: 0,
            path: which,
        };
        self.payload(head, text);
    }

    /// The finished bytes, a multiple of 8.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A view of what is there so far. The record must have been begun.
    pub fn view(&self) -> Event<'_> {
        Event { bytes: &self.bytes }
    }

    fn seal(&mut self) {
        let size = self.bytes.len() as u32;
        self.put_u32(0, size);
        if self.bytes[4] == Kind::Call as u8 {
            self.put_u32(120, size - CALL as u32);
        }
    }
}

/// A checked view of one record.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    bytes: &'a [u8],
}

impl<'a> Event<'a> {
    /// The first record of `bytes` with what follows it; `Err` says why there is none.
    pub fn split(bytes: &'a [u8]) -> Result<(Event<'a>, &'a [u8]), Malformed> {
        let Some(size) = bytes.get(..4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize) else {
            return Err(Malformed::Short);
        };
        if size < HEAD || !size.is_multiple_of(8) || size > MAX_RECORD {
            return Err(Malformed::Size(size));
        }
        if size > bytes.len() {
            return Err(Malformed::Short);
        }
        let (own, rest) = bytes.split_at(size);
        let event = Event { bytes: own };
        event.check()?;
        Ok((event, rest))
    }

    fn check(&self) -> Result<(), Malformed> {
        let fixed = self.fixed().ok_or(Malformed::Size(self.bytes.len()))?;
        if fixed > self.bytes.len() {
            return Err(Malformed::Size(self.bytes.len()));
        }
        let mut rest = &self.bytes[fixed..];
        while !rest.is_empty() {
            let Some(head) = rest.get(..PAYLOAD_HEAD) else { return Err(Malformed::Payload) };
            let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            if Shape::from_raw(head[2]).is_none() {
                return Err(Malformed::Payload);
            }
            rest = len
                .checked_next_multiple_of(8)
                .and_then(|len| rest.get(PAYLOAD_HEAD + len..))
                .ok_or(Malformed::Payload)?;
        }
        Ok(())
    }

    /// Bytes before the payloads; `None` when the record's own lengths contradict its size.
    fn fixed(&self) -> Option<usize> {
        Some(match self.kind() {
            Some(Kind::Call) => CALL,
            Some(Kind::Signal) => 176,
            Some(Kind::Born) => 56,
            Some(Kind::Died | Kind::Limit) => 48,
            Some(Kind::Stopped | Kind::Continued | Kind::Exec | Kind::Detached | Kind::Unseen | Kind::Engine) => 40,
            Some(Kind::Mapped | Kind::FileState) => 72,
            Some(Kind::Counter | Kind::Lost) => 64,
            Some(Kind::Named) => 32,
            Some(Kind::Account) => {
                let count = u32::from_le_bytes(self.bytes.get(36..40)?.try_into().ok()?) as usize;
                count.checked_mul(16)?.checked_add(40)?
            }
            Some(Kind::Tracepoint | Kind::Sample | Kind::Switch) => {
                let body = u32::from_le_bytes(self.bytes.get(32..36)?.try_into().ok()?) as usize;
                body.checked_next_multiple_of(8)?.checked_add(40)?
            }
            // An event of a later minor version: its head is known, its payloads are not looked at.
            None => self.bytes.len(),
        })
    }

    /// Bytes before the payloads.
    pub(crate) fn fixed_len(&self) -> usize {
        self.fixed().unwrap_or(self.bytes.len()).min(self.bytes.len())
    }

    /// The whole record.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What happened; `None` for a kind of a later version.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_raw(self.bytes[4])
    }

    /// How far the record is.
    pub fn state(&self) -> Option<State> {
        State::from_raw(self.bytes[5])
    }

    /// How the call was noticed.
    pub fn via(&self) -> Option<Via> {
        Via::from_raw(self.bytes[6])
    }

    /// Raw ABI byte (`syscalls::Abi`).
    pub fn abi(&self) -> u8 {
        self.bytes[7]
    }

    /// The task, in the tracer's PID namespace.
    pub fn task(&self) -> u32 {
        self.u32(8)
    }

    /// Bits of [`flag`].
    pub fn flags(&self) -> u32 {
        self.u32(12)
    }

    /// Dense per task, from 0.
    pub fn seq(&self) -> u64 {
        self.u64(16)
    }

    /// When it happened (a call: when it was entered), in ticks of the recording's clock.
    pub fn at(&self) -> u64 {
        self.u64(24)
    }

    /// The call's own fields; `None` when this is no call.
    pub fn call(&self) -> Option<Call<'a>> {
        (self.bytes[4] == Kind::Call as u8).then_some(Call { event: *self })
    }

    /// Is this the announcement of a call whose whole record follows later? Whoever counts skips it:
    /// each announced call comes again, with its exit or with `NO_EXIT`, live and from a file.
    pub fn is_announcement(&self) -> bool {
        self.bytes[4] == Kind::Call as u8 && self.bytes[5] == State::Open as u8
    }

    /// A word of the fixed part; 0 beyond the record.
    pub fn u8(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// A word of the fixed part; 0 beyond the record.
    pub fn u32(&self, at: usize) -> u32 {
        self.bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A word of the fixed part; 0 beyond the record.
    pub fn u64(&self, at: usize) -> u64 {
        match self.bytes.get(at..at + 8) {
            Some(b) => u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
            None => 0,
        }
    }

    /// The payloads in the order in which they were taken.
    pub fn payloads(&self) -> Payloads<'a> {
        Payloads { rest: &self.bytes[self.fixed_len()..] }
    }

    /// The text number `which` of an event that is no call.
    pub fn text(&self, which: u32) -> Option<&'a [u8]> {
        self.payloads().find(|p| p.head.arg == ARG_NONE && p.head.path == which).map(|p| p.bytes)
    }
}

/// A call's own fields.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The record.
    pub event: Event<'a>,
}

impl<'a> Call<'a> {
    /// When it was left, in ticks; 0 while open.
    pub fn left(&self) -> u64 {
        self.event.u64(32)
    }
    /// The number, all 64 bits as the target gave them.
    pub fn nr(&self) -> u64 {
        self.event.u64(40)
    }
    /// The six words.
    pub fn args(&self) -> [u64; 6] {
        std::array::from_fn(|i| self.event.u64(48 + 8 * i))
    }
    /// The raw return register.
    pub fn result(&self) -> i64 {
        self.event.u64(96) as i64
    }
    /// The errno of a failed call: results -4095 to -1.
    pub fn errno(&self) -> Option<u16> {
        let result = self.result();
        (self.returned() && (-4095..0).contains(&result)).then(|| result.unsigned_abs() as u16)
    }
    /// Was an exit seen?
    pub fn returned(&self) -> bool {
        self.event.flags() & flag::NO_EXIT == 0 && self.event.state() == Some(State::Done)
    }
    /// Was the entry seen?
    pub fn entered(&self) -> bool {
        self.event.flags() & flag::NO_ENTRY == 0
    }
    /// Address behind the `syscall` instruction's site.
    pub fn ip(&self) -> u64 {
        self.event.u64(104)
    }
    /// Stack pointer at entry.
    pub fn sp(&self) -> u64 {
        self.event.u64(112)
    }
    /// Payloads of one argument.
    pub fn payloads_of(&self, arg: u8) -> impl Iterator<Item = Payload<'a>> + use<'a> {
        self.event.payloads().filter(move |p| p.head.arg == arg)
    }
}

/// Iterator over the payloads of a record.
#[derive(Debug, Clone)]
pub struct Payloads<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Payloads<'a> {
    type Item = Payload<'a>;

    fn next(&mut self) -> Option<Payload<'a>> {
        let b = self.rest.get(..PAYLOAD_HEAD)?;
        let view = Event { bytes: b };
        let len = view.u32(4) as usize;
        let head = PayloadHead {
            arg: b[0],
            phase: b[1],
            shape: Shape::from_raw(b[2])?,
            status: b[3],
            wanted: view.u64(8),
            addr: view.u64(16),
            path: view.u32(24),
        };
        let bytes = self.rest.get(PAYLOAD_HEAD..PAYLOAD_HEAD + len)?;
        self.rest = self.rest.get(PAYLOAD_HEAD + len.next_multiple_of(8)..).unwrap_or(&[]);
        Some(Payload { head, bytes })
    }
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer bytes than the record says.
    #[error("the record is cut")]
    Short,
    /// Size zero, unaligned, too large or too small for its kind.
    #[error("a record of {0} bytes")]
    Size(usize),
    /// A payload beyond its record, or of no shape.
    #[error("a payload beyond its record")]
    Payload,
}

/// Iterator over records back to back.
#[derive(Debug, Clone)]
pub struct Events<'a> {
    rest: &'a [u8],
    broken: Option<Malformed>,
}

impl<'a> Events<'a> {
    /// Over these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Events { rest: bytes, broken: None }
    }

    /// What is left, and why the iteration ended early if it did.
    pub fn rest(&self) -> (&'a [u8], Option<Malformed>) {
        (self.rest, self.broken)
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if self.rest.is_empty() || self.broken.is_some() {
            return None;
        }
        match Event::split(self.rest) {
            Ok((event, rest)) => {
                self.rest = rest;
                Some(event)
            }
            Err(why) => {
                self.broken = Some(why);
                None
            }
        }
    }
}

raw_enum! {
    /// How a task came to be.
    BornHow {
        /// `fork`.
        Fork = 0,
        /// `vfork`.
        Vfork = 1,
        /// `clone` of a process.
        Clone = 2,
        /// `clone` of a thread.
        Thread = 3,
        /// The root command.
        First = 4,
        /// Attached to.
        Attached = 5,
    }
}

raw_enum! {
    /// What a path is (`FileState`).
    FileWhat {
        /// Nothing there any more.
        Gone = 0,
        /// A regular file.
        File = 1,
        /// A directory.
        Dir = 2,
        /// A symbolic link.
        Link = 3,
        /// A FIFO.
        Fifo = 4,
        /// A socket.
        Socket = 5,
        /// A device.
        Device = 6,
        /// Could not be looked at; the errno says why.
        Unknown = 7,
    }
}

raw_enum! {
    /// What an engine can't see (`Unseen`).
    Hidden {
        /// Calls answered by the vDSO without the kernel.
        Vdso = 1,
        /// A child made with CLONE_UNTRACED.
        UntracedChild = 2,
        /// Operations of an io_uring.
        IoUring = 3,
        /// A task traced by somebody else.
        OtherTracer = 4,
        /// A set-user-id program that lost its privilege under trace.
        SetuidLost = 5,
        /// An attempt on the tracer itself.
        AttackOnTracer = 6,
        /// Sites without a patch (fast path without its filter).
        UnpatchedSites = 7,
        /// Anything else; the text says what.
        Other = 8,
    }
}

/// Measures of the kernel's accounts (`Account`) and of counters. The numbers are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
#[expect(missing_docs, reason = "name() and unit() say it")]
pub enum Measure {
    UserUs = 1,
    SysUs = 2,
    MaxRssBytes = 3,
    MinorFaults = 4,
    MajorFaults = 5,
    VoluntarySwitches = 6,
    InvoluntarySwitches = 7,
    BlocksIn = 8,
    BlocksOut = 9,
    RunNs = 10,
    WaitNs = 11,
    Slices = 12,
    Rchar = 13,
    Wchar = 14,
    Syscr = 15,
    Syscw = 16,
    ReadBytes = 17,
    WriteBytes = 18,
    CancelledWriteBytes = 19,
    TaskClock = 32,
    PageFaults = 33,
    ContextSwitches = 34,
    CpuMigrations = 35,
    Instructions = 36,
    Cycles = 37,
    CacheMisses = 38,
    BranchMisses = 39,
    CacheReferences = 40,
    Branches = 41,
}

impl Measure {
    /// All of them, in the order of their numbers.
    pub const ALL: [Measure; 29] = {
        use Measure::*;
        [
            UserUs,
            SysUs,
            MaxRssBytes,
            MinorFaults,
            MajorFaults,
            VoluntarySwitches,
            InvoluntarySwitches,
            BlocksIn,
            BlocksOut,
            RunNs,
            WaitNs,
            Slices,
            Rchar,
            Wchar,
            Syscr,
            Syscw,
            ReadBytes,
            WriteBytes,
            CancelledWriteBytes,
            TaskClock,
            PageFaults,
            ContextSwitches,
            CpuMigrations,
            Instructions,
            Cycles,
            CacheMisses,
            BranchMisses,
            CacheReferences,
            Branches,
        ]
    };

    /// The measure of a raw number; `None` for one of a later version.
    pub fn from_raw(raw: u16) -> Option<Measure> {
        Measure::ALL.into_iter().find(|m| *m as u16 == raw)
    }

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::UserUs => "user_us",
            Measure::SysUs => "sys_us",
            Measure::MaxRssBytes => "max_rss_bytes",
            Measure::MinorFaults => "minor_faults",
            Measure::MajorFaults => "major_faults",
            Measure::VoluntarySwitches => "voluntary_switches",
            Measure::InvoluntarySwitches => "involuntary_switches",
            Measure::BlocksIn => "blocks_in",
            Measure::BlocksOut => "blocks_out",
            Measure::RunNs => "run_ns",
            Measure::WaitNs => "wait_ns",
            Measure::Slices => "slices",
            Measure::Rchar => "rchar",
            Measure::Wchar => "wchar",
            Measure::Syscr => "syscr",
            Measure::Syscw => "syscw",
            Measure::ReadBytes => "read_bytes",
            Measure::WriteBytes => "write_bytes",
            Measure::CancelledWriteBytes => "cancelled_write_bytes",
            Measure::TaskClock => "task-clock",
            Measure::PageFaults => "page-faults",
            Measure::ContextSwitches => "context-switches",
            Measure::CpuMigrations => "cpu-migrations",
            Measure::Instructions => "instructions",
            Measure::Cycles => "cycles",
            Measure::CacheMisses => "cache-misses",
            Measure::BranchMisses => "branch-misses",
            Measure::CacheReferences => "cache-references",
            Measure::Branches => "branches",
        }
    }

    /// `us`, `ns`, `bytes` or `count` (blocks are of 512 bytes).
    pub const fn unit(self) -> &'static str {
        match self {
            Measure::UserUs | Measure::SysUs => "us",
            Measure::RunNs | Measure::WaitNs | Measure::TaskClock => "ns",
            Measure::MaxRssBytes
            | Measure::Rchar
            | Measure::Wchar
            | Measure::ReadBytes
            | Measure::WriteBytes
            | Measure::CancelledWriteBytes => "bytes",
            _ => "count",
        }
    }
}

/// Bits of a [`Reading`]'s status and of a `Counter`'s.
pub mod reading {
    /// Not measured; the event's text says why.
    pub const NOT_MEASURED: u16 = 1 << 0;
    /// Tracing itself moves this value.
    pub const DISTURBED: u16 = 1 << 1;
    /// Counted in user mode only.
    pub const USER_ONLY: u16 = 1 << 2;
    /// The peak of an image before the last exec may hide in it.
    pub const BEFORE_EXEC: u16 = 1 << 3;
}

/// One value of an `Account`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Raw number of a [`Measure`].
    pub measure: u16,
    /// Bits of [`reading`].
    pub status: u16,
    /// The value in the measure's unit.
    pub value: u64,
}

impl Event<'_> {
    /// The values of an `Account`.
    pub fn readings(&self) -> impl Iterator<Item = Reading> + '_ {
        let count = if self.kind() == Some(Kind::Account) { self.u32(36) as usize } else { 0 };
        (0..count).map(|i| {
            let at = 40 + 16 * i;
            Reading {
                measure: (self.u32(at) & 0xffff) as u16,
                status: (self.u32(at) >> 16) as u16,
                value: self.u64(at + 8),
            }
        })
    }
}

impl Record {
    /// Starts an `Account` with these readings.
    pub fn begin_account(&mut self, task: u32, seq: u64, at: u64, process: bool, readings: &[Reading]) {
        self.begin(Kind::Account, 40 + 16 * readings.len(), task, seq, at);
        self.put_u32(32, u32::from(process));
        self.put_u32(36, readings.len() as u32);
        for (i, r) in readings.iter().enumerate() {
            self.put_u32(40 + 16 * i, u32::from(r.measure) | u32::from(r.status) << 16);
            self.put_u64(48 + 16 * i, r.value);
        }
    }
}
