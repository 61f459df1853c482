//! Pointers that end at the edge of memory or lead nowhere, and a page that takes its time.
//!
//! `edge_of_memory` prints what the kernel says of each. `edge_of_memory userfault` opens a path that
//! lies in a page which another thread of the guest fills only once it is touched: whoever reads it
//! from outside must not wait for that thread and keep it stopped at the same time. Ends with 77 when
//! there is no userfaultfd for us.

use crate::posix::{check, close, create, must, nap, outcome, pipe, say};
use crate::words::Words;

const PAGE: usize = 4096;

pub fn run(words: &Words) -> i32 {
    if words.text(0) == "userfault" { userfault() } else { edges() }
}

/// Pages of readable memory followed by one that nobody may touch.
fn pages(readable: usize) -> *mut u8 {
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let at = unsafe { libc::mmap(std::ptr::null_mut(), (readable + 1) * PAGE, prot, flags, -1, 0) };
    check(at != libc::MAP_FAILED, "mmap");
    let at = at.cast::<u8>();
    must("mprotect", unsafe { libc::mprotect(at.add(readable * PAGE).cast(), PAGE, libc::PROT_NONE) });
    at
}

/// The address at which these bytes stand so that the last one is the last readable byte.
fn at_the_edge(memory: *mut u8, readable: usize, bytes: &[u8]) -> *const libc::c_char {
    let start = unsafe { memory.add(readable * PAGE - bytes.len()) };
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
    start.cast()
}

fn edges() -> i32 {
    let memory = pages(2);
    let forbidden = unsafe { memory.add(2 * PAGE) };
    let open = |path: *const libc::c_char| outcome(unsafe { libc::open(path, libc::O_RDONLY) });
    say!("string ending at the edge: {}", open(at_the_edge(memory, 2, b"no such file\0")));
    say!("string without an end: {}", open(at_the_edge(memory, 2, b"no end")));
    let long = [&[b'a'; PAGE][..], b"\0"].concat();
    say!("string over two pages: {}", open(at_the_edge(memory, 2, &long)));
    say!("NULL: {}", open(std::ptr::null()));
    say!("forbidden page: {}", open(forbidden.cast()));
    say!("kernel address: {}", open(0xffff_8000_0000_0000_usize as _));
    say!("address of nothing: {}", open(0x10 as _));

    let file = create(c"edge");
    let (reader, writer) = pipe();
    let half = at_the_edge(memory, 2, &[b'h'; 16]);
    for (name, fd) in [("file", file), ("pipe", writer)] {
        say!("write of a forbidden page to a {name}: {}", outcome(unsafe { libc::write(fd, forbidden.cast(), 10) }));
        say!("write over the edge to a {name}: {}", outcome(unsafe { libc::write(fd, half.cast(), 32) }));
        let piece = |base: *const u8, len| libc::iovec { iov_base: base.cast_mut().cast(), iov_len: len };
        let pieces = [piece(b"good".as_ptr(), 4), piece(forbidden, 8), piece(b"lost".as_ptr(), 4)];
        say!(
            "writev with the second of three bad to a {name}: {}",
            outcome(unsafe { libc::writev(fd, pieces.as_ptr(), 3) })
        );
    }
    crate::posix::write_all(writer, b"some bytes");
    say!("read into a forbidden page: {}", outcome(unsafe { libc::read(reader, forbidden.cast(), 4) }));
    say!("uname into a forbidden page: {}", outcome(unsafe { libc::uname(forbidden.cast()) }));
    say!("vector of pieces in a forbidden page: {}", outcome(unsafe { libc::writev(writer, forbidden.cast(), 2) }));
    for fd in [file, reader, writer] {
        close(fd);
    }
    0
}

// From linux/userfaultfd.h.
const UFFDIO_API: u64 = 0xc018_aa3f;
const UFFDIO_REGISTER: u64 = 0xc020_aa00;
const UFFDIO_COPY: u64 = 0xc028_aa03;

fn userfault() -> i32 {
    let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) } as i32;
    if fd == -1 {
        say!("userfaultfd: {}", outcome(-1));
        return 77;
    }
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, prot, flags, -1, 0) } as u64;
    let mut api = [0xaa_u64, 0, 0];
    must("UFFDIO_API", unsafe { libc::ioctl(fd, UFFDIO_API, &mut api) });
    // Range, its length, missing pages, and room for the answer.
    let mut range = [page, PAGE as u64, 1, 0];
    must("UFFDIO_REGISTER", unsafe { libc::ioctl(fd, UFFDIO_REGISTER, &mut range) });
    let filling = std::thread::spawn(move || fill(fd, page));
    say!("path in a page that is filled late: {}", outcome(unsafe { libc::open(page as _, libc::O_RDONLY) }));
    say!("pages filled: {}", filling.join().unwrap_or(0));
    0
}

/// Fills the page at the first touch, after a while.
fn fill(fd: i32, page: u64) -> u32 {
    let mut message = [0; 32];
    check(crate::posix::read(fd, &mut message) == 32, "one message of the fault");
    nap(20_000);
    let mut content = [0; PAGE];
    content[..12].copy_from_slice(b"no such file");
    // Destination, source, length, mode, and room for the answer.
    let mut copy = [page, content.as_ptr() as u64, PAGE as u64, 0, 0];
    must("UFFDIO_COPY", unsafe { libc::ioctl(fd, UFFDIO_COPY, &mut copy) });
    1
}
