//! Payloads of calls whose memory is this process's own: what is kept, of what, and how it is marked.

use std::ffi::CString;
use std::io::Write;
use std::os::fd::AsRawFd;

use recording::event::{ARG_NONE, Payload, Record, Shape, State, Via, flag, note, status};
use recording::session::PayloadLimits;
use syscalls::Abi;
use tracer::capture::{Capture, Who};

const NATIVE: Abi = if cfg!(target_arch = "aarch64") { Abi::Aarch64 } else { Abi::X86_64 };

/// One call of this process as the engine shows it to capture.
fn call_in(capture: &mut Capture, abi: Abi, nr: i64, args: [u64; 6], result: i64) -> Record {
    let me = std::process::id();
    let who = Who { tid: me, pid: me, abi };
    let mut record = Record::default();
    record.begin_call(Via::Ptrace, abi as u8, me, 0, 1, nr as u64, &args, 0, 0);
    capture.entry(&who, &mut record);
    record.finish_call(State::Done, 2, result);
    capture.exit(&who, &mut record);
    let (event, rest) = recording::event::Event::split(record.bytes()).expect("a whole record");
    assert!(rest.is_empty());
    assert_eq!(event.payloads().count(), record.view().payloads().count());
    record
}

fn call(capture: &mut Capture, nr: i64, args: [u64; 6], result: i64) -> Record {
    call_in(capture, NATIVE, nr, args, result)
}

fn live() -> Capture {
    Capture::new(&PayloadLimits::live(), false)
}

fn find(record: &Record, arg: u8, phase: u8, shape: Shape, path: u32) -> Option<Payload<'_>> {
    record
        .view()
        .payloads()
        .find(|p| p.head.arg == arg && p.head.phase == phase && p.head.shape == shape && p.head.path == path)
}

fn get(record: &Record, arg: u8, phase: u8, shape: Shape, path: u32) -> Payload<'_> {
    find(record, arg, phase, shape, path).unwrap_or_else(|| {
        let all: Vec<_> = record.view().payloads().map(|p| p.head).collect();
        panic!("no payload {arg} {phase} {shape:?} {path:#x} in {all:#?}")
    })
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|w| u64::from_le_bytes(w.try_into().expect("8"))).collect()
}

/// Readable pages with a PROT_NONE page behind them.
struct Pages {
    base: *mut u8,
    readable: usize,
}

impl Pages {
    fn new(pages: usize) -> Pages {
        Self::with(pages, 0)
    }

    fn with(pages: usize, flags: i32) -> Pages {
        let readable = pages * 4096;
        // SAFETY: a fresh mapping, whose last page is made unreadable.
        unsafe {
            let base = libc::mmap(
                std::ptr::null_mut(),
                readable + 4096,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags,
                -1,
                0,
            );
            assert_ne!(base, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(base.cast::<u8>().add(readable).cast(), 4096, libc::PROT_NONE), 0);
            Pages { base: base.cast(), readable }
        }
    }

    fn end(&self) -> u64 {
        self.base as u64 + self.readable as u64
    }

    /// Puts bytes so many before the unreadable page.
    fn put(&mut self, before_end: usize, bytes: &[u8]) -> u64 {
        assert!(bytes.len() <= before_end && before_end <= self.readable);
        let at = self.readable - before_end;
        // SAFETY: inside the readable part, checked above.
        unsafe { self.base.add(at).copy_from(bytes.as_ptr(), bytes.len()) };
        self.base as u64 + at as u64
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: made in `with`; nothing borrowed from it outlives it.
        unsafe { libc::munmap(self.base.cast(), self.readable + 4096) };
    }
}

fn open_path(capture: &mut Capture, addr: u64) -> Record {
    call(capture, libc::SYS_openat, [libc::AT_FDCWD as u64, addr, 0, 0, 0, 0], -2)
}

#[test]
fn a_path_is_kept_whole_also_when_the_call_fails() {
    let path = CString::new("/tmp/\u{e4}\x01 b").expect("path");
    let record = open_path(&mut live(), path.as_ptr() as u64);
    let text = get(&record, 1, 0, Shape::Text, 0);
    assert_eq!(text.bytes, path.as_bytes());
    assert_eq!((text.head.wanted, text.head.status), (path.as_bytes().len() as u64, 0));
    assert_eq!(text.head.addr, path.as_ptr() as u64);
    assert_eq!(record.view().payloads().count(), 1);
}

#[test]
fn a_long_path_across_pages_and_one_too_long() {
    let mut pages = Pages::new(40);
    let mut path = vec![b'x'; 4000];
    path.push(0);
    let addr = pages.put(6000, &path);
    assert_eq!(get(&open_path(&mut live(), addr), 1, 0, Shape::Text, 0).bytes, &path[..4000]);

    let addr = pages.put(128 << 10, &vec![b'y'; 128 << 10]);
    let record = open_path(&mut live(), addr);
    let text = get(&record, 1, 0, Shape::Text, 0);
    assert_eq!(text.bytes, vec![b'y'; 4096]);
    assert_eq!(text.head.status, status::CLIPPED);
    assert_eq!(record.view().flags(), flag::CLIPPED);
}

