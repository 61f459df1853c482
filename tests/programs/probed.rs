//! Calls functions a known number of times: in four threads, from a child, through a table of places to jump to.

use std::hint::black_box;

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probed_work(x: u64) -> u64 {
    black_box(x) * 3 + 1
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probed_tail(x: u64) -> u64 {
    if x % 2 == 0 { probed_even(x + 1) } else { black_box(x) }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probed_even(x: u64) -> u64 {
    black_box(x) ^ 5
}

fn main() {
    if let Some(calls) = std::env::args().nth(1) {
        let calls: u64 = calls.parse().unwrap_or(0);
        println!("{}", (0..calls).fold(0u64, |sum, i| sum.wrapping_add(probed_work(i))));
        return;
    }
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..2500).fold(0u64, |sum, i| sum.wrapping_add(probed_work(i)))))
        .collect();
    let sum = threads.into_iter().fold(0u64, |sum, thread| sum.wrapping_add(thread.join().unwrap_or(0)));
    let tails: u64 = (0..10).map(|x| probed_tail(x)).sum();
    println!("{sum} {tails}");
    std::process::exit(7);
}
