//! `spins MILLISECONDS [both|aside]`: computes in three functions, six, three and one parts of the time, on a second
//! thread too, or on that one only. `spins MILLISECONDS made`: in code that it makes itself and names in a map, as
//! just-in-time compilers do. Built by the tests of sampling with and without frame pointers.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[inline(always)]
fn turn(parts: u64, rounds: u64) -> u64 {
    let mut sum = 0u64;
    for i in 0..parts * rounds {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(i));
    }
    sum
}

#[inline(never)]
fn spins_six(rounds: u64) -> u64 {
    black_box(turn(6, rounds))
}

#[inline(never)]
fn spins_three(rounds: u64) -> u64 {
    black_box(turn(3, rounds))
}

#[inline(never)]
fn spins_one(rounds: u64) -> u64 {
    black_box(turn(1, rounds))
}

#[inline(never)]
fn spins_all(time: Duration) -> u64 {
    let began = Instant::now();
    let (mut sum, mut rounds) = (0u64, 1u64);
    while began.elapsed() < time {
        // Of many lengths: turns of one would fall in step with a sampler.
        rounds = rounds.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let turns = 5_000 + (rounds >> 33) % 20_000;
        sum = sum.wrapping_add(spins_six(turns)).wrapping_add(spins_three(turns)).wrapping_add(spins_one(turns));
    }
    black_box(sum)
}

// SAFETY: mmap(2) as the C library has it.
unsafe extern "C" {
    fn mmap(at: *mut u8, len: usize, protection: i32, flags: i32, file: i32, offset: i64) -> *mut u8;
}

/// Makes a function that counts down from a million, says so in `/tmp/perf-PID.map`, and calls it.
fn spins_made(time: Duration) {
    // mov ecx, 1000000; dec ecx; jnz -4; ret
    let code = [0xb9, 0x40, 0x42, 0x0f, 0x00, 0xff, 0xc9, 0x75, 0xfc, 0xc3];
    // SAFETY: new private pages of our own, written within their length, holding a whole function that changes
    // no register but ecx.
    let made: extern "C" fn() = unsafe {
        let pages = mmap(std::ptr::null_mut(), 4096, 7, 0x22, -1, 0);
        assert!(pages as isize != -1, "mmap");
        pages.copy_from(code.as_ptr(), code.len());
        std::mem::transmute(pages)
    };
    let map = format!("/tmp/perf-{}.map", std::process::id());
    std::fs::write(&map, format!("{:x} {:x} counts;down a lot\n", made as usize, code.len())).expect("a map");
    let began = Instant::now();
    while began.elapsed() < time {
        made();
    }
    std::fs::remove_file(&map).expect("the map is still there");
}

fn main() {
    let mut words = std::env::args().skip(1);
    let time = Duration::from_millis(words.next().and_then(|word| word.parse().ok()).unwrap_or(300));
    let threads = words.next().unwrap_or_default();
    if threads == "made" {
        return spins_made(time);
    }
    let other = (!threads.is_empty()).then(|| std::thread::spawn(move || spins_all(time)));
    if threads != "aside" {
        black_box(spins_all(time));
    }
    if let Some(other) = other {
        other.join().expect("it ended");
    }
}
