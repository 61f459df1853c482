//! Names as frames of a stack: no name can end a frame, a line or a picture, or pose as one of our own words.

use std::fmt::Write as _;

/// Longest frame, bytes.
const LONGEST: usize = 1024;

/// What is kept of a longer one, bytes.
const KEPT: usize = 1000;

/// A frame without a name.
pub(super) const UNKNOWN: &str = "[unknown]";

/// The frame of a name.
pub fn frame(name: &[u8]) -> String {
    shortened(escaped(name, true))
}

/// Code of a module of which no symbol is known.
pub(super) fn module(name: &[u8]) -> String {
    shortened(format!("[{}]", escaped(name, false)))
}

fn escaped(name: &[u8], guarded: bool) -> String {
    let name = trimmed(name);
    if name.is_empty() {
        return UNKNOWN.to_owned();
    }
    let mut out = String::with_capacity(name.len() + 1);
    // Only a name can begin so: an escape of ours is none.
    if guarded && matches!(name.first(), Some(b'[' | b'\\')) {
        out.push('\\');
    }
    for chunk in name.utf8_chunks() {
        chunk.valid().chars().for_each(|character| push(&mut out, character));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Without Unicode white space at both ends.
fn trimmed(name: &[u8]) -> &[u8] {
    let mut name = name;
    if let Some(first) = name.utf8_chunks().next() {
        let blank = first.valid().len() - first.valid().trim_start().len();
        name = name.get(blank..).unwrap_or_default();
    }
    if let Some(last) = name.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty()) {
        let blank = last.valid().len() - last.valid().trim_end().len();
        name = name.get(..name.len() - blank).unwrap_or_default();
    }
    name
}

fn push(out: &mut String, character: char) {
    let code = u32::from(character);
    let _ = match character {
        space if space.is_whitespace() => write!(out, "_"),
        ';' => write!(out, ":"),
        '\0'..='\x1f' | '\x7f' => write!(out, "\\x{code:02x}"),
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => write!(out, "\\u{{{code:x}}}"),
        _ if is_noncharacter(code) => write!(out, "\\u{{{code:x}}}"),
        other => write!(out, "{other}"),
    };
}

fn is_noncharacter(code: u32) -> bool {
    code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code)
}

fn shortened(frame: String) -> String {
    if frame.len() <= LONGEST {
        return frame;
    }
    let end = (0..=KEPT).rev().find(|end| frame.is_char_boundary(*end)).unwrap_or(0);
    let [a, b, c, d, ..] = *blake3::hash(frame.as_bytes()).as_bytes();
    let kept = frame.get(..end).unwrap_or_default();
    format!("{kept}~{:08x}", u32::from_be_bytes([a, b, c, d]))
}
