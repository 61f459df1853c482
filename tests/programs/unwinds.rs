//! Panics through functions, and is caught outside of them: a known number of times.

use std::hint::black_box;
use std::panic::{catch_unwind, resume_unwind};

struct Noted<'a>(&'a mut u32);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        *self.0 += 1;
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn unwinds_inner(x: u32) -> u32 {
    if black_box(x) % 3 == 0 {
        resume_unwind(Box::new(x));
    }
    black_box(x) + 1
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn unwinds_outer(x: u32, drops: &mut u32) -> u32 {
    let _noted = Noted(drops);
    black_box(unwinds_inner(x)) * 2
}

fn main() {
    let (mut drops, mut caught, mut sum) = (0, 0, 0);
    for x in 0..30 {
        let drops = &mut drops;
        match catch_unwind(std::panic::AssertUnwindSafe(|| unwinds_outer(x, drops))) {
            Ok(value) => sum += value,
            Err(why) => caught += u32::from(why.downcast_ref::<u32>() == Some(&x)),
        }
    }
    println!("{sum} {caught} {drops}");
    std::process::exit(9);
}
