//! Filters: which calls were asked for, as `-e trace=` says it, as bit sets that answer at once.
//!
//! ```text
//! openat          a call by name          %file, file    a class
//! ?newcall        may be unknown          /^open/        all names that match
//! 257             a call by number        all, none
//! openat@64       in one ABI: 64, 32, x32
//! !read           all but; exclusion wins; if the first word has it, all have it
//! ```

mod error;
mod signals;
#[cfg(test)]
mod tests;
mod words;

pub use error::FilterError;
pub use signals::signal_set;

use self::words::Chosen;
use crate::Abi;
use crate::numbers::{NUMBERS, X32_BIT, table};
use crate::set::elements;

/// Words of one set: [`NUMBERS`], and x32's own calls behind them.
const WORDS: usize = NUMBERS / 64 + 1;
/// Patterns in one filter.
const MAX_PATTERNS: usize = 256;

const ABIS: [Abi; 5] = [Abi::X86_64, Abi::I386, Abi::X32, Abi::Aarch64, Abi::Arm];

/// A set of calls, in every ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    sets: [[u64; WORDS]; ABIS.len()],
    /// Numbers without a name, and those beyond the sets.
    unknown: bool,
    /// Names taken in any ABI, sorted.
    names: Vec<&'static str>,
}

impl Filter {
    /// Every call.
    pub fn all() -> Filter {
        Filter::of(|_, _| true, true)
    }

    /// Reads the language above. `trace=` is not part of it.
    ///
    /// # Errors
    /// [`FilterError`] for the first word that can't be understood.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        if text.trim().is_empty() {
            return Err(FilterError::Empty);
        }
        let (mut taken, mut excluded) = (Chosen::default(), Chosen::default());
        let mut only_exclusions = true;
        let mut patterns = 0;
        for element in elements(text) {
            if element.word.is_empty() {
                return Err(FilterError::MissingWord { text: text.to_owned() });
            }
            if element.word.starts_with('/') {
                patterns += 1;
                if patterns > MAX_PATTERNS {
                    return Err(FilterError::TooManyPatterns);
                }
            }
            only_exclusions &= element.excluded;
            let chosen = if element.excluded { &mut excluded } else { &mut taken };
            match chosen.add(element) {
                Err(error) if element.optional && error.is_absence() => {}
                other => other?,
            }
        }
        if only_exclusions {
            taken = Chosen::everything();
        }
        let takes = |abi: usize, nr: usize| taken.has(abi, nr) && !excluded.has(abi, nr);
        Ok(Filter::of(takes, taken.unknown && !excluded.unknown))
    }

    fn of(takes: impl Fn(usize, usize) -> bool, unknown: bool) -> Filter {
        let mut sets = [[0; WORDS]; ABIS.len()];
        let mut names = Vec::new();
        for (at, abi) in ABIS.into_iter().enumerate() {
            let rows = table(abi);
            for nr in 0..WORDS * 64 {
                if !takes(at, nr) {
                    continue;
                }
                if let Some(word) = sets[at].get_mut(nr / 64) {
                    *word |= 1 << (nr % 64);
                }
                names.extend(rows.get(nr).copied().flatten().map(|row| row.name));
            }
        }
        names.sort_unstable();
        names.dedup();
        Filter { sets, unknown, names }
    }

    /// Is this call taken? `nr` is the number as the target gave it.
    pub fn takes(&self, abi: Abi, nr: u64) -> bool {
        let nr = if matches!(abi, Abi::X32) { nr & !X32_BIT } else { nr };
        let set = &self.sets[abi as usize];
        match usize::try_from(nr / 64).ok().and_then(|at| set.get(at)) {
            Some(word) => word >> (nr % 64) & 1 == 1,
            None => self.unknown,
        }
    }

    /// Is a call of this name taken in any ABI? For records that know no numbers.
    pub fn takes_name(&self, name: &str) -> bool {
        self.names.binary_search(&name).is_ok() || (self.unknown && !is_name(name))
    }

    /// Is every call taken, whatever its number?
    pub fn is_all(&self) -> bool {
        self.unknown && self.sets.iter().flatten().all(|word| *word == u64::MAX)
    }

    /// Numbers 0 to 511 of the machine's own ABI.
    pub fn native(&self) -> [u64; NUMBERS / 64] {
        self.lower(if cfg!(target_arch = "aarch64") { Abi::Aarch64 } else { Abi::X86_64 })
    }

    /// Numbers 0 to 511 of i386.
    pub fn i386(&self) -> [u64; NUMBERS / 64] {
        self.lower(Abi::I386)
    }

    /// Are numbers without a name taken, and those beyond the sets?
    pub fn unknown(&self) -> bool {
        self.unknown
    }

    fn lower(&self, abi: Abi) -> [u64; NUMBERS / 64] {
        let set = &self.sets[abi as usize];
        std::array::from_fn(|at| set[at])
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    ABIS.into_iter().flat_map(|abi| table(abi).iter().flatten().map(|row| row.name))
}

fn is_name(word: &str) -> bool {
    names().any(|name| name == word)
}
