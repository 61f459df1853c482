//! Touches 200 pages of fresh memory, built with `--cfg more` another 100.

fn main() {
    const PAGE: usize = 4096;
    let pages = if cfg!(more) { 300 } else { 200 };
    let mut memory: Vec<u8> = Vec::with_capacity(400 * PAGE);
    let room = memory.spare_capacity_mut();
    // Below the size from which the kernel hands out larger pages.
    for page in 0..pages {
        room[page * PAGE].write(1);
    }
    std::hint::black_box(&mut memory);
}
