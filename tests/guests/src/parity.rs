//! Many threads asleep in different calls when the tracer comes; entry and exit must not be mixed up.
//!
//! `parity THREADS`: writes `INDEX TID` lines to the file `tids`; each byte on stdin starts a phase.
//! Phase one: every thread gets a signal in its call, is released, and writes INDEX+1 bytes ten times
//! to /dev/null with more signals between. So every `write` of thread INDEX has the result INDEX+1.

use crate::posix::{LONG, check, handle, nap, pid, pipe, read, say, shared, state, tid, until, write_all};
use crate::words::Words;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

static HANDLED: AtomicUsize = AtomicUsize::new(0);
const WRITES: usize = 10;

pub fn run(words: &Words) -> i32 {
    let threads = words.number(0, 12);
    handle(libc::SIGUSR1, libc::SA_RESTART, note);
    let null = crate::posix::must("open of /dev/null", unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) });
    let gate = &shared(1)[0];
    let tids = shared(threads);
    let pipes: Vec<_> = (0..threads).map(|_| pipe()).collect();
    let workers: Vec<_> = pipes
        .iter()
        .enumerate()
        .map(|(index, (reader, _))| {
            let (reader, own) = (*reader, &tids[index]);
            std::thread::spawn(move || worker(index, own, reader, gate, null as i32))
        })
        .collect();
    check(until(LONG, || tids.iter().all(|own| own.load(Ordering::SeqCst) != 0)), "all must start");
    check(until(LONG, || ids(tids).all(|id| state(id) == Some('S'))), "all must sleep in their calls");
    let mut table = String::new();
    ids(tids).enumerate().for_each(|(index, id)| writeln!(table, "{index} {id}").expect("text"));
    std::fs::write("tids", table).expect("the file tids");
    std::fs::write("pid", pid().to_string()).expect("the file pid");
    say!("{threads} threads blocked");
    read(0, &mut [0]);

    signal_all(tids);
    check(until(LONG, || HANDLED.load(Ordering::SeqCst) >= threads), "every thread must handle its signal");
    gate.store(1, Ordering::SeqCst);
    unsafe { libc::syscall(libc::SYS_futex, gate, libc::FUTEX_WAKE, i32::MAX) };
    pipes.iter().for_each(|(_, writer)| write_all(*writer, b"x"));
    for _ in 0..3 {
        nap(1000);
        signal_all(tids);
    }
    let written: usize = workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum();
    check(written == WRITES * threads * (threads + 1) / 2, "every write must take what it was given");
    say!("{} writes, all whole", WRITES * threads);
    0
}

fn ids(tids: &[AtomicU64]) -> impl Iterator<Item = i32> {
    tids.iter().map(|id| id.load(Ordering::SeqCst) as i32)
}

extern "C" fn note(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// Threads that have ended already get none.
fn signal_all(tids: &[AtomicU64]) {
    ids(tids).for_each(|id| unsafe {
        libc::syscall(libc::SYS_tgkill, pid(), id, libc::SIGUSR1);
    });
}

fn worker(index: usize, own: &AtomicU64, reader: i32, gate: &AtomicU64, null: i32) -> usize {
    own.store(tid() as u64, Ordering::SeqCst);
    match index % 3 {
        0 => while read(reader, &mut [0]) != 1 {},
        1 => {
            let mut asked = libc::pollfd { fd: reader, events: libc::POLLIN, revents: 0 };
            while unsafe { libc::poll(&mut asked, 1, -1) } != 1 {}
        }
        _ => {
            let forever = std::ptr::null::<libc::timespec>();
            while gate.load(Ordering::SeqCst) == 0 {
                unsafe { libc::syscall(libc::SYS_futex, gate, libc::FUTEX_WAIT, 0, forever) };
            }
        }
    }
    let bytes = vec![b'.'; index + 1];
    (0..WRITES)
        .map(|_| {
            nap(300);
            unsafe { libc::write(null, bytes.as_ptr().cast(), bytes.len()) }.max(0) as usize
        })
        .sum()
}
