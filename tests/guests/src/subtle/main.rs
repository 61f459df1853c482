//! `subtle CASE`: programs that do the same in every run although their calls differ, and some that look like it
//! and do not. How a run goes is a number in the marker: a test chooses what a golden is learned from and what is
//! checked, and neither argv nor environment shows it.

mod channels;
mod files;
mod output;
mod signals;
mod threads;

#[path = "../mutants/marker.rs"]
mod marker;

use std::io::Result;
use std::time::{Duration, Instant};

/// A case by name; it is given the number.
type Case = (&'static str, fn(u32) -> Result<()>);

const CASES: &[Case] = &[
    ("answers", files::answers),
    ("arenas", threads::arenas),
    ("archive", output::archive),
    ("broken_pipe", signals::broken_pipe),
    ("children", output::children),
    ("closed_stdout", output::closed_stdout),
    ("copier", files::copier),
    ("dates", output::dates),
    ("draws", threads::draws),
    ("event_loop", threads::event_loop),
    ("handlers", signals::handlers),
    ("hashed_files", files::hashed_files),
    ("index", files::index),
    ("interrupted", signals::interrupted),
    ("journal", files::journal),
    ("leftover", files::leftover),
    ("locked", files::locked),
    ("lookups", channels::lookups),
    ("loops", files::loops),
    ("mapping", output::mapping),
    ("names", files::names),
    ("naps", signals::naps),
    ("page", channels::page),
    ("parents", files::parents),
    ("pid_file", files::pid_file),
    ("pieces", channels::pieces),
    ("polls", signals::polls),
    ("released", files::released),
    ("runtime", threads::runtime),
    ("sizes", files::sizes),
    ("store", files::store),
    ("storms", signals::storms),
    ("temporaries", threads::temporaries),
    ("tokens", channels::tokens),
    ("walk", files::walk),
];

fn main() -> Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let number = (0..512).find(|number| marker::is(&number.to_string())).unwrap_or(0);
    match CASES.iter().find(|(name, _)| *name == wanted) {
        Some((_, run)) => run(number),
        None => Err(std::io::Error::other(format!("there is no case {wanted}"))),
    }
}

/// The result of a system call.
fn check<T: PartialEq + From<i8>>(result: T) -> Result<T> {
    if result == T::from(-1) { Err(std::io::Error::last_os_error()) } else { Ok(result) }
}

/// Passes time without a call of its own.
fn spin(milliseconds: u32) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(milliseconds.into()) {
        std::hint::spin_loop();
    }
}

/// Forks; the child does its work and leaves.
fn fork(work: impl FnOnce() -> Result<()>) -> Result<libc::pid_t> {
    // SAFETY: no other thread holds a lock when the cases fork; the child leaves without unwinding.
    match check(unsafe { libc::fork() })? {
        0 => {
            let code = i32::from(work().is_err());
            unsafe { libc::_exit(code) }
        }
        child => Ok(child),
    }
}

/// Collects a child.
fn reap(child: libc::pid_t) -> Result<()> {
    let mut status = 0;
    check(unsafe { libc::waitpid(child, &mut status, 0) }).map(drop)
}

/// The places of `count` things in the order that the number stands for: the first is `number % count`, and so on.
fn order(number: u32, count: u32) -> Vec<u32> {
    let mut left: Vec<u32> = (0..count).collect();
    let mut number = number;
    let mut order = Vec::new();
    while !left.is_empty() {
        let choice = number as usize % left.len();
        number /= left.len() as u32;
        order.push(left.remove(choice));
    }
    order
}

/// Letters that differ in every run, though always of the same classes.
fn chance() -> Result<String> {
    let mut bytes = [0u8; 6];
    check(unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) })?;
    let classes = [b'a', b'A', b'0'];
    let letter = |(at, byte): (usize, &u8)| {
        let first = classes[at % 3];
        char::from(first + byte % if first == b'0' { 10 } else { 26 })
    };
    Ok(bytes.iter().enumerate().map(letter).collect())
}
