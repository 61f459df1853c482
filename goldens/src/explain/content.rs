//! Content: where two contents differ, in words.

use std::collections::BTreeSet;

use super::words;
use crate::masks::lines;

/// Lines of both sides together that a finding shows.
const LINES: usize = 20;

/// Two contents, as far as their bytes are known.
pub(super) struct Contrast<'a> {
    pub before: Option<&'a [u8]>,
    pub after: Option<&'a [u8]>,
    /// Lengths, where known.
    pub lengths: (Option<u64>, Option<u64>),
}

impl Contrast<'_> {
    /// `content differs at byte 11: ...`, `3 bytes longer (16, was 13)`.
    pub fn sentence(&self) -> String {
        let longer = match self.lengths {
            (Some(before), Some(after)) if before != after => {
                let by = words::bytes(before.abs_diff(after));
                Some((format!("{by} {}", if after > before { "longer" } else { "shorter" }), before, after))
            }
            _ => None,
        };
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return match longer {
                Some((by, before, after)) => format!("{by} ({after}, was {before})"),
                None => "content differs".into(),
            };
        };
        let at = common_prefix(before, after);
        if at == before.len().min(after.len())
            && let Some((by, before, after)) = longer
        {
            return format!("{by} ({after}, was {before})");
        }
        let (was, is) = parts(before, after, at);
        let line =
            line_of(before, at).filter(|line| *line > 1).map(|line| format!(", line {line}")).unwrap_or_default();
        let lengths = longer.map(|(_, before, after)| format!(" ({}, was {before})", words::bytes(after)));
        format!(
            "content differs at byte {at}{line}: {} -> {}{}",
            words::quoted(was),
            words::quoted(is),
            lengths.unwrap_or_default()
        )
    }

    /// For output: by line. `None` when it is no text or not known.
    pub fn output(&self) -> Option<Output> {
        let (before, after) = (self.before?, self.after?);
        let split = |content| -> Vec<&[u8]> { lines(content).filter_map(|line| content.get(line)).collect() };
        let (a, b) = (split(before), split(after));
        let sorted = |lines: &Vec<&[u8]>| -> Vec<Vec<u8>> {
            let mut sorted: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
            sorted.sort_unstable();
            sorted
        };
        if a != b && sorted(&a) == sorted(&b) {
            let moved: Vec<usize> = (0..a.len()).filter(|at| a.get(*at) != b.get(*at)).collect();
            return Some(match moved.as_slice() {
                [x, y] => Output::Order(format!("lines {},{} swapped", x + 1, y + 1)),
                _ => Output::Order("same lines in another order".into()),
            });
        }
        let at = (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at))?;
        Some(Output::Bytes(match (a.get(at), b.get(at)) {
            (Some(was), Some(is)) => {
                let from = common_prefix(was, is).saturating_sub(usize::from(was.len().max(is.len()) <= 32) * 32);
                let lengths = self
                    .lengths
                    .0
                    .zip(self.lengths.1)
                    .filter(|(a, b)| a != b && a_lines_differ(&self.before, &self.after));
                let lengths = lengths.map(|(a, b)| format!(" ({}, was {a})", words::bytes(b))).unwrap_or_default();
                let part = |line: &[u8]| words::quoted(line.get(from..).unwrap_or(line));
                format!("line {}: {} -> {}{lengths}", at + 1, part(was), part(is))
            }
            (None, Some(is)) => {
                format!("line {}: {} more: {}", at + 1, lines_more(b.len() - a.len()), words::quoted(is))
            }
            (Some(was), None) => format!("ends after line {at}, was followed by {}", words::quoted(was)),
            (None, None) => return None,
        }))
    }

    /// The lines that differ, of both sides.
    pub fn sides(&self) -> (Vec<String>, Vec<String>) {
        let (Some(before), Some(after)) = (self.before, self.after) else {
            let length = |len: Option<u64>| len.map(words::bytes).into_iter().collect();
            return (length(self.lengths.0), length(self.lengths.1));
        };
        let split = |content: &[u8]| -> Vec<String> {
            lines(content).filter_map(|line| content.get(line)).map(shown_line).collect()
        };
        let (a, b) = (split(before), split(after));
        let prefix = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        let rest = a.len().min(b.len()) - prefix;
        let suffix = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let window = |lines: Vec<String>| {
            let end = lines.len() - suffix;
            lines.into_iter().take(end).skip(prefix).take(LINES / 2).collect()
        };
        (window(a), window(b))
    }
}

