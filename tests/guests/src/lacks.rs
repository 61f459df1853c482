//! A kernel that lacks something: installs a filter that answers certain calls as an older kernel, or a
//! container, would; then becomes another program.
//!
//! `lacks WHAT PROGRAM ARGS`, where WHAT is `readv` or `readv-unknown` (process_vm_readv: EPERM, ENOSYS),
//! `seccomp` (no filters: EINVAL, ENOSYS) or `syscall-info` (PTRACE_GET_SYSCALL_INFO: EIO).

use crate::posix::{fail, must, outcome, say};
use crate::words::{Words, c_string};

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUALS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
const GET_SYSCALL_INFO: u32 = 0x420e;
/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const FIRST_WORD: u32 = 16;

pub fn run(words: &Words) -> i32 {
    let refused: &[(i64, Option<u32>, i32)] = match words.text(0) {
        "readv" => &[(libc::SYS_process_vm_readv, None, libc::EPERM)],
        "readv-unknown" => &[(libc::SYS_process_vm_readv, None, libc::ENOSYS)],
        "seccomp" => &[
            (libc::SYS_prctl, Some(libc::PR_SET_SECCOMP as u32), libc::EINVAL),
            (libc::SYS_seccomp, None, libc::ENOSYS),
        ],
        "syscall-info" => &[(libc::SYS_ptrace, Some(GET_SYSCALL_INFO), libc::EIO)],
        _ => return 2,
    };
    must("PR_SET_NO_NEW_PRIVS", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
    let mut program: Vec<libc::sock_filter> =
        refused.iter().flat_map(|(call, word, errno)| lines(*call as u32, *word, *errno as u32)).collect();
    program.push(line(RETURN, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let mode = libc::SECCOMP_MODE_FILTER;
    must("PR_SET_SECCOMP", unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &program, 0, 0) });
    become_other(words.rest().get(1..).unwrap_or_default())
}

fn line(code: u16, otherwise: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: otherwise, k }
}

/// Answers this call, or only the one with this first word, with an error.
fn lines(call: u32, word: Option<u32>, errno: u32) -> Vec<libc::sock_filter> {
    let answer = line(RETURN, 0, libc::SECCOMP_RET_ERRNO | errno);
    match word {
        None => vec![line(LOAD, 0, NUMBER), line(EQUALS, 1, call), answer],
        Some(word) => {
            vec![line(LOAD, 0, NUMBER), line(EQUALS, 3, call), line(LOAD, 0, FIRST_WORD), line(EQUALS, 1, word), answer]
        }
    }
}

fn become_other(argv: &[Vec<u8>]) -> ! {
    let words: Vec<_> = argv.iter().map(|word| c_string(word)).collect();
    let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    match words.first() {
        Some(program) => unsafe { libc::execv(program.as_ptr(), pointers.as_ptr()) },
        None => fail("no program is named"),
    };
    say!("exec: {}", outcome(-1));
    fail("exec")
}