#[test]
fn the_edge_of_memory() {
    let mut pages = Pages::new(1);
    let ends_there = pages.put(5, b"/tmp\0");
    assert_eq!(get(&open_path(&mut live(), ends_there), 1, 0, Shape::Text, 0).bytes, b"/tmp");

    let no_end = pages.put(3, b"abc");
    let record = open_path(&mut live(), no_end);
    let text = get(&record, 1, 0, Shape::Text, 0);
    assert_eq!((text.bytes, text.head.status), (&b"abc"[..], status::FAULTED));
    assert_eq!(record.view().flags(), flag::FAULTED);

    assert_eq!(open_path(&mut live(), 0).view().payloads().count(), 0);
    for addr in [1, 0xffff_8000_0000_0000, u64::MAX, pages.end()] {
        let record = open_path(&mut live(), addr);
        let text = get(&record, 1, 0, Shape::Text, 0);
        assert_eq!((text.bytes, text.head.status, text.head.addr), (&b""[..], status::FAULTED, addr));
    }
}

#[test]
fn data_is_clipped_and_keeps_its_claim() {
    let mut pages = Pages::new(1);
    let addr = pages.put(100, &[b'z'; 100]);
    let write = |len: u64| call(&mut live(), libc::SYS_write, [1, addr, len, 0, 0, 0], len as i64);
    let record = write(10);
    let data = get(&record, 1, 0, Shape::Bytes, 0);
    assert_eq!((data.bytes, data.head.wanted, data.head.status), (&[b'z'; 10][..], 10, 0));

    let record = write(2 << 30);
    let data = get(&record, 1, 0, Shape::Bytes, 0);
    assert_eq!((data.bytes.len(), data.head.wanted, data.head.status), (32, 2 << 30, status::CLIPPED));

    let record = call(&mut live(), libc::SYS_write, [1, addr, 0, 0, 0, 0], 0);
    assert_eq!(get(&record, 1, 0, Shape::Bytes, 0).head.wanted, 0);

    let record = call(&mut live(), libc::SYS_write, [1, pages.end() - 4, 8, 0, 0, 0], -14);
    let data = get(&record, 1, 0, Shape::Bytes, 0);
    assert_eq!((data.bytes, data.head.status), (&b"zzzz"[..], status::FAULTED));
}

#[test]
fn a_large_string_limit_is_read_in_pieces_and_stops_at_a_mebibyte() {
    let data: Vec<u8> = (0..3 << 20).map(|i| (i / 7) as u8).collect();
    let mut capture = Capture::new(&PayloadLimits { data: 16 << 20, ..PayloadLimits::live() }, false);
    let args = [1, data.as_ptr() as u64, data.len() as u64, 0, 0, 0];
    let record = call(&mut capture, libc::SYS_write, args, data.len() as i64);
    let mut kept = Vec::new();
    for piece in record.view().payloads() {
        assert!(piece.bytes.len() <= 64 << 10);
        assert_eq!(piece.head.addr, data.as_ptr() as u64 + kept.len() as u64);
        assert_eq!(piece.head.wanted, data.len() as u64);
        kept.extend_from_slice(piece.bytes);
    }
    assert_eq!(kept.len(), 1 << 20);
    assert!(data.starts_with(&kept));
    assert_eq!(record.view().flags(), flag::CLIPPED);
}

#[test]
fn results_bound_what_was_written() {
    let buffer = *b"0123456789";
    let addr = buffer.as_ptr() as u64;
    let record = call(&mut live(), libc::SYS_read, [0, addr, 10, 0, 0, 0], 4);
    assert_eq!(get(&record, 1, 1, Shape::Bytes, 0).bytes, b"0123");
    // A result beyond the buffer (MSG_TRUNC) is no length of it.
    let record = call(&mut live(), libc::SYS_recvfrom, [0, addr, 10, 0x20, 0, 0], 5000);
    assert_eq!(get(&record, 1, 1, Shape::Bytes, 0).bytes, buffer);
    let record = call(&mut live(), libc::SYS_read, [0, addr, 10, 0, 0, 0], -11);
    assert_eq!(record.view().payloads().count(), 0);
}

