//! Signals: sets, actions, and what a `siginfo_t` says (sigaction(2)).

use recording::event::{ARG_NONE, Shape};
use syscalls::{Dir, names, signal};

use super::Style;
use super::kept::{signed, word};
use super::printer::Printer;
use super::string::Quoting;
use super::tasks::{Numbered, write_task};
use super::word::Number;
use crate::digits;
use crate::text::{Constants, HexStrings};

/// Bytes of the frame before its mask, on x86-64.
const FRAME_MASK: u64 = 296;

/// `{mask=[]}`: the mask that comes back, from the frame on the stack (sigreturn(2)).
pub(super) fn signal_return(printer: &mut Printer<'_, '_>) {
    let mask = printer.kept(ARG_NONE, 0, Shape::Struct, 0).filter(|kept| kept.bytes.len() == 8);
    if let Some(mask) = mask {
        printer.text(b"{mask=");
        if printer.shows_structures() {
            printer.sigset(mask.bytes);
        } else {
            printer.hex(printer.call.sp().wrapping_add(FRAME_MASK));
        }
        printer.text(b"}");
    }
}

impl Printer<'_, '_> {
    /// `[INT CHLD]`, or `~[KILL STOP]` when most are in it.
    pub(super) fn sigset(&mut self, bytes: &[u8]) {
        let width = bytes.len().min(8);
        let set = word(bytes, 0, width);
        let bits = 8 * width as u32;
        let all = 1u64.checked_shl(bits).map_or(u64::MAX, |bit| bit - 1);
        let inverted = bits > 0 && set.count_ones() >= bits * 2 / 3;
        if inverted {
            self.text(b"~");
        }
        let mut left = if inverted { !set & all } else { set };
        self.text(b"[");
        let mut first = true;
        while left != 0 {
            let number = left.trailing_zeros() + 1;
            left &= left - 1;
            if !std::mem::take(&mut first) {
                self.text(b" ");
            }
            let name = signal::name(number).unwrap_or("SIG");
            let name = name.strip_prefix("SIG").unwrap_or(name);
            self.constant(Number::Signed(i64::from(number)), true, |own| own.text(name.as_bytes()));
        }
        self.text(b"]");
    }

    pub(super) fn sigset_argument(&mut self, at: u8, dir: Dir) {
        if dir == Dir::Out {
            self.late();
        }
        // The kernel takes no other size than its own.
        match self.memory(at, u8::from(dir == Dir::Out)).filter(|kept| !kept.is_part() && kept.bytes.len() == 8) {
            Some(kept) => self.sigset(kept.bytes),
            None => self.address(at),
        }
    }

    /// `{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}`: the kernel's structure.
    pub(super) fn sigaction(&mut self, bytes: &[u8]) {
        let flags = word(bytes, 8, 8);
        self.text(b"{sa_handler=");
        let handler = word(bytes, 0, 8);
        let name = match handler {
            0 => Some("SIG_DFL"),
            1 => Some("SIG_IGN"),
            u64::MAX => Some("SIG_ERR"),
            _ => None,
        };
        match name {
            Some(name) => self.constant(Number::Hex(handler), true, |own| own.text(name.as_bytes())),
            None => self.hex(handler),
        }
        self.text(b", sa_mask=");
        self.sigset(bytes.get(24..32).unwrap_or(&[]));
        self.text(b", sa_flags=");
        self.flags(&names::SA_FLAGS, flags);
        if flags & 0x400_0000 != 0 {
            self.text(b", sa_restorer=");
            self.pointer(word(bytes, 16, 8));
        }
        self.text(b"}");
    }

