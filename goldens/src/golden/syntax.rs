//! Syntax: which words of the file are values, names, numbers and hashes, each in its one spelling.

use super::fold::LONGEST;
use super::words::{self, Word, shown};
use super::{Class, MaskAs, Number, Presence};
use crate::content::Hash;
use crate::model::{Arg, ProcKey};
use crate::value::Value;

/// What is wrong with a word.
pub(crate) type Complaint = String;

/// Greatest number of a golden: 2^63.
const NUMBER_MOST: u64 = 1 << 63;

/// A decimal number without leading zeros.
pub(crate) fn number(word: &str) -> Result<u64, Complaint> {
    if word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{} is no number", shown(word)));
    }
    if word.len() > 1 && word.starts_with('0') {
        return Err(format!("{} has a leading zero", shown(word)));
    }
    word.parse().ok().filter(|n| *n <= NUMBER_MOST).ok_or_else(|| format!("{} is above 2^63", shown(word)))
}

/// A number that fits a smaller type.
pub(crate) fn small<T: TryFrom<u64>>(word: &str) -> Result<T, Complaint> {
    T::try_from(number(word)?).map_err(|_| format!("{} is too large here", shown(word)))
}

/// `3` or `[2..5]`.
pub(crate) fn number_or_range(word: &str) -> Result<Number, Complaint> {
    let Some(inner) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        let n = number(word)?;
        return Ok(Number { low: n, high: n });
    };
    let (low, high) = inner.split_once("..").ok_or_else(|| format!("{} is no range", shown(word)))?;
    let (low, high) = (number(low)?, number(high)?);
    ascending(low, high, word)?;
    Ok(Number { low, high })
}

/// Ranges end behind where they begin; a range of one value is written as that value.
fn ascending(low: u64, high: u64, word: &str) -> Result<(), Complaint> {
    match low.cmp(&high) {
        std::cmp::Ordering::Less => Ok(()),
        std::cmp::Ordering::Equal => Err(format!("{} holds one value: write {low}", shown(word))),
        std::cmp::Ordering::Greater => Err(format!("{} ends before it begins", shown(word))),
    }
}

/// `?`, `x3`, `x[2..5]`; `None` for a word that is none of these.
pub(crate) fn presence(word: &str) -> Result<Option<Presence>, Complaint> {
    if word == "?" {
        return Ok(Some(Presence::Optional));
    }
    let Some(times) = word.strip_prefix('x').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '['))
    else {
        return Ok(None);
    };
    let number = number_or_range(times)?;
    if number.high == 0 {
        return Err("x0 is never there".into());
    }
    Ok(Some(Presence::Times(number)))
}

/// `x50:4`: the next four lines stand fifty times.
pub(crate) fn block(word: &str) -> Result<Option<(usize, usize)>, Complaint> {
    let Some((times, len)) = word.strip_prefix('x').and_then(|rest| rest.split_once(':')) else { return Ok(None) };
    let (times, len): (u32, u32) = (small(times)?, small(len)?);
    if times < 2 || !(2..=LONGEST as u32).contains(&len) {
        return Err(format!("{} is no block: twice or more 2 to {LONGEST} lines", shown(word)));
    }
    Ok(Some((times as usize, len as usize)))
}

/// 32 lower-case hex digits, without `b3:`.
fn hex_hash(word: &str) -> Option<Hash> {
    let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
    if word.len() != 32 || !word.as_bytes().iter().all(digit) {
        return None;
    }
    u128::from_str_radix(word, 16).ok().map(|bits| Hash(bits.to_be_bytes()))
}

/// `b3:…` or `b3:*`.
pub(crate) fn hash(word: &str) -> Result<Option<Hash>, Complaint> {
    let digits = word.strip_prefix("b3:").ok_or_else(|| format!("{} is no hash: b3: is missing", shown(word)))?;
    if digits == "*" {
        return Ok(None);
    }
    let wrong = || format!("{} is no hash: b3: and 32 digits 0-9a-f, or b3:*", shown(word));
    hex_hash(digits).map(Some).ok_or_else(wrong)
}

/// A hash that must be known.
pub(crate) fn known_hash(word: &str) -> Result<Hash, Complaint> {
    hash(word)?.ok_or_else(|| "b3:* says nothing here".into())
}

/// Letters, digits and `_.-`.
pub(crate) fn name(word: &str) -> Result<&str, Complaint> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if !word.is_empty() && word.bytes().all(allowed) {
        return Ok(word);
    }
    Err(format!("{} is no name", shown(word)))
}

/// The name of a substitution.
pub(crate) fn substitution(word: &str) -> Result<&str, Complaint> {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(allowed) {
        return Ok(word);
    }
    Err(format!("{} is no name of a substitution: capital letters, digits, _", shown(word)))
}

