//! Calls that are not of the native kind: `int $0x80`, x32 numbers, numbers nobody knows, a 32-bit program.
//!
//! The 32-bit program (84 bytes of ELF headers, 34 of code) is written to the file `tiny32` and run; it
//! writes one line and ends with 42.

use crate::words::Words;

#[cfg(not(target_arch = "x86_64"))]
pub fn run(_: &Words) -> i32 {
    crate::posix::say!("skipped: no other kinds of calls on this machine");
    0
}

#[cfg(target_arch = "x86_64")]
pub fn run(_: &Words) -> i32 {
    use crate::posix::{errno, errno_name, fork, pid, say, wait};
    const X32: i64 = 0x4000_0000;
    let compat = fork(|| i32::from(int80(20) != i64::from(pid())));
    say!("int 0x80 getpid: {}", wait(compat));
    for (name, number) in [("x32 getpid", X32 | libc::SYS_getpid), ("number 500", 500), ("number -1", -1)] {
        let result = unsafe { libc::syscall(number) };
        let error = if result == -1 { errno_name(errno()) } else { "a result".into() };
        say!("{name}: {error}");
    }
    std::fs::write("tiny32", tiny32()).expect("the file tiny32");
    let child = fork(|| {
        unsafe { libc::chmod(c"tiny32".as_ptr(), 0o755) };
        let argv = [c"tiny32".as_ptr(), std::ptr::null()];
        unsafe { libc::execv(c"./tiny32".as_ptr(), argv.as_ptr()) };
        say!("32-bit program: {}", errno_name(errno()));
        0
    });
    say!("32-bit program: {}", wait(child));
    let _ = std::fs::remove_file("tiny32");
    0
}

/// A call by the old gate, with a number of the i386 table.
#[cfg(target_arch = "x86_64")]
fn int80(number: u64) -> i64 {
    let result;
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") number => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    result
}

/// An ELF file for i386 with one segment, loaded at 0x08048000.
#[cfg(target_arch = "x86_64")]
fn tiny32() -> Vec<u8> {
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 52 + 32;
    const CODE: u32 = 34;
    let text = b"a line of a 32-bit program\n";
    let size = HEADERS + CODE + text.len() as u32;
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, number: u16| file.extend(number.to_le_bytes());
    let word = |file: &mut Vec<u8>, number: u32| file.extend(number.to_le_bytes());
    half(&mut file, 2); // an executable
    half(&mut file, 3); // for i386
    for number in [1, BASE + HEADERS, 52, 0, 0] {
        word(&mut file, number); // version, entry, program headers, no sections, no flags
    }
    for number in [52, 32, 1, 0, 0, 0] {
        half(&mut file, number); // sizes and counts of headers
    }
    for number in [1, 0, BASE, BASE, size, size, 5, 0x1000] {
        word(&mut file, number); // one loaded segment, readable and executable
    }
    for (opcode, number) in [(0xb8, 4), (0xbb, 1), (0xb9, BASE + HEADERS + CODE), (0xba, text.len() as u32)] {
        file.push(opcode); // eax = write, ebx = stdout, ecx = text, edx = its length
        word(&mut file, number);
    }
    file.extend([0xcd, 0x80]);
    for (opcode, number) in [(0xb8, 1), (0xbb, 42)] {
        file.push(opcode); // eax = exit, ebx = 42
        word(&mut file, number);
    }
    file.extend([0xcd, 0x80]);
    file.extend(text);
    file
}