    /// `{sigev_value={…}, sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}` (sigevent(7)).
    pub(super) fn sigevent(&mut self, bytes: &[u8]) {
        let value = word(bytes, 0, 8);
        self.text(b"{");
        if value != 0 {
            self.text(b"sigev_value={sival_int=");
            self.signed(signed(bytes, 0, 4));
            self.text(b", sival_ptr=");
            self.pointer(value);
            self.text(b"}, ");
        }
        self.text(b"sigev_signo=");
        let notify = word(bytes, 12, 4);
        // Without a signal it is a number like any other.
        match notify {
            0 | 2 | 4 => self.signal(word(bytes, 8, 4)),
            _ => self.signed(signed(bytes, 8, 4)),
        }
        self.text(b", sigev_notify=");
        self.name(&names::SIGEV_NOTIFY, notify);
        if notify == 2 {
            self.text(b", sigev_notify_function=");
            self.pointer(word(bytes, 16, 8));
            self.text(b", sigev_notify_attributes=");
            self.pointer(word(bytes, 24, 8));
        }
        if notify == 4 {
            self.text(b", sigev_notify_thread_id=");
            self.signed(signed(bytes, 16, 4));
        }
        self.text(b"}");
    }

    pub(super) fn siginfo_argument(&mut self, at: u8, dir: Dir) {
        if dir == Dir::Out {
            self.late();
        }
        let kept = self.memory(at, u8::from(dir == Dir::Out)).or_else(|| self.kept(at, 1, Shape::Struct, 0));
        let kept = kept.filter(|_| self.shows_structures());
        match kept {
            Some(kept) if kept.bytes.len() >= 32 => {
                if word(kept.bytes, 0, 4) == 0 {
                    // `waitid` with nobody to report.
                    self.text(b"{}");
                } else {
                    // `waitid` has waited for the child that it tells of; others tell of who sent them something.
                    let waited = self.row.name == "waitid";
                    let how = if waited { Numbered::WaitedFor } else { Numbered::Task };
                    write_siginfo(self.out, self.style, kept.bytes, how);
                }
            }
            _ => self.address(at),
        }
    }
}

/// Appends `{si_signo=SIGCHLD, si_code=CLD_EXITED, …}` for the raw bytes of the 64-bit kernel interface; `from`: how the
/// number of who sent it reads.
pub(crate) fn write_siginfo(out: &mut Vec<u8>, style: &Style, bytes: &[u8], from: Numbered) {
    let constants = style.constants;
    let (signo, errno, code) = (word(bytes, 0, 4) as u32, word(bytes, 4, 4), signed(bytes, 8, 4) as i32);
    out.extend_from_slice(b"{si_signo=");
    name(out, constants, signo);
    if errno != 0 {
        out.extend_from_slice(b", si_errno=");
        match u16::try_from(errno).ok().and_then(syscalls::errno::errno) {
            Some(known) => named(out, constants, errno as i64, known.name),
            None => digits::dec(out, errno),
        }
    }
    out.extend_from_slice(b", si_code=");
    match signal::code_name(signo, code) {
        // Codes are told in hex, but for those of the sender's own making, which are negative.
        Some(name) if code > 0 && constants != Constants::Names => {
            digits::hex(out, code as u64);
            if constants == Constants::Both {
                out.extend_from_slice(b" /* ");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b" */");
            }
        }
        Some(name) => named(out, constants, i64::from(code), name),
        None if code > 0 => digits::hex(out, code as u64),
        None => digits::signed(out, i64::from(code)),
    }
    let sender = |out: &mut Vec<u8>| sender(out, style, bytes, from);
    details(out, constants, bytes, (signo, code), &sender);
    out.push(b'}');
}

fn details(
    out: &mut Vec<u8>,
    constants: Constants,
    bytes: &[u8],
    (signo, code): (u32, i32),
    sender: &dyn Fn(&mut Vec<u8>),
) {
    match code {
        0x80 => {
            if matches!(signo, signal::SIGSEGV | signal::SIGBUS | signal::SIGILL | signal::SIGFPE) {
                address(out, bytes);
            } else if word(bytes, 16, 4) != 0 || word(bytes, 20, 4) != 0 {
                sender(out);
            }
        }
        -2 => {
            for (name, at) in [(&b", si_timerid="[..], 16), (b", si_overrun=", 20)] {
                out.extend_from_slice(name);
                digits::signed(out, signed(bytes, at, 4));
            }
            given(out, bytes);
        }
        0 | -6 => sender(out),
        1.. => by_signal(out, constants, bytes, signo, sender),
        _ => {
            sender(out);
            value(out, bytes);
        }
    }
}