/// The key of a process.
pub(crate) fn process(word: &str) -> Result<ProcKey, Complaint> {
    let wrong = |why: &str| Err(format!("{} is no process: {why}", shown(word)));
    let Some(rest) = word.strip_prefix('P') else { return wrong("it does not begin with P") };
    let mut segments = rest.split('/');
    if segments.next() != Some("") {
        return wrong("behind P stands / or nothing");
    }
    for segment in segments {
        if segment.is_empty() {
            return wrong("a name between slashes is empty");
        }
        scan(segment, Allowed { substitutions: false, holes: false })?;
    }
    Ok(ProcKey(word.into()))
}

/// The key of a thread: `t0.1`.
pub(crate) fn thread(word: &str) -> Result<&str, Complaint> {
    let parts = word.strip_prefix('t').ok_or_else(|| format!("{} is no thread: t0, t0.1", shown(word)))?;
    parts.split('.').try_for_each(|part| number(part).map(drop))?;
    Ok(word)
}

/// A value in its one spelling.
pub(crate) fn value(word: &str) -> Result<Value, Complaint> {
    match word {
        "*" | super::print::EMPTY => {}
        "" => return Err("a value is missing: two blanks in a row, or one at the end".into()),
        _ if word.starts_with('!') => return Err(format!("{} begins with !: write %21", shown(word))),
        _ if word == "%22%22" => {}
        _ => match one_of(word) {
            Some(alternatives) => in_order(&alternatives, word)?,
            None => scan(word, Allowed { substitutions: true, holes: true })?,
        },
    }
    Ok(Value::from_syntax(word))
}

/// The alternatives of `{a|b}`.
pub(crate) fn one_of(word: &str) -> Option<Vec<&str>> {
    let inner = word.strip_prefix('{')?.strip_suffix('}')?;
    inner.contains('|').then(|| inner.split('|').collect())
}

/// Two or three alternatives, each once, ascending.
pub(crate) fn in_order(alternatives: &[&str], word: &str) -> Result<(), Complaint> {
    if !(2..=3).contains(&alternatives.len()) {
        return Err(format!("{} has {} alternatives: two or three are possible", shown(word), alternatives.len()));
    }
    for alternative in alternatives {
        if alternative.is_empty() {
            return Err(format!("{} has an empty alternative", shown(word)));
        }
        scan(alternative, Allowed { substitutions: false, holes: false })?;
    }
    if alternatives.is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    Err(format!("the alternatives of {} are not sorted, or one stands twice", shown(word)))
}

/// What a text may hold beside its characters (classes may stand in all).
#[derive(Clone, Copy)]
struct Allowed {
    substitutions: bool,
    holes: bool,
}

/// Reads characters, escapes, substitutions, classes and holes to the end.
fn scan(word: &str, allowed: Allowed) -> Result<(), Complaint> {
    let mut rest = word;
    let mut behind_substitution = false;
    while let Some(byte) = rest.bytes().next() {
        let taken = match byte {
            b'%' => escape(rest, behind_substitution, word.len() == rest.len())?,
            b'$' if allowed.substitutions => 1 + substitution_length(rest)?,
            b'{' => brace(rest, allowed.holes)?,
            _ if behind_substitution && (byte.is_ascii_alphanumeric() || byte == b'_') => {
                return Err(format!("write %{byte:02X} for \"{}\" behind a substitution", char::from(byte)));
            }
            0x21..=0x7e if !b"%;$*?{}[]|<".contains(&byte) => 1,
            _ => {
                return Err(format!(
                    "{} holds {}: write %{byte:02X}",
                    shown(word),
                    shown(&char::from(byte).to_string())
                ));
            }
        };
        behind_substitution = byte == b'$';
        rest = rest.get(taken..).ok_or_else(|| format!("{} is cut", shown(word)))?;
    }
    Ok(())
}

/// `%XX` of a byte that may not stand as it is. Its length.
fn escape(rest: &str, behind_substitution: bool, first: bool) -> Result<usize, Complaint> {
    let digits = rest.get(1..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'A'..=b'F')));
    let wrong = || format!("{} is no escape: % and two digits 0-9A-F", shown(rest.get(..3).unwrap_or(rest)));
    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or_else(wrong)?;
    let plain = matches!(byte, 0x21..=0x7e) && !b"%;$*?{}[]|<".contains(&byte);
    let needed =
        !plain || (behind_substitution && (byte.is_ascii_alphanumeric() || byte == b'_')) || (first && byte == b'!');
    if needed { Ok(3) } else { Err(format!("%{byte:02X} is written {}", char::from(byte))) }
}