#[test]
fn vectors_with_a_bad_element_and_impossible_claims() {
    let one = *b"first";
    let three = *b"third";
    let vector: [u64; 6] = [one.as_ptr() as u64, 5, 16, 5, three.as_ptr() as u64, 5];
    let args = [1, vector.as_ptr() as u64, 3, 0, 0, 0];
    let record = call(&mut live(), libc::SYS_writev, args, 10);
    let array = get(&record, 1, 0, Shape::Vector, 0);
    assert_eq!((words(array.bytes), array.head.wanted), (vector.to_vec(), 48));
    assert_eq!(get(&record, 1, 0, Shape::Element, 0).bytes, b"first");
    let bad = get(&record, 1, 0, Shape::Element, 1);
    assert_eq!((bad.bytes, bad.head.status, bad.head.wanted), (&b""[..], status::FAULTED, 5));
    assert_eq!(get(&record, 1, 0, Shape::Element, 2).bytes, b"third");

    let huge: Vec<u64> = (0..1024).flat_map(|_| [one.as_ptr() as u64, 2 << 30]).collect();
    for capture in [&mut live(), &mut Capture::new(&PayloadLimits::stored(), false)] {
        let record = call(capture, libc::SYS_writev, [1, huge.as_ptr() as u64, 1024, 0, 0, 0], -22);
        assert!(record.bytes().len() < 2 << 20);
        assert_eq!(get(&record, 1, 0, Shape::Vector, 0).head.wanted, 1024 * 16);
        assert_eq!(get(&record, 1, 0, Shape::Element, 31).head.wanted, 2 << 30);
        // More elements than any vector may have.
        let record = call(capture, libc::SYS_writev, [1, huge.as_ptr() as u64, u64::MAX, 0, 0, 0], -22);
        assert!(record.bytes().len() < 2 << 20);
    }
}

#[test]
fn a_read_fills_its_vector_from_the_front() {
    let buffer = *b"abcdefgh";
    let at = buffer.as_ptr() as u64;
    let vector: [u64; 6] = [at, 3, at + 3, 3, at + 6, 2];
    let record = call(&mut live(), libc::SYS_readv, [0, vector.as_ptr() as u64, 3, 0, 0, 0], 4);
    assert_eq!(get(&record, 1, 1, Shape::Element, 0).bytes, b"abc");
    assert_eq!(get(&record, 1, 1, Shape::Element, 1).bytes, b"d");
    assert_eq!(find(&record, 1, 1, Shape::Element, 2).map(|p| p.bytes), None);
}

#[test]
fn a_message_with_all_its_parts() {
    let (name, data, control) = (*b"\x01\x00/run/x", *b"hello", [7u8; 24]);
    let vector: [u64; 2] = [data.as_ptr() as u64, 5];
    let header: [u64; 7] = [name.as_ptr() as u64, 8, vector.as_ptr() as u64, 1, control.as_ptr() as u64, 24, 0];
    let record = call(&mut live(), libc::SYS_sendmsg, [3, header.as_ptr() as u64, 0, 0, 0, 0], 5);
    assert_eq!(words(get(&record, 1, 0, Shape::Struct, 0).bytes), header);
    assert_eq!(get(&record, 1, 0, Shape::Struct, 1 << 16).bytes, name);
    assert_eq!(words(get(&record, 1, 0, Shape::Vector, 2 << 16).bytes), vector);
    assert_eq!(get(&record, 1, 0, Shape::Element, 2 << 16).bytes, data);
    assert_eq!(get(&record, 1, 0, Shape::Struct, 3 << 16).bytes, control);

    let record = call(&mut live(), libc::SYS_recvmsg, [3, header.as_ptr() as u64, 0, 0, 0, 0], 2);
    assert_eq!(get(&record, 1, 1, Shape::Element, 2 << 16).bytes, b"he");

    let many: Vec<u64> = [header, header].iter().flat_map(|h| h.iter().copied().chain([3])).collect();
    let record = call(&mut live(), libc::SYS_recvmmsg, [3, many.as_ptr() as u64, 2, 0, 0, 0], 2);
    assert_eq!(words(get(&record, 1, 1, Shape::Struct, 0).bytes), many);
    assert_eq!(get(&record, 1, 1, Shape::Element, (4 + 4 + 2) << 16).bytes, b"hel");
    assert_eq!(get(&record, 1, 1, Shape::Struct, (4 + 1) << 16).bytes, name);
    let record = call(&mut live(), libc::SYS_sendmmsg, [3, many.as_ptr() as u64, 2, 0, 0, 0], 1);
    assert_eq!(get(&record, 1, 0, Shape::Element, (4 + 4 + 2) << 16).bytes, b"hello");
    assert_eq!(words(get(&record, 1, 1, Shape::Struct, 0).bytes), many[..8]);
}

#[test]
fn arguments_and_environment_of_a_new_image() {
    let path = CString::new("/bin/true").expect("path");
    let strings: Vec<CString> = (0..40).map(|i| CString::new(format!("word {i}")).expect("word")).collect();
    let argv: Vec<u64> = strings.iter().map(|s| s.as_ptr() as u64).chain([0]).collect();
    let args = [path.as_ptr() as u64, argv.as_ptr() as u64, argv.as_ptr() as u64, 0, 0, 0];
    let record = call(&mut live(), libc::SYS_execve, args, -8);
    assert_eq!(get(&record, 0, 0, Shape::Text, 0).bytes, b"/bin/true");
    let pointers = get(&record, 1, 0, Shape::Vector, 0);
    assert_eq!((words(pointers.bytes).len(), pointers.head.wanted, pointers.head.status), (32, 40, status::CLIPPED));
    assert_eq!(get(&record, 1, 0, Shape::Element, 31).bytes, b"word 31");
    let env = get(&record, 2, 0, Shape::Vector, 0);
    assert_eq!((env.bytes, env.head.wanted, env.head.status), (&b""[..], 40, status::NOT_READ));
    assert!(find(&record, 2, 0, Shape::Element, 0).is_none());

    let mut kept = Capture::new(&PayloadLimits { environment: true, ..PayloadLimits::stored() }, false);
    let record = call(&mut kept, libc::SYS_execve, args, -8);
    assert_eq!(get(&record, 1, 0, Shape::Vector, 0).head.status, 0);
    assert_eq!(get(&record, 2, 0, Shape::Element, 39).bytes, b"word 39");
}

