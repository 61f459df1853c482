//! Writes every byte value, then 1 MiB in one call, then two long buffers in one call, into a pipe; makes a
//! file for every byte that a name may hold.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

/// Bytes that never repeat in step with anything.
fn pattern(seed: u32, len: u32) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8).collect()
}

fn main() -> io::Result<()> {
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(out.write(&all)?, 256);
    assert_eq!(out.write(&pattern(1, 1 << 20))?, 1 << 20);
    let (one, two) = (pattern(2, 200_000), pattern(3, 100_000));
    assert_eq!(out.write_vectored(&[IoSlice::new(&one), IoSlice::new(&two)])?, 300_000);
    for byte in (1..=255).filter(|byte| *byte != b'/') {
        File::create(std::ffi::OsStr::from_bytes(&[b'n', byte, b'm']))?;
    }
    Ok(())
}