/// Length of the name behind `$`.
fn substitution_length(rest: &str) -> Result<usize, Complaint> {
    let named = rest.bytes().skip(1).take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_').count();
    match rest.as_bytes().get(1) {
        Some(first) if first.is_ascii_uppercase() => Ok(named),
        _ => Err("$ without the name of a substitution: a dollar sign is written %24".into()),
    }
}

/// A class or a hole. Its length.
fn brace(rest: &str, holes: bool) -> Result<usize, Complaint> {
    let end = rest.find('}').ok_or_else(|| format!("{} is not closed", shown(rest)))?;
    let inner = rest.get(1..end).unwrap_or_default();
    if !(holes && is_hole(inner)) {
        class(inner)?;
    }
    Ok(end + 1)
}

/// `TMP1`, `EP2`, `PID`, `clock:rfc1123`.
fn is_hole(inner: &str) -> bool {
    let numbered = inner.strip_prefix("TMP").or_else(|| inner.strip_prefix("EP"));
    inner == "PID"
        || numbered.is_some_and(|digits| number(digits).is_ok())
        || inner.strip_prefix("clock:").is_some_and(|format| name(format).is_ok())
}

/// `hex`, `hex:38`, `hex:2-9`.
pub(crate) fn class(inner: &str) -> Result<MaskAs, Complaint> {
    let (word, len) = match inner.split_once(':') {
        Some((word, len)) => (word, Some(lengths(len)?)),
        None => (inner, None),
    };
    Ok(MaskAs { class: Class::of_word(word)?, len })
}

fn lengths(word: &str) -> Result<Number, Complaint> {
    let Some((low, high)) = word.split_once('-') else {
        let n = number(word)?;
        return Ok(Number { low: n, high: n });
    };
    let (low, high) = (number(low)?, number(high)?);
    ascending(low, high, word)?;
    Ok(Number { low, high })
}

/// `a`, `{a|b}` or `*` of a closed set of words.
pub(crate) fn word_of(word: &str, known: &'static [&'static str], what: &str) -> Result<Box<str>, Complaint> {
    let alternatives = match one_of(word) {
        Some(alternatives) => {
            in_order(&alternatives, word)?;
            alternatives
        }
        None if word == "*" => vec![],
        None => vec![word],
    };
    for alternative in alternatives {
        if !known.contains(&alternative) {
            return Err(words::unknown(what, alternative, known.iter().copied()));
        }
    }
    Ok(word.into())
}

/// An argument of a step or a call. A text that would be read as a broken hash, span or field has its first
/// byte escaped.
pub(crate) fn arg(word: &str) -> Result<Arg, Complaint> {
    match without_first_escape(word) {
        Some(plain) if plain_arg(&plain).is_err() => {
            scan(plain.get(1..).unwrap_or_default(), Allowed { substitutions: true, holes: true })?;
            Ok(Arg::Word(Value::from_syntax(word)))
        }
        _ => plain_arg(word),
    }
}

/// A word whose first byte is an escape that no value needs, without that escape.
fn without_first_escape(word: &str) -> Option<String> {
    let byte = u8::from_str_radix(word.strip_prefix('%')?.get(..2)?, 16).ok()?;
    let plain = matches!(byte, 0x22..=0x7e) && !b"%;$*?{}[]|<".contains(&byte);
    plain.then(|| format!("{}{}", char::from(byte), word.get(3..).unwrap_or_default()))
}

fn plain_arg(word: &str) -> Result<Arg, Complaint> {
    if word.starts_with("b3:") {
        return hash(word).map(Arg::Hash);
    }
    if let Some(span) = span(word)? {
        return Ok(span);
    }
    if let Some((field, text)) = word.split_once('=')
        && name(field).is_ok()
    {
        return Ok(Arg::Field(field.into(), field_value(text)?));
    }
    value(word).map(Arg::Word)
}

/// The value of a field: `=` and nothing behind it is an empty one.
fn field_value(text: &str) -> Result<Value, Complaint> {
    if text.is_empty() {
        return Err("a value is missing behind =: an empty one is written \"\"".into());
    }
    value(text)
}

/// `0..13`, `0..*`; `None` for a word that is no span.
fn span(word: &str) -> Result<Option<Arg>, Complaint> {
    let Some((from, to)) = word.split_once("..") else { return Ok(None) };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(from) || !(to == "*" || digits(to)) {
        return Ok(None);
    }
    let from = number(from)?;
    if to == "*" {
        return Ok(Some(Arg::Span(from, None)));
    }
    let to = number(to)?;
    if from > to {
        return Err(format!("{} ends before it begins", shown(word)));
    }
    Ok(Some(Arg::Span(from, Some(to))))
}

/// `ENOENT`, `unfinished`.
pub(crate) fn errno(word: &str) -> Result<&str, Complaint> {
    let known = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if word == "unfinished" || word.strip_prefix('E').is_some_and(known) {
        return Ok(word);
    }
    Err(format!("{} is no error: E and capital letters, or unfinished", shown(word)))
}

