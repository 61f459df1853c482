//! Values: what stands behind a key, and whether it fits.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Value;
use crate::keys::Shape;

pub(super) fn field<'v, 'i>(table: &'v DeTable<'i>, key: &str) -> Option<&'v Value<'i>> {
    table.get(key)
}

pub(super) fn text_of(value: &Value<'_>) -> String {
    value.get_ref().as_str().unwrap_or_default().to_owned()
}

/// Where the last value of a table stands.
pub(super) fn last_span(table: &DeTable<'_>, entry: &Range<usize>) -> Range<usize> {
    table.values().map(Spanned::span).max_by_key(|span| span.end).unwrap_or_else(|| entry.clone())
}

pub(super) fn unsigned(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

pub(super) fn decimal(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Integer(_) => unsigned(value).map(|n| n as f64),
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

pub(super) fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => integer.as_str().to_owned(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(is) => is.to_string(),
        DeValue::Array(list) => list.iter().map(|v| written(v.get_ref())).collect::<Vec<_>>().join(", "),
        other => other.type_str().to_owned(),
    }
}

/// Why a value does not fit, with what was probably meant.
pub(super) fn mismatch(shape: Shape, value: &DeValue<'_>) -> Option<(String, Option<String>)> {
    let is = value.type_str();
    let texts = |list: &toml::de::DeArray<'_>| list.iter().all(|v| v.get_ref().is_str());
    let fits = match (shape, value) {
        (Shape::Text | Shape::TextOrTexts, DeValue::String(_)) | (Shape::Bool, DeValue::Boolean(_)) => true,
        (Shape::Word(words), DeValue::String(word)) => {
            if words.contains(&word.as_ref()) {
                return None;
            }
            return Some((format!("is {word:?}; known are {}", words.join(", ")), None));
        }
        (Shape::Texts | Shape::TextOrTexts, DeValue::Array(list)) => texts(list),
        (Shape::UInt, DeValue::Integer(integer)) => {
            if integer.as_str().starts_with('-') {
                return Some((format!("is {}: negative", integer.as_str()), None));
            }
            unsigned(value).is_some()
        }
        (Shape::Number, DeValue::Integer(_) | DeValue::Float(_)) => match decimal(value) {
            Some(number) if number < 0.0 => return Some((format!("is {number}: negative"), None)),
            None if written(value).starts_with('-') => return Some((format!("is {}: negative", written(value)), None)),
            number => number.is_some(),
        },
        _ => false,
    };
    if fits {
        return None;
    }
    let wanted = match shape {
        Shape::Text | Shape::Word(_) => "a string",
        Shape::UInt => "a whole number",
        Shape::Number => "a number",
        Shape::Bool => "true or false",
        Shape::Texts => "an array of strings",
        Shape::TextOrTexts => "a string or an array of strings",
        Shape::Table(_) | Shape::Named(_) | Shape::NamedWords(_) => "a table",
        Shape::Tables(_) => "an array of tables",
    };
    let hint = match (shape, value) {
        (Shape::UInt | Shape::Number, DeValue::String(text)) => bytes_of(text).map(|n| format!("write {n}")),
        _ => None,
    };
    let shown = match value {
        DeValue::String(text) => format!("{text:?} is a string"),
        _ => format!("is of type {is}"),
    };
    Some((format!("{shown}, {wanted} is needed"), hint))
}

/// `10MB` as a number of bytes.
fn bytes_of(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let shift = match text.get(digits..)?.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}
