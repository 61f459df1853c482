//! Masks: contents without what is not asserted of them.
//!
//! In: the masks of one stream and verb, and bytes. Out: the bytes that are asserted, to be hashed. Bytes are
//! counted from the start of the object, so that a mask means the same whichever write it falls in; lines and
//! tokens are counted from 1 within the content of one step.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::golden::{Mask, MaskAs, MaskWhere};

/// What is not asserted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContentMasks {
    /// Bytes of the object.
    pub bytes: Vec<Range<u64>>,
    /// Tokens, with what stands there instead.
    pub tokens: BTreeMap<(u64, u64), Option<MaskAs>>,
    /// Whole lines.
    pub lines: BTreeSet<u64>,
    /// The order of the lines.
    pub sorted: bool,
}

impl ContentMasks {
    /// From the lines of a golden.
    pub fn of<'a>(masks: impl IntoIterator<Item = &'a Mask>) -> ContentMasks {
        let mut all = ContentMasks::default();
        for mask in masks {
            match mask.place {
                MaskWhere::All => {}
                MaskWhere::Bytes(from, to) => all.bytes.push(from..to),
                MaskWhere::Line(line) => drop(all.lines.insert(line)),
                MaskWhere::Token(line, token) => drop(all.tokens.insert((line, token), mask.class.clone())),
                MaskWhere::SortedLines => all.sorted = true,
            }
        }
        all.tidy();
        all
    }

    /// Nothing at all?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.tokens.is_empty() && self.lines.is_empty() && !self.sorted
    }

    /// Both.
    pub fn add(&mut self, other: &ContentMasks) {
        self.bytes.extend(other.bytes.iter().cloned());
        for (place, class) in &other.tokens {
            let both = |mine: &Option<MaskAs>| mine.as_ref().zip(class.as_ref()).map(|(a, b)| a.join(b));
            let joined = self.tokens.get(place).map_or_else(|| class.clone(), both);
            self.tokens.insert(*place, joined);
        }
        self.lines.extend(&other.lines);
        self.sorted |= other.sorted;
        self.tidy();
    }

    fn tidy(&mut self) {
        self.bytes.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in self.bytes.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        self.bytes = merged;
    }

    /// The places, in the order of a golden.
    pub fn places(&self) -> Vec<(MaskWhere, Option<MaskAs>)> {
        let bytes = self.bytes.iter().map(|range| (MaskWhere::Bytes(range.start, range.end), None));
        let lines = self.lines.iter().map(|line| (MaskWhere::Line(*line), None));
        let tokens = self.tokens.iter().map(|((line, token), class)| (MaskWhere::Token(*line, *token), class.clone()));
        bytes.chain(lines).chain(tokens).chain(self.sorted.then_some((MaskWhere::SortedLines, None))).collect()
    }

    /// The bytes of a content that begins at `base`, without what is masked.
    pub fn apply(&self, content: &[u8], base: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(content.len());
        let mut at = 0;
        for (range, instead) in self.edits(content, base) {
            if range.start < at {
                continue;
            }
            out.extend_from_slice(content.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(&instead);
            at = range.end;
        }
        out.extend_from_slice(content.get(at..).unwrap_or_default());
        if self.sorted { sorted_lines(&out) } else { out }
    }

    /// How many of these bytes are masked.
    pub fn masked(&self, content: &[u8], base: u64) -> usize {
        self.edits(content, base).iter().map(|(range, _)| range.len()).sum()
    }

    fn edits(&self, content: &[u8], base: u64) -> Vec<(Range<usize>, Vec<u8>)> {
        let end = base.saturating_add(content.len() as u64);
        let inside = |at: u64| (at.clamp(base, end) - base) as usize;
        let cuts = self.bytes.iter().map(|range| (inside(range.start)..inside(range.end), Vec::new()));
        let mut edits: Vec<(Range<usize>, Vec<u8>)> = cuts.filter(|(range, _)| !range.is_empty()).collect();
        if !self.lines.is_empty() || !self.tokens.is_empty() {
            self.edit_lines(content, &mut edits);
        }
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        edits
    }

    fn edit_lines(&self, content: &[u8], edits: &mut Vec<(Range<usize>, Vec<u8>)>) {
        for (number, line) in (1..).zip(lines(content)) {
            if self.lines.contains(&number) {
                edits.push((line, b"*".to_vec()));
                continue;
            }
            if self.tokens.range((number, 0)..(number + 1, 0)).next().is_none() {
                continue;
            }
            for (nth, token) in (1..).zip(tokens(content, line)) {
                let Some(class) = self.tokens.get(&(number, nth)) else { continue };
                let text = content.get(token.clone()).unwrap_or_default();
                if let Some(instead) = stand_in(class.as_ref(), text) {
                    edits.push((token, instead));
                }
            }
        }
    }
}

/// What stands for a token that its class accepts.
fn stand_in(class: Option<&MaskAs>, token: &[u8]) -> Option<Vec<u8>> {
    let Some(class) = class else { return Some(b"*".to_vec()) };
    let accepted = std::str::from_utf8(token).is_ok_and(|text| class.accepts(text));
    accepted.then(|| class.syntax().into_bytes())
}

/// Lines without their line feed.
pub(crate) fn lines(content: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = content.get(at..).filter(|rest| !rest.is_empty())?;
        let len = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let line = at..at + len;
        at = line.end + 1;
        Some(line)
    })
}

/// Tokens of a line: runs of letters, digits and `_`, and every other byte.
pub(crate) fn tokens(content: &[u8], line: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = line.start;
    std::iter::from_fn(move || {
        let rest = content.get(at..line.end).filter(|rest| !rest.is_empty())?;
        let word = rest.iter().take_while(|b| is_word(**b)).count();
        let token = at..at + word.max(1);
        at = token.end;
        Some(token)
    })
}

/// Part of a word?
pub(crate) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The lines in order of their bytes.
pub(crate) fn sorted_lines(content: &[u8]) -> Vec<u8> {
    let mut all: Vec<&[u8]> = lines(content).filter_map(|line| content.get(line)).collect();
    all.sort_unstable();
    all.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{Class, Number};

    #[test]
    fn masked_bytes_are_cut_out_at_the_objects_offsets() {
        let masks = ContentMasks { bytes: std::iter::once(12..14).collect(), ..ContentMasks::default() };
        assert_eq!(masks.apply(b"abcdef", 10), b"abef");
        assert_eq!(masks.apply(b"abcdef", 0), b"abcdef");
        assert_eq!(masks.masked(b"abcdef", 10), 2);
    }

    #[test]
    fn tokens_are_replaced_by_their_class_where_it_fits() {
        let class = MaskAs { class: Class::Digits, len: Some(Number::exactly(2)) };
        let masks = ContentMasks { tokens: [((2, 3), Some(class))].into(), ..ContentMasks::default() };
        assert_eq!(masks.apply(b"a\nt=17;\n", 0), b"a\nt={digits:2};\n");
        assert_eq!(masks.apply(b"a\nt=x7;\n", 0), b"a\nt=x7;\n");
    }

    #[test]
    fn sorted_lines_forget_the_order_only() {
        let masks = ContentMasks { sorted: true, ..ContentMasks::default() };
        assert_eq!(masks.apply(b"b\na\n", 0), masks.apply(b"a\nb\n", 0));
        assert_ne!(masks.apply(b"b\na\n", 0), masks.apply(b"a\nc\n", 0));
    }
}
