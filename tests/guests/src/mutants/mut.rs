//! `mut`: a program that does a little of everything a golden looks at, and its mutants.
//!
//! It reads a configuration, replaces a file atomically and durably, takes a lock, meets an expected
//! error, runs a child, asks a server, prints two lines. Each mutant changes one thing (see `marker`).
//! No Rust start-up code and no allocation: the calls are those of a small C program.
#![no_main]

mod marker;

use libc::{c_char, c_int, c_void};
use marker::is;
use std::ffi::CStr;
use std::ptr::{null, null_mut};

const PORT: u16 = 18231;
const CLOSED_PORT: u16 = 18232;

/// A call of the C library failed that must not: ends the guest with 101.
fn must(result: impl TryInto<i64>) -> i64 {
    match result.try_into() {
        Ok(result) if result != -1 => result,
        _ => unsafe { libc::_exit(101) },
    }
}

fn open(path: &CStr, flags: c_int, mode: libc::mode_t) -> c_int {
    unsafe { libc::open(path.as_ptr(), flags, mode) }
}

fn write(fd: c_int, bytes: &[u8]) {
    must(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) });
}

fn close(fd: c_int) {
    must(unsafe { libc::close(fd) });
}

/// # Safety
/// `argv` is the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    beginning();
    read_configuration();
    look_at_data();
    replace_final();
    under_lock();
    if !is("no_child") {
        child();
    }
    ask_server();
    let status = print();
    ending();
    status
}

/// Mutants that change something before the program proper.
fn beginning() {
    if is("setuid_call") {
        must(unsafe { libc::setgid(libc::getgid()) });
    }
    if is("sigign") {
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    }
    if is("sig_handler") {
        extern "C" fn handler(_: c_int) {}
        unsafe { libc::signal(libc::SIGTERM, handler as *const () as libc::sighandler_t) };
    }
    if is("mmap_exec") {
        let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        unsafe { libc::mmap(null_mut(), 4096, all, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    }
    if is("extra_sleep") {
        unsafe { libc::usleep(50_000) };
    }
    if is("poll_sleep") {
        unsafe { libc::poll(null_mut(), 0, 50) };
    }
    if is("getrandom") {
        let mut bytes = [0u8; 16];
        unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), 16, 0) };
    }
    if is("extra_thread") {
        extern "C" fn nothing(_: *mut c_void) -> *mut c_void {
            null_mut()
        }
        let mut thread: libc::pthread_t = 0;
        must(unsafe { libc::pthread_create(&mut thread, null(), nothing, null_mut()) });
        must(unsafe { libc::pthread_join(thread, null_mut()) });
    }
    if is("rlimit") {
        let limit = libc::rlimit { rlim_cur: 4096, rlim_max: 4096 };
        must(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) });
    }
    if is("extra_connect") {
        let fd = socket();
        connect(fd, CLOSED_PORT);
        close(fd);
    }
    if is("listens") {
        let fd = socket();
        let address = address(0);
        must(unsafe { libc::bind(fd, (&raw const address).cast(), size_of::<libc::sockaddr_in>() as u32) });
        must(unsafe { libc::listen(fd, 5) });
        close(fd);
    }
    if is("extra_open") {
        close(must(open(c"/etc/hostname", libc::O_RDONLY | libc::O_CLOEXEC, 0)) as c_int);
    }
    if is("extra_miss") {
        open(c"/etc/foo.conf", libc::O_RDONLY | libc::O_CLOEXEC, 0);
    }
    if is("transient") {
        close(must(open(c"scratch", libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC, 0o600)) as c_int);
        must(unsafe { libc::unlink(c"scratch".as_ptr()) });
    }
}

