//! A program with its own recorder inside: `prctl` of this file answers what a tracer would. `recorded OPTIONS`.
//!
//! Prints what came through the rings: `enters exits descriptions allocations full flushes threads`.

use std::cell::Cell;
use std::ffi::{c_int, c_ulong};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::*};

use chic_trace_rt::{ChicAlloc, trace};

#[global_allocator]
static ALLOCATOR: ChicAlloc<std::alloc::System> = ChicAlloc(std::alloc::System);

const HEADER: usize = 128;
const SLOTS: usize = 64;
const WORDS: usize = (HEADER + SLOTS * 32) / 8;

/// Rings by address, each with the slots that were taken from it.
static RINGS: Mutex<Vec<(usize, Vec<[u64; 4]>)>> = Mutex::new(Vec::new());
static FULL: AtomicU64 = AtomicU64::new(0);
static FLUSHES: AtomicU64 = AtomicU64::new(0);
static HELLOS: AtomicU64 = AtomicU64::new(0);
static LOUDNESS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static MINE: Cell<usize> = const { Cell::new(0) };
}

fn options() -> u32 {
    std::env::args().nth(1).map_or(0, |options| options.parse().expect("a number"))
}

fn make_ring() -> usize {
    let ring = Box::leak(vec![0u64; WORDS].into_boxed_slice());
    ring[0] = u64::from(u32::from_le_bytes(*b"CTRR")) | 1 << 32 | (HEADER as u64) << 48;
    ring[1] = SLOTS as u64;
    let address = ring.as_ptr().expose_provenance();
    RINGS.lock().expect("no panic").push((address, Vec::with_capacity(1 << 20)));
    MINE.set(address);
    address
}

fn word(address: usize, at: usize) -> &'static AtomicU64 {
    // SAFETY: inside a ring, which is leaked.
    unsafe { AtomicU64::from_ptr(std::ptr::with_exposed_provenance_mut::<u64>(address).add(at)) }
}

fn drain(address: usize) {
    let (head, tail) = (word(address, 2).load(Acquire), word(address, 8));
    let mut rings = RINGS.lock().expect("no panic");
    let (_, taken) = rings.iter_mut().find(|(ring, _)| *ring == address).expect("a ring of ours");
    for slot in tail.load(Relaxed)..head {
        let at = HEADER / 8 + slot as usize % SLOTS * 4;
        taken.push([0, 1, 2, 3].map(|i| word(address, at + i).load(Relaxed)));
    }
    tail.store(head, Release);
}

/// Instead of the C library's.
///
/// # Safety
/// As prctl(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prctl(option: c_int, op: c_ulong, at: *mut u8, len: c_ulong, _: c_ulong) -> c_int {
    if option != 0x4348_4943 {
        return -1;
    }
    // As for a task that a tracer holds: no handler runs meanwhile.
    // SAFETY: sets of ours.
    unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let answer = recorder(op, at, len);
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        answer
    }
}

/// # Safety
/// `at` is `len` bytes of the library, or nothing is read there.
unsafe fn recorder(op: c_ulong, at: *mut u8, len: c_ulong) -> c_int {
    match op {
        1 => {
            // SAFETY: 64 bytes of the library.
            let bytes = unsafe { std::slice::from_raw_parts_mut(at, len as usize) };
            assert_eq!(&bytes[..8], b"CHICTRC1");
            assert_eq!(bytes[16..20], std::process::id().to_le_bytes());
            bytes[32..36].copy_from_slice(&2u32.to_le_bytes());
            bytes[36..40].copy_from_slice(&options().to_le_bytes());
            HELLOS.fetch_add(1, Relaxed);
        }
        2 => {
            let address = make_ring() as u64;
            // SAFETY: 64 bytes of the library.
            let bytes = unsafe { std::slice::from_raw_parts_mut(at, len as usize) };
            bytes[32..40].copy_from_slice(&address.to_le_bytes());
            bytes[40..48].copy_from_slice(&(WORDS as u64 * 8).to_le_bytes());
        }
        3 => drop(LOUDNESS.fetch_sub(1, Relaxed)),
        4 => drop(LOUDNESS.fetch_add(1, Relaxed)),
        5 => {
            FULL.fetch_add(1, Relaxed);
            drain(MINE.get());
        }
        6 => drop(FLUSHES.fetch_add(1, Relaxed)),
        _ => return -1,
    }
    0
}

#[trace]
fn leaf() -> Vec<u8> {
    vec![1; 100]
}

#[trace("with a label that takes more than one slot")]
fn pair() {
    drop(leaf());
}

static TICKS: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_timer(_: c_int) {
    TICKS.fetch_add(1, Relaxed);
    pair();
}

/// A timer of 10 kHz whose handler has spans, over a loop that has the same.
fn under_a_timer() {
    // SAFETY: zero bytes are valid for both; the handler only counts.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_timer as extern "C" fn(c_int) as usize;
        libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
        let every = libc::timeval { tv_sec: 0, tv_usec: 100 };
        let timer = libc::itimerval { it_interval: every, it_value: every };
        libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut());
    }
    while TICKS.load(Relaxed) < 1_000 {
        empty();
    }
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_IGN) };
}

#[trace]
fn empty() {}

fn in_threads() {
    let threads: Vec<_> = (0..2)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..10_000 {
                    pair();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("the thread ends");
    }
}

/// Counts records by kind. In order of their times, enters and exits must nest.
fn count(slots: &[[u64; 4]], counts: &mut [u64; 9]) {
    let mut at = 0;
    let mut events = Vec::new();
    while let Some([time, second, id, b]) = slots.get(at) {
        let kind = (second >> 32 & 0xff) as usize;
        counts[kind] += 1;
        if kind == 1 || kind == 2 {
            events.push((*time, kind, *id));
        }
        // Slots behind the first one.
        at += match kind {
            3 => 3 + b.div_ceil(32) as usize,
            4 => 2,
            8 => 3,
            _ => 1,
        };
    }
    events.sort_by_key(|(time, ..)| *time);
    let mut open = Vec::new();
    for (time, kind, id) in events {
        if kind == 1 {
            open.push(id);
        } else {
            assert_eq!(open.pop(), Some(id), "the exit at {time} closes the innermost");
        }
    }
}

fn main() {
    match std::env::args().nth(2).as_deref() {
        Some("handler") => under_a_timer(),
        _ => in_threads(),
    }
    if std::env::args().nth(2).as_deref() == Some("flush") {
        chic_trace_rt::flush(None).expect("written");
    }
    let addresses: Vec<usize> = RINGS.lock().expect("no panic").iter().map(|(address, _)| *address).collect();
    for address in addresses {
        drain(address);
    }
    let rings = RINGS.lock().expect("no panic");
    let mut counts = [0u64; 9];
    for (_, slots) in rings.iter() {
        count(slots, &mut counts);
    }
    let [_, enters, exits, descriptions, .., allocations] = counts;
    assert_eq!(LOUDNESS.load(Relaxed), 0, "every QUIET has its LOUD");
    assert_eq!(HELLOS.load(Relaxed), 1);
    let (full, flushes) = (FULL.load(Relaxed), FLUSHES.load(Relaxed));
    println!("{enters} {exits} {descriptions} {allocations} {} {flushes} {}", full > 0, rings.len());
}
