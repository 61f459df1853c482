//! A live tracer and a target that asks the kernel for anything, as long as `CHIC_FUZZ_SECONDS` says. A test binary of
//! its own: among the calls are some that disturb whatever runs beside them.

#[path = "harness/mod.rs"]
mod harness;

use harness::both::ask_for_anything;
use std::time::{Duration, Instant};

#[test]
fn whatever_a_target_asks_for() {
    let seconds = std::env::var("CHIC_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (begun, time) = (Instant::now(), Duration::from_secs(seconds.unwrap_or(0)));
    let seeds = (4..).take_while(|seed| *seed < 6 || begun.elapsed() < time);
    harness::pass(|tracer| ask_for_anything(tracer, seeds, 30));
}
