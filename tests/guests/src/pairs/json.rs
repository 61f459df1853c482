//! jsonfmt: JSON with sorted keys, indented by two. a: input key order; b: no final newline.

use std::fs;
use std::io::{Error, Result};
use std::process::ExitCode;

use crate::marker::is;

enum Value {
    /// A number, string, true, false or null, as it stands.
    Word(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

pub fn jsonfmt(args: &[String]) -> Result<ExitCode> {
    let [source, target] = args else { return Err(Error::other("two names")) };
    let text = fs::read_to_string(source)?;
    let mut out = String::new();
    Reader { rest: &text }.value()?.write(0, &mut out);
    if !is("jsonfmt-b") {
        out.push('\n');
    }
    fs::write(target, out)?;
    Ok(ExitCode::SUCCESS)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> Result<()> {
        match self.peek() {
            Some(found) if found == wanted => {
                self.rest = &self.rest[1..];
                Ok(())
            }
            found => Err(Error::other(format!("{wanted} expected, {found:?} found"))),
        }
    }

    fn word(&mut self) -> Result<String> {
        let end = if self.peek() == Some('"') {
            self.rest[1..].find('"').map(|at| at + 2)
        } else {
            self.rest.find(|c: char| ",]}".contains(c) || c.is_whitespace()).or(Some(self.rest.len()))
        };
        let (word, rest) = self.rest.split_at(end.ok_or(Error::other("an open string"))?);
        self.rest = rest;
        Ok(word.to_owned())
    }

    fn value(&mut self) -> Result<Value> {
        match self.peek() {
            Some('[') => Ok(Value::Array(self.list('[', ']', Reader::value)?)),
            Some('{') => {
                let member = |reader: &mut Self| -> Result<(String, Value)> {
                    let key = reader.word()?;
                    reader.take(':')?;
                    Ok((key, reader.value()?))
                };
                let mut members = self.list('{', '}', member)?;
                if !is("jsonfmt-a") {
                    members.sort_by(|a, b| a.0.cmp(&b.0));
                }
                Ok(Value::Object(members))
            }
            _ => self.word().map(Value::Word),
        }
    }

    fn list<T>(&mut self, open: char, close: char, mut element: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.take(open)?;
        let mut all = Vec::new();
        while self.peek() != Some(close) {
            if !all.is_empty() {
                self.take(',')?;
            }
            all.push(element(self)?);
        }
        self.take(close)?;
        Ok(all)
    }
}

impl Value {
    fn write(&self, depth: usize, out: &mut String) {
        let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
        let (open, close, count) = match self {
            Value::Word(word) => return out.push_str(word),
            Value::Array(values) => ('[', ']', values.len()),
            Value::Object(members) => ('{', '}', members.len()),
        };
        out.push(open);
        for i in 0..count {
            out.push_str(if i > 0 { "," } else { "" });
            out.push_str(&line(depth + 1));
            match self {
                Value::Array(values) => values[i].write(depth + 1, out),
                Value::Object(members) => {
                    out.push_str(&members[i].0);
                    out.push_str(": ");
                    members[i].1.write(depth + 1, out);
                }
                Value::Word(_) => {}
            }
        }
        if count > 0 {
            out.push_str(&line(depth));
        }
        out.push(close);
    }
}
