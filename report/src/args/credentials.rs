//! Credentials: sets of capabilities (capget(2)).

use syscalls::names;

use super::kept::word;
use super::printer::Printer;
use super::word::Number;
use crate::text::Constants;

/// `_LINUX_CAPABILITY_VERSION_1`.
const VERSION_1: u64 = 0x1998_0330;

impl Printer<'_, '_> {
    /// `{effective=1<<CAP_CHOWN|…, permitted=…, inheritable=0}`: two structures make 64-bit sets; the oldest
    /// version has one.
    pub(super) fn capabilities(&mut self, bytes: &[u8]) {
        let is_first = self.memory(0, 0).is_some_and(|header| word(header.bytes, 0, 4) == VERSION_1);
        let bytes = if is_first { bytes.get(..12).unwrap_or(bytes) } else { bytes };
        self.text(b"{effective=");
        self.capability_set(bytes, 0);
        self.text(b", permitted=");
        self.capability_set(bytes, 4);
        self.text(b", inheritable=");
        self.capability_set(bytes, 8);
        self.text(b"}");
    }

    fn capability_set(&mut self, bytes: &[u8], at: usize) {
        let (low, high) = (word(bytes, at, 4), word(bytes, at + 12, 4));
        if self.style.constants == Constants::Names || self.names_only || low | high == 0 {
            return self.capability_names(low | high << 32);
        }
        // As two words, as they stand there.
        self.constant(Number::Hex(low), low != 0, |own| own.capability_names(low));
        if high != 0 {
            self.text(b"|");
            self.constant(Number::Hex(high), true, |own| own.capability_names(high << 32));
        }
    }

    fn capability_names(&mut self, mut left: u64) {
        if left == 0 {
            return self.text(b"0");
        }
        let mut first = true;
        while left != 0 {
            let number = u64::from(left.trailing_zeros());
            left &= left - 1;
            if !std::mem::take(&mut first) {
                self.text(b"|");
            }
            self.text(b"1<<");
            self.name(&names::CAPABILITIES, number);
        }
    }
}
