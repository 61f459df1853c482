//! What varies in a content, and how much is masked for it.
//!
//! A content never becomes one-of: few variants predict more of them. Exact, then byte ranges (all lengths
//! equal), then tokens (same lines, same tokens per line), then the same lines in any order, then anything.
//! What varied is widened to the whole token, date, time, UUID or number it lies in, and in binary content to
//! the aligned word of 4 bytes: neighbours that did not vary within seconds will.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::golden::MaskAs;
use crate::masks::{ContentMasks, is_word, lines, sorted_lines, tokens};

/// Masks beyond so many say nothing any more.
const MOST: usize = 256;

/// Contents of several runs side by side.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Varied {
    /// The same bytes.
    Not,
    /// The same but for these.
    Within(ContentMasks),
    /// Nothing in common that could be said.
    Wholly,
}

/// What varies in these contents, which begin at `base` of their object.
pub(super) fn vary(contents: &BTreeSet<&[u8]>, base: u64) -> Varied {
    if contents.len() < 2 {
        return Varied::Not;
    }
    if let Some(varied) = reordered(contents) {
        return varied;
    }
    let lengths: BTreeSet<usize> = contents.iter().map(|content| content.len()).collect();
    let masks = if lengths.len() == 1 { byte_masks(contents, base) } else { token_masks(contents) };
    match masks {
        Some(masks) if masks.bytes.len() + masks.tokens.len() <= MOST => Varied::Within(masks),
        _ => Varied::Wholly,
    }
}

/// The same lines in another order. When only some runs are so, every order of some lines is to be expected,
/// together with what else varies: nothing can be said.
fn reordered(contents: &BTreeSet<&[u8]>) -> Option<Varied> {
    let sorted: BTreeSet<Vec<u8>> = contents.iter().map(|content| sorted_lines(content)).collect();
    if sorted.len() == 1 {
        return Some(Varied::Within(ContentMasks { sorted: true, ..ContentMasks::default() }));
    }
    (sorted.len() < contents.len()).then_some(Varied::Wholly)
}

fn byte_masks(contents: &BTreeSet<&[u8]>, base: u64) -> Option<ContentMasks> {
    let first = *contents.first()?;
    let varies = |at: &usize| contents.iter().any(|content| content.get(*at) != first.get(*at));
    let mut masked: BTreeSet<usize> = (0..first.len()).filter(varies).collect();
    let binary = contents.iter().any(|content| content.contains(&0));
    for content in contents {
        let wider = widened(content, &masked);
        masked.extend(wider);
    }
    if binary {
        let tokens = binary_clocks(first);
        let words: BTreeSet<usize> = masked.iter().map(|at| word_of(*at, base as usize, &tokens)).collect();
        masked.extend(words.iter().flat_map(|word| *word..word.saturating_add(4)));
        masked.retain(|at| *at < first.len());
    }
    // Where words and what stands between them take each other's places, half the bytes and more are no words that
    // vary but texts through each other, and that the rest was the same is chance.
    let shape = |at: usize| contents.iter().map(move |content| content.get(at).copied().is_some_and(is_word));
    let misshapen = |at: &usize| shape(*at).any(|word| Some(word) != shape(*at).next());
    if !binary && masked.len() * 2 > first.len() && masked.iter().any(misshapen) {
        return None;
    }
    let mut masks = ContentMasks::default();
    masks.add(&ContentMasks { bytes: ranges(&masked, base), ..ContentMasks::default() });
    Some(masks)
}

/// Where clock tokens stand for words of 4 or 8 bytes.
fn binary_clocks(content: &[u8]) -> Vec<Range<usize>> {
    const HEAD: &[u8] = b"{clock:u";
    let begins = content.windows(HEAD.len()).enumerate().filter(|(_, window)| *window == HEAD).map(|(at, _)| at);
    let end = |at: usize| content.iter().skip(at).position(|byte| *byte == b'}').map(|len| at..at + len + 1);
    begins.filter_map(end).collect()
}

