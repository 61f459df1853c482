//! Records under construction: how an engine writes an event.

use super::{ARG_NONE, CALL, Event, HEAD, Kind, PAYLOAD_HEAD, PayloadHead, Reading, Shape, State, Via, flag};

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

    /// What is there behind an offset.
    pub(super) fn bytes_from(&mut self, at: usize) -> &mut [u8] {
        self.bytes.get_mut(at..).unwrap_or_default()
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

    /// Forgets the payloads of a call, and what their status said.
    pub fn drop_payloads(&mut self) {
        self.bytes.truncate(CALL);
        self.seal();
        self.put_u32(12, self.view().flags() & !(flag::CLIPPED | flag::FAULTED));
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
