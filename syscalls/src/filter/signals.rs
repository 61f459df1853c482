//! Sets of signals, in the same language.

use super::FilterError;
use crate::set::elements;
use crate::{nearest, signal};

/// A set of signals as `-e signal=` names it: `all`, `none`, names with or without `SIG` in any case, numbers, `!`.
/// Bit N-1 of the result is signal N.
///
/// # Errors
/// [`FilterError`] for the first word that is no signal.
pub fn signal_set(text: &str) -> Result<u64, FilterError> {
    let (mut taken, mut excluded, mut only_exclusions) = (0, 0, true);
    for element in elements(text) {
        let set = match element.word {
            "" => return Err(FilterError::MissingWord { text: text.to_owned() }),
            "all" => u64::MAX,
            "none" => 0,
            word => match signal_number(word) {
                Some(signal @ 1..=64) => 1 << (signal - 1),
                _ if element.optional => 0,
                _ => return Err(unknown_signal(word)),
            },
        };
        only_exclusions &= element.excluded;
        *(if element.excluded { &mut excluded } else { &mut taken }) |= set;
    }
    Ok(if only_exclusions { !excluded } else { taken & !excluded })
}

fn signal_number(word: &str) -> Option<u32> {
    word.parse().ok().or_else(|| signal::by_name(&word.to_ascii_uppercase()))
}

fn unknown_signal(word: &str) -> FilterError {
    let short = word.to_ascii_uppercase();
    let short = short.strip_prefix("SIG").unwrap_or(&short);
    let known = (1..=64).filter_map(signal::name).map(|name| name.strip_prefix("SIG").unwrap_or(name));
    let nearest = nearest(short, known).map(|name| format!("SIG{name}"));
    FilterError::UnknownSignal { word: word.to_owned(), nearest }
}
