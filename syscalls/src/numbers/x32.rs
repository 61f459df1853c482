//! Numbers of x32, without bit 30: those of x86-64 up to 511, apart from the calls whose structures hold
//! pointers or longs, which have numbers of their own from 512 on.

use super::x86_64;
use crate::{Syscall, calls};

/// Numbers of x86-64 that x32 does not have.
const NOT_HERE: [usize; 47] = [
    13, 15, 16, 19, 20, 45, 46, 47, 54, 55, 59, 101, 127, 128, 129, 131, 134, 156, 174, 177, 178, 180, 205, 206, 209,
    211, 214, 215, 222, 236, 244, 246, 247, 273, 274, 278, 279, 295, 296, 297, 299, 307, 310, 311, 322, 327, 328,
];

static OWN: [Option<&Syscall>; 548] = numbers! {
    512 rt_sigaction, 513 rt_sigreturn, 514 ioctl, 515 readv, 516 writev, 517 recvfrom, 518 sendmsg, 519 recvmsg,
    520 execve, 521 ptrace, 522 rt_sigpending, 523 rt_sigtimedwait, 524 rt_sigqueueinfo, 525 sigaltstack,
    526 timer_create, 527 mq_notify, 528 kexec_load, 529 waitid, 530 set_robust_list, 531 get_robust_list, 532 vmsplice,
    533 move_pages, 534 preadv, 535 pwritev, 536 rt_tgsigqueueinfo, 537 recvmmsg, 538 sendmmsg, 539 process_vm_readv,
    540 process_vm_writev, 541 setsockopt, 542 getsockopt, 543 io_setup, 544 io_submit, 545 execveat, 546 preadv2,
    547 pwritev2,
};

/// Numbers 0 to 547.
pub(super) static TABLE: [Option<&Syscall>; 548] = {
    let mut table = OWN;
    let mut nr = 0;
    while nr < x86_64::TABLE.len() {
        table[nr] = x86_64::TABLE[nr];
        nr += 1;
    }
    let mut at = 0;
    while at < NOT_HERE.len() {
        table[NOT_HERE[at]] = None;
        at += 1;
    }
    table
};
