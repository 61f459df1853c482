//! Reading a perf.json or a run log: of ours, of Chic, or what another tool made of one.
//!
//! In: bytes. Out: a [`Document`] with notes of what was repaired, or what is wrong and where. Numbers are never held as
//! doubles unless they are times. Nothing is kept of what is passed over.

mod exact;
mod fields;
mod metric;
mod run_log;
mod summary;

use std::fmt;

use recording::document::Spot;
use recording::json::{self, Parsed, Parser, Text, What};

use super::SCHEMA_VERSION;
use super::model::{Document, Producer, Run, RunLog};
use fields::{begins, need, not_null, unfit};

/// Versions that are read, in words.
const VERSIONS: &str = "0.1, 0.1.N and 1 are read";

/// What is read, and what was repaired on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    /// The document.
    pub document: T,
    /// Repairs, one sentence each.
    pub notes: Vec<String>,
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDocument {
    /// Where; `None`: everywhere.
    pub spot: Option<Spot>,
    /// What.
    pub what: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
}

impl fmt::Display for BadDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spot) = &self.spot {
            write!(f, "{spot}: ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for BadDocument {}

/// Repairs, each once.
#[derive(Debug, Default)]
struct Notes(Vec<String>);

impl Notes {
    fn add(&mut self, note: String) {
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }
}

/// Reads a perf.json.
pub fn read(bytes: &[u8]) -> Result<Read<Document>, BadDocument> {
    whole(bytes, "a perf.json", document)
}

/// Reads a run log that stands alone.
pub fn read_run_log(bytes: &[u8]) -> Result<Read<RunLog>, BadDocument> {
    whole(bytes, "a run log", run_log::run_log)
}

/// One object, and nothing behind it.
fn whole<T>(
    bytes: &[u8],
    name: &str,
    read: impl FnOnce(&mut Parser<'_>, &mut Notes) -> Parsed<T>,
) -> Result<Read<T>, BadDocument> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    if bytes.iter().all(u8::is_ascii_whitespace) {
        let what = "the file is empty".to_owned();
        return Err(BadDocument { spot: None, what, hint: Some("record again: nothing was written into it") });
    }
    let start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut parser = Parser::new(Text::new(bytes), start);
    let mut notes = Notes::default();
    let read = top(&mut parser, name, |parser| read(parser, &mut notes));
    match read {
        Ok(document) => Ok(Read { document, notes: notes.0 }),
        Err(fault) => Err(complaint(bytes, *fault)),
    }
}

fn top<'t, T>(parser: &mut Parser<'t>, name: &str, read: impl FnOnce(&mut Parser<'t>) -> Parsed<T>) -> Parsed<T> {
    if !matches!(parser.peek(), Some(b'{') | None) {
        // What is no JSON is told as that.
        let at = parser.at();
        let found = if parser.peek() == Some(b'[') { "array" } else { parser.value()?.value.kind() };
        return Err(parser.fault_at(at, What::Unfit(format!("this is no object but {found}; {name} is one object"))));
    }
    let document = read(parser)?;
    match parser.peek() {
        None => Ok(document),
        Some(_) => Err(parser.fault(What::Expected("the end of the file behind the object"))),
    }
}

/// A fault as it is told.
#[cold]
fn complaint(bytes: &[u8], fault: json::Fault) -> BadDocument {
    const WRITTEN_ANEW: &str = "it was cut or changed after it was written: take the original, or record again";
    let json::Fault { at, mut pointer, what } = fault;
    let (what, hint) = match what {
        What::End => ("unexpected end of file".to_owned(), Some(WRITTEN_ANEW)),
        What::Expected(expected) if is_trailing_comma(bytes, at) => (
            format!("trailing comma: expected {expected}"),
            Some("Chic's runtime writes this when its buffer is full: what is behind the comma is lost"),
        ),
        What::Expected(expected) => (format!("expected {expected}"), Some(WRITTEN_ANEW)),
        What::Deep => (format!("more than {} objects and arrays inside each other", json::DEEPEST), None),
        What::Twice(key) => {
            json::push_key(&mut pointer, &key);
            (format!("the key {} stands twice in its object", key.escape_debug()), None)
        }
        What::NotUtf8 => ("this byte is not UTF-8".to_owned(), Some(WRITTEN_ANEW)),
        What::Unfit(words) => (words, None),
    };
    BadDocument { spot: Some(Spot::of(bytes, at, pointer)), what, hint }
}

fn is_trailing_comma(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default().trim_ascii_end();
    matches!(bytes.get(at), Some(b']' | b'}')) && before.ends_with(b",")
}

fn document(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<Document> {
    let at = begins(parser);
    let (mut version, mut target, mut runs) = (None, None, None);
    let (mut summary, mut schema_version, mut producer) = (None, None, None);
    parser.object(|parser, key| {
        match &*key {
            "version" => version = Some(known_version(parser)?),
            "target" => target = Some(not_null(parser, fields::text)?),
            "runs" => runs = Some(not_null(parser, |parser| fields::array(parser, |parser| run(parser, notes)))?),
            "summary" => summary = fields::object(parser, summary::summary)?.map(Box::new),
            "schema_version" => schema_version = known_schema(parser)?,
            "producer" => producer = fields::object(parser, self::producer)?,
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    Ok(Document {
        version: need(parser, at, version, "version")?,
        target: need(parser, at, target, "target")?,
        runs: need(parser, at, runs, "runs")?,
        summary,
        schema_version,
        producer,
    })
}

fn known_version(parser: &mut Parser<'_>) -> Parsed<String> {
    let at = begins(parser);
    let version = not_null(parser, fields::text)?;
    let patch = version
        .strip_prefix("0.1.")
        .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()));
    if patch || version == "0.1" || version == "1" {
        return Ok(version);
    }
    Err(unfit(parser, at, &format!("\"{}\"", clipped(&version)), VERSIONS))
}

fn known_schema(parser: &mut Parser<'_>) -> Parsed<Option<String>> {
    let at = begins(parser);
    let Some(version) = fields::text(parser)? else { return Ok(None) };
    if version == SCHEMA_VERSION {
        return Ok(Some(version));
    }
    let needed = format!("{SCHEMA_VERSION} is read: a later version of chic-trace may read this");
    Err(unfit(parser, at, &format!("\"{}\"", clipped(&version)), &needed))
}

fn clipped(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

fn producer(parser: &mut Parser<'_>) -> Parsed<Producer> {
    let mut producer = Producer { name: String::new(), version: String::new() };
    let word = |parser: &mut Parser<'_>| not_null(parser, fields::text);
    fields::fields!(parser, producer, { name: word, version: word })?;
    Ok(producer)
}

fn run(parser: &mut Parser<'_>, notes: &mut Notes) -> Parsed<Run> {
    let at = begins(parser);
    let (mut profile, mut metrics, mut run_log, mut summary, mut meta) = (None, None, None, None, None);
    if parser.peek() != Some(b'{') {
        let found = parser.value()?.value.kind();
        return Err(unfit(parser, at, found, "an object is needed"));
    }
    parser.object(|parser, key| {
        match &*key {
            "profile" => profile = Some(not_null(parser, fields::text)?),
            "metrics" => metrics = Some(not_null(parser, |parser| metric::metrics(parser, notes))?),
            "run_log" => run_log = fields::object(parser, |parser| run_log::run_log(parser, notes))?,
            "summary" => summary = fields::object(parser, summary::summary)?.map(Box::new),
            "meta" => meta = fields::object(parser, summary::meta)?.map(Box::new),
            _ => parser.pass_over()?,
        }
        Ok(())
    })?;
    Ok(Run {
        profile: need(parser, at, profile, "profile")?,
        metrics: need(parser, at, metrics, "metrics")?,
        run_log,
        summary,
        meta,
    })
}
