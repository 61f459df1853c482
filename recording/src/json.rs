//! JSON, read once from front to back, with the place of everything that can be wrong in it.
//!
//! In: bytes that need not be UTF-8, JSON or whole. Out: values that borrow from them, given one at a time to
//! whoever walks an object or array, so that a long array never stands in memory as values. A key twice in one
//! object, a byte that is no UTF-8 inside a string and nesting beyond [`DEEPEST`] are faults.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// Objects and arrays inside each other.
pub const DEEPEST: usize = 64;

/// Keys of one object that are compared one by one; more are looked up in a set.
const FEW_KEYS: usize = 32;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'t> {
    /// Offset of its first byte.
    pub at: usize,
    /// What it is.
    pub value: Value<'t>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// As it is written.
    Number(&'t str),
    /// Its escapes resolved.
    Text(Cow<'t, str>),
    /// In order.
    Array(Vec<Node<'t>>),
    /// In order, no key twice.
    Object(Vec<Member<'t>>),
}

/// A key with its value.
pub type Member<'t> = (Cow<'t, str>, Node<'t>);

impl Value<'_> {
    /// The word for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }
}

/// One step from a value to a value in it.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The key at this place among those of the open objects.
    Key(usize),
    Index(usize),
}

/// Why reading stopped, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Offset of the byte.
    pub at: usize,
    /// JSON pointer (RFC 6901) of what was being read.
    pub pointer: String,
    /// What is wrong.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The text ends inside the value.
    End,
    /// Something else than this was expected.
    Expected(&'static str),
    /// More than [`DEEPEST`] levels.
    Deep,
    /// This key stands twice in the object.
    Twice(String),
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// A value that does not fit, in words.
    Unfit(String),
}

/// A text, of which a part is known to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Text<'t> {
    bytes: &'t [u8],
    /// As much of it from the front as is UTF-8.
    valid: &'t str,
}

impl<'t> Text<'t> {
    /// Looks through the bytes once.
    pub fn new(bytes: &'t [u8]) -> Self {
        let valid = std::str::from_utf8(bytes).or_else(|error| {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole)
        });
        Text { bytes, valid: valid.unwrap_or_default() }
    }

    /// The same, up to a byte.
    pub fn up_to(self, end: usize) -> Self {
        Text { bytes: self.bytes.get(..end).unwrap_or(self.bytes), ..self }
    }

    fn utf8(self, start: usize, end: usize) -> Result<&'t str, usize> {
        match self.valid.get(start..end) {
            Some(text) => Ok(text),
            None => {
                let bytes = self.bytes.get(start..end).unwrap_or_default();
                std::str::from_utf8(bytes).map_err(|error| start + error.valid_up_to())
            }
        }
    }
}

/// A reader with its place in the text.
#[derive(Debug)]
pub struct Parser<'t> {
    all: Text<'t>,
    text: &'t [u8],
    at: usize,
    path: Vec<Step>,
    /// Keys of the objects that are open, the outermost first.
    keys: Vec<Cow<'t, str>>,
    open: usize,
    /// Characters that a string could not hold and that became U+FFFD.
    pub lone_surrogates: u64,
}

/// The fault is boxed: what is read passes through many hands, and is rarely one.
pub type Parsed<T> = Result<T, Box<Fault>>;

impl<'t> Parser<'t> {
    /// Reads from byte `at` on.
    pub fn new(all: Text<'t>, at: usize) -> Self {
        Parser { all, text: all.bytes, at, path: Vec::new(), keys: Vec::new(), open: 0, lone_surrogates: 0 }
    }

    /// Offset of the next byte that is not read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// A fault here.
    #[cold]
    pub fn fault(&self, what: What) -> Box<Fault> {
        self.fault_at(self.at, what)
    }

    /// A fault elsewhere in what is being read.
    #[cold]
    pub fn fault_at(&self, at: usize, what: What) -> Box<Fault> {
        Box::new(Fault { at, pointer: self.pointer(), what })
    }