#[test]
fn two_mebibytes_of_arguments_cost_what_the_limit_says() {
    let path = CString::new("/bin/true").expect("path");
    let long = CString::new(vec![b'a'; 128 << 10]).expect("long");
    let argv: Vec<u64> = (0..16).map(|_| long.as_ptr() as u64).chain([0]).collect();
    let mut capture = Capture::new(&PayloadLimits::stored(), false);
    let args = [path.as_ptr() as u64, argv.as_ptr() as u64, 0, 0, 0, 0];
    let record = call(&mut capture, libc::SYS_execve, args, -7);
    let first = get(&record, 1, 0, Shape::Element, 0);
    assert_eq!((first.bytes.len(), first.head.status), (4096, status::CLIPPED));
    let kept: usize = record.view().payloads().filter(|p| p.head.shape == Shape::Element).map(|p| p.bytes.len()).sum();
    assert_eq!(kept, 64 << 10);
    // A single long one has the room to itself, but for its short neighbours.
    let short = CString::new("sh").expect("short");
    let argv = [short.as_ptr() as u64, long.as_ptr() as u64, short.as_ptr() as u64, 0];
    let record = call(&mut capture, libc::SYS_execve, [path.as_ptr() as u64, argv.as_ptr() as u64, 0, 0, 0, 0], -7);
    assert_eq!(get(&record, 1, 0, Shape::Element, 1).bytes.len(), (64 << 10) - 4);
    assert_eq!(get(&record, 1, 0, Shape::Element, 2).bytes, b"sh");
}

#[test]
fn a_length_behind_a_pointer_bounds_what_the_kernel_filled() {
    let address = [9u8; 64];
    let mut length: u32 = 16;
    let args = [3, address.as_ptr() as u64, &raw mut length as u64, 0, 0, 0];
    let me = std::process::id();
    let who = Who { tid: me, pid: me, abi: NATIVE };
    let mut capture = live();
    let mut record = Record::default();
    record.begin_call(Via::Ptrace, NATIVE as u8, me, 0, 1, libc::SYS_getsockname as u64, &args, 0, 0);
    capture.entry(&who, &mut record);
    let mut kernel_writes = |value: u32| {
        // SAFETY: our own variable, written as the kernel would, behind the compiler's back.
        unsafe { (&raw mut length).write_volatile(value) };
    };
    kernel_writes(12);
    record.finish_call(State::Done, 2, 0);
    capture.exit(&who, &mut record);
    assert_eq!(get(&record, 2, 0, Shape::Struct, 0).bytes, 16u32.to_le_bytes());
    assert_eq!(get(&record, 2, 1, Shape::Struct, 0).bytes, 12u32.to_le_bytes());
    let name = get(&record, 1, 1, Shape::Struct, 0);
    assert_eq!((name.bytes, name.head.wanted, name.head.status), (&address[..12], 12, 0));

    // The kernel says that it had more than there was room for.
    kernel_writes(100);
    let record = call(&mut live(), libc::SYS_getsockname, args, 0);
    assert_eq!(get(&record, 1, 1, Shape::Struct, 0).head.wanted, 100);
    kernel_writes(u32::MAX);
    let record = call(&mut live(), libc::SYS_getsockname, args, 0);
    assert_eq!(get(&record, 1, 1, Shape::Struct, 0).bytes, b"");
}

#[test]
fn structures_before_and_after() {
    let polls: Vec<u8> = (0..8 * 40).map(|i| i as u8).collect();
    let record = call(&mut live(), libc::SYS_ppoll, [polls.as_ptr() as u64, 40, 0, 0, 8, 0], 1);
    // What was asked is kept as far as it is shown; what was found may stand anywhere.
    for (phase, kept, status) in [(0, 256, status::CLIPPED), (1, 320, 0)] {
        let array = get(&record, 0, phase, Shape::Struct, 0);
        assert_eq!((array.bytes, array.head.wanted, array.head.status), (&polls[..kept], 320, status));
    }
    // An int in a 64-bit register: only its low half counts.
    let record = call(&mut live(), libc::SYS_ppoll, [polls.as_ptr() as u64, 0xffff_ffff_0000_0002, 0, 0, 8, 0], 1);
    assert_eq!(get(&record, 0, 0, Shape::Struct, 0).bytes, &polls[..16]);
    let time = [1u64, 2];
    let nanosleep = |result| {
        call(&mut live(), libc::SYS_nanosleep, [time.as_ptr() as u64, time.as_ptr() as u64, 0, 0, 0, 0], result)
    };
    assert!(find(&nanosleep(0), 1, 1, Shape::Struct, 0).is_some());
    assert!(find(&nanosleep(-4), 1, 1, Shape::Struct, 0).is_some());
    assert!(find(&nanosleep(-516), 1, 1, Shape::Struct, 0).is_some());
    assert!(find(&nanosleep(-22), 1, 1, Shape::Struct, 0).is_none());
}

