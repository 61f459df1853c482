//! Values: names, arguments and other texts in the syntax of the golden file.
//!
//! A value is canonical and escaped once, where it is made, and then compared as text. Bytes outside of the
//! visible ASCII range and the characters of the syntax are `%XX`; `$NAME` is a substitution, `{TMP1}`,
//! `{EP1}`, `{PID}`, `{clock:…}` are holes, `{hex:38}` is a class, `*` alone is anything.

use std::fmt;
use std::sync::Arc;

/// One value. Runs hold the same few names many times over: a copy is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(Arc<str>);

impl Value {
    /// These bytes, as they are.
    pub fn literal(bytes: &[u8]) -> Value {
        if bytes == b"\"\"" {
            return Value("%22%22".into());
        }
        let mut out = String::with_capacity(bytes.len());
        push_literal(&mut out, bytes);
        Value::from_syntax(out)
    }

    /// Text that is already in the syntax; the caller vouches for it.
    pub(crate) fn from_syntax(text: impl Into<Arc<str>>) -> Value {
        let text = text.into();
        if text.is_empty() { Value("\"\"".into()) } else { Value(text) }
    }

    /// The bytes that it stands for; `None` for one with substitutions, holes, classes or alternatives.
    pub fn literal_bytes(&self) -> Option<Vec<u8>> {
        if self.as_str() == "\"\"" {
            return Some(Vec::new());
        }
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.as_str();
        while let Some(byte) = rest.bytes().next() {
            let taken = match byte {
                b'%' => {
                    bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
                    3
                }
                b'$' | b'{' | b'*' => return None,
                byte => {
                    bytes.push(byte);
                    1
                }
            };
            rest = rest.get(taken..)?;
        }
        Some(bytes)
    }

    /// In the syntax of the golden file.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Escapes bytes behind `out`, which may end in a substitution: then a letter, digit or `_` that follows at
/// once is escaped too. So is a `!` at the very beginning, where an errno would stand.
pub(crate) fn push_literal(out: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        let plain = matches!(byte, 0x21..=0x7e) && !b"%;$*?{}[]|<".contains(&byte) && !(byte == b'!' && out.is_empty());
        if plain && !(continues_name(byte) && ends_in_substitution(out)) {
            out.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `$NAME` at the very end: a `$` is never literal, so the last one begins a name.
fn ends_in_substitution(out: &str) -> bool {
    match out.rfind('$') {
        Some(at) => out.as_bytes().get(at + 1..).is_some_and(|name| name.iter().all(|b| continues_name(*b))),
        None => false,
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
