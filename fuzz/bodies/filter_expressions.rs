//! `-e trace=` and `-e signal=`: any text is a set or an error, and a set answers for every number.

use syscalls::{Abi, Filter};

/// Takes it as both.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(filter) = Filter::parse(text) {
        for abi in [Abi::X86_64, Abi::I386] {
            for nr in [0, 1, 59, 511, 512, 0x4000_0000, u64::MAX] {
                let _ = filter.takes(abi, nr);
            }
        }
        let native = filter.native();
        for nr in 0..512u64 {
            let named = syscalls::lookup(Abi::X86_64, nr).is_some();
            let bit = native[(nr / 64) as usize] >> (nr % 64) & 1 == 1;
            assert!(!named || bit == filter.takes(Abi::X86_64, nr), "{text:?} and number {nr}");
        }
    }
    let _ = syscalls::signal_set(text);
}
