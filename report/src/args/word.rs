//! Words: numbers, flags, names, descriptors: whatever needs no memory.

use recording::event::Call;
use syscalls::names::{self, Names};
use syscalls::{Arg, errno, ioctl, signal};

use super::notes::Of;
use super::printer::Printer;
use crate::digits;

/// Does an `open` with these flags make a file, so that its mode counts?
pub(super) fn creates(flags: u64) -> bool {
    flags & 0x40 != 0 || flags & 0x41_0000 == 0x41_0000
}

/// Is this an argument that other arguments make meaningless?
pub(super) fn is_unused(name: &str, call: &Call<'_>, arg: &Arg) -> bool {
    let [_, second, _, fourth, ..] = call.args();
    match (name, arg.name) {
        // mremap(2): only MREMAP_FIXED takes a new address.
        ("mremap", "new_addr") => fourth & 2 == 0,
        // membarrier(2): only MEMBARRIER_CMD_FLAG_CPU takes a processor.
        ("membarrier", "cpu_id") => second & 1 == 0,
        _ => false,
    }
}

/// Bits that one name of this table can take: the union of all values, filled up to the highest bit.
fn enum_mask(table: &Names) -> u64 {
    let union = table.rows.iter().fold(0, |all, row| all | row.0);
    let highest = 64 - union.leading_zeros();
    let lowest = union.trailing_zeros().min(highest);
    let below = |bits: u32| 1u64.checked_shl(bits).map_or(u64::MAX, |bit| bit - 1);
    below(highest) & !below(lowest)
}

impl Printer<'_, '_> {
    /// Hex, but `NULL` for 0.
    pub(super) fn pointer(&mut self, value: u64) {
        if value == 0 { self.text(b"NULL") } else { self.hex(value) }
    }

    /// Hex, but `0` for 0.
    pub(super) fn hex(&mut self, value: u64) {
        if value == 0 { self.text(b"0") } else { digits::hex(self.out, value) }
    }

    /// Decimal.
    pub(super) fn decimal(&mut self, value: u64) {
        digits::dec(self.out, value);
    }

    /// Signed decimal.
    pub(super) fn signed(&mut self, value: i64) {
        digits::signed(self.out, value);
    }

    /// Octal with a leading zero and at least three digits.
    pub(super) fn octal_mode(&mut self, value: u64) {
        let digits = (64 - value.leading_zeros()).div_ceil(3) + 1;
        octal(self.out, value, digits.max(3));
    }

    /// A mode with the file type and the special bits by name.
    pub(super) fn symbolic_mode(&mut self, mode: u64) {
        if let Some(kind) = names::FILE_TYPES.name(mode & 0o170_000) {
            self.text(kind.as_bytes());
            self.text(b"|");
        }
        let known = names::FILE_TYPES.name(mode & 0o170_000).is_some();
        for (bit, name) in [(0o4000, &b"S_ISUID|"[..]), (0o2000, b"S_ISGID|"), (0o1000, b"S_ISVTX|")] {
            if mode & bit != 0 {
                self.text(name);
            }
        }
        self.octal_mode(mode & if known { 0o777 } else { !0o7000 });
    }

    /// `makedev(0x8, 0x1)` (makedev(3), the kernel's 64-bit form).
    pub(super) fn device(&mut self, dev: u64) {
        let major = dev >> 8 & 0xfff | dev >> 32 & 0xffff_f000;
        let minor = dev & 0xff | dev >> 12 & 0xffff_ff00;
        self.makedev(major, minor);
    }

    /// The same from its two halves.
    pub(super) fn makedev(&mut self, major: u64, minor: u64) {
        self.text(b"makedev(");
        self.hex(major);
        self.text(b", ");
        self.hex(minor);
        self.text(b")");
    }

    /// A name, or `0x6 /* F_??? */`.
    pub(super) fn name(&mut self, table: &Names, value: u64) {
        match table.name(value) {
            Some(name) => self.text(name.as_bytes()),
            None => self.unnamed(table, value),
        }
    }

    fn unnamed(&mut self, table: &Names, value: u64) {
        self.hex(value);
        self.text(b" /* ");
        self.text(table.unknown.as_bytes());
        self.text(b" */");
    }

