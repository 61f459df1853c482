//! Every call of the kernel's table, with arguments that it takes and with arguments that it refuses.
//!
//! `every_call FAMILY` makes the calls of one family; what they answer is not looked at: whoever traces the
//! guest compares how they are told. A call that would harm the machine is made with arguments that the
//! kernel refuses at once, and without privileges; those that can't be made so are named in the test.

mod credentials;
mod descriptors;
mod files;
mod ipc;
mod kernel;
mod memory;
mod network;
mod processes;
mod refused;
mod requests;
mod signals;
mod time;

use crate::words::Words;
use std::ffi::CStr;

/// A program of one family.
type Family = (&'static str, fn());

const FAMILIES: &[Family] = &[
    ("credentials", credentials::run),
    ("descriptors", descriptors::run),
    ("files", files::run),
    ("ipc", ipc::run),
    ("kernel", kernel::run),
    ("memory", memory::run),
    ("network", network::run),
    ("processes", processes::run),
    ("refused", refused::run),
    ("requests", requests::run),
    ("signals", signals::run),
    ("time", time::run),
];

/// An address at which nothing is mapped.
const NOWHERE: u64 = 0x10;

pub fn run(words: &Words) -> i32 {
    match FAMILIES.iter().find(|(name, _)| *name == words.text(0)) {
        Some((_, run)) => run(),
        None => return 2,
    }
    0
}

/// Something that is one word of a call.
trait Word {
    fn word(self) -> u64;
}

impl Word for i32 {
    fn word(self) -> u64 {
        i64::from(self) as u64
    }
}

impl Word for u32 {
    fn word(self) -> u64 {
        u64::from(self)
    }
}

impl Word for i64 {
    fn word(self) -> u64 {
        self as u64
    }
}

impl Word for u64 {
    fn word(self) -> u64 {
        self
    }
}

impl Word for usize {
    fn word(self) -> u64 {
        self as u64
    }
}

impl Word for &CStr {
    fn word(self) -> u64 {
        self.as_ptr() as u64
    }
}

impl<T, const N: usize> Word for &[T; N] {
    fn word(self) -> u64 {
        self.as_ptr() as u64
    }
}

impl<T, const N: usize> Word for &mut [T; N] {
    fn word(self) -> u64 {
        self.as_mut_ptr() as u64
    }
}

impl<T> Word for *const T {
    fn word(self) -> u64 {
        self as u64
    }
}

impl<T> Word for *mut T {
    fn word(self) -> u64 {
        self as u64
    }
}

/// Makes a call by its number: its result, or -1.
fn make(number: i64, words: &[u64]) -> i64 {
    let word = |i: usize| words.get(i).copied().unwrap_or(0);
    unsafe { libc::syscall(number, word(0), word(1), word(2), word(3), word(4), word(5)) }
}

/// `call!(SYS_read, 3, &mut buffer, 8)`, or with a number for the name.
macro_rules! call {
    ($number:expr $(, $word:expr)* $(,)?) => {
        $crate::every_call::make($number, &[$($crate::every_call::Word::word($word)),*])
    };
}
use call;

/// A structure of 32-bit words, zero where nothing is given.
fn words32<const N: usize>(given: &[(usize, u32)]) -> [u32; N] {
    let mut words = [0; N];
    given.iter().for_each(|(at, word)| words[*at] = *word);
    words
}

/// Gives up whatever privileges this process has.
fn drop_privileges() {
    let header = [0x2008_0522u32, 0];
    call!(libc::SYS_capset, &header, &[0u32; 6]);
}
