//! Strings: target bytes between quotes, escaped as strace does it.

use crate::text::HexStrings;

/// How a string is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoting {
    /// When `\xhh` instead of characters.
    pub(crate) hex: HexStrings,
    /// Between `"`.
    pub(crate) quotes: bool,
    /// `<` and `>` are escaped too: the text stands between them.
    pub(crate) angles: bool,
}

impl Quoting {
    /// In quotes.
    pub(crate) const fn quoted(hex: HexStrings) -> Self {
        Quoting { hex, quotes: true, angles: false }
    }

    /// Bare, to stand between `<` and `>`.
    pub(crate) const fn note(hex: HexStrings) -> Self {
        Quoting { hex, quotes: false, angles: true }
    }

    /// Appends these bytes.
    pub(crate) fn write(self, out: &mut Vec<u8>, bytes: &[u8]) {
        if self.quotes {
            out.push(b'"');
        }
        let in_hex = match self.hex {
            HexStrings::Never | HexStrings::Escapes => false,
            HexStrings::NonAscii => bytes.iter().any(|b| !is_text(*b)),
            HexStrings::All => true,
        };
        if in_hex {
            for byte in bytes {
                hex(out, *byte);
            }
        } else {
            self.escape(out, bytes);
        }
        if self.quotes {
            out.push(b'"');
        }
    }

    fn escape(self, out: &mut Vec<u8>, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let plain = rest.iter().position(|b| !self.is_plain(*b)).unwrap_or(rest.len());
            let (before, behind) = rest.split_at(plain);
            out.extend_from_slice(before);
            let Some((byte, next)) = behind.split_first() else { return };
            one(out, *byte, next.first().copied(), self.hex == HexStrings::Escapes);
            rest = next;
        }
    }

    fn is_plain(self, byte: u8) -> bool {
        matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\' && !(self.angles && matches!(byte, b'<' | b'>'))
    }
}

/// Printable ASCII, or one of the five blanks between 9 and 13.
fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | 9..=13)
}

fn hex(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"\\x");
    crate::digits::hex_zeros(out, u64::from(byte), 2);
}

/// One byte that can't stand for itself. Octal is as short as what follows allows.
fn one(out: &mut Vec<u8>, byte: u8, next: Option<u8>, in_hex: bool) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        _ if in_hex => return hex(out, byte),
        _ => {
            let (high, middle, low) = (byte >> 6, byte >> 3 & 7, byte & 7);
            let three = next.is_some_and(|next| matches!(next, b'0'..=b'7'));
            out.push(b'\\');
            if three || high != 0 {
                out.push(b'0' + high);
            }
            if three || high != 0 || middle != 0 {
                out.push(b'0' + middle);
            }
            out.push(b'0' + low);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(quoting: Quoting, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        quoting.write(&mut out, bytes);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn control_characters_are_escaped_as_short_as_they_can_be() {
        let plain = Quoting::quoted(HexStrings::Never);
        assert_eq!(text(plain, b"a\x01\x7f8\x029b\xff\"\\\t\n\x0b\x0c\r<>"), r#""a\1\1778\29b\377\"\\\t\n\v\f\r<>""#);
        assert_eq!(text(plain, b"hello \x001\x018\x019\x7f8"), r#""hello \0001\18\19\1778""#);
        assert_eq!(text(plain, b""), r#""""#);
    }

    #[test]
    fn hex_is_for_whole_strings() {
        assert_eq!(text(Quoting::quoted(HexStrings::NonAscii), b"a\n"), r#""a\n""#);
        assert_eq!(text(Quoting::quoted(HexStrings::NonAscii), b"a\x01"), r#""\x61\x01""#);
        assert_eq!(text(Quoting::quoted(HexStrings::All), b"ab"), r#""\x61\x62""#);
        assert_eq!(text(Quoting::quoted(HexStrings::Escapes), b"a\x01\n\xff"), r#""a\x01\n\xff""#);
    }

    #[test]
    fn a_note_can_not_end_itself() {
        assert_eq!(text(Quoting::note(HexStrings::Never), b"/a<b>\n"), r"/a\74b\76\n");
    }
}