/// The beginning of the aligned word that a byte lies in: aligned as the bytes were before clock tokens, which have
/// another length, took the places of words.
fn word_of(at: usize, base: usize, tokens: &[Range<usize>]) -> usize {
    let drift: usize = tokens.iter().filter(|token| token.end <= at).map(|token| token.len()).sum();
    let within = (at + base).wrapping_sub(drift) % 4;
    at.saturating_sub(within)
}

fn ranges(places: &BTreeSet<usize>, base: u64) -> Vec<Range<u64>> {
    places.iter().map(|at| base + *at as u64..base + *at as u64 + 1).collect()
}

/// Every place of the tokens, dates, times and numbers that these places touch.
fn widened(content: &[u8], places: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for &at in places {
        if all.contains(&at) || !content.get(at).copied().is_some_and(is_word) {
            continue;
        }
        let before = content.iter().take(at).rev().take_while(|b| is_word(**b)).count();
        let after = content.iter().skip(at).take_while(|b| is_word(**b)).count();
        all.extend(at - before..at + after);
    }
    for found in whole_things(content) {
        if places.range(found.clone()).next().is_some() {
            all.extend(found);
        }
    }
    all
}

/// Dates, times, UUIDs and numbers with a fraction.
fn whole_things(content: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    static THINGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let day = r"\d{4}-\d\d-\d\d";
        let time = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?";
        let zone = r"(?:Z| ?[+-]\d\d:?\d\d| GMT)?";
        let month = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
        let uuid = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}";
        Regex::new(&format!(
            r"(?-u){uuid}|{day}(?:[T ]{time}{zone})?|(?:[A-Z][a-z]{{2}},? )?(?:{month} +\d{{1,2}}|\d{{1,2}}[ -]{month}[ -]\d{{4}})(?: {time}{zone})?(?: \d{{4}})?|{time}{zone}|\d+\.\d+"
        ))
        .ok()
    });
    THINGS.iter().flat_map(move |things| things.find_iter(content).map(|found| found.range()))
}

/// Tokens that vary, when all have the same lines and tokens.
fn token_masks(contents: &BTreeSet<&[u8]>) -> Option<ContentMasks> {
    let split: Vec<Vec<Vec<Range<usize>>>> =
        contents.iter().map(|content| lines(content).map(|line| tokens(content, line).collect()).collect()).collect();
    let shape = |all: &Vec<Vec<Range<usize>>>| all.iter().map(Vec::len).collect::<Vec<_>>();
    let first = split.first()?;
    let ends = |content: &&[u8]| content.ends_with(b"\n");
    if split.iter().any(|all| shape(all) != shape(first))
        || contents.iter().map(ends).collect::<BTreeSet<_>>().len() > 1
    {
        return None;
    }
    let mut masks = BTreeMap::new();
    for (line, count) in shape(first).into_iter().enumerate() {
        mask_line(contents, &split, line, count, &mut masks)?;
    }
    Some(ContentMasks { tokens: masks, ..ContentMasks::default() })
}

type Tokens = BTreeMap<(u64, u64), Option<MaskAs>>;

