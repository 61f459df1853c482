//! ptrace(2): requests on a stopped task, each a method of [`Stopped`]; resuming consumes it.
#![allow(unsafe_code)]
#![allow(clippy::unnecessary_cast, reason = "one C library types requests unsigned, another signed")]

use super::{Errno, Tid, check};

const PTRACE_GET_SYSCALL_INFO: u32 = 0x420e;
const PTRACE_GETSIGMASK: u32 = 0x420a;
const PTRACE_SETSIGMASK: u32 = 0x420b;

/// A task that is gone: it died or was killed while stopped. Its wait status is still to come;
/// nothing more can be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// Options of a seized task (PTRACE_O_*).
pub mod option {
    /// Syscall-stops carry SIGTRAP|0x80.
    pub const SYSGOOD: i32 = libc::PTRACE_O_TRACESYSGOOD;
    /// Stop at exec, instead of a plain SIGTRAP.
    pub const EXEC: i32 = libc::PTRACE_O_TRACEEXEC;
    /// Stop before a task's end.
    pub const EXIT: i32 = libc::PTRACE_O_TRACEEXIT;
    /// Attach to new tasks and stop at their birth.
    pub const BIRTHS: i32 = libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK;
    /// Stop where a filter says TRACE.
    pub const SECCOMP: i32 = libc::PTRACE_O_TRACESECCOMP;
    /// Kill the task when the tracer ends.
    pub const EXITKILL: i32 = libc::PTRACE_O_EXITKILL;
}

/// Up to which stop a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The next entry or exit of a call.
    Call,
    /// The next stop of any other kind.
    Event,
}

/// Where in a call a task stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In no call.
    None,
    /// Before it.
    Entry,
    /// After it.
    Exit,
    /// Before it, at a filter.
    Seccomp,
}

/// PTRACE_GET_SYSCALL_INFO's answer (`struct ptrace_syscall_info`; libc has it for one C library only).
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SyscallInfo {
    op: u8,
    pad: [u8; 3],
    /// AUDIT_ARCH_* of the call.
    pub arch: u32,
    /// Instruction pointer.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Entry: number, six words, filter data. Exit: result, is-error.
    words: [u64; 8],
}

impl SyscallInfo {
    const EMPTY: SyscallInfo = SyscallInfo { op: 0, pad: [0; 3], arch: 0, ip: 0, sp: 0, words: [0; 8] };

    /// From registers, where the kernel doesn't tell.
    pub fn from_registers(side: Side, regs: &Registers) -> SyscallInfo {
        let mut info = SyscallInfo { arch: regs.arch, ip: regs.ip, sp: regs.sp, ..SyscallInfo::EMPTY };
        info.op = match side {
            Side::None => 0,
            Side::Entry => 1,
            Side::Exit => 2,
            Side::Seccomp => 3,
        };
        if side == Side::Exit {
            info.words[0] = regs.result as u64;
        } else {
            info.words[0] = regs.nr;
            info.words[1..7].copy_from_slice(&regs.args);
        }
        info
    }

    /// Where in the call the task is.
    pub fn side(&self) -> Side {
        match self.op {
            1 => Side::Entry,
            2 => Side::Exit,
            3 => Side::Seccomp,
            _ => Side::None,
        }
    }

    /// The number as the target gave it (entry and seccomp).
    pub fn nr(&self) -> u64 {
        self.words[0]
    }

    /// The six words (entry and seccomp).
    pub fn args(&self) -> &[u64; 6] {
        self.words[1..].first_chunk().unwrap_or(&[0; 6])
    }

    /// The filter's sixteen bits (seccomp).
    pub fn filter_data(&self) -> u16 {
        self.words[7] as u16
    }

    /// The raw return register (exit).
    pub fn result(&self) -> i64 {
        self.words[0] as i64
    }
}

/// The registers that a call is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registers {
    /// AUDIT_ARCH_*.
    pub arch: u32,
    /// Number of the call the task is in or made last; -1 is none.
    pub nr: u64,
    /// Its words.
    pub args: [u64; 6],
    /// Return register.
    pub result: i64,
    /// Instruction pointer.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// rbx, rcx, rbp of x86-64.
    others: [u64; 3],
}

