//! Files: status, file systems, directory entries, locks.

use recording::event::Call;
use recording::event::Shape;
use syscalls::{Dir, Syscall, layout, names};

use super::kept::{Kept, signed, word};
use super::printer::Printer;
use super::string::Quoting;
use crate::text::HexStrings;

const TYPE: u64 = 0o170_000;
const BLOCK: u64 = 0o060_000;
const CHARACTER: u64 = 0o020_000;

/// Is this a `mknod` of something that has no device number?
pub(super) fn is_node_without_device(row: &Syscall, call: &Call<'_>) -> bool {
    let [_, second, third, ..] = call.args();
    let mode = match row.name {
        "mknod" => second,
        "mknodat" => third,
        _ => return false,
    };
    !matches!(mode & TYPE, BLOCK | CHARACTER)
}

/// `stx_mask`: the time of birth is there (statx(2)).
const STATX_BTIME: u64 = 0x800;

impl Printer<'_, '_> {
    /// FS_IOC_FIEMAP: the part of a file that is asked for, and how many extents it has.
    pub(super) fn extents(&mut self, before: Kept<'_>, after: Option<Kept<'_>>) {
        self.text(b"{fm_start=");
        self.decimal(word(before.bytes, 0, 8));
        self.text(b", fm_length=");
        self.decimal(word(before.bytes, 8, 8));
        self.text(b", fm_flags=");
        self.flags(&names::FIEMAP_FLAGS, word(before.bytes, 16, 4));
        self.text(b", fm_extent_count=");
        self.decimal(word(before.bytes, 24, 4));
        self.text(b"}");
        self.late();
        if let Some(after) = after {
            self.text(b" => {fm_flags=");
            self.flags(&names::FIEMAP_FLAGS, word(after.bytes, 16, 4));
            self.text(b", fm_mapped_extents=");
            self.decimal(word(after.bytes, 20, 4));
            self.text(b", ...}");
        }
    }

    /// `{st_mode=S_IFREG|0644, st_size=5, ...}` (stat(2)).
    pub(super) fn stat(&mut self, bytes: &[u8]) {
        let mode = word(bytes, 24, 4);
        self.text(b"{");
        if self.verbose {
            self.text(b"st_dev=");
            self.device(word(bytes, 0, 8));
            self.text(b", st_ino=");
            self.decimal(word(bytes, 8, 8));
            self.text(b", ");
        }
        self.text(b"st_mode=");
        self.symbolic_mode(mode);
        if self.verbose {
            for (name, at, width) in [
                (&b", st_nlink="[..], 16, 8),
                (b", st_uid=", 28, 4),
                (b", st_gid=", 32, 4),
                (b", st_blksize=", 56, 8),
                (b", st_blocks=", 64, 8),
            ] {
                self.text(name);
                self.decimal(word(bytes, at, width));
            }
        }
        if matches!(mode & TYPE, BLOCK | CHARACTER) {
            self.text(b", st_rdev=");
            self.device(word(bytes, 40, 8));
        } else {
            self.text(b", st_size=");
            self.signed(signed(bytes, 48, 8));
        }
        if self.verbose {
            for (name, at) in [(&b"atime"[..], 72), (b"mtime", 88), (b"ctime", 104)] {
                let (seconds, part) = (signed(bytes, at, 8), word(bytes, at + 8, 8));
                self.text(b", st_");
                self.text(name);
                self.text(b"=");
                self.signed(seconds);
                self.date(seconds, part, 9);
                self.text(b", st_");
                self.text(name);
                self.text(b"_nsec=");
                self.decimal(part);
            }
        } else {
            self.text(b", ...");
        }
        self.text(b"}");
    }

