//! Three functions that take 60, 30 and 10 % of its time: `shares [MILLIONS]`.

#[inline(never)]
fn turn(mut seed: u64, rounds: u64) -> u64 {
    for _ in 0..rounds {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
    }
    seed
}

#[inline(never)]
fn sixty(seed: u64, rounds: u64) -> u64 {
    turn(seed, rounds * 6) + 1
}

#[inline(never)]
fn thirty(seed: u64, rounds: u64) -> u64 {
    turn(seed, rounds * 3) + 2
}

#[inline(never)]
fn ten(seed: u64, rounds: u64) -> u64 {
    turn(seed, rounds) + 3
}

fn main() {
    let millions: u64 = std::env::args().nth(1).map_or(20, |word| word.parse().expect("a number"));
    let rounds = millions * 1_000_000 / 100;
    let mut seed = 88_172_645_463_325_252;
    for _ in 0..10 {
        seed = sixty(seed, rounds) ^ thirty(seed, rounds) ^ ten(seed, rounds);
    }
    std::hint::black_box(seed);
}
