//! Errors: what is wrong with what was brought, where, and what it is instead.

use std::fmt;

use super::json;

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDocument {
    /// Where.
    pub spot: Option<Spot>,
    /// What.
    pub fault: Fault,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Offset of the byte, from 0.
    pub byte: u64,
    /// Line, from 1.
    pub line: u64,
    /// Byte of the line, from 1.
    pub column: u64,
    /// JSON pointer; empty at the top and where there is none.
    pub pointer: String,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No bytes.
    #[error("0 bytes: the file is empty")]
    Empty,
    /// More bytes than are read.
    #[error("{bytes} bytes, at most {largest} are read")]
    TooLarge {
        /// Of the file.
        bytes: u64,
        /// Limit in force.
        largest: u64,
    },
    /// Only the first line of a document.
    #[error("only `{{`: the first line of a document, cut by `head -1`?")]
    FirstLineOnly,
    /// Program output.
    #[error("{lines} of program output, no trace: {first}")]
    Output {
        /// `one line`, `3 lines`.
        lines: String,
        /// The first of them, quoted and escaped.
        first: String,
    },
    /// Only lines of renacer itself.
    #[error("only the banner of renacer, no trace: {first}")]
    Banner {
        /// The first line, quoted and escaped.
        first: String,
    },
    /// JSON of another sort; what it is, and what reads it.
    #[error("{what}")]
    Other {
        /// What it is.
        what: String,
        /// What to do with it.
        hint: Option<&'static str>,
    },
    /// Another value of `format`.
    #[error("its format is {found}; renacer-json-v1 is read")]
    OtherFormat {
        /// In quotes, escaped.
        found: String,
    },
    /// A later version of our additions.
    #[error("its schema is {found}; this build reads up to 1")]
    Newer {
        /// As it is written.
        found: String,
    },
    /// A line of program output inside the document.
    #[error("{line} is no JSON: program output inside the document; it can't be repaired")]
    Split {
        /// Quoted and escaped.
        line: String,
    },
    /// It ends too early.
    #[error("it ends inside {inside}; {calls}")]
    Truncated {
        /// JSON pointer, or `the document`.
        inside: String,
        /// `33 whole calls`.
        calls: String,
    },
    /// Another document behind the first.
    #[error("a second document begins here")]
    Second,
    /// Fewer documents than the one asked for.
    #[error("it holds {count}, number {asked} was asked for")]
    NoSuchDocument {
        /// `1 document`.
        count: String,
        /// Asked for.
        asked: u32,
    },
    /// No call in it.
    #[error("no calls; this is what a capture script writes when tracing failed")]
    NoCalls,
    /// A key twice.
    #[error("the key {key} stands twice")]
    Twice {
        /// Escaped.
        key: String,
    },
    /// Not UTF-8.
    #[error("this byte is not UTF-8")]
    NotUtf8,
    /// A value that does not fit.
    #[error("{0}")]
    Unfit(String),
    /// Too many levels.
    #[error("more than {} objects and arrays inside each other", json::DEEPEST)]
    Deep,
    /// Not JSON here.
    #[error("expected {0}")]
    Syntax(String),
    /// A table whose rows do not add up, and the like.
    #[error("{0}")]
    BadTable(String),
}

impl BadDocument {
    /// Something wrong with the file as a whole.
    pub(super) fn whole(fault: Fault) -> Self {
        BadDocument { spot: None, fault }
    }

    /// Something wrong at a byte.
    pub(super) fn at(text: &[u8], byte: usize, pointer: impl Into<String>, fault: Fault) -> Self {
        BadDocument { spot: Some(Spot::of(text, byte, pointer)), fault }
    }

    /// What the JSON reader found.
    pub(super) fn json(text: &[u8], fault: json::Fault) -> Self {
        let what = match fault.what {
            json::What::End => Fault::Truncated { inside: inside(&fault.pointer), calls: calls(0) },
            json::What::Expected(expected) => Fault::Syntax(expected.to_owned()),
            json::What::Deep => Fault::Deep,
            json::What::Twice(key) => Fault::Twice { key: key.escape_debug().to_string() },
            json::What::NotUtf8 => Fault::NotUtf8,
            json::What::Unfit(words) => Fault::Unfit(words),
        };
        BadDocument::at(text, fault.at, fault.pointer, what)
    }

    /// Was there nothing in it to judge, rather than something wrong with it?
    pub fn is_nothing(&self) -> bool {
        self.fault == Fault::NoCalls
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.fault {
            Fault::FirstLineOnly | Fault::Output { .. } | Fault::Banner { .. } | Fault::Split { .. } => {
                Some("record again with -o FILE: the document is then alone in its file")
            }
            Fault::Empty | Fault::NoCalls => Some("record again: chic-trace --format json -o FILE -- PROG"),
            Fault::Other { hint, .. } => *hint,
            Fault::Truncated { .. } => Some("--partial reads the whole calls, as an incomplete document"),
            Fault::Second => Some("--document N reads the N-th"),
            Fault::TooLarge { .. } => Some("--input-max BYTES raises the limit"),
            Fault::Newer { .. } => Some("read it with the version of chic-trace that wrote it, or a later one"),
            _ => None,
        }
    }
}

impl fmt::Display for BadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spot) = &self.spot {
            write!(f, "{spot}: ")?;
        }
        write!(f, "{}", self.fault)
    }
}

impl std::error::Error for BadDocument {}

impl Spot {
    /// The place of a byte.
    pub fn of(text: &[u8], byte: usize, pointer: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        Spot {
            byte: byte as u64,
            line: lines as u64 + 1,
            column: (before.len() - line_start) as u64 + 1,
            pointer: pointer.into(),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}, byte {}", self.line, self.column, self.byte)?;
        if !self.pointer.is_empty() {
            write!(f, ", {}", self.pointer.escape_debug())?;
        }
        Ok(())
    }
}

/// The pointer, or words for the top.
pub(super) fn inside(pointer: &str) -> String {
    if pointer.is_empty() { "the document".to_owned() } else { pointer.escape_debug().to_string() }
}

/// `33 whole calls`.
pub(super) fn calls(count: usize) -> String {
    match count {
        0 => "no whole call".to_owned(),
        1 => "1 whole call".to_owned(),
        _ => format!("{count} whole calls"),
    }
}

/// `1 line`, `3 lines`.
pub(super) fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Text of a file in a message: in quotes, escaped, not too long.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