    /// Names joined by `|`, what is left in hex.
    pub(super) fn flags(&mut self, table: &Names, value: u64) {
        let left = self.flag_names(table, value);
        if value == 0 {
            match table.rows.first() {
                Some((0, zero)) => self.text(zero.as_bytes()),
                _ => self.text(b"0"),
            }
        } else if left == value {
            self.unnamed(table, value);
        } else if left != 0 {
            self.text(b"|");
            self.hex(left);
        }
    }

    /// Appends the names that fit and returns the bits that have none.
    pub(super) fn flag_names(&mut self, table: &Names, value: u64) -> u64 {
        let mut left = value;
        for (bits, name) in table.rows.iter().filter(|row| row.0 != 0) {
            if left & bits == *bits {
                if left != value {
                    self.text(b"|");
                }
                self.text(name.as_bytes());
                left &= !bits;
            }
        }
        left
    }

    /// Further flags behind something already written: `|A|B|0x40`.
    pub(super) fn more_flags(&mut self, table: &Names, value: u64) {
        if value != 0 {
            self.text(b"|");
            let left = self.flag_names(table, value);
            if left == value {
                self.hex(left);
            } else if left != 0 {
                self.text(b"|");
                self.hex(left);
            }
        }
    }

    /// One name in the bits that `table` covers, flags behind.
    pub(super) fn name_and_flags(&mut self, table: &Names, flags: &Names, value: u64) {
        let mask = enum_mask(table);
        self.name(table, value & mask);
        self.more_flags(flags, value & !mask);
    }

    /// A domain in the low byte, flags behind; all ones only asks (personality(2)).
    pub(super) fn personality(&mut self, value: u64) {
        if value == 0xffff_ffff {
            return self.hex(value);
        }
        self.name(&names::PERSONALITY, value & 0xff);
        self.more_flags(&names::PERSONALITY_FLAGS, value & !0xff);
    }

    /// Flags of `open`: the access mode first.
    pub(super) fn open_flags(&mut self, value: u64) {
        self.name(&names::ACCESS_MODE, value & 3);
        self.more_flags(&names::OPEN_FLAGS, value & !3);
    }

    /// Flags of `mmap`: the type first, the page size in six bits of its own last.
    pub(super) fn mmap_flags(&mut self, value: u64) {
        let size = value >> 26 & 0x3f;
        self.name(&names::MMAP_TYPE, value & 0xf);
        self.more_flags(&names::MMAP_FLAGS, value & !(0xf | 0x3f << 26));
        if size != 0 {
            self.text(b"|");
            self.decimal(size);
            self.text(b"<<MAP_HUGE_SHIFT");
        }
    }

    /// A signal by name, others by number.
    pub(super) fn signal(&mut self, value: u64) {
        match u32::try_from(value).ok().and_then(signal::name) {
            Some(name) => self.text(name.as_bytes()),
            None => self.signed(i64::from(value as i32)),
        }
    }

    /// Flags of `clone` with the signal at exit in the low byte.
    pub(super) fn clone_flags(&mut self, value: u64) {
        let (flags, signal) = (value & !0xff, value & 0xff);
        if flags != 0 {
            self.flags(&names::CLONE_FLAGS, flags);
        }
        if signal != 0 || flags == 0 {
            if flags != 0 {
                self.text(b"|");
            }
            self.signal(signal);
        }
    }

    /// `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`.
    pub(super) fn futex_op(&mut self, value: u64) {
        const PRIVATE: u64 = 128;
        const REALTIME: u64 = 256;
        let op = value & !(PRIVATE | REALTIME);
        match names::FUTEX_OPS.name(op) {
            Some(name) => {
                self.text(name.as_bytes());
                if value & PRIVATE != 0 {
                    self.text(if op == 2 { b"|FUTEX_PRIVATE_FLAG" } else { b"_PRIVATE" });
                }
                if value & REALTIME != 0 {
                    self.text(b"|FUTEX_CLOCK_REALTIME");
                }
            }
            None => self.unnamed(&names::FUTEX_OPS, value),
        }
    }

