//! `spins MILLISECONDS [both|aside]`: computes in three functions, six, three and one parts of the time, on a second
//! thread too, or on that one only. Built by the tests of sampling with and without frame pointers.

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

fn main() {
    let mut words = std::env::args().skip(1);
    let time = Duration::from_millis(words.next().and_then(|word| word.parse().ok()).unwrap_or(300));
    let threads = words.next().unwrap_or_default();
    let other = (!threads.is_empty()).then(|| std::thread::spawn(move || spins_all(time)));
    if threads != "aside" {
        black_box(spins_all(time));
    }
    if let Some(other) = other {
        other.join().expect("it ended");
    }
}
