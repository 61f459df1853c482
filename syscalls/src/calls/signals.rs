//! Signals: handlers, masks, waiting, sending.

use super::{input, output};
use crate::Kind::*;
use crate::kind::Dir::*;
use crate::{layout, names};

calls! {
    rt_sigaction [SIGNAL] (
        sig: Signal, act: input(&layout::SIGACTION), oact: output(&layout::SIGACTION), sigsetsize: ULong,
    ) -> Int;
    rt_sigprocmask [SIGNAL] (
        how: Enum(&names::SIG_HOW), nset: SigSet(In, 3), oset: SigSet(Out, 3), sigsetsize: ULong,
    ) -> Int;
    rt_sigreturn [SIGNAL] () -> Int;
    rt_sigpending [SIGNAL] (uset: SigSet(Out, 1), sigsetsize: ULong) -> Int;
    rt_sigtimedwait [SIGNAL] (
        uthese: SigSet(In, 3), uinfo: Siginfo(Out), uts: input(&layout::TIMESPEC), sigsetsize: ULong,
    ) -> Int;
    rt_sigqueueinfo [SIGNAL PROCESS] (pid: Pid, sig: Signal, uinfo: Siginfo(In)) -> Int;
    rt_tgsigqueueinfo [PROCESS SIGNAL] (tgid: Pid, pid: Tid, sig: Signal, uinfo: Siginfo(In)) -> Int;
    rt_sigsuspend [SIGNAL] (unewset: SigSet(In, 1), sigsetsize: ULong) -> Int;
    sigaltstack [SIGNAL] (uss: input(&layout::STACK_T), uoss: output(&layout::STACK_T)) -> Int;
    pause [SIGNAL] () -> Int;
    kill [SIGNAL PROCESS] (pid: Pid, sig: Signal) -> Int;
    tkill [SIGNAL PROCESS] (pid: Tid, sig: Signal) -> Int;
    tgkill [SIGNAL PROCESS] (tgid: Pid, pid: Tid, sig: Signal) -> Int;
    pidfd_send_signal [DESC SIGNAL PROCESS] (
        pidfd: Fd, sig: Signal, info: Siginfo(In), flags: Flags(&names::PIDFD_SIGNAL),
    ) -> Int;
}
