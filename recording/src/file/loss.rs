//! Loss: the event that stands where others are missing.

use crate::event::{Kind, Record, text};

/// Makes `record` a `Lost` event of unknown size: what is missing, and why, is in its text.
pub fn lost(record: &mut Record, at: u64, why: &str) {
    record.begin(Kind::Lost, 64, 0, 0, at);
    record.text(text::MAIN, why.as_bytes());
}
