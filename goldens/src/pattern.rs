//! Patterns: values that stand for several, and how values of several runs become one.
//!
//! In: values in golden syntax. Out: does a rule (`*`, `{a|b}`, `obj-{hex:8}`) accept a value; the narrowest rule
//! that accepts all of some values. Both work on the escaped text, so that a class never meets a raw byte.

use std::collections::BTreeSet;

use crate::golden::{Class, MaskAs, Number};
use crate::value::Value;

/// Alternatives that a one-of may hold.
const ALTERNATIVES: usize = 3;

impl Number {
    /// Once and for all this.
    pub(crate) const fn exactly(n: u64) -> Number {
        Number { low: n, high: n }
    }

    /// Both and what lies between.
    pub(crate) fn join(self, other: Number) -> Number {
        Number { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// All of these and what lies between.
    pub(crate) fn of(values: impl IntoIterator<Item = u64>) -> Option<Number> {
        values.into_iter().map(Number::exactly).reduce(Number::join)
    }

    /// In range: equal where it never varied, else with the slack of a check.
    pub(crate) fn accepts(self, n: u64) -> bool {
        if self.low == self.high {
            return n == self.low;
        }
        (self.low / 2..=self.high.saturating_mul(2).saturating_add(1)).contains(&n)
    }
}

/// Does it hold a class, an alternative or a star?
pub(crate) fn is_rule(value: &Value) -> bool {
    let text = value.as_str();
    text == "*" || text.contains('|') || text.split('{').skip(1).any(|rest| class_of(rest).is_some())
}

/// Does the rule accept the value?
pub(crate) fn accepts(rule: &Value, value: &Value) -> bool {
    let (rule, text) = (rule.as_str(), value.as_str());
    if rule == text || rule == "*" {
        return true;
    }
    match alternatives(rule) {
        Some(all) => all.contains(&text),
        None => rule.contains('{') && runs_through(&parts(rule), text),
    }
}

/// `{a|b}` taken apart.
fn alternatives(rule: &str) -> Option<Vec<&str>> {
    let inner = rule.strip_prefix('{')?.strip_suffix('}')?;
    inner.contains('|').then(|| inner.split('|').collect())
}

enum Part<'a> {
    Text(&'a str),
    Class(MaskAs),
}

/// A rule as literal text and classes; holes (`{TMP1}`) are literal.
fn parts(rule: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = rule;
    let mut from = 0;
    while let Some(open) = rest.get(from..).and_then(|tail| tail.find('{')).map(|at| at + from) {
        let (before, after) = rest.split_at(open);
        match class_of(after.get(1..).unwrap_or_default()) {
            Some((class, used)) => {
                parts.push(Part::Text(before));
                parts.push(Part::Class(class));
                rest = after.get(1 + used..).unwrap_or_default();
                from = 0;
            }
            None => from = open + 1,
        }
    }
    parts.push(Part::Text(rest));
    parts
}

/// `hex:2-4}…` as class and how many bytes it took, the brace included.
fn class_of(text: &str) -> Option<(MaskAs, usize)> {
    let end = text.find('}')?;
    let inner = text.get(..end)?;
    let (word, len) = match inner.split_once(':') {
        Some((word, len)) => (word, Some(lengths(len)?)),
        None => (inner, None),
    };
    let class = Class::from_word(word)?;
    Some((MaskAs { class, len }, end + 1))
}

fn lengths(text: &str) -> Option<Number> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    Some(Number { low: low.parse().ok()?, high: high.parse().ok()? })
}

/// Can the parts eat the text to its end? Positions are tracked as a set: no backtracking, so no rule is slow.
fn runs_through(parts: &[Part<'_>], text: &str) -> bool {
    let mut places = BTreeSet::from([0]);
    for part in parts {
        places = match part {
            Part::Text(literal) => {
                let stays = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(literal));
                places.iter().filter(|at| stays(at)).map(|at| at + literal.len()).collect()
            }
            Part::Class(class) => places.iter().flat_map(|at| class.ends(text, *at)).collect(),
        };
    }
    places.contains(&text.len())
}

impl MaskAs {
    /// Where it can end in the text when it begins here.
    fn ends(&self, text: &str, at: usize) -> Vec<usize> {
        let rest = text.get(at..).unwrap_or_default();
        if self.class == Class::Uuid {
            return if rest.get(..36).is_some_and(is_uuid) { vec![at + 36] } else { Vec::new() };
        }
        let reach = rest.bytes().take_while(|b| self.class.holds(*b)).count();
        (1..=reach).filter(|len| self.len.is_none_or(|seen| seen.accepts(*len as u64))).map(|len| at + len).collect()
    }

