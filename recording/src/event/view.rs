//! Views: how everybody else reads an event. A view is checked when it is made and can't fail after.

use super::{
    ARG_NONE, CALL, HEAD, Joined, JoinedPayloads, Kind, MAX_RECORD, PAYLOAD_HEAD, Payload, Payloads, Reading, Shape,
    State, Via, flag, profile,
};

/// A checked view of one record.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub(super) bytes: &'a [u8],
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
            Some(Kind::Mapped) => 80,
            Some(Kind::FileState) => 72,
            Some(Kind::Counter | Kind::Lost) => 64,
            Some(Kind::Named) => 32,
            Some(Kind::Account) => {
                let count = u32::from_le_bytes(self.bytes.get(36..40)?.try_into().ok()?) as usize;
                count.checked_mul(16)?.checked_add(40)?
            }
            Some(kind @ (Kind::Tracepoint | Kind::Sample | Kind::Switch)) => {
                profile::fixed_with_body(kind, self.bytes)?
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

    /// What is kept, with the pieces of one place joined.
    pub fn joined(&self) -> JoinedPayloads<'a> {
        JoinedPayloads { rest: self.payloads() }
    }

    /// The text number `which` of an event that is no call.
    pub fn text(&self, which: u32) -> Option<&'a [u8]> {
        self.payloads().find(|p| p.head.arg == ARG_NONE && p.head.path == which).map(|p| p.bytes)
    }
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
    /// What is kept of one argument, pieces joined.
    pub fn joined_of(&self, arg: u8) -> impl Iterator<Item = Joined<'a>> + use<'a> {
        self.event.joined().filter(move |joined| joined.head.arg == arg)
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
