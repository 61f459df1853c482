//! Credentials: sets of capabilities (capget(2)).

use syscalls::names;

use super::kept::word;
use super::printer::Printer;

impl Printer<'_, '_> {
    /// `{effective=1<<CAP_CHOWN|…, permitted=…, inheritable=0}`: two structures make one 64-bit set each.
    pub(super) fn capabilities(&mut self, bytes: &[u8]) {
        self.text(b"{effective=");
        self.capability_set(bytes, 0);
        self.text(b", permitted=");
        self.capability_set(bytes, 4);
        self.text(b", inheritable=");
        self.capability_set(bytes, 8);
        self.text(b"}");
    }

    fn capability_set(&mut self, bytes: &[u8], at: usize) {
        let mut left = word(bytes, at, 4) | word(bytes, at + 12, 4) << 32;
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