    /// Does it accept this text?
    pub(crate) fn accepts(&self, text: &str) -> bool {
        if text.is_empty() {
            return self.len.is_some_and(|seen| seen.accepts(0));
        }
        self.ends(text, 0).contains(&text.len())
    }

    /// The narrowest class of these texts. It never narrows when texts are added.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> MaskAs {
        let texts: BTreeSet<&str> = texts.into_iter().collect();
        let len = Number::of(texts.iter().map(|text| text.len() as u64));
        let all = |class: Class| texts.iter().all(|text| text.bytes().all(|b| class.holds(b)));
        if !texts.is_empty() && texts.iter().all(|text| is_uuid(text)) {
            return MaskAs { class: Class::Uuid, len: None };
        }
        // Two words of hex letters were a hex string until a third came: then letters alone would be narrower.
        let once_hex = |class: Class| texts.iter().filter(|text| text.bytes().all(|b| class.holds(b))).count() > 1;
        let class = [Class::Digits, Class::Hex, Class::UpperHex].into_iter().find(|class| all(*class));
        let class = class.unwrap_or_else(|| {
            if all(Class::Alpha) && !once_hex(Class::Hex) && !once_hex(Class::UpperHex) {
                return Class::Alpha;
            }
            [Class::Alnum, Class::Base64].into_iter().find(|class| all(*class)).unwrap_or(Class::Text)
        });
        MaskAs { class, len }
    }

    /// The narrowest that accepts what either does.
    pub(crate) fn join(&self, other: &MaskAs) -> MaskAs {
        let class = if self.class == other.class { self.class } else { wider(self.class, other.class) };
        let len = self.len.zip(other.len).map(|(a, b)| a.join(b));
        MaskAs { class, len }
    }

    /// In golden syntax: `{hex:2-4}`.
    pub(crate) fn syntax(&self) -> String {
        let word = self.class.word();
        match self.len {
            None => format!("{{{word}}}"),
            Some(len) if len.low == len.high => format!("{{{word}:{}}}", len.low),
            Some(len) => format!("{{{word}:{}-{}}}", len.low, len.high),
        }
    }
}

fn wider(a: Class, b: Class) -> Class {
    use Class::{Alnum, Alpha, Base64, Digits, Hex, Text, UpperHex, Uuid};
    let within = |class: Class| match class {
        Digits => vec![Digits, Hex, UpperHex, Alnum, Base64, Text],
        Hex => vec![Hex, Alnum, Base64, Text],
        UpperHex => vec![UpperHex, Alnum, Base64, Text],
        Alpha => vec![Alpha, Alnum, Base64, Text],
        Alnum => vec![Alnum, Base64, Text],
        Uuid | Base64 => vec![Base64, Text],
        Text => vec![Text],
    };
    let others = within(b);
    within(a).into_iter().find(|class| others.contains(class)).unwrap_or(Text)
}

impl Class {
    fn holds(self, b: u8) -> bool {
        match self {
            Class::Digits => b.is_ascii_digit(),
            Class::Hex => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
            Class::UpperHex => b.is_ascii_digit() || matches!(b, b'A'..=b'F'),
            Class::Alnum => b.is_ascii_alphanumeric() || b == b'_',
            Class::Alpha => b.is_ascii_alphabetic() || b == b'_',
            Class::Base64 | Class::Uuid => b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'),
            Class::Text => true,
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36 && text.bytes().enumerate().all(|(at, b)| if dash(at) { b == b'-' } else { b.is_ascii_hexdigit() })
}

/// One value for a field that has few: the value, `{a|b|c}`, or `*`.
pub(crate) fn join_enumerable<'a>(values: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut all = BTreeSet::new();
    for value in values {
        match alternatives(value.as_str()) {
            Some(several) => all.extend(several),
            None => drop(all.insert(value.as_str())),
        }
    }
    let syntax = |text: &str| text.contains(['{', '*', '$']);
    match all.len() {
        1 => Value::from_syntax(*all.first().unwrap_or(&"*")),
        2..=ALTERNATIVES if !all.iter().any(|text| syntax(text)) => {
            let all: Vec<&str> = all.into_iter().collect();
            Value::from_syntax(format!("{{{}}}", all.join("|")))
        }
        _ => Value::from_syntax("*"),
    }
}

/// One value for a name: the name, a pattern by component, or `*`.
pub(crate) fn join_names<'a>(values: impl IntoIterator<Item = &'a Value>) -> Value {
    let names: BTreeSet<&str> = values.into_iter().map(Value::as_str).collect();
    if names.len() == 1 {
        return Value::from_syntax(*names.first().unwrap_or(&"*"));
    }
    let split: Vec<Vec<&str>> = names.iter().map(|name| name.split('/').collect()).collect();
    let Some(first) = split.first() else { return Value::from_syntax("*") };
    if split.iter().any(|components| components.len() != first.len()) || names.contains("*") {
        return Value::from_syntax("*");
    }
    let component = |at: usize| join_component(split.iter().filter_map(|components| components.get(at).copied()));
    let joined: Vec<String> = (0..first.len()).map(component).collect();
    Value::from_syntax(joined.join("/"))
}