/// What became of output.
pub(super) enum Output {
    Bytes(String),
    Order(String),
}

fn a_lines_differ(before: &Option<&[u8]>, after: &Option<&[u8]>) -> bool {
    let count = |content: &Option<&[u8]>| content.map(|content| lines(content).count());
    count(before) != count(after)
}

fn lines_more(n: usize) -> String {
    if n == 1 { "1 line".into() } else { format!("{n} lines") }
}

fn shown_line(line: &[u8]) -> String {
    let short = line.get(..200).unwrap_or(line);
    words::printable(short)
}

/// `GET /in2` and `GET /in1`: the line of the difference, up to the end of the word that differs.
pub(super) fn request(before: &[u8], after: &[u8]) -> (String, String) {
    let at = common_prefix(before, after);
    let start = before.get(..at).and_then(|head| head.iter().rposition(|b| *b == b'\n')).map_or(0, |at| at + 1);
    let word = |content: &[u8]| {
        let rest = content.get(at..).unwrap_or_default();
        let end = at + rest.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        words::quoted(content.get(start..end).unwrap_or_default())
    };
    (word(before), word(after))
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Both sides from the first difference on, without their common end.
fn parts<'a>(before: &'a [u8], after: &'a [u8], at: usize) -> (&'a [u8], &'a [u8]) {
    let (a, b) = (before.get(at..).unwrap_or_default(), after.get(at..).unwrap_or_default());
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let cut = suffix.min(a.len()).min(b.len());
    (a.get(..a.len() - cut).unwrap_or_default(), b.get(..b.len() - cut).unwrap_or_default())
}

fn line_of(content: &[u8], at: usize) -> Option<usize> {
    let text = std::str::from_utf8(content).is_ok() && !content.contains(&0);
    text.then(|| content.iter().take(at).filter(|b| **b == b'\n').count() + 1)
}

/// The bytes at which contents of several runs differ: `bytes 7..12`.
pub(crate) fn varying(contents: &BTreeSet<&[u8]>) -> String {
    let lengths: BTreeSet<usize> = contents.iter().map(|content| content.len()).collect();
    let Some(first) = contents.first() else { return "content".into() };
    if lengths.len() > 1 {
        return "length and content".into();
    }
    let differs = |at: &usize| contents.iter().any(|content| content.get(*at) != first.get(*at));
    let places: Vec<usize> = (0..first.len()).filter(differs).collect();
    match (places.first(), places.last()) {
        (Some(from), Some(to)) => format!("bytes {from}..{}", to + 1),
        _ => "content".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast<'a>(before: &'a str, after: &'a str) -> Contrast<'a> {
        let lengths = (Some(before.len() as u64), Some(after.len() as u64));
        Contrast { before: Some(before.as_bytes()), after: Some(after.as_bytes()), lengths }
    }

    fn output(before: &str, after: &str) -> String {
        match contrast(before, after).output() {
            Some(Output::Bytes(text)) => text,
            Some(Output::Order(text)) => format!("order: {text}"),
            None => "none".into(),
        }
    }

    #[test]
    fn contents_differ_in_words() {
        assert_eq!(contrast("payload-1234\n", "payload-1235\n").sentence(), "content differs at byte 11: `4` -> `5`");
        assert_eq!(contrast("abc", "abcdef").sentence(), "3 bytes longer (6, was 3)");
        assert_eq!(
            contrast("a\nxc\n", "a\nyyc\n").sentence(),
            "content differs at byte 2, line 2: `x` -> `yy` (6 bytes, was 5)"
        );
        assert_eq!(output("child\nok\n", "child\nno\n"), "line 2: `ok` -> `no`");
        assert_eq!(output("child\nok\ndone\n", "child\ndone\nok\n"), "order: lines 2,3 swapped");
        assert_eq!(output("a\nb\nc\n", "c\na\nb\n"), "order: same lines in another order");
        assert_eq!(
            request(b"GET /in1 HTTP/1.0\r\n", b"GET /in2 HTTP/1.0\r\n"),
            ("`GET /in1`".into(), "`GET /in2`".into())
        );
    }
}
