//! Escapes: any bytes as a JSON string, and as base64.

/// What a byte needs inside a JSON string.
const PLAIN: u8 = 0;
const SHORT: u8 = 1;
const CONTROL: u8 = 2;
const WIDE: u8 = 3;

static NEEDS: [u8; 256] = {
    let mut needs = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        needs[byte] = match byte as u8 {
            b'"' | b'\\' | b'\n' | b'\t' | b'\r' | 0x08 | 0x0c => SHORT,
            0..=0x1f | 0x7f => CONTROL,
            0x80..=0xff => WIDE,
            _ => PLAIN,
        };
        byte += 1;
    }
    needs
};

/// Appends bytes as the inside of a JSON string (no quotes). Valid UTF-8 stays as it is but for
/// controls; any other byte becomes the four characters `\xHH`. Says whether all of it was valid.
pub(crate) fn inside(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        let plain = rest.iter().position(|byte| NEEDS[*byte as usize] != PLAIN).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(plain);
        out.extend_from_slice(head);
        let Some((byte, after)) = tail.split_first() else { return true };
        match NEEDS[*byte as usize] {
            SHORT => {
                out.push(b'\\');
                out.push(match byte {
                    b'\n' => b'n',
                    b'\t' => b't',
                    b'\r' => b'r',
                    0x08 => b'b',
                    0x0c => b'f',
                    same => *same,
                });
                rest = after;
            }
            CONTROL => {
                unicode(out, u32::from(*byte));
                rest = after;
            }
            _ => return wide(out, tail),
        }
    }
}

/// The same from the first byte on that is not ASCII.
#[cold]
fn wide(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let mut all_valid = true;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\0'..='\x7f' => {
                    inside(out, &[character as u8]);
                }
                // C1 and bidi controls, which a terminal would obey.
                '\u{80}'..='\u{9f}'
                | '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' => unicode(out, character as u32),
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            all_valid = false;
            out.extend_from_slice(b"\\\\x");
            crate::digits::hex_zeros(out, u64::from(*byte), 2);
        }
    }
    all_valid
}

/// Appends bytes as a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    out.push(b'"');
    let all_valid = inside(out, bytes);
    out.push(b'"');
    all_valid
}

fn unicode(out: &mut Vec<u8>, code: u32) {
    out.extend_from_slice(b"\\u");
    crate::digits::hex_zeros(out, u64::from(code), 4);
}

/// Appends bytes as padded base64 (RFC 4648, section 4).
pub(crate) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            out.push(match place <= group.len() {
                true => LETTERS[(bits >> (18 - 6 * place)) as usize & 63],
                false => b'=',
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(bytes: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let valid = string(&mut out, bytes);
        (String::from_utf8(out).unwrap(), valid)
    }

    #[test]
    fn every_byte_becomes_valid_json_and_safe_on_a_terminal() {
        for first in 0..=255u8 {
            for bytes in [vec![first], vec![b'a', first, b'z'], vec![0xc2, first], vec![0xe2, 0x80, first]] {
                let (text, valid) = json(&bytes);
                assert_eq!(valid, std::str::from_utf8(&bytes).is_ok(), "{bytes:?}");
                let back: String = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{bytes:?}: {e}: {text}"));
                if valid {
                    assert_eq!(back.as_bytes(), bytes);
                }
                assert!(!text.chars().any(|c| c.is_control()), "{bytes:?}: {text:?}");
                assert!(!text.contains(['\u{202a}', '\u{202e}', '\u{2066}']), "{bytes:?}: {text:?}");
            }
        }
    }

    #[test]
    fn the_escapes_are_those_of_the_format() {
        assert_eq!(json(b"a\"b\n\\c").0, r#""a\"b\n\\c""#);
        assert_eq!(json(b"\xff\xfe\0AB").0, r#""\\xff\\xfe\u0000AB""#);
        assert_eq!(json("h\u{e4}\u{202e}\u{85}".as_bytes()).0, "\"h\u{e4}\\u202e\\u0085\"");
        assert_eq!(json(b"caf\xc3").0, r#""caf\\xc3""#);
    }

    #[test]
    fn base64_pads() {
        let text = |bytes: &[u8]| {
            let mut out = Vec::new();
            base64(&mut out, bytes);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(b""), "");
        assert_eq!(text(b"f"), "Zg==");
        assert_eq!(text(b"fo"), "Zm8=");
        assert_eq!(text(b"foo"), "Zm9v");
        assert_eq!(text(&[0xff, 0xfe, 0, 0x41]), "//4AQQ==");
    }
}