impl Registers {
    /// The same registers as the i386 convention reads them (`int $0x80`, entry_INT80_32): the lower halves of
    /// ebx, ecx, edx, esi, edi and ebp.
    pub fn as_i386(&self) -> Registers {
        let low = |word: u64| word & 0xffff_ffff;
        let [rdi, rsi, rdx, ..] = self.args;
        let [rbx, rcx, rbp] = self.others;
        Registers {
            arch: ARCH_I386,
            nr: low(self.nr),
            args: [rbx, rcx, rdx, rsi, rdi, rbp].map(low),
            result: i64::from(self.result as i32),
            ..*self
        }
    }
}

/// Does a word of code begin with `int $0x80`?
pub fn is_int80(word: u64) -> bool {
    word & 0xffff == 0x80cd
}

/// x86-64.
pub const ARCH_X86_64: u32 = 0xc000_003e;
/// i386.
pub const ARCH_I386: u32 = 0x4000_0003;
/// aarch64.
pub const ARCH_AARCH64: u32 = 0xc000_00b7;
/// 32-bit Arm.
pub const ARCH_ARM: u32 = 0x4000_0028;

/// PTRACE_SEIZE: attach without stopping. Options as in [`option`].
pub fn seize(tid: Tid, options: i32) -> Result<(), Errno> {
    raw(libc::PTRACE_SEIZE as u32, tid, 0, options as usize).map(drop)
}

/// PTRACE_INTERRUPT: ask a running, seized task to stop.
pub fn interrupt(tid: Tid) -> Result<(), Gone> {
    raw(libc::PTRACE_INTERRUPT as u32, tid, 0, 0).map(drop).map_err(|_| Gone)
}

/// A task in a ptrace-stop. There is one such value per stop, and it ends with the stop.
#[derive(Debug)]
#[must_use = "a stopped task that nobody resumes hangs"]
pub struct Stopped {
    tid: Tid,
}

impl Stopped {
    /// The caller has just received this task's stop from wait4.
    pub fn reported(tid: Tid) -> Stopped {
        Stopped { tid }
    }

    /// Which task.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// PTRACE_SYSCALL or PTRACE_CONT with a signal to deliver; 0 delivers none.
    pub fn resume(self, until: Until, signal: i32) -> Result<(), Gone> {
        let request = match until {
            Until::Call => libc::PTRACE_SYSCALL,
            Until::Event => libc::PTRACE_CONT,
        };
        raw(request as u32, self.tid, 0, signal as usize).map(drop).map_err(|_| Gone)
    }

    /// PTRACE_LISTEN: stay stopped as the job control of the target wants it, and tell when that ends.
    pub fn listen(self) -> Result<(), Gone> {
        raw(libc::PTRACE_LISTEN as u32, self.tid, 0, 0).map(drop).map_err(|_| Gone)
    }

    /// PTRACE_DETACH with a signal to deliver; 0 delivers none.
    pub fn detach(self, signal: i32) -> Result<(), Gone> {
        raw(libc::PTRACE_DETACH as u32, self.tid, 0, signal as usize).map(drop).map_err(|_| Gone)
    }

    /// PTRACE_GETEVENTMSG: the new task, the former tid, the exit status.
    pub fn event_message(&self) -> Result<u64, Gone> {
        let mut message: libc::c_ulong = 0;
        raw(libc::PTRACE_GETEVENTMSG as u32, self.tid, 0, &raw mut message as usize).map_err(|_| Gone)?;
        Ok(message)
    }

    /// PTRACE_GETSIGINFO: the raw siginfo of the signal about to be delivered.
    pub fn siginfo(&self) -> Result<[u8; 128], Gone> {
        let mut info = [0u64; 16];
        raw(libc::PTRACE_GETSIGINFO as u32, self.tid, 0, info.as_mut_ptr() as usize).map_err(|_| Gone)?;
        let mut bytes = [0; 128];
        for (to, from) in bytes.chunks_exact_mut(8).zip(info) {
            to.copy_from_slice(&from.to_ne_bytes());
        }
        Ok(bytes)
    }