fn by_signal(out: &mut Vec<u8>, constants: Constants, bytes: &[u8], signo: u32, sender: &dyn Fn(&mut Vec<u8>)) {
    match signo {
        signal::SIGCHLD => {
            sender(out);
            out.extend_from_slice(b", si_status=");
            let status = word(bytes, 24, 4) as u32;
            if word(bytes, 8, 4) == 1 {
                digits::signed(out, i64::from(status as i32))
            } else {
                name(out, constants, status)
            }
            for (name, at) in [(&b", si_utime="[..], 32), (b", si_stime=", 40)] {
                out.extend_from_slice(name);
                ticks(out, word(bytes, at, 8));
            }
        }
        signal::SIGILL | signal::SIGFPE | signal::SIGSEGV | signal::SIGBUS | signal::SIGTRAP => {
            address(out, bytes);
        }
        signal::SIGIO => {
            out.extend_from_slice(b", si_band=");
            digits::signed(out, signed(bytes, 16, 8));
        }
        signal::SIGSYS => {
            out.extend_from_slice(b", si_call_addr=");
            pointer(out, word(bytes, 16, 8));
            out.extend_from_slice(b", si_syscall=");
            let number = word(bytes, 24, 4);
            match syscalls::lookup(syscalls::Abi::X86_64, number) {
                Some(row) if word(bytes, 28, 4) == 0xc000_003e => {
                    out.extend_from_slice(b"__NR_");
                    out.extend_from_slice(row.name.as_bytes());
                }
                _ => digits::dec(out, number),
            }
            out.extend_from_slice(b", si_arch=");
            match word(bytes, 28, 4) {
                0xc000_003e => out.extend_from_slice(b"AUDIT_ARCH_X86_64"),
                0x4000_0003 => out.extend_from_slice(b"AUDIT_ARCH_I386"),
                0xc000_00b7 => out.extend_from_slice(b"AUDIT_ARCH_AARCH64"),
                other => digits::hex(out, other),
            }
        }
        _ => {
            sender(out);
            value(out, bytes);
        }
    }
}

/// Clock ticks, of which a second has 100 (sysconf(3), the same on all kernels), and what that is.
fn ticks(out: &mut Vec<u8>, ticks: u64) {
    digits::dec(out, ticks);
    if ticks != 0 {
        out.extend_from_slice(b" /* ");
        digits::dec(out, ticks / 100);
        out.push(b'.');
        digits::dec_zeros(out, ticks % 100, 2);
        out.extend_from_slice(b" s */");
    }
}

fn sender(out: &mut Vec<u8>, style: &Style, bytes: &[u8], from: Numbered) {
    out.extend_from_slice(b", si_pid=");
    write_task(out, style, word(bytes, 16, 4) as i64, from);
    out.extend_from_slice(b", si_uid=");
    digits::dec(out, word(bytes, 20, 4));
}

/// What the sender gave, when it is something.
fn value(out: &mut Vec<u8>, bytes: &[u8]) {
    if word(bytes, 24, 8) != 0 {
        given(out, bytes);
    }
}

fn given(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b", si_int=");
    digits::signed(out, signed(bytes, 24, 4));
    out.extend_from_slice(b", si_ptr=");
    pointer(out, word(bytes, 24, 8));
}

fn address(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b", si_addr=");
    pointer(out, word(bytes, 16, 8));
}

fn pointer(out: &mut Vec<u8>, value: u64) {
    if value == 0 { out.extend_from_slice(b"NULL") } else { digits::hex(out, value) }
}

/// A constant by its name, its number, or both.
fn named(out: &mut Vec<u8>, constants: Constants, number: i64, name: &str) {
    if constants == Constants::Names {
        return out.extend_from_slice(name.as_bytes());
    }
    digits::signed(out, number);
    if constants == Constants::Both {
        out.extend_from_slice(b" /* ");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b" */");
    }
}

fn name(out: &mut Vec<u8>, constants: Constants, signo: u32) {
    match signal::name(signo) {
        Some(name) => named(out, constants, i64::from(signo), name),
        None => digits::dec(out, u64::from(signo)),
    }
}

/// Bytes of no known form.
pub(super) fn hex_string(out: &mut Vec<u8>, bytes: &[u8]) {
    Quoting::quoted(HexStrings::All).write(out, bytes);
}
