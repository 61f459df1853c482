//! Texts of strace: quoted strings with their escapes, and lists cut at their top-level commas.

/// A quoted string read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unquoted {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// `"abc"...`: more bytes followed.
    pub clipped: bool,
}

/// The bytes of `"…"` or `"…"...`; `None` when the text is something else.
pub(super) fn unquote(text: &str) -> Option<Unquoted> {
    let rest = text.strip_prefix('"')?;
    let (inner, clipped) = match rest.strip_suffix("\"...") {
        Some(inner) => (inner, true),
        None => (rest.strip_suffix('"')?, false),
    };
    Some(Unquoted { bytes: unescape(inner)?, clipped })
}

/// What stands between the outer quotes, taken as it is.
pub(super) fn between_quotes(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// Reads the escapes of a C string; a bare quote or a lone backslash is no such string.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return None,
            b'\\' => out.push(escape(&mut bytes)?),
            other => out.push(other),
        }
    }
    Some(out)
}

fn escape(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Option<u8> {
    Some(match bytes.next()? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'a' => 0x07,
        b'b' => 0x08,
        b'x' => {
            let high = hex(bytes.next()?)?;
            high << 4 | hex(bytes.next()?)?
        }
        first @ b'0'..=b'7' => {
            let mut value = u32::from(first - b'0');
            for _ in 0..2 {
                let Some(digit) = bytes.next_if(|byte| matches!(byte, b'0'..=b'7')) else { break };
                value = value * 8 + u32::from(digit - b'0');
            }
            u8::try_from(value).ok()?
        }
        same @ (b'\\' | b'"' | b'\'' | b'?') => same,
        _ => return None,
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Cuts `1, "a, b", {x=1, y=[2, 3]}` at the commas that stand in no quotes and no brackets.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut start) = (0usize, false, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = text.get(start..).unwrap_or_default().trim();
    if !(parts.is_empty() && last.is_empty()) {
        parts.push(last);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_strace() {
        let bytes = |text| unquote(text).map(|unquoted| unquoted.bytes);
        assert_eq!(
            bytes(r#""a\n\t\r\v\f\"\\\0\12\0013\x41\377""#).as_deref(),
            Some(&b"a\n\t\r\x0b\x0c\"\\\0\n\x013A\xff"[..])
        );
        assert_eq!(unquote(r#""abc"..."#), Some(Unquoted { bytes: b"abc".to_vec(), clipped: true }));
        for bad in ["abc", "\"", r#""a"b""#, r#""\q""#, r#""\400""#, r#""\""#] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_are_cut_outside_of_quotes_and_brackets() {
        assert_eq!(split(r#"1, "child", 5"#), ["1", "\"child\"", "5"]);
        assert_eq!(split(r#"{a=1, b=[2, 3]}, "x, \", y", f(1, 2)"#), ["{a=1, b=[2, 3]}", r#""x, \", y""#, "f(1, 2)"]);
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("a,"), ["a", ""]);
    }
}
