//! USDT: the probes that a program has by itself (`sys/sdt.h`), as its file tells of them.
//!
//! A note of type 3 and name `stapsdt` in `.note.stapsdt` holds three addresses (of the probe, of `.stapsdt.base` when the
//! note was made, of a semaphore or 0) and three texts that end in NUL: provider, name, arguments.

use std::path::Path;

use object::{Object, ObjectSection};

use crate::symbols::elf_parts;

/// Most probes of a file.
const MOST: usize = 10_000;
const TYPE: u32 = 3;
const NAME: &[u8] = b"stapsdt\0";

/// A probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usdt {
    /// Whose.
    pub provider: Vec<u8>,
    /// Its name.
    pub name: Vec<u8>,
    /// Address in the file.
    pub address: u64,
    /// Address of the 16-bit word that counts who listens.
    pub semaphore: Option<u64>,
    /// Where its arguments are.
    pub arguments: Vec<u8>,
}

/// Names of the two ends of a span.
const PAIRS: &[(&str, &str)] = &[("__entry", "__return"), ("__start", "__done"), ("__begin", "__end")];

/// The probes of a file.
///
/// # Errors
/// Why it can't be read.
pub fn of_file(path: &Path) -> Result<Vec<Usdt>, String> {
    let parts = elf_parts::open(path)?;
    let file = elf_parts::parse(&parts)?;
    let base = file.section_by_name(".stapsdt.base").map(|section| section.address());
    let mut found = Vec::new();
    for section in file.sections().filter(|section| section.name_bytes() == Ok(b".note.stapsdt")) {
        found.extend(notes(section.data().unwrap_or_default(), base));
    }
    found.truncate(MOST);
    Ok(found)
}

/// The probes of such a section. `base`: address of `.stapsdt.base`. What is cut ends them.
pub fn notes(mut bytes: &[u8], base: Option<u64>) -> Vec<Usdt> {
    let mut found = Vec::new();
    while let Some((note, rest)) = note(bytes) {
        bytes = rest;
        if note.kind == TYPE && note.name == NAME {
            found.extend(probe(note.body, base));
        }
    }
    found
}

/// A note (elf(5), Elf64_Nhdr).
struct Note<'b> {
    kind: u32,
    name: &'b [u8],
    body: &'b [u8],
}

/// The first note, and what follows it. Name and body are padded to four bytes.
fn note(bytes: &[u8]) -> Option<(Note<'_>, &[u8])> {
    let ([name, body, kind], rest) = words(bytes)?;
    let padded = |len: u32| usize::try_from(len).ok()?.checked_next_multiple_of(4);
    let (held, rest) = rest.split_at_checked(padded(name)?)?;
    // The last one may have lost its padding.
    let until = padded(body)?.min(rest.len());
    let (text, rest) = rest.split_at_checked(until)?;
    Some((Note { kind, name: held.get(..name as usize)?, body: text.get(..body as usize)? }, rest))
}

fn words(bytes: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<12>()?;
    let (words, _) = head.as_chunks::<4>();
    Some((std::array::from_fn(|i| words.get(i).map_or(0, |word| u32::from_le_bytes(*word))), rest))
}

fn probe(body: &[u8], base: Option<u64>) -> Option<Usdt> {
    let (head, rest) = body.split_first_chunk::<24>()?;
    let (words, _) = head.as_chunks::<8>();
    let word = |i: usize| words.get(i).map_or(0, |word| u64::from_le_bytes(*word));
    let (pc, then, semaphore) = (word(0), word(1), word(2));
    // The file was moved as a whole since (prelink).
    let moved = base.map_or(0, |base| base.wrapping_sub(then));
    let mut texts = rest.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let (provider, name) = (texts.next()?, texts.next()?);
    Some(Usdt {
        provider,
        name,
        address: pc.wrapping_add(moved),
        semaphore: (semaphore != 0).then(|| semaphore.wrapping_add(moved)),
        arguments: texts.next().unwrap_or_default(),
    })
}

/// Which end of a span a probe is: the name without its ending, and whether it is the first.
pub fn end_of_span(name: &[u8]) -> Option<(&[u8], bool)> {
    PAIRS.iter().find_map(|(first, last)| {
        let begins = name.strip_suffix(first.as_bytes()).map(|span| (span, true));
        begins.or_else(|| name.strip_suffix(last.as_bytes()).map(|span| (span, false)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A note as the assembler writes it.
    fn made(words: [u64; 3], texts: &str) -> Vec<u8> {
        let body = 24 + texts.len();
        let mut bytes: Vec<u8> = [8, body as u32, TYPE].into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend_from_slice(NAME);
        bytes.extend(words.into_iter().flat_map(u64::to_le_bytes));
        bytes.extend_from_slice(texts.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn notes_say_where_probes_are() {
        let bytes = [
            made([0x1200, 0x2000, 0x4010], "shop\0sell__begin\08@%rdi\0"),
            made([0x1220, 0x2000, 0], "shop\0sell__end\0\0"),
        ]
        .concat();
        let found = notes(&bytes, Some(0x2100));
        let [first, last] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.address, first.semaphore), (0x1300, Some(0x4110)));
        assert_eq!((first.provider.as_slice(), first.arguments.as_slice()), (&b"shop"[..], &b"8@%rdi"[..]));
        assert_eq!((last.address, last.semaphore), (0x1320, None));
        assert_eq!(end_of_span(&first.name), Some((&b"sell"[..], true)));
        assert_eq!(end_of_span(&last.name), Some((&b"sell"[..], false)));
        assert_eq!(end_of_span(b"sell"), None);
    }

    #[test]
    fn the_vectors_are_read() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/perf-json/usdt.vectors.json");
        let Ok(text) = std::fs::read_to_string(place) else {
            println!("skipped: samples not here");
            return;
        };
        let field = |name: &str| {
            let (_, rest) = text.split_once(&format!("\"{name}\": ")).expect("a field");
            rest.trim_start_matches('"').split(['"', ',']).next().expect("a value").to_owned()
        };
        let hex = field("note_section_hex");
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect();
        let found = notes(&bytes, field("stapsdt_base_address").parse().ok());
        let shown: Vec<_> = found
            .iter()
            .map(|probe| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                (text(&probe.name), probe.address, probe.semaphore, text(&probe.arguments))
            })
            .collect();
        let expected = [
            ("parse__start".to_owned(), 8505, Some(20496), "8@%rdi -4@$7".to_owned()),
            ("parse__done".to_owned(), 8533, None, String::new()),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_cut_or_damaged_ends_them() {
        let whole = made([1, 2, 3], "a\0b\0c\0");
        for len in 0..whole.len() {
            assert!(notes(&whole[..len], Some(2)).len() <= 1, "{len}");
        }
        let mut huge = whole.clone();
        huge[..8].fill(0xff);
        assert_eq!(notes(&huge, None), []);
    }
}
