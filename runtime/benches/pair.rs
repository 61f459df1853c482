//! What an enter and an exit cost, beside two reads of CLOCK_MONOTONIC: `cargo bench -p chic-trace-rt`.
//!
//! Rounds are interleaved and the median of their ratios counts, because a machine changes its speed meanwhile.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use chic_trace_rt::{span, trace};

unsafe extern "C" {
    fn chic_rt_trace_enter(id: u64, label: *const u8, len: u64, cpu: u64, mem: u64, gpu: u64);
    fn chic_rt_trace_exit(id: u64);
}

const PAIRS: u64 = 1_000_000;
const ROUNDS: usize = 7;

#[trace]
#[inline(never)]
fn attribute() {}

fn macro_form() {
    let _span = span!("pair");
}

fn c_interface() {
    // SAFETY: the label outlives the calls.
    unsafe {
        chic_rt_trace_enter(7, b"pair".as_ptr(), 4, 0, 0, 0);
        chic_rt_trace_exit(7);
    }
}

fn two_reads() {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    for _ in 0..2 {
        // SAFETY: `now` is a timespec of ours.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    }
    black_box(now.tv_nsec);
}

/// Nanoseconds of one call.
fn cost(what: fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..PAIRS {
        black_box(what)();
    }
    start.elapsed().as_nanos() as f64 / PAIRS as f64
}

/// As [`cost`] in four threads at once: processor time of a call, so that fewer cores do not count as slowness.
fn cost_in_threads(what: fn()) -> f64 {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let start = thread_time();
                for _ in 0..PAIRS {
                    black_box(what)();
                }
                (thread_time() - start) as f64 / PAIRS as f64
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("the thread ends")).sum::<f64>() / 4.0
}

fn thread_time() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a timespec of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let is_off = std::env::var("CHIC_TRACE").is_ok_and(|value| value == "off");
    let forms: [(&str, fn()); 3] = [("#[trace]", attribute), ("span!", macro_form), ("C interface", c_interface)];
    let mut rows: Vec<(String, Vec<f64>, Vec<f64>)> = Vec::new();
    for _ in 0..ROUNDS {
        for (name, form) in forms {
            for (threads, cost_of) in [("1 thread", cost as fn(fn()) -> f64), ("4 threads", cost_in_threads)] {
                let (ns, reads) = (cost_of(form), cost_of(two_reads));
                let name = format!("{name}, {threads}");
                match rows.iter_mut().find(|(known, ..)| *known == name) {
                    Some((_, all, ratios)) => {
                        all.push(ns);
                        ratios.push(ns / reads);
                    }
                    None => rows.push((name, vec![ns], vec![ns / reads])),
                }
            }
        }
    }
    println!("{:<24} {:>8} {:>24}", if is_off { "pair, switched off" } else { "pair" }, "ns", "x two clock reads");
    for (name, all, ratios) in rows {
        println!("{name:<24} {:>8.1} {:>24.2}", median(all), median(ratios));
    }
    if !is_off {
        let program = std::env::current_exe().expect("a bench has a file");
        let status = Command::new(program).env("CHIC_TRACE", "off").status().expect("it runs again");
        assert!(status.success());
    }
}