fn read_configuration() {
    let cloexec = if is("no_cloexec") { 0 } else { libc::O_CLOEXEC };
    let mut fd = must(open(c"conf", libc::O_RDONLY | cloexec, 0)) as c_int;
    if is("reopen_toctou") {
        close(fd);
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        must(unsafe { libc::stat(c"conf".as_ptr(), &mut stat) });
        fd = must(open(c"conf", libc::O_RDONLY | cloexec, 0)) as c_int;
    }
    read_to_end(fd, if is("small_buffer") { 256 } else { 4096 });
    if is("read_twice") {
        unsafe { libc::lseek(fd, 0, libc::SEEK_SET) };
        read_to_end(fd, 4096);
    }
    if !is("fd_leak") {
        close(fd);
    }
    if is("double_close") {
        unsafe { libc::close(fd) };
    }
}

fn read_to_end(fd: c_int, size: usize) {
    let mut buffer = [0u8; 4096];
    while must(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), size) }) > 0 {}
}

fn look_at_data() {
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    for _ in 0..if is("stat_storm") { 50 } else { 1 } {
        must(unsafe { libc::stat(c"data".as_ptr(), &mut stat) });
    }
}

const PAYLOAD: &[u8] = b"payload-1234\n";

fn replace_final() {
    unsafe { libc::umask(0o022) };
    if is("no_tmp") {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC;
        let fd = must(open(c"final", flags, 0o644)) as c_int;
        write(fd, PAYLOAD);
        must(unsafe { libc::fsync(fd) });
        close(fd);
        return;
    }
    let mut name = *b"tmp.XXXXXX\0";
    let fd = must(unsafe { libc::mkostemp(name.as_mut_ptr().cast(), libc::O_CLOEXEC) }) as c_int;
    let name = CStr::from_bytes_with_nul(&name).unwrap_or(c"");
    payload(fd);
    let mode = if is("perm") { 0o666 } else { 0o644 };
    if !is("no_chmod") {
        must(unsafe { libc::fchmod(fd, mode) });
    }
    match () {
        () if is("no_fsync") || is("fsync_after_rename") => {}
        () if is("fdatasync") => drop(must(unsafe { libc::fdatasync(fd) })),
        () => drop(must(unsafe { libc::fsync(fd) })),
    }
    if is("fsync_after_rename") {
        must(unsafe { libc::rename(name.as_ptr(), c"final".as_ptr()) });
        must(unsafe { libc::fsync(fd) });
        close(fd);
    } else {
        close(fd);
        if is("copy_not_rename") { copy(name) } else { rename(name) }
    }
    if is("tmp_left") {
        let mut name = *b"tmp.XXXXXX\0";
        close(must(unsafe { libc::mkostemp(name.as_mut_ptr().cast(), libc::O_CLOEXEC) }) as c_int);
    }
    if !is("no_dirsync") {
        let fd = must(open(c".", libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC, 0)) as c_int;
        must(unsafe { libc::fsync(fd) });
        close(fd);
    }
}

fn rename(name: &CStr) {
    must(unsafe { libc::rename(name.as_ptr(), c"final".as_ptr()) });
}

fn payload(fd: c_int) {
    match () {
        () if is("byte_changed") => write(fd, b"payload-1235\n"),
        () if is("longer") => write(fd, b"payload-1234567\n"),
        () if is("write_1byte") => PAYLOAD.chunks(1).for_each(|byte| write(fd, byte)),
        () if is("write_2parts") => PAYLOAD.chunks(7).for_each(|part| write(fd, part)),
        () if is("pwrite") => drop(must(unsafe { libc::pwrite(fd, PAYLOAD.as_ptr().cast(), PAYLOAD.len(), 0) })),
        () if is("mmap_write") => {
            must(unsafe { libc::ftruncate(fd, 13) });
            let shared =
                unsafe { libc::mmap(null_mut(), 13, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, fd, 0) };
            must(shared as i64);
            unsafe { std::ptr::copy_nonoverlapping(PAYLOAD.as_ptr(), shared.cast(), PAYLOAD.len()) };
            must(unsafe { libc::munmap(shared, 13) });
        }
        () => write(fd, PAYLOAD),
    }
}

