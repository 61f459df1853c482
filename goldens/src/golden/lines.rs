//! Lines: the words of one line, taken one after the other.

use super::Presence;
use super::syntax::{self, Complaint};
use super::words::{Word, shown, unknown};
use crate::model::{ObjectKind, ObjectRef};
use crate::value::Value;

/// The words of a line that are not taken yet.
pub(crate) struct Words<'a> {
    rest: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// All words of a line.
    pub(crate) fn of(line: &'a str) -> Words<'a> {
        Words { rest: Some(line) }
    }

    /// The next word, if there is one.
    pub(crate) fn take(&mut self) -> Option<&'a str> {
        let line = self.rest?;
        match line.split_once(' ') {
            Some((word, rest)) => {
                self.rest = Some(rest);
                Some(word)
            }
            None => self.rest.take(),
        }
    }

    /// The next word, which must be there.
    pub(crate) fn need(&mut self, what: &str) -> Result<&'a str, Complaint> {
        match self.take() {
            None | Some("") => Err(format!("{what} is missing")),
            Some(word) => Ok(word),
        }
    }

    /// The next word without taking it.
    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.rest.map(|line| line.split_once(' ').map_or(line, |(word, _)| word))
    }

    /// A presence, where one stands.
    pub(crate) fn presence(&mut self) -> Result<Presence, Complaint> {
        let found = self.peek().map(syntax::presence).transpose()?.flatten();
        if found.is_some() {
            self.take();
        }
        Ok(found.unwrap_or(Presence::Required))
    }

    /// How many times so many lines stand here, where that is said.
    pub(crate) fn block(&mut self) -> Result<Option<(usize, usize)>, Complaint> {
        let found = self.peek().map(syntax::block).transpose()?.flatten();
        if found.is_some() {
            self.take();
        }
        Ok(found)
    }

    /// What is not taken yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest.unwrap_or_default()
    }

    /// A word of a closed vocabulary.
    pub(crate) fn word<T: Word>(&mut self) -> Result<T, Complaint> {
        T::of_word(self.need(&format!("the {}", T::WHAT))?)
    }

    /// A value.
    pub(crate) fn value(&mut self, what: &str) -> Result<Value, Complaint> {
        syntax::value(self.need(what)?)
    }

    /// All words that are left, as values.
    pub(crate) fn values(&mut self) -> Result<Vec<Value>, Complaint> {
        let mut values = Vec::new();
        while let Some(word) = self.take() {
            values.push(syntax::value(word)?);
        }
        Ok(values)
    }

    /// `key=text`, of which the text is given.
    pub(crate) fn keyed(&mut self, key: &'static str) -> Result<&'a str, Complaint> {
        let word = self.need(&format!("{key}="))?;
        match word.split_once('=') {
            Some((found, text)) if found == key => Ok(text),
            Some((found, _)) => Err(unknown("key", found, [key])),
            None => Err(format!("{key}= is missing where {} stands", shown(word))),
        }
    }

    /// An object: `file:$CWD/conf`.
    pub(crate) fn object(&mut self) -> Result<ObjectRef, Complaint> {
        object(self.need("an object")?)
    }

    /// Nothing may be left.
    pub(crate) fn end(&mut self) -> Result<(), Complaint> {
        match self.take() {
            None => Ok(()),
            Some("") => Err("the line ends in a blank".into()),
            Some(word) => Err(format!("{} stands where the line should end", shown(word))),
        }
    }
}

/// An object: `file:$CWD/conf`.
pub(crate) fn object(word: &str) -> Result<ObjectRef, Complaint> {
    let (kind, name) = word.split_once(':').ok_or_else(|| format!("{} is no object: KIND:NAME", shown(word)))?;
    Ok(ObjectRef { kind: ObjectKind::of_word(kind)?, name: syntax::value(name)? })
}
