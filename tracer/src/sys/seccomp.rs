//! seccomp(2): putting a filter on the calling process.
#![allow(unsafe_code)]

use super::{Errno, check};

/// One instruction of classic BPF (`struct sock_filter`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Instructions skipped when a test holds.
    pub jt: u8,
    /// Instructions skipped when it doesn't.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

/// Installs a filter for the calling task and all it will start. Async-signal-safe.
pub fn install(program: &[Instruction]) -> Result<(), Errno> {
    #[repr(C)]
    struct Program {
        len: libc::c_ushort,
        filter: *const Instruction,
    }
    let program = Program { len: program.len() as libc::c_ushort, filter: program.as_ptr() };
    const SET_MODE_FILTER: libc::c_uint = 1;
    // Without SPEC_ALLOW some kernels switch off speculation for the filtered task, which the task
    // could see and would feel.
    const SPEC_ALLOW: libc::c_uint = 1 << 2;
    for flags in [SPEC_ALLOW, 0] {
        // SAFETY: the program and its instructions outlive the call; the kernel copies and checks them.
        let done = check(unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, flags, &raw const program) });
        match done {
            Ok(_) => return Ok(()),
            Err(Errno(libc::EINVAL)) if flags != 0 => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno(libc::EINVAL))
}

/// Can a filter send calls to a tracer here (SECCOMP_GET_ACTION_AVAIL, Linux 4.14)?
pub fn available() -> Result<(), Errno> {
    const GET_ACTION_AVAIL: libc::c_uint = 2;
    let action: u32 = 0x7ff0_0000;
    // SAFETY: reads one word of ours.
    check(unsafe { libc::syscall(libc::SYS_seccomp, GET_ACTION_AVAIL, 0, &raw const action) }).map(drop)
}

/// prctl(PR_SET_NO_NEW_PRIVS). Async-signal-safe.
pub fn set_no_new_privs() -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }.into()).map(drop)
}

/// Is no_new_privs set on this process?
pub fn no_new_privs() -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 }
}

/// Is a filter of somebody else's installed on this process?
pub fn is_filtered() -> bool {
    const FILTERED: libc::c_int = 2;
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) == FILTERED }
}