    /// PTRACE_PEEKSIGINFO (Linux 3.10): does a SIGSYS by which a seccomp filter answered the call at `site`
    /// (seccomp(2), SECCOMP_RET_TRAP) wait for this task? `None` when the kernel can't tell.
    pub fn has_filter_trap(&self, site: u64) -> Option<bool> {
        const MOST: usize = 8;
        const SYS_SECCOMP: i32 = 1;
        let asked = libc::ptrace_peeksiginfo_args { off: 0, flags: 0, nr: MOST as i32 };
        let mut waiting = [[0u64; 16]; MOST];
        let found =
            raw(libc::PTRACE_PEEKSIGINFO as u32, self.tid, &raw const asked as usize, waiting.as_mut_ptr() as usize)
                .ok()?;
        // Two numbers to a word: signo, errno; code, padding; then the site.
        Some(
            waiting
                .iter()
                .take(found as usize)
                .any(|info| info[0] as i32 == libc::SIGSYS && info[1] as i32 == SYS_SECCOMP && info[2] == site),
        )
    }

    /// PTRACE_PEEKSIGINFO (Linux 3.10): does this signal wait for this very task?
    pub fn has_pending(&self, signal: i32) -> bool {
        const MOST: usize = 8;
        let asked = libc::ptrace_peeksiginfo_args { off: 0, flags: 0, nr: MOST as i32 };
        let mut waiting = [[0u64; 16]; MOST];
        raw(libc::PTRACE_PEEKSIGINFO as u32, self.tid, &raw const asked as usize, waiting.as_mut_ptr() as usize)
            .is_ok_and(|found| waiting.iter().take(found as usize).any(|info| info[0] as i32 == signal))
    }

    /// PTRACE_GET_SYSCALL_INFO (Linux 5.3). EIO where the kernel has none; ESRCH when the task is gone.
    pub fn syscall_info(&self) -> Result<SyscallInfo, Errno> {
        let mut info = SyscallInfo::EMPTY;
        raw(PTRACE_GET_SYSCALL_INFO, self.tid, size_of::<SyscallInfo>(), &raw mut info as usize)?;
        Ok(info)
    }

    /// PTRACE_PEEKDATA: one word of the task's memory.
    pub fn peek(&self, addr: u64) -> Option<u64> {
        let mut word: libc::c_ulong = 0;
        raw(libc::PTRACE_PEEKDATA as u32, self.tid, addr as usize, &raw mut word as usize).ok()?;
        Some(word)
    }

    /// PTRACE_POKEDATA: changes one word of the task's memory.
    pub fn poke(&self, addr: u64, word: u64) -> Result<(), Gone> {
        raw(libc::PTRACE_POKEDATA as u32, self.tid, addr as usize, word as usize).map(drop).map_err(|_| Gone)
    }

    /// Changes the first word of the call the task is about to enter.
    pub fn set_first_word(&self, word: u64) -> Result<(), Gone> {
        self.change_registers(|set, layout| set.put(layout.first, word))
    }

    /// Puts another call in the place of the one the task is about to enter; its words stay.
    pub fn change_call(&self, nr: u64) -> Result<(), Gone> {
        self.change_registers(|set, layout| set.put(layout.nr, nr))
    }

    /// PTRACE_GETREGSET of the general registers.
    pub fn registers(&self) -> Result<Registers, Gone> {
        let mut set = [0u64; 34];
        let len = self.regset(libc::PTRACE_GETREGSET as u32, &mut set, size_of_val(&[0u64; 34]))?;
        Ok(decode(&set, len))
    }

    /// Makes the call the task is about to enter fail without being made, with this result
    /// (orig_rax = -1: the kernel makes no call and leaves the return register alone).
    pub fn skip_call(&self, result: i64) -> Result<(), Gone> {
        self.change_registers(|set, layout| {
            set.put(layout.nr, u64::MAX);
            set.put(layout.result, result as u64);
        })
    }

    /// Changes the result of the call the task is about to leave.
    pub fn set_result(&self, result: i64) -> Result<(), Gone> {
        self.change_registers(|set, layout| set.put(layout.result, result as u64))
    }

    /// PTRACE_GETREGSET of all general registers of 64-bit code; `None` of other code and on other machines.
    pub fn general(&self) -> Result<Option<General>, Gone> {
        let mut set = [0u64; 34];
        let len = self.regset(libc::PTRACE_GETREGSET as u32, &mut set, size_of_val(&[0u64; 34]))?;
        Ok((cfg!(target_arch = "x86_64") && len == size_of_val(&set[..27])).then_some(General(set)))
    }

