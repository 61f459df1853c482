//! `ptrace`: the requests and what each takes.

use super::{exchange, input, output};
use crate::Kind::*;
use crate::kind::{Count::*, Dir::*};
use crate::{layout, names};

calls! {
    ptrace [] (request: Enum(&names::PTRACE_REQUESTS), pid: Tid, addr: Ptr, data: Ptr) by PTRACE -> Int;
}

operations! {
    PTRACE: 0 & 0xffff_ffff (request: Enum(&names::PTRACE_REQUESTS)) {
        // TRACEME; PEEKTEXT, PEEKDATA, PEEKUSER; POKETEXT, POKEDATA, POKEUSER.
        0 => () -> Int,
        1 => (pid: Tid, addr: Ptr, data: PtrRef(Out)) -> Int,
        2 => (pid: Tid, addr: Ptr, data: PtrRef(Out)) -> Int,
        3 => (pid: Tid, addr: Hex, data: PtrRef(Out)) -> Int,
        4 => (pid: Tid, addr: Ptr, data: Hex) -> Int,
        5 => (pid: Tid, addr: Ptr, data: Hex) -> Int,
        6 => (pid: Tid, addr: Hex, data: Hex) -> Int,
        // CONT, KILL, SINGLESTEP; registers; ATTACH, DETACH, SYSCALL.
        7 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        8 => (pid: Tid) -> Int,
        9 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        12 => (pid: Tid, addr: Unused, data: output(&layout::USER_REGS)) -> Int,
        13 => (pid: Tid, addr: Unused, data: input(&layout::USER_REGS)) -> Int,
        14 => (pid: Tid, addr: Unused, data: Ptr) -> Int,
        15 => (pid: Tid, addr: Unused, data: Ptr) -> Int,
        16 => (pid: Tid) -> Int,
        17 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        24 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        31 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        32 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        33 => (pid: Tid, addr: Ptr, data: Signal) -> Int,
        // SETOPTIONS, GETEVENTMSG, GETSIGINFO, SETSIGINFO, GETREGSET, SETREGSET.
        0x4200 => (pid: Tid, addr: Ptr, data: Flags(&names::PTRACE_OPTIONS)) -> Int,
        0x4201 => (pid: Tid, addr: Ptr, data: LongRef(Out)) -> Int,
        0x4202 => (pid: Tid, addr: Ptr, data: Siginfo(Out)) -> Int,
        0x4203 => (pid: Tid, addr: Ptr, data: Siginfo(In)) -> Int,
        0x4204 => (pid: Tid, addr: Enum(&names::REGISTER_SETS), data: exchange(&layout::IOVEC)) -> Int,
        0x4205 => (pid: Tid, addr: Enum(&names::REGISTER_SETS), data: input(&layout::IOVEC)) -> Int,
        // SEIZE, INTERRUPT, LISTEN, PEEKSIGINFO, GETSIGMASK, SETSIGMASK.
        0x4206 => (pid: Tid, addr: Ptr, data: Flags(&names::PTRACE_OPTIONS)) -> Int,
        0x4207 => (pid: Tid) -> Int,
        0x4208 => (pid: Tid) -> Int,
        0x4209 => (pid: Tid, addr: Ptr, data: Ptr) -> Int,
        0x420a => (pid: Tid, addr: ULong, data: SigSet(Out, 2)) -> Int,
        0x420b => (pid: Tid, addr: ULong, data: SigSet(In, 2)) -> Int,
        // SECCOMP_GET_FILTER, SECCOMP_GET_METADATA, GET_SYSCALL_INFO, GET_RSEQ_CONFIGURATION.
        0x420c => (pid: Tid, addr: ULong, data: Ptr) -> Int,
        0x420d => (pid: Tid, addr: ULong, data: Ptr) -> Int,
        0x420e => (pid: Tid, addr: ULong, data: Raw(Out, ResultUpTo(2))) -> Int,
        0x420f => (pid: Tid, addr: Ptr, data: Ptr) -> Int,
    }
}