    /// The JSON pointer of what is being read.
    pub fn pointer(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(at) => push_key(&mut out, self.keys.get(*at).map_or("", |key| key)),
                Step::Index(index) => {
                    let _ = write!(out, "/{index}");
                }
            }
        }
        out
    }

    /// The next byte that is no blank, not consumed.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// A whole value.
    pub fn value(&mut self) -> Parsed<Node<'t>> {
        let first = self.peek();
        let at = self.at;
        let value = match first {
            None => return Err(self.fault(What::End)),
            Some(b'{') => {
                let mut members = Vec::with_capacity(8);
                self.object(|parser, key| {
                    let node = parser.value()?;
                    members.push((key, node));
                    Ok(())
                })?;
                Value::Object(members)
            }
            Some(b'[') => {
                let mut elements = Vec::with_capacity(6);
                self.array(|parser| {
                    elements.push(parser.value()?);
                    Ok(())
                })?;
                Value::Array(elements)
            }
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return Err(self.fault(What::Expected("a value"))),
        };
        Ok(Node { at, value })
    }

    /// Reads a value as [`Parser::value`] does and keeps nothing of it.
    pub fn pass_over(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'{') => self.object(|parser, _| parser.pass_over()),
            Some(b'[') => self.array(Parser::pass_over),
            _ => self.value().map(drop),
        }
    }

    /// An object; each key is given with the parser standing before its value, which must be read.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, Cow<'t, str>) -> Parsed<()>) -> Parsed<()> {
        self.enter(b'{', "an object")?;
        let first_key = self.keys.len();
        let mut many = None;
        let mut next = self.first_or(b'}', "a key in quotes")?;
        while next {
            let at = self.at;
            if self.text.get(at) != Some(&b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            if self.is_second(&key, first_key, &mut many) {
                return Err(self.fault_at(at, What::Twice(key.into_owned())));
            }
            let step = Step::Key(self.keys.len());
            self.keys.push(key.clone());
            match self.peek() {
                Some(b':') => self.at += 1,
                _ => return Err(self.unexpected("a colon")),
            }
            self.path.push(step);
            each(self, key)?;
            self.path.pop();
            next = self.another(b'}', "a comma or the end of the object")?;
        }
        self.keys.truncate(first_key);
        self.open -= 1;
        Ok(())
    }

    /// An array; `each` is called with the parser standing before an element, which must be read.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.enter(b'[', "an array")?;
        let mut index = 0;
        let mut next = self.first_or(b']', "a value")?;
        while next {
            self.path.push(Step::Index(index));
            each(self)?;
            self.path.pop();
            index += 1;
            next = self.another(b']', "a comma or the end of the array")?;
        }
        self.open -= 1;
        Ok(())
    }

    fn enter(&mut self, bracket: u8, expected: &'static str) -> Parsed<()> {
        match self.peek() {
            Some(byte) if byte == bracket => {}
            _ => return Err(self.unexpected(expected)),
        }
        if self.open == DEEPEST {
            return Err(self.fault(What::Deep));
        }
        self.open += 1;
        self.at += 1;
        Ok(())
    }

    /// Is there a first element? Consumes the end otherwise.
    fn first_or(&mut self, end: u8, expected: &'static str) -> Parsed<bool> {
        match self.peek() {
            None => Err(self.unexpected(expected)),
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Ok(true),
        }
    }

    /// Is there another element? Consumes comma or end.
    fn another(&mut self, end: u8, expected: &'static str) -> Parsed<bool> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.peek();
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// At the end of the text it is the end that is wrong.
    #[cold]
    fn unexpected(&self, expected: &'static str) -> Box<Fault> {
        self.fault(if self.at >= self.text.len() { What::End } else { What::Expected(expected) })
    }

    fn is_second(&self, key: &str, first: usize, many: &mut Option<HashSet<String>>) -> bool {
        let before = self.keys.get(first..).unwrap_or_default();
        if before.len() < FEW_KEYS {
            return before.iter().any(|known| known == key);
        }
        let many = many.get_or_insert_with(|| before.iter().map(|known| known.clone().into_owned()).collect());
        !many.insert(key.to_owned())
    }

    fn word(&mut self, word: &'static str, value: Value<'t>) -> Parsed<Value<'t>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else if word.as_bytes().starts_with(rest) {
            self.at = self.text.len();
            Err(self.fault(What::End))
        } else {
            Err(self.fault(What::Expected("a value")))
        }
    }

    /// The number as it is written (RFC 8259).
    fn number(&mut self) -> Parsed<&'t str> {
        let start = self.at;
        self.skip(b'-');
        let leading_zero = self.text.get(self.at) == Some(&b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            return Err(self.fault_at(start, What::Expected("a number without leading zeros")));
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        self.utf8(start, self.at)
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn digits(&mut self) -> Parsed<usize> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        self.at += count;
        Ok(count)
    }

    /// A string; the parser stands at its quote.
    fn string(&mut self) -> Parsed<Cow<'t, str>> {
        self.at += 1;
        let start = self.at;
        let end = self.plain_end()?;
        if self.text.get(end) == Some(&b'"') {
            let text = self.utf8(start, end)?;
            self.at = end + 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::new();
        loop {
            let from = self.at;
            let end = self.plain_end()?;
            out.push_str(self.utf8(from, end)?);
            self.at = end + 1;
            if self.text.get(end) == Some(&b'"') {
                return Ok(Cow::Owned(out));
            }
            self.escape(&mut out)?;
        }
    }

    /// Where the next quote or backslash stands.
    fn plain_end(&self) -> Parsed<usize> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
            None => Err(self.fault_at(self.text.len(), What::End)),
            Some(length) if rest.get(length).is_some_and(|byte| *byte < 0x20) => {
                Err(self.fault_at(self.at + length, What::Expected("the end of the string")))
            }
            Some(length) => Ok(self.at + length),
        }
    }

    fn utf8(&self, start: usize, end: usize) -> Parsed<&'t str> {
        self.all.utf8(start, end).map_err(|at| self.fault_at(at, What::NotUtf8))
    }

    /// The rest of an escape behind its backslash.
    fn escape(&mut self, out: &mut String) -> Parsed<()> {
        let Some(byte) = self.text.get(self.at).copied() else { return Err(self.fault(What::End)) };
        self.at += 1;
        out.push(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(out),
            _ => return Err(self.fault_at(self.at - 1, What::Expected("an escape of JSON"))),
        });
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Parsed<()> {
        let high = self.four_digits()?;
        let after = self.at;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high) && self.skip(b'\\') && self.skip(b'u') {
            let low = self.four_digits()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        match char::from_u32(code) {
            Some(character) => out.push(character),
            None => {
                self.at = after;
                self.lone_surrogates += 1;
                out.push('\u{fffd}');
            }
        }
        Ok(())
    }

    fn four_digits(&mut self) -> Parsed<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(|| self.fault_at(self.text.len(), What::End))?;
        let code = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|text| u32::from_str_radix(text, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => Err(self.fault(What::Expected("four hex digits"))),
        }
    }
}