    /// PTRACE_SETREGSET.
    pub fn set_general(&self, registers: &General) -> Result<(), Gone> {
        let mut set = registers.0;
        self.regset(libc::PTRACE_SETREGSET as u32, &mut set, size_of_val(&[0u64; 27])).map(drop)
    }

    /// PTRACE_GETSIGMASK: the signals that the task blocks, bit N-1 is signal N.
    pub fn signal_mask(&self) -> Result<u64, Gone> {
        let mut mask = 0u64;
        raw(PTRACE_GETSIGMASK, self.tid, size_of::<u64>(), &raw mut mask as usize).map_err(|_| Gone)?;
        Ok(mask)
    }

    /// PTRACE_SETSIGMASK.
    pub fn set_signal_mask(&self, mask: u64) -> Result<(), Gone> {
        raw(PTRACE_SETSIGMASK, self.tid, size_of::<u64>(), &raw const mask as usize).map(drop).map_err(|_| Gone)
    }

    fn change_registers(&self, change: impl FnOnce(&mut Set, Layout)) -> Result<(), Gone> {
        let mut words = [0u64; 34];
        let len = self.regset(libc::PTRACE_GETREGSET as u32, &mut words, size_of_val(&[0u64; 34]))?;
        let (layout, halves) = match len / 4 {
            54 => (LAYOUT, false),
            17 => (LAYOUT_I386, true),
            _ => return Ok(()),
        };
        let mut set = Set { words, halves };
        change(&mut set, layout);
        self.regset(libc::PTRACE_SETREGSET as u32, &mut set.words, len).map(drop)
    }

    fn regset(&self, request: u32, set: &mut [u64; 34], len: usize) -> Result<usize, Gone> {
        const NT_PRSTATUS: usize = 1;
        let mut iov = libc::iovec { iov_base: set.as_mut_ptr().cast(), iov_len: len };
        raw(request, self.tid, NT_PRSTATUS, &raw mut iov as usize).map_err(|_| Gone)?;
        Ok(iov.iov_len)
    }
}

/// All general registers of 64-bit code, to be changed and put back.
#[derive(Debug, Clone, Copy)]
pub struct General([u64; 34]);

impl General {
    /// The instruction pointer.
    pub fn ip(&self) -> u64 {
        self.0[LAYOUT.ip]
    }

    /// The stack pointer.
    pub fn sp(&self) -> u64 {
        self.0[LAYOUT.sp]
    }

    /// The frame pointer.
    pub fn bp(&self) -> u64 {
        self.0[LAYOUT.bp]
    }

    /// The return register.
    pub fn result(&self) -> i64 {
        self.0[LAYOUT.result] as i64
    }

    /// EFLAGS.
    pub fn flags(&self) -> u64 {
        self.0[18]
    }

    /// A register by its number in instructions, 0 to 15; with `segment` the base of a segment register, which for others
    /// than FS and GS is 0 (`Some(true)`: FS).
    pub fn named(&self, number: usize, segment: Option<bool>) -> Option<u64> {
        // rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15
        const PLACES: [usize; 16] = [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0];
        const GS: usize = 5;
        match segment {
            Some(true) => Some(self.0[21]),
            Some(false) => Some(if number == GS { self.0[22] } else { 0 }),
            None => PLACES.get(number).map(|place| self.0[*place]),
        }
    }

    /// As perf_event tells of them, in the order of [`super::perf_ring::GENERAL`].
    pub fn of_perf(registers: &[u64; super::perf_ring::GENERAL]) -> General {
        // Places in `struct user_regs_struct`.
        const PLACES: [usize; super::perf_ring::GENERAL] =
            [10, 5, 11, 12, 13, 14, 4, 19, 16, 18, 17, 20, 9, 8, 7, 6, 3, 2, 1, 0];
        let mut set = [0; 34];
        for (place, register) in PLACES.into_iter().zip(registers) {
            set[place] = *register;
        }
        General(set)
    }

    /// Are the sixteen registers that instructions name equal?
    pub fn holds_same(&self, other: &General) -> bool {
        self.0[..LAYOUT.nr] == other.0[..LAYOUT.nr] && self.sp() == other.sp()
    }

    /// The same at another instruction.
    pub fn at(mut self, ip: u64) -> General {
        self.0[LAYOUT.ip] = ip;
        self
    }

