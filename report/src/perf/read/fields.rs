//! Values of one key: what they may be, and what is said of others.

use std::collections::BTreeMap;

use recording::json::{Fault, Parsed, Parser, Value, What, push_key};

use crate::perf::Micros;

/// Longest piece of a value that a message shows, characters.
const SHOWN: usize = 60;

/// What a count must be.
const WHOLE: &str = "a whole number from 0 on is needed";

/// A fault of the value that is being read: `cpu_us is -5; …`.
#[cold]
pub(super) fn unfit(parser: &Parser<'_>, at: usize, found: &str, needed: &str) -> Box<Fault> {
    parser.fault_at(at, What::Unfit(format!("{} is {found}; {needed}", name(&parser.pointer()))))
}

/// The last step of a pointer, as a message names it.
fn name(pointer: &str) -> String {
    match pointer.rsplit('/').next().unwrap_or_default() {
        "" => "the document".to_owned(),
        step if step.bytes().all(|byte| byte.is_ascii_digit()) => format!("element {step}"),
        step => step.replace("~1", "/").replace("~0", "~").escape_debug().to_string(),
    }
}

/// A key that has to be there.
pub(super) fn need<T>(parser: &Parser<'_>, at: usize, value: Option<T>, key: &str) -> Parsed<T> {
    value.ok_or_else(|| within(parser, at, key, format!("{key} is missing")))
}

/// A fault of a key of the object that is being read.
#[cold]
pub(super) fn within(parser: &Parser<'_>, at: usize, key: &str, words: String) -> Box<Fault> {
    let mut fault = parser.fault_at(at, What::Unfit(words));
    for step in key.split('/') {
        push_key(&mut fault.pointer, step);
    }
    fault
}

/// Where the next value begins.
pub(super) fn begins(parser: &mut Parser<'_>) -> usize {
    parser.peek();
    parser.at()
}

/// What stands here instead of what is needed, in words.
fn shown(value: &Value<'_>) -> String {
    let clipped = |text: &str| {
        let mut out: String = text.chars().take(SHOWN).collect();
        if text.chars().nth(SHOWN).is_some() {
            out.push('…');
        }
        out
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(text) => clipped(text),
        Value::Text(text) => format!("\"{}\"", clipped(text).escape_debug()),
        other => format!("an {}", other.kind()),
    }
}

/// A value that is neither object nor array; those are named and not kept.
fn plain<'t>(parser: &mut Parser<'t>, needed: &str) -> Parsed<Value<'t>> {
    let first = parser.peek();
    match first {
        Some(b'{') => Err(unfit(parser, parser.at(), "an object", needed)),
        Some(b'[') => Err(unfit(parser, parser.at(), "an array", needed)),
        _ => parser.value().map(|node| node.value),
    }
}

/// A number as it is written; `None` for `null`.
fn number<'t>(parser: &mut Parser<'t>, needed: &str) -> Parsed<Option<&'t str>> {
    let at = begins(parser);
    match plain(parser, needed)? {
        Value::Null => Ok(None),
        Value::Number(text) => Ok(Some(text)),
        other => Err(unfit(parser, at, &shown(&other), needed)),
    }
}

/// A whole number that is written as one, or with zeros behind its point.
fn digits(text: &str) -> Option<u128> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

/// A whole number up to a largest one; `10.0` is 10.
pub(super) fn whole(parser: &mut Parser<'_>, largest: u128) -> Parsed<Option<u128>> {
    let at = begins(parser);
    let Some(text) = number(parser, WHOLE)? else { return Ok(None) };
    match digits(text).filter(|value| *value <= largest) {
        Some(value) => Ok(Some(value)),
        None => Err(beyond(parser, at, text, largest)),
    }
}

#[cold]
fn beyond(parser: &Parser<'_>, at: usize, text: &str, largest: u128) -> Box<Fault> {
    let needed = format!("a whole number from 0 to {largest} is needed");
    unfit(parser, at, &shown(&Value::Number(text)), &needed)
}

/// A whole number of 64 bits, or `null`.
pub(super) fn count(parser: &mut Parser<'_>) -> Parsed<Option<u64>> {
    Ok(whole(parser, u64::MAX.into())?.and_then(|value| u64::try_from(value).ok()))
}

/// A whole number of 128 bits, or `null`.
pub(super) fn nanos(parser: &mut Parser<'_>) -> Parsed<Option<u128>> {
    whole(parser, u128::MAX)
}

/// An id or a seed: its text, for it may have been rounded.
pub(super) fn exact<'t>(parser: &mut Parser<'t>, largest: u128) -> Parsed<(usize, &'t str)> {
    let at = begins(parser);
    match number(parser, WHOLE)? {
        Some(text) if is_rounded(text) || text.parse::<u128>().is_ok_and(|value| value <= largest) => Ok((at, text)),
        Some(text) => Err(beyond(parser, at, text, largest)),
        None => Err(unfit(parser, at, "null", WHOLE)),
    }
}