/// A `struct iocb`: of its operation, what stands at its address, and how much.
fn block(operation: u64, address: u64, count: u64) -> [u64; 8] {
    [7, 0, operation | 5 << 32, address, count, 0, 0, 0]
}

#[test]
fn blocks_of_asynchronous_io_and_what_they_write() {
    let mut pages = Pages::new(1);
    let edge = pages.put(4, b"edge");
    let data = *b"written";
    let at = data.as_ptr() as u64;
    let vector: [u64; 4] = [at, 2, at + 2, 3];
    let blocks = [
        block(1, at, 7),
        block(8, vector.as_ptr() as u64, 2),
        block(7, vector.as_ptr() as u64, 2),
        block(1, at, 2 << 30),
        block(1, edge, 8),
        block(0, at, 7),
        block(1, at, u64::MAX),
        block(8, pages.end(), 2),
    ];
    let addresses: Vec<u64> = blocks.iter().map(|block| block.as_ptr() as u64).chain([0, pages.end()]).collect();
    let words_of = |count: u64| [0x1000, count, addresses.as_ptr() as u64, 0, 0, 0];
    let record = call(&mut live(), libc::SYS_io_submit, words_of(10), 10);
    assert_eq!(words(get(&record, 2, 0, Shape::Struct, 0).bytes), addresses);
    for (k, block) in (1u32..).zip(&blocks) {
        assert_eq!(words(get(&record, 2, 0, Shape::Struct, k << 16).bytes), block);
    }
    let element = |path: u32| get(&record, 2, 0, Shape::Element, path);
    assert_eq!(element(1 << 16).bytes, b"written");
    assert_eq!(words(get(&record, 2, 0, Shape::Vector, 2 << 16).bytes), vector);
    assert_eq!((element(2 << 16).bytes, element(2 << 16 | 1).bytes), (&b"wr"[..], &b"itt"[..]));
    // What is read is not there yet.
    assert_eq!(words(get(&record, 2, 0, Shape::Vector, 3 << 16).bytes), vector);
    assert_eq!((element(3 << 16).bytes, element(3 << 16).head.status), (&b""[..], status::NOT_READ));
    assert_eq!((element(4 << 16).bytes.len(), element(4 << 16).head.wanted), (32, 2 << 30));
    assert_eq!(element(4 << 16).head.status & status::CLIPPED, status::CLIPPED);
    assert_eq!((element(5 << 16).bytes, element(5 << 16).head.status), (&b"edge"[..], status::FAULTED));
    assert!(find(&record, 2, 0, Shape::Element, 6 << 16).is_none(), "what is read is not there yet");
    assert!(find(&record, 2, 0, Shape::Element, 7 << 16).is_none(), "no buffer is that long");
    assert_eq!(get(&record, 2, 0, Shape::Vector, 8 << 16).head.status, status::FAULTED);
    assert!(find(&record, 2, 0, Shape::Struct, 9 << 16).is_none(), "NULL leads nowhere");
    assert_eq!(get(&record, 2, 0, Shape::Struct, 10 << 16).head.status, status::FAULTED);

    // A claim is no length, whatever it is.
    for count in [1 << 20, u64::MAX] {
        let record = call(&mut live(), libc::SYS_io_submit, words_of(count), -22);
        assert!(record.bytes().len() < 1 << 20);
        let array = get(&record, 2, 0, Shape::Struct, 0);
        assert_eq!((array.bytes.len(), array.head.wanted), (32 * 8, count.saturating_mul(8)));
    }
    let record = call(&mut live(), libc::SYS_io_submit, [0x1000, 0, addresses.as_ptr() as u64, 0, 0, 0], 0);
    assert_eq!(record.view().payloads().count(), 1);
}

