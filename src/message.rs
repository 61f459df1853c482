//! What we say when something can't be done: one line, then at most three hints.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::exit::Code;

/// Something that could not be done, with the exit code that it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The exit code.
    pub code: Code,
    /// `cannot X Y: why`.
    pub what: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Problem { code, what: what.into(), hints: Vec::new() }
    }

    /// A command line that can't be read.
    pub fn usage(what: impl Into<String>) -> Self {
        Problem::new(Code::USAGE, what)
    }

    /// One more line of advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same problem, told by the engine.
    pub fn of_tracer(code: Code, error: &tracer::Error) -> Self {
        Problem { code, what: error.to_string(), hints: error.hints.clone() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chic-trace: {}", safe(&self.what))?;
        for hint in self.hints.iter().take(3) {
            write!(f, "\n  hint: {}", safe(hint))?;
        }
        Ok(())
    }
}

/// Text of the target or the user as a terminal may see it: no control byte, no C1, no bidi control.
/// Line feeds stay, because reports of several lines are made of whole messages.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let harmful = (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if harmful {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A word as the user could type it again: quoted when a shell would cut it, and written with escapes
/// when a terminal must not see it or when it is no text.
pub fn quoted(word: &OsStr) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) if safe(text) == text && !text.contains('\n') => format!("'{}'", text.replace('\'', r"'\''")),
        _ => format!("$'{}'", word.as_bytes().escape_ascii()),
    }
}

/// A file in a message: as it is, or [`quoted`] where its name could be taken for something else.
pub fn named(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.is_empty() && safe(text) == text && !text.contains('\n') => text.to_owned(),
        _ => quoted(path.as_os_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_and_at_most_three_hints() {
        let problem = Problem::usage("cannot read x: \u{1b}[31mno\u{202e}").hint("a").hint("b").hint("c").hint("d");
        assert_eq!(
            problem.to_string(),
            "chic-trace: cannot read x: \\u{1b}[31mno\\u{202e}\n  hint: a\n  hint: b\n  hint: c"
        );
    }

    #[test]
    fn words_are_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quoted("ls".as_ref()), "ls");
        assert_eq!(quoted("a b".as_ref()), "'a b'");
        assert_eq!(quoted("it's".as_ref()), r"'it'\''s'");
        assert_eq!(quoted("".as_ref()), "''");
        assert_eq!(quoted("a\n\u{1b}[31m'".as_ref()), r"$'a\n\x1b[31m\''");
        assert_eq!(quoted(OsStr::from_bytes(b"\xff")), r"$'\xff'");
    }

    #[test]
    fn a_file_name_is_one_word_of_one_line() {
        assert_eq!(named("a b/c".as_ref()), "a b/c");
        assert_eq!(named("".as_ref()), "''");
        assert_eq!(named("x\nchic-trace: all is well".as_ref()), r"$'x\nchic-trace: all is well'");
        assert_eq!(named("\u{202e}".as_ref()), r"$'\xe2\x80\xae'");
    }
}
