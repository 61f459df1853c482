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
    for part in 0..PARTS * 4_000_000 {
        sum = black_box(sum.rotate_left(5) ^ part);
    }
    assert_ne!(sum, 1);
    if std::env::args().any(|word| word == "fails") {
        std::process::exit(7);
    }
}