    /// As they are when a call made at `ip` is over with this result, and is not to be repeated.
    pub fn returned(mut self, result: i64) -> General {
        self.0[LAYOUT.nr] = u64::MAX;
        self.0[LAYOUT.result] = result as u64;
        self
    }

    /// As they are when this call is about to be entered: its number can still be changed.
    pub fn entering(mut self, nr: u64, args: &[u64; 6]) -> General {
        self.0[LAYOUT.nr] = nr;
        self.put_words(args);
        self
    }

    /// As they are before the `syscall` instruction that ends at `ip`, about to make this call.
    pub fn before(mut self, nr: u64, args: &[u64; 6]) -> General {
        self.0[LAYOUT.nr] = u64::MAX;
        self.0[LAYOUT.result] = nr;
        self.0[LAYOUT.ip] = self.0[LAYOUT.ip].wrapping_sub(2);
        self.put_words(args);
        self
    }

    fn put_words(&mut self, args: &[u64; 6]) {
        for (place, word) in LAYOUT.words.into_iter().zip(args) {
            self.0[place] = *word;
        }
    }
}

/// Is this word of code, read two bytes before where a call returns to, a `syscall` instruction?
pub fn is_syscall(word: u64) -> bool {
    word & 0xffff == 0x050f
}

/// A set of registers as the kernel gives it: words of 64 bits, or of 32 for a task in 32-bit code.
struct Set {
    words: [u64; 34],
    halves: bool,
}

impl Set {
    fn put(&mut self, place: usize, value: u64) {
        if !self.halves {
            self.words[place] = value;
            return;
        }
        let shift = 32 * (place % 2);
        let word = &mut self.words[place / 2];
        *word = (*word & !(0xffff_ffff << shift)) | ((value & 0xffff_ffff) << shift);
    }
}

/// Places of the words in `struct user_regs_struct` of x86-64.
#[derive(Clone, Copy)]
struct Layout {
    nr: usize,
    result: usize,
    first: usize,
    ip: usize,
    sp: usize,
    bp: usize,
    words: [usize; 6],
}

const LAYOUT: Layout = Layout { nr: 15, result: 10, first: 14, ip: 16, sp: 19, bp: 4, words: [14, 13, 12, 7, 9, 8] };

/// The same of i386: ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss.
const LAYOUT_I386: Layout = Layout { nr: 11, result: 6, first: 0, ip: 12, sp: 15, bp: 5, words: [0, 1, 2, 3, 4, 5] };

#[cfg(target_arch = "x86_64")]
fn decode(set: &[u64; 34], len: usize) -> Registers {
    if len == 27 * 8 {
        return Registers {
            arch: ARCH_X86_64,
            nr: set[LAYOUT.nr],
            args: [set[14], set[13], set[12], set[7], set[9], set[8]],
            result: set[LAYOUT.result] as i64,
            ip: set[16],
            sp: set[19],
            others: [set[5], set[11], set[4]],
        };
    }
    // 17 words of 32 bits: ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss.
    let word = |i: usize| (set[i / 2] >> (32 * (i % 2))) & 0xffff_ffff;
    Registers {
        arch: ARCH_I386,
        nr: word(11),
        args: [word(0), word(1), word(2), word(3), word(4), word(5)],
        result: i64::from(word(6) as u32 as i32),
        ip: word(12),
        sp: word(15),
        others: [0; 3],
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn decode(set: &[u64; 34], _len: usize) -> Registers {
    Registers {
        arch: ARCH_AARCH64,
        nr: set[8],
        args: [set[0], set[1], set[2], set[3], set[4], set[5]],
        result: set[0] as i64,
        ip: set[32],
        sp: set[31],
        others: [0; 3],
    }
}

fn raw(request: u32, tid: Tid, addr: usize, data: usize) -> Result<libc::c_long, Errno> {
    // SAFETY: requests that write through `data` or read `addr` bytes are given addresses of live
    // values of ours with the size the request states; all others take plain words. The kernel
    // refuses tasks that are not ours or not stopped. The raw call is used because the wrapper of
    // one C library reads and the other's request type differs.
    check(unsafe {
        libc::syscall(libc::SYS_ptrace, request as libc::c_ulong, libc::c_long::from(tid.raw()), addr, data)
    })
}
