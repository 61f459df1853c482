//! Numbers that other tools round: an id or a seed, and its hex form beside it.

use recording::json::{Fault, Parsed, Parser};

use super::Notes;
use super::fields::{is_rounded, within};

/// A number as it is written, and its hex form where there is one, each with its place.
pub(super) struct Pair<'t> {
    pub key: &'static str,
    pub hex_key: &'static str,
    pub at: usize,
    pub text: &'t str,
    pub hex: Option<(usize, u128)>,
}

/// Hex digits, exactly so many.
pub(super) fn hex(text: &str, digits: usize) -> Option<u128> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// Which number was meant; the parser stands behind the object of both.
pub(super) fn settle(parser: &Parser<'_>, notes: &mut Notes, pair: Pair<'_>) -> Parsed<u128> {
    let Pair { key, hex_key, at, text, hex } = pair;
    let written = if is_rounded(text) { None } else { text.parse::<u128>().ok() };
    match (written, hex) {
        (Some(value), None) => Ok(value),
        (Some(value), Some((_, exact))) if value == exact => Ok(value),
        // As an integer it is compared by what a double makes of both.
        (_, Some((_, exact))) if text.parse::<f64>().is_ok_and(|double| double == exact as f64) => {
            notes.add(format!("{key} was rounded to a double by another tool; {hex_key} used"));
            Ok(exact)
        }
        (_, Some((hex_at, exact))) => Err(differs(parser, hex_at, key, hex_key, text, exact)),
        (None, None) => {
            let words = format!("{key} is {text}: it was rounded by another tool, and there is no {hex_key} beside it");
            Err(within(parser, at, key, words))
        }
    }
}

#[cold]
fn differs(parser: &Parser<'_>, at: usize, key: &str, hex_key: &str, text: &str, exact: u128) -> Box<Fault> {
    let words = format!("{hex_key} is {exact:x}, which is another {key} than {text}");
    within(parser, at, hex_key, words)
}
