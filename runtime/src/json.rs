//! A writer of JSON: two spaces, keys in the order they are given.

use core::fmt::{Display, Write};

/// A document that is being written.
pub struct Json {
    text: String,
    depth: usize,
    /// Whether the innermost object or array has no entry yet.
    is_empty: bool,
}

impl Json {
    pub fn new() -> Json {
        Json { text: String::new(), depth: 0, is_empty: true }
    }

    /// The document, with a newline behind it.
    pub fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }

    fn line(&mut self) {
        self.text.push('\n');
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    fn enclosed(&mut self, open: char, close: char, content: impl FnOnce(&mut Json)) {
        self.text.push(open);
        self.depth += 1;
        self.is_empty = true;
        content(self);
        self.depth -= 1;
        if !self.is_empty {
            self.line();
        }
        self.text.push(close);
        self.is_empty = false;
    }

    pub fn object(&mut self, content: impl FnOnce(&mut Json)) {
        self.enclosed('{', '}', content);
    }

    pub fn array(&mut self, content: impl FnOnce(&mut Json)) {
        self.enclosed('[', ']', content);
    }

    /// Begins an entry of an array.
    pub fn item(&mut self) -> &mut Json {
        if !core::mem::replace(&mut self.is_empty, false) {
            self.text.push(',');
        }
        self.line();
        self
    }

    /// Begins an entry of an object.
    pub fn key(&mut self, key: &str) -> &mut Json {
        self.item();
        self.quoted(key);
        self.text.push_str(": ");
        self
    }

    /// A value that is written as it is: a number, `null`, `true`.
    pub fn number(&mut self, value: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{value}");
    }

    pub fn string(&mut self, value: &str) {
        self.quoted(value);
    }

    fn quoted(&mut self, value: &str) {
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                c if c < ' ' => self.number(format_args!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

/// Microseconds of a number of nanoseconds: at least one decimal, at most three, none too many.
pub fn micros(ns: u128) -> String {
    let decimals = format!("{:03}", ns % 1_000);
    let decimals = decimals.trim_end_matches('0');
    format!("{}.{}", ns / 1_000, if decimals.is_empty() { "0" } else { decimals })
}
