//! The marker: which mutant an executable is. Arguments and environment must not show it, and building one
//! program per mutant takes minutes: the tests copy the executable and write another name into the marker.

/// `CHIC-MUTANT:` and a name, padded with NULs.
#[unsafe(no_mangle)]
#[used]
static CHIC_MUTANT: [u8; 48] = *b"CHIC-MUTANT:base\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Is this executable that mutant?
pub fn is(name: &str) -> bool {
    // The compiler must not know what the marker holds.
    let marker = unsafe { std::ptr::read_volatile(&raw const CHIC_MUTANT) };
    let written = &marker["CHIC-MUTANT:".len()..];
    let end = written.iter().position(|byte| *byte == 0).unwrap_or(written.len());
    written[..end] == *name.as_bytes()
}
