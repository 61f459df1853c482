//! Signals: names, and what their `siginfo` says (sigaction(2)).

use recording::event::Event;

use crate::digits;

/// Appends the name of a signal.
pub(crate) fn write_name(out: &mut Vec<u8>, signo: u32) {
    match syscalls::signal::name(signo) {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => digits::dec(out, u64::from(signo)),
    }
}

/// The raw bytes of a `siginfo_t` of the 64-bit kernel interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Siginfo<'a> {
    bytes: &'a [u8],
}

impl<'a> Siginfo<'a> {
    /// That of a signal event.
    pub(crate) fn of(event: &Event<'a>) -> Self {
        Siginfo { bytes: event.bytes().get(48..176).unwrap_or(&[]) }
    }

    fn word(&self, at: usize) -> u32 {
        self.bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn signo(&self) -> u32 {
        self.word(0)
    }

    fn code(&self) -> i32 {
        self.word(8) as i32
    }

    /// Is it one of those that the hardware raises, with an address?
    fn is_fault(&self) -> bool {
        matches!(self.signo(), 4 | 5 | 7 | 8 | 11) && self.code() > 0 && self.code() != 0x80
    }

    /// Who sent it, where that is a process: `kill`, `sigqueue`, `tgkill`, message queues, children.
    pub(crate) fn sender(&self) -> Option<u32> {
        let by_process = matches!(self.code(), 0 | -1 | -3 | -6);
        let by_child = self.signo() == 17 && self.code() > 0;
        (by_process || by_child).then(|| self.word(16))
    }

    /// The address at fault.
    pub(crate) fn fault_address(&self) -> Option<u64> {
        self.is_fault().then(|| u64::from(self.word(16)) | u64::from(self.word(20)) << 32)
    }

    /// Appends the name of `si_code`.
    pub(crate) fn write_code(&self, out: &mut Vec<u8>) {
        match syscalls::signal::code_name(self.signo(), self.code()) {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => digits::signed(out, i64::from(self.code())),
        }
    }
}