#[test]
fn fields_lead_to_more() {
    let mut pages = Pages::new(1);
    let edge = pages.put(4, &9u32.to_le_bytes());
    let numbers: Vec<u32> = (0..64).collect();
    let at = numbers.as_ptr() as u64;
    let bytes = |count: usize| -> Vec<u8> { numbers[..count].iter().flat_map(|number| number.to_le_bytes()).collect() };
    // IORING_REGISTER_FILES_UPDATE (io_uring_register(2)): as many descriptors as the last argument says.
    const FDS: u32 = 3 << 16;
    let update = |address: u64, count: u64| {
        let structure = [7u64, address];
        call(&mut live(), libc::SYS_io_uring_register, [3, 6, structure.as_ptr() as u64, count, 0, 0], -9)
    };
    let record = update(at, 3);
    let fds = get(&record, 2, 0, Shape::Struct, FDS);
    assert_eq!((fds.bytes, fds.head.wanted, fds.head.status, fds.head.addr), (&bytes(3)[..], 12, 0, at));
    let record = update(at, 0xffff_ffff);
    let fds = get(&record, 2, 0, Shape::Struct, FDS);
    assert_eq!((fds.bytes, fds.head.status), (&bytes(32)[..], status::CLIPPED));
    assert_eq!(fds.head.wanted, 4 * 0xffff_ffff);
    let record = update(edge, 2);
    let fds = get(&record, 2, 0, Shape::Struct, FDS);
    assert_eq!((fds.bytes, fds.head.status), (&9u32.to_le_bytes()[..], status::FAULTED));
    assert!(find(&update(0, 3), 2, 0, Shape::Struct, FDS).is_none());
    assert_eq!(get(&update(at, 0), 2, 0, Shape::Struct, FDS).bytes, b"");

    // IORING_REGISTER_FILES2: as many as the structure says.
    let structure = [2u64, 0, at, at];
    let args = [3, 13, structure.as_ptr() as u64, 32, 0, 0];
    let record = call(&mut live(), libc::SYS_io_uring_register, args, -9);
    assert_eq!(get(&record, 2, 0, Shape::Struct, 4 << 16).bytes, bytes(2));
    assert_eq!(get(&record, 2, 0, Shape::Struct, 5 << 16).bytes, bytes(4));

    // clone3 with ids for the new task in each namespace.
    let mut structure = [0u64; 11];
    (structure[8], structure[9]) = (at, 2);
    let record = call(&mut live(), libc::SYS_clone3, [structure.as_ptr() as u64, 88, 0, 0, 0, 0], -22);
    assert_eq!(get(&record, 0, 0, Shape::Struct, 9 << 16).bytes, bytes(2));
    // The structure as it was when it was young has no such field.
    let record = call(&mut live(), libc::SYS_clone3, [structure.as_ptr() as u64, 64, 0, 0, 0, 0], -22);
    assert!(find(&record, 0, 0, Shape::Struct, 9 << 16).is_none());
}

