//! `order`: a program whose point is what comes before what, across objects, and its mutants.
#![no_main]

mod marker;

use libc::{c_char, c_int};
use marker::is;
use std::ffi::CStr;

fn must(result: impl TryInto<i64>) -> i64 {
    match result.try_into() {
        Ok(result) if result != -1 => result,
        _ => unsafe { libc::_exit(101) },
    }
}

fn create(path: &CStr) -> c_int {
    must(unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC, 0o644) })
        as c_int
}

fn write(fd: c_int, bytes: &[u8]) {
    must(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) });
}

fn sync(fd: c_int) {
    must(unsafe { libc::fsync(fd) });
}

fn close(fd: c_int) {
    must(unsafe { libc::close(fd) });
}

/// # Safety
/// `argv` is the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    greet();
    journal_then_db();
    two_files();
    shared_under_lock();
    0
}

fn greet() {
    if is("print_before_read") {
        write(1, b"hello\n");
    }
    let mut buffer = [0u8; 64];
    while must(unsafe { libc::read(0, buffer.as_mut_ptr().cast(), buffer.len()) }) > 0 {}
    if !is("print_before_read") {
        write(1, b"hello\n");
    }
}

fn journal_then_db() {
    let journal = create(c"journal");
    write(journal, b"journal entry 1\n");
    if !is("journal_after_db") {
        sync(journal);
    }
    let db = create(c"db");
    write(db, b"row 1\n");
    if is("journal_after_db") {
        sync(journal);
    }
    sync(db);
    close(journal);
    close(db);
}

fn two_files() {
    let (one, two) = if is("swap_files") { (c"second", c"first") } else { (c"first", c"second") };
    close(create(one));
    close(create(two));
}

fn shared_under_lock() {
    let lock = create(c"lock");
    must(unsafe { libc::flock(lock, libc::LOCK_EX) });
    let outside = is("write_outside_lock");
    if outside {
        must(unsafe { libc::flock(lock, libc::LOCK_UN) });
    }
    let shared = create(c"shared");
    write(shared, b"shared\n");
    close(shared);
    if !outside {
        must(unsafe { libc::flock(lock, libc::LOCK_UN) });
    }
    close(lock);
}
