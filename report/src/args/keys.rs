//! Keys (keyctl(2)).

use syscalls::names;

use super::kept::Kept;
use super::printer::Printer;

impl Printer<'_, '_> {
    /// `[KEYCTL_CAPS0_CAPABILITIES|…, KEYCTL_CAPS1_NS_KEYRING_NAME|…]`: each byte has names of its own.
    pub(super) fn key_capabilities(&mut self, kept: Kept<'_>) {
        self.text(b"[");
        for (i, byte) in kept.bytes.iter().take(self.elements_shown()).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            let value = u64::from(*byte);
            match i {
                0 => self.flags(&names::KEY_CAPABILITIES0, value),
                1 => self.flags(&names::KEY_CAPABILITIES1, value),
                _ => self.hex(value),
            }
        }
        self.elements_left_out(kept, 1);
        self.text(b"]");
    }
}
