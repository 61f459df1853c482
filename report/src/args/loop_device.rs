//! Loop devices (loop(4)).

use syscalls::layout::Layout;

use super::kept::word;
use super::printer::Printer;
use super::string::Quoting;

/// Shown of a device that encrypts, and where structures are shown whole.
const OF_ENCRYPTION: [&str; 4] = ["lo_encrypt_type", "lo_encrypt_key_size", "lo_crypt_name", "lo_encrypt_key"];
/// Shown only where structures are shown whole.
const OF_WHOLE: [&str; 6] = ["lo_device", "lo_inode", "lo_rdevice", "lo_sizelimit", "lo_init", "reserved"];

impl Printer<'_, '_> {
    /// `struct loop_info` and `struct loop_info64`.
    pub(super) fn loop_info(&mut self, layout: &'static Layout, bytes: &[u8]) {
        let value = |name: &str| {
            let field = layout.fields.iter().find(|field| field.name == name);
            field.map_or(0, |field| word(bytes, field.at as usize, field.width as usize))
        };
        let encrypts = value("lo_encrypt_type") != 0;
        self.text(b"{");
        let mut first = true;
        for field in layout.fields {
            let left_out = OF_WHOLE.contains(&field.name) || (OF_ENCRYPTION.contains(&field.name) && !encrypts);
            if left_out && !self.verbose {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text(b", ");
            }
            if field.name == "lo_encrypt_key" {
                let size = (value("lo_encrypt_key_size") as usize).min(field.width as usize);
                let from = field.at as usize;
                self.text(b"lo_encrypt_key=");
                Quoting::quoted(self.style.hex).write(self.out, bytes.get(from..from + size).unwrap_or(&[]));
            } else {
                self.named(field, bytes);
            }
        }
        self.text(if self.verbose { b"}" } else { b", ...}" });
    }
}
