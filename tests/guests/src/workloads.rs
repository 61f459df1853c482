//! Workloads for `cargo bench`: each prints the nanoseconds one round took, measured inside the
//! program so that the start of a tracer does not count.

use crate::words::Words;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// `work NAME ROUNDS`.
pub fn run(words: &Words) -> i32 {
    let rounds = words.number(1, 1) as u64;
    let ns = match words.text(0) {
        "w1" => getpid(rounds),
        "w2" => open_stat_read_close(rounds),
        "w3" => pipe_ping(rounds),
        "w4" => four_threads(rounds),
        "w7" => busy(1, rounds),
        "w7p" => busy(2, rounds),
        "w8p" => busy_with_calls(rounds),
        "deep" => deep(rounds),
        _ => return 2,
    };
    println!("{ns:.1}");
    0
}

fn per_round(rounds: u64, started: Instant) -> f64 {
    started.elapsed().as_nanos() as f64 / rounds.max(1) as f64
}

fn getpid(rounds: u64) -> f64 {
    let started = Instant::now();
    for _ in 0..rounds {
        // SAFETY: getpid takes nothing and touches no memory.
        unsafe { libc::syscall(libc::SYS_getpid) };
    }
    per_round(rounds, started)
}

fn open_stat_read_close(rounds: u64) -> f64 {
    let path = c"/etc/passwd";
    let mut buffer = [0u8; 4096];
    let started = Instant::now();
    for _ in 0..rounds {
        // SAFETY: the path is NUL-terminated, the buffers are ours and as long as said.
        unsafe {
            let fd = libc::open(path.as_ptr(), libc::O_RDONLY);
            let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
            libc::fstat(fd, stat.as_mut_ptr());
            libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len());
            libc::close(fd);
        }
    }
    per_round(rounds, started)
}

/// One byte there and back between two processes.
fn pipe_ping(rounds: u64) -> f64 {
    let (mut there, mut back) = ([0; 2], [0; 2]);
    // SAFETY: both arrays hold two ints; the child only reads, writes and leaves.
    unsafe {
        assert_eq!(libc::pipe(there.as_mut_ptr()) | libc::pipe(back.as_mut_ptr()), 0);
        let child = libc::fork();
        let mut byte = [1u8];
        if child == 0 {
            libc::close(there[1]);
            while libc::read(there[0], byte.as_mut_ptr().cast(), 1) == 1 {
                libc::write(back[1], byte.as_ptr().cast(), 1);
            }
            libc::_exit(0);
        }
        let started = Instant::now();
        for _ in 0..rounds {
            libc::write(there[1], byte.as_ptr().cast(), 1);
            libc::read(back[0], byte.as_mut_ptr().cast(), 1);
        }
        let ns = per_round(rounds, started);
        libc::close(there[1]);
        libc::waitpid(child, std::ptr::null_mut(), 0);
        ns
    }
}

/// Four threads, each: a write to /dev/null, a FUTEX_WAKE, a contended lock.
fn four_threads(rounds: u64) -> f64 {
    let lock = Arc::new(Mutex::new(0u64));
    // SAFETY: the path is NUL-terminated.
    let null = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) };
    let started = Instant::now();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let word = 0u32;
                for _ in 0..rounds {
                    // SAFETY: one byte of ours is written; the futex word is ours and aligned.
                    unsafe {
                        libc::write(null, b"x".as_ptr().cast(), 1);
                        libc::syscall(libc::SYS_futex, &raw const word, libc::FUTEX_WAKE, 1);
                    }
                    *lock.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    // Eight calls make a round of four threads.
    per_round(rounds * 8, started)
}

/// Some work that an optimiser can't drop.
fn spin(steps: u64) -> u64 {
    let mut x = 0x9e37_79b9_7f4a_7c15u64 ^ steps;
    for i in 0..steps {
        x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(i);
    }
    std::hint::black_box(x)
}

fn busy(threads: u64, rounds: u64) -> f64 {
    let started = Instant::now();
    let threads: Vec<_> = (0..threads).map(|_| thread::spawn(move || spin(rounds * 1000))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    per_round(rounds, started)
}

/// Two threads, about 20 µs of work per call.
fn busy_with_calls(rounds: u64) -> f64 {
    let worker = move || {
        for _ in 0..rounds {
            spin(10_000);
            // SAFETY: getppid takes nothing and touches no memory.
            unsafe { libc::syscall(libc::SYS_getppid) };
        }
    };
    let started = Instant::now();
    let threads: Vec<_> = (0..2).map(|_| thread::spawn(worker)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    per_round(rounds * 2, started)
}

/// Computes below 25 calls.
fn deep(rounds: u64) -> f64 {
    #[inline(never)]
    fn down(depth: u32, steps: u64) -> u64 {
        if depth == 0 { spin(steps) } else { std::hint::black_box(down(depth - 1, steps)) ^ 1 }
    }
    let started = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(down(25, 500_000));
    }
    per_round(rounds, started)
}