fn mask_line(
    contents: &BTreeSet<&[u8]>,
    split: &[Vec<Vec<Range<usize>>>],
    line: usize,
    count: usize,
    masks: &mut Tokens,
) -> Option<()> {
    let token = |run: usize, content: &[u8], nth: usize| -> Option<(Range<usize>, Vec<u8>)> {
        let range = split.get(run)?.get(line)?.get(nth)?.clone();
        Some((range.clone(), content.get(range)?.to_vec()))
    };
    let texts = |nth: usize| -> Option<BTreeSet<Vec<u8>>> {
        contents.iter().enumerate().map(|(run, content)| Some(token(run, content, nth)?.1)).collect()
    };
    let mut varying: BTreeSet<usize> = BTreeSet::new();
    for nth in 0..count {
        if texts(nth)?.len() > 1 {
            varying.insert(nth);
        }
    }
    let mut wide = varying.clone();
    for (run, content) in contents.iter().enumerate().filter(|_| !varying.is_empty()) {
        let places: BTreeSet<usize> =
            varying.iter().filter_map(|nth| Some(token(run, content, *nth)?.0.start)).collect();
        let wider = widened(content, &places);
        let covered = |nth: &usize| token(run, content, *nth).is_some_and(|(range, _)| wider.contains(&range.start));
        wide.extend((0..count).filter(covered));
    }
    for nth in wide {
        let texts = texts(nth)?;
        let words: Vec<String> = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        if words.iter().all(|word| word.bytes().all(is_word)) {
            masks.insert((line as u64 + 1, nth as u64 + 1), Some(MaskAs::of(words.iter().map(String::as_str))));
        } else if texts.len() > 1 {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(contents: &[&str]) -> Varied {
        vary(&contents.iter().map(|content| content.as_bytes()).collect(), 0)
    }

    fn places(varied: Varied) -> Vec<String> {
        let Varied::Within(masks) = varied else { return vec![format!("{varied:?}")] };
        let syntax = |class: Option<MaskAs>| class.map(|class| class.syntax()).unwrap_or_default();
        masks.places().into_iter().map(|(place, class)| format!("{place:?} {}", syntax(class)).trim().into()).collect()
    }

    #[test]
    fn a_digit_that_varied_masks_its_token() {
        assert_eq!(places(of(&["id 1234 x\n", "id 1235 x\n"])), ["Bytes(3, 7)"]);
    }

    #[test]
    fn a_second_that_varied_masks_the_whole_date() {
        assert_eq!(places(of(&["at 2024-05-06 10:11:12\n", "at 2024-05-06 10:11:13\n"])), ["Bytes(3, 22)"]);
    }

    #[test]
    fn a_byte_of_binary_content_masks_its_word() {
        let (mut a, mut b) = (vec![0u8; 32], vec![0u8; 32]);
        (a[13], b[13]) = (200, 201);
        assert_eq!(places(vary(&[a.as_slice(), b.as_slice()].into(), 0)), ["Bytes(12, 16)"]);
    }

    #[test]
    fn words_behind_a_clock_are_aligned_as_they_were() {
        let content = |inode: u8| [&b"DIRC{clock:u32be}"[..], &[0, 0, 0x98, inode, 0, 0, 0, 0]].concat();
        let (a, b) = (content(0xc1), content(0xd2));
        assert_eq!(places(vary(&[a.as_slice(), b.as_slice()].into(), 0)), ["Bytes(17, 21)"]);
    }

    #[test]
    fn tokens_of_other_lengths_become_their_class() {
        assert_eq!(places(of(&["took 9 ms\n", "took 12 ms\n"])), ["Token(1, 3) {digits:1-2}"]);
    }

    #[test]
    fn lines_in_another_order_are_sorted() {
        assert_eq!(places(of(&["a\nb\nc\n", "b\na\nc\n"])), ["SortedLines"]);
        assert_eq!(of(&["a\nb\n", "b\na\n", "a\nc\n"]), Varied::Wholly);
    }

    #[test]
    fn texts_through_each_other_are_anything() {
        assert_eq!(of(&["one: no two\n: no\n", "two: one:\n no no\n"]), Varied::Wholly);
        // Numbers may be padded, and a word may be all there is.
        assert_eq!(places(of(&["took  9 ms of all\n", "took 12 ms of all\n"])), ["Bytes(5, 7)"]);
        assert_eq!(places(of(&["4f0a\n", "97bc\n"])), ["Bytes(0, 4)"]);
    }

    #[test]
    fn few_variants_of_another_shape_are_anything() {
        assert_eq!(of(&["a b\n", "a\n"]), Varied::Wholly);
    }
}