    /// `{handle_bytes=128 => 8, handle_type=1, f_handle="\x01…"}` (open_by_handle_at(2)).
    pub(super) fn file_handle(&mut self, at: u8, dir: Dir) {
        /// MAX_HANDLE_SZ.
        const MOST: u64 = 128;
        // It may end where the memory ends, long before all that a handle may have.
        let whole = |kept: &Kept<'_>| kept.bytes.len() >= 8;
        let before = self.kept(at, 0, Shape::Struct, 0).filter(whole).filter(|_| self.shows_structures());
        let Some(before) = before else { return self.address(at) };
        let room = word(before.bytes, 0, 4);
        self.text(b"{handle_bytes=");
        self.decimal(room);
        if dir == Dir::In {
            self.handle(before.bytes, room.min(MOST));
            return self.text(b"}");
        }
        self.late();
        if let Some(after) = self.kept(at, 1, Shape::Struct, 0).filter(whole) {
            let taken = word(after.bytes, 0, 4);
            if taken != room {
                self.text(b" => ");
                self.decimal(taken);
            }
            if self.call.errno().is_none() {
                self.handle(after.bytes, taken.min(MOST));
            }
        }
        self.text(b"}");
    }

    fn handle(&mut self, bytes: &[u8], length: u64) {
        self.text(b", handle_type=");
        self.decimal(word(bytes, 4, 4));
        self.text(b", f_handle=");
        let own = bytes.get(8..).unwrap_or(&[]);
        Quoting::quoted(HexStrings::All).write(self.out, own.get(..length as usize).unwrap_or(own));
    }

    /// The extended form (statx(2)).
    pub(super) fn statx(&mut self, bytes: &[u8]) {
        let verbose = self.verbose;
        let number = |own: &mut Self, name: &[u8], at, width| {
            own.text(name);
            own.decimal(word(bytes, at, width));
        };
        self.text(b"{stx_mask=");
        self.flags(&names::STATX_MASK, word(bytes, 0, 4));
        if verbose {
            number(self, b", stx_blksize=", 4, 4);
        }
        self.text(b", stx_attributes=");
        self.flags(&names::STATX_ATTRIBUTES, word(bytes, 8, 8));
        if verbose {
            number(self, b", stx_nlink=", 16, 4);
            number(self, b", stx_uid=", 20, 4);
            number(self, b", stx_gid=", 24, 4);
        }
        self.text(b", stx_mode=");
        self.symbolic_mode(word(bytes, 28, 2));
        if verbose {
            number(self, b", stx_ino=", 32, 8);
        }
        number(self, b", stx_size=", 40, 8);
        if !verbose {
            return self.text(b", ...}");
        }
        number(self, b", stx_blocks=", 48, 8);
        self.text(b", stx_attributes_mask=");
        self.flags(&names::STATX_ATTRIBUTES, word(bytes, 56, 8));
        for (name, at) in
            [(&b", stx_atime="[..], 64), (b", stx_btime=", 80), (b", stx_ctime=", 96), (b", stx_mtime=", 112)]
        {
            // Not every filesystem knows when a file was made (statx(2)).
            if name == b", stx_btime=" && word(bytes, 0, 4) & STATX_BTIME == 0 {
                continue;
            }
            let (seconds, part) = (signed(bytes, at, 8), word(bytes, at + 8, 4));
            self.text(name);
            self.text(b"{tv_sec=");
            self.signed(seconds);
            self.text(b", tv_nsec=");
            self.decimal(part);
            self.text(b"}");
            self.date(seconds, part, 9);
        }
        number(self, b", stx_rdev_major=", 128, 4);
        number(self, b", stx_rdev_minor=", 132, 4);
        number(self, b", stx_dev_major=", 136, 4);
        number(self, b", stx_dev_minor=", 140, 4);
        self.text(b", stx_mnt_id=");
        self.hex(word(bytes, 144, 8));
        self.text(b"}");
    }

