//! The handshake with a recorder: `prctl` with an option no kernel has, which only a tracer answers.

use core::sync::atomic::{AtomicU32, Ordering::*};

use crate::memory;
use crate::ring::Ring;

/// "CHIC"
const OPTION: libc::c_int = 0x4348_4943;
const MAGIC: [u8; 8] = *b"CHICTRC1";
const ABI: u32 = 1;
/// Name of the memory behind a ring, for the recorder's `memfd_create`.
const RING_NAME: [u8; 32] = *b"chic-trace-ring\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

const HELLO: libc::c_ulong = 1;
const THREAD: libc::c_ulong = 2;
const QUIET: libc::c_ulong = 3;
const LOUD: libc::c_ulong = 4;
const FULL: libc::c_ulong = 5;
const FLUSH: libc::c_ulong = 6;

/// The recorder writes the documents.
pub const WRITES_FAMILY: u32 = 1;
/// Compiler hooks are live.
pub const HOOKS_LIVE: u32 = 2;
/// Allocations are counted.
pub const COUNT_ALLOCATIONS: u32 = 4;
/// The fake clock.
pub const FAKE: u32 = 8;

const PRESENT: u32 = 1 << 31;
/// [`PRESENT`] and the options of the answer.
static STATE: AtomicU32 = AtomicU32::new(0);

fn ask(op: libc::c_ulong, at: *mut u8, len: usize) -> bool {
    // SAFETY: `at` is `len` bytes of ours or null; every kernel refuses the option.
    let answer = unsafe { libc::prctl(OPTION, op, at, len as libc::c_ulong, 0 as libc::c_ulong) };
    answer == 0
}

/// The answer to HELLO.
pub struct Answer {
    /// 1 tsc, 2 monotonic.
    pub clock: u32,
    pub options: u32,
}

#[repr(C, align(8))]
struct Hello {
    magic: [u8; 8],
    abi: u32,
    size: u32,
    pid: u32,
    flags: u32,
    free: [u32; 2],
    clock: u32,
    options: u32,
    rest: [u32; 6],
}

const _: () = assert!(size_of::<Hello>() == 64);

/// Asks whether somebody records. None: nobody does.
pub fn hello(hooks_linked: bool) -> Option<Answer> {
    let mut hello = Hello {
        magic: MAGIC,
        abi: ABI,
        size: size_of::<Hello>() as u32,
        pid: std::process::id(),
        flags: u32::from(hooks_linked),
        free: [0; 2],
        clock: 0,
        options: 0,
        rest: [0; 6],
    };
    if !ask(HELLO, (&raw mut hello).cast(), size_of::<Hello>()) {
        STATE.store(0, Relaxed);
        return None;
    }
    // SAFETY: fields of ours, written by the recorder meanwhile.
    let (clock, options) =
        unsafe { ((&raw const hello.clock).read_volatile(), (&raw const hello.options).read_volatile()) };
    STATE.store(PRESENT | options, Relaxed);
    Some(Answer { clock, options })
}

pub fn is_present() -> bool {
    STATE.load(Relaxed) & PRESENT != 0
}

/// Whether the recorder writes the documents of this process.
pub fn writes_family() -> bool {
    let state = STATE.load(Relaxed);
    state & PRESENT != 0 && state & WRITES_FAMILY != 0
}

/// As [`hello`] answers a thread: its name of the ring's memory goes in, address and size come out at offset 32.
#[repr(C, align(8))]
struct Thread {
    name: [u8; 32],
    address: u64,
    bytes: u64,
    rest: [u64; 2],
}

const _: () = assert!(size_of::<Thread>() == 64);

fn full() -> bool {
    ask(FULL, core::ptr::null_mut(), 0)
}

/// The ring of the calling thread; null when there is none.
pub fn ring() -> *mut Ring {
    if !is_present() {
        return core::ptr::null_mut();
    }
    let mut thread = Thread { name: RING_NAME, address: 0, bytes: 0, rest: [0; 2] };
    if !ask(THREAD, (&raw mut thread).cast(), size_of::<Thread>()) {
        return core::ptr::null_mut();
    }
    // SAFETY: fields of ours, written by the recorder meanwhile.
    let (address, bytes) =
        unsafe { ((&raw const thread.address).read_volatile(), (&raw const thread.bytes).read_volatile()) };
    // SAFETY: the recorder mapped that much at that address for this thread.
    let Some(ring) = (unsafe { Ring::new(core::ptr::with_exposed_provenance_mut(address as usize), bytes, full) })
    else {
        return core::ptr::null_mut();
    };
    let at = memory::map(size_of::<Ring>()).cast::<Ring>();
    if !at.is_null() {
        // SAFETY: a fresh mapping, large enough.
        unsafe { at.write(ring) };
    }
    at
}

/// Calls until [`loud`] are the library's own.
pub fn quiet() {
    if is_present() {
        ask(QUIET, core::ptr::null_mut(), 0);
    }
}

/// Ends [`quiet`].
pub fn loud() {
    if is_present() {
        ask(LOUD, core::ptr::null_mut(), 0);
    }
}

/// A snapshot was written at `path`.
pub fn flushed(path: &[u8]) {
    if is_present() {
        ask(FLUSH, path.as_ptr().cast_mut(), path.len());
    }
}