fn join_component<'a>(components: impl Iterator<Item = &'a str>) -> String {
    let components: BTreeSet<&str> = components.collect();
    if components.len() == 1 {
        return components.first().copied().unwrap_or_default().to_string();
    }
    if components.iter().all(|component| is_uuid(component)) {
        return "{uuid}".into();
    }
    let split: Vec<Vec<&str>> = components.iter().map(|component| name_tokens(component)).collect();
    let shape = |tokens: &[&str]| -> Vec<Option<String>> {
        tokens.iter().map(|token| (!is_word(token)).then(|| (*token).to_string())).collect()
    };
    let shapes: BTreeSet<Vec<Option<String>>> = split.iter().map(|tokens| shape(tokens)).collect();
    if shapes.len() > 1 {
        return MaskAs { class: Class::Text, len: Number::of(components.iter().map(|c| c.len() as u64)) }.syntax();
    }
    let width = split.first().map_or(0, Vec::len);
    (0..width)
        .map(|at| {
            let tokens: BTreeSet<&str> = split.iter().filter_map(|tokens| tokens.get(at).copied()).collect();
            if tokens.len() == 1 {
                tokens.first().copied().unwrap_or_default().to_string()
            } else {
                MaskAs::of(tokens).syntax()
            }
        })
        .collect()
}

fn is_word(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Words of letters and digits; escapes, substitutions, holes and other characters one token each.
pub(crate) fn name_tokens(name: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.bytes().next() {
        let len = match first {
            b'%' => 3,
            b'{' => rest.find('}').map_or(1, |end| end + 1),
            b'$' => 1 + rest.bytes().skip(1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count(),
            b if b.is_ascii_alphanumeric() => rest.bytes().take_while(u8::is_ascii_alphanumeric).count(),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        let len = if rest.is_char_boundary(len.min(rest.len())) { len.min(rest.len()) } else { rest.len() };
        let (token, after) = rest.split_at(len);
        tokens.push(token);
        rest = after;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::from_syntax(text)
    }

    #[test]
    fn rules_accept_what_they_say() {
        for (rule, text, expected) in [
            ("*", "x", true),
            ("a", "b", false),
            ("{a|b}", "b", true),
            ("{a|b}", "c", false),
            ("$CWD/objects/{hex:2}/{hex:38}", "$CWD/objects/a0/0123456789abcdef0123456789abcdef012345", true),
            ("$CWD/objects/{hex:2}/x", "$CWD/objects/a0b/x", false),
            ("x{digits:1-2}", "x123", true),
            ("x{digits:1-2}", "x123456", false),
            ("x{digits}y", "x1z", false),
            ("$CWD/{TMP1}", "$CWD/{TMP1}", true),
            ("$CWD/{TMP1}", "$CWD/a", false),
            ("{uuid}", "01234567-89ab-cdef-0123-456789abcdef", true),
        ] {
            assert_eq!(accepts(&value(rule), &value(text)), expected, "{rule} {text}");
        }
    }

    #[test]
    fn names_of_several_runs_become_one_pattern() {
        let join = |names: &[&str]| {
            let names: Vec<Value> = names.iter().map(|name| value(name)).collect();
            join_names(&names).to_string()
        };
        assert_eq!(join(&["$CWD/a/x1", "$CWD/a/x1"]), "$CWD/a/x1");
        assert_eq!(join(&["$CWD/o/ab12/f", "$CWD/o/cd34/f"]), "$CWD/o/{hex:4}/f");
        assert_eq!(join(&["run-7.log", "run-12.log"]), "run-{digits:1-2}.log");
        assert_eq!(join(&["a/b", "a"]), "*");
    }

    #[test]
    fn classes_never_narrow_when_texts_are_added() {
        let texts = ["ab", "cd", "xy", "12", "AB", "zz9", "a-b"];
        for mask in 0u32..1 << texts.len() {
            let chosen: Vec<&str> =
                texts.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, text)| *text).collect();
            if chosen.len() < 2 {
                continue;
            }
            let few = MaskAs::of(chosen.iter().copied());
            for more in texts {
                let wide = MaskAs::of(chosen.iter().copied().chain([more]));
                for probe in ["ab", "xy", "34", "EF", "q7", "a-c"] {
                    assert!(
                        !few.accepts(probe) || wide.accepts(probe),
                        "{chosen:?} + {more}: {few:?} {wide:?} {probe}"
                    );
                }
            }
        }
    }
}
