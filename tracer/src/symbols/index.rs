//! The index of unwinding tables (`.eh_frame_hdr`, Linux Standard Base): is it one that can be relied on?
//!
//! The reader of tables computes with its entries unchecked, so an index from a damaged file must not
//! reach it; without one it makes its own.

use std::ops::Range;

/// Version 1; the table's place relative to itself, count unsigned, entries relative to the header; four bytes each.
/// What every linker writes.
const USUAL: [u8; 4] = [1, 0x1b, 0x03, 0x3b];

/// Do all entries of the index, loaded at `at`, lead into `.eh_frame`, loaded at `table`, in order?
pub(super) fn is_whole(index: &[u8], at: u64, table: &Range<u64>) -> bool {
    check(index, at, table).is_some()
}

fn check(index: &[u8], at: u64, table: &Range<u64>) -> Option<()> {
    let rest = index.strip_prefix(&USUAL)?;
    let (to_table, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let place = at.checked_add(4)?.checked_add_signed(i32::from_le_bytes(*to_table).into())?;
    let entries = rest.as_chunks::<8>().0;
    let entries = entries.get(..usize::try_from(u32::from_le_bytes(*count)).ok()?)?;
    let mut before = i32::MIN;
    let leads = |entry: &[u8; 8]| {
        let [a, b, c, d, e, f, g, h] = *entry;
        let code = i32::from_le_bytes([a, b, c, d]);
        let row = at.checked_add_signed(i32::from_le_bytes([e, f, g, h]).into());
        let in_order = code >= before && at.checked_add_signed(code.into()).is_some();
        before = code;
        in_order && row.is_some_and(|row| table.contains(&row))
    };
    (place == table.start && !entries.is_empty() && entries.iter().all(leads)).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(to_table: i32, entries: &[(i32, i32)]) -> Vec<u8> {
        let mut bytes = USUAL.to_vec();
        bytes.extend(to_table.to_le_bytes());
        bytes.extend((entries.len() as u32).to_le_bytes());
        bytes.extend(entries.iter().flat_map(|(code, row)| [code.to_le_bytes(), row.to_le_bytes()]).flatten());
        bytes
    }

    #[test]
    fn entries_must_lead_into_the_table_in_order() {
        let table = 0x2000..0x3000;
        let whole = index(0xffc, &[(-0x800, 0x1000), (-0x400, 0x1010)]);
        assert!(is_whole(&whole, 0x1000, &table));
        assert!(!is_whole(&whole[..whole.len() - 1], 0x1000, &table), "cut");
        assert!(!is_whole(&whole, 0x1004, &table), "for another place");
        assert!(!is_whole(&index(0xffc, &[(-0x400, 0x1000), (-0x800, 0x1010)]), 0x1000, &table), "out of order");
        assert!(!is_whole(&index(0xffc, &[(-0x800, 0xfff)]), 0x1000, &table), "before the table");
        assert!(!is_whole(&index(0xffc, &[]), 0x1000, &table), "empty");
    }
}
