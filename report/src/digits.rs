//! Digits: numbers as text, appended to a buffer without formatting machinery, since every line of
//! every printer is made of them.

/// Two digits for each number below 100.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
                            2021222324252627282930313233343536373839\
                            4041424344454647484950515253545556575859\
                            6061626364656667686970717273747576777879\
                            8081828384858687888990919293949596979899";

/// Appends a decimal number.
pub(crate) fn dec(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    out.extend_from_slice(decimal(&mut digits, value));
}

/// Appends a signed decimal number.
pub(crate) fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    dec(out, value.unsigned_abs());
}

/// Appends a decimal number, right-aligned in `width` columns.
pub(crate) fn dec_right(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut digits = [0; 20];
    let digits = decimal(&mut digits, value);
    spaces(out, width.saturating_sub(digits.len()));
    out.extend_from_slice(digits);
}

/// How many digits a decimal number has.
pub(crate) fn places(value: u64) -> usize {
    decimal(&mut [0; 20], value).len()
}

/// Appends a decimal number, left-aligned in `width` columns.
pub(crate) fn dec_left(out: &mut Vec<u8>, value: u64, width: usize) {
    let from = out.len();
    dec(out, value);
    let written = out.len() - from;
    spaces(out, width.saturating_sub(written));
}

/// Appends a decimal number with leading zeros to `width` digits.
pub(crate) fn dec_zeros(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut digits = [0; 20];
    let digits = decimal(&mut digits, value);
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(digits);
}

/// Appends `0x` and the hex digits of a number.
pub(crate) fn hex(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(b"0x");
    let digits = (16 - value.leading_zeros() as usize / 4).max(1);
    hex_zeros(out, value, digits);
}

/// Appends the last `width` hex digits of a number.
pub(crate) fn hex_zeros(out: &mut Vec<u8>, value: u64, width: usize) {
    for place in (0..width).rev() {
        out.push(b"0123456789abcdef"[(value >> (4 * place).min(63)) as usize & 15]);
    }
}

/// Appends the octal digits of a number.
pub(crate) fn octal(out: &mut Vec<u8>, value: u64) {
    let places = (64 - value.leading_zeros()).div_ceil(3).max(1);
    for place in (0..places).rev() {
        out.push(b'0' + (value >> (3 * place) & 7) as u8);
    }
}

/// Appends spaces.
pub(crate) fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

fn decimal(digits: &mut [u8; 20], mut value: u64) -> &[u8] {
    let mut at = digits.len();
    while value >= 100 {
        let pair = (value % 100) as usize * 2;
        value /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if value >= 10 {
        let pair = value as usize * 2;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    &digits[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_read_as_the_standard_library_writes_them() {
        for value in (0..70).flat_map(|shift| [1u64.checked_shl(shift), 10u64.checked_pow(shift)]).flatten() {
            for value in [value.wrapping_sub(1), value, value.wrapping_add(1)] {
                assert_eq!(text(|out| dec(out, value)), value.to_string());
                assert_eq!(places(value), value.to_string().len());
                assert_eq!(text(|out| signed(out, value as i64)), (value as i64).to_string());
                assert_eq!(text(|out| hex(out, value)), format!("{value:#x}"));
                assert_eq!(text(|out| octal(out, value)), format!("{value:o}"));
                assert_eq!(text(|out| dec_right(out, value, 6)), format!("{value:6}"));
                assert_eq!(text(|out| dec_left(out, value, 5)), format!("{value:<5}"));
                assert_eq!(text(|out| dec_zeros(out, value, 6)), format!("{value:06}"));
                assert_eq!(text(|out| hex_zeros(out, value, 16)), format!("{value:016x}"));
            }
        }
    }
}
