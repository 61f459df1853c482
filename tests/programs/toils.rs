//! Computes for some milliseconds, always the same; changed, twice as much (`twice`) or a tenth more (`tenth`). With
//! the argument `fails` it ends with status 7.

use std::hint::black_box;

/// Parts of work.
const PARTS: u64 = if cfg!(twice) {
    20
} else if cfg!(tenth) {
    11
} else {
    10
};

fn main() {
    let mut sum = 0u64;
    // Each step waits for the one before, in a register: neighbours on the same core, caches and where the stack lies have
    // little to say in what it takes.
    for part in 0..PARTS {
        for step in part..part + 6_000_000 {
            sum = sum.rotate_left(5) ^ step;
        }
        sum = black_box(sum);
    }
    assert_ne!(sum, 1);
    if std::env::args().any(|word| word == "fails") {
        std::process::exit(7);
    }
}
