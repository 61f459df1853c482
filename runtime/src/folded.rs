//! Folded stacks: names made safe, weights made whole microseconds.

use std::collections::BTreeMap;

/// Longer frames are cut.
const LONGEST_FRAME: usize = 1_024;
const KEPT_OF_LONG: usize = 1_000;

/// The line for time in which nothing was traced.
pub const IDLE: &str = "[idle]";

enum Piece {
    Char(char),
    Byte(u8),
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_noncharacter(c: char) -> bool {
    u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// A name from a program as a frame: it can neither end a frame or a line, nor pose as one of ours.
pub fn frame(name: &[u8]) -> String {
    let mut pieces: Vec<Piece> = Vec::new();
    for chunk in name.utf8_chunks() {
        pieces.extend(chunk.valid().chars().map(Piece::Char));
        pieces.extend(chunk.invalid().iter().copied().map(Piece::Byte));
    }
    let is_blank = |piece: &Piece| matches!(piece, Piece::Char(c) if c.is_whitespace());
    let from = pieces.iter().position(|piece| !is_blank(piece)).unwrap_or(pieces.len());
    let to = pieces.iter().rposition(|piece| !is_blank(piece)).map_or(from, |last| last + 1);
    let pieces = pieces.get(from..to).unwrap_or_default();
    let mut frame = match pieces.first() {
        None => return "[unknown]".to_owned(),
        Some(Piece::Char('[' | '\\')) => "\\".to_owned(),
        Some(_) => String::new(),
    };
    for piece in pieces {
        match piece {
            Piece::Byte(byte) => frame.push_str(&format!("\\x{byte:02x}")),
            Piece::Char(c) if c.is_whitespace() => frame.push('_'),
            Piece::Char(';') => frame.push(':'),
            Piece::Char(c) if c.is_ascii_control() => frame.push_str(&format!("\\x{:02x}", u32::from(*c))),
            Piece::Char(c) if c.is_control() || is_bidi(*c) || is_noncharacter(*c) => {
                frame.push_str(&format!("\\u{{{:x}}}", u32::from(*c)));
            }
            Piece::Char(c) => frame.push(*c),
        }
    }
    if frame.len() <= LONGEST_FRAME { frame } else { shortened(&frame) }
}

fn shortened(frame: &str) -> String {
    let kept = (0..=KEPT_OF_LONG).rev().find_map(|end| frame.get(..end)).unwrap_or_default();
    let hash = blake3::hash(frame.as_bytes()).to_hex();
    format!("{kept}~{}", hash.get(..8).unwrap_or_default())
}

/// Whole microseconds whose sum is the sum of all, to the nearest: what rounding down leaves goes, one each, to
/// those that lost most.
pub fn rounded(ns: &BTreeMap<String, u128>) -> BTreeMap<&str, u128> {
    let all: u128 = ns.values().sum();
    let mut whole: BTreeMap<&str, u128> = ns.iter().map(|(stack, ns)| (stack.as_str(), ns / 1_000)).collect();
    let missing = (all + 500) / 1_000 - whole.values().sum::<u128>();
    let mut by_rest: Vec<(&str, u128)> = ns.iter().map(|(stack, ns)| (stack.as_str(), ns % 1_000)).collect();
    by_rest.sort_by(|(a, rest_a), (b, rest_b)| rest_b.cmp(rest_a).then(a.cmp(b)));
    for (stack, _) in by_rest.iter().take(usize::try_from(missing).unwrap_or(usize::MAX)) {
        *whole.entry(stack).or_default() += 1;
    }
    whole.retain(|_, weight| *weight != 0);
    whole
}

/// The file: a line for each stack.
pub fn text(ns: &BTreeMap<String, u128>) -> String {
    rounded(ns).iter().map(|(stack, weight)| format!("{stack} {weight}\n")).collect()
}