/// Is it written as only a tool writes it that holds numbers as doubles?
pub(super) fn is_rounded(text: &str) -> bool {
    text.contains(['.', 'e', 'E'])
}

/// A finite number from 0 on, or `null`.
pub(super) fn float(parser: &mut Parser<'_>) -> Parsed<Option<f64>> {
    const NEEDED: &str = "a finite number from 0 on is needed";
    let at = begins(parser);
    let Some(text) = number(parser, NEEDED)? else { return Ok(None) };
    match text.parse().ok().and_then(Micros::new) {
        Some(value) => Ok(Some(value.get())),
        None => Err(unfit(parser, at, &shown(&Value::Number(text)), NEEDED)),
    }
}

/// Microseconds, or `null`.
pub(super) fn micros(parser: &mut Parser<'_>) -> Parsed<Option<Micros>> {
    Ok(float(parser)?.and_then(Micros::new))
}

/// A value that may not be `null`.
pub(super) fn not_null<T>(
    parser: &mut Parser<'_>,
    read: impl FnOnce(&mut Parser<'_>) -> Parsed<Option<T>>,
) -> Parsed<T> {
    let at = begins(parser);
    read(parser)?.ok_or_else(|| unfit(parser, at, "null", "a value is needed"))
}

/// A text, or `null`.
pub(super) fn text(parser: &mut Parser<'_>) -> Parsed<Option<String>> {
    const NEEDED: &str = "a string is needed";
    let at = begins(parser);
    match plain(parser, NEEDED)? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.into_owned())),
        other => Err(unfit(parser, at, &shown(&other), NEEDED)),
    }
}

/// `true`, `false` or `null`.
pub(super) fn flag(parser: &mut Parser<'_>) -> Parsed<Option<bool>> {
    const NEEDED: &str = "true or false is needed";
    let at = begins(parser);
    match plain(parser, NEEDED)? {
        Value::Null => Ok(None),
        Value::Bool(is) => Ok(Some(is)),
        other => Err(unfit(parser, at, &shown(&other), NEEDED)),
    }
}

/// What `read` makes of an object, or `null`.
pub(super) fn object<'t, T>(
    parser: &mut Parser<'t>,
    read: impl FnOnce(&mut Parser<'t>) -> Parsed<T>,
) -> Parsed<Option<T>> {
    match parser.peek() {
        Some(b'{') => read(parser).map(Some),
        _ => container(parser, "an object is needed"),
    }
}

/// What `read` makes of the elements of an array, or `null`.
pub(super) fn array<'t, T>(
    parser: &mut Parser<'t>,
    mut read: impl FnMut(&mut Parser<'t>) -> Parsed<T>,
) -> Parsed<Option<Vec<T>>> {
    match parser.peek() {
        Some(b'[') => {
            let mut elements = Vec::new();
            parser.array(|parser| {
                elements.push(read(parser)?);
                Ok(())
            })?;
            Ok(Some(elements))
        }
        _ => container(parser, "an array is needed"),
    }
}

/// `null`, where there is no object or array.
fn container<T>(parser: &mut Parser<'_>, needed: &str) -> Parsed<Option<T>> {
    let at = begins(parser);
    match plain(parser, needed)? {
        Value::Null => Ok(None),
        other => Err(unfit(parser, at, &shown(&other), needed)),
    }
}

/// Counts by name, or `null`.
pub(super) fn by_name(parser: &mut Parser<'_>) -> Parsed<Option<BTreeMap<String, u64>>> {
    object(parser, |parser| {
        let mut counts = BTreeMap::new();
        parser.object(|parser, key| {
            let value = not_null(parser, count)?;
            counts.insert(key.into_owned(), value);
            Ok(())
        })?;
        Ok(counts)
    })
}

/// Reads an object into fields of a struct, each by the function behind it; other keys are passed over.
macro_rules! fields {
    ($parser:ident, $into:ident, { $($field:ident: $read:expr),* $(,)? }) => {
        $parser.object(|parser, key| {
            match &*key {
                $(stringify!($field) => $into.$field = $read(parser)?,)*
                _ => parser.pass_over()?,
            }
            Ok(())
        })
    };
}

/// Reads an object of counts that must all be there.
macro_rules! counts {
    ($parser:ident, $Type:ident { $($field:ident),* $(,)? }) => {{
        let at = super::fields::begins($parser);
        $(let mut $field = None;)*
        $parser.object(|parser, key| {
            match &*key {
                $(stringify!($field) => $field = Some(super::fields::not_null(parser, super::fields::count)?),)*
                _ => parser.pass_over()?,
            }
            Ok(())
        })?;
        Ok($Type { $($field: super::fields::need($parser, at, $field, stringify!($field))?,)* })
    }};
}

pub(super) use {counts, fields};
