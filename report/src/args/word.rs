//! Words: numbers, flags, names, descriptors: whatever needs no memory.

use recording::event::Call;
use syscalls::names::{self, Names};
use syscalls::{Arg, errno, ioctl, signal};

use super::notes::Of;
use super::printer::Printer;
use super::tasks::{Numbered, write_task};
use crate::digits;
use crate::text::Constants;

/// How a constant is written as a number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Hex(u64),
    Signed(i64),
    Decimal(u64),
    Mode(u64),
}

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
        let known = names::FILE_TYPES.name(mode & 0o170_000).is_some() || mode & 0o7000 != 0;
        self.constant(Number::Mode(mode), known, |own| own.mode_by_names(mode));
    }

    fn mode_by_names(&mut self, mode: u64) {
        if let Some(kind) = names::FILE_TYPES.name(mode & 0o170_000) {
            self.text(kind.as_bytes());
            self.text(b"|");
        }
        let known = names::FILE_TYPES.name(mode & 0o170_000).is_some();
        // A type that does not exist makes the rest doubtful, too.
        if !known && mode & 0o170_000 != 0 {
            return self.octal_mode(mode);
        }
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
        self.constant(Number::Hex(dev), true, |own| own.makedev(major, minor));
    }

    /// The same from its two halves.
    pub(super) fn makedev(&mut self, major: u64, minor: u64) {
        self.text(b"makedev(");
        self.hex(major);
        self.text(b", ");
        self.hex(minor);
        self.text(b")");
    }

    /// A constant: by names, by its number, or both, as it was asked. `known`: names stand for some of it.
    pub(super) fn constant(&mut self, number: Number, known: bool, names: impl FnOnce(&mut Self)) {
        match self.style.constants {
            Constants::Names => names(self),
            _ if self.names_only => names(self),
            Constants::Numbers => self.number(number),
            Constants::Both if !known => names(self),
            Constants::Both => {
                self.number(number);
                self.text(b" /* ");
                self.names_only = true;
                names(self);
                self.names_only = false;
                self.text(b" */");
            }
        }
    }

    fn number(&mut self, number: Number) {
        match number {
            Number::Hex(value) => self.hex(value),
            Number::Signed(value) => self.signed(value),
            Number::Decimal(value) => self.decimal(value),
            Number::Mode(value) => self.octal_mode(value),
        }
    }

    /// A name, or `0x6 /* F_??? */`.
    pub(super) fn name(&mut self, table: &Names, value: u64) {
        let name = table.name(value);
        self.constant(Number::Hex(value), name.is_some(), |own| match name {
            Some(name) => own.text(name.as_bytes()),
            None => own.unnamed(table, value),
        });
    }

    /// A name that stands for a signed number, which stands for itself when it has none.
    pub(super) fn name_or_number(&mut self, table: &Names, value: u64) {
        let number = i64::from(value as i32);
        let name = table.name(value & 0xffff_ffff);
        match name {
            Some(name) => self.constant(Number::Signed(number), true, |own| own.text(name.as_bytes())),
            None => self.signed(number),
        }
    }

    /// A name, or `-5 /* LOGLEVEL_??? */`.
    pub(super) fn name_of_signed(&mut self, table: &Names, value: u64) {
        match table.name(value & 0xffff_ffff) {
            Some(_) => self.name_or_number(table, value),
            None => {
                self.signed(i64::from(value as i32));
                if self.style.constants != Constants::Numbers {
                    self.text(b" /* ");
                    self.text(table.unknown.as_bytes());
                    self.text(b" */");
                }
            }
        }
    }

    /// A name, or `99 /* IORING_OP_??? */`.
    pub(super) fn name_or_decimal(&mut self, table: &Names, value: u64) {
        if let Some(name) = table.name(value) {
            return self.constant(Number::Decimal(value), true, |own| own.text(name.as_bytes()));
        }
        self.decimal(value);
        if self.style.constants != Constants::Numbers {
            self.text(b" /* ");
            self.text(table.unknown.as_bytes());
            self.text(b" */");
        }
    }

    fn unnamed(&mut self, table: &Names, value: u64) {
        self.hex(value);
        if self.style.constants == Constants::Numbers {
            return;
        }
        self.text(b" /* ");
        self.text(table.unknown.as_bytes());
        self.text(b" */");
    }

    /// Names joined by `|`, what is left in hex.
    pub(super) fn flags(&mut self, table: &Names, value: u64) {
        if self.style.constants != Constants::Names && !self.names_only {
            let zero = table.rows.first().is_some_and(|row| row.0 == 0);
            let known =
                if value == 0 { zero } else { table.rows.iter().any(|row| row.0 != 0 && value & row.0 == row.0) };
            return self.constant(Number::Hex(value), known, |own| own.names_of_flags(table, value));
        }
        self.names_of_flags(table, value);
    }

    fn names_of_flags(&mut self, table: &Names, value: u64) {
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
        let known = table.name(value & mask).is_some() || flags.rows.iter().any(|row| value & row.0 != 0);
        self.constant(Number::Hex(value), known, |own| {
            own.name(table, value & mask);
            own.more_flags(flags, value & !mask);
        });
    }

    /// A domain in the low byte, flags behind; all ones only asks (personality(2)).
    pub(super) fn personality(&mut self, value: u64) {
        if value == 0xffff_ffff {
            return self.hex(value);
        }
        let flags = value & !0xff;
        self.name(&names::PERSONALITY, value & 0xff);
        if flags != 0 && self.style.constants != Constants::Names {
            self.text(b"|");
            return self.flags(&names::PERSONALITY_FLAGS, flags);
        }
        self.more_flags(&names::PERSONALITY_FLAGS, flags);
    }

    /// Flags of `open`: the access mode first.
    pub(super) fn open_flags(&mut self, value: u64) {
        self.constant(Number::Hex(value), true, |own| {
            own.name(&names::ACCESS_MODE, value & 3);
            own.more_flags(&names::OPEN_FLAGS, value & !3);
        });
    }

    /// Flags of `mmap`: the type first, the page size in six bits of its own last.
    pub(super) fn mmap_flags(&mut self, value: u64) {
        self.constant(Number::Hex(value), true, |own| {
            own.name(&names::MMAP_TYPE, value & 0xf);
            own.more_flags(&names::MMAP_FLAGS, value & !(0xf | 0x3f << 26));
            own.huge_size(value, b"<<MAP_HUGE_SHIFT");
        });
    }

    /// The size of huge pages in six bits of its own: `|21<<MAP_HUGE_SHIFT`.
    pub(super) fn huge_size(&mut self, value: u64, shift: &[u8]) {
        let size = value >> 26 & 0x3f;
        if size != 0 {
            self.text(b"|");
            self.decimal(size);
            self.text(shift);
        }
    }

    /// A signal by name, others by number.
    pub(super) fn signal(&mut self, value: u64) {
        let number = i64::from(value as i32);
        match u32::try_from(value).ok().and_then(signal::name) {
            Some(name) => self.constant(Number::Signed(number), true, |own| own.text(name.as_bytes())),
            None => self.signed(number),
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
        let Some(name) = names::FUTEX_OPS.name(op) else { return self.unnamed(&names::FUTEX_OPS, value) };
        self.constant(Number::Hex(value), true, |own| {
            own.text(name.as_bytes());
            if value & PRIVATE != 0 {
                own.text(if op == 2 { b"|FUTEX_PRIVATE_FLAG" } else { b"_PRIVATE" });
            }
            if value & REALTIME != 0 {
                own.text(b"|FUTEX_CLOCK_REALTIME");
            }
        });
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

    /// Flags of `swapon`, the priority in the low bits.
    pub(super) fn swap_flags(&mut self, value: u64) {
        const PRIORITY: u64 = 0x7fff;
        self.flags(&names::SWAP, value & !PRIORITY);
        if value & PRIORITY != 0 {
            self.text(b"|");
            self.decimal(value & PRIORITY);
        }
    }

    /// Flags of `memfd_create`, the size of huge pages in six bits of its own.
    pub(super) fn memfd_flags(&mut self, value: u64) {
        self.constant(Number::Hex(value), true, |own| {
            own.flags(&names::MEMFD, value & !(0x3f << 26));
            own.huge_size(value, b"<<MFD_HUGE_SHIFT");
        });
    }

    /// Flags of `kexec_load`, the machine in the high half.
    pub(super) fn kexec_flags(&mut self, value: u64) {
        self.name(&names::KEXEC_ARCH, value & 0xffff_0000);
        self.more_flags(&names::KEXEC_FLAGS, value & !0xffff_0000);
    }

    /// A mode of memory policy, its flags behind; a mode without a name only by its number.
    pub(super) fn policy_mode(&mut self, modes: &'static Names, flags: &'static Names, value: u64) {
        let all = flags.rows.iter().fold(0, |all, row| all | row.0);
        match modes.name(value & !all) {
            Some(_) => self.name_and_flags(modes, flags, value),
            None if value & all == 0 => self.name(modes, value),
            None => self.flags(flags, value),
        }
    }

    /// A type of socket with its flags; one without a name only by its number. In numbers both stand apart.
    pub(super) fn socket_type(&mut self, types: &'static Names, flags: &'static Names, value: u64) {
        let all = flags.rows.iter().fold(0, |all, row| all | row.0);
        match types.name(value & !all) {
            Some(_) if self.style.constants != Constants::Names && value & all != 0 => {
                self.name(types, value & !all);
                self.text(b"|");
                self.flags(flags, value & all);
            }
            Some(_) => self.name_and_flags(types, flags, value),
            None if value == 0 => self.text(b"0"),
            None if value & all == 0 => self.name(types, value),
            None => self.flags(flags, value),
        }
    }

    /// `IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)` (ioprio_set(2)).
    pub(super) fn io_priority(&mut self, value: u64) {
        self.constant(Number::Hex(value), true, |own| {
            own.text(b"IOPRIO_PRIO_VALUE(");
            own.name(&names::IOPRIO_CLASS, value >> 13);
            own.text(b", ");
            own.decimal(value & 0x1fff);
            own.text(b")");
        });
    }

    /// Flags of `mount`; old programs put a magic number in the high half.
    pub(super) fn mount_flags(&mut self, value: u64) {
        const MAGIC: u64 = 0xc0ed_0000;
        if self.style.constants != Constants::Names && !self.names_only && value != 0 {
            return self.constant(Number::Hex(value), true, |own| own.mount_flags(value));
        }
        if value & 0xffff_0000 == MAGIC {
            self.text(b"MS_MGC_VAL");
            return self.more_flags(&names::MOUNT_FLAGS, value & 0xffff);
        }
        self.flags(&names::MOUNT_FLAGS, value);
    }

    /// The request of an `ioctl`, or its four fields.
    pub(super) fn ioctl_request(&mut self, value: u64) {
        if let Some(name) = ioctl::name(value as u32) {
            return self.constant(Number::Hex(value & 0xffff_ffff), true, |own| own.text(name.as_bytes()));
        }
        if self.style.constants == Constants::Numbers {
            return self.hex(value & 0xffff_ffff);
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
            self.constant(Number::Signed(-100), true, |own| own.text(b"AT_FDCWD"));
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

    /// The number of a task, with its name where that is known and asked for.
    pub(super) fn task(&mut self, number: i64) {
        write_task(self.out, self.style, number, Numbered::Task);
    }

    /// An errno by name, 0 as it is.
    pub(super) fn errno_name(&mut self, value: u64) {
        match u16::try_from(value).ok().and_then(errno::errno) {
            Some(errno) => self.constant(Number::Signed(value as i64), true, |own| own.text(errno.name.as_bytes())),
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