    /// The operation packed into the last argument of FUTEX_WAKE_OP (futex(2)).
    pub(super) fn futex_wake_op(&mut self, value: u64) {
        let (op, argument) = (value >> 28 & 7, value >> 12 & 0xfff);
        let (comparison, with) = (value >> 24 & 0xf, value & 0xfff);
        if value >> 31 & 1 == 1 {
            self.text(b"FUTEX_OP_OPARG_SHIFT<<28|");
        }
        self.shifted(&names::FUTEX_WAKE_OPS, op, b"<<28");
        self.text(b"|");
        self.hex(argument);
        self.text(b"<<12|");
        self.shifted(&names::FUTEX_WAKE_CMPS, comparison, b"<<24");
        self.text(b"|");
        self.hex(with);
    }

    fn shifted(&mut self, table: &Names, value: u64, shift: &[u8]) {
        match table.name(value) {
            Some(name) => {
                self.text(name.as_bytes());
                self.text(shift);
            }
            None => {
                self.hex(value);
                self.text(shift);
                self.text(b" /* ");
                self.text(table.unknown.as_bytes());
                self.text(b" */");
            }
        }
    }

    /// Flags of `mount`; old programs put a magic number in the high half.
    pub(super) fn mount_flags(&mut self, value: u64) {
        const MAGIC: u64 = 0xc0ed_0000;
        if value & 0xffff_0000 == MAGIC {
            self.text(b"MS_MGC_VAL");
            return self.more_flags(&names::MOUNT_FLAGS, value & 0xffff);
        }
        self.flags(&names::MOUNT_FLAGS, value);
    }

    /// The request of an `ioctl`, or its four fields.
    pub(super) fn ioctl_request(&mut self, value: u64) {
        if let Some(name) = ioctl::name(value as u32) {
            return self.text(name.as_bytes());
        }
        let request = ioctl::Request::of(value as u32);
        self.text(b"_IOC(");
        self.text(match (request.read, request.write) {
            (false, false) => b"_IOC_NONE",
            (true, false) => b"_IOC_READ",
            (false, true) => b"_IOC_WRITE",
            (true, true) => b"_IOC_READ|_IOC_WRITE",
        });
        for field in [u64::from(request.kind), u64::from(request.number), u64::from(request.size)] {
            self.text(b", ");
            self.hex(field);
        }
        self.text(b")");
    }

    /// The command of `quotactl`.
    pub(super) fn quota_command(&mut self, value: u64) {
        let value = value & 0xffff_ffff;
        self.text(b"QCMD(");
        self.name(&names::QUOTA_CMD, value >> 8);
        self.text(b", ");
        self.name(&names::QUOTA_TYPES, value & 0xff);
        self.text(b")");
    }

    /// A user or group id; -1 means unchanged.
    pub(super) fn id(&mut self, value: u64) {
        match value as u32 {
            u32::MAX => self.text(b"-1"),
            id => self.decimal(u64::from(id)),
        }
    }

    /// A descriptor with its note.
    pub(super) fn descriptor(&mut self, at: u8, value: u64) {
        self.signed(i64::from(value as i32));
        self.note(at, 0, 0);
    }

    /// A directory descriptor, of which one means the working directory.
    pub(super) fn directory(&mut self, at: u8, value: u64) {
        if value as i32 == -100 {
            self.text(b"AT_FDCWD");
        } else {
            self.signed(i64::from(value as i32));
        }
        self.note(at, 0, 0);
    }

    /// What the kernel says a descriptor is.
    pub(super) fn note(&mut self, at: u8, phase: u8, element: u32) {
        super::notes::write(self.out, self.style, &self.call, at, phase, Of::Element(element));
    }

    /// What it says of one that stands in memory.
    pub(super) fn note_of(&mut self, at: u8, phase: u8, fd: i64) {
        if let Ok(fd) = i32::try_from(fd) {
            super::notes::write(self.out, self.style, &self.call, at, phase, Of::Number(fd));
        }
    }

    /// An errno by name, 0 as it is.
    pub(super) fn errno_name(&mut self, value: u64) {
        match u16::try_from(value).ok().and_then(errno::errno) {
            Some(errno) => self.text(errno.name.as_bytes()),
            None => self.signed(i64::from(value as i32)),
        }
    }
}

/// Exactly so many octal digits.
fn octal(out: &mut Vec<u8>, value: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = value.checked_shr(3 * place).unwrap_or(0) & 7;
        out.push(b'0' + digit as u8);
    }
}
