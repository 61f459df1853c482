//! Programs for budgets, one for each name by which this file is called: each keeps a rule or just breaks it.

use std::ffi::{c_char, c_int, c_long, c_void};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn close(fd: c_int) -> c_int;
    fn mmap(at: *mut c_void, length: usize, rights: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn mprotect(at: *mut c_void, length: usize, rights: c_int) -> c_int;
    fn flock(fd: c_int, operation: c_int) -> c_int;
    fn ptrace(request: c_long, pid: c_int, at: *mut c_void, data: *mut c_void) -> c_long;
    fn getppid() -> c_int;
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
    fn mkdir(path: *const c_char, mode: u32) -> c_int;
}

const LOCK_EX_NB: c_int = 2 | 4;
const PROT_READ_WRITE: c_int = 3;
const MAP_PRIVATE_ANONYMOUS: c_int = 0x22;
const PTRACE_ATTACH: c_long = 16;

fn put(fd: c_int, bytes: &[u8]) -> bool {
    // SAFETY: the bytes are ours.
    unsafe { write(fd, bytes.as_ptr().cast(), bytes.len()) >= 0 }
}

fn times(count: usize, each: impl Fn()) {
    (0..count).for_each(|_| each());
}

/// Memory that may be touched or not, and is not given back.
fn map(bytes: usize, rights: c_int) -> *mut c_void {
    // SAFETY: a new mapping.
    unsafe { mmap(std::ptr::null_mut(), bytes, rights, MAP_PRIVATE_ANONYMOUS, -1, 0) }
}

/// Processes side by side, each with so many writes.
fn workers(writes: &[usize]) {
    for count in writes {
        // SAFETY: the child makes plain calls only.
        if unsafe { fork() } == 0 {
            times(*count, || assert!(put(1, b"x")));
            // SAFETY: it ends here.
            unsafe { _exit(0) };
        }
    }
    // SAFETY: no status is wanted.
    times(writes.len(), || assert!(unsafe { waitpid(-1, std::ptr::null_mut(), 0) } > 0));
}

fn directory_synced() -> io::Result<()> {
    File::open(".")?.sync_all()
}

fn replace(sync: impl Fn(&File) -> io::Result<()>, synced_directory: bool) -> io::Result<()> {
    let mut file = File::create("final.new")?;
    file.write_all(b"content\n")?;
    sync(&file)?;
    fs::rename("final.new", "final")?;
    if synced_directory { directory_synced() } else { Ok(()) }
}

fn lock(operation: c_int) -> io::Result<c_int> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open("lock")?;
    // SAFETY: the descriptor is open.
    let result = unsafe { flock(file.as_raw_fd(), operation) };
    std::mem::forget(file);
    Ok(result)
}

fn main() -> io::Result<()> {
    let name = std::env::args().next().unwrap_or_default();
    match name.rsplit('/').next().unwrap_or_default() {
        "five_lines" => times(5, || assert!(put(1, b"line\n"))),
        "six_lines" => times(6, || assert!(put(1, b"line\n"))),
        "tiny_writes" => times(20_000, || assert!(put(1, b"x"))),
        "almost_a_loop" => times(999, || assert!(put(1, b"x"))),
        "large_writes" => times(2_000, || assert!(put(1, &[b'x'; 65_536]))),
        "touches_64m" => {
            let mut memory = vec![0u8; 64 << 20];
            memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
            std::hint::black_box(&memory);
        }
        "reserves_64m" => {
            let memory = map(64 << 20, 0);
            // SAFETY: the beginning of the mapping above.
            assert_eq!(unsafe { mprotect(memory, 4096, PROT_READ_WRITE) }, 0);
        }
        "sleeps" => std::thread::sleep(Duration::from_secs(1)),
        "burns" => {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(400) {}
        }
        "waits_for_sleep" => assert!(Command::new("sleep").arg("0.3").status()?.success()),
        "closed_out" => {
            // SAFETY: nobody else uses it.
            unsafe { close(1) };
            assert!(!put(1, b"line\n"));
        }
        "maps_40" => times(40, || assert!(!map(4096, PROT_READ_WRITE).is_null())),
        "four_workers" => workers(&[500; 4]),
        "one_works" => workers(&[10, 3_000]),
        "opens_gpu" => drop(File::open("/dev/dri/card0").or_else(|_| File::open("/dev/nvidia0"))),
        "locks" => assert_eq!(lock(LOCK_EX_NB)?, 0),
        "locked_out" => assert_eq!(lock(LOCK_EX_NB)?, -1, "EAGAIN: somebody else holds it"),
        // SAFETY: it fails, because the other is no task of ours to trace.
        "traces" => assert_eq!(unsafe { ptrace(PTRACE_ATTACH, getppid(), std::ptr::null_mut(), std::ptr::null_mut()) }, -1),
        "connects" => assert!(TcpStream::connect("127.0.0.1:1").is_err()),
        "sends" => drop(UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", "127.0.0.1:9")?),
        "talks_to_itself" => {
            let (mut one, mut other) = UnixStream::pair()?;
            one.write_all(b"x")?;
            other.read_exact(&mut [0])?;
            assert!(UnixStream::connect("/no/such/socket").is_err());
        }
        "three_mkdirs" | "four_mkdirs" => {
            let count = if name.ends_with("three_mkdirs") { 3 } else { 4 };
            // SAFETY: the path ends with NUL.
            times(count, || assert_eq!(unsafe { mkdir(c"/".as_ptr(), 0o755) }, -1));
        }
        "log_100" | "log_101" => {
            let log = File::create("log")?;
            times(if name.ends_with("101") { 101 } else { 100 }, || assert!(put(log.as_raw_fd(), b"x")));
            assert!(put(1, &[b'x'; 1000]));
        }
        "replaces" => replace(File::sync_all, true)?,
        "replaces_fdatasync" => replace(File::sync_data, true)?,
        "replaces_no_sync" => replace(|_| Ok(()), true)?,
        "replaces_no_dirsync" => replace(File::sync_all, false)?,
        "replaces_then_syncs" => {
            fs::write("final.new", "content\n")?;
            let file = File::open("final.new")?;
            fs::rename("final.new", "final")?;
            file.sync_all()?;
            directory_synced()?;
        }
        "overwrites" => {
            let mut file = File::create("final")?;
            file.write_all(b"content\n")?;
            file.sync_all()?;
            directory_synced()?;
        }
        "hides_a_temporary" => {
            fs::write("/tmp/budgeted.tmp", "x")?;
            fs::remove_file("/tmp/budgeted.tmp")?;
        }
        other => panic!("{other} is none of these programs"),
    }
    Ok(())
}
