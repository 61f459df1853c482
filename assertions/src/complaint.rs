//! Complaints about a file: where, what, and what was probably meant. All of them, not the first.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What was probably meant.
    pub hints: Vec<String>,
    /// The line itself.
    source: String,
    /// Characters that are meant.
    width: usize,
}

impl Complaint {
    /// A complaint about these bytes of `text`.
    pub fn at(text: &str, span: Range<usize>, what: impl Into<String>) -> Complaint {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let within = end.min(line_end).max(start);
        Complaint {
            line: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            what: what.into(),
            hints: Vec::new(),
            source: text[line_start..line_end].trim_end_matches('\r').to_owned(),
            width: text[start..within].chars().count().max(1),
        }
    }

    /// One more hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Complaint {
        self.hints.push(hint.into());
        self
    }

    /// Names the nearest of these words, if one is near.
    pub fn nearest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Complaint {
        match syscalls::nearest(word, known) {
            Some(near) => self.hint(format!("the nearest is {near}")),
            None => self,
        }
    }
}

/// The largest character boundary that is not behind `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// Its name, as the user knows it.
    pub name: String,
    /// What is wrong with it, in the order of the lines.
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, complaint) in self.complaints.iter().enumerate() {
            let Complaint { line, column, what, hints, source, width } = complaint;
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "cannot use {}:{line}:{column}: {what}", self.name)?;
            // A tab counts as one character, in the line and below it.
            let shown: String = source.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            write!(f, "\n    {shown}\n    {}{}", " ".repeat(column - 1), "^".repeat(*width))?;
            for hint in hints.iter().take(3) {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for BadFile {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let text = "a = 1\nÄ = \"x\"\n";
        let at = text.find("\"x\"").expect("there");
        let bad = BadFile {
            name: "renacer.toml".into(),
            complaints: vec![Complaint::at(text, at..at + 3, "no").hint("yes")],
        };
        assert_eq!(bad.to_string(), "cannot use renacer.toml:2:5: no\n    Ä = \"x\"\n        ^^^\n  hint: yes");
    }

    #[test]
    fn spans_beyond_the_text_are_no_panic() {
        for (text, span) in [("", 0..0), ("ä", 1..9), ("a\nb", 3..3), ("\n", 1..1)] {
            let complaint = Complaint::at(text, span, "x");
            assert!(complaint.line >= 1 && complaint.column >= 1);
        }
    }
}
