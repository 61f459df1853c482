//! Numbers: one array per ABI from number to row, so that a look-up is one index.

use crate::{Abi, Syscall};

/// An array of rows from `number row` pairs. A number given twice does not compile.
macro_rules! numbers {
    ($($nr:literal $id:ident),* $(,)?) => {{
        const LAST: usize = [$($nr),*][[$($nr),*].len() - 1];
        let mut table: [Option<&Syscall>; LAST + 1] = [None; LAST + 1];
        $(
            assert!(table[$nr].is_none());
            table[$nr] = Some(&calls::$id);
        )*
        table
    }};
}

mod aarch64;
mod i386;
mod x32;
mod x86_64;

/// The bit that marks an x32 number.
pub(crate) const X32_BIT: u64 = 0x4000_0000;

/// How many numbers the sets of an engine hold: more than any ABI names, but for x32's own.
pub(crate) const NUMBERS: usize = 512;

/// All rows of an ABI by number; x32 numbers without their bit 30. Empty for an ABI without a table.
pub fn table(abi: Abi) -> &'static [Option<&'static Syscall>] {
    match abi {
        Abi::X86_64 => &x86_64::TABLE,
        Abi::I386 => &i386::TABLE,
        Abi::X32 => &x32::TABLE,
        Abi::Aarch64 => &aarch64::TABLE,
        Abi::Arm => &[],
    }
}

/// The row of a call, or `None` for a number that this ABI does not name.
///
/// `nr` is the number as the target gave it, all 64 bits (x32 numbers with bit 30 set).
pub fn lookup(abi: Abi, nr: u64) -> Option<&'static Syscall> {
    let nr = if matches!(abi, Abi::X32) { nr & !X32_BIT } else { nr };
    *table(abi).get(usize::try_from(nr).ok()?)?
}