    /// Numbers of a file system (statfs(2)).
    pub(super) fn statfs(&mut self, bytes: &[u8]) {
        self.text(b"{f_type=");
        self.name(&names::FS_MAGIC, word(bytes, 0, 8));
        for (name, at) in [
            (&b", f_bsize="[..], 8),
            (b", f_blocks=", 16),
            (b", f_bfree=", 24),
            (b", f_bavail=", 32),
            (b", f_files=", 40),
            (b", f_ffree=", 48),
        ] {
            self.text(name);
            self.decimal(word(bytes, at, 8));
        }
        self.text(b", f_fsid={val=[");
        self.hex(word(bytes, 56, 4));
        self.text(b", ");
        self.hex(word(bytes, 60, 4));
        self.text(b"]}, f_namelen=");
        self.decimal(word(bytes, 64, 8));
        self.text(b", f_frsize=");
        self.decimal(word(bytes, 72, 8));
        self.text(b", f_flags=");
        self.flags(&names::STATFS_FLAGS, word(bytes, 80, 8));
        self.text(b"}");
    }

    /// A record lock; who holds it is known only where the kernel was asked (fcntl(2)).
    pub(super) fn file_lock(&mut self, bytes: &[u8]) {
        let asked = matches!(self.word(1), 5 | 12 | 36);
        let shown = layout::FLOCK.fields.len() - usize::from(!asked);
        self.text(b"{");
        for (i, field) in layout::FLOCK.fields.iter().take(shown).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.named(field, bytes);
        }
        self.text(b"}");
    }

    /// `{flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_BENEATH}` (openat2(2)).
    pub(super) fn open_how(&mut self, bytes: &[u8]) {
        let (flags, mode) = (word(bytes, 0, 8), word(bytes, 8, 8));
        self.text(b"{flags=");
        self.open_flags(flags);
        if mode != 0 || super::word::creates(flags) {
            self.text(b", mode=");
            self.octal_mode(mode);
        }
        self.text(b", resolve=");
        self.flags(&names::OPENAT2_RESOLVE, word(bytes, 16, 8));
        self.text(b"}");
    }

    /// `0x55d0 /* 3 entries */`, or each of them (getdents(2)).
    pub(super) fn directory_entries(&mut self, at: u8, is_64: bool) {
        self.late();
        let Some(kept) = self.memory(at, 1) else { return self.address(at) };
        if !self.verbose {
            self.address(at);
            // Entries that were not kept can't be counted.
            if !kept.is_part() {
                self.text(b" /* ");
                self.decimal(entries(kept.bytes).count() as u64);
                self.text(b" entries */");
            }
            return;
        }
        self.text(b"[");
        for (i, entry) in entries(kept.bytes).enumerate() {
            if i > 0 {
                self.text(b", ");
            }
            self.entry(entry, is_64);
        }
        self.text(if kept.is_part() { b", ...]" } else { b"]" });
    }

    fn entry(&mut self, entry: &[u8], is_64: bool) {
        let kind_at = if is_64 { 18 } else { entry.len().saturating_sub(1) };
        let name = entry.get(if is_64 { 19.. } else { 18.. }).unwrap_or(&[]);
        self.text(b"{d_ino=");
        self.decimal(word(entry, 0, 8));
        self.text(b", d_off=");
        self.signed(signed(entry, 8, 8));
        self.text(b", d_reclen=");
        self.decimal(entry.len() as u64);
        if is_64 {
            self.text(b", d_type=");
            self.name(&names::DIRENT_TYPES, word(entry, kind_at, 1));
        }
        self.text(b", d_name=");
        Quoting::quoted(self.style.hex).write(self.out, super::printer::until_nul(name));
        if !is_64 {
            self.text(b", d_type=");
            self.name(&names::DIRENT_TYPES, word(entry, kind_at, 1));
        }
        self.text(b"}");
    }
}

/// The entries, each as long as it says, as far as they are whole.
fn entries(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = word(rest, 16, 2) as usize;
        if length < 19 {
            return None;
        }
        let (entry, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(entry)
    })
}