/// Appends a key as a step of a JSON pointer.
pub fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Value<'_>> {
        Parser::new(Text::new(text.as_bytes()), 0).value().map(|node| node.value)
    }

    fn fault(text: &[u8]) -> Fault {
        *Parser::new(Text::new(text), 0).value().expect_err("broken JSON was read")
    }

    #[test]
    fn strings_are_read_with_every_escape() {
        let Ok(Value::Text(text)) = read(r#""a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00 \ud800x""#) else {
            panic!("no string")
        };
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\t\u{e4}\u{1f600} \u{fffd}x");
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        for good in ["0", "-0", "12", "1e30", "1.50", "-1.5E+2"] {
            assert_eq!(read(good), Ok(Value::Number(good)));
        }
        for bad in ["01", "-", "1.", "1e", "+1"] {
            assert!(read(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn faults_say_where() {
        let cases: [(&[u8], usize, &str, What); 7] = [
            (b"{\"a\": [1, {\"b\": }]}", 16, "/a/1/b", What::Expected("a value")),
            (b"{\"a\": 1, \"a\": 2}", 9, "", What::Twice("a".into())),
            (b"{\"a~/b\": \"x\xff\"}", 11, "/a~0~1b", What::NotUtf8),
            (b"[1, 2", 5, "", What::End),
            (b"[\"ab", 4, "/0", What::End),
            (b"{\"a\": tru", 9, "/a", What::End),
            (b"[\"a\nb\"]", 3, "/0", What::Expected("the end of the string")),
        ];
        for (text, at, pointer, what) in cases {
            assert_eq!(fault(text), Fault { at, pointer: pointer.into(), what });
        }
    }

    #[test]
    fn what_is_skipped_is_read_as_closely() {
        for text in
            ["{\"a\": [1, {\"b\": }]}", "{\"a\": 1, \"a\": 2}", "[1, 2", "[\"a\nb\"]", "{\"a\": [null, \"\\u00e4\"]}"]
        {
            let skipped = Parser::new(Text::new(text.as_bytes()), 0).pass_over();
            assert_eq!(skipped, read(text).map(drop), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(DEEPEST)).is_ok());
        assert_eq!(fault(nested(DEEPEST + 1).as_bytes()).what, What::Deep);
    }

    #[test]
    fn a_key_twice_is_found_among_many() {
        let mut text = String::from("{");
        for key in 0..100 {
            let _ = write!(text, "\"k{key}\": 0, ");
        }
        assert!(read(&format!("{text}\"k100\": 0}}")).is_ok());
        assert_eq!(fault(format!("{text}\"k40\": 0}}").as_bytes()).what, What::Twice("k40".into()));
    }
}