impl Arg {
    /// What the parser makes of one argument word in golden syntax; `None` when it is none.
    pub fn of_syntax(word: &str) -> Option<Arg> {
        arg(word).ok()
    }

    /// An argument of this value. A value that looks like a field, a span or a hash is one, as it is for
    /// the parser, so that what was observed and what was read are equal.
    pub fn word(value: Value) -> Arg {
        let text = value.as_str();
        match (Arg::of_syntax(text), text.bytes().next(), text.get(1..)) {
            (Some(arg), ..) => arg,
            (None, Some(first), Some(rest)) => Arg::Word(Value::from_syntax(format!("%{first:02X}{rest}"))),
            (None, ..) => Arg::Word(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_spelling() {
        for good in [
            "$CWD/conf",
            "*",
            "\"\"",
            "%22%22",
            "%21x",
            "x!y",
            "$CWD%66oo",
            "$CWD/{TMP1}",
            "{hex:2}/{hex:3-38}",
            "{PID}",
            "{clock:rfc1123}",
            "{a|b}",
            "a%20b",
            "127.0.0.1:{EP1}->:443",
            "{digits}",
        ] {
            assert_eq!(value(good).map(|v| v.to_string()), Ok(good.to_owned()));
        }
        for (bad, says) in [
            ("", "missing"),
            ("a b", "%20"),
            ("%41", "is written A"),
            ("%4a", "no escape"),
            ("%4", "no escape"),
            ("!x", "write %21"),
            ("$CWDfoo", "write %66"),
            ("a$", "%24"),
            ("{nix}", "unknown class"),
            ("{hex:9-3}", "ends before"),
            ("{hex:3-3}", "write 3"),
            ("{b|a}", "not sorted"),
            ("{a|a}", "twice"),
            ("{a|b|c|d}", "4 alternatives"),
            ("{hex", "not closed"),
            ("é", "%C3"),
            ("x*", "%2A"),
            ("{TMP01}", "unknown class"),
        ] {
            let complaint = value(bad).expect_err(bad);
            assert!(complaint.contains(says), "{bad}: {complaint}");
        }
    }

    #[test]
    fn arguments_are_told_apart() {
        assert_eq!(arg("0..13"), Ok(Arg::Span(0, Some(13))));
        assert_eq!(arg("5..*"), Ok(Arg::Span(5, None)));
        assert_eq!(arg("b3:*"), Ok(Arg::Hash(None)));
        assert!(matches!(arg("exit=0"), Ok(Arg::Field(name, _)) if &*name == "exit"));
        assert!(matches!(arg("$CWD/a=b"), Ok(Arg::Word(_))));
        assert!(arg("9..3").is_err());
        assert!(arg("b3:12").is_err());
        assert_eq!(Arg::word(Value::literal(b"a=b")), Arg::Field("a".into(), Value::literal(b"b")));
        for literal in [&b"b3:x"[..], b"9..3", b"x=", b"x=!y", b"=", b"a=b", b"0..1", b"01..2"] {
            let word = Arg::word(Value::literal(literal));
            assert_eq!(arg(&word.to_string()), Ok(word.clone()), "{word}");
        }
        assert_eq!(Arg::word(Value::literal(b"b3:x")).to_string(), "%623:x");
        assert!(arg("%61bc").is_err(), "an escape that nothing needs");
    }

    #[test]
    fn literals_are_what_the_parser_takes() {
        for bytes in [&b"!x"[..], b"\"\"", b"", b"a b", b"\xff\x00", b"$HOME", b"{a|b}", b"x?*", b"%"] {
            let literal = Value::literal(bytes);
            assert_eq!(value(literal.as_str()), Ok(literal.clone()), "{bytes:?}");
        }
    }

    #[test]
    fn numbers_and_presences_have_one_spelling() {
        assert_eq!(number("9223372036854775808"), Ok(1 << 63));
        for bad in ["", "01", "-1", "9223372036854775809", "99999999999999999999999", "0x1"] {
            assert!(number(bad).is_err(), "{bad}");
        }
        for (word, good) in
            [("[2..5]", true), ("[5..2]", false), ("[3..3]", false), ("3", true), ("[2-5]", false), ("[..]", false)]
        {
            assert_eq!(number_or_range(word).is_ok(), good, "{word}");
        }
        assert_eq!(presence("?"), Ok(Some(Presence::Optional)));
        assert_eq!(presence("open"), Ok(None));
        assert_eq!(presence("xattr"), Ok(None));
        assert!(presence("x0").is_err() && presence("x[0..0]").is_err());
        assert_eq!(presence("x[0..2]"), Ok(Some(Presence::Times(Number { low: 0, high: 2 }))));
    }
}
