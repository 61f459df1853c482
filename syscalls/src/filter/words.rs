//! Words of a filter: what each of them chooses.

use regex::RegexBuilder;

use super::{ABIS, FilterError, WORDS, is_name, names};
use crate::numbers::{NUMBERS, table};
use crate::set::Element;
use crate::{Abi, Classes, Syscall, nearest};

/// Bytes that one compiled pattern may take.
const MAX_PATTERN_SIZE: usize = 1 << 20;

/// Names that programmers know from the C library, and the calls that do it here.
const LIBRARY_NAMES: [(&str, &str); 10] = [
    ("pread", "pread64"),
    ("pwrite", "pwrite64"),
    ("fstatat", "newfstatat"),
    ("send", "sendto"),
    ("recv", "recvfrom"),
    ("sbrk", "brk"),
    ("getdirentries", "getdents64"),
    ("fadvise", "fadvise64"),
    ("posix_fadvise", "fadvise64"),
    ("prlimit", "prlimit64"),
];

/// What the words of one kind (taken or excluded) choose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Chosen {
    sets: [[u64; WORDS]; ABIS.len()],
    pub(super) unknown: bool,
}

impl Chosen {
    pub(super) fn everything() -> Chosen {
        Chosen { sets: [[u64::MAX; WORDS]; ABIS.len()], unknown: true }
    }

    pub(super) fn has(&self, abi: usize, nr: usize) -> bool {
        self.sets[abi].get(nr / 64).is_some_and(|word| word >> (nr % 64) & 1 == 1)
    }

    fn set(&mut self, abi: Abi, nr: usize) {
        if let Some(word) = self.sets[abi as usize].get_mut(nr / 64) {
            *word |= 1 << (nr % 64);
        }
    }

    pub(super) fn add(&mut self, element: Element<'_>) -> Result<(), FilterError> {
        let whole = element.word;
        let (word, abis) = split_abi(whole)?;
        match word {
            "" => return Err(FilterError::MissingWord { text: whole.to_owned() }),
            "all" if abis.len() == ABIS.len() => *self = Chosen::everything(),
            "all" => abis.iter().for_each(|abi| self.sets[*abi as usize] = [u64::MAX; WORDS]),
            "none" => {}
            _ if word.starts_with('/') => self.add_pattern(word, abis)?,
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => self.add_number(whole, word, abis)?,
            _ => match class_of(word) {
                Some(class) => {
                    self.add_rows(abis, |row| row.classes.any(class));
                }
                None if word.starts_with('%') => return Err(unknown_class(whole, word)),
                None if self.add_rows(abis, |row| row.name == word) => {}
                None if is_name(word) => return Err(FilterError::NotInAbi { word: whole.to_owned() }),
                None => return Err(unknown_call(whole, word)),
            },
        }
        Ok(())
    }

    /// Adds the rows that `wanted` says; was there any?
    fn add_rows(&mut self, abis: &[Abi], wanted: impl Fn(&Syscall) -> bool) -> bool {
        let mut any = false;
        for abi in abis {
            for (nr, row) in table(*abi).iter().enumerate() {
                if row.is_some_and(&wanted) {
                    self.set(*abi, nr);
                    any = true;
                }
            }
        }
        any
    }

    fn add_number(&mut self, whole: &str, word: &str, abis: &[Abi]) -> Result<(), FilterError> {
        let of_x32 = |nr: usize| abis == [Abi::X32] && nr < table(Abi::X32).len();
        match word.parse::<usize>() {
            Ok(nr) if nr < NUMBERS || of_x32(nr) => {
                abis.iter().for_each(|abi| self.set(*abi, nr));
                Ok(())
            }
            _ => Err(FilterError::Number { word: whole.to_owned() }),
        }
    }

    fn add_pattern(&mut self, word: &str, abis: &[Abi]) -> Result<(), FilterError> {
        let body = word.strip_prefix('/').unwrap_or(word);
        let body = body.strip_suffix('/').unwrap_or(body);
        let bad = |why: String| FilterError::Pattern { word: word.to_owned(), why };
        if body.is_empty() {
            return Err(bad("it is empty".into()));
        }
        // The compiler's message is a drawing of several lines whose last says what is wrong.
        let pattern = RegexBuilder::new(body).size_limit(MAX_PATTERN_SIZE).build().map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            bad(last.strip_prefix("error: ").unwrap_or(last).to_owned())
        })?;
        match self.add_rows(abis, |row| pattern.is_match(row.name)) {
            true => Ok(()),
            false => Err(FilterError::NoMatch { word: word.to_owned() }),
        }
    }
}

/// The word before `@`, and the ABIs meant.
fn split_abi(whole: &str) -> Result<(&str, &'static [Abi]), FilterError> {
    // A pattern may hold `@`; its ABI stands behind the closing slash.
    let from = if whole.starts_with('/') { whole.rfind('/').unwrap_or(0) } else { 0 };
    let Some(at) = whole.get(from..).and_then(|tail| tail.rfind('@')).map(|at| from + at) else {
        return Ok((whole, &ABIS));
    };
    let (word, abi) = (whole.get(..at).unwrap_or_default(), whole.get(at + 1..).unwrap_or_default());
    let abis: &[Abi] = match abi {
        "64" => &[Abi::X86_64, Abi::Aarch64],
        "32" => &[Abi::I386, Abi::Arm],
        "x32" => &[Abi::X32],
        _ => return Err(FilterError::UnknownAbi { abi: abi.to_owned(), word: whole.to_owned() }),
    };
    Ok((word.trim_end(), abis))
}

/// `%file`; and without `%` those that are no call's name (or, as `signal`, only a 32-bit one's).
fn class_of(word: &str) -> Option<Classes> {
    match word.strip_prefix('%') {
        Some(name) => Classes::by_name(name),
        None if matches!(word, "stat" | "lstat" | "fstat" | "statfs" | "fstatfs") => None,
        None => Classes::by_name(word),
    }
}

fn unknown_call(whole: &str, word: &str) -> FilterError {
    let library = LIBRARY_NAMES.iter().find(|(name, _)| *name == word).map(|(_, call)| *call);
    let classes = Classes::ALL.iter().map(|(name, _)| *name).filter(|name| !name.starts_with('%'));
    let nearest = library.or_else(|| nearest(word, names().chain(classes))).map(str::to_owned);
    FilterError::UnknownCall { word: whole.to_owned(), nearest }
}

fn unknown_class(whole: &str, word: &str) -> FilterError {
    let name = word.strip_prefix('%').unwrap_or(word);
    let nearest = nearest(name, Classes::ALL.iter().map(|(known, _)| *known)).map(|known| format!("%{known}"));
    FilterError::UnknownClass { word: whole.to_owned(), nearest }
}