fn copy(name: &CStr) {
    let from = must(open(name, libc::O_RDONLY | libc::O_CLOEXEC, 0)) as c_int;
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC;
    let to = must(open(c"final", flags, 0o644)) as c_int;
    let mut buffer = [0u8; 64];
    let count = must(unsafe { libc::read(from, buffer.as_mut_ptr().cast(), buffer.len()) });
    write(to, &buffer[..count as usize]);
    must(unsafe { libc::fsync(to) });
    close(to);
    close(from);
    must(unsafe { libc::unlink(name.as_ptr()) });
}

fn under_lock() {
    let fd = must(open(c"lock", libc::O_RDWR | libc::O_CREAT | libc::O_CLOEXEC, 0o600)) as c_int;
    if !is("no_lock") {
        let kind = if is("shared_lock") { libc::LOCK_SH } else { libc::LOCK_EX };
        must(unsafe { libc::flock(fd, kind | libc::LOCK_NB) });
    }
    unsafe { libc::mkdir(c"exists".as_ptr(), 0o755) };
    if !is("ignore_err") {
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        must(unsafe { libc::stat(c"exists".as_ptr(), &mut stat) });
    }
    close(fd);
}

fn child() {
    let word: &CStr = if is("arg_changed") { c"child2" } else { c"child" };
    let pid = run(c"/bin/echo", c"echo", word);
    if is("no_wait") {
        unsafe { libc::usleep(20_000) };
    } else {
        must(unsafe { libc::waitpid(pid, null_mut(), 0) });
    }
    if is("extra_child") {
        let pid = run(c"/bin/date", c"date", c"+%%");
        must(unsafe { libc::waitpid(pid, null_mut(), 0) });
    }
}

fn run(program: &CStr, name: &CStr, word: &CStr) -> libc::pid_t {
    let pid = must(unsafe { libc::fork() }) as libc::pid_t;
    if pid == 0 {
        unsafe {
            libc::execl(program.as_ptr(), name.as_ptr(), word.as_ptr(), null::<c_char>());
            libc::_exit(127);
        }
    }
    pid
}

fn socket() -> c_int {
    must(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }) as c_int
}

fn address(port: u16) -> libc::sockaddr_in {
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    address.sin_family = libc::AF_INET as u16;
    address.sin_port = port.to_be();
    address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    address
}

fn connect(fd: c_int, port: u16) -> c_int {
    let address = address(port);
    unsafe { libc::connect(fd, (&raw const address).cast(), size_of::<libc::sockaddr_in>() as u32) }
}

fn ask_server() {
    let fd = socket();
    connect(fd, PORT);
    match () {
        () if is("req_changed") => write(fd, b"GET /in2 HTTP/1.0\r\n\r\n"),
        () if is("write_split") => {
            write(fd, b"GET /in1 ");
            write(fd, b"HTTP/1.0\r\n\r\n");
        }
        () => write(fd, b"GET /in1 HTTP/1.0\r\n\r\n"),
    }
    read_to_end(fd, 4096);
    close(fd);
}

fn print() -> c_int {
    match () {
        () if is("order_swap") => {
            write(1, b"done\n");
            write(1, b"ok\n");
        }
        () if is("line_changed") => {
            write(1, b"no\n");
            write(1, b"done\n");
        }
        () if is("one_write") => write(1, b"ok\ndone\n"),
        () if is("silent") => {}
        () => {
            write(1, b"ok\n");
            write(1, b"done\n");
        }
    }
    if is("warns") {
        write(2, b"warning\n");
    }
    match () {
        () if is("exit_code") => 3,
        () if is("aborts") => unsafe { libc::abort() },
        () => 0,
    }
}

/// Mutants that change something after the program proper.
fn ending() {
    if is("lib_new") {
        unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_NOW) };
    }
}
