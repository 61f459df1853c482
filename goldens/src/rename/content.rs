//! Contents: where the canonical bytes differ from those that were seen, and what that does to offsets.

use std::collections::HashMap;

use regex::bytes::Regex;

use crate::content::{Content, Hash, Shared};

use super::clock::Clock;
use super::substitute::Substitutions;

/// A piece that another text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    pub start: usize,
    pub end: usize,
    pub token: Box<str>,
}

/// Finds what is substituted within texts.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    /// All values, the longest first; `None` when there are none.
    values: Option<Regex>,
    tokens: HashMap<Vec<u8>, Box<str>>,
}

impl Matcher {
    /// For texts from inside or outside of the run.
    pub fn new(
        substitutions: &Substitutions,
        temporaries: &HashMap<Vec<u8>, Box<str>>,
        ports: &HashMap<Vec<u8>, Box<str>>,
        inside: bool,
    ) -> Matcher {
        let mut tokens: HashMap<Vec<u8>, Box<str>> = HashMap::new();
        for (value, name) in substitutions.within(!inside) {
            tokens.insert(value.to_vec(), name.into());
        }
        for (path, hole) in temporaries {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            if name.len() >= 4 {
                tokens.insert(name.to_vec(), hole.clone());
            }
        }
        for (address, hole) in ports {
            if let Some(colon) = address.iter().rposition(|byte| *byte == b':') {
                let host = String::from_utf8_lossy(address.get(..=colon).unwrap_or_default()).into_owned();
                tokens.insert(address.clone(), format!("{host}{hole}").into());
                let port = address.get(colon..).unwrap_or_default();
                tokens.insert([b"localhost", port].concat(), format!("localhost:{hole}").into());
            }
        }
        let mut values: Vec<&Vec<u8>> = tokens.keys().collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let pattern: Vec<String> = values.iter().map(|value| literal(value)).collect();
        let values = (!pattern.is_empty()).then(|| Regex::new(&format!("(?-u:{})", pattern.join("|"))).ok()).flatten();
        Matcher { values, tokens }
    }

    /// The pieces of a text that something stands for, in order, without overlaps.
    pub fn cuts(&self, text: &[u8], clock: Option<&Clock>) -> Vec<Cut> {
        let mut cuts = self.values(text);
        if let Some(clock) = clock {
            cuts.extend(clock.within(text));
            cuts.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
            let mut end = 0;
            cuts.retain(|cut| {
                let fits = cut.start >= end;
                end = end.max(if fits { cut.end } else { end });
                fits
            });
        }
        cuts
    }

    fn values(&self, text: &[u8]) -> Vec<Cut> {
        let Some(values) = &self.values else { return Vec::new() };
        let mut cuts = Vec::new();
        let mut from = 0;
        while let Some(found) = values.find_at(text, from) {
            from = found.end();
            if !stands_alone(text, found.start(), found.end()) {
                from = found.start().saturating_add(1);
                continue;
            }
            if let Some(token) = self.tokens.get(found.as_bytes()) {
                cuts.push(Cut { start: found.start(), end: found.end(), token: token.clone() });
            }
        }
        cuts
    }
}

/// A literal of any bytes as a pattern.
fn literal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(4 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "\\x{byte:02x}");
        out
    })
}

/// Is it a whole component, not the beginning or end of a longer one?
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let within =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let dotted = text.get(end) == Some(&b'.') && within(text.get(end.saturating_add(1)));
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let option = text.get(start) == Some(&b'/') && start >= 2 && text.get(start - 2) == Some(&b'-');
    let preceded = within(before) || before == Some(&b'.') && text.get(start) == Some(&b'/');
    !within(text.get(end)) && !dotted && (!preceded || option)
}

/// Canonical content.
#[derive(Debug, Clone)]
pub(crate) struct Canonical {
    pub bytes: Shared,
    /// Of the bytes, where it is known already.
    hash: Option<Hash>,
    /// Replaced pieces: from, to as seen; from, to as canonical.
    cuts: Vec<(u64, u64, u64, u64)>,
}

impl Canonical {
    /// With these pieces replaced.
    pub fn new(bytes: &[u8], cuts: Vec<Cut>) -> Canonical {
        if cuts.is_empty() { Canonical::unchanged(bytes.into(), None) } else { Canonical::replaced(bytes, cuts) }
    }

    /// The same of bytes that are shared already, with their hash: what is not changed is neither copied nor hashed.
    pub fn of_shared(bytes: &Shared, hash: Option<Hash>, cuts: Vec<Cut>) -> Canonical {
        if cuts.is_empty() { Canonical::unchanged(bytes.clone(), hash) } else { Canonical::replaced(bytes, cuts) }
    }

    fn unchanged(bytes: Shared, hash: Option<Hash>) -> Canonical {
        Canonical { bytes, hash, cuts: Vec::new() }
    }

    fn replaced(bytes: &[u8], cuts: Vec<Cut>) -> Canonical {
        let mut out = Vec::with_capacity(bytes.len());
        let mut kept = Vec::with_capacity(cuts.len());
        let mut at = 0;
        for cut in cuts {
            out.extend_from_slice(bytes.get(at..cut.start).unwrap_or_default());
            let from = out.len() as u64;
            out.extend_from_slice(cut.token.as_bytes());
            kept.push((cut.start as u64, cut.end as u64, from, out.len() as u64));
            at = cut.end;
        }
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        Canonical { bytes: out.into(), hash: None, cuts: kept }
    }

    /// Where an offset lies in the canonical bytes; within a replaced piece, at its begin.
    pub fn offset(&self, raw: u64) -> u64 {
        let next = self.cuts.partition_point(|cut| cut.0 < raw);
        match next.checked_sub(1).and_then(|at| self.cuts.get(at)) {
            None => raw,
            Some((_, end, from, _)) if raw < *end => *from,
            Some((_, end, _, to)) => to.saturating_add(raw - end),
        }
    }

    /// All of it, when that is from here to there.
    pub fn whole(&self, from: u64, to: u64) -> Option<Content> {
        (from == 0 && to == self.bytes.len() as u64).then(|| Content {
            len: to,
            hash: Some(self.hash.unwrap_or_else(|| Hash::of(&self.bytes))),
            bytes: Some(self.bytes.clone()),
        })
    }

    /// These canonical bytes.
    pub fn slice(&self, from: u64, to: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str, value: &str, token: &str) -> Canonical {
        let temporaries = HashMap::from([(format!("/x/{value}").into_bytes(), token.into())]);
        let matcher = Matcher::new(&Substitutions::default(), &temporaries, &HashMap::new(), true);
        Canonical::new(text.as_bytes(), matcher.cuts(text.as_bytes(), None))
    }

    #[test]
    fn offsets_follow_the_canonical_bytes() {
        let content = canonical("ab tmp.Xy12 cd", "tmp.Xy12", "{TMP1}");
        assert_eq!(&*content.bytes, b"ab {TMP1} cd");
        let offsets: Vec<u64> = [0, 3, 5, 11, 14].iter().map(|raw| content.offset(*raw)).collect();
        assert_eq!(offsets, [0, 3, 3, 9, 12]);
    }

    #[test]
    fn a_part_of_a_longer_name_stays() {
        assert_eq!(
            &*canonical("tmp.Xy123 atmp.Xy12 tmp.Xy12-a", "tmp.Xy12", "{TMP1}").bytes,
            b"tmp.Xy123 atmp.Xy12 tmp.Xy12-a"
        );
        assert_eq!(&*canonical("'tmp.Xy12'.", "tmp.Xy12", "{TMP1}").bytes, b"'{TMP1}'.");
    }
}