#[test]
fn lengths_that_stand_in_a_structure() {
    let mut pages = Pages::new(1);
    let edge = pages.put(3, b"abc");
    let (input, output) = (*b"0123456789", *b"abcdefghij");
    // KEYCTL_PKEY_SIGN (keyctl(2)): a key, bytes in, bytes out.
    let sign = |lengths: [u32; 3], input: u64, result: i64| {
        let args = [27, lengths.as_ptr() as u64, c"enc=raw".as_ptr() as u64, input, output.as_ptr() as u64, 0];
        call(&mut live(), libc::SYS_keyctl, args, result)
    };
    let at = input.as_ptr() as u64;
    let record = sign([5, 4, 3], at, 3);
    assert_eq!(get(&record, 2, 0, Shape::Text, 0).bytes, b"enc=raw");
    assert_eq!(get(&record, 3, 0, Shape::Bytes, 0).bytes, b"0123");
    assert_eq!(get(&record, 4, 1, Shape::Bytes, 0).bytes, b"abc");
    // Nothing was written by a call that failed.
    assert!(find(&sign([5, 4, 3], at, -22), 4, 1, Shape::Bytes, 0).is_none());
    let record = sign([5, u32::MAX, 3], at, 3);
    let data = get(&record, 3, 0, Shape::Bytes, 0);
    assert_eq!((data.head.wanted, data.bytes.len() <= 32), (u64::from(u32::MAX), true));
    let record = sign([5, 8, 3], edge, 3);
    let data = get(&record, 3, 0, Shape::Bytes, 0);
    assert_eq!((data.bytes, data.head.wanted, data.head.status), (&b"abc"[..], 8, status::FAULTED));
    let record = sign([5, 1 << 30, 3], at, 3);
    assert_eq!(get(&record, 3, 0, Shape::Bytes, 0).head.wanted, 1 << 30);
    assert!(get(&record, 3, 0, Shape::Bytes, 0).bytes.len() <= 32);
    // Lengths that can't be read are none.
    let args = [27, pages.end(), 0, at, at, 0];
    let record = call(&mut live(), libc::SYS_keyctl, args, -14);
    assert_eq!(get(&record, 3, 0, Shape::Bytes, 0).head.status & status::FAULTED, status::FAULTED);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_task_with_small_pointers() {
    let mut pages = Pages::with(1, libc::MAP_32BIT);
    let low = |addr: u64| (addr as u32).to_le_bytes();
    let text = pages.put(4000, b"abcdef\0");
    let vector = [low(text), low(3), low(text + 3), low(2)].concat();
    let vector = pages.put(3000, &vector);
    // Whatever stands in the upper half of a register is not the pointer's.
    let high = 0xdead_0000_0000_0000u64;
    let record = call_in(&mut live(), Abi::I386, 146, [1, vector | high, 2, 0, 0, 0], 5);
    assert_eq!(words(get(&record, 1, 0, Shape::Vector, 0).bytes), [text, 3, text + 3, 2]);
    assert_eq!(get(&record, 1, 0, Shape::Element, 1).bytes, b"de");

    let argv = pages.put(2000, &[low(text), low(0)].concat());
    let record = call_in(&mut live(), Abi::I386, 11, [text, argv, 0, 0, 0, 0], -2);
    assert_eq!(get(&record, 0, 0, Shape::Text, 0).bytes, b"abcdef");
    assert_eq!(words(get(&record, 1, 0, Shape::Vector, 0).bytes), [text]);
    // nanosleep's timespec has another layout there.
    let record = call_in(&mut live(), Abi::I386, 162, [text, text, 0, 0, 0, 0], 0);
    assert_eq!(record.view().payloads().count(), 0);
}

#[test]
fn unknown_numbers_and_calls_without_pointers_have_no_payloads() {
    for nr in [libc::SYS_getpid, 500, 511, 512, -1, i64::MIN, i64::MAX] {
        for abi in [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64, Abi::Arm] {
            if abi as u8 == NATIVE as u8 || nr != libc::SYS_getpid {
                let record = call_in(&mut live(), abi, nr, [u64::MAX; 6], 0);
                assert_eq!(record.view().payloads().count(), 0, "{abi:?} {nr}");
            }
        }
    }
}

/// Every call of every ABI with pointers, lengths and results that make no sense: nothing panics,
/// and nothing costs more than the bounds.
#[test]
fn hostile_words_in_every_call() {
    let mut pages = Pages::new(2);
    let addr = pages.put(8192, &(0..8192u32).map(|i| (i * 31 % 256) as u8).collect::<Vec<u8>>());
    // Pointers to itself.
    let loops: Vec<u8> = (0..64).flat_map(|_| addr.to_le_bytes()).collect();
    pages.put(8192, &loops);
    let mut values = [addr, addr + 8, pages.end() - 12, 1, u64::MAX, i64::MIN as u64, 1 << 31, 4096, 0x7fff_ffff];
    let mut captures =
        [live(), Capture::new(&PayloadLimits::stored(), false), Capture::new(&PayloadLimits::golden(4096), true)];
    for nr in 0..512 {
        for abi in [Abi::X86_64, Abi::I386, Abi::X32] {
            let nr = if abi == Abi::X32 { nr | 0x4000_0000 } else { nr };
            if syscalls::lookup(abi, nr as u64).is_none_or(|row| row.name == "userfaultfd") {
                continue;
            }
            values.rotate_left(1);
            let args = std::array::from_fn(|i| values[i]);
            for capture in &mut captures {
                for result in [0, 3, -4, 4096] {
                    let record = call_in(capture, abi, nr, args, result);
                    assert!(record.bytes().len() < 4 << 20);
                }
            }
        }
    }
}

#[test]
fn golden_keeps_what_was_moved_over_a_pipe() {
    let (_reader, writer) = std::io::pipe().expect("pipe");
    let fd = writer.as_raw_fd() as u64;
    let data: Vec<u8> = (0..1 << 20).map(|i| (i % 256) as u8).collect();
    let mut capture = Capture::new(&PayloadLimits::golden(3 << 20), true);
    let args = [fd, data.as_ptr() as u64, u64::MAX, 0, 0, 0];
    let record = call(&mut capture, libc::SYS_write, args, 1 << 20);
    let pieces: Vec<_> = record.view().payloads().filter(|p| p.head.shape == Shape::Bytes).collect();
    assert_eq!(pieces.len(), 16);
    assert!(
        pieces.iter().all(|p| p.head.status == status::READ_AFTER && p.head.phase == 0 && p.head.wanted == 1 << 20)
    );
    assert_eq!(pieces.iter().flat_map(|p| p.bytes).copied().collect::<Vec<u8>>(), data);
    assert_eq!(record.view().flags(), 0);

    // 3 MiB are kept in a run; one is used up.
    let more = [data.clone(), data.clone(), data.clone()].concat();
    let record = call(&mut capture, libc::SYS_read, [fd, more.as_ptr() as u64, 3 << 20, 0, 0, 0], 3 << 20);
    let digest = get(&record, 1, 1, Shape::Digest, 0);
    assert_eq!(digest.head.status, status::CLIPPED);
    assert_eq!(digest.bytes[..8], (3u64 << 20).to_le_bytes());
    assert_eq!(digest.bytes[8..], *blake3::hash(&more).as_bytes());
    let record = call(&mut capture, libc::SYS_read, [fd, more.as_ptr() as u64, 3 << 20, 0, 0, 0], 5);
    assert_eq!(get(&record, 1, 1, Shape::Bytes, 0).bytes, &more[..5]);

    // A failed call keeps its input, at the ordinary limit.
    let record = call(&mut capture, libc::SYS_write, [fd, data.as_ptr() as u64, 1000, 0, 0, 0], -32);
    let input = get(&record, 1, 0, Shape::Bytes, 0);
    assert_eq!((input.bytes, input.head.wanted), (&data[..256], 1000));
}

#[test]
fn golden_leaves_file_data_to_the_file_state() {
    let mut file = tempfile::tempfile().expect("file");
    file.write_all(b"x").expect("write");
    let fd = file.as_raw_fd() as u64;
    let data = *b"some bytes";
    let vector: [u64; 2] = [data.as_ptr() as u64, 10];
    let mut capture = Capture::new(&PayloadLimits::golden(1 << 20), true);
    let record = call(&mut capture, libc::SYS_write, [fd, data.as_ptr() as u64, 10, 0, 0, 0], 10);
    let kept = get(&record, 1, 0, Shape::Bytes, 0);
    assert_eq!((kept.bytes, kept.head.wanted, kept.head.status), (&b""[..], 10, status::NOT_READ));
    let record = call(&mut capture, libc::SYS_writev, [fd, vector.as_ptr() as u64, 1, 0, 0, 0], 10);
    assert_eq!(words(get(&record, 1, 0, Shape::Vector, 0).bytes), vector);
    assert_eq!(get(&record, 1, 0, Shape::Element, 0).head.status, status::NOT_READ);
}

#[test]
fn golden_vectors_keep_the_moved_part_of_each_element() {
    let (_reader, writer) = std::io::pipe().expect("pipe");
    let fd = writer.as_raw_fd() as u64;
    let data = *b"abcdefgh";
    let at = data.as_ptr() as u64;
    let vector: [u64; 4] = [at, 4, at + 4, 4];
    let mut capture = Capture::new(&PayloadLimits::golden(1 << 20), true);
    let record = call(&mut capture, libc::SYS_writev, [fd, vector.as_ptr() as u64, 2, 0, 0, 0], 6);
    assert_eq!(get(&record, 1, 0, Shape::Element, 0).bytes, b"abcd");
    let second = get(&record, 1, 0, Shape::Element, 1);
    assert_eq!((second.bytes, second.head.wanted, second.head.status), (&b"ef"[..], 2, status::READ_AFTER));
}

#[test]
fn notes_of_descriptors() {
    let file = tempfile::NamedTempFile::new().expect("file");
    let fd = file.as_file().as_raw_fd();
    let path = file.path().to_str().expect("utf-8").as_bytes().to_vec();
    let args = [fd as u64, 0, 0, 0, 0, 0];
    let mut paths = Capture::new(&PayloadLimits { notes: 1, ..PayloadLimits::live() }, false);
    for _ in 0..2 {
        let record = call(&mut paths, libc::SYS_fsync, args, 0);
        let note = get(&record, 0, 0, Shape::Note, note::LINK);
        assert_eq!((note.bytes, note.head.addr), (&path[..], fd as u64));
        assert_eq!(record.view().payloads().count(), 1);
    }
    let record = open_path(&mut paths, c"/nonexistent".as_ptr() as u64);
    let cwd = std::env::current_dir().expect("cwd");
    assert_eq!(get(&record, 0, 0, Shape::Note, note::LINK).bytes, cwd.to_str().expect("utf-8").as_bytes());
    let args_open = [libc::AT_FDCWD as u64, c"/nonexistent".as_ptr() as u64, 0, 0, 0, 0];
    let record = call(&mut paths, libc::SYS_openat, args_open, i64::from(fd));
    assert_eq!(get(&record, ARG_NONE, 1, Shape::Note, note::LINK).bytes, path);
    assert!(find(&call(&mut paths, libc::SYS_fsync, [100_000, 0, 0, 0, 0, 0], -9), 0, 0, Shape::Note, 0).is_none());

    let null = std::fs::File::open("/dev/null").expect("null");
    let mut details = Capture::new(&PayloadLimits { notes: 2, ..PayloadLimits::live() }, false);
    let record = call(&mut details, libc::SYS_fsync, [null.as_raw_fd() as u64, 0, 0, 0, 0, 0], -22);
    assert_eq!(get(&record, 0, 0, Shape::Note, note::DETAIL).bytes, b"char 1:3");

    let mut golden = Capture::new(&PayloadLimits::golden(0), true);
    let record = call(&mut golden, libc::SYS_fsync, args, 0);
    let identity = get(&record, 0, 0, Shape::Note, note::IDENTITY);
    let meta = file.as_file().metadata().expect("stat");
    assert_eq!(words(identity.bytes)[1], std::os::unix::fs::MetadataExt::ino(&meta));
    // Noted once, and again after it was closed.
    assert!(find(&call(&mut golden, libc::SYS_fsync, args, 0), 0, 0, Shape::Note, 0).is_none());
    call(&mut golden, libc::SYS_close, args, 0);
    assert!(find(&call(&mut golden, libc::SYS_fsync, args, 0), 0, 0, Shape::Note, 0).is_some());
    let pair = [fd, fd + 1];
    let record = call(&mut golden, libc::SYS_pipe2, [pair.as_ptr() as u64, 0, 0, 0, 0, 0], 0);
    assert_eq!(get(&record, 0, 1, Shape::Note, note::LINK).bytes, path);
}
