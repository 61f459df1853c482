//! Page faults answered by the program itself (ioctl_userfaultfd(2)).

use syscalls::{layout, names};

use super::kept::{Kept, word};
use super::printer::Printer;

impl Printer<'_, '_> {
    /// `{api=0xaa, features=0 => features=…, ioctls=…}`: what is asked for, and what there is.
    pub(super) fn fault_features(&mut self, before: Kept<'_>, after: Option<Kept<'_>>) {
        let asked = word(before.bytes, 8, 8);
        self.text(b"{api=");
        self.hex(word(before.bytes, 0, 8));
        self.text(b", features=");
        self.flags(&names::UFFD_FEATURES, asked);
        self.late();
        if let Some(after) = after.filter(|after| after.bytes.len() >= layout::UFFDIO_API.size as usize) {
            let features = word(after.bytes, 8, 8);
            if features != asked {
                self.text(b" => features=");
                self.flags(&names::UFFD_FEATURES, features);
            }
            self.text(b", ioctls=");
            self.flags(&names::UFFD_IOCTLS, word(after.bytes, 16, 8));
        }
        self.text(b"}");
    }
}
