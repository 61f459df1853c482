//! Faults: what is wrong with a file, in sentences, few of them however much it is.

use super::restore::Oddities;

/// Sentences kept.
const MOST: usize = 16;

/// What was found so far.
#[derive(Debug, Default)]
pub struct Faults {
    /// The first thing that makes it damaged.
    pub damage: Option<String>,
    notes: Vec<String>,
    more: u64,
}

impl Faults {
    /// Something that makes the recording damaged.
    pub fn damage(&mut self, what: String) {
        self.damage.get_or_insert_with(|| what.clone());
        self.note(what);
    }

    /// Something to know that costs nothing.
    pub fn note(&mut self, what: String) {
        if self.notes.len() < MOST {
            self.notes.push(what);
        } else {
            self.more += 1;
        }
    }

    /// Another recording behind this one.
    pub fn another(&mut self, at: u64) {
        self.note(format!("another recording begins at byte {at}; only the first was read"));
    }

    /// What the records themselves had.
    pub fn odd(&mut self, odd: &Oddities) {
        if odd.missing_strings > 0 {
            self.damage(format!("{} payloads refer to strings that the file does not define", odd.missing_strings));
        }
        if odd.backwards > 0 {
            self.damage(format!("time runs backwards in {} places; the order is that of the numbers", odd.backwards));
        }
        if odd.unknown_kinds > 0 {
            self.note(format!("{} events are of kinds that this version does not know", odd.unknown_kinds));
        }
        if odd.odd_states > 0 {
            self.damage(format!("{} calls are in a state that no finished block holds", odd.odd_states));
        }
    }

    /// All sentences.
    pub fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.notes.push(format!("and {} more of the kind", self.more));
        }
        self.notes
    }
}
